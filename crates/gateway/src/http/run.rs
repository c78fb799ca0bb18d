//! One run: its engine, its record, and the exchanges that wait for either.

mod owed;
mod settle;
mod waiters;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::{Action, Answer, Engine, Event, Lane, Mode, Outcome, Principal, QuestionId, Reason};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::message::batch_allowed;
use bailiwick_mcp::{Direction, Id, Malformed, Message, Packet, Timestamp};
use bailiwick_record::AuditError;
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Happening;
use hyper::body::Bytes;
use tokio::sync::oneshot;

pub(super) use self::owed::Owed;
use self::waiters::Waiters;
use super::letter::{Act, What};
use super::office::{Account, Office, Seen};
use super::taken::Taken;
use crate::relay::{Junk, now};

/// The stretch of work that stateful rules count over: a legacy session, or everything that a principal does without one.
#[derive(Debug)]
pub(super) struct Run {
    office: Arc<Office>,
    account: Arc<Account>,
    principal: Arc<Principal>,
    state: Mutex<State>,
    entries: Entries,
    taken: Taken,
    lanes: AtomicU64,
    used: AtomicI64,
}

#[derive(Debug)]
struct State {
    engine: Engine,
    /// Number of the policy that the engine has.
    generation: u64,
    /// The same of the names of other servers' tools.
    names: u64,
    waiters: Waiters,
    seen: Seen,
}

/// What came of one text, recorded but perhaps not written yet.
#[derive(Debug, Default)]
pub(super) struct Decided {
    acts: Vec<Act>,
    must_commit: bool,
    /// Requests of the text that are not decided yet.
    pub(super) undecided: Vec<(Id<'static>, oneshot::Receiver<What>)>,
    /// The text was no message.
    pub(super) malformed: bool,
    /// An approval was heard, and others are needed: what was said of it.
    waits: Option<String>,
}

impl Decided {
    /// Which of these requests go on to the server.
    pub(super) fn sent_on(&self, lane: Lane, asked: &[Id<'static>]) -> Vec<Owed> {
        let request = |act: &Act| match act.what {
            What::ToServer { request, .. } if act.lane == lane => {
                Some(Owed { id: act.id.clone()?, call: Some(request?) })
            }
            What::ToServer { .. } | What::ToClient(_) | What::Ask(_) | What::Keep(_) => None,
        };
        self.acts.iter().filter_map(request).filter(|owed| asked.contains(&owed.id)).collect()
    }

    /// True if nothing is to be done.
    pub(super) fn is_settled(&self) -> bool {
        self.acts.is_empty()
    }

    /// Tells whoever waits for something of it.
    pub(super) fn hand_over(self) {
        for act in self.acts {
            if let Some(waiter) = act.waiter {
                // Who left needs not be told.
                let _ = waiter.send(act.what);
            }
        }
    }

    /// True if a person is to be asked.
    pub(super) fn asks(&self) -> bool {
        self.acts.iter().any(|act| matches!(act.what, What::Ask(_)))
    }
}

/// Who sent a text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Party<'p> {
    /// With the headers that repeat arguments, of a message of 2026-07-28.
    Client(&'p Arc<Principal>, Option<&'p Repeated>),
    /// With whether it is known that no guard finds anything in it.
    Server { clear: bool },
}

impl Party<'_> {
    fn direction(self) -> Direction {
        match self {
            Party::Client(..) => Direction::ToServer,
            Party::Server { .. } => Direction::ToClient,
        }
    }
}

impl Run {
    pub(super) fn new(
        office: Arc<Office>,
        (account, principal): (Arc<Account>, Arc<Principal>),
        (engine, generation): (Engine, u64),
        (entries, taken): (Entries, Taken),
    ) -> Run {
        let state =
            State { engine, generation, names: 0, waiters: Waiters::default(), seen: Seen::default() };
        let used = AtomicI64::new(now().as_micros());
        let (state, lanes) = (Mutex::new(state), AtomicU64::new(1));
        Run { office, account, principal, state, entries, taken, lanes, used }
    }

    /// Who began it.
    pub(super) fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// A lane that no exchange had before.
    pub(super) fn new_lane(&self) -> Lane {
        Lane(self.lanes.fetch_add(1, Ordering::Relaxed))
    }

    /// The run is in use now.
    pub(super) fn touch(&self) {
        self.used.store(now().as_micros(), Ordering::Relaxed);
    }

    /// When it was last in use.
    pub(super) fn used(&self) -> Timestamp {
        Timestamp(self.used.load(Ordering::Relaxed))
    }

