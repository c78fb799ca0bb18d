//! Letters written as numbers between signs: `%41`, `&#65;`, `\x41`, `\u0041`.

use std::ops::Range;

use super::{Disguise, Views};
use crate::limits::CANDIDATE_BYTES_MAX;

const PERCENT: Disguise = Disguise::new("percent", 120);
const SPACES: Disguise = Disguise::new("percent-spaces", 40);
const ENTITY: Disguise = Disguise::new("html-entities", 140);
const ESCAPE: Disguise = Disguise::new("character-escapes", 140);

/// Fewer escapes are punctuation.
const ESCAPES_MIN: usize = 4;

pub(super) fn find(text: &str, views: &mut Views) {
    let mut stretch: Option<Stretch> = None;
    let mut at = 0;
    loop {
        if stretch.is_none() {
            // What stands before the next sign is nothing to look at.
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            let Some(sign) = memchr::memchr3(b'%', b'&', b'\\', rest) else { return };
            at += sign;
        }
        let rest = text.get(at..).unwrap_or_default();
        let Some(character) = rest.chars().next() else { break };
        if let Some((byte, length)) = escape(rest) {
            let stretch = stretch.get_or_insert_with(|| Stretch::new(at));
            stretch.escape(byte, at + length, rest.starts_with("%20"));
            at += length;
            continue;
        }
        let ends = match &stretch {
            // A few plain letters may stand between; blanks end what has no blanks.
            Some(open) => {
                open.since >= PLAIN_MAX || open.decoded.len() > CANDIDATE_BYTES_MAX || character == '\n'
            }
            None => false,
        };
        if ends {
            stretch.take().into_iter().for_each(|done| done.give(text, views));
        } else if let Some(open) = &mut stretch {
            open.plain(character);
        }
        at += character.len_utf8();
    }
    stretch.into_iter().for_each(|done| done.give(text, views));
}

/// A word's worth of letters between two escapes.
const PLAIN_MAX: usize = 16;

struct Stretch {
    start: usize,
    end: usize,
    decoded: Vec<u8>,
    /// Bytes of `decoded` up to the last escape.
    length: usize,
    escapes: usize,
    spaces: usize,
    since: usize,
}

impl Stretch {
    fn new(start: usize) -> Stretch {
        Stretch { start, end: start, decoded: Vec::new(), length: 0, escapes: 0, spaces: 0, since: 0 }
    }

    fn escape(&mut self, code: u32, end: usize, space: bool) {
        match u8::try_from(code) {
            Ok(byte) => self.decoded.push(byte),
            Err(_) => self.decoded.extend(char::from_u32(code).unwrap_or('?').to_string().bytes()),
        }
        self.length = self.decoded.len();
        self.end = end;
        self.escapes += 1;
        self.spaces += usize::from(space);
        self.since = 0;
    }

    fn plain(&mut self, character: char) {
        self.decoded.extend(character.to_string().bytes());
        self.since += 1;
    }

    fn give(self, text: &str, views: &mut Views) {
        if self.escapes < ESCAPES_MIN {
            return;
        }
        let kind = match text.get(self.start..).unwrap_or_default().as_bytes() {
            [b'%', ..] if self.spaces * 10 >= self.escapes * 7 => SPACES,
            [b'%' | b'=', ..] => PERCENT,
            [b'&', ..] => ENTITY,
            _ => ESCAPE,
        };
        // The words around a stretch of `%20` belong to it.
        let (start, end) = around(text, self.start..self.end, kind.points == SPACES.points);
        let mut decoded = text.get(start..self.start).unwrap_or_default().as_bytes().to_vec();
        decoded.extend_from_slice(self.decoded.get(..self.length).unwrap_or_default());
        decoded.extend_from_slice(text.get(self.end..end).unwrap_or_default().as_bytes());
        views.take_bytes(&decoded, start..end, kind);
    }
}

fn around(text: &str, span: Range<usize>, wide: bool) -> (usize, usize) {
    if !wide {
        return (span.start, span.end);
    }
    let plain =
        |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | '-' | '\'' | '_' | '~' | '/' | ':');
    let before = text.get(..span.start).unwrap_or_default().chars().rev().take(24).take_while(plain).count();
    let after = text.get(span.end..).unwrap_or_default().chars().take(64).take_while(plain).count();
    (span.start - before, span.end + after)
}

/// The character that an escape at the start of `rest` stands for, and its length.
fn escape(rest: &str) -> Option<(u32, usize)> {
    let bytes = rest.as_bytes();
    let hex = |from: usize, digits: usize| {
        let text = rest.get(from..from + digits)?;
        text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok())?
    };
    match bytes {
        [b'%', ..] => Some((hex(1, 2)?, 3)),
        [b'\\', b'x', ..] => Some((hex(2, 2)?, 4)),
        [b'\\', b'u', b'{', ..] => {
            let end = rest.find('}').filter(|end| (4..=9).contains(end))?;
            Some((hex(3, end - 3)?, end + 1))
        }
        [b'\\', b'u', ..] => Some((hex(2, 4)?, 6)),
        [b'\\', b'0'..=b'7', b'0'..=b'7', b'0'..=b'7', ..] => {
            Some((u32::from_str_radix(rest.get(1..4)?, 8).ok().filter(|code| *code < 256)?, 4))
        }
        [b'&', b'#', ..] => {
            let end = rest.get(..12.min(rest.len()))?.find(';')?;
            let number = rest.get(2..end)?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((code, end + 1))
        }
        _ => None,
    }
}
