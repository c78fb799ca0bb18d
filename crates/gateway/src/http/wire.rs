//! HTTP/1.1 between sockets and the types of the crate `http`: what came, read strictly, and what is to go out.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bailiwick_mcp::framing::http1::{
    self, BodyError, BodyReader, Extent, Field, HeadEnd, HeadError, RequestHead,
};
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::{request, response};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::fields::Fields;
use super::head::{METHOD, NAME, SESSION, VERSION};

/// So much is read at once.
const ROOM: usize = 64 << 10;

thread_local! {
    /// What is read comes here first, and is copied out in its own length: connections without work hold no memory.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; ROOM].into());
    /// Memory of messages that are over, for the next ones.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    /// The second that was written last, and how.
    static DATE: Cell<(u64, [u8; DATE_BYTES])> = const { Cell::new((0, [0; DATE_BYTES])) };
}

/// What came on a connection and was not taken yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// What grows comes before what is cut into pieces: one of both is empty.
    grows: Vec<u8>,
    came: Bytes,
    end: HeadEnd,
    /// An empty line came before the head: one is let pass (RFC 9112, section 2.2).
    began_empty: bool,
}

impl Inbox {
    pub(super) fn len(&self) -> usize {
        self.grows.len() + self.came.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads more, and says how much: nothing at the end.
    pub(super) fn poll_more<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        READ.with_borrow_mut(|room| {
            let mut buffer = ReadBuf::new(room);
            ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
            let read = buffer.filled();
            self.extend(read);
            Poll::Ready(Ok(read.len()))
        })
    }

    fn extend(&mut self, read: &[u8]) {
        if self.grows.is_empty() && !read.is_empty() {
            self.grows = spare();
            self.grows.extend_from_slice(&std::mem::take(&mut self.came));
        }
        self.grows.extend_from_slice(read);
    }

    /// All that came, to be cut into pieces.
    fn settle(&mut self) {
        if !self.grows.is_empty() {
            self.came = Bytes::from_owner(Lent(std::mem::take(&mut self.grows)));
        }
    }

    /// The next head, if all of it came.
    pub(super) fn head(&mut self, bytes_max: usize) -> Result<Option<Bytes>, HeadError> {
        loop {
            let came = if self.grows.is_empty() { &self.came[..] } else { &self.grows[..] };
            let Some(length) = self.end.find(came, bytes_max)? else { return Ok(None) };
            self.end = HeadEnd::default();
            self.settle();
            let head = self.take(length);
            if head.len() > EMPTY_LINE {
                self.began_empty = false;
                return Ok(Some(head));
            }
            if std::mem::replace(&mut self.began_empty, true) {
                return Err(HeadError::Malformed);
            }
        }
    }

    /// What came of a body, in one piece; nothing if it came to nothing yet.
    pub(super) fn piece(&mut self, body: &mut BodyReader) -> Result<Option<Bytes>, BodyError> {
        self.settle();
        let Some(first) = self.next_piece(body)? else { return Ok(None) };
        if self.came.is_empty() || body.is_over() {
            return Ok(Some(first));
        }
        // Many small chunks are no more work for those who read them than a large one.
        let mut rest = Vec::new();
        while !self.came.is_empty() && !body.is_over() {
            rest.extend_from_slice(&self.next_piece(body)?.unwrap_or_default());
        }
        Ok(Some(if rest.is_empty() { first } else { [&first[..], &rest[..]].concat().into() }))
    }

    fn next_piece(&mut self, body: &mut BodyReader) -> Result<Option<Bytes>, BodyError> {
        let (left_out, data) = body.next(&self.came)?;
        drop(self.take(left_out));
        Ok(if data > 0 { Some(self.take(data)) } else { None })
    }

    fn take(&mut self, bytes: usize) -> Bytes {
        if bytes == self.came.len() { std::mem::take(&mut self.came) } else { self.came.split_to(bytes) }
    }
}

/// Memory that is used again when nobody holds a piece of it any more.
struct Lent(Vec<u8>);

/// So many are kept, none of which is longer: most messages are not.
const SPARE_MAX: usize = 64;
const SPARE_BYTES_MAX: usize = 4 << 10;

fn spare() -> Vec<u8> {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0);
        if bytes.capacity() > SPARE_BYTES_MAX {
            return;
        }
        bytes.clear();
        // The last ones of a thread are dropped with it.
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < SPARE_MAX
            {
                spare.push(bytes);
            }
        });
    }
}

const EMPTY_LINE: usize = 2;

/// What is to go out on a connection.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    /// What is too long to be copied, behind them.
    tail: Bytes,
    written: usize,
}

/// A body that is no longer is copied behind its head, and both are one write.
const COPIED_BYTES_MAX: usize = 32 << 10;
/// Most heads of requests are not longer.
const USUAL_HEAD_BYTES: usize = 512;
/// An outbox that had more to hold gives it back.
const KEPT_BYTES_MAX: usize = 4 << 10;

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.tail.is_empty()
    }

    /// How much of it is not written.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() + self.tail.len() - self.written
    }

    /// True if nothing of it was written.
    pub(super) fn is_whole(&self) -> bool {
        self.written == 0
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
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
    pub(super) fn put_body(&mut self, body: &Bytes) {
        if body.len() > COPIED_BYTES_MAX {
            self.tail = body.clone();
        } else {
            self.put(body);
        }
    }

    pub(super) fn put_chunk(&mut self, data: &[u8]) {
        self.put_number(data.len(), 16);
        for part in [b"\r\n", data, b"\r\n"] {
            self.put(part);
        }
    }

    /// A request with a path as its target. One without a body has no length either.
    pub(super) fn put_request(&mut self, method: &Method, path: &Uri, headers: &Fields, body: &Bytes) {
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
    pub(super) fn put_response(&mut self, head: &response::Parts, length: Length, keeps: bool) {
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
    pub(super) fn poll_written<S: AsyncWrite + Unpin>(
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
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES_MAX);
    }
}

/// How long the body of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Bytes(usize),
    Chunks,
    UntilClose,
}

