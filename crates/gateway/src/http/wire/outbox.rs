//! What goes out on a connection.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use hyper::body::Bytes;
use hyper::http::response;
use hyper::{Method, StatusCode, Uri};
use tokio::io::AsyncWrite;

use super::inbox::{give_back, spare};
use crate::http::fields::Fields;

/// What is to go out on a connection.
#[derive(Debug, Default)]
pub(in crate::http) struct Outbox {
    pub(super) bytes: Vec<u8>,
    /// What is too long to be copied, behind them.
    tail: Bytes,
    written: usize,
}

/// A body that is no longer is copied behind its head, and both are one write.
const COPIED_BYTES_MAX: usize = 32 << 10;
/// Most heads of requests are not longer.
const USUAL_HEAD_BYTES: usize = 512;

impl Outbox {
    pub(in crate::http) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(in crate::http) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.tail.is_empty()
    }

    /// How much of it is not written.
    pub(in crate::http) fn left(&self) -> usize {
        self.bytes.len() + self.tail.len() - self.written
    }

    /// True if nothing of it was written.
    pub(in crate::http) fn is_whole(&self) -> bool {
        self.written == 0
    }

    pub(in crate::http) fn put(&mut self, bytes: &[u8]) {
        self.borrow();
        self.bytes.extend_from_slice(bytes);
    }

    /// Has memory that was of use before, if it has none.
    fn borrow(&mut self) {
        if self.bytes.capacity() == 0 {
            self.bytes = spare();
        }
    }

    fn put_number(&mut self, mut number: usize, radix: usize) {
        let mut digits = [0; 64];
        let mut first = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = *b"0123456789abcdef".get(number % radix).unwrap_or(&b'0');
            number /= radix;
            first -= 1;
            if number == 0 {
                break;
            }
        }
        self.put(digits.get(first..).unwrap_or_default());
    }

    fn put_field(&mut self, name: &[u8], value: &[u8]) {
        for part in [name, b": ", value, b"\r\n"] {
            self.put(part);
        }
    }

    fn put_length(&mut self, bytes: usize) {
        self.put(b"content-length: ");
        self.put_number(bytes, 10);
        self.put(b"\r\n");
    }

    /// The last of a message that is to go out.
    pub(in crate::http) fn put_body(&mut self, body: &Bytes) {
        if body.len() > COPIED_BYTES_MAX {
            self.tail = body.clone();
        } else {
            self.put(body);
        }
    }

    pub(in crate::http) fn put_chunk(&mut self, data: &[u8]) {
        self.put_number(data.len(), 16);
        for part in [b"\r\n", data, b"\r\n"] {
            self.put(part);
        }
    }

    /// A request with a path as its target. One without a body has no length either.
    pub(in crate::http) fn put_request(
        &mut self,
        method: &Method,
        path: &Uri,
        headers: &Fields,
        body: &Bytes,
    ) {
        self.borrow();
        self.bytes.reserve(USUAL_HEAD_BYTES + body.len().min(COPIED_BYTES_MAX));
        let path = path.path_and_query().map_or("/", |path| path.as_str());
        for part in [method.as_str(), " ", path, " HTTP/1.1\r\n"] {
            self.put(part.as_bytes());
        }
        for (name, value) in headers.iter() {
            self.put_field(name.as_str().as_bytes(), value.as_bytes());
        }
        if *method == Method::POST {
            self.put_length(body.len());
        }
        self.put(b"\r\n");
        self.put_body(body);
    }

    /// The head of an answer whose body has this length, or is in chunks, or ends with the connection.
    pub(in crate::http) fn put_response(&mut self, head: &response::Parts, length: Length, keeps: bool) {
        self.put(b"HTTP/1.1 ");
        self.put(head.status.as_str().as_bytes());
        self.put(b" ");
        self.put(head.status.canonical_reason().unwrap_or_default().as_bytes());
        self.put(b"\r\n");
        for (name, value) in &head.headers {
            self.put_field(name.as_str().as_bytes(), value.as_bytes());
        }
        match length {
            Length::Bytes(_) if head.status == StatusCode::NO_CONTENT => {}
            Length::Bytes(bytes) => self.put_length(bytes),
            Length::Chunks => self.put(b"transfer-encoding: chunked\r\n"),
            Length::UntilClose => {}
        }
        if !keeps && !head.headers.contains_key(hyper::header::CONNECTION) {
            self.put(b"connection: close\r\n");
        }
        self.put(b"date: ");
        self.put(&date(SystemTime::now()));
        self.put(b"\r\n\r\n");
    }

    /// Ready when all of it is written.
    pub(in crate::http) fn poll_written<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_empty() {
            return Poll::Ready(Ok(()));
        }
        loop {
            let rest = match self.bytes.get(self.written..) {
                Some(rest) if !rest.is_empty() => rest,
                _ => self.tail.get(self.written - self.bytes.len()..).unwrap_or_default(),
            };
            if rest.is_empty() {
                break;
            }
            let written = ready!(Pin::new(&mut *stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        ready!(Pin::new(stream).poll_flush(context))?;
        self.clear();
        Poll::Ready(Ok(()))
    }

    fn clear(&mut self) {
        (self.written, self.tail) = (0, Bytes::new());
        // Memory that was just written is in the processor's cache still: the next message has it, whosever that is.
        give_back(std::mem::take(&mut self.bytes));
    }
}

/// How long the body of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Length {
    Bytes(usize),
    Chunks,
    UntilClose,
}

/// Bytes of a date: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
const DATE_BYTES: usize = 29;

thread_local! {
    /// The second that was written last, and how.
    static DATE: Cell<(u64, [u8; DATE_BYTES])> = const { Cell::new((0, [0; DATE_BYTES])) };
}

fn date(now: SystemTime) -> [u8; DATE_BYTES] {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (last, written) = DATE.get();
    if last == seconds {
        return written;
    }
    let text = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let written = text.as_bytes().first_chunk().copied().unwrap_or([b' '; DATE_BYTES]);
    DATE.set((seconds, written));
    written
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Outbox, date};

    #[test]
    fn numbers_and_dates_are_written_as_others_read_them() {
        for number in [0, 9, 10, 1_234_567, usize::MAX] {
            let mut outbox = Outbox::default();
            outbox.put_number(number, 10);
            outbox.put(b" ");
            outbox.put_number(number, 16);
            assert_eq!(String::from_utf8(outbox.bytes).unwrap(), format!("{number} {number:x}"));
        }
        for _ in 0..2 {
            let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
            assert_eq!(&date(then), b"Sun, 06 Nov 1994 08:49:37 GMT");
        }
        assert_eq!(&date(SystemTime::UNIX_EPOCH), b"Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
