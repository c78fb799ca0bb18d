//! Long runs without blanks: base64 in its alphabets, base32, hexadecimal, and gzip inside of them.

use std::ops::{ControlFlow, Range};

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use super::{Disguise, Views};
use crate::limits::{CANDIDATE_BYTES_MAX, CANDIDATES_MAX, INFLATED_BYTES_MAX};
use crate::runs::{QUADS_BEHIND_STRAY, STRAY_LETTERS_MAX, is_of, may_hold_text};

const BASE64: Disguise = Disguise::new("base64", 100);
const GZIP: Disguise = Disguise::new("gzip", 180);
const BASE32: Disguise = Disguise::new("base32", 180);
const HEX: Disguise = Disguise::new("hex", 120);

/// Shorter runs hold no sentence.
const RUN_MIN: usize = 24;

pub(super) fn find(text: &str, views: &mut Views) {
    let mut left = CANDIDATES_MAX;
    let mut at = 0;
    let bytes = text.as_bytes();
    let _ = crate::runs::runs::<true>(bytes, |piece| {
        // What belongs to a wrapped run was read with it.
        if piece.start < at || piece.len() < RUN_MIN {
            return ControlFlow::Continue(());
        }
        let (run, span) = unwrapped(bytes, piece.start);
        at = span.end;
        if run.len() > CANDIDATE_BYTES_MAX || !is_mixed(&run) {
            return ControlFlow::Continue(());
        }
        if left == 0 {
            views.full = true;
            return ControlFlow::Break(());
        }
        left -= 1;
        decode(&run, span, views);
        ControlFlow::Continue(())
    });
}

/// The run of encoding letters from `start` on; lines that break it at one width belong to it.
fn unwrapped(bytes: &[u8], start: usize) -> (Vec<u8>, Range<usize>) {
    let mut run = Vec::new();
    let mut end = start;
    loop {
        let rest = bytes.get(end..).unwrap_or_default().iter();
        let piece = rest.take(CANDIDATE_BYTES_MAX + 1).take_while(|byte| is_of::<true>(**byte)).count();
        run.extend_from_slice(bytes.get(end..end + piece).unwrap_or_default());
        end += piece;
        // A wrapped line is long, and so is what went before.
        let rest = bytes.get(end..).unwrap_or_default();
        let skip = match rest {
            [b'\\', b'n', b' ', ..] | [b'\r', b'\n', b' ', ..] => 3,
            [b'\\', b'n', ..] | [b'\r', b'\n', ..] | [b'\n', b' ', ..] => 2,
            [b'\n', ..] => 1,
            _ => 0,
        };
        let goes_on = rest.get(skip).is_some_and(|byte| is_of::<true>(*byte));
        if skip == 0 || piece < WRAPPED_MIN || !goes_on || run.len() > CANDIDATE_BYTES_MAX {
            return (run, start..end);
        }
        end += skip;
    }
}

/// Lines of fewer letters are words.
const WRAPPED_MIN: usize = 30;

/// Words, paths and dashes are not encodings: letters of both cases or digits among them, in no order of words.
fn is_mixed(run: &[u8]) -> bool {
    let count = |test: fn(&u8) -> bool| run.iter().filter(|byte| test(byte)).count();
    let (upper, lower, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    let signs = run.len() - upper - lower - digits;
    signs * 8 <= run.len() && ((upper > 2 && lower > 2) || digits * 12 >= run.len() || lower == 0)
}

fn decode(run: &[u8], span: Range<usize>, views: &mut Views) {
    let bare: Vec<u8> = run.iter().copied().filter(|byte| *byte != b'=').collect();
    if bare.len().is_multiple_of(2) && bare.iter().all(u8::is_ascii_hexdigit) {
        if let Ok(decoded) = HEXLOWER_PERMISSIVE.decode(&bare) {
            views.take_bytes(&decoded, span, HEX);
        }
        return;
    }
    if bare.iter().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(byte))
        && let Ok(decoded) = BASE32_NOPAD.decode(&bare)
    {
        views.take_bytes(&decoded, span, BASE32);
        return;
    }
    for stray in 0..=STRAY_LETTERS_MAX {
        let bare = bare.get(stray..).unwrap_or_default();
        if (stray == 0 || may_hold_text(bare, QUADS_BEHIND_STRAY)) && decode_base64(bare, &span, views) {
            return;
        }
    }
}

/// True if it was text, or packed.
fn decode_base64(bare: &[u8], span: &Range<usize>, views: &mut Views) -> bool {
    let url = bare.iter().any(|byte| matches!(byte, b'-' | b'_'));
    // What surrounds the run (`data-`, a path) may have stuck to it: a start that does not decode is tried without it.
    let bare = if bare.len() % 4 == 1 { bare.get(..bare.len() - 1).unwrap_or_default() } else { bare };
    let decoded = if url { BASE64URL_NOPAD.decode(bare) } else { BASE64_NOPAD.decode(bare) };
    let decoded = decoded.or_else(|error| {
        // The last letter may carry bits that no encoder leaves.
        let whole = bare.len() - bare.len() % 4;
        let bare = bare.get(..whole.min(error.position.max(whole))).unwrap_or_default();
        if url { BASE64URL_NOPAD.decode(bare) } else { BASE64_NOPAD.decode(bare) }
    });
    let Ok(decoded) = decoded else { return false };
    if let Some(inflated) = inflate(&decoded) {
        views.take_bytes(&inflated, span.clone(), GZIP);
        return true;
    }
    views.take_bytes(&decoded, span.clone(), BASE64);
    std::str::from_utf8(&decoded).is_ok()
}

/// What a gzip (RFC 1952) or zlib (RFC 1950) stream holds, up to a bound.
fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let body = match bytes {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => gzip_body(*flags, rest)?,
        [0x78, second, rest @ ..] if (0x7800 + u16::from(*second)).is_multiple_of(31) => rest,
        _ => return None,
    };
    miniz_oxide::inflate::decompress_to_vec_with_limit(body, INFLATED_BYTES_MAX).ok()
}

/// Behind the optional fields of the header.
fn gzip_body(flags: u8, mut rest: &[u8]) -> Option<&[u8]> {
    if flags & 4 != 0 {
        let [low, high, tail @ ..] = rest else { return None };
        rest = tail.get(usize::from(u16::from_le_bytes([*low, *high]))..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    rest.get(usize::from(flags & 2 != 0) * 2..)
}
