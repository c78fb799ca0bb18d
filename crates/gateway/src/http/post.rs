//! POST: one message, or a batch, from a client.

use std::sync::Arc;

use bailiwick_engine::{Lane, Principal};
use bailiwick_mcp::session::{Asked, Belongs};
use bailiwick_mcp::{Body as Shape, Direction, Id, Malformed, Message, Packet};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;

use super::exchange::{Attended, Exchange};
use super::front::Sent;
use super::gate::{Way, Worker};
use super::head::{SESSION, VERSION, agrees, arguments, check_body};
use super::letter::{Letter, What};
use super::onward::Onward;
use super::reply::{Reply, bare, closing, message, own_error, refuse, status_of};
use super::run::{Decided, Owed, Party};
use super::sessions::NoRun;
use super::upstream::{UpstreamError, collect};
use super::wait::Patience;

/// A POST that was decided over, before anything is done.
pub(super) struct Posted {
    exchange: Exchange,
    decided: Decided,
    batch: bool,
    /// It is `initialize`, outside of any session.
    opens: bool,
}

pub(super) async fn post(here: &Arc<Worker>, head: &Parts, body: Sent, principal: &Arc<Principal>) -> Reply {
    match receive(here, head, body, principal).await {
        Ok(posted) => posted.carry_out().await,
        Err(refused) => *refused,
    }
}

/// Reads a POST and decides over it.
pub(super) async fn receive(
    here: &Arc<Worker>,
    head: &Parts,
    body: Sent,
    principal: &Arc<Principal>,
) -> Result<Posted, Box<Reply>> {
    let closed = |reply| Err(Box::new(closing(reply)));
    if let Err(refused) = check_body(&head.headers) {
        return closed(*refused);
    }
    let gate = &here.gate;
    let bytes_max = gate.office.with.limits.message_bytes_max;
    let bytes = match collect(body, bytes_max, gate.limits.body_time).await {
        Ok(bytes) => bytes,
        Err(UpstreamError::TooLong) => {
            let words = "the message is longer than the limit; see `--max-message-bytes`";
            return closed(refuse(StatusCode::PAYLOAD_TOO_LARGE, -32600, words));
        }
        Err(UpstreamError::Late) => {
            return closed(refuse(StatusCode::REQUEST_TIMEOUT, -32600, "the body did not come in time"));
        }
        Err(_) => return closed(refuse(StatusCode::BAD_REQUEST, -32700, "the body broke off")),
    };
    decide(here, head, &bytes, principal)
}

