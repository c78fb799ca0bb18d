//! Finds the id of a message that is too long to keep: one pass, constant memory, no trust in what it finds.

use crate::json::Parser;
use crate::limits::Limits;
use crate::message::{Id, read_id};

/// Follows strings and nesting through a JSON object and keeps the value of `id` at its top level.
#[derive(Debug)]
pub(crate) struct IdScan {
    depth: u64,
    state: State,
    /// The text that is being collected: a key or the id's value at depth 1.
    text: Vec<u8>,
    id: Option<Vec<u8>>,
    text_bytes_max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between tokens; `value` says that a colon was just passed behind the key `id`.
    Outside { value: bool },
    /// In a string at depth 1 (collected) or deeper (not).
    Inside { escape: bool, value: bool },
    /// Behind a string that may turn out to be the key `id`.
    Key,
    /// In a number that is the id.
    Number,
}

impl IdScan {
    pub(crate) fn new(id_bytes_max: usize) -> IdScan {
        // An id may be written with every character as a \uXXXX escape.
        let text_bytes_max = id_bytes_max.saturating_mul(6).saturating_add(2);
        IdScan {
            depth: 0,
            state: State::Outside { value: false },
            text: Vec::new(),
            id: None,
            text_bytes_max,
        }
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// The id, if exactly one readable one was seen.
    pub(crate) fn id(&self) -> Option<Id<'static>> {
        let text = self.id.as_ref()?;
        let mut parser = Parser::default();
        let document = parser.parse(text, &Limits::DEFAULT).ok()?;
        read_id(document.root(), &Limits::DEFAULT).map(Id::into_owned)
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Inside { escape: true, value } => {
                self.collect(byte);
                self.state = State::Inside { escape: false, value };
            }
            State::Inside { escape: false, value } => {
                self.collect(byte);
                match byte {
                    b'\\' => self.state = State::Inside { escape: true, value },
                    b'"' if value => self.found(),
                    b'"' if self.depth == 1 => self.state = State::Key,
                    b'"' => self.state = State::Outside { value: false },
                    _ => {}
                }
            }
            State::Key => match byte {
                b' ' | b'\t' => {}
                b':' => self.state = State::Outside { value: self.text == b"\"id\"" },
                _ => self.outside(byte, false),
            },
            State::Number => match byte {
                b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' => self.collect(byte),
                _ => {
                    self.found();
                    self.outside(byte, false);
                }
            },
            State::Outside { value } => self.outside(byte, value),
        }
    }

    fn outside(&mut self, byte: u8, value: bool) {
        let mut next = State::Outside { value: false };
        match byte {
            b' ' | b'\t' => next = State::Outside { value },
            b'"' => {
                self.text.clear();
                self.collect(byte);
                next = State::Inside { escape: false, value };
            }
            b'-' | b'0'..=b'9' if value => {
                self.text.clear();
                self.collect(byte);
                next = State::Number;
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.state = next;
    }

    fn collect(&mut self, byte: u8) {
        if self.depth == 1 && self.text.len() <= self.text_bytes_max {
            self.text.push(byte);
        }
    }

    fn found(&mut self) {
        self.state = State::Outside { value: false };
        let text = std::mem::take(&mut self.text);
        // A second `id` makes both worthless.
        self.id = if self.id.is_none() { Some(text) } else { Some(Vec::new()) };
    }
}
