//! Messages that wait for a human, and what becomes of them.

mod opinion;
mod people;

use std::sync::Arc;

use bailiwick_mcp::{Body, Direction, Governed, Id, Item, Message, Packet, Parser, Timestamp, Value, method};
use bailiwick_policy::{Target, Verdict};

use crate::decision::{
    Action, Answer, Arguments, Completion, Decision, Effect, Event, Outcome, Question, QuestionId, Reason,
};
use crate::engine::{Engine, Judgement, send};
use crate::permit::Permitted;
use crate::reply::Refusal;
use crate::run::{Held, Pending, Waits};

pub(crate) use opinion::Doubt;
pub use people::ApprovedBy;
pub(crate) use people::Consents;
use people::Heard;

/// How long an answer is waited for where the rule does not say, in seconds.
const APPROVAL_TTL_S: u32 = 180;

/// How often a party that waits for a human is told so, in microseconds.
const PROGRESS_US: u64 = 5_000_000;
const SECOND_US: u64 = 1_000_000;
const WAITS: &str = "waiting for a person's approval";

impl Waits {
    /// The progress that was told last.
    fn told(&self) -> f64 {
        // Far below what a double counts exactly.
        self.from + u32::try_from(self.seconds).map_or(f64::from(u32::MAX), f64::from)
    }
}

/// A number as JSON; whole ones without a point.
pub(crate) fn spelled(number: f64) -> String {
    if number.is_finite() { format!("{number}") } else { "0".to_owned() }
}

impl Engine {
    /// Keeps a message until a human has answered: a request, or the answer to one, whose method and target are its request's.
    pub(crate) fn hold(
        &mut self,
        at: Timestamp,
        message: &Message<'_>,
        direction: Direction,
        pending: &Pending,
        judgement: &Judgement<'_>,
    ) -> Question {
        let id = self.next_question();
        let mut arguments = Vec::new();
        let shown = match &judgement.arguments {
            Some(Arguments::View(value)) => beside(message).unwrap_or(*value),
            Some(Arguments::Text(_)) | None => message.value(),
        };
        self.scanner.redact_json_for_person(shown, &mut arguments);
        let method = pending.method.map_or("", |row| row.name).to_owned();
        let target = pending.target.as_deref().map(str::to_owned);
        let is_request = Engine::is_request(message);
        let consents = Consents::of(&self.policy, &judgement.reasons);
        let ttl_s = consents.ttl_ms().and_then(|millis| u32::try_from(millis.div_ceil(1_000)).ok());
        let question = Question {
            id,
            direction,
            is_answer: !is_request,
            method: method.clone(),
            target: target.clone().unwrap_or_default(),
            arguments: String::from_utf8_lossy(&arguments).into_owned(),
            derived: self.derived(message, direction, judgement),
            reasons: judgement.reasons.clone(),
            policy: Arc::clone(&self.policy),
            client: self.run.client.clone().unwrap_or_default(),
            history: self
                .run
                .history
                .iter()
                .map(|line| self.scanner.redact_secrets(line).into_owned())
                .collect(),
            ttl_s: ttl_s.unwrap_or(APPROVAL_TTL_S),
            consents: consents.wanted().to_vec(),
            consult: None,
        };
        let bytes = match &judgement.changed {
            Some(changed) => changed.clone(),
            None => message.raw().as_bytes().to_vec(),
        };
        let held = Held {
            lane: self.run.lane(),
            bytes,
            direction,
            id: message.id().cloned().map(Id::into_owned),
            call: pending.call,
            since: pending.at,
            method,
            target,
            reasons: judgement.reasons.clone(),
            refusal: judgement.refusal.clone(),
            policy: self.policy.digest().to_owned(),
            consents,
            is_request,
            completion: (!is_request).then(|| Completion::of(message)),
            progress: pending.token.clone().map(|token| Waits {
                token,
                since: at,
                last: at,
                from: pending.told.last.ceil(),
                seconds: 0,
            }),
            wanted: None,
        };
        self.run.held.insert(id, held);
        question
    }

