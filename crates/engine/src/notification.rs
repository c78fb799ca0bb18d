//! Notifications of both parties.

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_mcp::message::keys_clear;
use bailiwick_mcp::{
    Direction, Form, Governed, Id, Kind, Message, Packet, Parser, Splice, Timestamp, Value, message, method,
};
use bailiwick_policy::{Target, Verdict};

use crate::approval::spelled;
use crate::capability::input_requests;
use crate::decision::{Action, Arguments, Completion, Effect, Event, Outcome};
use crate::engine::{Engine, Judgement, Mode};
use crate::inspect::About;
use crate::permit::Permitted;
use crate::reply::Refusal;
use crate::request::{changed, name_refused};
use crate::result::{ASKING, error_clear};
use crate::run::{Origin, Pending, Waiting};

/// What else becomes of what a notification is about.
#[derive(Debug, Default)]
pub(crate) struct Also {
    /// A request that ends by it.
    ended: Option<Outcome<'static>>,
    /// One that was cancelled long ago.
    forgotten: Option<(Id<'static>, Pending)>,
}

/// Longer ones are recorded without what they say: a party may send many that go nowhere.
const NOTICE_BYTES_MAX: usize = 4_096;

const UNSENT: &str = "cancelled before it was sent on";

impl Engine {
    /// Notifications of both parties. They get no answer; what may not go on is dropped and recorded.
    pub(crate) fn notification<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        let row = message.method().and_then(method::find);
        let mut also = Also::default();
        let mut judgement = match row {
            _ if self.settings.mode == Mode::Observe => Judgement::allow(),
            Some(row)
                if row.form == Form::Notification && row.direction.is_none_or(|own| own == direction) =>
            {
                match message.governed_fields_clear(row) {
                    Ok(()) => self.notice(direction, message, row.governed, &mut also),
                    Err(cause) => Judgement::dropped(cause.to_string()),
                }
            }
            Some(_) | None => Judgement::dropped("not a notification that this party may send"),
        };
        let mut decision = self.decision(at, Event::Decision, direction);
        decision.call = self.run.next_call();
        decision.method = Cow::Owned(message.method().unwrap_or_default().to_owned());
        decision.target = judgement.target.take();
        decision.verdict = judgement.verdict;
        if judgement.verdict != Verdict::Allow || message.method() == Some("notifications/cancelled") {
            let params = message.params().filter(|params| params.raw().len() <= NOTICE_BYTES_MAX);
            decision.arguments = params.map(Arguments::View);
        }
        let mut effects = Vec::new();
        if judgement.verdict == Verdict::Allow || !self.enforces() {
            let changed = judgement.changed.take().filter(|_| self.enforces());
            decision.action = if changed.is_some() { Action::Changed } else { Action::Forwarded };
            let message = match changed {
                Some(bytes) => Permitted::new(bytes),
                None => Permitted::new(message.raw().as_bytes()),
            };
            effects.push(Effect::Send { to: direction, message });
        } else {
            decision.action = Action::Dropped;
        }
        decision.reasons = judgement.reasons;
        out.push(Outcome { decision, effects });
        let Also { ended, forgotten } = also;
        out.extend(ended);
        let why = "cancelled, and not answered while many others were";
        let never = |(id, pending)| self.never_answered(at, direction.reverse(), id, pending, why);
        out.extend(forgotten.map(never));
    }

