//! Numbers: the grammar of RFC 8259 section 6, and finite as a double, because `1e400` is infinity to some peers and an
//! error to others.

use super::{Fault, ParseError};

/// Where the number that starts at `start` ends.
///
/// # Errors
/// The fault and its place.
#[inline(always)]
pub(super) fn end(bytes: &[u8], start: usize, bytes_max: usize) -> Result<usize, ParseError> {
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    let first = at;
    at = behind_digits(bytes, at);
    if at == first || (at > first + 1 && bytes.get(first) == Some(&b'0')) {
        return Err(ParseError { fault: Fault::Number, offset: first });
    }
    if matches!(bytes.get(at), Some(b'.' | b'e' | b'E')) {
        return behind_fraction(bytes, start, at, bytes_max);
    }
    // A double has less than 310 digits before its point.
    if at - start > DIGITS_FINITE {
        checked(bytes, start, at, bytes_max)
    } else {
        within(start, at, bytes_max)
    }
}

/// Reads what may follow the integer part.
fn behind_fraction(bytes: &[u8], start: usize, integer_end: usize, max: usize) -> Result<usize, ParseError> {
    let mut at = integer_end;
    if bytes.get(at) == Some(&b'.') {
        let digits = at + 1;
        at = behind_digits(bytes, digits);
        if at == digits {
            return Err(ParseError { fault: Fault::Number, offset: at });
        }
    }
    let mut exponent_digits = 0;
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        let digits = at;
        at = behind_digits(bytes, digits);
        if at == digits {
            return Err(ParseError { fault: Fault::Number, offset: at });
        }
        exponent_digits = at - digits;
    }
    // At most 200 digits times ten to the 99 is finite without looking.
    let small = exponent_digits <= 2 && integer_end - start <= DIGITS_FINITE;
    if small { within(start, at, max) } else { checked(bytes, start, at, max) }
}

/// Asks the standard library whether the number is finite.
fn checked(bytes: &[u8], start: usize, end: usize, bytes_max: usize) -> Result<usize, ParseError> {
    within(start, end, bytes_max)?;
    let lexeme = bytes.get(start..end).and_then(|lexeme| std::str::from_utf8(lexeme).ok());
    let value: Option<f64> = lexeme.and_then(|lexeme| lexeme.parse().ok());
    if value.is_some_and(f64::is_finite) {
        Ok(end)
    } else {
        Err(ParseError { fault: Fault::NumberRange, offset: start })
    }
}

#[inline(always)]
fn within(start: usize, end: usize, bytes_max: usize) -> Result<usize, ParseError> {
    if end - start > bytes_max {
        Err(ParseError { fault: Fault::NumberRange, offset: start })
    } else {
        Ok(end)
    }
}

#[inline(always)]
fn behind_digits(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b'0'..=b'9')) {
        at += 1;
    }
    at
}

const DIGITS_FINITE: usize = 200;
