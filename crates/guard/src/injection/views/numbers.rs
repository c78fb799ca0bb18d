//! Sentences as lists of numbers and signs: binary, decimal, hexadecimal with blanks, Morse.

use super::{Disguise, Views};
use crate::limits::CANDIDATE_BYTES_MAX;

const BINARY: Disguise = Disguise::new("binary", 180);
const DECIMAL: Disguise = Disguise::new("decimal", 180);
const HEX: Disguise = Disguise::new("spaced-hex", 160);
const MORSE: Disguise = Disguise::new("morse", 180);

/// The longest number with what may stick to it, in bytes.
const LONGEST: usize = 48;
/// Fewer numbers are no sentence.
const TOKENS_MIN: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Binary,
    Decimal,
    Hex,
    Morse,
}

pub(super) fn find(text: &str, views: &mut Views) {
    let mut open: Option<(Kind, usize, usize, Vec<u8>, usize)> = None;
    for (start, token) in tokens(text) {
        // Nearly all tokens are words or longer than a number; they end a list and begin none.
        if open.is_none() && token.len() > LONGEST {
            continue;
        }
        let bare = token.trim_matches(|c: char| matches!(c, '[' | ']' | '"' | '\'' | ',' | ';'));
        let bare = bare.strip_prefix("0x").unwrap_or(bare);
        // Nearly all tokens are words; they end a list and begin none.
        if open.is_none() && bare.len() > 2 && bare.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            continue;
        }
        let end = start + token.len();
        if let Some((kind, _, last, decoded, count)) = &mut open {
            let goes_on = decoded.len() < CANDIDATE_BYTES_MAX;
            if let Some(byte) = read(bare, *kind).filter(|_| goes_on) {
                decoded.push(byte);
                *last = end;
                *count += 1;
                continue;
            }
        }
        give(open.take(), views);
        // `payload=73 103 …`: what sticks to the first number is cut off.
        let first = bare.rsplit(['=', ':', '"', '>', '(']).next().unwrap_or(bare);
        open = kind_of(first).and_then(|kind| Some((kind, start, end, vec![read(first, kind)?], 1)));
    }
    give(open, views);
}

fn give(open: Option<(Kind, usize, usize, Vec<u8>, usize)>, views: &mut Views) {
    let Some((kind, start, end, decoded, count)) = open else { return };
    if count < TOKENS_MIN {
        return;
    }
    let disguise = match kind {
        Kind::Binary => BINARY,
        Kind::Decimal => DECIMAL,
        Kind::Hex => HEX,
        Kind::Morse => MORSE,
    };
    views.take_bytes(&decoded, start..end, disguise);
}

fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let ends = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\t' | b',' | b'\r');
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).unwrap_or_default();
        let start = at + rest.iter().take_while(ends).count();
        let token = bytes.get(start..).unwrap_or_default().iter().take_while(|byte| !ends(byte)).count();
        at = start + token;
        if token == 0 { None } else { Some((start, text.get(start..at).unwrap_or_default())) }
    })
}

fn kind_of(token: &str) -> Option<Kind> {
    [Kind::Binary, Kind::Decimal, Kind::Hex, Kind::Morse]
        .into_iter()
        .find(|kind| read(token, *kind).is_some())
}

/// What one token stands for.
fn read(token: &str, kind: Kind) -> Option<u8> {
    if token.is_empty() || token.len() > 8 {
        return None;
    }
    let graphic = |code: u32| {
        u8::try_from(code).ok().filter(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n'))
    };
    match kind {
        Kind::Binary => {
            let bits = matches!(token.len(), 7 | 8) && token.bytes().all(|byte| matches!(byte, b'0' | b'1'));
            bits.then(|| u32::from_str_radix(token, 2).ok()).flatten().and_then(graphic)
        }
        Kind::Decimal => {
            let digits = matches!(token.len(), 2 | 3) && token.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| token.parse().ok()).flatten().and_then(graphic)
        }
        Kind::Hex => {
            let digits = token.len() == 2 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
            digits.then(|| u32::from_str_radix(token, 16).ok()).flatten().and_then(graphic)
        }
        Kind::Morse => {
            if token == "/" || token == "|" {
                return Some(b' ');
            }
            let signs = token.bytes().all(|byte| matches!(byte, b'.' | b'-'));
            let at = MORSE_CODES.iter().position(|code| *code == token).filter(|_| signs)?;
            MORSE_LETTERS.as_bytes().get(at).copied()
        }
    }
}

const MORSE_LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789.,?:/-'@=\"";
const MORSE_CODES: [&str; 46] = [
    ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--", "-.", "---",
    ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..", "-----", ".----",
    "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----.", ".-.-.-", "--..--", "..--..",
    "---...", "-..-.", "-....-", ".----.", ".--.-.", "-...-", ".-..-.",
];
