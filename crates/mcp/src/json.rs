//! A parsed JSON text: the original bytes and a flat tape of nodes over them, so that nothing is copied or re-printed.

mod parse;
mod text;

use std::borrow::Cow;

pub use parse::{Fault, ParseError, Parser};
pub use text::{escape_into, fold_key, same_key_folded, unescape};

/// The six kinds of JSON value (RFC 8259, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    False,
    True,
    Number,
    Text,
    Array,
    Object,
}

/// One value (or key) of the text. `next` is the index one past its subtree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    start: u32,
    end: u32,
    next: u32,
    kind: Kind,
    escaped: bool,
}

impl Node {
    const NONE: Node = Node { start: 0, end: 0, next: 0, kind: Kind::Null, escaped: false };
}

/// A JSON text that passed every check of [`Parser::parse`].
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    source: &'a str,
    tape: &'a [Node],
}

impl<'a> Document<'a> {
    /// The outermost value.
    #[must_use]
    pub fn root(self) -> Value<'a> {
        Value { document: self, index: 0 }
    }

    /// The original text, byte for byte.
    #[must_use]
    pub fn source(self) -> &'a str {
        self.source
    }

    fn node(self, index: u32) -> Node {
        // INVARIANT: indices come from the parser that wrote the tape; a null is what an impossible index reads as.
        let end = u32::try_from(self.tape.len()).unwrap_or(u32::MAX);
        self.tape.get(index as usize).copied().unwrap_or(Node { next: end, ..Node::NONE })
    }

    /// What stands between the quotes of a string.
    fn inner(self, node: Node) -> &'a str {
        self.source.get(node.start as usize + 1..(node.end as usize).saturating_sub(1)).unwrap_or_default()
    }
}

/// A value inside a [`Document`]; copying it copies no bytes.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    document: Document<'a>,
    index: u32,
}

impl<'a> Value<'a> {
    #[must_use]
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// The original text of this value, quotes and inner white space included.
    #[must_use]
    pub fn raw(self) -> &'a str {
        let (start, end) = self.span();
        self.document.source.get(start..end).unwrap_or_default()
    }

    /// Byte offsets of [`Value::raw`] in the document: start and one past the end.
    #[must_use]
    pub fn span(self) -> (usize, usize) {
        let node = self.node();
        (node.start as usize, node.end as usize)
    }

    /// The unescaped text, when this is a string.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        let node = self.node();
        if node.kind != Kind::Text {
            return None;
        }
        let inner = self.document.inner(node);
        Some(if node.escaped { Cow::Owned(text::unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// The same without memory of its own: what has escapes is unescaped in `room`.
    #[must_use]
    pub fn text_in<'r>(self, room: &'r mut String) -> Option<&'r str>
    where
        'a: 'r,
    {
        let node = self.node();
        if node.kind != Kind::Text {
            return None;
        }
        let inner = self.document.inner(node);
        if !node.escaped {
            return Some(inner);
        }
        room.clear();
        text::unescape_into(inner, room);
        Some(room)
    }

    /// True if this is a string equal to `expected` after unescaping.
    #[inline]
    #[must_use]
    pub fn is_text(self, expected: &str) -> bool {
        let node = self.node();
        if node.escaped {
            return self.reads_as(expected);
        }
        // Most are of another length.
        let bytes = node.end.saturating_sub(node.start) as usize;
        bytes == expected.len().saturating_add(2)
            && node.kind == Kind::Text
            && self.document.inner(node) == expected
    }

    /// The same of a string with escapes, which no key of the protocol has.
    #[cold]
    fn reads_as(self, expected: &str) -> bool {
        self.text().is_some_and(|text| text == expected)
    }

    /// The member `key` of an object, compared after unescaping, exactly.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.members().find(|(name, _)| name.is_text(key)).map(|(_, value)| value)
    }

    /// The members of an object in their order: (key, value). Nothing for other kinds.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        Members { children: self.children(Kind::Object) }
    }

    /// The elements of an array in their order. Nothing for other kinds.
    #[must_use]
    pub fn elements(self) -> Children<'a> {
        self.children(Kind::Array)
    }

    /// The nearest double, when this is a number.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    /// The exact integer, when this is a number written without fraction and exponent that fits.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Null | Kind::Number | Kind::Text | Kind::Array | Kind::Object => None,
        }
    }

    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    #[must_use]
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    #[must_use]
    pub fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// This value and everything below it, in text order; keys are included as strings.
    #[must_use]
    pub fn descendants(self) -> Descendants<'a> {
        Descendants { document: self.document, next: self.index, end: self.node().next }
    }

    fn node(self) -> Node {
        self.document.node(self.index)
    }

    fn children(self, kind: Kind) -> Children<'a> {
        let node = self.node();
        let end = if node.kind == kind { node.next } else { 0 };
        Children { document: self.document, next: self.index.saturating_add(1), end }
    }
}

/// Iterator of [`Value::elements`].
#[derive(Debug, Clone)]
pub struct Children<'a> {
    document: Document<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if self.next >= self.end {
            return None;
        }
        let value = Value { document: self.document, index: self.next };
        self.next = value.node().next;
        Some(value)
    }
}

/// Iterator of [`Value::members`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    children: Children<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        Some((self.children.next()?, self.children.next()?))
    }
}

/// Iterator of [`Value::descendants`].
#[derive(Debug, Clone)]
pub struct Descendants<'a> {
    document: Document<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Descendants<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if self.next >= self.end {
            return None;
        }
        let value = Value { document: self.document, index: self.next };
        self.next = self.next.saturating_add(1);
        Some(value)
    }
}
