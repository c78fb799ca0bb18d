//! What a server wants of the client.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use bailiwick_mcp::message::keys_clear;
use bailiwick_mcp::{Body, Direction, Form, Governed, Message, Splice, Timestamp, Value, method};
use bailiwick_policy::{Target, Verdict};

use crate::decision::{Arguments, Outcome, Reason};
use crate::engine::{Engine, Judgement, Mode};
use crate::govern::Asks;
use crate::inspect::About;
use crate::reply::{DENIED, Refusal};
use crate::request::{Judged, changed};
use crate::result::TASK_BYTES_MAX;
use crate::run::{Pending, TASKS_MAX};

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
            self.observed(row.map(|row| row.governed), message.params())
        } else if modern_only {
            Judgement::dropped("a server sends no requests in 2026-07-28")
        } else {
            match self.admissible(message, row, self.run.version, Direction::ToClient) {
                Err(refused) => *refused,
                Ok(row) if let Some(barred) = self.barred(row) => barred,
                Ok(row) if let Some(refused) = self.ping_too_fast(row, Direction::ToClient) => refused,
                Ok(row) => {
                    let judgement = self.server_wants(at, row.governed, message.params(), Asks::Request);
                    let judgement = self.inspected_request(message, judgement);
                    self.spend_server(at, row.governed, message.params(), judgement.verdict);
                    judgement
                }
            }
        };
        if judgement.verdict == Verdict::Allow || !self.enforces() {
            self.note_elicited(message);
        }
        let judged = Judged { direction: Direction::ToClient, method: row, modern: false, judgement };
        let outcome = self.conclude(at, message, judged);
        out.push(outcome);
    }

    /// Guards over a request of the server: refused, changed, or as it is.
    fn inspected_request<'a>(
        &mut self,
        message: &Message<'a>,
        mut judgement: Judgement<'a>,
    ) -> Judgement<'a> {
        let about = About::default();
        let mut inspection = self.inspect_message(message, about, Direction::ToClient, None);
        self.take_in(&inspection);
        judgement.reasons.append(&mut inspection.reasons);
        if inspection.asks() {
            judgement.verdict = judgement.verdict.max(Verdict::Ask);
        }
        if inspection.blocks() {
            judgement.verdict = Verdict::Deny;
        } else if judgement.verdict != Verdict::Deny {
            inspection.splice.append(std::mem::take(&mut judgement.splice));
            judgement.changed = changed(message, &inspection.splice);
        }
        judgement
    }

    /// Judges what a server wants of the client, as a request or as an entry of `inputRequests`.
    pub(crate) fn server_wants<'a>(
        &mut self,
        at: Timestamp,
        governed: Governed,
        params: Option<Value<'a>>,
        asks: Asks<'_>,
    ) -> Judgement<'a> {
        let server = Arc::clone(&self.settings.server);
        if governed == Governed::Protocol {
            return Judgement::allow();
        }
        let Some(target) = wanted(governed, &server) else {
            return Judgement::protocol(-32601, "method not found");
        };
        let (mut verdict, mut reasons) = self.decide(at, &target, params);
        if governed != Governed::Task && params.is_some_and(|params| params.get("task").is_some()) {
            // The client is to make a task of it, which the server then uses.
            let (tasked, said) = self.rules(&Target::Task { server: &server }, params);
            verdict = verdict.max(tasked);
            reasons.extend(said);
        }
        if governed == Governed::Task && !self.is_clients_task(params) {
            verdict = Verdict::Deny;
            reasons.push(Reason::Protocol("a task that the client did not make".into()));
        }
        let arguments = params.map(Arguments::View);
        let target = Some(Cow::Owned(self.settings.server.to_string()));
        let refusal = declined(governed);
        let mut judgement = Judgement { verdict, reasons, refusal, target, arguments, ..Judgement::allow() };
        if verdict != Verdict::Deny {
            self.requested(governed, params, asks, &mut judgement);
        }
        judgement
    }

    /// Judges the entries of `inputRequests` about `target` one after the other: what is to be changed in them.
    pub(crate) fn entries<'a>(
        &mut self,
        at: Timestamp,
        entries: impl Iterator<Item = Value<'a>>,
        target: &str,
        judgement: &mut Judgement<'a>,
    ) -> Splice {
        let mut splice = Splice::default();
        let forms = Cell::new(0);
        for wanted in entries {
            let (method, params) = (wanted.get("method"), wanted.get("params"));
            let row = method.and_then(Value::text).and_then(|name| method::find(&name));
            let mut entry = match row {
                _ if !keys_clear(wanted, &["method", "params"]) => {
                    Judgement::protocol(-32600, "a key of what the server asks back in another case")
                }
                Some(row) if row.direction == Some(Direction::ToClient) && row.form == Form::Request => {
                    let entry = self.server_wants(at, row.governed, params, Asks::Inside(target, &forms));
                    self.spend_entry(at, row.governed, params, entry.verdict);
                    entry
                }
                Some(_) | None => {
                    Judgement::protocol(-32601, "the server asks back for what no client answers")
                }
            };
            splice.append(std::mem::take(&mut entry.splice));
            judgement.verdict = judgement.verdict.max(entry.verdict);
            judgement.reasons.extend(entry.reasons);
        }
        splice
    }

    /// A client's answer to what a server asked is looked at as the arguments of a call are.
    pub(crate) fn client_answer<'a>(&mut self, message: &Message<'a>, pending: &Pending) -> Judgement<'a> {
        let server = Arc::clone(&self.settings.server);
        let governed = pending.method.map(|row| row.governed);
        let target = governed.and_then(|governed| wanted(governed, &server));
        let target = target.filter(|target| !matches!(target, Target::Task { .. }));
        let about = About { target, ..About::default() };
        let inspection = self.inspect_message(message, about, Direction::ToServer, None);
        self.take_in(&inspection);
        let mut judgement = Judgement::allow();
        judgement.verdict = inspection.verdict();
        judgement.reasons = inspection.reasons;
        judgement.refusal = governed.map_or(Refusal::Silent, declined);
        if let Some(bar) = self.run.bar() {
            judgement.verdict = Verdict::Deny;
            judgement.reasons.push(bar);
        }
        if let (Body::Result { result, .. }, Some(governed), false) =
            (&message.body, governed, judgement.verdict == Verdict::Deny)
        {
            judgement.changed = changed(message, &self.told_of_tasks(*result, governed));
        }
        judgement
    }

    /// What a client's answer says of its tasks: one that it made is remembered; of others no list tells the server.
    fn told_of_tasks(&mut self, result: Value<'_>, governed: Governed) -> Splice {
        let id_of = |task: Value<'_>| task.get("taskId").and_then(Value::text).map(Cow::into_owned);
        let mut splice = Splice::default();
        match governed {
            Governed::Sampling | Governed::Elicitation => {
                let made = result.get("task").and_then(id_of).filter(|id| id.len() <= TASK_BYTES_MAX);
                if let Some(id) = made.filter(|_| self.run.client_tasks.len() < TASKS_MAX) {
                    self.run.client_tasks.insert(id);
                }
            }
            Governed::List(_) => {
                let known = |task| id_of(task).is_some_and(|id| self.run.client_tasks.contains(&id));
                let tasks = result.get("tasks").into_iter().flat_map(Value::elements);
                splice.retain(&tasks.map(|task| (task.span(), known(task))).collect::<Vec<_>>());
            }
            _ => {}
        }
        splice
    }

    fn is_clients_task(&self, params: Option<Value<'_>>) -> bool {
        let id = params.and_then(|params| params.get("taskId")).and_then(Value::text);
        id.is_some_and(|id| self.run.client_tasks.contains(&*id))
    }

    /// Spends what one entry of an answer costs, at once: the next entry is decided after it. What a person is asked about
    /// is counted as well, because an approved answer is not taken apart again.
    pub(crate) fn spend_entry(
        &mut self,
        at: Timestamp,
        governed: Governed,
        params: Option<Value<'_>>,
        verdict: Verdict,
    ) {
        let verdict = if verdict == Verdict::Deny { verdict } else { Verdict::Allow };
        self.spend_server(at, governed, params, verdict);
        // Its answer comes in the client's next request, not by itself.
        self.present.sent = None;
    }

    /// Spends the limits of what a server wants, and remembers it, when its last word is `verdict`.
    pub(crate) fn spend_server(
        &mut self,
        at: Timestamp,
        governed: Governed,
        params: Option<Value<'_>>,
        verdict: Verdict,
    ) {
        let server = Arc::clone(&self.settings.server);
        if let Some(target) = wanted(governed, &server) {
            self.spend_allowed(at, &target, params, verdict);
        }
    }
}

