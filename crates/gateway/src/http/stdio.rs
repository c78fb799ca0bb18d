//! Servers over stdio or HTTP+SSE behind Streamable HTTP: one process (or stream) for each legacy session, and a few for a
//! principal without one.

mod stable;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bailiwick_mcp::{Direction, Id, Malformation, Malformed, Packet};
use hyper::StatusCode;
use hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

pub(super) use self::stable::Stable;

use super::ask::Late;
use super::desk::{Desk, Said, pieces};
use super::exchange::{Attended, Exchange, to_client};
use super::letter::Letter;
use super::pipe::{Heard, Pipe};
use super::post::asked;
use super::reply::{Reply, events, message, status_of};
use super::run::Party;
use super::sessions::Session;
use super::together::{Answers, TOO_LONG_TOGETHER};
use super::upstream::Target;

/// The command of a server over stdio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub words: Vec<OsString>,
    /// Our own binary.
    pub supervisor: PathBuf,
    /// Most processes at once.
    pub processes_max: usize,
}

/// What is started for a session.
#[derive(Debug)]
pub(super) enum Source {
    Command(Command),
    /// A stream of HTTP+SSE.
    Events(Box<Target>),
}

/// One process.
#[derive(Debug)]
pub(super) struct Server {
    pipe: Mutex<Option<Pipe>>,
    desk: Desk,
    _room: OwnedSemaphorePermit,
}

impl Server {
    pub(super) fn send(&self, letter: &Letter) -> bool {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.as_ref().is_some_and(|pipe| pipe.send(letter))
    }

    /// Closes its input, which asks it to end.
    pub(super) fn close(&self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub(super) fn listen(&self) -> Option<mpsc::Receiver<Said>> {
        self.desk.listen()
    }
}

/// Hears a server out until it ends. `exchange` names the run; what is said belongs to the lane of the desk.
async fn hear(
    stable: Arc<Stable>,
    server: Arc<Server>,
    mut exchange: Exchange,
    mut heard: mpsc::Receiver<Heard>,
) {
    let begun = Instant::now();
    exchange.process = Some(Arc::clone(&server));
    let gate = Arc::clone(&exchange.here.gate);
    let (limits, unread_time) = (gate.office.with.limits, gate.limits.unread_time);
    let (late, mut letters) = Late::new(&exchange);
    loop {
        let said = tokio::select! {
            said = timeout(gate.limits.process_idle, heard.recv()) => said,
            Some(letter) = letters.recv() => {
                server.desk.deliver(&letter, &limits, unread_time).await;
                continue;
            }
        };
        let heard = match said {
            Ok(Some(heard)) => heard,
            Ok(None) => break,
            Err(_) => {
                stable.retire(&server);
                continue;
            }
        };
        exchange.lane = server.desk.lane();
        exchange.run.touch();
        let decided = match heard {
            Heard::Line(line) => {
                let lane = |packet: Option<&Packet<'_>>| match server.desk.was_asked(packet) {
                    true => exchange.lane,
                    // In a lane where nothing is in flight it answers nothing.
                    false => exchange.run.new_lane(),
                };
                gate.receive_answer_in(&exchange.run, lane, &Bytes::from(line))
            }
            Heard::TooLong { id, request } => exchange.run.too_long(exchange.lane, id, request),
            Heard::Broken => {
                let broken = Err(Malformed::new(Malformation::CarriageReturn));
                exchange.run.receive(
                    exchange.lane,
                    Party::Server { clear: false },
                    broken,
                    &Bytes::new(),
                    &[],
                )
            }
        };
        for letter in to_client(exchange.settle_heard(decided, &late).await) {
            server.desk.deliver(&letter, &limits, unread_time).await;
        }
    }
    let closed = server.pipe.lock().unwrap_or_else(PoisonError::into_inner).is_none();
    server.close();
    stable.ended(begun.elapsed(), closed);
    let decided = match exchange.modern {
        // Other processes of the run go on.
        true => exchange.run.lane_over(server.desk.lane(), ENDED),
        false => exchange.run.ended(ENDED),
    };
    for letter in to_client(exchange.settle(decided, Direction::ToClient).await) {
        server.desk.deliver(&letter, &limits, unread_time).await;
    }
    server.desk.close();
    if let Some(session) = gate.sessions.served_by(&server) {
        exchange.end_session(&session, ENDED).await;
    }
}

const ENDED: &str = "the server ended before it answered";

impl Attended {
    /// Sends one request to a server over stdio; what it says to it is a stream.
    pub(super) async fn forward_by_pipe(
        mut self,
        stable: &Arc<Stable>,
        letter: Letter,
        opens: bool,
    ) -> Reply {
        let exchange = self.exchange.clone();
        let (Some(id), limits) = (exchange.ids.first(), exchange.here.gate.office.with.limits) else {
            return exchange.failed("no request", StatusCode::BAD_GATEWAY).await;
        };
        let server = match exchange.process.clone() {
            Some(server) => Ok(server),
            None if opens => stable.start(&exchange).await,
            None => stable.take(&exchange).await,
        };
        let server = match server {
            Ok(server) => server,
            Err(why) => return exchange.failed(why, StatusCode::BAD_GATEWAY).await,
        };
        let letter = match exchange.headers.trace() {
            Some(trace) => letter.traced(&exchange.here.gate, &trace),
            None => letter,
        };
        let mut opened = None;
        if opens {
            match exchange.open(None, Some(Arc::clone(&server))) {
                Ok(session) => {
                    self.exchange = exchange.clone().in_session(Some(Arc::clone(&session)));
                    opened = Some(session);
                }
                Err(reply) => return *reply,
            }
        }
        let pieces = server.desk.open(id, &letter, &limits).filter(|_| server.send(&letter));
        let Some(pieces) = pieces else {
            return exchange.failed("the server has ended, or does not read", StatusCode::BAD_GATEWAY).await;
        };
        let stable = exchange.session.is_none().then(|| Arc::clone(stable)).filter(|_| !opens);
        let mut reply = relay(self, Lent { server, stable }, pieces).await;
        if let Some(session) = opened {
            reply.headers_mut().insert(super::head::SESSION, session.id.clone());
        }
        reply
    }
}

