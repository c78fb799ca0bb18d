//! The decision core. It is handed messages and time and returns decisions and effects; the same input gives the same output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_guard::Scanner;
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{
    Body, Direction, Limits, Malformation, Malformed, Message, Packet, Parser, Timestamp, Version,
    message::batch_allowed,
};
use bailiwick_policy::{Hit, Policy, Principal, Verdict};

use crate::counters::Counters;
use crate::decision::{Action, Decision, Effect, Event, Lane, Outcome};
use crate::foresight::Foreseen;
use crate::history::Present;
pub(crate) use crate::judgement::Judgement;
use crate::permit::Permitted;
use crate::pins::{Offer, Pins};
use crate::run::Run;
use crate::together::is_told;

/// What the engine does with its decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They hold.
    Enforce,
    /// Everything that parses is forwarded; what would have been decided is recorded.
    Shadow,
    /// Everything that parses is forwarded; no rule is asked.
    Observe,
}

/// What one run is about. Constant while it lasts.
#[derive(Debug, Clone)]
pub struct Settings {
    pub mode: Mode,
    /// The server's name in rules.
    pub server: Arc<str>,
    pub principal: Arc<Principal>,
    pub limits: Limits,
    /// Distinguishes our own request ids from everybody else's; unguessable by a server.
    pub nonce: String,
}

/// One run's engine.
#[derive(Debug)]
pub struct Engine {
    pub(crate) settings: Settings,
    pub(crate) policy: Arc<Policy>,
    pub(crate) scanner: Arc<Scanner>,
    pub(crate) run: Run,
    pub(crate) offer: Arc<Offer>,
    pub(crate) counters: Counters,
    /// Those of limits `per: principal`; where a principal has several runs, they go from one to the other.
    pub(crate) principal_counters: Counters,
    pub(crate) present: Present,
    /// What the client's answers in the request at hand come to: no word about it is milder.
    pub(crate) floor: Option<Verdict>,
    pub(crate) hits: Vec<Hit>,
    /// What the call that was decided last counts against which limits.
    pub(crate) charges: Vec<(usize, f64)>,
    /// What tells its arguments from others; empty as long as no limit wants to know.
    pub(crate) same: String,
    /// When the text that is being decided came.
    pub(crate) now: Timestamp,
    /// Suppressions of the policy without which more would have been done, by index.
    pub(crate) suppressed: Vec<usize>,
    /// The text that is being decided holds nothing that a guard would find.
    pub(crate) clear: bool,
    /// What was found out before about the call that is being decided.
    pub(crate) foreseen: Option<Foreseen>,
    /// The headers that repeat arguments beside the text that is being decided; nothing where the transport has no headers.
    pub(crate) beside: Option<Repeated>,
    /// Names of tools of the other servers that the same client may have.
    pub(crate) strangers: Arc<Vec<String>>,
}

