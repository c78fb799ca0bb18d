//! Messages of HTTP/1.1: where the bytes are cut on their way changes nothing, and whatever is taken for a message is one for a
//! reader that knows only the plainest form of each.
#![no_main]

use bailiwick_mcp::framing::http1::{self, BodyReader, Extent, Field, HeadEnd};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // The first byte says how long the pieces are, 0 is all at once; and whether they are requests or answers.
    let Some((first, bytes)) = input.split_first() else { return };
    let requests = first & 1 == 0;
    let step = usize::from(first >> 1);
    let whole = messages(bytes, usize::MAX, requests);
    assert_eq!(whole, messages(bytes, step.max(1), requests), "pieces of {step} bytes");
    let mut rest = bytes;
    for message in &whole.0 {
        rest = message.is_plain(rest);
    }
});

const HEAD_BYTES_MAX: usize = 256;
const FIELDS_MAX: usize = 6;

/// A message that came whole, or as far as it goes.
#[derive(Debug, PartialEq)]
struct Message {
    lead: usize,
    head: usize,
    fields: Vec<(String, Vec<u8>)>,
    extent: Extent,
    data: Vec<u8>,
    over: bool,
}

/// The messages that `bytes` hold, up to the first that is refused or not over; true if one is refused.
fn messages(bytes: &[u8], step: usize, requests: bool) -> (Vec<Message>, bool) {
    let mut came = Came { bytes, step, seen: 0, taken: 0 };
    let mut messages = Vec::new();
    loop {
        let mut end = HeadEnd::default();
        let head = loop {
            match end.find(came.waits(), HEAD_BYTES_MAX) {
                Ok(Some(head)) => break head,
                Ok(None) if came.more() => {}
                Ok(None) => return (messages, false),
                Err(_) => return (messages, true),
            }
        };
        let read = |fields: &[Field<'_>], extent| {
            let fields = fields.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()));
            (fields.collect::<Vec<_>>(), extent)
        };
        let parsed = match requests {
            true => http1::request(&came.waits()[..head], FIELDS_MAX, |head| read(head.fields, head.extent)),
            false => {
                http1::response(&came.waits()[..head], FIELDS_MAX, |head| read(head.fields, head.extent))
            }
        };
        let Ok((fields, extent)) = parsed else { return (messages, true) };
        let lead = came.taken;
        came.taken += head;
        let mut message = Message { lead, head, fields, extent, data: Vec::new(), over: false };
        let mut body = BodyReader::new(extent);
        let refused = loop {
            let Ok((left_out, data)) = body.next(came.waits()) else { break true };
            message.data.extend_from_slice(&came.waits()[left_out..left_out + data]);
            came.taken += left_out + data;
            message.over = body.is_over();
            if message.over || data == 0 && !came.more() {
                break false;
            }
        };
        // What came of a body that is refused later depends on where it was cut.
        if refused {
            return (messages, true);
        }
        let over = message.over;
        messages.push(message);
        if !over {
            return (messages, false);
        }
    }
}

/// Bytes of which only so many came yet.
struct Came<'b> {
    bytes: &'b [u8],
    step: usize,
    seen: usize,
    taken: usize,
}

impl<'b> Came<'b> {
    fn waits(&self) -> &'b [u8] {
        &self.bytes[self.taken..self.seen]
    }

    fn more(&mut self) -> bool {
        let before = self.seen;
        self.seen = self.seen.saturating_add(self.step).min(self.bytes.len());
        self.seen > before
    }
}

impl Message {
    /// Reads it from the beginning of `bytes` in the plainest way, and returns what is behind it.
    fn is_plain<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let (head, rest) = bytes.split_at(self.head);
        let head = head.strip_suffix(b"\r\n\r\n").expect("an empty line");
        let head = String::from_utf8_lossy(head);
        let lines: Vec<&str> = head.split("\r\n").skip(1).collect();
        assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head:?}");
        assert_eq!(lines.len(), self.fields.len(), "{head:?}");
        let mut lengths = Vec::new();
        let mut codings = Vec::new();
        for (line, (name, value)) in lines.iter().zip(&self.fields) {
            let (plain_name, plain_value) = line.split_once(':').expect("a colon");
            assert_eq!(plain_name.to_ascii_lowercase(), *name);
            assert_eq!(plain_value.trim_matches([' ', '\t']), String::from_utf8_lossy(value));
            match name.as_str() {
                "content-length" => lengths.push(plain_value.trim_matches([' ', '\t']).to_owned()),
                "transfer-encoding" => {
                    codings.push(plain_value.trim_matches([' ', '\t']).to_ascii_lowercase())
                }
                _ => {}
            }
        }
        assert!(lengths.len() + codings.len() <= 1, "two lengths: {head:?}");
        assert!(codings.iter().all(|coding| coding == "chunked"));
        match self.extent {
            Extent::Bytes(bytes) => {
                assert!(lengths.iter().all(|length| length.parse() == Ok(bytes)) || bytes == 0);
                let (data, rest) = rest.split_at(self.data.len());
                assert_eq!((data, self.over), (&self.data[..], self.data.len() as u64 == bytes));
                rest
            }
            Extent::UntilClose => {
                assert_eq!((rest, self.over), (&self.data[..], false));
                &[]
            }
            Extent::Chunks if self.over => {
                let (data, rest) = chunks(rest).expect("chunks");
                assert_eq!(data, self.data);
                rest
            }
            Extent::Chunks => rest,
        }
    }
}

/// The data of a whole body in chunks, and what is behind it.
fn chunks(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let line = |bytes: &[u8]| bytes.windows(2).position(|pair| pair == b"\r\n");
    let mut data = Vec::new();
    loop {
        let end = line(rest)?;
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = usize::from_str_radix(size.split(';').next()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            break;
        }
        data.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    while let end @ 1.. = line(rest)? {
        rest = &rest[end + 2..];
    }
    Some((data, rest.get(2..)?))
}