/// What a server's request is about, to the rules.
fn wanted(governed: Governed, server: &str) -> Option<Target<'_>> {
    match governed {
        Governed::Sampling => Some(Target::Sampling { server }),
        Governed::Elicitation => Some(Target::Elicitation { server }),
        Governed::Roots => Some(Target::Roots { server }),
        Governed::Task | Governed::List(_) => Some(Target::Task { server }),
        Governed::Protocol
        | Governed::Tool
        | Governed::Resource
        | Governed::Prompt
        | Governed::Completion
        | Governed::Listen
        | Governed::InFlight
        | Governed::Notice => None,
    }
}

/// What a server hears in place of the client's answer: the protocol's own word for no.
fn declined(governed: Governed) -> Refusal {
    match governed {
        Governed::Sampling => Refusal::error(-1, "User rejected sampling request"),
        Governed::Elicitation => Refusal::Result(r#"{"action":"decline"}"#),
        Governed::Roots => Refusal::Result(r#"{"roots":[]}"#),
        Governed::Task | Governed::List(_) => Refusal::error(-32602, "unknown task"),
        Governed::Protocol
        | Governed::Tool
        | Governed::Resource
        | Governed::Prompt
        | Governed::Completion
        | Governed::Listen
        | Governed::InFlight
        | Governed::Notice => Refusal::error(DENIED, "the client's answer was withheld by bailiwick"),
    }
}