/// Finds the run that the message belongs to, and decides.
pub(super) fn decide(
    here: &Arc<Worker>,
    head: &Parts,
    bytes: &Bytes,
    principal: &Arc<Principal>,
) -> Result<Posted, Box<Reply>> {
    let gate = &here.gate;
    gate.parse(bytes, |packet| {
        let one = match &packet {
            Ok(Packet::One(message)) => Some(message),
            Ok(Packet::Batch(_)) | Err(_) => None,
        };
        let disagrees = one.and_then(|message| agrees(&head.headers, message).err());
        let asked_for = Asked {
            id: head.headers.get(SESSION).map(HeaderValue::as_bytes),
            modern: one.is_some_and(|message| message.stated_version().is_some()),
            initialize: one.is_some_and(|message| message.method() == Some("initialize")),
            broken: packet.is_err() || disagrees.is_some(),
        };
        let (modern, belongs) = (asked_for.modern, asked_for.belongs());
        let opens = belongs == Belongs::Begins;
        let session = match belongs {
            Belongs::To(id) => Some(gate.sessions.find(id, principal).ok_or_else(no_session)?),
            Belongs::Begins | Belongs::Alone | Belongs::Nowhere => None,
        };
        let run = match (&session, belongs) {
            (Some(session), _) => Ok(Arc::clone(&session.run)),
            (None, Belongs::Begins) => gate.sessions.begin(&gate.office, principal, &gate.limits),
            (None, Belongs::Alone) => {
                let name = gate.run_by.as_ref().map(|by| by.name(&head.headers, principal, one));
                let name = name.unwrap_or(Ok(None));
                let name = name.map_err(|why| {
                    let ids = asked(&packet);
                    Box::new(own_error(StatusCode::BAD_REQUEST, -32600, why, ids.first()))
                })?;
                gate.sessions.alone(&gate.office, (principal, name), &gate.limits)
            }
            (None, Belongs::Nowhere | Belongs::To(_)) => {
                let words = "no header `Mcp-Session-Id`: a session begins with `initialize`";
                return Err(Box::new(refuse(StatusCode::BAD_REQUEST, -32600, words)));
            }
        };
        let run = run.map_err(no_run)?;
        let lane = if session.is_none() && !opens { run.new_lane() } else { Lane::default() };
        let ids = asked(&packet);
        let batch = matches!(packet, Ok(Packet::Batch(_)));
        let packet = match (disagrees, session.is_some() && !modern && unknown_version(head)) {
            (Some(cause), _) => Err(Malformed { id: ids.first().cloned(), ..Malformed::new(cause) }),
            (None, true) => {
                return Err(Box::new(refuse(
                    StatusCode::BAD_REQUEST,
                    -32600,
                    "`MCP-Protocol-Version` names no version that is governed here",
                )));
            }
            (None, false) => packet,
        };
        let repeated = modern.then(|| arguments(&head.headers));
        let client = Party::Client(principal, repeated.as_ref());
        let decided = run.receive(lane, client, packet, bytes, &ids);
        let headers = Onward::of(&head.headers, &gate.forward, modern);
        let exchange = Exchange {
            here: Arc::clone(here),
            run,
            session: None,
            process: None,
            lane,
            modern,
            ids,
            sent: Vec::new(),
            headers,
        };
        Ok(Posted { exchange: exchange.in_session(session), decided, batch, opens })
    })
}

/// A legacy message in a version that nobody knows.
fn unknown_version(head: &Parts) -> bool {
    let named = head.headers.get(VERSION).map(|value| value.to_str().unwrap_or_default());
    named.is_some_and(|named| bailiwick_mcp::Version::from_wire(named).is_none())
}

/// The ids of the requests in it.
pub(super) fn asked(packet: &Result<Packet<'_>, Malformed>) -> Vec<Id<'static>> {
    let id = |message: &Message<'_>| match &message.body {
        Shape::Request { id, .. } => Some(id.clone().into_owned()),
        Shape::Notification { .. } | Shape::Result { .. } | Shape::Error { .. } => None,
    };
    match packet {
        Ok(Packet::One(message)) => id(message).into_iter().collect(),
        Ok(Packet::Batch(members)) => members.iter().flatten().filter_map(id).collect(),
        Err(_) => Vec::new(),
    }
}

fn no_session() -> Box<Reply> {
    // Clients begin a new one when they read this.
    Box::new(refuse(StatusCode::NOT_FOUND, -32001, "session not found"))
}

fn no_run(cause: NoRun) -> Box<Reply> {
    let words = match cause {
        NoRun::Full => "too many sessions; see `--max-sessions`",
        NoRun::Random => "no random bytes",
        NoRun::Unrecorded => "the audit log cannot be written",
    };
    Box::new(refuse(StatusCode::SERVICE_UNAVAILABLE, 4029, words))
}

impl Posted {
    /// True if there are requests in it.
    pub(super) fn asks(&self) -> bool {
        !self.exchange.ids.is_empty()
    }

