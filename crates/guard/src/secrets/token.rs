//! Secrets that tell what they are: prefix, alphabet, length, and a checksum where one is documented.

mod checksum;
mod rules;

use std::ops::Range;

use data_encoding::BASE64URL_NOPAD;

use super::literal::Place;
use super::value::{distinct, is_placeholder, is_random};
use super::{Secret, before};
use crate::limits::{SECRET_JUDGED_BYTES, SECRET_PEM_BYTES_MAX};
pub(super) use rules::RULES;

/// A service's tokens.
#[derive(Debug)]
pub(super) struct TokenRule {
    pub code: &'static str,
    /// What a token starts with, in its own case.
    pub prefixes: &'static [&'static str],
    pub body: Body,
    /// Shortest body, in bytes.
    pub body_min: usize,
    pub length: Length,
    pub shape: Shape,
}

/// The alphabet of a body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    Url,
    /// As `Url`, with dots inside.
    Dotted,
    /// As `Dotted`, with slashes and percent signs.
    Path,
    LowerHex,
    Upper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    AtLeast,
    /// A longer body is another thing.
    Exactly,
}

/// What else a body has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Varied,
    /// Digits and both cases: the prefix alone says little.
    Random,
    /// The last six characters are the CRC-32 of those before, in base 62.
    Checksum,
    /// Three base64url parts, the first of them a JSON object.
    Jwt,
}

impl Body {
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Body::Alphanumeric => byte.is_ascii_alphanumeric(),
            Body::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Body::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Body::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'%'),
            Body::LowerHex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Body::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

pub(super) fn check(text: &str, place: &Place, rule: &TokenRule) -> Option<Secret> {
    let before = before(text, place.span.start);
    // A JWT may be long: only the start of a part is looked at, or a row of `eyJ-` would be read again and again.
    if before.is_ascii_alphanumeric() || (rule.shape == Shape::Jwt && Body::Url.has(before)) {
        return None;
    }
    let length = token_length(text.get(place.span.start..)?, rule)?;
    Some(Secret::new(place.span.start..place.span.start + length, rule.code))
}

/// The code of the rule that `value` as a whole fits.
pub(super) fn code_of(value: &str) -> Option<&'static str> {
    let fits = |rule: &&TokenRule| token_length(value, rule) == Some(value.len());
    RULES.iter().find(fits).map(|rule| rule.code)
}

/// How long the token at the start of `rest` is. Reads no further than needed to refuse.
fn token_length(rest: &str, rule: &TokenRule) -> Option<usize> {
    let prefix =
        rule.prefixes.iter().filter(|prefix| rest.starts_with(**prefix)).map(|prefix| prefix.len()).max()?;
    let body = rest.as_bytes().get(prefix..)?;
    let judged = body
        .iter()
        .take(rule.body_min.max(SECRET_JUDGED_BYTES))
        .take_while(|byte| rule.body.has(**byte))
        .count();
    if judged < rule.body_min {
        return None;
    }
    let first = rest.get(prefix..prefix + judged)?;
    let whole = || judged + body.iter().skip(judged).take_while(|byte| rule.body.has(**byte)).count();
    let length = match rule.shape {
        Shape::Jwt => jwt_length(rest, prefix + judged)?.checked_sub(prefix)?,
        Shape::Checksum if checksum::holds(first) => judged,
        Shape::Checksum | Shape::Varied if is_placeholder(first) || distinct(first) < 6 => return None,
        Shape::Random if is_placeholder(first) || !has_both_cases(first) || !is_random(first) => return None,
        Shape::Checksum | Shape::Varied | Shape::Random => whole(),
    };
    if rule.length == Length::Exactly && length != rule.body_min {
        return None;
    }
    let token = rest.get(..prefix + length)?;
    Some(token.trim_end_matches(['.', '/', '%']).len())
}

