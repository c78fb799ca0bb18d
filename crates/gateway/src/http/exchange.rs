//! One exchange with a client: what was decided, sorted into what is its own and what is somebody else's.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_engine::Lane;
use bailiwick_mcp::{Direction, Id};
use hyper::header::HeaderValue;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::ask::Late;
use super::gate::{Way, Worker};
use super::head::METHOD;
use super::letter::{Act, Letter, What};
use super::onward::Onward;
use super::recorder::OneMore;
use super::run::{Decided, Owed, Run};
use super::sessions::Session;
use super::stdio::Server;
use super::together::Answers;

/// One request of a client, or one stream that it opened.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) here: Arc<Worker>,
    pub(super) run: Arc<Run>,
    pub(super) session: Option<Arc<Session>>,
    /// The process of a server over stdio that this is about.
    pub(super) process: Option<Arc<Server>>,
    pub(super) lane: Lane,
    pub(super) modern: bool,
    /// Requests of the client whose answers belong here.
    pub(super) ids: Vec<Id<'static>>,
    /// Those of them that were sent on. Others of the same id are not its own.
    pub(super) sent: Vec<Owed>,
    /// What goes on to the upstream with everything that is sent for it.
    pub(super) headers: Onward,
}

/// Our own requests of a server (its list of tools) take no longer than this; the engine's own limit is the same.
const ERRAND_TIME: Duration = Duration::from_secs(10);

impl Exchange {
    /// Sees to the record, sends others what is theirs, and returns what is this exchange's own.
    pub(super) async fn settle(&self, decided: Decided, direction: Direction) -> Vec<Act> {
        self.settle_by(decided, direction, None).await
    }

    /// The same for a server's words; what a person is asked about goes its way by `late`.
    pub(super) async fn settle_heard(&self, decided: Decided, late: &Late) -> Vec<Act> {
        self.settle_by(decided, Direction::ToClient, Some(late)).await
    }

    async fn settle_by(&self, decided: Decided, direction: Direction, late: Option<&Late>) -> Vec<Act> {
        let mut unsettled = Unsettled { exchange: self, decided, direction, late };
        let written = self.run.writes(&unsettled.decided).await;
        let decided = std::mem::take(&mut unsettled.decided);
        self.sort(self.run.settle(decided, written, late), direction)
    }

    /// `direction` is that of the text which was decided over.
    fn sort(&self, acts: Vec<Act>, direction: Direction) -> Vec<Act> {
        // Collected where they stand.
        let own = acts.into_iter().filter_map(|act| self.own(act, direction));
        own.collect()
    }

    /// What is this exchange's own to do; the rest is seen to.
    fn own(&self, mut act: Act, direction: Direction) -> Option<Act> {
        if let Some(waiter) = act.waiter.take() {
            let (lane, id) = (act.lane, act.id.clone());
            // Whoever waited has left: the request is not sent.
            if let (Err(_), Some(id)) = (waiter.send(act.what), id) {
                drop(self.run.unanswered(lane, &id, self.run.office().why_dropped()));
            }
            return None;
        }
        let here = act.lane == self.lane;
        match &act.what {
            What::ToClient(_) if here => Some(act),
            What::ToServer { request, .. } => {
                let asked = act.id.as_ref().is_some_and(|id| self.ids.contains(id));
                let mine = direction == Direction::ToServer && here && (request.is_none() || asked);
                if mine {
                    return Some(act);
                }
                self.send_out(act);
                None
            }
            What::ToClient(_) | What::Ask(_) | What::Keep(_) => None,
        }
    }

    /// Sends what is nobody's answer: our own request for a list, or what we say to a server in the client's place.
    pub(super) fn send_out(&self, act: Act) {
        let errand = Exchange { lane: act.lane, ids: Vec::new(), sent: Vec::new(), ..self.clone() };
        let Act { what: What::ToServer { letter, request }, id, .. } = act else { return };
        tokio::spawn(async move {
            let sent = timeout(ERRAND_TIME, errand.errand(letter, request.and(id.clone())));
            let why = match sent.await {
                Ok(Ok(())) => "the server did not answer",
                Ok(Err(())) => "the server cannot be reached",
                Err(_) => "no answer in time",
            };
            let owed = request.and(id).map(|id| Owed { id, call: request });
            if let Some(decided) = owed.and_then(|owed| errand.run.left_unanswered(errand.lane, &owed, why)) {
                drop(Box::pin(errand.settle(decided, Direction::ToClient)).await);
            }
        });
    }

