//! Server-sent events, as Streamable HTTP and HTTP+SSE carry them (WHATWG HTML, section 9.2.6).
//!
//! A line ends at CR, LF or both together, wherever the bytes were split; a mark of the byte order at the very start is
//! taken off. An event ends at a blank line; what stands behind the last one is dropped with the stream, as every client
//! does. An event above the limit is discarded up to its end while the scanner keeps the JSON-RPC id of its data, so that
//! whoever waits for it gets an answer.

use std::ops::Range;

use crate::limits::Limits;
use crate::message::Id;
use crate::message::id_scan::IdScan;

/// What the decoder found.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A comment line, without its colon; servers send them to keep a connection alive.
    Comment(&'a [u8]),
    Event(Event),
    /// An event longer than the limit, gone; the id of the message in it where one stood at the top level, and whether a
    /// method stood there too.
    TooLong {
        id: Option<Id<'static>>,
        request: bool,
    },
}

/// One event. A field that did not stand in it is `None`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; without one it is a `message`.
    pub kind: Option<Vec<u8>>,
    /// What a client resumes the stream after.
    pub id: Option<Vec<u8>>,
    /// How long a client waits before it connects again, in milliseconds.
    pub retry_ms: Option<u64>,
    /// The lines of data, joined by line feeds.
    pub data: Option<Vec<u8>>,
}

/// Longest event type, event id or comment, in bytes. Events with longer ones are discarded, and such comments too.
pub const FIELD_BYTES_MAX: usize = 4 << 10;
/// A buffer that grew beyond this for a long line is given back afterwards, in bytes.
const BUFFER_KEPT_BYTES_MAX: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Buffers bytes and cuts them into events.
///
/// ```
/// # use bailiwick_mcp::{Limits, framing::{Part, Sse}};
/// let mut sse = Sse::new(&Limits::DEFAULT);
/// sse.extend(b"id: 7\ndata: {}\n\nda");
/// assert!(matches!(sse.next(), Some(Part::Event(event)) if event.data.as_deref() == Some(b"{}")));
/// assert!(sse.next().is_none());
/// ```
#[derive(Debug)]
pub struct Sse {
    buffer: Vec<u8>,
    /// Where the first line not yet read starts, and up to where no line end was found.
    start: usize,
    searched: usize,
    /// The last line ended with a CR: an LF that follows belongs to it.
    after_carriage_return: bool,
    /// Nothing was read yet.
    at_start: bool,
    event: Event,
    /// The event in hand is above the limit.
    discarded: Option<IdScan>,
    /// The line in hand is above the limit; true if it is one of data.
    discarded_line: Option<bool>,
    data_bytes_max: usize,
    id_bytes_max: usize,
}

impl Sse {
    #[must_use]
    pub fn new(limits: &Limits) -> Sse {
        Sse {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            after_carriage_return: false,
            at_start: true,
            event: Event::default(),
            discarded: None,
            discarded_line: None,
            data_bytes_max: limits.message_bytes_max,
            id_bytes_max: limits.id_bytes_max,
        }
    }

    /// Adds bytes as they came from the peer. Between two calls, [`Sse::next`] must be called until it gives nothing, or
    /// the buffer grows.
    pub fn extend(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
            if self.buffer.capacity() > BUFFER_KEPT_BYTES_MAX && self.buffer.len() < BUFFER_KEPT_BYTES_MAX {
                self.buffer.shrink_to(BUFFER_KEPT_BYTES_MAX);
            }
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event or comment that is complete, if there is one.
    #[expect(
        clippy::should_implement_trait,
        reason = "a comment borrows the buffer, which Iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Part<'_>> {
        loop {
            let Some(line) = self.cut() else {
                self.shed();
                return None;
            };
            if self.discarded_line.is_none() && line.is_empty() {
                match self.finish() {
                    Some(part) => return Some(part),
                    None => continue,
                }
            }
            if let Some(comment) = self.line(line) {
                return Some(Part::Comment(self.buffer.get(comment).unwrap_or_default()));
            }
        }
    }

