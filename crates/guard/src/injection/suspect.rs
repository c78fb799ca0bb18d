//! Could anything in this text be encoded or disguised? Asked of every text, so it has to be cheap: one walk that counts.

use super::views;

/// False only if nothing that [`super::views`] undoes is likely to be there; what it misses, the rules may still see.
pub(super) fn is_suspect(text: &str) -> bool {
    let bytes = text.as_bytes();
    has_marks(bytes) || views::is_moved(text)
}

/// Long runs, escapes, single letters, lists of numbers, markup inside of words, line ends inside of words.
fn has_marks(bytes: &[u8]) -> bool {
    let mut run = 0_u32;
    let mut escapes = 0_u32;
    let mut single = 0_u32;
    let mut cuts = 0_u32;
    let mut digits = 0_u32;
    let mut mixed = 0_u32;
    let mut breaks = 0_u32;
    let mut before = b' ';
    for (at, byte) in bytes.iter().copied().enumerate() {
        if byte.is_ascii_alphanumeric() {
            run += 1;
            if run == RUN {
                return true;
            }
            let next = bytes.get(at + 1).copied().unwrap_or(b' ');
            if !before.is_ascii_alphanumeric() && !next.is_ascii_alphanumeric() {
                single += 1;
                if single == SINGLES {
                    return true;
                }
            } else {
                single = 0;
            }
            digits = if byte.is_ascii_digit() { digits + 1 } else { digits.saturating_sub(2) };
            let turn = byte.is_ascii_digit() && before.is_ascii_alphabetic() && next.is_ascii_alphabetic();
            mixed += u32::from(turn);
        } else {
            if !matches!(byte, b'+' | b'/' | b'-' | b'_') {
                run = 0;
            }
            match byte {
                b'%' | b'\\' | b'&' => escapes += 1,
                b'*' | b'<' | b'`' | b'~' => cuts += u32::from(before.is_ascii_alphabetic()),
                b'.' if before == b'.' || before == b'-' || before == b' ' => escapes += 1,
                b'\n' => breaks += u32::from(before.is_ascii_alphanumeric()),
                _ => {}
            }
        }
        before = byte;
        if escapes >= ESCAPES || cuts >= CUTS || digits >= DIGITS || mixed >= MIXED {
            return true;
        }
    }
    (1..=BREAKS).contains(&breaks)
}

/// Shorter runs hold no sentence, fewer of the rest are punctuation.
const RUN: u32 = 24;
const SINGLES: u32 = 10;
const ESCAPES: u32 = 4;
const CUTS: u32 = 4;
const DIGITS: u32 = 24;
const MIXED: u32 = 3;
/// With more line ends inside of sentences a text is wrapped, not cut.
const BREAKS: u32 = 24;
