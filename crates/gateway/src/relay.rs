//! From bytes to effect: parse, decide, record, send. Shared by every thread of one run.

mod settings;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bailiwick_engine::{Answer, Effect, Engine, Event, Outcome, Question, QuestionId};
use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Malformation, Malformed, Parser, Timestamp};
use bailiwick_record::AuditError;
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Trace;

use crate::sink::{Outbox, Sink};

pub use settings::{Alarm, Observer, RelaySettings};

/// Whoever can put a question to a human. Answers come back through [`Relay::answer`], on any thread.
pub trait Asker: Send + Sync + std::fmt::Debug {
    fn ask(&self, question: Question);
    fn withdraw(&self, question: QuestionId);
}

/// One run: the engine, its record, and both peers' inputs.
pub struct Relay {
    engine: Mutex<Engine>,
    entries: Entries,
    to_server: Sink,
    to_client: Sink,
    asker: Mutex<Option<Arc<dyn Asker>>>,
    limits: Limits,
    /// Every outcome waits for its record; without it, plain completions are recorded within the log's flush interval.
    strict: bool,
    observer: Observer,
    alarm: Alarm,
    trace: Option<Arc<Trace>>,
    alarmed: AtomicBool,
    client_closed: AtomicBool,
    /// Threads between a decision and its effect.
    in_hand: AtomicUsize,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Relay").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// What a chunk of bytes leads to, gathered before anything is done.
#[derive(Debug, Default)]
pub struct Batch {
    to_server: Outbox,
    to_client: Outbox,
    questions: Vec<Question>,
    withdrawn: Vec<QuestionId>,
    must_commit: bool,
}

/// Reads one direction: its framer, parser and buffers, reused for every chunk.
#[derive(Debug)]
pub struct Reader {
    direction: Direction,
    lines: Lines,
    parser: Parser,
    batch: Batch,
}

impl Reader {
    #[must_use]
    pub fn new(direction: Direction, limits: &Limits) -> Reader {
        Reader { direction, lines: Lines::new(limits), parser: Parser::default(), batch: Batch::default() }
    }

    /// Takes bytes as they came and does all that they lead to.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn take(&mut self, relay: &Relay, bytes: &[u8]) -> std::io::Result<()> {
        self.lines.extend(bytes);
        relay.in_hand.fetch_add(1, Ordering::SeqCst);
        let at = now();
        while let Some(frame) = self.lines.next() {
            relay.frame(at, self.direction, frame, &mut self.parser, &mut self.batch);
        }
        relay.carry_out(self.direction, &mut self.batch)
    }

    /// The stream ended; a last line without its end is decided like any other.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn finish(&mut self, relay: &Relay) -> std::io::Result<()> {
        relay.in_hand.fetch_add(1, Ordering::SeqCst);
        while let Some(frame) = self.lines.finish() {
            relay.frame(now(), self.direction, frame, &mut self.parser, &mut self.batch);
        }
        relay.carry_out(self.direction, &mut self.batch)
    }
}

impl Relay {
    #[must_use]
    pub fn new(engine: Engine, entries: Entries, sinks: (Sink, Sink), settings: RelaySettings) -> Relay {
        let (to_server, to_client) = sinks;
        let RelaySettings { limits, strict, observer, alarm, trace } = settings;
        let alarmed = AtomicBool::new(false);
        let engine = Mutex::new(engine);
        Relay {
            engine,
            entries,
            to_server,
            to_client,
            asker: Mutex::new(None),
            limits,
            strict,
            observer,
            alarm,
            trace,
            alarmed,
            client_closed: AtomicBool::new(false),
            in_hand: AtomicUsize::new(0),
        }
    }

    /// Says who asks humans. Until then every question is denied.
    pub fn set_asker(&self, asker: Arc<dyn Asker>) {
        *self.asker.lock().unwrap_or_else(PoisonError::into_inner) = Some(asker);
    }