fn has_both_cases(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A JWT is dotted, its header decodes to a JSON object, and neither part is trivial (RFC 7515, section 3.1).
fn jwt_length(rest: &str, judged: usize) -> Option<usize> {
    let header = rest.get(..judged)?.split('.').next()?;
    // Any prefix of whole base64 quanta decodes; an attacker's broken header is none.
    let quanta = header.get(..header.len() / 4 * 4)?;
    let decoded = BASE64URL_NOPAD.decode(quanta.as_bytes()).ok()?;
    if header.len() < 12 || !decoded.starts_with(b"{\"") {
        return None;
    }
    // Not beyond the third part, so that a long row of them costs no more than its length.
    let mut dots = 0;
    let run = rest.bytes().take_while(|byte| {
        dots += usize::from(*byte == b'.');
        Body::Dotted.has(*byte) && dots < 3
    });
    let token = rest.get(..run.count())?;
    let mut parts = token.splitn(4, '.');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if second.len() < 8 || is_placeholder(third) && !third.is_empty() {
        return None;
    }
    Some(first.len() + second.len() + third.len() + 2)
}

/// `-----BEGIN … PRIVATE KEY-----` to its end, with real or escaped line breaks; a cut key as far as its base64 goes.
pub(super) fn private_key(text: &str, place: &Place) -> Option<Secret> {
    let start = place.span.start;
    let rest = text.get(start..text.floor_char_boundary(start + SECRET_PEM_BYTES_MAX))?;
    let label = rest.get(..rest.floor_char_boundary(64))?.split("-----").nth(1)?;
    if !label.starts_with("BEGIN ") || !(label.contains("PRIVATE KEY")) {
        return None;
    }
    let body_at = label.len() + 10;
    let body = rest.get(body_at..)?;
    let letters = body.bytes().take(256).take_while(u8::is_ascii).filter(u8::is_ascii_alphanumeric).count();
    if letters < 40 || distinct(body) < 12 {
        return None;
    }
    let belongs =
        |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "+/=\\,:-\"'#>|".contains(c);
    let run = body.find(|c| !belongs(c)).unwrap_or(body.len());
    let end = body.get(..run)?.find("-----END").map(|at| {
        let tail = body.get(at + 8..).unwrap_or_default();
        let close = tail.get(..tail.floor_char_boundary(64)).and_then(|tail| tail.find("-----"));
        at + 8 + close.map_or(0, |close| close + 5)
    });
    let key = body.get(..end.unwrap_or(run))?;
    let end = body_at + end.unwrap_or_else(|| key.trim_end().len());
    Some(Secret::new(start..start + end, "private-key"))
}

/// `<bot id>:AA…`: eight to ten digits, a colon, 35 characters.
pub(super) fn telegram(text: &str, place: &Place) -> Option<Secret> {
    let bytes = text.as_bytes();
    let colon = place.span.start;
    let digits = bytes.get(..colon)?.iter().rev().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    let body = bytes.get(colon + 1..)?;
    let length = body.iter().take(40).take_while(|byte| Body::Url.has(**byte)).count();
    let secret = text.get(colon + 1..colon + 1 + length)?;
    let fits = (8..=10).contains(&digits) && length == 35 && secret.starts_with("AA") && is_random(secret);
    fits.then_some(Secret::new(colon - digits..colon + 36, "telegram-token"))
}

/// The secret half beside an AWS access key id: forty characters of base64, within a few lines.
pub(super) fn aws_neighbour(text: &str, id: &Range<usize>) -> Vec<Secret> {
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    let from = text.floor_char_boundary(id.start.saturating_sub(AWS_NEIGHBOUR_BYTES));
    let to = text.floor_char_boundary(id.end + AWS_NEIGHBOUR_BYTES);
    let bytes = text.as_bytes().get(from..to).unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes.iter().skip(at).take_while(|byte| base64(byte)).count();
        let span = from + at..from + at + run;
        let value = text.get(span.clone()).unwrap_or_default();
        if run == 40 && has_both_cases(value) && is_random(value) && !is_placeholder(value) {
            found.push(Secret::new(span, "aws-secret-key"));
        }
        at += run + 1;
    }
    found
}

const AWS_NEIGHBOUR_BYTES: usize = 256;