    pub(super) async fn carry_out(self) -> Reply {
        let Posted { exchange, mut decided, batch, opens } = self;
        let mut attended = Attended::new(exchange);
        // Decided is decided: a client that leaves while that is written leaves no request behind that nobody answers.
        attended.exchange.sent = decided.sent_on(attended.exchange.lane, &attended.exchange.ids);
        let exchange = &attended.exchange;
        let (malformed, modern) = (decided.malformed, exchange.modern);
        let mut undecided = std::mem::take(&mut decided.undecided);
        // Nor one that a person is asked about.
        let alone = undecided.pop_if(|_| !batch);
        let patience = alone.map(|undecided| Patience::new(exchange, undecided));
        let acts = exchange.settle(decided, Direction::ToServer).await;
        if !batch {
            if let Some(patience) = patience {
                return Box::pin(attended.wait(patience, opens)).await;
            }
            let (mut onward, mut refused) = (None, None);
            for act in acts {
                match act.what {
                    What::ToServer { letter, request } => onward = Some((letter, request)),
                    What::ToClient(letter) => refused = Some(letter),
                    What::Ask(_) | What::Keep(_) => {}
                }
            }
            return match (onward, refused) {
                (Some((letter, Some(_))), _) => attended.forward(letter, opens).await,
                (Some((letter, None)), _) => {
                    Box::pin(attended.exchange.pass(&letter, std::slice::from_ref(&letter))).await
                }
                (None, Some(letter)) => message(status_of(&letter, malformed, modern), &letter),
                (None, None) => bare(StatusCode::ACCEPTED),
            };
        }
        let (mut onward, mut refused): (Vec<(Letter, bool)>, Vec<Letter>) = (Vec::new(), Vec::new());
        let mut take = |what: What| match what {
            What::ToServer { letter, request } => onward.push((letter, request.is_some())),
            What::ToClient(letter) => refused.push(letter),
            What::Ask(_) | What::Keep(_) => {}
        };
        acts.into_iter().for_each(|act| take(act.what));
        let owes = onward.iter().any(|(_, request)| *request);
        let letters: Vec<Letter> = onward.into_iter().map(|(letter, _)| letter).collect();
        match (letters.is_empty(), owes || !undecided.is_empty()) {
            (true, false) if malformed => match refused.first() {
                Some(letter) => message(StatusCode::BAD_REQUEST, letter),
                None => bare(StatusCode::BAD_REQUEST),
            },
            (true, false) if refused.is_empty() => bare(StatusCode::ACCEPTED),
            (true, false) => message(StatusCode::OK, &Letter::batch(&refused)),
            (false, false) if refused.is_empty() => {
                Box::pin(exchange.pass(&Letter::batch(&letters), &letters)).await
            }
            _ => {
                let late = undecided.iter().map(|(id, _)| Owed { id: id.clone(), call: None });
                attended.exchange.sent.extend(late);
                Box::pin(attended.batch(letters, refused, undecided)).await
            }
        }
    }
}

pub(super) const UNRECORDED: &str = "the audit log cannot be written, so nothing is sent on";

pub(super) fn unrecorded(id: &Id<'_>) -> Reply {
    own_error(StatusCode::SERVICE_UNAVAILABLE, 4050, UNRECORDED, Some(id))
}

impl Exchange {
    /// Sends notifications, or the client's answers to the server: a whole batch to one over HTTP, its members to one over stdio.
    pub(super) async fn pass(&self, letter: &Letter, members: &[Letter]) -> Reply {
        let link = match &self.here.way {
            Way::Http(link) => link,
            Way::Stdio(stable) => {
                for member in members {
                    if self.errand_by_pipe(stable, member, None).await.is_err() {
                        return refuse(
                            StatusCode::BAD_GATEWAY,
                            -32603,
                            "the server has ended, or does not read",
                        );
                    }
                }
                return bare(StatusCode::ACCEPTED);
            }
        };
        match link.post(self.headers.fields(), letter).await {
            Ok(response) if response.status().is_success() => bare(StatusCode::ACCEPTED),
            Ok(response) => {
                if let Some(session) = self.session.as_ref().filter(|own| own.is_gone_by(response.status())) {
                    self.end_session(session, "the server does not know the session").await;
                }
                let status = response.status();
                let passes = status.is_client_error() || status.is_server_error();
                let status = if passes && status != StatusCode::UNAUTHORIZED {
                    status
                } else {
                    StatusCode::BAD_GATEWAY
                };
                refuse(status, -32603, "the server did not take the message")
            }
            Err(error) => {
                self.here.gate.failed();
                refuse(error.status(), -32603, &error.to_string())
            }
        }
    }
}
