//! The way to an upstream over HTTP: one pool of connections per thread, no redirects, no compression.

mod dial;
mod line;
mod pool;
mod reading;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, TRANSFER_ENCODING,
};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use tokio::time::timeout;

use self::dial::Connector;
use self::pool::Plain;
pub(super) use self::reading::Reading;
use super::fields::Fields;
use super::head::SESSION;
use super::letter::Letter;
use super::limits::HttpLimits;
use super::tls::Roots;

/// Where an upstream is, and what it is shown besides the client's own headers.
#[derive(Clone)]
pub struct Target {
    pub uri: Uri,
    /// Credentials and other headers of the operator; they replace the client's.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// By which it is believed to be who it says, where the URI is https.
    pub roots: Roots,
}

impl std::fmt::Debug for Target {
    /// The headers may be secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Target").field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// Why an upstream gave no answer that could be read.
#[derive(Debug, Error)]
pub(super) enum UpstreamError {
    #[error("the server cannot be reached")]
    Unreachable,
    #[error("the server did not answer in time")]
    Late,
    #[error("the connection to the server broke")]
    Broken,
    #[error("the server's answer is longer than the limit; see `--max-message-bytes`")]
    TooLong,
    #[error("the server sent a compressed answer, though it was asked for a plain one")]
    Compressed,
    #[error("the server sent a header twice that may be there once")]
    Twice,
    #[error("the server did not say for certain how long its answer is")]
    Unclear,
}

impl UpstreamError {
    /// How that is told over HTTP.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            UpstreamError::Late => StatusCode::GATEWAY_TIMEOUT,
            UpstreamError::Unreachable
            | UpstreamError::Broken
            | UpstreamError::TooLong
            | UpstreamError::Compressed
            | UpstreamError::Twice
            | UpstreamError::Unclear => StatusCode::BAD_GATEWAY,
        }
    }
}

/// One thread's connections to an upstream.
#[derive(Debug)]
pub(super) struct Link {
    way: Way,
    target: Target,
    answer_time: Duration,
}

#[derive(Debug)]
enum Way {
    /// HTTP/1.1 without TLS.
    Plain(Box<Plain>),
    /// With TLS, in the version that is agreed on there.
    Client(Box<Client<Connector, Full<Bytes>>>),
}

/// Headers of an answer of which two readers could take two different ones.
const ONCE: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LENGTH, TRANSFER_ENCODING, SESSION];

fn is_twice(headers: &HeaderMap) -> bool {
    let is_twice = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    // As many values as names: then none is.
    headers.len() != headers.keys_len() && ONCE.iter().any(is_twice)
}

/// Its length is said in two ways (RFC 9112, section 6.3).
fn framed_twice(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH)
}

/// Connections kept open without work, per thread.
const IDLE_CONNECTIONS_MAX: usize = 256;
/// How long they are kept: less than the 5 s after which Node's servers close theirs. A request that meets the close is lost,
/// and cannot be sent again, since the server may have begun with it.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// hyper takes no smaller one.
const HYPERS_BUFFER_MIN: usize = 8 << 10;

fn client(connector: Connector, limits: &HttpLimits) -> Client<Connector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_TIME)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .http1_max_headers(limits.headers_max)
        .http1_max_buf_size(limits.head_bytes_max.max(HYPERS_BUFFER_MIN))
        .http2_max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
        .http2_keep_alive_interval(limits.keep_alive)
        .build(connector)
}

/// What a request comes to. Those who ask for one make it at once, and wait for nothing but its answer.
type Answered = Result<Response<Reading>, UpstreamError>;

impl Link {
    pub(super) fn new(target: Target, limits: &HttpLimits) -> Link {
        let connector = dial::connector(&target, limits.connect_time);
        let way = match Plain::new(&target.uri, connector.clone(), limits) {
            Some(plain) => Way::Plain(Box::new(plain)),
            None => Way::Client(Box::new(client(connector, limits))),
        };
        Link { way, target, answer_time: limits.answer_time }
    }

