//! One of several services behind a path: how it is asked, when it is not asked any more, and its part of a session.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bailiwick_engine::Principal;
use bailiwick_mcp::framing::{Event, Part, Sse};
use bailiwick_mcp::{Limits, Timestamp};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::gate::{Gate, Worker};
use super::super::head::{LAST_EVENT, SESSION, is_type};
use super::super::post::decide;
use super::super::reply::{Body, OwnLimit, Reply, events, json};
use super::words::{self, Kept, Place};
use crate::relay::now;

/// How long one server may take of an answer that others have a part in; then it is missing there.
const TOGETHER: Duration = Duration::from_secs(10);
/// Failures in a row after which a server is not asked for a while.
const FAILURES_MAX: u32 = 3;
/// That while: the first, and the longest; it doubles.
const RESTS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// One service, and how it has been.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) gate: Arc<Gate>,
    /// Failures in a row, and until when it rests.
    failures: Mutex<(u32, Option<Instant>)>,
}

impl Member {
    pub(super) fn new(gate: Arc<Gate>) -> Member {
        Member { gate, failures: Mutex::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.gate.name
    }

    /// Whether it is asked at all. After a rest one request tries.
    pub(super) fn admits(&self) -> Result<(), String> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.1 {
            Some(until) if Instant::now() < until => {
                let left = until.saturating_duration_since(Instant::now()).as_secs() + 1;
                Err(format!("it failed {} times in a row and is asked again in {left} s", failures.0))
            }
            Some(_) => {
                // Others wait for what comes of this one.
                failures.1 = Some(Instant::now() + TOGETHER);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes down how the server did; nothing if what came says nothing of it.
    fn fared(&self, well: Option<bool>) {
        let Some(well) = well else { return };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            *failures = (0, None);
            return;
        }
        let count = failures.0.saturating_add(1);
        let rest = RESTS.0.saturating_mul(1 << count.saturating_sub(FAILURES_MAX).min(8)).min(RESTS.1);
        *failures = (count, (count >= FAILURES_MAX).then(|| Instant::now() + rest));
    }

    /// The way of any other message of this service.
    pub(super) async fn pass(&self, head: &Parts, bytes: Bytes, principal: &Arc<Principal>) -> Reply {
        let reply = pass(Arc::clone(&self.gate), head, bytes, principal).await;
        self.fared(did_well(&reply));
        reply
    }

    /// The same, while others are asked.
    pub(super) fn begin(&self, head: Parts, bytes: Bytes, principal: &Arc<Principal>) -> JoinHandle<Reply> {
        let (gate, principal) = (Arc::clone(&self.gate), Arc::clone(principal));
        tokio::spawn(async move { pass(gate, &head, bytes, &principal).await })
    }

    /// What came of it: the session that began, and the result; none where it does not know the method.
    pub(super) async fn finish(
        &self,
        task: JoinHandle<Reply>,
        limits: &Limits,
    ) -> Result<(Option<HeaderValue>, Option<Bytes>), String> {
        let abort = task.abort_handle();
        let whole = async {
            let reply = task.await.ok()?;
            let (well, session) = (did_well(&reply), reply.headers().get(SESSION).cloned());
            Some((well, session, last(reply, limits).await))
        };
        let Ok(came) = timeout(TOGETHER, whole).await else {
            abort.abort();
            self.fared(Some(false));
            return Err("it did not answer in time".to_owned());
        };
        let Some((well, session, bytes)) = came else { return Err("it broke off".to_owned()) };
        self.fared(well);
        match bytes.as_ref().and_then(|bytes| words::outcome(bytes, limits)) {
            Some(Ok(())) => Ok((session, bytes)),
            Some(Err((-32601, _))) => Ok((session, None)),
            Some(Err((_, why))) => Err(why),
            None => Err("it did not answer".to_owned()),
        }
    }

    /// Its answer in the client's words.
    pub(super) async fn outward(&self, reply: Reply) -> Reply {
        let limits = self.gate.office.with.limits;
        let (status, is_json) = (reply.status(), is_type(reply.headers(), "application/json"));
        match reply.into_body() {
            Body::Whole(Some(bytes)) if is_json => json(status, words::outward(self.name(), &bytes, &limits)),
            whole @ Body::Whole(_) => {
                let mut reply = Reply::new(whole);
                *reply.status_mut() = status;
                reply
            }
            streamed @ Body::Events(_) => {
                let (pieces, receiver) = mpsc::channel(super::PIECES_MAX);
                let place = Arc::new(Mutex::new(Place::begin(Kept::One)));
                drop(self.pump(Heard::new(streamed, &limits), pieces, How::Resumable(place)));
                events(receiver)
            }
        }
    }

    /// Passes on a stream of its events, in the client's words, until either side ends; true if the server ended it by an answer.
    pub(super) fn pump(&self, mut heard: Heard, pieces: mpsc::Sender<Bytes>, how: How) -> JoinHandle<bool> {
        let (gate, limits) = (Arc::clone(&self.gate), self.gate.office.with.limits);
        tokio::spawn(async move {
            let mut answered = false;
            loop {
                let mut out = Vec::new();
                while let Some(part) = heard.sse.next() {
                    match part {
                        Part::Event(mut event) => {
                            let data =
                                event.is_message().then(|| event.data.take()).flatten().map(Bytes::from);
                            let data = data.map(|data| words::outward(&gate.name, &data, &limits));
                            event.id = how.place(&gate.name, event.id.take());
                            event.kind = None;
                            let last =
                                data.as_ref().is_some_and(|data| words::outcome(data, &limits).is_some());
                            answered |= last;
                            let says = data.is_some() || event.id.is_some() || event.retry_ms.is_some();
                            if says && !(last && matches!(how, How::Listening)) {
                                event.write(data.as_deref(), &mut out);
                            }
                        }
                        Part::Comment(_) => out.extend_from_slice(b":\n\n"),
                        Part::TooLong { .. } => {}
                    }
                }
                let unread = gate.limits.unread_time;
                if !out.is_empty() && !matches!(timeout(unread, pieces.send(out.into())).await, Ok(Ok(()))) {
                    return answered;
                }
                let frame = tokio::select! {
                    frame = heard.body.frame() => frame,
                    () = pieces.closed() => return answered,
                };
                let Some(Ok(frame)) = frame else { return answered };
                if let Ok(data) = frame.into_data() {
                    heard.sse.extend(&data);
                }
            }
        })
    }

    /// The first message of a stream that was asked for, and the rest of it.
    pub(super) async fn first(&self, task: JoinHandle<Reply>) -> Result<(Bytes, Heard), String> {
        let limits = self.gate.office.with.limits;
        let abort = task.abort_handle();
        let whole = async {
            let reply = task.await.map_err(|_| "it broke off".to_owned())?;
            self.fared(did_well(&reply));
            let body = match reply.into_body() {
                Body::Whole(bytes) => {
                    let outcome = bytes.as_ref().and_then(|bytes| words::outcome(bytes, &limits));
                    return Err(match outcome {
                        Some(Err((_, why))) => why,
                        Some(Ok(())) | None => "it opens no stream".to_owned(),
                    });
                }
                streamed @ Body::Events(_) => streamed,
            };
            let mut heard = Heard::new(body, &limits);
            let first = heard.message().await.ok_or("it ended the stream")?;
            Ok((first, heard))
        };
        timeout(TOGETHER, whole).await.unwrap_or_else(|_| {
            abort.abort();
            self.fared(Some(false));
            Err("it did not answer in time".to_owned())
        })
    }
}

/// A stream of a server's events, and what of it is not read yet.
pub(super) struct Heard {
    body: Body,
    sse: Sse,
}

impl Heard {
    pub(super) fn new(body: Body, limits: &Limits) -> Heard {
        Heard { body, sse: Sse::new(limits) }
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> Option<Bytes> {
        loop {
            while let Some(part) = self.sse.next() {
                if let Part::Event(Event { data: Some(data), .. }) = part {
                    return Some(data.into());
                }
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.sse.extend(&data);
            }
        }
    }
}

/// What becomes of places to resume from, and of answers.
#[derive(Debug, Clone)]
pub(super) enum How {
    /// They are told, with those of the other servers on the stream.
    Resumable(Arc<Mutex<Place>>),
    /// There are none; an answer ends this server's part.
    Listening,
}

impl How {
    fn place(&self, server: &str, id: Option<Vec<u8>>) -> Option<Vec<u8>> {
        match self {
            How::Resumable(place) => place.lock().unwrap_or_else(PoisonError::into_inner).at(server, id?),
            How::Listening => None,
        }
    }
}

async fn pass(gate: Arc<Gate>, head: &Parts, bytes: Bytes, principal: &Arc<Principal>) -> Reply {
    match decide(&Worker::of(&gate), head, &bytes, principal) {
        Ok(posted) => posted.carry_out().await,
        Err(refused) => *refused,
    }
}

/// False if the service could not be asked, or did not answer; nothing if that was not its fault.
fn did_well(reply: &Reply) -> Option<bool> {
    let bad = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
    let ours = reply.extensions().get::<OwnLimit>().is_some();
    (!ours).then(|| !bad.contains(&reply.status()))
}

/// The answer in a reply, in one piece or at the end of a stream.
async fn last(reply: Reply, limits: &Limits) -> Option<Bytes> {
    let mut heard = match reply.into_body() {
        Body::Whole(bytes) => return bytes,
        streamed @ Body::Events(_) => Heard::new(streamed, limits),
    };
    loop {
        let message = heard.message().await?;
        if words::outcome(&message, limits).is_some() {
            return Some(message);
        }
    }
}

/// One client's session with several services.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) principal: Arc<Principal>,
    /// Its `initialize`, for servers that come later.
    hello: Bytes,
    /// The sessions behind it, by service.
    begun: Mutex<BTreeMap<String, HeaderValue>>,
    /// Held by whoever begins one.
    beginning: tokio::sync::Mutex<()>,
    used: AtomicI64,
    /// Its version has batches.
    batches: AtomicBool,
}

impl Whole {
    pub(super) fn new(principal: Arc<Principal>, hello: Bytes) -> Whole {
        let used = AtomicI64::new(now().as_micros());
        let beginning = tokio::sync::Mutex::const_new(());
        let batches = AtomicBool::new(false);
        Whole { principal, hello, begun: Mutex::default(), beginning, used, batches }
    }

    /// The version is settled.
    pub(super) fn settle(&self, batches: bool) {
        self.batches.store(batches, Ordering::Relaxed);
    }

    pub(super) fn has_batches(&self) -> bool {
        self.batches.load(Ordering::Relaxed)
    }

    pub(super) fn touch(&self) {
        self.used.store(now().as_micros(), Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> Timestamp {
        Timestamp(self.used.load(Ordering::Relaxed))
    }

    /// The head for a service whose session has begun.
    pub(super) fn head(&self, member: &Member, head: &Parts) -> Option<Parts> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = without_session(head);
        own.headers.insert(SESSION, begun.get(member.name())?.clone());
        Some(own)
    }

    pub(super) async fn entered(&self, name: &str, session: HeaderValue) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), session);
    }

    /// The head for a service; its session is begun if it has none, or the one that it had has ended.
    pub(super) async fn enter(&self, member: &Member, head: &Parts) -> Result<Parts, String> {
        let known = || {
            let own = self.head(member, head)?;
            let id = own.headers.get(SESSION)?;
            member.gate.sessions.find(id.as_bytes(), &self.principal).map(|_| own)
        };
        if let Some(own) = known() {
            return Ok(own);
        }
        let _one = self.beginning.lock().await;
        if let Some(own) = known() {
            return Ok(own);
        }
        let limits = member.gate.office.with.limits;
        let task = member.begin(without_session(head), self.hello.clone(), &self.principal);
        let (session, _) = member.finish(task, &limits).await?;
        let session = session.ok_or("it begins no session")?;
        self.entered(member.name(), session).await;
        let own = self.head(member, head).ok_or("it begins no session")?;
        drop(member.pass(&own, Bytes::from_static(INITIALIZED), &self.principal).await);
        Ok(own)
    }
}

const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The head of a request that is part of no session.
pub(super) fn without_session(head: &Parts) -> Parts {
    let mut head = head.clone();
    head.headers.remove(SESSION);
    head.headers.remove(LAST_EVENT);
    head
}