/// A request without its body, and what its head says about that and the connection.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) head: request::Parts,
    pub(super) extent: Extent,
    pub(super) keeps: bool,
    pub(super) expects: bool,
}

pub(super) fn asked(head: &Bytes, fields_max: usize) -> Result<Asked, HeadError> {
    let read = |read: &RequestHead<'_>| {
        let mut parts = Request::new(()).into_parts().0;
        parts.method = Method::from_bytes(read.method.as_bytes()).ok()?;
        parts.uri = Uri::from_maybe_shared(head.slice_ref(read.target.as_bytes())).ok()?;
        parts.version = if read.is_old { Version::HTTP_10 } else { Version::HTTP_11 };
        parts.headers = headers(head, read.fields)?;
        Some(Asked { head: parts, extent: read.extent, keeps: read.keeps, expects: read.expects })
    };
    http1::request(head, fields_max, read)?.ok_or(HeadError::Malformed)
}

/// An answer without its body, and what its head says about that and the connection.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) head: response::Parts,
    pub(super) extent: Extent,
    pub(super) keeps: bool,
}

pub(super) fn answered(head: &Bytes, fields_max: usize) -> Result<Answered, HeadError> {
    let answered = http1::response(head, fields_max, |read| {
        let mut parts = Response::new(()).into_parts().0;
        parts.status = StatusCode::from_u16(read.status).ok()?;
        parts.headers = headers(head, read.fields)?;
        Some(Answered { head: parts, extent: read.extent, keeps: read.keeps })
    });
    answered?.ok_or(HeadError::Malformed)
}

fn headers(head: &Bytes, fields: &[Field<'_>]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).ok()?;
        headers.try_append(name(field.name)?, value).ok()?;
    }
    Some(headers)
}

/// Those of the protocol are known, and no memory is taken for them.
fn name(name: &str) -> Option<HeaderName> {
    const KNOWN: [HeaderName; 4] = [SESSION, VERSION, METHOD, NAME];
    if name.as_bytes().first().is_some_and(|first| first | 0x20 == b'm')
        && let Some(known) = KNOWN.iter().find(|known| name.eq_ignore_ascii_case(known.as_str()))
    {
        return Some(known.clone());
    }
    HeaderName::from_bytes(name.as_bytes()).ok()
}

/// Bytes of a date: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
const DATE_BYTES: usize = 29;

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

    use bailiwick_mcp::framing::http1::{BodyReader, Extent};
    use hyper::body::Bytes;
    use hyper::header::{ACCEPT, HeaderValue};
    use hyper::{Method, Response, StatusCode};

    use super::{Fields, Inbox, Length, Outbox, SESSION, answered, asked, date};

    #[test]
    fn a_request_is_written_as_it_is_read() {
        let mut headers = Fields::default();
        headers.append(ACCEPT, HeaderValue::from_static("a/b"));
        headers.append(ACCEPT, HeaderValue::from_static("c/d"));
        headers.append(SESSION, HeaderValue::from_static("s"));
        let mut outbox = Outbox::default();
        let body = Bytes::from_static(b"{}");
        outbox.put_request(&Method::POST, &"/mcp?a=b".parse().unwrap(), &headers, &body);
        let text = Bytes::from(outbox.bytes);
        let head = text.slice(..text.len() - 2);
        let mut read = asked(&head, 8).unwrap();
        assert_eq!((read.head.method, read.head.uri.to_string()), (Method::POST, "/mcp?a=b".to_owned()));
        assert_eq!(read.head.headers.remove("content-length"), Some(HeaderValue::from_static("2")));
        assert_eq!(read.head.headers, headers.map());
    }

    #[test]
    fn an_answer_is_written_as_it_is_read() {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = StatusCode::NOT_FOUND;
        head.headers.insert("content-type", HeaderValue::from_static("application/json"));
        for (length, fields) in [(Length::Bytes(1024), 2), (Length::Chunks, 2), (Length::UntilClose, 1)] {
            for keeps in [true, false] {
                let mut outbox = Outbox::default();
                outbox.put_response(&head, length, keeps);
                let read = answered(&Bytes::from(outbox.bytes), 8).unwrap();
                assert_eq!(read.head.status, StatusCode::NOT_FOUND);
                assert_eq!(read.head.headers.len(), fields + 1 + usize::from(!keeps));
                assert_eq!(read.keeps, keeps && length != Length::UntilClose);
            }
        }
    }

    #[test]
    fn chunks_that_came_together_are_one_piece_and_what_is_behind_them_stays() {
        let text = b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET";
        for cut in 0..text.len() {
            let (mut inbox, mut body) = (Inbox::default(), BodyReader::new(Extent::Chunks));
            let mut pieces = Vec::new();
            for part in [&text[..cut], &text[cut..]] {
                inbox.extend(part);
                pieces.extend(inbox.piece(&mut body).unwrap());
            }
            assert_eq!(
                (pieces.concat(), &inbox.came[..], body.is_over()),
                (b"abc".to_vec(), &b"GET"[..], true)
            );
            assert!(pieces.len() <= 2, "{pieces:?}");
        }
    }

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
