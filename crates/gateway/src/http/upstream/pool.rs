//! One thread's idle connections to an upstream over plain HTTP/1.1, and how a request is sent on one of them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bailiwick_mcp::framing::http1::BodyReader;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use hyper::{Method, Response, Uri};
use hyper_rustls::MaybeHttpsStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tower_service::Service as _;

use super::dial::Connector;
use super::line::{HeadLimits, Line, Missed};
use super::reading::Reading;
use super::{HttpLimits, IDLE_CONNECTIONS_MAX, IDLE_TIME, UpstreamError};
use crate::http::fields::Fields;
use crate::http::wire::{Answered, Outbox};

/// The way to one origin.
pub(super) struct Plain {
    connector: Connector,
    limits: HeadLimits,
    authority: Authority,
    /// What is dialled.
    origin: Uri,
    /// What the header `Host` says.
    host: HeaderValue,
    /// The path of the place that nearly all requests go to.
    usual: Uri,
    pool: Arc<Pool>,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Plain").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Plain {
    /// Nothing if `uri` is not of plain HTTP.
    pub(super) fn new(uri: &Uri, connector: Connector, limits: &HttpLimits) -> Option<Plain> {
        if uri.scheme() != Some(&Scheme::HTTP) {
            return None;
        }
        let authority = uri.authority()?.clone();
        let host = match authority.port_u16() {
            Some(port) if port != 80 => format!("{}:{port}", authority.host()),
            Some(_) | None => authority.host().to_owned(),
        };
        let host = HeaderValue::try_from(host).ok()?;
        let mut parts = Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        let origin = Uri::from_parts(parts).ok()?;
        let limits = HeadLimits { bytes_max: limits.head_bytes_max, fields_max: limits.headers_max };
        let usual = path(uri);
        Some(Plain { connector, limits, authority, origin, host, usual, pool: Arc::default() })
    }

    /// Sends a request to its usual place, or another one of this origin, and returns the head of its answer, which must be there
    /// in time. What can be done without waiting is done at once, so that there is little to keep until the answer comes.
    ///
    /// A request that was not begun because its connection was closed while it lay idle is sent on another one; one that was is
    /// lost with its connection, since the server may have begun with it.
    pub(super) fn send(
        &self,
        place: Option<&Uri>,
        method: &Method,
        (headers, body): (Fields, &Bytes),
        within: Duration,
    ) -> impl Future<Output = Result<Response<Reading>, UpstreamError>> + use<'_> {
        let now = Instant::now();
        let time = (now, now + within);
        let begun = self.begin(place, method, (headers, body), time);
        async move {
            let request = match begun? {
                Begun::On(line) => match self.hear(line, false).await {
                    Err(Missed::NotBegun(request)) => request,
                    Err(Missed::Failed(why)) => return Err(why),
                    Ok(response) => return Ok(response),
                },
                Begun::Not(request) => request,
            };
            Box::pin(self.send_anew(request, time)).await
        }
    }

    /// Begins a request on a connection that lies idle, if there is one.
    fn begin(
        &self,
        place: Option<&Uri>,
        method: &Method,
        (mut headers, body): (Fields, &Bytes),
        time: (Instant, Instant),
    ) -> Result<Begun, UpstreamError> {
        // A request of HTTP/1.1 names its place, and in `Host` the origin (RFC 9112, section 3.2.1).
        let elsewhere = match place {
            None => None,
            Some(uri) if self.leads_to(uri) => Some(path(uri)),
            // Callers lead nobody to another origin.
            Some(_) => return Err(UpstreamError::Unreachable),
        };
        if !headers.contains(&HOST) {
            headers.append(HOST, self.host.clone());
        }
        let line = self.pool.take(time);
        let mut request = Outbox::default();
        request.put_request(method, elsewhere.as_ref().unwrap_or(&self.usual), &headers, body);
        self.begin_on(line, request, time)
    }

    /// Begins it on `line`, or the next one that still takes it.
    fn begin_on(
        &self,
        mut line: Option<Box<Line>>,
        mut request: Outbox,
        time: (Instant, Instant),
    ) -> Result<Begun, UpstreamError> {
        while let Some(mut tried) = line {
            match tried.begin(request) {
                Ok(()) => return Ok(Begun::On(tried)),
                Err(Missed::NotBegun(again)) => request = again,
                Err(Missed::Failed(why)) => return Err(why),
            }
            line = self.pool.take(time);
        }
        Ok(Begun::Not(request))
    }

    /// Sends a request on whatever idle connection still takes it, or on a new one.
    async fn send_anew(
        &self,
        mut request: Outbox,
        time: (Instant, Instant),
    ) -> Result<Response<Reading>, UpstreamError> {
        loop {
            let (line, is_new) = match self.begin_on(self.pool.take(time), request, time)? {
                Begun::On(line) => (line, false),
                Begun::Not(request) => {
                    let mut line = self.dial(time.1).await?;
                    line.begin(request).map_err(|_| UpstreamError::Broken)?;
                    (line, true)
                }
            };
            match self.hear(line, is_new).await {
                Err(Missed::NotBegun(again)) => request = again,
                Err(Missed::Failed(why)) => return Err(why),
                Ok(response) => return Ok(response),
            }
        }
    }

    /// Waits for the head of the answer to a request that is under way on `line`.
    async fn hear(&self, mut line: Box<Line>, is_new: bool) -> Result<Response<Reading>, Missed> {
        match poll_fn(|context| line.poll_answer(context, self.limits)).await {
            Ok(Answered { head, extent, keeps }) => {
                let body = Reading::on(line, BodyReader::new(extent), keeps, &self.pool);
                Ok(Response::from_parts(head, body))
            }
            // A new one does not take it either.
            Err(Missed::NotBegun(_)) if is_new => Err(Missed::Failed(UpstreamError::Broken)),
            Err(missed) => Err(missed),
        }
    }

    fn leads_to(&self, uri: &Uri) -> bool {
        uri.scheme() == Some(&Scheme::HTTP) && uri.authority() == Some(&self.authority)
    }

    async fn dial(&self, end: Instant) -> Result<Box<Line>, UpstreamError> {
        let mut connector = self.connector.clone();
        let dialling = async {
            poll_fn(|context| connector.poll_ready(context)).await.map_err(|_| UpstreamError::Unreachable)?;
            match connector.call(self.origin.clone()).await {
                Ok(MaybeHttpsStream::Http(stream)) => Ok(stream.into_inner()),
                Ok(MaybeHttpsStream::Https(_)) | Err(_) => Err(UpstreamError::Unreachable),
            }
        };
        let stream = timeout_at(end, dialling).await.unwrap_or(Err(UpstreamError::Late))?;
        Ok(Box::new(Line::new(stream, end)))
    }
}