    /// A request that is no longer waited for: its record ends. `direction` is that of the answer that did not come.
    pub(crate) fn never_answered<'a>(
        &self,
        at: Timestamp,
        direction: Direction,
        id: Id<'static>,
        pending: Pending,
        why: &str,
    ) -> Outcome<'a> {
        let mut outcome = self.ended(at, id, pending, why);
        outcome.effects.clear();
        outcome.decision.action = Action::Dropped;
        outcome.decision.direction = direction;
        outcome
    }

    pub(crate) fn notice<'a>(
        &mut self,
        direction: Direction,
        message: &Message<'a>,
        governed: Governed,
        also: &mut Also,
    ) -> Judgement<'a> {
        let server = Arc::clone(&self.settings.server);
        match governed {
            Governed::InFlight => self.in_flight_notice(direction, message, also),
            Governed::Roots => {
                match self.policy.could_allow(&Target::Roots { server: &server }, &self.settings.principal) {
                    true => Judgement::allow(),
                    false => Judgement::dropped("roots are denied"),
                }
            }
            Governed::Notice => self.news(direction, message),
            Governed::Protocol
            | Governed::List(_)
            | Governed::Tool
            | Governed::Resource
            | Governed::Prompt
            | Governed::Completion
            | Governed::Listen
            | Governed::Task
            | Governed::Sampling
            | Governed::Elicitation => Judgement::allow(),
        }
    }

    /// What a party says by itself: of what the other one may know and wants to, no faster than it may.
    fn news<'a>(&mut self, direction: Direction, message: &Message<'a>) -> Judgement<'a> {
        if let Some(bar) = self.run.bar() {
            return Judgement::deny(bar, Refusal::Silent);
        }
        let params = message.params();
        let server = Arc::clone(&self.settings.server);
        let elicits = message.method() == Some("notifications/elicitation/complete");
        let elicitation = Target::Elicitation { server: &server };
        if elicits && !self.policy.could_allow(&elicitation, &self.settings.principal) {
            return Judgement::dropped("elicitation is denied");
        }
        if let Some(uri) = params.and_then(|params| params.get("uri")).and_then(Value::text)
            && self.hides(&Target::Resource { server: &server, uri: &uri })
        {
            return Judgement::dropped("a resource that is hidden");
        }
        let task = params.and_then(|params| params.get("taskId"));
        if direction == Direction::ToClient && task.is_some_and(|id| !self.may_hear_of_task(id)) {
            return Judgement::dropped("a task that this run did not make, or may not use");
        }
        let task = task.and_then(Value::text);
        let (mut asked, mut splice) = (Judgement::allow(), Splice::default());
        if direction == Direction::ToClient
            && let Some(cause) = self.unasked_notice(message, &mut splice)
        {
            return Judgement::dropped(cause);
        }
        if message.method() == Some("notifications/message") {
            self.log_line(message, &mut asked);
        }
        if direction == Direction::ToClient {
            self.note_changed_list(message.method());
            if asked.verdict == Verdict::Allow
                && let Some(reason) = self.news_too_fast(message)
            {
                return Judgement::deny(reason, Refusal::Silent);
            }
        }
        if elicits {
            self.end_of_elicitation(params, &mut asked);
        }
        let told = params.filter(|_| direction == Direction::ToClient);
        if let Some(params) = told {
            splice.append(self.asked_by_task(params, task.as_deref().unwrap_or_default(), &mut asked));
        }
        let mut judgement = self.inspected_notice(direction, message, splice);
        // Nobody is asked about a notification.
        if asked.verdict != Verdict::Allow {
            judgement.verdict = Verdict::Deny;
        }
        judgement.reasons.splice(0..0, asked.reasons);
        if let (Verdict::Allow, Some(params), Some(task)) = (judgement.verdict, told, task) {
            self.note_questions(params, &task);
        }
        if judgement.verdict == Verdict::Allow && direction == Direction::ToClient {
            self.note_told(message);
        }
        judgement
    }

    /// Word of a task may ask back as an answer may.
    fn asked_by_task<'a>(&mut self, params: Value<'a>, task: &str, judgement: &mut Judgement<'a>) -> Splice {
        if task.is_empty() && params.get("inputRequests").is_none() {
            return Splice::default();
        }
        let places = || [Some(params), params.get("result")].into_iter().flatten();
        let error = params.get("error").filter(|error| error.is_object());
        if !places().all(|place| keys_clear(place, &ASKING)) || error.is_some_and(|error| !error_clear(error))
        {
            *judgement = Judgement::dropped("a key of it in another case");
            return Splice::default();
        }
        let mut asked = places().filter_map(|place| place.get("inputRequests"));
        if asked.any(|asked| !asked.is_object()) {
            *judgement = Judgement::dropped("`inputRequests` is not an object");
            return Splice::default();
        }
        if let Some(withheld) = error.and_then(|error| self.error_too_long(error)) {
            *judgement = Judgement { refusal: Refusal::Silent, ..withheld };
            return Splice::default();
        }
        if let Some(error) = error {
            self.asked_by_error(self.now, error, judgement);
        }
        self.entries(self.now, places().flat_map(input_requests), task, judgement)
    }

    /// The record of a call that waited for our own listing until its client took it back.
    pub(crate) fn taken_back(
        &mut self,
        at: Timestamp,
        call: &Waiting,
        why: &str,
    ) -> Option<Outcome<'static>> {
        let mut parser = Parser::default();
        let limits = self.settings.limits;
        let Ok(Packet::One(message)) = Packet::parse(&mut parser, &call.bytes, &limits) else { return None };
        let method = message.method().and_then(method::find);
        let judgement = Judgement::dropped(why.to_owned());
        let mut decision = self.told(at, &message, (Direction::ToServer, method), &judgement);
        name_refused(&message, &mut decision);
        decision.verdict = judgement.verdict;
        decision.action = Action::Dropped;
        decision.reasons = judgement.reasons;
        decision.completion = Some(Completion::Unknown);
        decision.latency_us = Some(at.micros_since(call.at));
        Some(Outcome { decision: decision.into_owned(), effects: Vec::new() })
    }

    /// Progress and cancellation speak of a request that is in flight, or of nothing.
    pub(crate) fn in_flight_notice<'a>(
        &mut self,
        direction: Direction,
        message: &Message<'a>,
        also: &mut Also,
    ) -> Judgement<'a> {
        let limits = self.settings.limits;
        let params = message.params();
        let named = |key: &str| {
            let value = params.and_then(|params| params.get(key))?;
            message::read_id(value, &limits).map(Id::into_owned)
        };
        if message.method() == Some("notifications/progress") {
            let token = named("progressToken");
            return match token {
                Some(token) => self.progress(direction, message, &token),
                None => Judgement::dropped("a progress token that is not in use"),
            };
        }
        let Some(id) = named("requestId") else { return Judgement::dropped("`requestId` is no id") };
        // What waits is the client's alone to take back.
        if direction == Direction::ToServer {
            self.run.answer_sets.forget(&id);
        }
        if let Some(position) = self.waits(&id).filter(|_| direction == Direction::ToServer) {
            let call = self.run.waiting.remove(position);
            also.ended = self.taken_back(self.now, &call, UNSENT);
            return Judgement::dropped(UNSENT);
        }
        // A server of 2026-07-28 may also end a listening request of the client.
        let own = self.run.in_flight(direction).get(&id).map(|pending| pending.origin);
        match own {
            Some(Origin::Held(question)) => {
                also.ended = Some(self.withdrawn(self.now, question, UNSENT));
                Judgement::dropped(UNSENT)
            }
            Some(Origin::Peer) => {
                also.forgotten = self.run.in_flight(direction).cancel(&id);
                self.inspected_notice(direction, message, Splice::default())
            }
            Some(Origin::Own) => Judgement::dropped("not this party's request"),
            None => {
                if let Some(question) = self.question_about_answer(&id, direction) {
                    let why = "cancelled before its answer was let through";
                    also.ended = Some(self.withdrawn(self.now, question, why));
                    return Judgement::dropped(why);
                }
                let listening = direction == Direction::ToClient
                    && self
                        .run
                        .to_server
                        .get(&id)
                        .and_then(|pending| pending.method)
                        .is_some_and(|row| row.governed == Governed::Listen);
                if listening {
                    Judgement::allow()
                } else {
                    Judgement::dropped("a request that is not in flight")
                }
            }
        }
    }

    /// Progress of a request in flight. Where a person was asked about it before, we told progress too: it goes on from there.
    fn progress<'a>(&mut self, direction: Direction, message: &Message<'a>, token: &Id<'_>) -> Judgement<'a> {
        let Some(before) = self.run.in_flight(direction.reverse()).told(token).map(|told| told.by_us) else {
            return Judgement::dropped("a progress token that is not in use");
        };
        if let Some(reason) = self.progress_too_fast(direction) {
            return Judgement::deny(reason, Refusal::Silent);
        }
        let number = |key: &str| {
            let value = message.params().and_then(|params| params.get(key))?;
            Some((value.span(), value.raw().parse::<f64>().ok().filter(|_| value.kind() == Kind::Number)?))
        };
        let mut splice = Splice::default();
        let progress = number("progress");
        if before > 0.0 {
            for (span, number) in [progress, number("total")].into_iter().flatten() {
                splice.replace(span, spelled(number + before).into_bytes());
            }
        }
        let judgement = self.inspected_notice(direction, message, splice);
        let told = self.run.in_flight(direction.reverse()).told(token);
        if let (Verdict::Allow, Some(told), Some((_, progress))) = (judgement.verdict, told, progress) {
            told.last = told.last.max(progress + before);
        }
        judgement
    }

    pub(crate) fn waits(&self, id: &Id<'_>) -> Option<usize> {
        let here = self.run.lane();
        self.run.waiting.iter().position(|call| call.lane == here && call.id.as_ref() == Some(id))
    }

    pub(crate) fn inspected_notice<'a>(
        &mut self,
        direction: Direction,
        message: &Message<'a>,
        splice: Splice,
    ) -> Judgement<'a> {
        let mut inspection = self.inspect_message(message, About::default(), direction, None);
        self.take_in(&inspection);
        let mut judgement = Judgement::allow();
        // Nobody is asked about a notification: what a person should see is withheld.
        if inspection.blocks() || inspection.asks() {
            judgement.verdict = Verdict::Deny;
        }
        inspection.splice.append(splice);
        judgement.changed = changed(message, &inspection.splice);
        judgement.reasons = inspection.reasons;
        judgement
    }
}
