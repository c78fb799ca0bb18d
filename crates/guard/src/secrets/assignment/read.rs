//! Reading names, links and values around a keyword, each in bounded time.

use std::ops::Range;

use crate::limits::{SECRET_VALUE_BYTES_MAX, SECRET_WORD_BYTES_MAX};

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
    end: End,
    /// The value goes on behind the span.
    cut: bool,
    /// An opening bracket follows: `get_token(`.
    pub called: bool,
}

/// What ends a value.
#[derive(Debug, Clone, Copy)]
enum End {
    /// This quote, or the end of its line.
    Quote(&'static str),
    /// White space, quotes, brackets and separators.
    Word,
    /// White space and quotes.
    Space,
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

/// The value behind a strict link: what is in quotes, or one word. Of a long one only the start, to be judged.
pub(super) fn value(text: &str, link: &Link, name: &Range<usize>) -> Option<Value> {
    if let Some((length, close)) = opening(text, link.at) {
        let start = link.at + length;
        let rest = text.get(start..text.floor_char_boundary(start + SECRET_VALUE_BYTES_MAX))?;
        let closed = closing(rest, close).or_else(|| rest.find('\n'));
        let end = start + closed.unwrap_or(rest.len());
        let value = Value { span: start..end, end: End::Quote(close), cut: closed.is_none(), called: false };
        return (end > start).then_some(value);
    }
    let rest = text.get(link.at..text.floor_char_boundary(link.at + SECRET_WORD_BYTES_MAX))?;
    // In `KEY=value` of an environment file nothing but white space ends the value.
    let capitals = text.get(name.clone())?.bytes().all(|byte| !byte.is_ascii_lowercase());
    let end = if link.tight && link.equals && capitals { End::Space } else { End::Word };
    let found = rest.find(|c| end.is_at(c));
    let length = found.unwrap_or(rest.len());
    let called = rest.get(length..).is_some_and(|rest| rest.starts_with(['(', '[', '{']));
    let word = rest.get(..length)?.trim_end_matches(['.', ',', ';']);
    let span = link.at..link.at + word.len();
    (!word.is_empty()).then_some(Value { span, end, cut: found.is_none(), called })
}

impl Value {
    pub(super) fn is_quoted(&self) -> bool {
        matches!(self.end, End::Quote(_))
    }

    /// The value to its end: nothing of a long secret stays behind.
    pub(super) fn whole(self, text: &str) -> Range<usize> {
        if !self.cut {
            return self.span;
        }
        let rest = text.get(self.span.end..).unwrap_or_default();
        let more = match self.end {
            End::Quote(close) => closing(rest, close).or_else(|| rest.find('\n')),
            End::Word | End::Space => rest.find(|c| self.end.is_at(c)),
        };
        self.span.start..self.span.end + more.unwrap_or(rest.len())
    }
}

impl End {
    fn is_at(self, c: char) -> bool {
        match c {
            '"' | '\'' | '`' => true,
            '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '|' | '&' | '\\' => {
                matches!(self, End::Word)
            }
            _ => c.is_whitespace(),
        }
    }
}

/// A word behind `is`, in the next table cell, in the next member: at most three short words away.
pub(super) fn loose_value(text: &str, from: usize) -> Option<Value> {
    let rest = text.get(from..text.floor_char_boundary(from + SECRET_WORD_BYTES_MAX))?;
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
            let cut = span.end == rest.len();
            return Some(Value { span: from + at..from + at + word, end: End::Word, cut, called: false });
        }
        at = span.end;
    }
    None
}

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