enum Begun {
    /// A box is moved once; what is waited for within another future is moved with each.
    On(Box<Line>),
    Not(Outbox),
}

/// The path of `uri` alone; `/` if it has none.
fn path(uri: &Uri) -> Uri {
    let mut parts = Parts::default();
    parts.path_and_query = uri.path_and_query().filter(|path| path.as_str() != "/").cloned();
    if parts.path_and_query.is_none() {
        return Uri::default();
    }
    Uri::from_parts(parts).unwrap_or_default()
}

/// Connections without work.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// Since when each is, the longest first.
    lines: Vec<(Instant, Box<Line>)>,
    /// Wakes the task that looks after them.
    keeper: Option<Waker>,
    /// That task has a time at which it looks by itself.
    looks: bool,
    /// It ends with the pool.
    task: JoinSet<()>,
}

impl std::fmt::Debug for Idle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Idle").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, unless its time is over or it was closed; for a request that has until `end`.
    fn take(&self, (now, end): (Instant, Instant)) -> Option<Box<Line>> {
        loop {
            let (since, mut line) = self.idle().lines.pop()?;
            if now < since + IDLE_TIME && line.take_up(end) {
                return Some(line);
            }
        }
    }

    /// Keeps a connection whose request is answered, unless it is closed or there are enough.
    pub(super) fn put_back(self: &Arc<Pool>, mut line: Box<Line>) {
        let mut idle = self.idle();
        let keeper = idle.keeper.as_ref().unwrap_or(Waker::noop());
        if idle.lines.len() >= IDLE_CONNECTIONS_MAX || !line.is_kept(keeper) {
            drop(idle);
            return;
        }
        idle.lines.push((Instant::now(), line));
        if idle.task.is_empty() {
            let keeper = Keeper { pool: Arc::downgrade(self), next: Box::pin(sleep_until(Instant::now())) };
            idle.task.spawn(keeper);
            idle.looks = true;
        } else if !std::mem::replace(&mut idle.looks, true)
            && let Some(keeper) = &idle.keeper
        {
            keeper.wake_by_ref();
        }
    }
}

/// Looks after idle connections: closes what was closed at the other end, and what is idle for too long.
struct Keeper {
    pool: Weak<Pool>,
    next: Pin<Box<Sleep>>,
}

impl Future for Keeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Keeper>, context: &mut Context<'_>) -> Poll<()> {
        let Some(pool) = self.pool.upgrade() else { return Poll::Ready(()) };
        let mut gone = Vec::new();
        let mut idle = pool.idle();
        let Idle { lines, keeper, looks, .. } = &mut *idle;
        let waker = context.waker();
        if !keeper.as_ref().is_some_and(|keeper| keeper.will_wake(waker)) {
            *keeper = Some(waker.clone());
        }
        let now = Instant::now();
        gone.extend(lines.extract_if(.., |(since, line)| now >= *since + IDLE_TIME || !line.is_kept(waker)));
        *looks = false;
        if let Some((since, _)) = lines.first() {
            *looks = true;
            self.next.as_mut().reset(*since + IDLE_TIME);
            if self.next.as_mut().poll(context).is_ready() {
                waker.wake_by_ref();
            }
        }
        drop(idle);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_request_names_the_path_and_nothing_else() {
        for (uri, named) in [
            ("http://h.example/mcp?a=b", "/mcp?a=b"),
            ("http://h.example:8080", "/"),
            ("http://h.example/", "/"),
            ("http://h.example?a=b", "/?a=b"),
        ] {
            assert_eq!(path(&uri.parse().unwrap()).to_string(), named, "{uri}");
        }
    }
}
