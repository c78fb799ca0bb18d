//! Strings: their end, their escapes, and what must not stand in them bare.

use wide::u8x16;

use super::{Fault, ParseError};

/// The place of the first quote, backslash or control character at or behind `at`; the text's length if there is none.
#[inline(always)]
pub(super) fn plain_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<8>).map(plain_in_word) {
        Some(plain) if plain < 8 => at + plain,
        Some(_) => long_plain_end(bytes, at + 8),
        None => tail_end(bytes, at),
    }
}

/// How many bytes from the start of the word are plain: all eight at once.
#[inline(always)]
fn plain_in_word(word: &[u8; 8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(*word);
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zeroes = quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    // A borrow may mark a byte behind the first hit, never one before it: the lowest mark is always true.
    ((zeroes | control) & HIGHS).trailing_zeros() as usize / 8
}

fn long_plain_end(bytes: &[u8], mut at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    for part in rest.as_chunks::<16>().0.iter().take(PARTS_FIRST) {
        let stops = stops_in(part);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize;
        }
        at += part.len();
    }
    very_long_plain_end(bytes, at)
}

/// A bit for each byte that is not plain, the lowest for the first.
#[inline(always)]
fn stops_in(part: &[u8; 16]) -> u32 {
    let part = u8x16::new(*part);
    let control = part.min(u8x16::splat(0x1f)).simd_eq(part);
    (part.simd_eq(u8x16::splat(b'"')) | part.simd_eq(u8x16::splat(b'\\')) | control).to_bitmask()
}

/// Searching for two bytes and looking at the way for controls is two passes, each by vector instructions.
fn very_long_plain_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let found = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    let way = rest.get(..found).unwrap_or_default();
    if way.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
        return at + way.iter().take_while(|byte| **byte >= 0x20).count();
    }
    at + found
}

#[cold]
fn tail_end(bytes: &[u8], at: usize) -> usize {
    at + bytes.get(at..).unwrap_or_default().iter().take_while(|byte| is_plain(**byte)).count()
}

#[inline(always)]
fn is_plain(byte: u8) -> bool {
    (byte != b'"') & (byte != b'\\') & (byte >= 0x20)
}

/// The place of the closing quote of a string with escapes; `at` is where its first plain run ended.
///
/// # Errors
/// The fault and its place.
pub(super) fn end(bytes: &[u8], mut at: usize) -> Result<usize, ParseError> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at = behind_escape(bytes, at).map_err(|fault| ParseError { fault, offset: at })?,
            Some(_) => return Err(ParseError { fault: Fault::Control, offset: at }),
            None => return Err(ParseError { fault: Fault::Truncated, offset: at }),
        }
        at = plain_end(bytes, at);
    }
}

fn behind_escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match code_unit(bytes, at).ok_or(Fault::Escape)? {
            // A high surrogate wants a low one behind it; a low one alone is none.
            0xD800..0xDC00 if matches!(code_unit(bytes, at + 6), Some(0xDC00..0xE000)) => Ok(at + 12),
            0xD800..0xE000 => Err(Fault::Surrogate),
            _ => Ok(at + 6),
        },
        Some(_) => Err(Fault::Escape),
        None => Err(Fault::Truncated),
    }
}

/// The unit of `\uXXXX` at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + 6)? else { return None };
    let mut unit = 0;
    for digit in digits {
        unit = unit * 16 + char::from(*digit).to_digit(16)?;
    }
    Some(unit)
}

/// The rest of a string is looked at in longer pieces after this many parts; a line of text ends before.
const PARTS_FIRST: usize = 8;
