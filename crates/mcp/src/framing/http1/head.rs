//! Heads of messages.

use std::mem::MaybeUninit;

pub use httparse::Header as Field;
use memchr::memchr;
use thiserror::Error;

/// Why a head is no head of a message that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeadError {
    #[error("the head is longer than the limit")]
    TooLong,
    #[error("the head has more fields than the limit")]
    TooManyFields,
    #[error("not a head of HTTP/1.1")]
    Malformed,
    #[error("a body whose length is not certain")]
    Unclear,
}

/// Where a head ends, looked for as its bytes come in: each is looked at once.
#[derive(Debug, Clone, Default)]
pub struct HeadEnd {
    seen: usize,
    line: usize,
}

impl HeadEnd {
    /// How many bytes the head has, its empty line included, if that came. `bytes` are all that came since it began.
    ///
    /// # Errors
    /// If a line ends in something else than CRLF, or the head is longer than `bytes_max`.
    pub fn find(&mut self, bytes: &[u8], bytes_max: usize) -> Result<Option<usize>, HeadError> {
        while let Some(at) = bytes.get(self.seen..).and_then(|rest| memchr(b'\n', rest)) {
            let line_feed = self.seen + at;
            let Some(end) = line_feed.checked_sub(1).filter(|end| bytes.get(*end) == Some(&b'\r')) else {
                return Err(HeadError::Malformed);
            };
            let is_empty = end == self.line;
            (self.seen, self.line) = (line_feed + 1, line_feed + 1);
            if self.seen > bytes_max {
                return Err(HeadError::TooLong);
            }
            if is_empty {
                return Ok(Some(self.seen));
            }
        }
        self.seen = bytes.len();
        if self.seen > bytes_max { Err(HeadError::TooLong) } else { Ok(None) }
    }
}

/// How long a body is (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Bytes(u64),
    Chunks,
    /// All that comes until the connection is closed: answers only.
    UntilClose,
}

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead<'h> {
    pub method: &'h str,
    pub target: &'h str,
    pub fields: &'h [Field<'h>],
    pub extent: Extent,
    /// It is of HTTP/1.0.
    pub is_old: bool,
    /// The connection may carry another request after this one.
    pub keeps: bool,
    /// The body comes only after a 100 (RFC 9110, section 10.1.1).
    pub expects: bool,
}

/// The head of an answer.
#[derive(Debug)]
pub struct ResponseHead<'h> {
    pub status: u16,
    pub fields: &'h [Field<'h>],
    pub extent: Extent,
    /// The connection may carry another request after this answer.
    pub keeps: bool,
}

/// Fields for which there is room without asking the allocator.
const USUAL: usize = 100;

/// Reads the head of a request: all of it, as [`HeadEnd`] found it.
///
/// # Errors
/// If it is none, has more than `fields_max` fields, or does not say for certain how long its body is.
pub fn request<T>(
    head: &[u8],
    fields_max: usize,
    read: impl FnOnce(&RequestHead<'_>) -> T,
) -> Result<T, HeadError> {
    with_room(fields_max, |room| {
        let mut parsed = httparse::Request::new(&mut []);
        complete(parsed.parse_with_uninit_headers(head, room), head)?;
        let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(HeadError::Malformed);
        };
        // What stands behind `#` is never sent (RFC 9110, section 7.1).
        if target.contains('#') {
            return Err(HeadError::Malformed);
        }
        let said = Said::of(parsed.headers)?;
        let extent = match (said.length, said.chunked) {
            (Some(bytes), false) => Extent::Bytes(bytes),
            (None, false) => Extent::Bytes(0),
            (None, true) if minor == 1 => Extent::Chunks,
            (_, true) => return Err(HeadError::Unclear),
        };
        Ok(read(&RequestHead {
            method,
            target,
            fields: parsed.headers,
            extent,
            is_old: minor == 0,
            keeps: minor == 1 && !said.closes,
            expects: minor == 1 && said.expects,
        }))
    })
}

