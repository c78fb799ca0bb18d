//! Answers: matched to what was asked, then delivered as they are, changed, or withheld.

use std::borrow::Cow;

use bailiwick_mcp::{Body, Direction, Item, Message, Timestamp};
use bailiwick_policy::Verdict;

use crate::decision::{Action, Arguments, Completion, Effect, Event, Outcome, Reason};
use crate::engine::{Engine, Judgement, Mode, send};
use crate::permit::Permitted;
use crate::run::{Origin, Pending};

/// An answer and the request that it belongs to.
struct Answering<'m, 'a> {
    at: Timestamp,
    direction: Direction,
    message: &'m Message<'a>,
    pending: &'m Pending,
}

impl Engine {
    /// An answer: it belongs to a request of ours or theirs with the same id, type and value, or it goes nowhere.
    pub(crate) fn answer_from_peer<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        let asked = direction.reverse();
        let answerable = message.id().and_then(|id| {
            let pending = self.run.in_flight(asked).get(id)?;
            // A question that is still held was never put to the peer.
            if matches!(pending.origin, Origin::Held(_)) { None } else { Some(id.clone().into_owned()) }
        });
        let pending = answerable.and_then(|id| self.run.in_flight(asked).remove(&id));
        let Some(mut pending) = pending else {
            return out.push(self.stray_answer(at, direction, message));
        };
        if pending.origin == Origin::Own {
            let result = match &message.body {
                Body::Result { result, .. } => Ok(*result),
                Body::Error { .. } | Body::Request { .. } | Body::Notification { .. } => {
                    Err("the server answered with an error".to_owned())
                }
            };
            let answering = Answering { at, direction, message, pending: &pending };
            let outcome = self.completion_of(&answering, Judgement::allow(), Action::Dropped);
            out.push(about(outcome, pending.target.take()));
            return self.own_listing_answered(at, result, out);
        }
        let first_pin = out.len();
        let judgement = match (&message.body, self.settings.mode) {
            (_, Mode::Observe) => {
                self.note_version(message, &pending);
                Judgement::allow()
            }
            (Body::Result { result, .. }, _) if direction == Direction::ToClient => {
                self.result(at, message, *result, &pending, out)
            }
            (Body::Error { error, .. }, _) if direction == Direction::ToClient => {
                self.error(at, message, *error, &pending)
            }
            _ if direction == Direction::ToServer => self.client_answer(message, &pending),
            _ => Judgement::allow(),
        };
        let answering = Answering { at, direction, message, pending: &pending };
        let outcome = self.deliver(&answering, judgement);
        let outcome = about(outcome, pending.target.take());
        if let Some(sent) = &pending.sent {
            let decision = &outcome.decision;
            self.answered(at, sent, message, decision.completion, decision.verdict);
        }
        out.insert(first_pin, outcome);
        if !self.run.waiting.is_empty() && self.offer.is_fresh(Item::Tool) {
            self.release_waiting(at, out);
        }
    }

    fn stray_answer<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
    ) -> Outcome<'a> {
        let mut decision = self.decision(at, Event::Decision, direction);
        decision.id = message.id().cloned();
        decision.verdict = Verdict::Deny;
        decision.reasons.push(Reason::Protocol("an answer to nothing that was asked".into()));
        let mut effects = Vec::new();
        if self.enforces() {
            decision.action = Action::Dropped;
        } else {
            effects.push(Effect::Send { to: direction, message: Permitted::new(message.raw().as_bytes()) });
        }
        Outcome { decision, effects }
    }

    /// Delivers a judged answer to whoever asked.
    fn deliver<'a>(&mut self, answering: &Answering<'_, 'a>, mut judgement: Judgement<'a>) -> Outcome<'a> {
        let Answering { direction, message, pending, .. } = *answering;
        self.deny_if_full(&mut judgement);
        let doubt = judgement.doubt.take().filter(|_| self.enforces() && judgement.verdict == Verdict::Allow);
        if let Some(doubt) = doubt {
            let way = (answering.at, direction);
            if let Some(question) = self.doubted(way, message, pending, (&mut judgement, *doubt)) {
                let mut outcome = self.completion_of(answering, judgement, Action::Held);
                outcome.effects.push(Effect::Ask(Box::new(question)));
                return outcome;
            }
        }
        let verdict = if self.enforces() { judgement.verdict } else { Verdict::Allow };
        match verdict {
            Verdict::Allow => {
                // What waits for somebody may be answered only after it was delivered.
                if let (Body::Result { result, .. }, Direction::ToClient) = (&message.body, direction) {
                    self.note_questions(*result, pending.target.as_deref().unwrap_or_default());
                }
                if let (Body::Error { .. }, Direction::ToClient) = (&message.body, direction) {
                    self.note_elicited(message);
                }
                let changed = judgement.changed.take().filter(|_| self.enforces());
                let action = if changed.is_some() { Action::Changed } else { Action::Forwarded };
                let permitted = match changed {
                    Some(bytes) => Permitted::new(bytes),
                    None => Permitted::new(message.raw().as_bytes()),
                };
                let mut outcome = self.completion_of(answering, judgement, action);
                outcome.effects.push(Effect::Send { to: direction, message: permitted });
                outcome
            }
            Verdict::Ask => {
                let question = self.hold(answering.at, message, direction, pending, &judgement);
                let mut outcome = self.completion_of(answering, judgement, Action::Held);
                outcome.effects.push(Effect::Ask(Box::new(question)));
                outcome
            }
            Verdict::Deny => {
                let kept = judgement.kept.take();
                let answer = send(direction, judgement.refusal.to_bytes(message.id()));
                let mut outcome = self.completion_of(answering, judgement, Action::Refused);
                outcome.effects.extend(answer);
                outcome.effects.extend(kept.map(Effect::Quarantine));
                outcome
            }
        }
    }

    /// Without its target: see [`about`].
    fn completion_of<'a>(
        &self,
        answering: &Answering<'_, 'a>,
        judgement: Judgement<'a>,
        action: Action,
    ) -> Outcome<'a> {
        let Answering { at, direction, message, pending } = *answering;
        let mut decision = self.decision(at, Event::Completion, direction);
        decision.call = pending.call;
        decision.id = message.id().cloned();
        decision.method = pending.method_name();
        decision.arguments = asked_back(message, pending);
        decision.verdict = judgement.verdict;
        decision.reasons = judgement.reasons;
        decision.action = action;
        decision.latency_us = Some(at.micros_since(pending.at));
        decision.completion = Some(Completion::of(message));
        Outcome { decision, effects: Vec::new() }
    }
}

/// What a server asks back in its answer (2026-07-28), which is what is decided over there.
fn asked_back<'a>(answer: &Message<'a>, pending: &Pending) -> Option<Arguments<'a>> {
    match &answer.body {
        Body::Result { result, .. } if pending.modern => result.get("inputRequests").map(Arguments::View),
        _ => None,
    }
}

/// An outcome with the target of its request, which nobody needs any more.
fn about<'a>(mut outcome: Outcome<'a>, target: Option<Box<str>>) -> Outcome<'a> {
    outcome.decision.target = target.map(|target| Cow::Owned(target.into_string()));
    outcome
}

impl Pending {
    pub(crate) fn method_name<'a>(&self) -> Cow<'a, str> {
        match (self.method, &self.unknown) {
            (Some(row), _) => Cow::Borrowed(row.name),
            (None, Some(name)) => Cow::Owned(name.to_string()),
            (None, None) => Cow::Borrowed(""),
        }
    }
}
