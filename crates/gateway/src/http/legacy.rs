//! HTTP+SSE of 2024-11-05 towards clients: one stream for everything that the server says, and POSTs that are answered on it.
//! Only the outside of the transport: what is posted goes the way of any other POST.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::Principal;
use bailiwick_mcp::framing::Event;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::endpoint::{ENDED_BY_CLIENT, end, listen};
use super::front::Sent;
use super::gate::{Phase, Worker, until};
use super::head::{SESSION, VERSION, is_type};
use super::office::OVER;
use super::post::receive;
use super::reply::{Body, Reply, bare, events, refuse};
use super::sessions::{fresh, same};

/// Pieces of a stream that a slow client leaves unread; then whoever brings more waits.
const PIECES_MAX: usize = 16;

/// The open streams of one service.
#[derive(Debug, Default)]
pub(super) struct Talks {
    table: Mutex<HashMap<String, Arc<Talk>>>,
}

/// One client's stream.
#[derive(Debug)]
struct Talk {
    principal: Arc<Principal>,
    pieces: mpsc::Sender<Bytes>,
    /// The session behind it, once it has begun.
    session: Mutex<Option<HeaderValue>>,
}

impl Talks {
    fn table(&self) -> MutexGuard<'_, HashMap<String, Arc<Talk>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    fn session(&self) -> Option<HeaderValue> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The head of a request of Streamable HTTP that means the same. What the client says of sessions and versions was never
    /// part of this transport.
    fn head(&self, head: &Parts) -> Parts {
        let mut head = head.clone();
        head.headers.remove(VERSION);
        head.headers.remove(SESSION);
        if let Some(session) = self.session() {
            head.headers.insert(SESSION, session);
        }
        head
    }

    /// Says what `reply` says on the stream.
    async fn say(&self, reply: Reply, unread: std::time::Duration) {
        let json = is_type(reply.headers(), "application/json");
        match reply.into_body() {
            Body::Whole(Some(bytes)) if json => {
                let mut out = Vec::new();
                let kind = Some(b"message".to_vec());
                Event { kind, ..Event::default() }.write(Some(&bytes), &mut out);
                let _ = timeout(unread, self.pieces.send(out.into())).await;
            }
            Body::Whole(_) => {}
            mut streamed @ Body::Events(_) => {
                while let Some(Ok(frame)) = streamed.frame().await {
                    let Ok(data) = frame.into_data() else { continue };
                    // A client that does not read loses its stream, and with it what it was for.
                    if !matches!(timeout(unread, self.pieces.send(data)).await, Ok(Ok(()))) {
                        return;
                    }
                }
            }
        }
    }
}

/// GET: opens the stream, whose first event says where to post.
pub(super) async fn open(
    here: &Arc<Worker>,
    head: &Parts,
    principal: &Arc<Principal>,
    messages: &str,
) -> Reply {
    let gate = &here.gate;
    let Some(id) = fresh() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, 4029, "no random bytes");
    };
    let (pieces, receiver) = mpsc::channel(PIECES_MAX);
    let talk = Arc::new(Talk {
        principal: Arc::clone(principal),
        pieces: pieces.clone(),
        session: Mutex::default(),
    });
    {
        let mut table = gate.sessions.talks.table();
        if table.len() >= gate.limits.sessions_max {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, 4029, "too many sessions; see `--max-sessions`");
        }
        table.insert(id.clone(), Arc::clone(&talk));
    }
    let mut first = Vec::new();
    let kind = Some(b"endpoint".to_vec());
    let place = format!("{messages}?sessionId={id}");
    Event { kind, ..Event::default() }.write(Some(place.as_bytes()), &mut first);
    // It has room for one.
    let _ = pieces.try_send(first.into());
    drop(pieces);
    let (here, head) = (Arc::clone(here), head.clone());
    tokio::spawn(async move {
        let mut phase = here.gate.phase.clone();
        here.gate.metrics.streams.inc();
        let why = tokio::select! {
            () = talk.pieces.closed() => ENDED_BY_CLIENT,
            () = until(&mut phase, Phase::Over) => OVER,
        };
        here.gate.metrics.streams.dec();
        here.gate.sessions.talks.table().remove(&id);
        if talk.session().is_some() {
            drop(end(&here, &talk.head(&head), &talk.principal, why).await);
        }
    });
    events(receiver)
}

/// POST: a message of a client, answered on its stream.
pub(super) async fn message(
    here: &Arc<Worker>,
    head: &Parts,
    body: Sent,
    principal: &Arc<Principal>,
) -> Reply {
    let gate = &here.gate;
    let query = head.uri.query().unwrap_or_default();
    let id = query.split('&').find_map(|pair| pair.strip_prefix("sessionId="));
    let talk = id.and_then(|id| gate.sessions.talks.table().get(id).cloned());
    // Another's is as none.
    let Some(talk) = talk.filter(|talk| same(&talk.principal, principal)) else {
        return refuse(StatusCode::NOT_FOUND, -32001, "session not found");
    };
    let begun = talk.session().is_some();
    let own = talk.head(head);
    let posted = match receive(here, &own, body, principal).await {
        Ok(posted) => posted,
        Err(refused) => return *refused,
    };
    let unread = gate.limits.unread_time;
    if !posted.asks() {
        // What comes next must not overtake it.
        let reply = posted.carry_out().await;
        return if reply.status().is_success() { bare(StatusCode::ACCEPTED) } else { reply };
    }
    let (here, head) = (Arc::clone(here), head.clone());
    tokio::spawn(async move {
        let reply = posted.carry_out().await;
        if let (false, Some(session)) = (begun, reply.headers().get(SESSION)) {
            *talk.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
            let (talk, head) = (Arc::clone(&talk), talk.head(&head));
            // What the server says by itself, if it says anything.
            tokio::spawn(async move {
                let said = listen(&here, &head, &talk.principal).await;
                if said.status().is_success() {
                    talk.say(said, unread).await;
                }
            });
        }
        talk.say(reply, unread).await;
    });
    bare(StatusCode::ACCEPTED)
}