    #[must_use]
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The engine, for reloads and reports. Held for moments only.
    pub fn engine(&self) -> MutexGuard<'_, Engine> {
        // A panic in the engine is a bug; its state is still the strictest that we have.
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn frame(
        &self,
        at: Timestamp,
        direction: Direction,
        frame: Frame<'_>,
        parser: &mut Parser,
        batch: &mut Batch,
    ) {
        let mut outcomes = Vec::with_capacity(1);
        if let (Some(trace), Frame::Line(line)) = (&self.trace, &frame) {
            trace.line(at, direction, line);
        }
        match frame {
            Frame::Line(line) => {
                let packet = Packet::parse(parser, line, &self.limits);
                self.engine().receive(at, direction, packet, &mut outcomes);
            }
            Frame::CarriageReturn(_) => {
                let packet = Err(Malformed::new(Malformation::CarriageReturn));
                self.engine().receive(at, direction, packet, &mut outcomes);
            }
            Frame::TooLong { id, request, .. } => {
                self.engine().too_long(at, direction, (id, request), &mut outcomes);
            }
        }
        self.gather(outcomes, batch);
    }

    /// Records the outcomes of one text and takes up their effects. If one cannot be recorded, none has effects (law 3):
    /// what the members of a JSON-RPC batch send is joined at the last of them.
    fn gather(&self, outcomes: Vec<Outcome<'_>>, batch: &mut Batch) {
        for outcome in &outcomes {
            let routine = outcome.decision.event == Event::Completion && outcome.decision.reasons.is_empty();
            batch.must_commit |= self.strict || !routine;
            if let Err(error) = self.entries.outcome(outcome) {
                self.sound(Some(&error));
                return outcomes.iter().for_each(|outcome| self.undo(outcome, batch));
            }
        }
        for outcome in outcomes {
            (self.observer)(&outcome);
            for effect in outcome.effects {
                batch.take_up(effect);
            }
        }
    }

    /// An outcome that could not be recorded: nothing that it leads to happens, and whoever waits is told.
    fn undo(&self, outcome: &Outcome<'_>, batch: &mut Batch) {
        let mut told = Vec::new();
        for effect in &outcome.effects {
            match effect {
                Effect::Send { to, message } => {
                    self.engine().undo_send(*to, message.bytes(), UNWRITTEN, &mut told)
                }
                Effect::Ask(question) => {
                    let mut answered = Vec::new();
                    let deny = Answer::Deny("the audit log cannot be written".to_owned());
                    self.engine().answer(outcome.decision.at, question.id, &deny, &mut answered);
                    told.extend(answered.into_iter().flat_map(|outcome| outcome.effects));
                }
                Effect::Withdraw(question) => batch.withdrawn.push(*question),
            }
        }
        for effect in told {
            batch.take_up(effect);
        }
    }

    /// Writes the record, then does what was gathered. Empties `batch`.
    ///
    /// # Errors
    /// If the client does not read any more.
    fn carry_out(&self, direction: Direction, batch: &mut Batch) -> std::io::Result<()> {
        if std::mem::take(&mut batch.must_commit) {
            match self.entries.commit() {
                Ok(()) => self.sound(None),
                Err(error) => {
                    self.sound(Some(&error));
                    self.undo_all(batch);
                }
            }
        }
        let mut to_client =
            if batch.to_client.is_empty() { Ok(()) } else { self.to_client.send(&batch.to_client) };
        // A server that does not read any more has ended; its reader notices and answers what is open.
        if !batch.to_server.is_empty() {
            match direction {
                Direction::ToServer => drop(self.to_server.send(&batch.to_server)),
                // The server's own reader must never wait until the server reads: both would wait for ever.
                Direction::ToClient if self.to_server.hand_over(&batch.to_server) => {}
                Direction::ToClient => to_client = to_client.and(self.give_up(&batch.to_server)),
            }
        }
        // A question that came and went with the same bytes is never shown.
        let withdrawn = &batch.withdrawn;
        batch.questions.retain(|question| !withdrawn.contains(&question.id));
        for question in batch.withdrawn.drain(..) {
            if let Some(asker) = self.asker() {
                asker.withdraw(question);
            }
        }
        for question in std::mem::take(&mut batch.questions) {
            self.ask(question);
        }
        batch.to_client.clear();
        batch.to_server.clear();
        self.in_hand.fetch_sub(1, Ordering::SeqCst);
        self.close_if_done();
        to_client
    }

    /// The server left too much unread: whoever waits for what was to be sent to it is told.
    fn give_up(&self, unsent: &Outbox) -> std::io::Result<()> {
        let mut told = Vec::new();
        for line in unsent.lines() {
            self.engine().undo_send(Direction::ToServer, line, UNREAD, &mut told);
        }
        let mut batch = Batch::default();
        told.into_iter().for_each(|effect| batch.take_up(effect));
        if batch.to_client.is_empty() { Ok(()) } else { self.to_client.send(&batch.to_client) }
    }

