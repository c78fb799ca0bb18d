//! The strict parser. Whatever JSON parsers read differently (`docs/reference/wire.md`) is refused here, once, for all.

mod keys;
mod number;
mod string;

use std::mem;

use thiserror::Error;

use self::keys::Names;
use super::{Document, Kind, Node};
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
    /// All of it is initialised; how much of it a text used is known by its document alone.
    nodes: Vec<Node>,
    open: Vec<Container>,
}

impl Parser {
    /// Parses `bytes` as exactly one JSON text within `limits`.
    ///
    /// # Errors
    /// Anything that RFC 8259 forbids, and what it allows but parsers disagree on: duplicate keys at any depth, compared
    /// after unescaping; a byte order mark; lone surrogates; numbers whose double is infinite; depth, size and count
    /// above `limits`.
    pub fn parse<'a>(&'a mut self, bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, ParseError> {
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
        if self.nodes.len() > NODES_KEPT_MAX {
            self.nodes.truncate(NODES_KEPT_MAX);
            self.nodes.shrink_to_fit();
        }
        let depth = limits.depth_max.min(bytes.len());
        if self.open.len() < depth {
            self.open.resize(depth, Container::NONE);
        }
        let run = Run {
            bytes,
            at: 0,
            nodes: mem::take(&mut self.nodes),
            used: 0,
            open: self.open.get_mut(..depth).unwrap_or_default(),
            depth: 0,
            limits,
        };
        let (nodes, ended) = run.text();
        self.nodes = nodes;
        let used = ended?;
        Ok(Document { source, tape: self.nodes.get(..used).unwrap_or_default() })
    }
}

/// Working memory above this is given back after a large text (nodes; 16 bytes each).
const NODES_KEPT_MAX: usize = 16_384;

/// A container whose end was not seen yet.
#[derive(Debug, Clone, Copy)]
struct Container {
    /// Where its node lies on the tape.
    index: u32,
    kind: Kind,
    names: Names,
}

impl Container {
    /// What the outermost value stands in.
    const NONE: Container = Container { index: 0, kind: Kind::Null, names: Names::NONE };
}

/// One pass over one text.
///
/// It owns its parts and hands none of them out by reference, and its small steps are inlined, so that the compiler
/// keeps all of it in registers.
struct Run<'a, 'w> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    used: usize,
    /// The parents of the innermost container, which travels as a variable of its own.
    open: &'w mut [Container],
    depth: usize,
    limits: &'w Limits,
}

type Step<T = ()> = Result<T, ParseError>;

impl Run<'_, '_> {
    /// Gives the tape back, and how much of it is used.
    fn text(mut self) -> (Vec<Node>, Step<usize>) {
        let ended = self.values();
        (self.nodes, ended.map(|()| self.used))
    }

