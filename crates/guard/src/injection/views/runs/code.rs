//! Letters that stand for bits: base64 in both alphabets, base32, hexadecimal. A text in them is read wherever it begins.

use std::ops::Range;
use std::sync::OnceLock;

use super::super::{ODD_SHARE, is_odd};
use crate::runs::STRAY_LETTERS_MAX;

/// How letters stand for bytes: `BITS` each, `GROUP` of them whole bytes.
#[derive(Debug)]
pub(super) struct Code<const BITS: usize, const GROUP: usize> {
    values: [u8; 256],
    /// The bytes of such ASCII as people write.
    texts: [bool; 256],
}

/// The codes, tables and all.
#[derive(Debug)]
pub(super) struct Codes {
    pub base64: Code<6, 4>,
    pub base32: Code<5, 8>,
    pub hex: Code<4, 2>,
}

impl Codes {
    pub(super) fn table() -> &'static Codes {
        static TABLE: OnceLock<Codes> = OnceLock::new();
        TABLE.get_or_init(|| Codes {
            base64: Code::new(base64),
            base32: Code::new(base32),
            hex: Code::new(hex),
        })
    }
}

/// No letter of the code.
const NONE: u8 = u8::MAX;

/// What letters stand for.
#[derive(Debug)]
pub(super) struct Found {
    pub text: Vec<u8>,
    /// Where the letters stand.
    pub letters: Range<usize>,
    /// Nothing but a few stray letters stands before it in its line.
    pub leads: bool,
    /// It was a packed stream.
    pub packed: bool,
}

/// Fewer bytes of text in a row are chance.
const BYTES_MIN: usize = 12;
/// Letters that are read at once: whole groups of every code.
const CHUNK: usize = 48;
/// So many letters tell whether a line begins with a text at all.
const HEAD: usize = 8;

impl<const BITS: usize, const GROUP: usize> Code<BITS, GROUP> {
    const GROUP_BYTES: usize = BITS * GROUP / 8;
    const GROUPS_MIN: usize = BYTES_MIN.div_ceil(Self::GROUP_BYTES);
    const GROUP_MASK: u64 = (1 << (BITS * GROUP)) - 1;
    const LETTER_MASK: u8 = (1 << BITS) - 1;

    fn new(value: fn(u8) -> Option<u8>) -> Self {
        let of = |letter: usize| u8::try_from(letter).ok().and_then(value).unwrap_or(NONE);
        let is_text = |byte: usize| matches!(byte, 0x20..=0x7e | 0x0a | 0x0d | 0x09);
        Code { values: std::array::from_fn(of), texts: std::array::from_fn(is_text) }
    }

    /// What the letter stands for, or [`NONE`].
    #[inline]
    fn value(&self, letter: u8) -> u8 {
        self.values.get(usize::from(letter)).copied().unwrap_or(NONE)
    }

    /// Calls `found` with every text in `run`, whatever stands before or behind it; `starts` are where its lines begin. What
    /// begins in the middle must begin with letters of ASCII. Linear: a letter is read once for each place in a group.
    pub(super) fn each(
        &self,
        run: &[u8],
        starts: &[usize],
        unpack: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
        found: &mut dyn FnMut(Found),
    ) {
        // By the place in a group: groups of text so far, and where the last text ended.
        let (mut texts, mut done) = ([0_usize; GROUP], [0_usize; GROUP]);
        let ends = starts.iter().skip(1).copied().chain([run.len()]);
        for (start, end) in starts.iter().copied().zip(ends) {
            self.start(run, start, &mut done, unpack, found);
            // What a line begins with may have begun above it.
            let (mut value, mut known) = self.above(run, start);
            // Without branches: of noise none could be foretold.
            for (at, letter) in run.iter().enumerate().take(end).skip(start) {
                let bits = self.value(*letter);
                value = value << BITS | u64::from(bits & Self::LETTER_MASK);
                known = (known + 1) * usize::from(bits != NONE);
                let end = at + 1;
                let Some(texts) = texts.get_mut(end % GROUP) else { continue };
                *texts = (*texts + 1) * usize::from((known >= GROUP) & self.is_text(value));
                if *texts < Self::GROUPS_MIN {
                    continue;
                }
                let begin = end - *texts * GROUP;
                *texts = 0;
                let Some(done) = done.get_mut(end % GROUP).filter(|done| **done <= begin) else { continue };
                let (text, letters) = self.text(run.get(begin..).unwrap_or_default());
                let letters = begin..begin + letters;
                *done = letters.end;
                let line = start.max(end - known);
                let leads = begin.saturating_sub(line) <= STRAY_LETTERS_MAX;
                found(Found { text, letters, leads, packed: false });
            }
        }
    }

    /// The bits of the letters before `at`, and how many letters of one group there are.
    fn above(&self, run: &[u8], at: usize) -> (u64, usize) {
        let before = run.get(at.saturating_sub(GROUP)..at).unwrap_or_default();
        before.iter().fold((0, 0), |(value, known), letter| match self.value(*letter) {
            NONE => (0, 0),
            bits => (value << BITS | u64::from(bits), known + 1),
        })
    }