    async fn errand(&self, letter: Letter, asked: Option<Id<'static>>) -> Result<(), ()> {
        let mut headers = self.headers.without_message();
        if asked.is_some() && self.modern {
            headers.insert(METHOD, HeaderValue::from_static("tools/list"));
        }
        let link = match &self.here.way {
            Way::Http(link) => link,
            Way::Stdio(stable) => return self.errand_by_pipe(stable, &letter, asked).await,
        };
        let response = link.post(headers, &letter).await.map_err(drop)?;
        let Some(id) = asked else { return Ok(()) };
        let (mut answers, _) = Answers::new(self.here.gate.office.with.limits.message_bytes_max, false);
        self.hear(response, &[id], &mut answers).await;
        Ok(())
    }

    /// Ends `session`, which the upstream does not know any more or the client is done with.
    pub(super) async fn end_session(&self, session: &Session, why: &str) {
        let gate = &self.here.gate;
        if gate.sessions.close(session) {
            gate.metrics.sessions.dec();
            let ended = session.run.ended(why);
            // Both are written together, whoever leaves meanwhile.
            session.run.stop(why);
            drop(self.settle(ended, Direction::ToClient).await);
        }
    }

    /// The headers for `session` in place of what the client sent.
    pub(super) fn in_session(mut self, session: Option<Arc<Session>>) -> Exchange {
        self.headers.in_session(session.as_ref().and_then(|session| session.upstream.clone()));
        self.process = session.as_ref().and_then(|session| session.server.clone());
        self.session = session;
        self
    }
}

/// What was decided, until its record is written. Should the client leave before that, the only sign of which is that this is
/// dropped, it is seen to all the same: others may wait for it, or be asked.
struct Unsettled<'e> {
    exchange: &'e Exchange,
    decided: Decided,
    direction: Direction,
    late: Option<&'e Late>,
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        let decided = std::mem::take(&mut self.decided);
        // Without a runtime the whole program ends.
        if let (false, Ok(runtime)) = (decided.is_settled(), Handle::try_current()) {
            let (exchange, direction, late) = (self.exchange.clone(), self.direction, self.late.cloned());
            runtime.spawn(async move {
                drop(Box::pin(exchange.settle_by(decided, direction, late.as_ref())).await);
            });
        }
    }
}

/// What is for the client, in its order.
pub(super) fn to_client(acts: Vec<Act>) -> impl Iterator<Item = Letter> {
    acts.into_iter().filter_map(|act| match act.what {
        What::ToClient(letter) => Some(letter),
        What::ToServer { .. } | What::Ask(_) | What::Keep(_) => None,
    })
}

/// An exchange whose client may leave at any moment: dropping it unfinished records what became of its requests.
#[derive(Debug)]
pub(super) struct Attended {
    pub(super) exchange: Exchange,
    /// A client that comes back may still get the answer: the server gave it a place to resume from.
    pub(super) resumable: bool,
    _counted: OneMore,
}

impl Attended {
    pub(super) fn new(exchange: Exchange) -> Attended {
        exchange.here.gate.sessions.take_in_hand();
        Attended { exchange, resumable: false, _counted: OneMore::new() }
    }
}

impl Drop for Attended {
    /// The only sign of a client that left is that the work for it is dropped. Recorded in memory, written by the log's
    /// own thread: nothing is waited for here.
    fn drop(&mut self) {
        let Exchange { run, lane, modern, here, sent, .. } = &self.exchange;
        here.gate.sessions.let_go();
        let office = run.office();
        if *modern {
            drop(run.lane_ended(*lane, office.why_dropped()));
        } else if !self.resumable {
            for owed in sent.iter().filter(|owed| run.owes(*lane, owed)) {
                drop(run.left_unanswered(*lane, owed, office.why_dropped()));
            }
        }
    }
}
