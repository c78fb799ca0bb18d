//! HTTP/1.1 between sockets and the types of the crate `http`: what came, read strictly, and what is to go out.

mod inbox;
mod outbox;

use bailiwick_mcp::framing::http1::{self, Extent, Field, HeadError, RequestHead};
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::{request, response};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};

pub(super) use self::inbox::Inbox;
pub(super) use self::outbox::{Length, Outbox};
use super::head::{METHOD, NAME, SESSION, VERSION};

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

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;
    use hyper::header::{ACCEPT, HeaderValue};
    use hyper::{Method, Response, StatusCode};

    use super::{Length, Outbox, SESSION, answered, asked};
    use crate::http::fields::Fields;

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
}
