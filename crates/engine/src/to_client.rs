//! What a server sends, and what answers either party gives: matched to what was asked, inspected, filtered.

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_mcp::{
    Body, Direction, Form, Governed, Id, Message, Splice, Timestamp, Value, Version, message, method,
};
use bailiwick_policy::{Drift, Target, Verdict};

use crate::capability::input_requests;
use crate::decision::{Action, Arguments, Completion, Effect, Event, Outcome, Reason};
use crate::engine::{Engine, Judgement, Mode, send};
use crate::inspect::{Inspection, inspect};
use crate::listing::uncache;
use crate::permit::Permitted;
use crate::reply::{DENIED, Refusal, WITHHELD};
use crate::run::{Origin, Pending, TASKS_MAX};
use crate::to_server::{Judged, changed};

impl Engine {
    /// A request of the server (legacy): the same policy, and refusals in the words of the protocol.
    pub(crate) fn server_request<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        let row = message.method().and_then(method::find);
        let modern_only = self.run.modern_seen && self.run.version.is_none();
        let judgement = if self.settings.mode == Mode::Observe {
            Judgement::allow()
        } else if modern_only {
            Judgement::dropped("a server sends no requests in 2026-07-28")
        } else {
            match self.admissible(message, row, self.run.version, Direction::ToClient) {
                Err(refused) => refused,
                Ok(row) => self.server_wants(at, row.governed, message.params()),
            }
        };
        let judged = Judged { direction: Direction::ToClient, method: row, modern: false, judgement };
        let outcome = self.conclude(at, message, judged);
        out.push(outcome);
    }

    /// Judges what a server wants of the client, as a request or as an entry of `inputRequests`.
    fn server_wants<'a>(
        &mut self,
        at: Timestamp,
        governed: Governed,
        params: Option<Value<'a>>,
    ) -> Judgement<'a> {
        let server = Arc::clone(&self.settings.server);
        let (target, refusal) = match governed {
            Governed::Protocol => return Judgement::allow(),
            Governed::Sampling => {
                (Target::Sampling { server: &server }, Refusal::error(-1, "User rejected sampling request"))
            }
            Governed::Elicitation => {
                (Target::Elicitation { server: &server }, Refusal::Result(r#"{"action":"decline"}"#))
            }
            Governed::Roots => (Target::Roots { server: &server }, Refusal::Result(r#"{"roots":[]}"#)),
            Governed::Task | Governed::List(_) => {
                (Target::Task { server: &server }, Refusal::error(-32602, "unknown task"))
            }
            Governed::Tool
            | Governed::Resource
            | Governed::Prompt
            | Governed::Completion
            | Governed::Listen
            | Governed::InFlight
            | Governed::Notice => return Judgement::protocol(-32601, "method not found"),
        };
        let (mut verdict, mut reasons) = self.decide(at, &target, params);
        let mut inspection = Inspection::default();
        if let Some(params) = params {
            inspect(&self.scanner, &self.policy.guards(), params, &mut inspection);
        }
        reasons.append(&mut inspection.reasons);
        if inspection.blocked {
            verdict = Verdict::Deny;
        }
        let arguments = params.map(Arguments::View);
        let target = Some(Cow::Owned(self.settings.server.to_string()));
        Judgement { verdict, reasons, refusal, changed: None, target, arguments }
    }

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
        let Some(pending) = pending else {
            return out.push(self.stray_answer(at, direction, message));
        };
        if pending.origin == Origin::Own {
            let result = match &message.body {
                Body::Result { result, .. } => Ok(*result),
                Body::Error { .. } | Body::Request { .. } | Body::Notification { .. } => {
                    Err("the server answered with an error".to_owned())
                }
            };
            out.push(self.completion_of(
                at,
                direction,
                message,
                &pending,
                Judgement::allow(),
                Action::Dropped,
            ));
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
                self.inspected(message, *error, &pending)
            }
            _ => Judgement::allow(),
        };
        let outcome = self.deliver(at, direction, message, &pending, judgement);
        out.insert(first_pin, outcome);
        if !self.run.waiting.is_empty() && self.offer.is_complete(bailiwick_mcp::Item::Tool) {
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

    fn note_version(&mut self, message: &Message<'_>, pending: &Pending) {
        if let (Body::Result { result, .. }, Some("initialize")) =
            (&message.body, pending.method.map(|row| row.name))
        {
            let version = result.get("protocolVersion").and_then(Value::text);
            self.run.version = version.and_then(|version| Version::from_wire(&version));
        }
    }

    /// What is done with a result depends on what was asked, never on what came.
    fn result<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        result: Value<'a>,
        pending: &Pending,
        out: &mut Vec<Outcome<'a>>,
    ) -> Judgement<'a> {
        self.note_version(message, pending);
        if result.get("resultType").is_some_and(|kind| kind.is_text("input_required")) {
            return self.input_required(at, message, result, pending);
        }
        self.note_task(result, pending);
        match pending.method.map(|row| row.governed) {
            Some(Governed::List(item)) => self.list(at, message, item, result, out),
            Some(Governed::Protocol) => self.introduction(at, message, result, pending, out),
            Some(_) | None => self.inspected(message, result, pending),
        }
    }

    /// `initialize` and `server/discover`: the version must be one that we govern, the instructions those of the pin.
    fn introduction<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        result: Value<'a>,
        pending: &Pending,
        out: &mut Vec<Outcome<'a>>,
    ) -> Judgement<'a> {
        let name = pending.method.map(|row| row.name).unwrap_or_default();
        if name != "initialize" && name != "server/discover" {
            return self.inspected(message, result, pending);
        }
        if name == "initialize" && self.run.version.is_none() && self.enforces() {
            let refusal =
                Refusal::error(DENIED, "the server chose a protocol version that bailiwick does not govern");
            return Judgement::deny(Reason::Protocol("unknown protocol version".into()), refusal);
        }
        let mut judgement = self.inspected(message, result, pending);
        let Some(change) = self.offer.observe_instructions(result.get("instructions")) else {
            return judgement;
        };
        let drift = self.policy.pins().drift;
        let reason = Reason::Pin { name: "instructions".to_owned(), change: change.clone() };
        let mut decision = self.decision(at, Event::Pin, Direction::ToClient);
        decision.method = Cow::Borrowed(name);
        decision.target = Some("instructions".into());
        decision.reasons.push(reason.clone());
        judgement.reasons.push(reason);
        judgement.verdict = judgement.verdict.max(match drift {
            Drift::Deny => Verdict::Deny,
            Drift::Ask => Verdict::Ask,
            Drift::Warn => Verdict::Allow,
        });
        judgement.refusal =
            Refusal::error(DENIED, format!("Denied by bailiwick; pin `instructions`: {change}"));
        decision.verdict = judgement.verdict;
        out.push(Outcome { decision, effects: Vec::new() });
        judgement
    }

    /// Guards over an answer: withheld, changed, or as it is.
    fn inspected<'a>(&mut self, message: &Message<'a>, body: Value<'a>, pending: &Pending) -> Judgement<'a> {
        let mut inspection = Inspection::default();
        inspect(&self.scanner, &self.policy.guards(), body, &mut inspection);
        let mut judgement = Judgement::allow();
        if inspection.blocked {
            let found = inspection.reasons.iter().map(|reason| reason.describe(&self.policy).id.into_owned());
            let mut codes: Vec<String> = found.collect();
            codes.dedup();
            let text =
                format!("The server's answer was withheld by bailiwick: {} found in it", codes.join(", "));
            let is_tool = pending.method.is_some_and(|row| row.governed == Governed::Tool);
            judgement.verdict = Verdict::Deny;
            judgement.refusal = match is_tool {
                true => Refusal::Tool { text, modern: pending.modern },
                false => Refusal::error(WITHHELD, text),
            };
        } else if !inspection.splice.is_empty() {
            uncache(body, &mut inspection.splice);
            judgement.changed = changed(message, &inspection.splice);
        }
        judgement.reasons = inspection.reasons;
        judgement
    }

    /// 2026-07-28: what a server asks back inside an answer. One denied entry fails the client's request.
    fn input_required<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        result: Value<'a>,
        pending: &Pending,
    ) -> Judgement<'a> {
        let mut judgement = self.inspected(message, result, pending);
        for (wanted, params) in input_requests(result) {
            let row = wanted.and_then(Value::text).and_then(|name| method::find(&name));
            let entry = match row {
                Some(row) if row.direction == Some(Direction::ToClient) && row.form == Form::Request => {
                    self.server_wants(at, row.governed, params)
                }
                Some(_) | None => {
                    Judgement::protocol(-32601, "the server asks back for what no client answers")
                }
            };
            judgement.verdict = judgement.verdict.max(entry.verdict);
            judgement.reasons.extend(entry.reasons);
        }
        if judgement.verdict != Verdict::Allow {
            judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        }
        judgement
    }

    fn note_task(&mut self, result: Value<'_>, pending: &Pending) {
        // 2025-11-25 nests the new task, the extension of 2026-07-28 does not.
        let task = result.get("task").unwrap_or(result);
        if let Some(id) =
            task.get("taskId").and_then(Value::text).filter(|_| self.run.tasks.len() < TASKS_MAX)
        {
            let target = pending.target.as_deref().unwrap_or_default();
            self.run.tasks.entry(id.into_owned()).or_insert_with(|| target.to_owned());
        }
    }

    /// Delivers a judged answer to whoever asked.
    fn deliver<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        pending: &Pending,
        mut judgement: Judgement<'a>,
    ) -> Outcome<'a> {
        let verdict = if self.enforces() { judgement.verdict } else { Verdict::Allow };
        match verdict {
            Verdict::Allow => {
                let changed = judgement.changed.take().filter(|_| self.enforces());
                let action = if changed.is_some() { Action::Changed } else { Action::Forwarded };
                let permitted = match changed {
                    Some(bytes) => Permitted::new(bytes),
                    None => Permitted::new(message.raw().as_bytes()),
                };
                let mut outcome = self.completion_of(at, direction, message, pending, judgement, action);
                outcome.effects.push(Effect::Send { to: direction, message: permitted });
                outcome
            }
            Verdict::Ask => {
                let question = self.hold(message, direction, pending.call, &judgement);
                let mut outcome =
                    self.completion_of(at, direction, message, pending, judgement, Action::Held);
                outcome.effects.push(Effect::Ask(Box::new(question)));
                outcome
            }
            Verdict::Deny => {
                let answer = send(direction, judgement.refusal.to_bytes(message.id()));
                let mut outcome =
                    self.completion_of(at, direction, message, pending, judgement, Action::Refused);
                outcome.effects.extend(answer);
                outcome
            }
        }
    }

    fn completion_of<'a>(
        &self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        pending: &Pending,
        judgement: Judgement<'a>,
        action: Action,
    ) -> Outcome<'a> {
        let mut decision = self.decision(at, Event::Completion, direction);
        decision.call = pending.call;
        decision.id = message.id().cloned();
        decision.method = Cow::Borrowed(pending.method.map_or("", |row| row.name));
        decision.target = pending.target.as_deref().map(|target| Cow::Owned(target.to_owned()));
        decision.verdict = judgement.verdict;
        decision.reasons = judgement.reasons;
        decision.action = action;
        decision.latency_us = Some(at.micros_since(pending.at));
        decision.completion = Some(match &message.body {
            Body::Result { result, .. } if result.get("isError").and_then(Value::boolean) != Some(true) => {
                Completion::Succeeded
            }
            _ => Completion::Failed,
        });
        Outcome { decision, effects: Vec::new() }
    }

    /// Notifications of both parties. They get no answer; what may not go on is dropped and recorded.
    pub(crate) fn notification<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        let row = message.method().and_then(method::find);
        let mut effects = Vec::new();
        let mut judgement = match row {
            _ if self.settings.mode == Mode::Observe => Judgement::allow(),
            Some(row)
                if row.form == Form::Notification && row.direction.is_none_or(|own| own == direction) =>
            {
                match message.governed_fields_clear(row) {
                    Ok(()) => self.notice(at, direction, message, row.governed, &mut effects),
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
    }

    fn notice<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        governed: Governed,
        effects: &mut Vec<Effect<'a>>,
    ) -> Judgement<'a> {
        let params = message.params();
        let server = Arc::clone(&self.settings.server);
        match governed {
            Governed::InFlight => self.in_flight_notice(at, direction, message, effects),
            Governed::Roots => {
                match self.policy.could_allow(&Target::Roots { server: &server }, &self.settings.principal) {
                    true => Judgement::allow(),
                    false => Judgement::dropped("roots are denied"),
                }
            }
            Governed::Notice => {
                if let Some(uri) = params.and_then(|params| params.get("uri")).and_then(Value::text)
                    && self.hides(&Target::Resource { server: &server, uri: &uri })
                {
                    return Judgement::dropped("a resource that is hidden");
                }
                self.inspected_notice(message)
            }
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

    /// Progress and cancellation speak of a request that is in flight, or of nothing.
    fn in_flight_notice<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        message: &Message<'a>,
        effects: &mut Vec<Effect<'a>>,
    ) -> Judgement<'a> {
        let limits = self.settings.limits;
        let params = message.params();
        let named = |key: &str| {
            let value = params.and_then(|params| params.get(key))?;
            message::read_id(value, &limits).map(Id::into_owned)
        };
        if message.method() == Some("notifications/progress") {
            let live = named("progressToken")
                .is_some_and(|token| self.run.in_flight(direction.reverse()).token_is_live(&token));
            return if live {
                self.inspected_notice(message)
            } else {
                Judgement::dropped("a progress token that is not in use")
            };
        }
        let Some(id) = named("requestId") else { return Judgement::dropped("`requestId` is no id") };
        if let Some(position) = self.waits(&id) {
            self.run.waiting.remove(position);
            return Judgement::dropped("cancelled before it was sent on");
        }
        // A server of 2026-07-28 may also end a listening request of the client.
        let own = self.run.in_flight(direction).get(&id).map(|pending| pending.origin);
        match own {
            Some(Origin::Held(question)) => {
                self.run.held.remove(&question);
                self.run.in_flight(direction).remove(&id);
                effects.push(Effect::Withdraw(question));
                Judgement::dropped("cancelled before it was sent on")
            }
            Some(Origin::Peer) => {
                self.run.in_flight(direction).cancel(&id);
                self.inspected_notice(message)
            }
            Some(Origin::Own) => Judgement::dropped("not this party's request"),
            None => {
                let listening = direction == Direction::ToClient
                    && self
                        .run
                        .to_server
                        .get(&id)
                        .and_then(|pending| pending.method)
                        .is_some_and(|row| row.governed == Governed::Listen);
                let _ = at;
                if listening {
                    Judgement::allow()
                } else {
                    Judgement::dropped("a request that is not in flight")
                }
            }
        }
    }

    fn waits(&self, id: &Id<'_>) -> Option<usize> {
        let mut parser = bailiwick_mcp::Parser::default();
        let limits = self.settings.limits;
        self.run.waiting.iter().position(|bytes| match message::Packet::parse(&mut parser, bytes, &limits) {
            Ok(message::Packet::One(waiting)) => waiting.id() == Some(id),
            Ok(message::Packet::Batch(_)) | Err(_) => false,
        })
    }

    fn inspected_notice<'a>(&mut self, message: &Message<'a>) -> Judgement<'a> {
        let mut inspection = Inspection::default();
        if let Some(params) = message.params() {
            inspect(&self.scanner, &self.policy.guards(), params, &mut inspection);
        }
        let mut judgement = Judgement::allow();
        if inspection.blocked {
            judgement.verdict = Verdict::Deny;
        }
        let splice: &Splice = &inspection.splice;
        judgement.changed = changed(message, splice);
        judgement.reasons = inspection.reasons;
        judgement
    }
}
