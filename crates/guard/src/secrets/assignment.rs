//! Secrets that only the name in front of them betrays: `password=…`, `"api_key": "…"`, `Authorization: Bearer …`.
//!
//! A strict link (`=`, `:`, a command line flag) makes a value of the right shape a secret. A loose one (a table cell, "is")
//! needs a value that looks random. Prose, types and calls that only mention a secret stay as they are.

mod keyword;
mod read;

use std::ops::Range;

use data_encoding::{BASE64, BASE64_NOPAD};

use self::keyword::Grade;
pub(super) use self::keyword::{KEYWORDS, Keyword, of_key, of_name};
pub(crate) use self::keyword::{is_asked_for, is_named_secret};
use self::read::{Link, Value};
use super::literal::Place;
use super::value::{distinct, is_name, is_placeholder, is_random, is_stand_in};
use super::{PLACEHOLDER_START, Secret, before};
use crate::guard::Level;
use crate::limits::SECRET_WORD_BYTES_MAX;

pub(super) fn check(text: &str, place: &Place, keyword: &Keyword) -> Option<Secret> {
    let name = read::name(text, &place.span);
    let spelled = text.get(name.clone())?;
    of_name(spelled, place.span.end - name.start, keyword)?;
    let link = read::link(text, &name);
    if keyword.grade == Grade::Authorization {
        return if link.strict { authorization(text, &link) } else { None };
    }
    let value =
        if link.strict { read::value(text, &link, &name)? } else { read::loose_value(text, link.at)? };
    let word = text.get(value.span.clone())?;
    // What holds or runs into a placeholder was judged before: redacting twice changes nothing.
    let redacted = || {
        (word.contains('[') && word.contains(PLACEHOLDER_START))
            || text.get(value.span.end..).is_some_and(|rest| rest.starts_with(PLACEHOLDER_START))
    };
    if is_stand_in(word) || is_placeholder(word) || redacted() {
        return None;
    }
    let secret = if link.strict {
        is_assigned(keyword.grade, word, &value, &link)
    } else {
        is_mentioned(keyword.grade, word)
    };
    let level = if keyword.grade == Grade::Password { chosen(word) } else { Level::Certain };
    secret.then(|| Secret { level, ..Secret::new(value.whole(text), keyword.code) })
}

/// How surely a password is one that opens something: drawn at random, thought of by a person, or what examples have.
fn chosen(word: &str) -> Level {
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if (plain && word.len() < CHOSEN_BYTES_MIN) || is_weak(word) {
        return Level::Possible;
    }
    // Of words and years there are few changes from letters to digits and signs.
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = word.as_bytes();
    let changes =
        bytes.windows(2).filter(|pair| matches!(pair, [one, other] if kind(*one) != kind(*other))).count();
    if changes * 5 >= bytes.len() * 2 && distinct(word) >= 8 { Level::Certain } else { Level::Likely }
}

/// Shorter ones of letters and digits alone are what forms are tried with.
const CHOSEN_BYTES_MIN: usize = 7;

/// True if it calls itself a password, in whatever letters, or counts.
fn is_weak(word: &str) -> bool {
    let letter = |byte: &u8| match byte.to_ascii_lowercase() {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        other => other,
    };
    let bytes = word.as_bytes().get(..word.len().min(WEAK_BYTES)).unwrap_or_default();
    let mut read = [0_u8; WEAK_BYTES];
    read.iter_mut().zip(bytes).for_each(|(place, byte)| *place = letter(byte));
    let counts = ["123456", "abc123", "qwerty"].iter().any(|row| holds(bytes, row));
    counts
        || ["password", "passwort", "passwd"]
            .iter()
            .any(|known| holds(read.get(..bytes.len()).unwrap_or_default(), known))
}

/// So much of a password is read for that, in bytes.
const WEAK_BYTES: usize = 64;

/// True if `part`, which is lower case, stands in `bytes` in whatever case. Both are short: a searcher costs more to make.
fn holds(bytes: &[u8], part: &str) -> bool {
    let first = part.as_bytes().first().map(u8::to_ascii_lowercase);
    bytes.windows(part.len()).any(|place| {
        place.first().map(u8::to_ascii_lowercase) == first && place.eq_ignore_ascii_case(part.as_bytes())
    })
}

/// True if there is a `://` in it.
fn is_address(word: &str) -> bool {
    word.split(':').skip(1).any(|rest| rest.starts_with("//"))
}

/// `Bearer` or `Basic` and what follows, with or without the header's name.
pub(super) fn scheme(text: &str, place: &Place) -> Option<Secret> {
    if before(text, place.span.start).is_ascii_alphanumeric() {
        return None;
    }
    Some(Secret::new(credentials(text, place)?, "authorization"))
}