    /// A human's answer, or the lack of one. Exactly the bytes that were shown are sent on, and only under the policy that asked.
    pub fn answer(
        &mut self,
        at: Timestamp,
        question: QuestionId,
        answer: &Answer,
        out: &mut Vec<Outcome<'static>>,
    ) {
        let first = out.len();
        self.heed(at, question, answer, out);
        self.gather_answers(out.get_mut(first..).unwrap_or_default());
    }

    /// The same; what batches wait for stays where it is.
    pub(crate) fn heed(
        &mut self,
        at: Timestamp,
        question: QuestionId,
        answer: &Answer,
        out: &mut Vec<Outcome<'static>>,
    ) {
        let Some(mut held) = self.run.held.remove(&question) else { return };
        // A person is no classifier, and a classifier no person.
        let fits = match answer {
            Answer::Deny(_) => true,
            Answer::Approve(_) => held.wanted.is_none(),
            Answer::Opinion(_) => held.wanted.is_some(),
        };
        if !fits {
            self.run.held.insert(question, held);
            return;
        }
        self.run.enter(held.lane);
        if let Answer::Opinion(opinion) = answer {
            return self.heard(at, held, opinion, out);
        }
        let mut decision = self.decision_about(at, Event::Approval, &held);
        let approved = match answer {
            Answer::Deny(why) => Err(why.clone()),
            Answer::Opinion(_) => return,
            Answer::Approve(_) if held.policy != self.policy.digest() => {
                Err("the policy changed while it waited; ask again".to_owned())
            }
            Answer::Approve(_) if held.is_request && self.run.barred.is_some() => {
                Err("the server introduced itself otherwise than it is pinned".to_owned())
            }
            Answer::Approve(_) if held.is_request && self.pin_broke(&held) => {
                Err("its definition changed while it waited".to_owned())
            }
            Answer::Approve(by) => match held.consents.hear(by, &self.policy) {
                Heard::Enough(by) => match self.spend_held(at, &held, true) {
                    None => Ok(by),
                    Some(used_up) => Err(used_up),
                },
                Heard::More(words) | Heard::Not(words) => {
                    // It goes on waiting.
                    self.run.held.insert(question, held);
                    decision.verdict = Verdict::Ask;
                    decision.action = Action::Held;
                    decision.reasons.push(Reason::Approval(words));
                    out.push(Outcome { decision, effects: Vec::new() });
                    return;
                }
            },
        };
        if approved.is_err() {
            self.spend_held(at, &held, false);
        }
        let outcome = self.settled(held, decision, approved);
        out.push(outcome);
    }

    /// A decision about something that waited.
    fn decision_about<'a>(&self, at: Timestamp, event: Event, held: &Held) -> Decision<'a> {
        let mut decision = self.decision(at, event, held.direction);
        decision.call = held.call;
        decision.id = held.id.clone();
        decision.method = held.method.clone().into();
        decision.target = held.target.clone().map(Into::into);
        decision
    }