    /// Records that the run is over.
    pub(super) fn stop(&self, why: &str) {
        self.taken.end(now(), why);
        // What they were for may be gone.
        let unused = self.state().engine.unused_suppressions().join(", ");
        let noted = self.entries.note(now(), "stop", |entry| {
            entry.string("why", why);
            if !unused.is_empty() {
                entry.string("unused_suppressions", &unused);
            }
        });
        if let Err(error) = noted {
            self.office.recorder.sound(Some(&error));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in the engine is a bug; its state is still the strictest that we have.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides over one text of `party`, a part of `original`, and records that. Of `asked`, the ids that
    /// are not decided yet get a waiter.
    pub(super) fn receive<'a>(
        &self,
        lane: Lane,
        party: Party<'_>,
        packet: Result<Packet<'a>, Malformed>,
        original: &Bytes,
        asked: &[Id<'static>],
    ) -> Decided {
        let at = now();
        let mut outcomes = Vec::with_capacity(1);
        let direction = party.direction();
        self.decide(lane, asked, original, |engine| {
            let no_message = match &packet {
                // In a version without batches it is none, and no request in it was asked.
                Ok(Packet::Batch(_)) => self.enforces() && !batch_allowed(engine.version()),
                Ok(Packet::One(_)) => false,
                Err(_) => true,
            };
            // What is said of a principal may change with each request; under the same lock, no other is decided by it.
            let mut beside = None;
            if let Party::Client(principal, headers) = party {
                engine.replace_principal(principal);
                beside = headers;
            }
            match packet {
                // One by one, so that each member's way is its own; joined again where it is sent.
                Ok(Packet::Batch(members)) if batch_allowed(engine.version()) => {
                    for member in members {
                        engine.enter(lane);
                        self.taken.member((at, direction, lane), member.as_ref().map(Message::raw));
                        engine.receive(at, direction, member.map(Packet::One), &mut outcomes);
                    }
                }
                packet => {
                    self.taken.text((at, direction, lane), original, packet.as_ref().err(), beside);
                    match (party, beside) {
                        (_, Some(beside)) => {
                            engine.receive_with(at, beside.clone(), packet, &mut outcomes);
                        }
                        (Party::Server { clear: true }, None) => {
                            engine.receive_clear(at, direction, packet, &mut outcomes);
                        }
                        (_, None) => engine.receive(at, direction, packet, &mut outcomes),
                    }
                }
            }
            (outcomes, no_message)
        })
    }

    fn enforces(&self) -> bool {
        self.office.with.mode == Mode::Enforce
    }

    /// An answer above the limit, of which `id` alone is known.
    pub(super) fn too_long(&self, lane: Lane, id: Option<Id<'static>>, request: bool) -> Decided {
        self.simply(lane, |engine, out| {
            let at = now();
            self.taken.too_long((at, Direction::ToClient, lane), (id.as_ref(), request));
            engine.too_long(at, Direction::ToClient, (id, request), out);
        })
    }

    /// The exchange is over, and whoever began it is gone.
    pub(super) fn lane_ended(&self, lane: Lane, why: &str) -> Decided {
        self.simply(lane, |engine, out| {
            let at = now();
            self.taken.happening(at, &Happening::LaneEnded(lane, why));
            engine.lane_ended(at, why, out);
        })
    }

    /// Everything of one exchange ends, and whoever waits is told.
    pub(super) fn lane_over(&self, lane: Lane, why: &str) -> Decided {
        self.simply(lane, |engine, out| {
            for id in engine.awaited() {
                self.end_of(lane, &id, why, engine, out);
            }
        })
    }

    /// The run is over: what is open ends.
    pub(super) fn ended(&self, why: &str) -> Decided {
        self.simply(Lane::default(), |engine, out| {
            let at = now();
            self.taken.happening(at, &Happening::ServerEnded(why));
            engine.server_ended(at, why, out);
        })
    }

    /// A human's answer, or the lack of one.
    fn answer(&self, question: QuestionId, answer: &Answer) -> Decided {
        self.simply(Lane::default(), |engine, out| {
            let at = now();
            self.taken.happening(at, &Happening::Answer(question, answer));
            engine.answer(at, question, answer, out);
        })
    }

    fn simply(&self, lane: Lane, decide: impl FnOnce(&mut Engine, &mut Vec<Outcome<'static>>)) -> Decided {
        self.decide(lane, &[], &Bytes::new(), |engine| {
            let mut outcomes = Vec::new();
            decide(engine, &mut outcomes);
            (outcomes, false)
        })
    }

    fn decide<'a>(
        &self,
        lane: Lane,
        asked: &[Id<'static>],
        original: &Bytes,
        decide: impl FnOnce(&mut Engine) -> (Vec<Outcome<'a>>, bool),
    ) -> Decided {
        let mut decided = Decided::default();
        let mut waiters = Vec::new();
        let mut state = self.state();
        let State { engine, generation, names, waiters: waiting, seen } = &mut *state;
        if self.office.refresh(generation, engine) {
            self.taken.happening(now(), &Happening::Reload(engine.policy().digest()));
        }
        if let Some(others) = self.office.introduce(names, engine) {
            self.taken.happening(now(), &Happening::Others(&others));
        }
        let (outcomes, no_message) = self.account.lend(lane, engine, decide);
        decided.malformed = no_message;
        self.office.share_offer(seen, engine);
        // Mostly nobody waits, and no list of nobody is made.
        let anybody = !waiting.is_empty();
        for outcome in outcomes.iter().filter(|_| anybody) {
            let key = outcome.decision.id.as_ref().map(|id| (outcome.decision.lane, id));
            let waiter = key.filter(|(_, id)| settles_earlier(outcome, id, asked));
            waiters.push(waiter.and_then(|(lane, id)| waiting.take(lane, id)));
        }
        for id in asked.iter().filter(|_| !no_message) {
            let own = |outcome: &&Outcome<'_>| outcome.decision.id.as_ref() == Some(id);
            if !outcomes.iter().filter(own).any(settles) {
                let (sender, receiver) = oneshot::channel();
                waiting.add(lane, id, sender, engine.holds_calls_back());
                decided.undecided.push((id.clone(), receiver));
            }
        }
        // Still under the lock: the records stand in the order of the decisions.
        let taken = self.take_down(outcomes, waiters, original, &mut decided);
        drop(state);
        self.entries.keep_bounded();
        match taken {
            Ok(words) => words.iter().for_each(|words| (self.office.recorder.with.teller)(words)),
            Err(error) => {
                self.office.recorder.sound(Some(&error));
                decided.acts = self.undo(std::mem::take(&mut decided.acts), settle::UNWRITTEN);
                decided.must_commit = false;
            }
        }
        decided
    }

    /// Takes down the outcomes of one text and takes up what is to be done; returns what a person who watches is told. If
    /// they cannot be recorded, nothing of them may be done (law 3).
    fn take_down(
        &self,
        outcomes: Vec<Outcome<'_>>,
        waiters: Vec<Option<oneshot::Sender<What>>>,
        original: &Bytes,
        decided: &mut Decided,
    ) -> Result<Vec<String>, AuditError> {
        let recorder = &self.office.recorder.with;
        let mut page = if outcomes.is_empty() { return Ok(Vec::new()) } else { self.entries.page() };
        let mut words = Vec::new();
        let alone = outcomes.len() == 1 && !original.is_empty();
        let waiters = waiters.into_iter().chain(std::iter::repeat_with(|| None));
        for (outcome, mut waiter) in outcomes.into_iter().zip(waiters) {
            let said = &outcome.decision;
            if said.event == Event::Approval && said.action == Action::Held {
                decided.waits = said.reasons.iter().find_map(Reason::approval).map(str::to_owned);
            }
            let routine = outcome.decision.event == Event::Completion && outcome.decision.reasons.is_empty();
            decided.must_commit |= recorder.strict || !routine;
            self.taken.outcome(&outcome);
            let junk = (alone && outcome.decision.event == Event::Malformed)
                .then(|| Junk::of(outcome.decision.direction, original, &self.office.with.scanner));
            let told = (recorder.observer)(&outcome);
            words.extend(told.map(|words| Junk::told(junk.as_ref(), words)));
            let Outcome { mut decision, effects } = outcome;
            decision.note_refused(now);
            let first = decided.acts.len();
            Act::of(&decision, effects, original, &mut decided.acts);
            if let Some(act) = decided.acts.get_mut(first) {
                act.waiter = waiter.take();
            }
            if let Ok(page) = &mut page {
                page.take_down_beside(decision, junk.map(|junk| junk.extent));
            }
        }
        page.map(|page| page.done()).map(|()| words)
    }
}

/// True if the outcome says what becomes of a request: it goes on, or is answered.
fn settles(outcome: &Outcome<'_>) -> bool {
    let decision = &outcome.decision;
    match decision.event {
        Event::Decision | Event::Malformed | Event::Approval => decision.action != Action::Held,
        Event::Completion | Event::Opinion | Event::Pin => false,
    }
}

/// The same of a request that came earlier: an answer that nobody asked for, and another request under its id, say nothing of it.
fn settles_earlier(outcome: &Outcome<'_>, id: &Id<'_>, asked: &[Id<'static>]) -> bool {
    let decision = &outcome.decision;
    let requested = decision.direction == Direction::ToServer && !decision.method.is_empty();
    requested && settles(outcome) && !asked.contains(id)
}
