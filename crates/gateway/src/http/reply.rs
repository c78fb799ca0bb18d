//! Answers over HTTP: bodies, statuses, and our own words where there is no message to send.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bailiwick_mcp::{Body as Shape, Id, Limits, Packet, Parser, Value};
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::authenticate::Challenge;
use super::letter::Letter;

/// The body of an answer to a client.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Option<Bytes>),
    /// Events as they come; a few wait here, and then their source.
    Events(mpsc::Receiver<Bytes>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Body>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Body::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Body::Events(events) => {
                events.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Body::Events(_) => SizeHint::default(),
        }
    }
}

pub(super) type Reply = Response<Body>;

/// A message that the engine permitted, as JSON.
pub(super) fn message(status: StatusCode, letter: &Letter) -> Reply {
    json(status, letter.bytes().clone())
}

pub(super) fn json(status: StatusCode, bytes: Bytes) -> Reply {
    let mut reply = bare(status);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *reply.body_mut() = Body::Whole(Some(bytes));
    reply
}

/// A status and nothing else.
pub(super) fn bare(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::Whole(None));
    *reply.status_mut() = status;
    reply
}

/// Events, as they come out of `events`.
pub(super) fn events(events: mpsc::Receiver<Bytes>) -> Reply {
    let mut reply = Response::new(Body::Events(events));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies on the way must not wait for more.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    reply
}

/// A request that is refused before the engine sees it, in a JSON-RPC error without an id.
pub(super) fn refuse(status: StatusCode, code: i64, words: &str) -> Reply {
    own_error(status, code, words, None)
}

/// The gateway's own error for a request that was read.
pub(super) fn own_error(status: StatusCode, code: i64, words: &str, id: Option<&Id<'_>>) -> Reply {
    let mut reply = json(status, error_text(code, words, id).into());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        reply.extensions_mut().insert(OwnLimit);
    }
    reply
}

/// The same as a message.
pub(super) fn error_text(code: i64, words: &str, id: Option<&Id<'_>>) -> Vec<u8> {
    let mut bytes = br#"{"jsonrpc":"2.0","id":"#.to_vec();
    match id {
        Some(id) => id.write(&mut bytes),
        None => bytes.extend_from_slice(b"null"),
    }
    bytes.extend_from_slice(format!(r#","error":{{"code":{code},"message":"#).as_bytes());
    bailiwick_mcp::json::escape_into(words, &mut bytes);
    bytes.extend_from_slice(b"}}");
    bytes
}

/// Marks a reply that says nothing of the server: a limit of the gateway's own was reached, or its record fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnLimit;

/// The connection is not read any further: what stands on it is not a request.
pub(super) fn closing(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

pub(super) fn wrong_method() -> Reply {
    let mut reply = refuse(StatusCode::METHOD_NOT_ALLOWED, -32600, "method not allowed");
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST, DELETE, OPTIONS"));
    reply
}

pub(super) fn challenged(challenge: &Challenge) -> Reply {
    let status = if challenge.forbidden { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    let mut reply = refuse(status, -32600, &challenge.message);
    if let Some(value) = &challenge.www_authenticate {
        reply.headers_mut().insert(WWW_AUTHENTICATE, value.clone());
    }
    reply
}

/// The status of an answer that the engine gave in the server's place. Policy never speaks in statuses: clients take 4xx
/// for a broken connection or another protocol.
pub(super) fn status_of(letter: &Letter, malformed: bool, modern: bool) -> StatusCode {
    let mut parser = Parser::default();
    let packet = Packet::parse(&mut parser, letter.bytes(), &Limits::DEFAULT);
    let Ok(Packet::One(message)) = packet else { return StatusCode::OK };
    let Shape::Error { error, .. } = &message.body else { return StatusCode::OK };
    match error.get("code").and_then(Value::integer) {
        _ if malformed => StatusCode::BAD_REQUEST,
        // 2026-07-28 gives these a status of their own.
        Some(-32022..=-32020) if modern => StatusCode::BAD_REQUEST,
        Some(-32601) if modern => StatusCode::NOT_FOUND,
        Some(_) | None => StatusCode::OK,
    }
}
