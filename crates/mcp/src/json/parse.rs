//! The strict parser. Whatever JSON parsers read differently (`docs/reference/wire.md`) is refused here, once, for all.

use std::borrow::Cow;

use thiserror::Error;

use super::{Document, Kind, Node, text};
use crate::limits::Limits;

/// Why a text was refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{fault} at byte {offset}")]
pub struct ParseError {
    pub fault: Fault,
    /// Offset of the offending byte in the text.
    pub offset: usize,
}

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("text is longer than the limit")]
    TooLong,
    #[error("invalid UTF-8")]
    Utf8,
    #[error("byte order mark")]
    ByteOrderMark,
    #[error("unexpected end of text")]
    Truncated,
    #[error("unexpected character")]
    Unexpected,
    #[error("data after the end of the message")]
    Trailing,
    #[error("control character in a string")]
    Control,
    #[error("invalid escape")]
    Escape,
    #[error("lone surrogate")]
    Surrogate,
    #[error("invalid number")]
    Number,
    #[error("number out of range")]
    NumberRange,
    #[error("duplicate key")]
    DuplicateKey,
    #[error("nested deeper than the limit")]
    TooDeep,
    #[error("more values than the limit")]
    TooMany,
}

/// Reusable working memory of the parser: a text parsed after another allocates nothing.
#[derive(Debug, Default)]
pub struct Parser {
    tape: Vec<Node>,
    open: Vec<u32>,
}

/// Working memory above this is given back after a large text (nodes; 16 bytes each).
const TAPE_KEPT_NODES_MAX: usize = 65_536;

impl Parser {
    /// Parses `bytes` as exactly one JSON text within `limits`.
    ///
    /// # Errors
    /// Anything that RFC 8259 forbids, and what it allows but parsers disagree on: duplicate keys at any depth, compared
    /// after unescaping; a byte order mark; lone surrogates; numbers whose double is infinite; depth, size and count
    /// above `limits`.
    pub fn parse<'a>(&'a mut self, bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, ParseError> {
        self.tape.clear();
        self.open.clear();
        if self.tape.capacity() > TAPE_KEPT_NODES_MAX {
            self.tape.shrink_to(TAPE_KEPT_NODES_MAX);
        }
        let fail = |fault, offset| Err(ParseError { fault, offset });
        if bytes.len() > limits.message_bytes_max || u32::try_from(bytes.len()).is_err() {
            return fail(Fault::TooLong, limits.message_bytes_max);
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return fail(Fault::ByteOrderMark, 0);
        }
        let source = match std::str::from_utf8(bytes) {
            Ok(source) => source,
            Err(error) => return fail(Fault::Utf8, error.valid_up_to()),
        };
        let mut run = Run { source, bytes, at: 0, limits, tape: &mut self.tape, open: &mut self.open };
        match run.text() {
            Ok(()) => Ok(Document { source, tape: &self.tape }),
            Err(fault) => fail(fault, run.at),
        }
    }
}

/// One pass over one text.
struct Run<'a, 'w> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    tape: &'w mut Vec<Node>,
    open: &'w mut Vec<u32>,
}

impl Run<'_, '_> {
    /// Iterative, so that hostile nesting costs no stack.
    fn text(&mut self) -> Result<(), Fault> {
        loop {
            self.value()?;
            // Close as many containers as end here, until one of them wants another value.
            loop {
                self.white_space();
                let Some(&container) = self.open.last() else {
                    return if self.at == self.bytes.len() { Ok(()) } else { Err(Fault::Trailing) };
                };
                let object = self.tape.get(container as usize).is_some_and(|node| node.kind == Kind::Object);
                match (self.peek(), object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.white_space();
                        self.key()?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => self.close(container)?,
                    (Some(_), _) => return Err(Fault::Unexpected),
                    (None, _) => return Err(Fault::Truncated),
                }
            }
        }
    }

    /// Reads one value; of a container that is not empty only the opening (and an object's first key), then again.
    fn value(&mut self) -> Result<(), Fault> {
        loop {
            self.white_space();
            match self.peek().ok_or(Fault::Truncated)? {
                b'"' => return self.string(),
                b'{' => {
                    let container = self.enter(Kind::Object)?;
                    self.white_space();
                    if self.peek() == Some(b'}') {
                        return self.close(container);
                    }
                    self.key()?;
                }
                b'[' => {
                    let container = self.enter(Kind::Array)?;
                    self.white_space();
                    if self.peek() == Some(b']') {
                        return self.close(container);
                    }
                }
                b't' => return self.literal("true", Kind::True),
                b'f' => return self.literal("false", Kind::False),
                b'n' => return self.literal("null", Kind::Null),
                b'-' | b'0'..=b'9' => return self.number(),
                _ => return Err(Fault::Unexpected),
            }
        }
    }

    fn enter(&mut self, kind: Kind) -> Result<u32, Fault> {
        if self.open.len() >= self.limits.depth_max {
            return Err(Fault::TooDeep);
        }
        let index = self.push(self.at, self.at, kind, false)?;
        self.open.push(index);
        self.at += 1;
        Ok(index)
    }

    fn close(&mut self, container: u32) -> Result<(), Fault> {
        self.at += 1;
        self.open.pop();
        let end = offset(self.at);
        let next = offset(self.tape.len());
        let Some(node) = self.tape.get_mut(container as usize) else { return Err(Fault::Unexpected) };
        node.end = end;
        node.next = next;
        if node.kind == Kind::Object { self.unique_keys(container, next) } else { Ok(()) }
    }