    /// Iterative, so that hostile nesting costs no stack.
    #[inline(always)]
    fn values(&mut self) -> Step {
        let mut inside = Container::NONE;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{') => {
                    self.enter(&mut inside, Kind::Object)?;
                    if !self.is_next(b'}') {
                        self.key(&mut inside)?;
                        continue;
                    }
                    self.leave(&mut inside)?;
                }
                Some(b'[') => {
                    self.enter(&mut inside, Kind::Array)?;
                    if !self.is_next(b']') {
                        continue;
                    }
                    self.leave(&mut inside)?;
                }
                Some(b't') => self.literal(b"true", Kind::True)?,
                Some(b'f') => self.literal(b"false", Kind::False)?,
                Some(b'n') => self.literal(b"null", Kind::Null)?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b' ' | b'\t' | b'\n' | b'\r') => {
                    self.at = behind_white_space(self.bytes, self.at);
                    continue;
                }
                other => return self.unexpected(other),
            }
            // Close as many containers as end here, until one of them wants another value.
            loop {
                match inside.kind {
                    Kind::Object if self.is_next(b',') => {
                        self.at += 1;
                        self.key(&mut inside)?;
                        break;
                    }
                    Kind::Array if self.is_next(b',') => {
                        self.at += 1;
                        break;
                    }
                    Kind::Object if self.peek() == Some(b'}') => self.leave(&mut inside)?,
                    Kind::Array if self.peek() == Some(b']') => self.leave(&mut inside)?,
                    Kind::Object | Kind::Array => return self.unexpected(self.peek()),
                    Kind::Null | Kind::False | Kind::True | Kind::Number | Kind::Text => return self.end(),
                }
            }
        }
    }

    /// After the outermost value.
    #[inline(always)]
    fn end(&mut self) -> Step {
        self.at = behind_white_space(self.bytes, self.at);
        if self.peek().is_none() { Ok(()) } else { self.fail(Fault::Trailing) }
    }

    #[inline(always)]
    fn enter(&mut self, inside: &mut Container, kind: Kind) -> Step {
        let Some(place) = self.open.get_mut(self.depth) else {
            return self.fail(Fault::TooDeep);
        };
        *place = *inside;
        self.depth += 1;
        *inside = Container { index: offset(self.used), kind, names: Names::NONE };
        self.push(self.at + 1, kind, false)
    }

    #[inline(always)]
    fn leave(&mut self, inside: &mut Container) -> Step {
        self.at += 1;
        if let Some(node) = self.nodes.get_mut(inside.index as usize) {
            node.end = offset(self.at);
            node.next = offset(self.used);
        }
        if inside.names.may_repeat() {
            let first = inside.index + 1;
            let members = self.nodes.get(first as usize..self.used).unwrap_or_default();
            if keys::repeat(self.bytes, members, first) {
                return self.fail(Fault::DuplicateKey);
            }
        }
        self.depth = self.depth.saturating_sub(1);
        *inside = self.open.get(self.depth).copied().unwrap_or(Container::NONE);
        Ok(())
    }

    #[inline(always)]
    fn key(&mut self, inside: &mut Container) -> Step {
        if !self.is_next(b'"') {
            return self.unexpected(self.peek());
        }
        let start = self.at + 1;
        let escaped = self.string()?;
        if escaped {
            inside.names.add_escaped();
        } else {
            inside.names.add(self.bytes, start, self.at - 1);
        }
        if !self.is_next(b':') {
            return self.unexpected(self.peek());
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn literal<const N: usize>(&mut self, word: &[u8; N], kind: Kind) -> Step {
        if self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<N>) != Some(word) {
            return self.fail(Fault::Unexpected);
        }
        self.push(self.at + N, kind, false)
    }

    #[inline(always)]
    fn number(&mut self) -> Step {
        let end = number::end(self.bytes, self.at, self.limits.number_bytes_max)?;
        self.push(end, Kind::Number, false)
    }

    /// Reads a string whose quote is at the current place; true if it holds an escape.
    #[inline(always)]
    fn string(&mut self) -> Step<bool> {
        let end = string::plain_end(self.bytes, self.at + 1);
        if self.bytes.get(end) == Some(&b'"') {
            self.push(end + 1, Kind::Text, false)?;
            return Ok(false);
        }
        let end = string::end(self.bytes, end)?;
        self.push(end + 1, Kind::Text, true)?;
        Ok(true)
    }

    /// Puts the value between the current place and `end` on the tape, and goes there.
    #[inline(always)]
    fn push(&mut self, end: usize, kind: Kind, escaped: bool) -> Step {
        let (start, next) = (offset(self.at), offset(self.used + 1));
        let node = Node { start, end: offset(end), next, kind, escaped };
        if self.used >= self.nodes.len() {
            if self.used >= self.limits.values_max {
                return self.fail(Fault::TooMany);
            }
            self.nodes = longer(mem::take(&mut self.nodes), self.limits.values_max);
        }
        if let Some(place) = self.nodes.get_mut(self.used) {
            *place = node;
        }
        self.used += 1;
        self.at = end;
        Ok(())
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// True if the next byte, white space aside, is `wanted`; the place is then there.
    #[inline(always)]
    fn is_next(&mut self, wanted: u8) -> bool {
        if self.peek() == Some(wanted) {
            return true;
        }
        if self.peek() > Some(b' ') {
            return false;
        }
        self.at = behind_white_space(self.bytes, self.at);
        self.peek() == Some(wanted)
    }

    #[inline(always)]
    fn unexpected<T>(&self, found: Option<u8>) -> Step<T> {
        self.fail(if found.is_some() { Fault::Unexpected } else { Fault::Truncated })
    }

    #[inline(always)]
    fn fail<T>(&self, fault: Fault) -> Step<T> {
        Err(ParseError { fault, offset: self.at })
    }
}

fn behind_white_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

#[cold]
fn longer(mut nodes: Vec<Node>, max: usize) -> Vec<Node> {
    let wanted = (nodes.len() * 2).max(NODES_FIRST).min(max);
    nodes.resize(wanted, Node::NONE);
    nodes
}

/// INVARIANT: the text is shorter than 4 GiB (checked at the start), and so is the tape.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "checked at the start of the text")]
fn offset(place: usize) -> u32 {
    place as u32
}

const NODES_FIRST: usize = 256;