/// Reads the head of an answer to a request that was no HEAD: all of it, as [`HeadEnd`] found it.
///
/// # Errors
/// If it is none, has more than `fields_max` fields, or does not say for certain how long its body is.
pub fn response<T>(
    head: &[u8],
    fields_max: usize,
    read: impl FnOnce(&ResponseHead<'_>) -> T,
) -> Result<T, HeadError> {
    with_room(fields_max, |room| {
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        complete(config.parse_response_with_uninit_headers(&mut parsed, head, room), head)?;
        let (Some(status @ 100..=599), Some(minor)) = (parsed.code, parsed.version) else {
            return Err(HeadError::Malformed);
        };
        let said = Said::of(parsed.headers)?;
        let extent = match (status, said.length, said.chunked) {
            (_, Some(_), true) => return Err(HeadError::Unclear),
            (100..=199 | 204 | 304, ..) => Extent::Bytes(0),
            (_, Some(bytes), false) => Extent::Bytes(bytes),
            (_, None, true) if minor == 1 => Extent::Chunks,
            (_, None, true) => return Err(HeadError::Unclear),
            (_, None, false) => Extent::UntilClose,
        };
        // What announces a body where there is none may send it all the same.
        let is_sure = extent == Extent::Chunks
            || said.length.is_none_or(|bytes| extent == Extent::Bytes(bytes)) && !said.chunked;
        let keeps = minor == 1 && !said.closes && extent != Extent::UntilClose && is_sure;
        Ok(read(&ResponseHead { status, fields: parsed.headers, extent, keeps }))
    })
}

fn with_room<'b, T>(
    fields_max: usize,
    read: impl FnOnce(&mut [MaybeUninit<Field<'b>>]) -> Result<T, HeadError>,
) -> Result<T, HeadError> {
    let mut few = [const { MaybeUninit::uninit() }; USUAL];
    match few.get_mut(..fields_max) {
        Some(room) => read(room),
        None => read(&mut (0..fields_max).map(|_| MaybeUninit::uninit()).collect::<Vec<_>>()),
    }
}

/// The head is all that there is, and there is all of it.
fn complete(parsed: Result<httparse::Status<usize>, httparse::Error>, head: &[u8]) -> Result<(), HeadError> {
    match parsed {
        Ok(httparse::Status::Complete(read)) if read == head.len() => Ok(()),
        Ok(_) => Err(HeadError::Malformed),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooManyFields),
        Err(_) => Err(HeadError::Malformed),
    }
}

/// What the fields say about the message and its connection.
#[derive(Debug, Default)]
struct Said {
    length: Option<u64>,
    chunked: bool,
    closes: bool,
    expects: bool,
}

impl Said {
    fn of(fields: &[Field<'_>]) -> Result<Said, HeadError> {
        let mut said = Said::default();
        for Field { name, value } in fields {
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            match name.len() {
                6 if is("expect") => said.expects |= value.eq_ignore_ascii_case(b"100-continue"),
                10 if is("connection") => said.closes |= lists(value, b"close"),
                14 if is("content-length") => match (said.length, length(value)) {
                    (None, Some(bytes)) => said.length = Some(bytes),
                    _ => return Err(HeadError::Unclear),
                },
                17 if is("transfer-encoding") => {
                    if said.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                        return Err(HeadError::Unclear);
                    }
                    said.chunked = true;
                }
                _ => {}
            }
        }
        Ok(said)
    }
}

/// Digits, and nothing else that some readers take for a number.
fn length(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// True if `word` is in the comma-separated list.
fn lists(value: &[u8], word: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::{Extent, HeadEnd, HeadError, request, response};

    const MAX: usize = 1 << 10;

    fn extent(fields: &str) -> Result<(Extent, bool, bool), HeadError> {
        let head = format!("POST /mcp HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(HeadEnd::default().find(head.as_bytes(), MAX), Ok(Some(head.len())), "{fields}");
        request(head.as_bytes(), 8, |head| (head.extent, head.keeps, head.expects))
    }

    fn answer(line: &str, fields: &str) -> Result<(u16, Extent, bool), HeadError> {
        let head = format!("{line}\r\n{fields}\r\n");
        response(head.as_bytes(), 8, |head| (head.status, head.extent, head.keeps))
    }

    #[test]
    fn the_end_is_found_however_the_bytes_come() {
        let text = b"POST / HTTP/1.1\r\nHost: a\r\n\r\nbody\n";
        for step in 1..text.len() {
            let mut end = HeadEnd::default();
            let found = (step..text.len() + step)
                .step_by(step)
                .find_map(|came| end.find(&text[..came.min(text.len())], MAX).unwrap());
            assert_eq!(found, Some(28), "{step} bytes at a time");
        }
        assert_eq!(HeadEnd::default().find(b"\r\nPOST", MAX), Ok(Some(2)), "an empty line before");
    }

    #[test]
    fn lines_end_in_one_way() {
        for text in ["GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nA: b\n\r\n", "\n", "GET / HTTP/1.1\r\n\n"] {
            assert_eq!(HeadEnd::default().find(text.as_bytes(), MAX), Err(HeadError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_head_is_as_long_as_the_limit_and_no_longer() {
        let text = b"GET / HTTP/1.1\r\n\r\n";
        assert_eq!(HeadEnd::default().find(text, 18), Ok(Some(18)));
        assert_eq!(HeadEnd::default().find(text, 17), Err(HeadError::TooLong));
        assert_eq!(HeadEnd::default().find(b"GET / HTTP/1.1", 13), Err(HeadError::TooLong));
    }

    #[test]
    fn a_request_says_for_certain_how_long_it_is() {
        for (fields, expected) in [
            ("", Ok(Extent::Bytes(0))),
            ("Content-Length: 12\r\n", Ok(Extent::Bytes(12))),
            ("content-LENGTH:012 \r\n", Ok(Extent::Bytes(12))),
            ("Transfer-Encoding: Chunked\r\n", Ok(Extent::Chunks)),
            ("Content-Length: 18446744073709551616\r\n", Err(HeadError::Unclear)),
            ("Content-Length: +1\r\n", Err(HeadError::Unclear)),
            ("Content-Length: 1,1\r\n", Err(HeadError::Unclear)),
            ("Content-Length: 0x1\r\n", Err(HeadError::Unclear)),
            ("Content-Length: 1 1\r\n", Err(HeadError::Unclear)),
            ("Content-Length:\r\n", Err(HeadError::Unclear)),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", Err(HeadError::Unclear)),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", Err(HeadError::Unclear)),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Err(HeadError::Unclear)),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Err(HeadError::Unclear)),
            ("Transfer-Encoding: chunked, chunked\r\n", Err(HeadError::Unclear)),
            ("Transfer-Encoding: gzip, chunked\r\n", Err(HeadError::Unclear)),
            ("Transfer-Encoding: \x0bchunked\r\n", Err(HeadError::Malformed)),
            ("Transfer-Encoding : chunked\r\n", Err(HeadError::Malformed)),
            (" Transfer-Encoding: chunked\r\n", Err(HeadError::Malformed)),
            ("A: b\r\n Transfer-Encoding: chunked\r\n", Err(HeadError::Malformed)),
            ("A: b\rTransfer-Encoding: chunked\r\n", Err(HeadError::Malformed)),
            ("A\0: b\r\n", Err(HeadError::Malformed)),
            ("A: \0\r\n", Err(HeadError::Malformed)),
            ("A\r\n", Err(HeadError::Malformed)),
            (": a\r\n", Err(HeadError::Malformed)),
            (&"A: b\r\n".repeat(8), Ok(Extent::Bytes(0))),
            (&"A: b\r\n".repeat(9), Err(HeadError::TooManyFields)),
        ] {
            assert_eq!(extent(fields).map(|(extent, ..)| extent), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_request_of_http_1_0_is_the_last_and_never_chunked() {
        let old = |fields: &str| {
            let head = format!("POST / HTTP/1.0\r\n{fields}\r\n");
            request(head.as_bytes(), 8, |head| (head.extent, head.keeps, head.is_old))
        };
        assert_eq!(old("Connection: keep-alive\r\n"), Ok((Extent::Bytes(0), false, true)));
        assert_eq!(old("Transfer-Encoding: chunked\r\n"), Err(HeadError::Unclear));
    }

    #[test]
    fn a_request_line_is_one() {
        for line in [
            "POST /mcp HTTP/2.0",
            "POST /mcp HTTP/1.2",
            "POST /mcp http/1.1",
            "POST  /mcp HTTP/1.1",
            "POST /mcp  HTTP/1.1",
            "POST /mcp HTTP/1.1 ",
            "POST /m cp HTTP/1.1",
            "POST /mcp",
            "P\u{7f}ST /mcp HTTP/1.1",
            "POST /\tmcp HTTP/1.1",
            "POST /mcp#a HTTP/1.1",
        ] {
            let head = format!("{line}\r\n\r\n");
            assert_eq!(request(head.as_bytes(), 8, |_| ()), Err(HeadError::Malformed), "{line:?}");
        }
    }

    #[test]
    fn what_is_said_of_the_connection_is_heard() {
        let heard = |fields| extent(fields).map(|(_, keeps, expects)| (keeps, expects));
        assert_eq!(heard(""), Ok((true, false)));
        assert_eq!(heard("Connection: keep-alive , CLOSE\r\n"), Ok((false, false)));
        assert_eq!(heard("Connection: closed\r\n"), Ok((true, false)));
        assert_eq!(heard("Expect: 100-Continue\r\n"), Ok((true, true)));
    }

    #[test]
    fn an_answer_says_for_certain_how_long_it_is() {
        let ok = "HTTP/1.1 200 OK";
        for (line, fields, expected) in [
            (ok, "Content-Length: 2\r\n", Ok((200, Extent::Bytes(2), true))),
            (ok, "Content-Length: 2\r\nConnection: close\r\n", Ok((200, Extent::Bytes(2), false))),
            (ok, "Transfer-Encoding: chunked\r\n", Ok((200, Extent::Chunks, true))),
            (ok, "", Ok((200, Extent::UntilClose, false))),
            ("HTTP/1.1 204", "", Ok((204, Extent::Bytes(0), true))),
            ("HTTP/1.1 204", "Content-Length: 0\r\n", Ok((204, Extent::Bytes(0), true))),
            ("HTTP/1.1 204", "Content-Length: 2\r\n", Ok((204, Extent::Bytes(0), false))),
            ("HTTP/1.1 304", "Transfer-Encoding: chunked\r\n", Ok((304, Extent::Bytes(0), false))),
            ("HTTP/1.1 100 Continue", "", Ok((100, Extent::Bytes(0), true))),
            ("HTTP/1.0 200 OK", "Content-Length: 2\r\n", Ok((200, Extent::Bytes(2), false))),
            ("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n", Err(HeadError::Unclear)),
            (ok, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", Err(HeadError::Unclear)),
            (ok, "Content-Length: 2\r\nContent-Length: 2\r\n", Err(HeadError::Unclear)),
            ("HTTP/1.1 2000 OK", "", Err(HeadError::Malformed)),
            ("HTTP/1.1 20 OK", "", Err(HeadError::Malformed)),
            ("HTTP/1.1 600 OK", "", Err(HeadError::Malformed)),
            ("HTTP/1.1 099 OK", "", Err(HeadError::Malformed)),
        ] {
            assert_eq!(answer(line, fields), expected, "{line} {fields:?}");
        }
    }
}