    /// What comes of a message that no longer waits: who approved it, or why it is refused.
    fn settled(
        &mut self,
        held: Held,
        mut decision: Decision<'static>,
        approved: Result<String, String>,
    ) -> Outcome<'static> {
        let mut effects = Vec::new();
        held.note_end(&mut decision);
        match approved {
            Ok(by) => {
                decision.verdict = Verdict::Allow;
                decision.action = Action::Forwarded;
                decision.reasons.push(Reason::Approval(by));
                if !held.is_request {
                    self.run.barred = self.run.barred.take().filter(|(_, call)| *call != held.call);
                }
                if let (Some(id), true) = (&held.id, held.is_request) {
                    let sent = self.present.sent.take();
                    let told = held.progress.as_ref().map_or(0.0, Waits::told);
                    self.run.in_flight(held.direction).release(id, told, sent);
                    self.note_wish(&held.method, held.target.as_deref());
                }
                effects.push(Effect::Send { to: held.direction, message: Permitted::new(held.bytes) });
            }
            Err(why) => {
                decision.verdict = Verdict::Deny;
                let bytes = denied(&held.refusal, &why).to_bytes(held.id.as_ref());
                decision.action = if bytes.is_some() { Action::Refused } else { Action::Dropped };
                decision.reasons.push(Reason::Approval(why));
                let asker = if held.is_request { held.direction.reverse() } else { held.direction };
                if let (Some(id), true) = (&held.id, held.is_request) {
                    let pending = self.run.in_flight(held.direction).remove(id);
                    decision.latency_us = pending.map(|pending| decision.at.micros_since(pending.at));
                    decision.completion = Some(Completion::Refused);
                }
                effects.extend(send(asker, bytes));
            }
        }
        Outcome { decision, effects }
    }

    /// True while the request `id` of the current lane waits for a human or for our own listing. Whoever sent it is told, if it
    /// asked for progress.
    pub fn still_waits(&mut self, at: Timestamp, id: &Id<'_>, out: &mut Vec<Outcome<'static>>) -> bool {
        let lane = self.run.lane();
        let own = |held: &Held| held.is_request && held.lane == lane && held.id.as_ref() == Some(id);
        let held = self.run.held.values().any(own);
        if held {
            self.tell(at, own, out);
            self.run.enter(lane);
        }
        held || self.waits(id).is_some()
    }

    /// Tells whoever asked for progress that a human is still being asked, so that its own patience lasts as long.
    pub(crate) fn tell_waiting(&mut self, at: Timestamp, out: &mut Vec<Outcome<'static>>) {
        self.tell(at, |_| true, out);
    }

    fn tell(&mut self, at: Timestamp, whom: impl Fn(&Held) -> bool, out: &mut Vec<Outcome<'static>>) {
        let mut told = Vec::new();
        for held in self.run.held.values_mut().filter(|held| whom(held)) {
            let asker = if held.is_request { held.direction.reverse() } else { held.direction };
            let Some(waits) = &mut held.progress else { continue };
            if at.micros_since(waits.last) < PROGRESS_US {
                continue;
            }
            // The clock of the day may be put back; what is told only grows.
            let seconds = at.micros_since(waits.since) / SECOND_US;
            (waits.last, waits.seconds) = (at, seconds.max(waits.seconds.saturating_add(1)));
            let mut bytes =
                br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#.to_vec();
            waits.token.write(&mut bytes);
            let progress = spelled(waits.told());
            bytes.extend_from_slice(
                format!(",\"progress\":{progress},\"message\":\"{WAITS}\"}}}}").as_bytes(),
            );
            told.push((held.lane, held.call, asker, bytes));
        }
        for (lane, call, to, bytes) in told {
            self.run.enter(lane);
            let mut decision = self.decision(at, Event::Approval, to);
            decision.call = call;
            decision.method = "notifications/progress".into();
            decision.reasons.push(Reason::Approval(WAITS.to_owned()));
            out.push(Outcome { decision, effects: send(to, Some(bytes)).into_iter().collect() });
        }
    }

    /// The question about the answer to `id`, which no longer matters to the party that its request came from.
    pub(crate) fn question_about_answer(&self, id: &Id<'_>, canceller: Direction) -> Option<QuestionId> {
        let lane = self.run.lane();
        let mut held = self.run.held.iter();
        let (question, _) = held.find(|(_, held)| {
            !held.is_request
                && held.lane == lane
                && held.direction == canceller.reverse()
                && held.id.as_ref() == Some(id)
        })?;
        Some(*question)
    }

    /// True if a pin forbids by now what it did not forbid when it was asked about.
    fn pin_broke(&self, held: &Held) -> bool {
        let name = held.target.as_deref().unwrap_or_default();
        let governed = method::find(&held.method).map(|row| row.governed);
        let pinned = match governed {
            Some(Governed::Tool) => self.pin_verdict(Item::Tool, name),
            Some(Governed::Prompt) => self.prompt_pin(name),
            Some(Governed::Resource) => self.template_pin(name),
            // What it completes is one of the two.
            Some(Governed::Completion) => self.completed_pin(name),
            _ => None,
        };
        pinned.is_some_and(|(verdict, _)| verdict == Verdict::Deny)
    }

    /// Counts what was approved against the limits that let it ask, and opens the questions of an answer; words if a limit
    /// is used up by now. What was refused counts where denied calls do.
    fn spend_held(&mut self, at: Timestamp, held: &Held, is_approved: bool) -> Option<String> {
        let mut parser = Parser::default();
        let limits = self.settings.limits;
        let Ok(Packet::One(message)) = Packet::parse(&mut parser, &held.bytes, &limits) else {
            return Some("it can no longer be read".to_owned());
        };
        let name = held.target.as_deref().unwrap_or_default();
        let is_told = is_approved && held.direction == Direction::ToClient;
        if is_told {
            self.note_elicited(&message);
        }
        if !held.is_request {
            if let (Body::Result { result, .. }, true) = (&message.body, is_told) {
                self.note_questions(*result, name);
            }
            return None;
        }
        let server = Arc::clone(&self.settings.server);
        let server = &*server;
        let params = message.params();
        let arguments = params.and_then(|params| params.get("arguments")).filter(|value| value.is_object());
        // The same targets and arguments as when it was decided.
        let (target, arguments) = match message.method() {
            Some("tools/call") => (Target::Tool { server, name }, arguments),
            Some("prompts/get") => (Target::Prompt { server, name }, arguments),
            Some("completion/complete") => (Target::Completion { server, reference: name }, params),
            Some("sampling/createMessage") => (Target::Sampling { server }, params),
            Some("elicitation/create") => (Target::Elicitation { server }, params),
            Some("roots/list") => (Target::Roots { server }, params),
            Some(name) if name.starts_with("resources/") || name.starts_with("skills/") => {
                (Target::Resource { server, uri: held.target.as_deref().unwrap_or_default() }, None)
            }
            Some(_) | None if held.direction == Direction::ToServer => (Target::OwnTask { server }, params),
            Some(_) | None => (Target::Task { server }, params),
        };
        if is_approved {
            return self.spend_if_room(at, &target, arguments, &held.reasons);
        }
        self.spend_refused(at, &target, arguments);
        None
    }
}