/// A process in use by one exchange. One that is for no session goes back when the exchange is over; if it still works for
/// somebody who left, it is ended, so that its late answer meets nobody.
struct Lent {
    server: Arc<Server>,
    stable: Option<Arc<Stable>>,
}

impl Lent {
    fn done(mut self, exchange: &Exchange) {
        if let Some(stable) = self.stable.take() {
            stable.give_back(exchange, Arc::clone(&self.server));
        }
    }
}

impl Drop for Lent {
    /// The only sign of a client that left is that the work for it is dropped.
    fn drop(&mut self) {
        if self.stable.is_some() {
            self.server.close();
        }
    }
}

/// Passes on what comes for one request until it is answered or its client leaves: an answer that comes first by itself,
/// anything else as events.
async fn relay(attended: Attended, lent: Lent, mut pieces: mpsc::Receiver<Said>) -> Reply {
    let Some(first) = pieces.recv().await else {
        return attended.exchange.failed(ENDED, StatusCode::BAD_GATEWAY).await;
    };
    if first.answers {
        lent.done(&attended.exchange);
        return message(status_of(&first.letter, false, attended.exchange.modern), &first.letter);
    }
    let (to_client, receiver) = mpsc::channel(1);
    let gate = Arc::clone(&attended.exchange.here.gate);
    gate.metrics.streams.inc();
    tokio::spawn(async move {
        let mut next = Some(first);
        let answered = loop {
            // Without an answer it may still work for this client, who did not read what came before.
            let Some(said) = next else { break false };
            let is_last = said.answers;
            if to_client.send(said.event()).await.is_err() {
                break false;
            }
            if is_last {
                break true;
            }
            next = tokio::select! {
                said = pieces.recv() => said,
                () = to_client.closed() => break false,
            };
        };
        if answered {
            lent.done(&attended.exchange);
        } else {
            drop(lent);
        }
        drop(attended);
        gate.metrics.streams.dec();
    });
    events(receiver)
}

impl Exchange {
    /// Sends what owes no answer, or our own request for a list: `asked` is its id.
    pub(super) async fn errand_by_pipe(
        &self,
        stable: &Arc<Stable>,
        letter: &Letter,
        asked: Option<Id<'static>>,
    ) -> Result<(), ()> {
        let (server, taken) = match (&self.process, &asked) {
            (Some(server), _) => (Arc::clone(server), false),
            (None, Some(_)) => (stable.take(self).await.map_err(drop)?, true),
            // Nobody is there to be told: a server of 2026-07-28 asks inside of its answers.
            (None, None) => return Ok(()),
        };
        if !server.send(letter) {
            return Err(());
        }
        let Some(id) = asked else { return Ok(()) };
        while self.run.awaits(self.lane, &id) {
            if server.desk.is_over() {
                return Err(());
            }
            sleep(LOOK).await;
        }
        if taken {
            stable.give_back(self, server);
        }
        Ok(())
    }
}

/// Batches are of sessions, which have a process each.
impl Exchange {
    /// Sends the members of a batch one by one, in their order, and keeps what is said to them until all are answered.
    pub(super) async fn ask_by_pipe(&self, members: &[Letter], answers: &mut Answers) {
        let Some(server) = &self.process else { return };
        let gate = &self.here.gate;
        let (pieces, mut said) = pieces();
        for member in members {
            let open = |id| server.desk.open_into(id, member, &gate.office.with.limits, pieces.clone());
            let ids = gate.parse(member.bytes(), |packet| asked(&packet));
            if !ids.iter().all(open) || !server.send(member) {
                return;
            }
        }
        // It ends with the last of those that wait for an answer.
        drop(pieces);
        while let Some(Said { letter, answers: is_answer }) = said.recv().await {
            let unread = gate.limits.unread_time;
            if answers.admits(letter.bytes().len(), is_answer, unread).await {
                answers.take(&letter, gate).await;
                continue;
            }
            // It is recorded as answered.
            let id = gate.parse(letter.bytes(), |packet| match packet {
                Ok(Packet::One(message)) if is_answer => message.id().map(|id| id.clone().into_owned()),
                Ok(Packet::One(_) | Packet::Batch(_)) | Err(_) => None,
            });
            if let Some(id) = id {
                answers.fail(0, Some(&id), -32603, TOO_LONG_TOGETHER).await;
            }
        }
    }
}

/// How often it is looked whether our own list came.
const LOOK: Duration = Duration::from_millis(2);

/// True if that process is the session's.
pub(super) fn serves(session: &Session, server: &Arc<Server>) -> bool {
    session.server.as_ref().is_some_and(|own| Arc::ptr_eq(own, server))
}