    /// What begins with the line at `at`: a text of any script, or one that is packed, which stray letters may stand before.
    fn start(
        &self,
        run: &[u8],
        at: usize,
        done: &mut [usize; GROUP],
        unpack: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
        found: &mut dyn FnMut(Found),
    ) {
        let Some(done) = done.get_mut(at % GROUP).filter(|done| **done <= at) else { return };
        for at in at..=at + STRAY_LETTERS_MAX {
            let rest = run.get(at..).unwrap_or_default();
            if matches!(self.first(rest), 0x1f | 0x78) && is_packed(self.head(rest)) {
                let mut bytes = Vec::new();
                let letters = self.decode(rest, &mut bytes);
                if let Some(text) = unpack(&bytes) {
                    // It is not `done`: three letters make the head of a stream, and hide nothing that stands behind them.
                    found(Found { text, letters: at..at + letters, leads: true, packed: true });
                    break;
                }
            }
        }
        let rest = run.get(at..).unwrap_or_default();
        if matches!(self.first(rest), 0x7f..0xc2) {
            return;
        }
        let [_, _, _, head @ ..] = self.head(rest).to_be_bytes();
        let head = head.get(..(HEAD * BITS).min(HEAD_BITS) / 8).unwrap_or_default();
        let is_text = std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
        if !is_text {
            return;
        }
        let (text, letters) = self.text(rest);
        if text.len() >= BYTES_MIN {
            *done = at + letters;
            found(Found { text, letters: at..at + letters, leads: true, packed: false });
        }
    }

    /// The byte of the first two letters.
    fn first(&self, run: &[u8]) -> u8 {
        let [one, two, ..] = run else { return 0 };
        let bits = |letter: &u8| u32::from(self.value(*letter) & Self::LETTER_MASK);
        u8::try_from((bits(one) << BITS | bits(two)) >> (2 * BITS - 8) & 0xff).unwrap_or(0)
    }

    /// The bytes of the first letters, from the upper end of forty bits on.
    fn head(&self, run: &[u8]) -> u64 {
        let bits = |letter: &u8| u64::from(self.value(*letter) & Self::LETTER_MASK);
        let letters = run.iter().take(HEAD).chain(std::iter::repeat(&b'0')).take(HEAD);
        let value = letters.fold(0, |value, letter| value << BITS | bits(letter));
        // Eight letters of six bits are one byte more than is looked at.
        if BITS * HEAD > HEAD_BITS {
            value >> (BITS * HEAD - HEAD_BITS)
        } else {
            value << (HEAD_BITS - BITS * HEAD)
        }
    }

    /// True if the last group in `value` is such ASCII as people write.
    #[inline]
    fn is_text(&self, value: u64) -> bool {
        let group = value & Self::GROUP_MASK;
        if Self::GROUP_BYTES > 1 && group & 0x80_8080_8080 != 0 {
            return false;
        }
        let bytes = group.to_be_bytes();
        let bytes = bytes.get(bytes.len() - Self::GROUP_BYTES..).unwrap_or_default();
        bytes
            .iter()
            .fold(true, |all, byte| all & self.texts.get(usize::from(*byte)).copied().unwrap_or(false))
    }

    /// The text that the letters begin with, and how many of them it takes; one chunk more is read at most. What is no text
    /// behind it takes nothing away from it.
    fn text(&self, run: &[u8]) -> (Vec<u8>, usize) {
        let (mut bytes, mut valid) = (Vec::new(), 0);
        // As far as it is such as people write.
        let (mut good, mut characters, mut odd) = (0, 0, 0);
        for chunk in run.chunks(CHUNK) {
            let read = self.decode(chunk, &mut bytes);
            let new = bytes.get(valid..).unwrap_or_default();
            let (text, cut) = match std::str::from_utf8(new) {
                Ok(text) => (text, false),
                Err(error) => {
                    let text = new.get(..error.valid_up_to()).map(std::str::from_utf8);
                    (text.and_then(Result::ok).unwrap_or_default(), error.error_len().is_some())
                }
            };
            let (all, strange) = (text.chars().count(), text.chars().filter(|one| is_odd(*one)).count());
            let dense = strange * DENSE > all;
            valid += text.len();
            characters += all;
            odd += strange;
            if odd * ODD_SHARE <= characters {
                good = valid;
            }
            if cut || dense || read < chunk.len() {
                break;
            }
        }
        let rest = bytes.get(good..valid).map(std::str::from_utf8).and_then(Result::ok).unwrap_or_default();
        valid = good + rest.find(is_odd).unwrap_or(rest.len());
        bytes.truncate(valid);
        (bytes, (valid * 8).div_ceil(BITS))
    }

    /// Appends the bytes of the letters up to the first that is none; returns how many letters there were. The last ones may
    /// carry bits that no encoder leaves.
    fn decode(&self, letters: &[u8], bytes: &mut Vec<u8>) -> usize {
        let (mut value, mut have, mut count) = (0_u64, 0, 0);
        for bits in letters.iter().map(|letter| self.value(*letter)).take_while(|bits| *bits != NONE) {
            value = value << BITS | u64::from(bits);
            have += BITS;
            count += 1;
            if have >= 8 {
                have -= 8;
                bytes.push(u8::try_from(value >> have & 0xff).unwrap_or(0));
            }
        }
        count
    }
}

/// Behind a chunk with more odd characters than one in so many there is no text.
const DENSE: usize = 4;

/// What is looked at of the first letters.
const HEAD_BITS: usize = 40;

/// The head of a gzip (RFC 1952) or zlib (RFC 1950) stream.
fn is_packed(head: u64) -> bool {
    let [_, _, _, first, second, third, ..] = head.to_be_bytes();
    match first {
        0x1f => second == 0x8b && third == 8,
        0x78 => (0x7800 + u16::from(second)).is_multiple_of(31),
        _ => false,
    }
}

fn base64(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn base32(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a'),
        b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    }
}

fn hex(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