/// All of the parameters, if more than the arguments is sent with them that a server may act on.
fn beside<'a>(message: &Message<'a>) -> Option<Value<'a>> {
    let params = message.params()?;
    let usual = |key: &str| {
        matches!(key, "progressToken" | "traceparent" | "tracestate" | "baggage")
            || key.starts_with("io.modelcontextprotocol/")
    };
    let is_more = |(key, value): (Value<'a>, Value<'a>)| match key.text().as_deref() {
        Some("name" | "arguments") => false,
        Some("_meta") => !value.members().all(|(key, _)| key.text().is_some_and(|key| usual(&key))),
        Some(_) | None => true,
    };
    params.members().any(is_more).then_some(params)
}

/// The refusal of a held message, with what the human (or the clock) said.
fn denied(refusal: &Refusal, why: &str) -> Refusal {
    match refusal {
        Refusal::Error { code, message } => {
            Refusal::Error { code: *code, message: format!("{message}; {why}") }
        }
        Refusal::Tool { text, modern } => Refusal::Tool { text: format!("{text}; {why}"), modern: *modern },
        Refusal::Version { .. } | Refusal::Tasks => refusal.clone(),
        Refusal::Result(json) => Refusal::Result(json),
        Refusal::Silent => Refusal::Silent,
    }
}