    /// Takes the next line with an end out of the buffer.
    fn cut(&mut self) -> Option<Range<usize>> {
        if self.after_carriage_return && self.start < self.buffer.len() {
            self.after_carriage_return = false;
            if self.buffer.get(self.start) == Some(&b'\n') {
                self.start += 1;
                self.searched = self.searched.max(self.start);
            }
        }
        if self.at_start {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            if rest.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(rest) {
                return None;
            }
            self.at_start = false;
            if rest.starts_with(BYTE_ORDER_MARK) {
                self.start += BYTE_ORDER_MARK.len();
                self.searched = self.start;
            }
        }
        let rest = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'\n', b'\r', rest) else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.start..self.searched + found;
        self.after_carriage_return = self.buffer.get(line.end) == Some(&b'\r');
        self.start = line.end + 1;
        self.searched = self.start;
        Some(line)
    }

    /// Reads one line that is not blank; where a comment stands, if it is one.
    fn line(&mut self, line: Range<usize>) -> Option<Range<usize>> {
        let Sse { buffer, event, discarded, .. } = self;
        let bytes = buffer.get(line.clone()).unwrap_or_default();
        if let Some(is_data) = self.discarded_line.take() {
            if let (true, Some(scan)) = (is_data, discarded) {
                scan.extend(bytes);
            }
            return None;
        }
        let (field, value_at) = match memchr::memchr(b':', bytes) {
            Some(0) if bytes.len() <= FIELD_BYTES_MAX => return Some(line.start + 1..line.end),
            Some(0) => return None,
            Some(colon) => (bytes.get(..colon).unwrap_or_default(), colon + 1),
            None => (bytes, bytes.len()),
        };
        let value = bytes.get(value_at..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                let held = event.data.as_ref().map_or(0, |data| data.len() + 1);
                match discarded {
                    Some(scan) => scan.extend(value),
                    None if held + value.len() > self.data_bytes_max => {
                        let scan = discarded.insert(IdScan::new(self.id_bytes_max));
                        scan.extend(&event.data.take().unwrap_or_default());
                        scan.extend(value);
                    }
                    None => match &mut event.data {
                        Some(data) => {
                            data.push(b'\n');
                            data.extend_from_slice(value);
                        }
                        None => event.data = Some(value.to_vec()),
                    },
                }
            }
            b"event" | b"id" if value.len() > FIELD_BYTES_MAX => self.discard(),
            b"event" => event.kind = Some(value.to_vec()),
            // The standard passes over an id with a NUL in it.
            b"id" if !value.contains(&0) => event.id = Some(value.to_vec()),
            b"retry" => {
                let digits =
                    std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                event.retry_ms = digits.and_then(|text| text.parse().ok()).or(event.retry_ms);
            }
            _ => {}
        }
        None
    }

    /// A blank line: the event is complete, unless there is none.
    fn finish(&mut self) -> Option<Part<'static>> {
        let event = std::mem::take(&mut self.event);
        if let Some(scan) = self.discarded.take() {
            return Some(Part::TooLong { id: scan.id(), request: scan.is_request() });
        }
        if event == Event::default() { None } else { Some(Part::Event(event)) }
    }

    fn discard(&mut self) {
        if self.discarded.is_none() {
            let mut scan = IdScan::new(self.id_bytes_max);
            scan.extend(&self.event.data.take().unwrap_or_default());
            self.discarded = Some(scan);
        }
    }

    /// Drops what was buffered of a line that is already too long, so that it costs no memory.
    fn shed(&mut self) {
        const FIELD: &[u8] = b"data:";
        let length = self.buffer.len() - self.start.min(self.buffer.len());
        let line_bytes_max = self.data_bytes_max.max(FIELD_BYTES_MAX) + FIELD.len() + 1;
        if self.discarded_line.is_none() && length <= line_bytes_max {
            return;
        }
        if self.discarded_line.is_none() {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            self.discarded_line = Some(rest.starts_with(FIELD));
            // A comment is no part of an event.
            if !rest.starts_with(b":") {
                self.discard();
            }
            if self.discarded_line == Some(true) {
                self.start += FIELD.len();
            }
        }
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        if let (Some(true), Some(scan)) = (self.discarded_line, &mut self.discarded) {
            scan.extend(rest);
        }
        self.start = self.buffer.len();
        self.searched = self.start;
    }
}

impl Event {
    /// True if it carries a message: its type is `message`, said or not, and it has data.
    #[must_use]
    pub fn is_message(&self) -> bool {
        let named = self.kind.as_deref().is_none_or(|kind| kind.is_empty() || kind == b"message");
        named && self.data.as_ref().is_some_and(|data| !data.is_empty())
    }