    /// Posts what the engine permitted. `headers` are the client's that go on.
    pub(super) fn post(&self, headers: Fields, letter: &Letter) -> impl Future<Output = Answered> + use<'_> {
        self.put(None, headers, letter.bytes().clone())
    }

    /// The same to another place of the same origin.
    pub(super) fn post_to(
        &self,
        uri: Uri,
        headers: Fields,
        letter: &Letter,
    ) -> impl Future<Output = Answered> + use<'_> {
        self.put(Some(uri), headers, letter.bytes().clone())
    }

    /// Passes on what a gate before us permitted: for a bridge, which stands in the place of a server.
    pub(super) fn pass(&self, headers: Fields, line: Bytes) -> impl Future<Output = Answered> {
        self.put(None, headers, line)
    }

    /// The same to another place of the same origin.
    pub(super) fn pass_to(&self, uri: Uri, headers: Fields, line: Bytes) -> impl Future<Output = Answered> {
        self.put(Some(uri), headers, line)
    }

    fn put(&self, place: Option<Uri>, mut headers: Fields, bytes: Bytes) -> impl Future<Output = Answered> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        if !headers.contains(&ACCEPT) {
            headers.append(ACCEPT, accept);
        }
        self.send(place, Method::POST, headers, bytes)
    }

    /// Opens a stream of events, or ends a session.
    pub(super) fn ask(&self, method: Method, headers: Fields) -> impl Future<Output = Answered> {
        self.send(None, method, headers, Bytes::new())
    }

    fn send(
        &self,
        place: Option<Uri>,
        method: Method,
        mut headers: Fields,
        body: Bytes,
    ) -> impl Future<Output = Answered> + use<'_> {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &self.target.headers {
            headers.insert(name.clone(), value.clone());
        }
        let sent = match &self.way {
            Way::Plain(plain) => Ok(plain.send(place.as_ref(), &method, (headers, &body), self.answer_time)),
            Way::Client(client) => {
                let mut request = Request::new(Full::new(body));
                *request.method_mut() = method;
                *request.headers_mut() = headers.map();
                *request.uri_mut() = place.unwrap_or_else(|| self.target.uri.clone());
                Err(Box::pin(timeout(self.answer_time, client.request(request))))
            }
        };
        async move {
            let response = match sent {
                Ok(by_line) => by_line.await?,
                Err(by_client) => match by_client.await {
                    Ok(Ok(response)) => response.map(Reading::of),
                    Ok(Err(error)) if error.is_connect() => return Err(UpstreamError::Unreachable),
                    Ok(Err(_)) => return Err(UpstreamError::Broken),
                    Err(_) => return Err(UpstreamError::Late),
                },
            };
            let headers = response.headers();
            if is_twice(headers) || framed_twice(headers) {
                return Err(UpstreamError::Twice);
            }
            let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
            if headers.get_all(CONTENT_ENCODING).iter().all(plain) {
                Ok(response)
            } else {
                Err(UpstreamError::Compressed)
            }
        }
    }
}

/// Reads a whole body of at most `bytes_max`, within `within`.
pub(super) async fn collect(
    mut body: impl Body<Data = Bytes> + Unpin,
    bytes_max: usize,
    within: Duration,
) -> Result<Bytes, UpstreamError> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(UpstreamError::TooLong);
    }
    let reading = async {
        let mut first = Bytes::new();
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| UpstreamError::Broken)?.into_data() else { continue };
            if first.len() + rest.len() + data.len() > bytes_max {
                return Err(UpstreamError::TooLong);
            }
            // Most messages come in one piece, which is not copied.
            match (first.is_empty(), rest.is_empty()) {
                (true, true) => first = data,
                (false, true) => {
                    rest.extend_from_slice(&first);
                    rest.extend_from_slice(&data);
                    first = Bytes::new();
                }
                (_, false) => rest.extend_from_slice(&data),
            }
        }
        Ok(if rest.is_empty() { first } else { rest.into() })
    };
    let mut reading = pin!(reading);
    // What is there already needs no clock.
    if let Poll::Ready(read) = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await {
        return read;
    }
    timeout(within, reading).await.unwrap_or(Err(UpstreamError::Late))
}