    /// Says once that the record failed, and once that it works again.
    fn sound(&self, error: Option<&AuditError>) {
        if self.alarmed.swap(error.is_some(), Ordering::Relaxed) != error.is_some() {
            (self.alarm)(error);
        }
    }

    fn undo_all(&self, batch: &mut Batch) {
        let mut told = Vec::new();
        let boxes = [(Direction::ToServer, &batch.to_server), (Direction::ToClient, &batch.to_client)];
        for (to, outbox) in boxes {
            for line in outbox.lines() {
                self.engine().undo_send(to, line, UNWRITTEN, &mut told);
            }
        }
        for question in batch.questions.drain(..) {
            let deny = Answer::Deny("the audit log cannot be written".to_owned());
            let mut answered = Vec::new();
            self.engine().answer(now(), question.id, &deny, &mut answered);
            told.extend(answered.into_iter().flat_map(|outcome| outcome.effects));
        }
        batch.to_server.clear();
        batch.to_client.clear();
        for effect in told {
            batch.take_up(effect);
        }
    }

    fn asker(&self) -> Option<Arc<dyn Asker>> {
        self.asker.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask(&self, question: Question) {
        match self.asker() {
            Some(asker) => asker.ask(question),
            None => {
                let deny = Answer::Deny(
                    "nobody is asked here: start it with `--ask terminal`, or add an `allow` rule".to_owned(),
                );
                // The client's reader notices by itself when the client is gone.
                let _ = self.answer(question.id, &deny);
            }
        }
    }

    /// A human's answer, or the lack of one.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn answer(&self, question: QuestionId, answer: &Answer) -> std::io::Result<()> {
        self.carry_out_all(|engine, outcomes| engine.answer(now(), question, answer, outcomes))
    }

    /// Passing time, a few times a second.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn tick(&self) -> std::io::Result<()> {
        self.carry_out_all(|engine, outcomes| engine.tick(now(), outcomes))
    }

    /// The server is gone: what is open is answered.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn server_ended(&self, why: &str) -> std::io::Result<()> {
        self.carry_out_all(|engine, outcomes| engine.server_ended(now(), why, outcomes))
    }

    /// Nothing more will come from the client: the server's input is closed, which asks it to end. Calls that wait for
    /// our own listing are sent before.
    pub fn close_server_input(&self) {
        self.client_closed.store(true, Ordering::SeqCst);
        self.close_if_done();
    }

    fn close_if_done(&self) {
        // What another thread has in hand may be calls for the server; it comes by here when it is done.
        let done = self.client_closed.load(Ordering::SeqCst) && self.in_hand.load(Ordering::SeqCst) == 0;
        if done && !self.engine().holds_calls_back() {
            self.to_server.close();
        }
    }

    /// Writes what was handed over to the server's input, until the run ends. Runs on a thread of its own.
    pub fn courier(&self) {
        self.to_server.courier();
    }

    /// Decides by `decide`, and carries out what comes of it.
    fn carry_out_all(
        &self,
        decide: impl FnOnce(&mut Engine, &mut Vec<Outcome<'static>>),
    ) -> std::io::Result<()> {
        self.in_hand.fetch_add(1, Ordering::SeqCst);
        let mut outcomes = Vec::new();
        decide(&mut self.engine(), &mut outcomes);
        let mut batch = Batch::default();
        if !outcomes.is_empty() {
            self.gather(outcomes, &mut batch);
        }
        self.carry_out(Direction::ToClient, &mut batch)
    }
}

impl Batch {
    fn take_up(&mut self, effect: Effect<'_>) {
        match effect {
            Effect::Send { to: Direction::ToServer, message } => self.to_server.push(&message),
            Effect::Send { to: Direction::ToClient, message } => self.to_client.push(&message),
            Effect::Ask(question) => self.questions.push(*question),
            Effect::Withdraw(question) => self.withdrawn.push(question),
        }
    }
}

const UNWRITTEN: &str = "the audit log cannot be written, so nothing is sent on";
const UNREAD: &str = "the server does not read, so nothing is sent on";

/// The time of day, for records and limits.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
