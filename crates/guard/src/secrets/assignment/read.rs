//! Reading names, links and values around a keyword, each in bounded time.

use std::ops::Range;

use crate::limits::SECRET_VALUE_BYTES_MAX;

/// What stands between a name and its value.
#[derive(Debug)]
pub(super) struct Link {
    /// Where the value starts, if the link is strict; else where the name ends.
    pub at: usize,
    pub strict: bool,
    /// No white space around the sign.
    pub tight: bool,
    pub equals: bool,
    /// The name stood in quotes, as in JSON.
    pub quoted_name: bool,
}

#[derive(Debug)]
pub(super) struct Value {
    pub span: Range<usize>,
    pub quoted: bool,
    /// An opening bracket follows: `get_token(`.
    pub called: bool,
}

const NAME_BYTES_MAX: usize = 64;
const SPACES_MAX: usize = 16;

/// The whole name around the keyword at `keyword`.
pub(super) fn name(text: &str, keyword: &Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let before = bytes.get(..keyword.start).unwrap_or_default();
    let after = bytes.get(keyword.end..).unwrap_or_default();
    let letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let dotted = |byte: &&u8| letter(byte) || **byte == b'.';
    let start = keyword.start - before.iter().rev().take(NAME_BYTES_MAX).take_while(dotted).count();
    start..keyword.end + after.iter().take(NAME_BYTES_MAX).take_while(letter).count()
}

pub(super) fn link(text: &str, name: &Range<usize>) -> Link {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut at =
        name.end + usize::from(byte(name.end) == b'\\' && matches!(byte(name.end + 1), b'"' | b'\''));
    let quoted_name = matches!(byte(at), b'"' | b'\'' | b'`');
    at += usize::from(quoted_name);
    at += usize::from(quoted_name && byte(at) == b']');
    let before = spaces(bytes, at);
    at += before;
    let sign = byte(at);
    let after_sign = at + 1 + usize::from(matches!((sign, byte(at + 1)), (b':', b'=') | (b'=', b'=' | b'>')));
    let after = spaces(bytes, after_sign);
    if matches!(sign, b':' | b'=') && byte(after_sign) != b':' {
        let tight = before == 0 && after == 0;
        return Link { at: after_sign + after, strict: true, tight, equals: sign == b'=', quoted_name };
    }
    let flag =
        text.get(name.clone()).is_some_and(|name| name.starts_with("--")) && before > 0 && !quoted_name;
    Link { at: if flag { at } else { name.end }, strict: flag, tight: flag, equals: flag, quoted_name }
}

/// The value behind a strict link: what is in quotes, or one word.
pub(super) fn value(text: &str, link: &Link, name: &Range<usize>) -> Option<Value> {
    if let Some((length, close)) = opening(text, link.at) {
        let start = link.at + length;
        let rest = text.get(start..text.floor_char_boundary(start + SECRET_VALUE_BYTES_MAX))?;
        let end = closing(rest, close).or_else(|| rest.find('\n')).unwrap_or(rest.len());
        return (end > 0).then_some(Value { span: start..start + end, quoted: true, called: false });
    }
    let rest = text.get(link.at..text.floor_char_boundary(link.at + SECRET_VALUE_BYTES_MAX))?;
    let spelled = text.get(name.clone())?;
    // In `KEY=value` of an environment file nothing but white space ends the value.
    let environment = link.tight && link.equals && spelled.bytes().all(|byte| !byte.is_ascii_lowercase());
    let ends =
        |c: char| c.is_whitespace() || "\"'`".contains(c) || (!environment && "<>()[]{},;|&\\".contains(c));
    let length = match rest.char_indices().find(|(at, c)| ends(*c) && !opens_placeholder(rest, *at)) {
        Some((end, _)) => end,
        None => rest.len(),
    };
    let called = rest.get(length..).is_some_and(|rest| rest.starts_with(['(', '[', '{']));
    let word = rest.get(..length)?.trim_end_matches(['.', ',', ';']);
    (!word.is_empty()).then_some(Value { span: link.at..link.at + word.len(), quoted: false, called })
}

/// The value that was judged by its start, to its end: nothing of a long secret stays behind.
pub(super) fn whole(text: &str, judged: Range<usize>) -> Range<usize> {
    if judged.len() + 8 < SECRET_VALUE_BYTES_MAX.min(LOOSE_BYTES_MAX) {
        return judged;
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let rest = text.get(judged.end..).unwrap_or_default();
    judged.start..judged.end + rest.find(ends).unwrap_or(rest.len())
}

/// The brackets of a placeholder belong to the value, so that redacting twice changes nothing.
fn opens_placeholder(rest: &str, at: usize) -> bool {
    let from = rest.get(..at).and_then(|head| head.rfind("[redacted:"));
    match from {
        Some(from) => {
            rest.get(from..=at).is_some_and(|part| part.ends_with(']') && super::super::is_redacted(part))
        }
        None => rest.get(at..).is_some_and(|part| part.starts_with("[redacted:")),
    }
}

/// A word behind `is`, in the next table cell, in the next member: at most three short words away.
pub(super) fn loose_value(text: &str, from: usize) -> Option<Value> {
    let rest = text.get(from..text.floor_char_boundary(from + LOOSE_BYTES_MAX))?;
    let mut at = 0;
    for _ in 0..3 {
        let filler = rest.get(at..)?.bytes().take_while(|byte| b" \t\"'`,|():>=[]".contains(byte)).count();
        at += filler;
        let word = rest.get(at..)?.bytes().take_while(|byte| is_loose(*byte)).count();
        let span = at..at + word;
        if filler == 0 || word == 0 {
            return None;
        }
        let linked = rest.get(span.clone())?.trim_end_matches(['=', ':']).to_ascii_lowercase();
        if !LINKS.contains(&linked.as_str()) {
            let word = rest.get(span.clone())?.trim_end_matches(['.', '!']).len();
            return Some(Value { span: from + at..from + at + word, quoted: false, called: false });
        }
        at = span.end;
    }
    None
}

const LOOSE_BYTES_MAX: usize = 256;
const LINKS: &[&str] = &["is", "was", "value", "to", "content"];

fn is_loose(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+/=.-~!@#%^*".contains(&byte)
}

/// Length of the opening quote at `at`, with a string prefix or a backslash, and how it closes.
pub(super) fn opening(text: &str, at: usize) -> Option<(usize, &'static str)> {
    let rest = text.as_bytes().get(at..)?;
    match rest {
        [b'\\', b'"', ..] => Some((2, "\\\"")),
        [b'"', ..] => Some((1, "\"")),
        [b'\'', ..] => Some((1, "'")),
        [b'`', ..] => Some((1, "`")),
        [b'b' | b'r' | b'u' | b'f' | b'@', b'"', ..] => Some((2, "\"")),
        [b'b' | b'r' | b'u' | b'f', b'\'', ..] => Some((2, "'")),
        _ => None,
    }
}

/// Offset of the closing quote; an escaped one does not close.
fn closing(rest: &str, close: &str) -> Option<usize> {
    if close.len() == 2 {
        return rest.find(close);
    }
    let mut escaped = false;
    rest.char_indices().find_map(|(at, c)| {
        let here = !escaped && close.contains(c);
        escaped = c == '\\' && !escaped;
        here.then_some(at)
    })
}

/// How long the run of characters is that credentials of a header are made of (RFC 9110, section 11.2: token68).
pub(super) fn credential_length(rest: &str) -> usize {
    let run =
        rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte)).count();
    rest.get(..run).map_or(0, |word| word.trim_end_matches('.').len())
}

fn spaces(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().take(SPACES_MAX).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}