impl Engine {
    /// `pins` are those of a lock file; without them the first lists of the run are pinned.
    #[must_use]
    pub fn new(settings: Settings, policy: Arc<Policy>, scanner: Arc<Scanner>, pins: Option<Pins>) -> Engine {
        Engine {
            offer: Arc::new(Offer::with_lock(pins, policy.follows())),
            settings,
            policy,
            present: Present::default(),
            floor: None,
            scanner,
            run: Run::default(),
            counters: Counters::default(),
            principal_counters: Counters::default(),
            hits: Vec::new(),
            charges: Vec::new(),
            same: String::new(),
            now: Timestamp(0),
            suppressed: Vec::new(),
            clear: false,
            foreseen: None,
            beside: None,
            strangers: Arc::default(),
        }
    }

    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The limits of the wire.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.settings.limits
    }

    /// The same offer as that of another run is kept once: `equal` is handed this one, and may return what equals it.
    pub fn share_offer(&mut self, equal: impl FnOnce(&Arc<Offer>) -> Option<Arc<Offer>>) {
        if let Some(shared) = equal(&self.offer)
            && shared == self.offer
        {
            self.offer = shared;
        }
    }

    /// What is pinned of the server so far.
    #[must_use]
    pub fn pins(&self) -> &Pins {
        &self.offer.pinned
    }

    /// True while calls wait for our own listing: the server's input must stay open for them.
    #[must_use]
    pub fn holds_calls_back(&self) -> bool {
        !self.run.waiting.is_empty()
    }

    /// Names of tools of other servers, which no definition of this one should imitate or govern.
    pub fn replace_strangers(&mut self, names: &Arc<Vec<String>>) {
        self.strangers = Arc::clone(names);
    }

    /// The version that `initialize` agreed on, if it did.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.run.version
    }

    /// Trades the counters of limits `per: principal` for those of the caller, who keeps them for all runs of one principal:
    /// lent before anything is decided, and taken back after it, nothing is counted twice or forgotten.
    pub fn trade_principal_counters(&mut self, counters: &mut Counters) {
        std::mem::swap(&mut self.principal_counters, counters);
    }

    /// What is received from now on belongs to the exchange `lane`. Without a call there is one lane.
    pub fn enter(&mut self, lane: Lane) {
        self.run.enter(lane);
    }

    /// What is known of who acts may change from request to request; who it is does not.
    pub fn replace_principal(&mut self, principal: &Arc<Principal>) {
        if !Arc::ptr_eq(&self.settings.principal, principal) {
            self.settings.principal = Arc::clone(principal);
        }
    }

    /// Another policy decides from now on. Counters, pins and open requests stay, and what sequences remember as far as
    /// their steps are the same; what preconditions were granted is forgotten.
    pub fn replace_policy(&mut self, policy: Arc<Policy>) {
        if self.policy.digest() != policy.digest() {
            self.suppressed.clear();
        }
        if self.offer.follows != policy.follows() {
            Arc::make_mut(&mut self.offer).follows = policy.follows();
        }
        self.policy = policy;
    }

    /// The ids of the policy's suppressions that changed nothing since it decides.
    #[must_use]
    pub fn unused_suppressions(&self) -> Vec<String> {
        let all = self.policy.guards().suppressions().enumerate();
        all.filter(|(index, _)| !self.suppressed.contains(index)).map(|(_, own)| own.id.clone()).collect()
    }

    /// The guards' automata, for a look at a message before the engine is locked.
    #[must_use]
    pub fn scanner(&self) -> &Arc<Scanner> {
        &self.scanner
    }

    /// As [`Engine::receive`], of a text of which it is known that no guard finds anything in it ([`Scanner::is_clear`] of
    /// each of its strings): they need not look again.
    pub fn receive_clear<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        packet: Result<Packet<'a>, Malformed>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        self.clear = true;
        self.receive(at, direction, packet, out);
        self.clear = false;
    }

    /// As [`Engine::receive`], of a client's text that came over HTTP with these headers: those that repeat arguments of a tool
    /// must agree with them (2026-07-28).
    pub fn receive_with<'a>(
        &mut self,
        at: Timestamp,
        beside: Repeated,
        packet: Result<Packet<'a>, Malformed>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        self.beside = Some(beside);
        self.receive(at, Direction::ToServer, packet, out);
        self.beside = None;
    }

    /// Decides over one text that came in `direction`: a message, a batch, or no message at all.
    pub fn receive<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        packet: Result<Packet<'a>, Malformed>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        let first = out.len();
        self.packet(at, direction, packet, out);
        if direction == Direction::ToServer {
            self.end_late(at, out);
        }
        self.gather_answers(out.get_mut(first..).unwrap_or_default());
    }

    fn packet<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        packet: Result<Packet<'a>, Malformed>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        match packet {
            Ok(Packet::One(message)) => self.message(at, direction, &message, out),
            Ok(Packet::Batch(members)) => self.batch(at, direction, members, out),
            Err(malformed) => out.push(self.malformed(at, direction, &malformed)),
        }
    }

    pub(crate) fn message<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        self.now = at;
        match (&message.body, direction) {
            (Body::Request { .. }, Direction::ToServer) => self.client_request(at, message, out),
            (Body::Request { .. }, Direction::ToClient) => self.server_request(at, message, out),
            (Body::Notification { .. }, _) => self.notification(at, direction, message, out),
            (Body::Result { .. } | Body::Error { .. }, _) => {
                self.answer_from_peer(at, direction, message, out)
            }
        }
    }

    /// Each member of a batch is decided on its own; what goes on goes on as one batch, in its order.
    fn batch<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        members: Vec<Result<Message<'a>, Malformed>>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        if !batch_allowed(self.run.version) && self.settings.mode == Mode::Enforce {
            let raw = |member: &Result<Message<'_>, Malformed>| match member {
                Ok(message) => message.raw().to_owned(),
                Err(malformed) => malformed.json.as_deref().unwrap_or("null").to_owned(),
            };
            let json = Some(format!("[{}]", members.iter().map(raw).collect::<Vec<_>>().join(",")).into());
            let refused = Malformed { json, ..Malformed::new(Malformation::Batch) };
            return out.push(self.malformed(at, direction, &refused));
        }
        let first = out.len();
        // What only is looked at goes on as it came, in one array.
        let fetches = self.run.fetches_nothing;
        self.run.fetches_nothing |= !self.enforces();
        let (mut open, mut places) = (BTreeMap::new(), Vec::new());
        for (place, member) in members.into_iter().enumerate() {
            let before = out.len();
            match member {
                Ok(message) => {
                    self.message(at, direction, &message, out);
                    let answered = out
                        .get(before..)
                        .unwrap_or_default()
                        .iter()
                        .any(|outcome| outcome.effects.iter().any(is_told));
                    let request = matches!(message.body, Body::Request { .. }) && !answered;
                    let id = message.id().filter(|_| request).cloned();
                    open.extend(id.map(|id| (id.into_owned(), place)));
                }
                Err(malformed) => out.push(self.malformed(at, direction, &malformed)),
            }
            places.resize(out.len() - first, place);
        }
        self.run.fetches_nothing = fetches;
        let outcomes = out.get_mut(first..).unwrap_or_default();
        if direction == Direction::ToServer {
            self.begin_answer_set((&mut *outcomes, &places), open);
        }
        join(outcomes);
    }

    pub(crate) fn decision<'a>(&self, at: Timestamp, event: Event, direction: Direction) -> Decision<'a> {
        Decision {
            at,
            event,
            direction,
            call: 0,
            lane: self.run.lane(),
            id: None,
            method: Cow::Borrowed(""),
            target: None,
            arguments: None,
            maskless: false,
            verdict: Verdict::Allow,
            action: Action::Forwarded,
            reasons: Vec::new(),
            policy: Arc::clone(&self.policy),
            latency_us: None,
            completion: None,
        }
    }

    pub(crate) fn enforces(&self) -> bool {
        self.settings.mode == Mode::Enforce
    }

    /// Parses and decides over a text that the engine kept; what comes out owns its bytes.
    pub(crate) fn receive_kept(
        &mut self,
        at: Timestamp,
        direction: Direction,
        (bytes, beside): (&[u8], Option<Repeated>),
        out: &mut Vec<Outcome<'_>>,
    ) {
        // What was kept is another text than the one that is being decided.
        let clear = std::mem::replace(&mut self.clear, false);
        let foreseen = self.foreseen.take();
        let other = std::mem::replace(&mut self.beside, beside);
        let mut parser = Parser::default();
        let mut outcomes = Vec::new();
        let limits = self.settings.limits;
        let packet = Packet::parse(&mut parser, bytes, &limits);
        self.packet(at, direction, packet, &mut outcomes);
        (self.clear, self.foreseen, self.beside) = (clear, foreseen, other);
        out.extend(outcomes.into_iter().map(|outcome| outcome.into_owned()));
    }

    /// The version that governs a message: the one it names, else the one that was agreed on.
    ///
    /// The error is the version that it names and that is none.
    pub(crate) fn version_of<'a>(&self, message: &Message<'a>) -> Result<Option<Version>, Cow<'a, str>> {
        match message.stated_version() {
            None => Ok(self.run.version),
            Some(stated) => Version::from_wire(&stated).map(Some).ok_or(stated),
        }
    }
}

pub(crate) fn send<'a>(to: Direction, bytes: Option<Vec<u8>>) -> Option<Effect<'a>> {
    Some(Effect::Send { to, message: Permitted::new(bytes?) })
}

/// Joins what a batch sends in each direction into one array, at the place of its last member.
fn join(outcomes: &mut [Outcome<'_>]) {
    for to in [Direction::ToServer, Direction::ToClient] {
        let mut joined: Vec<u8> = Vec::new();
        for outcome in outcomes.iter_mut() {
            outcome.effects.retain(|effect| match effect {
                Effect::Send { to: towards, message } if *towards == to => {
                    joined.push(if joined.is_empty() { b'[' } else { b',' });
                    joined.extend_from_slice(message.bytes());
                    false
                }
                Effect::Send { .. } | Effect::Ask(_) | Effect::Withdraw(_) | Effect::Quarantine(_) => true,
            });
        }
        if let (false, Some(last)) = (joined.is_empty(), outcomes.last_mut()) {
            joined.push(b']');
            last.effects.push(Effect::Send { to, message: Permitted::new(joined) });
        }
    }
}