    /// Appends the event with `data` in place of its own. A line end in `data` begins a new line of data: JSON has them
    /// between its tokens only.
    pub fn write(&self, data: Option<&[u8]>, out: &mut Vec<u8>) {
        let mut field = |name: &[u8], value: &[u8]| {
            out.extend_from_slice(name);
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.push(b'\n');
        };
        if let Some(kind) = &self.kind {
            field(b"event", kind);
        }
        if let Some(id) = &self.id {
            field(b"id", id);
        }
        if let Some(retry_ms) = self.retry_ms {
            field(b"retry", retry_ms.to_string().as_bytes());
        }
        for line in data.into_iter().flat_map(|data| data.split(|byte| matches!(byte, b'\n' | b'\r'))) {
            field(b"data", line);
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Part, Sse};
    use crate::limits::Limits;
    use crate::message::Id;

    fn events(text: &[u8]) -> Vec<Event> {
        let mut sse = Sse::new(&Limits::DEFAULT);
        sse.extend(text);
        let mut events = Vec::new();
        while let Some(part) = sse.next() {
            if let Part::Event(event) = part {
                events.push(event);
            }
        }
        events
    }

    fn data(bytes: &[u8]) -> Vec<String> {
        let text = |event: Event| String::from_utf8(event.data.unwrap_or_default()).unwrap();
        events(bytes).into_iter().map(text).collect()
    }

    #[test]
    fn every_line_end_is_one() {
        for text in [
            "data: 1\ndata: 2\n\n",
            "data: 1\rdata: 2\r\r",
            "data: 1\r\ndata: 2\r\n\r\n",
            "data:1\rdata:2\n\r",
        ] {
            assert_eq!(data(text.as_bytes()), ["1\n2"], "{text:?}");
        }
    }

    #[test]
    fn fields_are_read_as_browsers_read_them() {
        let text = b"\xef\xbb\xbfid: a\nevent:message\nretry: 12x\nretry:7\nDATA: no\ndata : no\ndata:  x\nid:\0\n\n";
        let expected = Event {
            kind: Some(b"message".to_vec()),
            id: Some(b"a".to_vec()),
            retry_ms: Some(7),
            data: Some(b" x".to_vec()),
        };
        assert_eq!(events(text), [expected]);
        assert_eq!(data(b"data\n\ndata:\ndata\n\n"), ["", "\n"]);
        assert_eq!(data(b"data: never ended\n"), Vec::<String>::new());
    }

    #[test]
    fn comments_come_at_once_and_are_no_part_of_an_event() {
        let mut sse = Sse::new(&Limits::DEFAULT);
        sse.extend(b"data: 1\n: alive\n");
        assert_eq!(sse.next(), Some(Part::Comment(b" alive")));
        assert_eq!(sse.next(), None);
        sse.extend(b"data: 2\n\n");
        assert!(matches!(sse.next(), Some(Part::Event(event)) if event.data.as_deref() == Some(b"1\n2")));
    }

    #[test]
    fn an_event_above_the_limit_costs_no_memory_and_leaves_its_id() {
        let limits = Limits { message_bytes_max: 1 << 16, ..Limits::DEFAULT };
        for piece in [b"xxxxxxxxxxxxxxxx".as_slice(), b"xxxxxxxxxxxxxx\ndata: "] {
            let mut sse = Sse::new(&limits);
            sse.extend(br#"data: {"jsonrpc":"2.0","id":"big","result":{"x":""#);
            for _ in 0..100_000 {
                sse.extend(piece);
                assert_eq!(sse.next(), None);
                assert!(sse.buffer.capacity() <= 1 << 18, "{}", sse.buffer.capacity());
            }
            sse.extend(b"\"}}\n\ndata: next\n\n");
            assert_eq!(sse.next(), Some(Part::TooLong { id: Some(Id::Text("big".into())), request: false }));
            assert!(matches!(sse.next(), Some(Part::Event(event)) if event.data.as_deref() == Some(b"next")));
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let event =
            Event { kind: None, id: Some(b"1".to_vec()), retry_ms: Some(3), data: Some(b"{\n}".to_vec()) };
        let mut out = Vec::new();
        event.write(event.data.as_deref(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "id: 1\nretry: 3\ndata: {\ndata: }\n\n");
        assert_eq!(events(&out), [event]);
    }
}
