//! Finds the id of a text that cannot be parsed or kept: one pass, constant memory.
//!
//! What it finds only addresses our own error answer; nothing is decided by it.

use crate::json::{Kind, Parser};
use crate::limits::Limits;
use crate::message::{Id, read_id};

/// Follows strings and nesting through one JSON object and keeps the value of `id` at its top level.
#[derive(Debug)]
pub(crate) struct IdScan {
    depth: u64,
    state: State,
    /// Which member of the outermost object the scan stands in.
    member: Member,
    /// The key or id that is being collected.
    text: Vec<u8>,
    text_bytes_max: usize,
    id: Option<Vec<u8>>,
    request: bool,
    /// What was seen is not one object with at most one id.
    spoiled: bool,
    limits: Limits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    /// In a string of which nothing is wanted.
    Passing,
    /// In a string that is kept: a key of the outermost object or its id.
    Keeping,
    /// Behind a backslash in a string.
    Escape {
        keep: bool,
    },
    /// In a number that is the id.
    Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    /// Where a key may stand.
    Key,
    /// Behind the key `id`, before its value.
    Id,
    /// Behind any other key, or behind the id.
    Other,
}

impl IdScan {
    pub(crate) fn new(id_bytes_max: usize) -> IdScan {
        IdScan {
            depth: 0,
            state: State::Outside,
            member: Member::Other,
            text: Vec::new(),
            // An id may be written with every character as a \uXXXX escape.
            text_bytes_max: id_bytes_max.saturating_mul(6).saturating_add(2),
            id: None,
            request: false,
            spoiled: false,
            limits: Limits { id_bytes_max, ..Limits::DEFAULT },
        }
    }

    /// Scans one text at once.
    pub(crate) fn of(bytes: &[u8], limits: &Limits) -> IdScan {
        let mut scan = IdScan::new(limits.id_bytes_max);
        scan.extend(bytes);
        scan
    }

    pub(crate) fn extend(&mut self, mut bytes: &[u8]) {
        while !self.spoiled {
            if self.state == State::Passing {
                let found = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
                bytes = bytes.get(found..).unwrap_or_default();
            }
            let Some((byte, rest)) = bytes.split_first() else { return };
            self.step(*byte);
            bytes = rest;
        }
    }

    /// The id, if exactly one readable one was seen.
    pub(crate) fn id(&self) -> Option<Id<'static>> {
        if self.spoiled {
            return None;
        }
        let mut parser = Parser::default();
        let document = parser.parse(self.id.as_ref()?, &self.limits).ok()?;
        read_id(document.root(), &self.limits).map(Id::into_owned)
    }

    /// True if a `method` was seen, so that whoever sent the id waits for an answer to it.
    pub(crate) fn is_request(&self) -> bool {
        self.request && !self.spoiled
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Outside => self.outside(byte),
            State::Passing => match byte {
                b'"' => self.state = State::Outside,
                b'\\' => self.state = State::Escape { keep: false },
                _ => {}
            },
            State::Keeping => {
                self.keep(byte);
                match byte {
                    b'"' => self.kept(),
                    b'\\' => self.state = State::Escape { keep: true },
                    _ => {}
                }
            }
            State::Escape { keep } => {
                if keep {
                    self.keep(byte);
                }
                self.state = if keep { State::Keeping } else { State::Passing };
            }
            State::Number => match byte {
                b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' => self.keep(byte),
                _ => {
                    self.kept();
                    self.outside(byte);
                }
            },
        }
    }

    fn outside(&mut self, byte: u8) {
        let outermost = self.depth == 1;
        match (byte, self.member) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            // Before the object and behind it, only its brace may stand.
            _ if self.depth == 0 => {
                self.spoiled = byte != b'{' || self.member == Member::Key;
                self.depth = 1;
                self.member = Member::Key;
            }
            (b'"', Member::Key | Member::Id) if outermost => self.start(State::Keeping, byte),
            (b'"', _) => self.state = State::Passing,
            (b',', _) if outermost => self.member = Member::Key,
            (b':', _) => {}
            (b'-' | b'0'..=b'9', Member::Id) if outermost => self.start(State::Number, byte),
            (b'}' | b']', _) => {
                self.depth -= 1;
                // At depth 0 this says that the object was seen.
                self.member = if self.depth == 0 { Member::Key } else { self.member };
            }
            (_, Member::Id) if outermost => self.spoiled = true,
            (b'{' | b'[', _) => self.depth += 1,
            _ => {}
        }
    }

    fn start(&mut self, state: State, byte: u8) {
        self.state = state;
        self.text.clear();
        self.keep(byte);
    }

    /// One byte above the limit is kept too: what is cut there does not parse.
    fn keep(&mut self, byte: u8) {
        if self.text.len() <= self.text_bytes_max {
            self.text.push(byte);
        }
    }

    fn kept(&mut self) {
        self.state = State::Outside;
        if self.member == Member::Id {
            // A second `id` makes both worthless.
            self.spoiled = self.id.is_some();
            self.id = Some(std::mem::take(&mut self.text));
            self.member = Member::Other;
            return;
        }
        let mut parser = Parser::default();
        let key = parser.parse(&self.text, &self.limits).ok().map(|key| key.root());
        let is = |name| key.is_some_and(|key| key.kind() == Kind::Text && key.is_text(name));
        self.request |= is("method");
        self.member = if is("id") { Member::Id } else { Member::Other };
    }
}

#[cfg(test)]
mod tests {
    use super::IdScan;
    use crate::limits::Limits;

    #[test]
    fn the_id_is_found_or_nothing_is() {
        for (text, id, request) in [
            (r#"{"id":7,"method":"m""#, Some("7"), true),
            (r#"{"method":"m","x":{"id":1},"id":"a\"b","y":[{"id":2}]"#, Some(r#""a\"b""#), true),
            (r#"{"\u0069d" : -7 , "m\u0065thod":1}"#, Some("-7"), true),
            (r#"{"result":{},"id":7}"#, Some("7"), false),
            (r#"{"id":7,"id":7,"method":"m"}"#, None, false),
            (r#"{"id":7,"id":null,"method":"m"}"#, None, false),
            (r#"{"id":null,"method":"m"}"#, None, false),
            (r#"{"id":{"id":7},"method":"m"}"#, None, false),
            (r#"{"id":7.0,"method":"m"}"#, None, true),
            (r#"{"id":7,"method":"m"}{"#, None, false),
            (r#"[{"id":7,"method":"m"}]"#, None, false),
            (r#"{"x":"id","method":"y:","id":7"#, None, true),
            (r#"{"x":"\"id\":8","id":7,"#, Some("7"), false),
            (r#"{"method":"m","id":"never ends"#, None, true),
            ("", None, false),
            ("}}}]]]{", None, false),
        ] {
            let scan = IdScan::of(text.as_bytes(), &Limits::DEFAULT);
            assert_eq!(scan.id().map(|id| id.to_string()).as_deref(), id, "{text}");
            assert_eq!(scan.is_request(), request, "{text}");
        }
    }

    #[test]
    fn its_memory_does_not_grow_with_the_text() {
        let mut scan = IdScan::new(256);
        let piece = vec![b'k'; 1 << 20];
        for start in [b"{\"".as_slice(), b"\":\"", b"\",\"id\":\"", b"\",\"id\":1"] {
            scan.extend(start);
            scan.extend(&piece);
            assert!(scan.text.capacity() <= 4 << 10, "{} bytes", scan.text.capacity());
        }
        assert_eq!(scan.id(), None);
    }
}
