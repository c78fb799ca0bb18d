//! Who hears what of a server over stdio: answers go to whoever asked, progress too, the rest to the session's stream.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bailiwick_engine::{Engine, Lane};
use bailiwick_mcp::framing::Event;
use bailiwick_mcp::message::read_id;
use bailiwick_mcp::{Body as Shape, Id, Limits, Packet, Parser};
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::letter::Letter;

/// Messages kept for a client that has no stream open; beyond it the oldest is dropped.
const KEPT_MAX: usize = 64;
/// Pieces of an answer that wait for a slow client; then the server waits.
const PIECES_MAX: usize = 4;

/// What comes for one exchange, until it is read.
pub(super) fn pieces() -> (mpsc::Sender<Said>, mpsc::Receiver<Said>) {
    mpsc::channel(PIECES_MAX)
}

/// The open exchanges of one server process.
#[derive(Debug, Default)]
pub(super) struct Desk {
    state: Mutex<State>,
}

/// One message of a server.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) letter: Letter,
    /// It is the answer, and the last.
    pub(super) answers: bool,
}

impl Said {
    /// As an event of a stream.
    pub(super) fn event(&self) -> Bytes {
        let mut event = Vec::new();
        Event::default().write(Some(self.letter.bytes()), &mut event);
        event.into()
    }
}

#[derive(Debug, Default)]
struct State {
    lane: Lane,
    routes: Vec<Route>,
    stream: Option<mpsc::Sender<Said>>,
    kept: VecDeque<Said>,
    over: bool,
}

#[derive(Debug)]
struct Route {
    id: Id<'static>,
    token: Option<Id<'static>>,
    pieces: mpsc::Sender<Said>,
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane of whatever the server says now.
    pub(super) fn lane(&self) -> Lane {
        self.state().lane
    }

    pub(super) fn enter(&self, lane: Lane) {
        self.state().lane = lane;
    }

    /// Opens an exchange for the request `letter`; nothing if the server has ended.
    pub(super) fn open(
        &self,
        id: &Id<'static>,
        letter: &Letter,
        limits: &Limits,
    ) -> Option<mpsc::Receiver<Said>> {
        let (pieces, receiver) = pieces();
        self.open_into(id, letter, limits, pieces).then_some(receiver)
    }

    /// The same, where what comes joins what comes for others; false if the server has ended.
    pub(super) fn open_into(
        &self,
        id: &Id<'static>,
        letter: &Letter,
        limits: &Limits,
        pieces: mpsc::Sender<Said>,
    ) -> bool {
        let token = token(letter, limits, "_meta");
        let mut state = self.state();
        if state.over {
            return false;
        }
        // Who left does not take what is for the next of its id, which was found free.
        state.routes.retain(|route| route.id != *id && !route.pieces.is_closed());
        state.routes.push(Route { id: id.clone(), token, pieces });
        true
    }

    /// False only for an answer to nothing that was put to this server: it may forge one while the request is on its way.
    pub(super) fn was_asked(&self, packet: Option<&Packet<'_>>) -> bool {
        let Some(Packet::One(message)) = packet else { return true };
        let (Shape::Result { .. } | Shape::Error { .. }, Some(id)) = (&message.body, message.id()) else {
            return true;
        };
        // Nobody listens for the answers to our own requests, and nobody can guess their ids.
        Engine::may_be_own(id) || self.state().routes.iter().any(|route| route.id == *id)
    }

    /// Opens the stream of what no request asked for; what was kept comes first. A second one takes the place of the first.
    pub(super) fn listen(&self) -> Option<mpsc::Receiver<Said>> {
        let (pieces, receiver) = mpsc::channel(KEPT_MAX + PIECES_MAX);
        let mut state = self.state();
        if state.over {
            return None;
        }
        for kept in std::mem::take(&mut state.kept) {
            // It has room for all of them.
            let _ = pieces.try_send(kept);
        }
        state.stream = Some(pieces);
        Some(receiver)
    }

    /// The server has ended: every exchange and stream ends with it.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.over = true;
        state.routes.clear();
        state.stream = None;
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Sends one message to whom it concerns.
    pub(super) async fn deliver(&self, letter: &Letter, limits: &Limits, unread_time: Duration) {
        let Some((pieces, said)) = self.addressee(letter, limits) else { return };
        if !matches!(timeout(unread_time, pieces.send(said)).await, Ok(Ok(()))) {
            self.state().routes.retain(|route| !route.pieces.same_channel(&pieces));
        }
    }

    /// Whose message it is; one that nobody listens for is kept.
    fn addressee(&self, letter: &Letter, limits: &Limits) -> Option<(mpsc::Sender<Said>, Said)> {
        let mut state = self.state();
        let said = |answers| Said { letter: letter.clone(), answers };
        match kind(letter, limits) {
            Kind::Answer(id) => {
                let at = state.routes.iter().position(|route| route.id == id)?;
                Some((state.routes.remove(at).pieces, said(true)))
            }
            Kind::Other(token) => {
                let asked = state.routes.iter().find(|route| token.is_some() && route.token == token);
                // Without a stream, the newest request: it is the likeliest to be meant.
                let other = asked.or(state.routes.last()).map(|route| route.pieces.clone());
                let stream = state.stream.clone().filter(|stream| !stream.is_closed() && asked.is_none());
                let found = stream.or(other);
                if found.is_none() {
                    state.kept.push_back(said(false));
                    if state.kept.len() > KEPT_MAX {
                        state.kept.pop_front();
                    }
                }
                found.map(|found| (found, said(false)))
            }
        }
    }
}

enum Kind {
    Answer(Id<'static>),
    /// A request or notification of the server, with the progress token in it.
    Other(Option<Id<'static>>),
}

fn kind(letter: &Letter, limits: &Limits) -> Kind {
    let mut parser = Parser::default();
    match Packet::parse(&mut parser, letter.bytes(), limits) {
        Ok(Packet::One(message)) => match (&message.body, message.id()) {
            (Shape::Result { .. } | Shape::Error { .. }, Some(id)) => Kind::Answer(id.clone().into_owned()),
            _ => {
                let token = message.params().and_then(|params| params.get("progressToken"));
                Kind::Other(token.and_then(|token| read_id(token, limits)).map(Id::into_owned))
            }
        },
        Ok(Packet::Batch(_)) | Err(_) => Kind::Other(None),
    }
}

/// The progress token in the member `place` of the letter's `params`.
fn token(letter: &Letter, limits: &Limits, place: &str) -> Option<Id<'static>> {
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, letter.bytes(), limits) else { return None };
    let token = message.params()?.get(place)?.get("progressToken")?;
    read_id(token, limits).map(Id::into_owned)
}
