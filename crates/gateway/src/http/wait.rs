//! A request that waits for a person, or for our own look at the server's list: its client hears that it is still there.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_engine::Lane;
use bailiwick_mcp::framing::Event;
use bailiwick_mcp::{Direction, Id};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderValue};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::exchange::{Attended, Exchange, to_client};
use super::letter::What;
use super::post::unrecorded;
use super::reply::{Body, Reply, bare, events, message, status_of};
use super::run::{Owed, Run};

/// How long nothing is heard of a request that waits; then its answer is a stream, with a sign of life as often.
pub(super) const SIGN: Duration = Duration::from_secs(5);
/// A comment, which clients pass over.
pub(super) const COMMENT: &[u8] = b":\n\n";

impl Attended {
    /// Waits for what becomes of the request `id`, and sees to that.
    pub(super) async fn wait(self, mut patience: Patience, opens: bool) -> Reply {
        let id = patience.id.clone();
        if let Ok(what) = timeout(SIGN, &mut patience.waiter).await {
            return self.settled(id, what.ok(), opens).await;
        }
        if !self.takes_events() {
            let what = (&mut patience.waiter).await.ok();
            return self.settled(id, what, opens).await;
        }
        let (pieces, receiver) = mpsc::channel(1);
        let gate = std::sync::Arc::clone(&self.exchange.here.gate);
        gate.metrics.streams.inc();
        tokio::spawn(async move {
            self.wait_aloud(id, patience, &pieces).await;
            gate.metrics.streams.dec();
        });
        events(receiver)
    }

    /// True if the client may be answered by events.
    pub(super) fn takes_events(&self) -> bool {
        takes_events(self.exchange.headers.get(&ACCEPT))
    }

    async fn wait_aloud(self, id: Id<'static>, mut patience: Patience, pieces: &mpsc::Sender<Bytes>) {
        let Some(what) = self.heard_of(&id, &mut patience.waiter, pieces).await else { return };
        // A client that leaves now drops the work for it, as anywhere.
        let reply = tokio::select! {
            reply = self.settled(id, what, false) => reply,
            () = pieces.closed() => return,
        };
        match reply.into_body() {
            Body::Whole(None) => {}
            Body::Whole(Some(bytes)) => {
                let mut event = Vec::new();
                Event::default().write(Some(&bytes), &mut event);
                // Nobody may be there any more.
                let _ = pieces.send(event.into()).await;
            }
            mut streamed @ Body::Events(_) => {
                while let Some(Ok(frame)) = streamed.frame().await {
                    let Ok(data) = frame.into_data() else { continue };
                    if pieces.send(data).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// What becomes of the request, with signs of life until then; nothing if its client left or took it back.
    async fn heard_of(
        &self,
        id: &Id<'static>,
        waiter: &mut oneshot::Receiver<What>,
        pieces: &mpsc::Sender<Bytes>,
    ) -> Option<Option<What>> {
        let exchange = &self.exchange;
        loop {
            let mut out = COMMENT.to_vec();
            match exchange.run.still_waits(exchange.lane, id) {
                Some(decided) => {
                    for letter in to_client(exchange.settle(decided, Direction::ToClient).await) {
                        Event::default().write(Some(letter.bytes()), &mut out);
                    }
                }
                None => {
                    // It is decided, or was taken back: then nobody will answer it.
                    let decided = timeout(SIGN, &mut *waiter).await.ok();
                    waiter.close();
                    exchange.run.forget(exchange.lane, id);
                    return decided.map(Result::ok);
                }
            }
            if pieces.send(out.into()).await.is_err() {
                return None;
            }
            tokio::select! {
                what = &mut *waiter => return Some(what.ok()),
                () = pieces.closed() => return None,
                () = sleep(SIGN) => {}
            }
        }
    }

    /// Sees to what became of the request `id`.
    async fn settled(mut self, id: Id<'static>, what: Option<What>, opens: bool) -> Reply {
        match what {
            None if self.exchange.run.office().recorder.records() => over(),
            None => unrecorded(&id),
            Some(What::ToServer { letter, request: call @ Some(_) }) => {
                self.exchange.sent.push(Owed { id, call });
                self.forward(letter, opens).await
            }
            Some(What::ToServer { letter, request: None }) => {
                self.exchange.pass(&letter, std::slice::from_ref(&letter)).await
            }
            Some(What::ToClient(letter)) => message(status_of(&letter, false, self.exchange.modern), &letter),
            Some(What::Ask(_) | What::Keep(_)) => bare(StatusCode::ACCEPTED),
        }
    }
}

/// True if a client that says this in `Accept` may be answered by events.
pub(super) fn takes_events(accept: Option<&HeaderValue>) -> bool {
    let accept = accept.and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream") || accept.contains("*/*"))
}

/// A client that waits for what becomes of its request. Should it leave, the only sign of which is that this is dropped, nobody
/// needs to be asked any more, and what was decided meanwhile is not sent.
pub(super) struct Patience {
    run: Arc<Run>,
    lane: Lane,
    id: Id<'static>,
    waiter: oneshot::Receiver<What>,
}

impl Patience {
    pub(super) fn new(exchange: &Exchange, (id, waiter): (Id<'static>, oneshot::Receiver<What>)) -> Patience {
        Patience { run: Arc::clone(&exchange.run), lane: exchange.lane, id, waiter }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        // Closed is what was heard out, or taken back; its id may be another request's by now.
        if !matches!(self.waiter.try_recv(), Err(TryRecvError::Closed)) {
            drop(self.run.unanswered(self.lane, &self.id, self.run.office().why_dropped()));
        }
    }
}

/// The end of a request that its client took back: no answer.
fn over() -> Reply {
    let (_, nothing) = mpsc::channel(1);
    events(nothing)
}