/// The credentials behind the name of a scheme, whatever stands before that.
pub(super) fn credentials(text: &str, place: &Place) -> Option<Range<usize>> {
    let rest = text.get(place.span.end..)?;
    let spaces = rest.bytes().take(4).take_while(|byte| *byte == b' ').count();
    let basic = text.get(place.span.clone())?.eq_ignore_ascii_case("basic ");
    if spaces == 0 && !basic {
        return None;
    }
    let start = place.span.end + spaces;
    let end = start + read::credential_length(text.get(start..)?);
    let word = text.get(start..end)?;
    let secret = if basic { is_basic(word) } else { word.len() >= 16 && is_random(word) };
    (secret && !is_placeholder(word)).then_some(start..end)
}

/// User and password in base64 (RFC 7617, section 2).
fn is_basic(word: &str) -> bool {
    let bare = word.trim_end_matches('=');
    let decoded = BASE64.decode(word.as_bytes()).or_else(|_| BASE64_NOPAD.decode(bare.as_bytes()));
    word.len() >= 8
        && decoded.is_ok_and(|bytes| bytes.iter().skip(1).any(|byte| *byte == b':') && bytes.is_ascii())
}

/// The credentials behind the scheme, or all of the value where it is one word.
fn authorization(text: &str, link: &Link) -> Option<Secret> {
    let start = link.at + read::opening(text, link.at).map_or(0, |(length, _)| length);
    // Judged by its beginning: what is none would be read again for every name in it.
    let length = |at: usize| {
        let near = text.get(at..text.floor_char_boundary(at + SECRET_WORD_BYTES_MAX));
        near.map_or(0, read::credential_length)
    };
    let first = length(start);
    let spaces = text.get(start + first..)?.bytes().take(4).take_while(|byte| *byte == b' ').count();
    let second = start + first + spaces;
    let from = if spaces > 0 && length(second) > 0 { second } else { start };
    let word = text.get(from..from + length(from))?;
    let secret = word.len() >= 6 && !is_placeholder(word) && !is_stand_in(word) && !is_name(word);
    secret.then(|| {
        let whole = read::credential_length(text.get(from..).unwrap_or_default());
        Secret::new(from..from + whole, "authorization")
    })
}

fn is_assigned(grade: Grade, word: &str, value: &Value, link: &Link) -> bool {
    if value.called && !value.is_quoted() {
        return false;
    }
    match grade {
        Grade::Password => is_password(word, value, link),
        Grade::Secret => word.len() >= 8 && is_key_like(word),
        Grade::Weak => word.len() >= 16 && is_key_like(word) && !is_hash(word),
        Grade::Authorization | Grade::KeyOnly => false,
    }
}

fn is_mentioned(grade: Grade, word: &str) -> bool {
    let random = word.len() >= 12 && is_random(word) && distinct(word) >= 8 && !is_address(word);
    match grade {
        Grade::Password | Grade::Secret => random,
        Grade::Weak => random && word.len() >= 20 && !is_hash(word),
        Grade::Authorization | Grade::KeyOnly => false,
    }
}

fn is_password(word: &str, value: &Value, link: &Link) -> bool {
    let length = word.chars().count();
    if word.contains(char::is_whitespace) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == ' ';
        return link.quoted_name
            && word.chars().all(plain)
            && word.split(' ').count() >= 3
            && !names_secret(word);
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return length >= 4 && (link.tight || value.is_quoted());
    }
    if is_address(word) || (word.starts_with(['/', '~']) && !is_random(word)) {
        return false;
    }
    let dotted_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let written = word.chars().all(dotted_name);
    if word.bytes().any(|byte| byte.is_ascii_digit()) || !written {
        // `config.password2` and `user.pw_1` are code.
        return length >= 6
            && (value.is_quoted() || !(written && word.contains(['.', '_']) && !is_random(word)));
    }
    let letters = word.bytes().all(|byte| byte.is_ascii_alphabetic());
    length >= 6 && letters && !names_secret(word) && (value.is_quoted() || (link.tight && link.equals))
}

/// A key or token: random, or both cases without reading as a name.
fn is_key_like(word: &str) -> bool {
    let bytes = || word.bytes();
    let both_cases =
        bytes().any(|byte| byte.is_ascii_uppercase()) && bytes().any(|byte| byte.is_ascii_lowercase());
    let base64 =
        bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'));
    let unwritten =
        word.len() >= 24 && both_cases && base64 && distinct(word) >= 14 && !word.contains(['-', '_', '/']);
    !word.contains(char::is_whitespace) && !is_address(word) && (is_random(word) || unwritten)
}

/// Digests and UUIDs are not keys unless the name says so.
fn is_hash(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn names_secret(word: &str) -> bool {
    ["pass", "secret", "token", "key", "pwd", "credential"].iter().any(|part| holds(word.as_bytes(), part))
}
