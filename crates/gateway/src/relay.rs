//! From bytes to effect: parse, decide, record, send. Shared by every thread of one run.

mod ahead;
mod batch;
mod reader;
mod settings;
mod words;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bailiwick_engine::{Answer, Engine, Event, Lane, Outcome, Policy, Question, QuestionId, Scanner};
use bailiwick_mcp::framing::Frame;
use bailiwick_mcp::{Direction, Limits, Malformation, Parser, Timestamp};
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::{Happening, Trace};

use self::ahead::{Ahead, Text, emptied};
use self::batch::Batch;
use self::words::Words;
use crate::sink::{Outbox, Sink};

pub(crate) use self::words::Junk;
pub use reader::Reader;
pub use settings::{Alarm, Keeper, Observer, RelaySettings, Teller};

/// Whoever can put a question to a human. Answers come back through [`Relay::answer`], on any thread.
pub trait Asker: Send + Sync + std::fmt::Debug {
    fn ask(&self, question: Question);
    fn withdraw(&self, question: QuestionId);
}

/// One run: the engine, its record, and both peers' inputs.
pub struct Relay {
    engine: Mutex<Engine>,
    scanner: Arc<Scanner>,
    entries: Entries,
    to_server: Sink,
    to_client: Sink,
    asker: Mutex<Option<Arc<dyn Asker>>>,
    limits: Limits,
    /// Every outcome waits for its record; without it, plain completions are recorded within the log's flush interval.
    strict: bool,
    observer: Observer,
    teller: Teller,
    words: Words,
    alarm: Alarm,
    keeper: Keeper,
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

impl Relay {
    #[must_use]
    pub fn new(engine: Engine, entries: Entries, sinks: (Sink, Sink), settings: RelaySettings) -> Relay {
        let (to_server, to_client) = sinks;
        let RelaySettings { limits, strict, observer, teller, alarm, keeper, trace } = settings;
        let alarmed = AtomicBool::new(false);
        let scanner = Arc::clone(engine.scanner());
        let engine = Mutex::new(engine);
        Relay {
            engine,
            scanner,
            entries,
            to_server,
            to_client,
            asker: Mutex::new(None),
            limits,
            strict,
            observer,
            teller,
            words: Words::default(),
            alarm,
            keeper,
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

    /// Decides over texts that came together, in their order.
    fn frames(
        &self,
        (at, direction): (Timestamp, Direction),
        frames: &mut Vec<Frame<'_>>,
        Ahead { parsers, texts: room, foresight }: &mut Ahead,
        batch: &mut Batch,
    ) {
        if parsers.len() < frames.len() {
            parsers.resize_with(frames.len(), Parser::default);
        }
        // What can be done without the engine is done before it is locked: the other side's thread goes on meanwhile.
        let seen = foresight.as_ref();
        let read =
            frames.drain(..).zip(parsers).map(|(frame, parser)| self.read(direction, frame, parser, seen));
        let mut texts: Vec<Text<'_>> = std::mem::take(room);
        texts.extend(read);
        let mut outcomes = Vec::with_capacity(2);
        let mut engine = self.engine_or_records();
        for text in texts.drain(..) {
            let mut no_message = None;
            match text {
                Text::TooLong { id, request } => {
                    if let Some(trace) = &self.trace {
                        trace.lost(
                            (at, direction, Lane::default()),
                            Malformation::TooLong,
                            (id.as_ref(), request),
                        );
                    }
                    engine.too_long(at, direction, (id, request), &mut outcomes);
                }
                Text::Read { packet, line, clear, foreseen, junk } => {
                    no_message = junk;
                    let way = (at, direction, Lane::default());
                    match (&self.trace, line) {
                        (Some(trace), Some(line)) if clear => trace.clear_line(way, line),
                        (Some(trace), Some(line)) => trace.line(way, line, packet.as_ref().err()),
                        (Some(trace), None) => trace.lost(way, Malformation::CarriageReturn, (None, false)),
                        (None, _) => {}
                    }
                    match clear {
                        true => engine.receive_clear(at, direction, packet, &mut outcomes),
                        false if direction == Direction::ToServer => {
                            engine.receive_foreseen(at, foreseen, packet, &mut outcomes);
                        }
                        false => engine.receive(at, direction, packet, &mut outcomes),
                    }
                }
            }
            self.gather(&mut engine, &mut outcomes, no_message.as_deref(), batch);
        }
        if direction == Direction::ToServer {
            *foresight = engine.foresight(foresight.take());
        }
        drop(engine);
        *room = emptied(texts);
    }

    /// Takes down the outcomes of one text and takes up their effects; the engine is still locked, so that the records
    /// stand in the order of the decisions. If they cannot be recorded, none has effects (law 3).
    fn gather(
        &self,
        engine: &mut Engine,
        outcomes: &mut Vec<Outcome<'_>>,
        junk: Option<&Junk>,
        batch: &mut Batch,
    ) {
        let mut page = match self.entries.page() {
            Ok(page) => page,
            Err(error) => {
                batch.trouble = Some(error);
                return outcomes.drain(..).for_each(|outcome| batch.undo(engine, &outcome));
            }
        };
        for mut outcome in outcomes.drain(..) {
            outcome.decision.note_refused(now);
            let routine = outcome.decision.event == Event::Completion && outcome.decision.reasons.is_empty();
            batch.must_commit |= self.strict || !routine;
            let junk = junk.filter(|_| outcome.decision.event == Event::Malformed);
            let words = (self.observer)(&outcome);
            batch.words.extend(words.map(|words| Junk::told(junk, words)));
            page.take_down_beside(outcome.decision, junk.map(|junk| junk.extent));
            outcome.effects.into_iter().for_each(|effect| batch.take_up(effect));
        }
        page.done();
    }

    /// Writes the record, then does what was gathered. Empties `batch`.
    ///
    /// # Errors
    /// If the client does not read any more.
    fn carry_out(&self, direction: Direction, batch: &mut Batch) -> std::io::Result<()> {
        let mut written = false;
        if std::mem::take(&mut batch.must_commit) {
            match self.entries.commit() {
                Ok(()) => written = true,
                Err(error) => {
                    batch.undo_all(&mut self.engine());
                    batch.trouble = Some(error);
                }
            }
        }
        self.say(batch, written);
        batch.kept.drain(..).for_each(|kept| (self.keeper)(&kept));
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
        self.entries.keep_up();
        if let Some(trace) = &self.trace {
            trace.keep_up(now());
        }
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

    /// Tells the person who watches what there is to tell, once that the record fails, and once that it is `written` again.
    fn say(&self, batch: &mut Batch, written: bool) {
        if !batch.words.is_empty() {
            self.words.pass(now(), &mut batch.words);
            batch.words.drain(..).for_each(|words| (self.teller)(&words));
        }
        let trouble = batch.trouble.take();
        let known = trouble.is_some() || written;
        if known && self.alarmed.swap(trouble.is_some(), Ordering::Relaxed) != trouble.is_some() {
            (self.alarm)(trouble.as_ref());
        }
    }

    fn asker(&self) -> Option<Arc<dyn Asker>> {
        self.asker.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask(&self, question: Question) {
        match self.asker() {
            Some(asker) => asker.ask(question),
            None => {
                let deny = Answer::Deny(NOBODY.to_owned());
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
        let happening = Happening::Answer(question, answer);
        self.carry_out_all(&happening, |engine, at, outcomes| engine.answer(at, question, answer, outcomes))
    }

    /// Passing time, a few times a second.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn tick(&self) -> std::io::Result<()> {
        self.carry_out_all(&Happening::Tick, |engine, at, outcomes| engine.tick(at, outcomes))
    }

    /// The server is gone: what is open is answered.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn server_ended(&self, why: &str) -> std::io::Result<()> {
        let happening = Happening::ServerEnded(why);
        self.carry_out_all(&happening, |engine, at, outcomes| engine.server_ended(at, why, outcomes))
    }

    /// True while answers of the server wait for a classifier's opinion.
    #[must_use]
    pub fn awaits_opinions(&self) -> bool {
        self.engine().awaits_opinions()
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

    /// Another policy decides from now on.
    pub fn replace_policy(&self, policy: Arc<Policy>) {
        let mut engine = self.engine();
        if let Some(trace) = &self.trace {
            trace.happening(now(), &Happening::Reload(policy.digest()));
        }
        engine.replace_policy(policy);
    }

    /// Decides by `decide` over what happened, and carries out what comes of it.
    fn carry_out_all(
        &self,
        happening: &Happening<'_>,
        decide: impl FnOnce(&mut Engine, Timestamp, &mut Vec<Outcome<'static>>),
    ) -> std::io::Result<()> {
        self.in_hand.fetch_add(1, Ordering::SeqCst);
        let (mut outcomes, mut batch) = (Vec::new(), Batch::default());
        {
            let mut engine = self.engine();
            let at = now();
            decide(&mut engine, at, &mut outcomes);
            if !outcomes.is_empty() {
                // Most of time passes without anything to tell.
                if let Some(trace) = &self.trace {
                    trace.happening(at, happening);
                }
                self.gather(&mut engine, &mut outcomes, None, &mut batch);
            }
        }
        self.carry_out(Direction::ToClient, &mut batch)
    }
}

/// What is said where nobody can be asked.
pub const NOBODY: &str = "nobody is asked here: start it with `--ask terminal`, or add an `allow` rule (for a pin: `bailiwick lock`)";

const UNREAD: &str = "the server does not read, so nothing is sent on";

/// The time of day, for records and limits.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