    fn key(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(_) => return Err(Fault::Unexpected),
            None => return Err(Fault::Truncated),
        }
        self.white_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(Fault::Unexpected),
            None => return Err(Fault::Truncated),
        }
        Ok(())
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Fault::Unexpected);
        }
        self.push(self.at, self.at + word.len(), kind, false)?;
        self.at += word.len();
        Ok(())
    }

    /// RFC 8259 section 6, and finite as a double: `1e400` is infinity to some peers and an error to others.
    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Fault::Number),
        }
        let integer_end = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.at - start > self.limits.number_bytes_max {
            return Err(Fault::NumberRange);
        }
        // An integer of at most 300 digits is finite without looking; the rest is asked of the standard library.
        if self.at != integer_end || self.at - start > 300 {
            let lexeme = self.source.get(start..self.at).unwrap_or_default();
            if !lexeme.parse::<f64>().is_ok_and(f64::is_finite) {
                return Err(Fault::NumberRange);
            }
        }
        self.push(start, self.at, Kind::Number, false)?;
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Fault::Number) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(Fault::Control),
                None => return Err(Fault::Truncated),
            }
        }
        self.at += 1;
        self.push(start, self.at, Kind::Text, escaped)?;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let unit = self.code_unit()?;
                match unit {
                    0xD800..0xDC00 if self.bytes.get(self.at) == Some(&b'\\') => match self.code_unit() {
                        Ok(0xDC00..0xE000) => Ok(()),
                        Ok(_) | Err(_) => Err(Fault::Surrogate),
                    },
                    0xD800..0xE000 => Err(Fault::Surrogate),
                    _ => Ok(()),
                }
            }
            Some(_) => Err(Fault::Escape),
            None => Err(Fault::Truncated),
        }
    }

    /// Reads `\uXXXX` at the current place.
    fn code_unit(&mut self) -> Result<u32, Fault> {
        let escape = self.bytes.get(self.at..self.at + 6).ok_or(Fault::Escape)?;
        let [b'\\', b'u', digits @ ..] = escape else { return Err(Fault::Escape) };
        let mut unit = 0;
        for digit in digits {
            unit = unit * 16 + char::from(*digit).to_digit(16).ok_or(Fault::Escape)?;
        }
        self.at += 6;
        Ok(unit)
    }

    fn unique_keys(&self, container: u32, end: u32) -> Result<(), Fault> {
        let tape: &[Node] = self.tape;
        let keys = || Keys { tape, next: container + 1, end };
        let count = keys().take(KEYS_PAIRWISE_MAX + 1).count();
        if count < 2 {
            return Ok(());
        }
        if count <= KEYS_PAIRWISE_MAX && keys().all(|key| !key.escaped) {
            let mut seen: [&str; KEYS_PAIRWISE_MAX] = [""; KEYS_PAIRWISE_MAX];
            for (index, key) in keys().enumerate() {
                let key = self.key_raw(key);
                let earlier = seen.get(..index).unwrap_or_default();
                if earlier.contains(&key) {
                    return Err(Fault::DuplicateKey);
                }
                if let Some(place) = seen.get_mut(index) {
                    *place = key;
                }
            }
            return Ok(());
        }
        // Sorting, not hashing: no input makes it slower than n log n.
        let mut names: Vec<Cow<'_, str>> = keys().map(|key| self.key_text(key)).collect();
        names.sort_unstable();
        if names.iter().zip(names.iter().skip(1)).any(|(left, right)| left == right) {
            return Err(Fault::DuplicateKey);
        }
        Ok(())
    }

    fn key_raw(&self, key: Node) -> &str {
        self.source.get(key.start as usize + 1..(key.end as usize).saturating_sub(1)).unwrap_or_default()
    }

    fn key_text(&self, key: Node) -> Cow<'_, str> {
        let inner = self.key_raw(key);
        if key.escaped { Cow::Owned(text::unescape(inner)) } else { Cow::Borrowed(inner) }
    }

    fn push(&mut self, start: usize, end: usize, kind: Kind, escaped: bool) -> Result<u32, Fault> {
        let index = self.tape.len();
        if index >= self.limits.values_max {
            return Err(Fault::TooMany);
        }
        self.tape.push(Node {
            start: offset(start),
            end: offset(end),
            next: offset(index + 1),
            kind,
            escaped,
        });
        Ok(offset(index))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// Objects with more keys than this are checked by sorting.
const KEYS_PAIRWISE_MAX: usize = 24;

struct Keys<'a> {
    tape: &'a [Node],
    next: u32,
    end: u32,
}

impl Iterator for Keys<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        if self.next >= self.end {
            return None;
        }
        let key = *self.tape.get(self.next as usize)?;
        self.next = self.tape.get(self.next as usize + 1)?.next;
        Some(key)
    }
}

/// INVARIANT: the text is shorter than 4 GiB (checked at the start), and so is the tape.
fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// How many bytes from the start are neither a quote, a backslash nor a control character; eight at a time.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (chunks, _) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero_byte(word ^ (ONES * b'"' as u64));
        let backslash = zero_byte(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // A borrow may mark a byte behind the first hit, never one before it: the lowest mark is always true.
        let hits = quote | backslash | control;
        if hits != 0 {
            return index * 8 + (hits.trailing_zeros() / 8) as usize;
        }
    }
    let start = chunks.len() * 8;
    let tail = bytes.get(start..).unwrap_or_default();
    let plain = |byte: &u8| *byte != b'"' && *byte != b'\\' && *byte >= 0x20;
    start + tail.iter().take_while(|byte| plain(byte)).count()
}
