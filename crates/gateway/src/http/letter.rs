//! What the engine permitted, on its way: the only bytes of messages that leave a gateway (law 2).

use bailiwick_engine::{Decision, Effect, Event, Lane, Permitted, Quarantined, Question};
use bailiwick_mcp::{Direction, Id, Packet};
use hyper::body::Bytes;
use tokio::sync::oneshot;

use super::gate::Gate;
use super::onward::Trace;

/// A message, or several in one array, that the engine permitted.
#[derive(Debug, Clone)]
pub(super) struct Letter(Bytes);

impl Letter {
    /// Shares the bytes of `original` where the message is a part of it, which it is unless policy changed it.
    fn new(message: &Permitted<'_>, original: &Bytes) -> Letter {
        let bytes = message.bytes();
        let (from, start) = (original.as_ptr() as usize, bytes.as_ptr() as usize);
        let shared = start.checked_sub(from).filter(|at| at + bytes.len() <= original.len());
        Letter(match shared {
            Some(at) => original.slice(at..at + bytes.len()),
            None => Bytes::copy_from_slice(bytes),
        })
    }

    /// Several messages as one JSON-RPC batch; of those that are batches, their members.
    pub(super) fn batch(letters: &[Letter]) -> Letter {
        let mut joined = vec![b'['];
        for (index, letter) in letters.iter().enumerate() {
            if index > 0 {
                joined.push(b',');
            }
            let whole = letter.0.trim_ascii();
            let members = whole.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
            joined.extend_from_slice(members.unwrap_or(whole));
        }
        joined.push(b']');
        Letter(joined.into())
    }

    /// The same with the client's place in a distributed trace, of which no rule speaks; the rest stays as it was permitted.
    pub(super) fn traced(self, gate: &Gate, trace: &Trace) -> Letter {
        let bytes = gate.parse(&self.0, |packet| match packet {
            Ok(Packet::One(message)) => {
                let splice = trace.beside(&message)?;
                Some(splice.apply(message.raw(), message.value().span().0))
            }
            Ok(Packet::Batch(_)) | Err(_) => None,
        });
        bytes.map_or(self, |bytes| Letter(bytes.into()))
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.0
    }
}

/// One thing to do, whom it concerns, and who waits to do it.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) lane: Lane,
    pub(super) id: Option<Id<'static>>,
    pub(super) what: What,
    /// The exchange that waited for this.
    pub(super) waiter: Option<oneshot::Sender<What>>,
}

#[derive(Debug)]
pub(super) enum What {
    /// `request`: the server owes an answer to the call of this number.
    ToServer {
        letter: Letter,
        request: Option<u64>,
    },
    ToClient(Letter),
    Ask(Box<Question>),
    Keep(Box<Quarantined>),
}

impl Act {
    /// What is to be done of an outcome, in its order.
    pub(super) fn of(
        decision: &Decision<'_>,
        effects: Vec<Effect<'_>>,
        original: &Bytes,
        acts: &mut Vec<Act>,
    ) {
        let asks = matches!(decision.event, Event::Decision | Event::Approval);
        let request = asks && decision.direction == Direction::ToServer && !decision.method.is_empty();
        let id = decision.id.clone().map(Id::into_owned);
        for effect in effects {
            let what = match effect {
                Effect::Send { to: Direction::ToServer, message } => What::ToServer {
                    letter: Letter::new(&message, original),
                    request: (request && id.is_some()).then_some(decision.call),
                },
                Effect::Send { to: Direction::ToClient, message } => {
                    What::ToClient(Letter::new(&message, original))
                }
                Effect::Ask(question) => What::Ask(question),
                Effect::Quarantine(kept) => What::Keep(kept),
                // What waits for a person is answered at once here.
                Effect::Withdraw(_) => continue,
            };
            acts.push(Act { lane: decision.lane, id: id.clone(), what, waiter: None });
        }
    }

    /// The same for an effect that takes the place of another, for the same exchange.
    pub(super) fn instead(lane: Lane, id: Option<Id<'static>>, effect: &Effect<'_>) -> Option<Act> {
        let what = match effect {
            Effect::Send { to: Direction::ToServer, message } => {
                What::ToServer { letter: Letter::new(message, &Bytes::new()), request: None }
            }
            Effect::Send { to: Direction::ToClient, message } => {
                What::ToClient(Letter::new(message, &Bytes::new()))
            }
            Effect::Ask(_) | Effect::Withdraw(_) | Effect::Quarantine(_) => return None,
        };
        Some(Act { lane, id, what, waiter: None })
    }
}
