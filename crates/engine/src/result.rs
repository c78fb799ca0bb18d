//! What a server's answers say: introductions, lists, results, questions back.

mod long;

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use bailiwick_mcp::message::keys_clear;
use bailiwick_mcp::{Body, Direction, Governed, Message, Splice, Timestamp, Value, Version};
use bailiwick_policy::{GuardAction, Target, Verdict};

use crate::approval::Doubt;
use crate::capability::input_requests;
use crate::decision::{Action, Event, Outcome, Quarantined, Reason};
use crate::engine::{Engine, Judgement};
use crate::govern::Asks;
use crate::inspect::{About, Inspection, annotate, mark};
use crate::listing::uncache;
use crate::reply::{DENIED, Refusal, WITHHELD};
use crate::request::changed;
use crate::run::{Pending, TASKS_MAX};

impl Engine {
    pub(crate) fn note_version(&mut self, message: &Message<'_>, pending: &Pending) {
        if let (Body::Result { result, .. }, Some("initialize")) =
            (&message.body, pending.method.map(|row| row.name))
        {
            let version = result.get("protocolVersion").and_then(Value::text);
            // A modern version has no `initialize`: a server that answers it with one is not understood.
            let version = version.and_then(|version| Version::from_wire(&version));
            self.run.version = version.filter(|version| !version.is_modern());
        }
    }

    /// What is done with a result depends on what was asked, never on what came.
    pub(crate) fn result<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        result: Value<'a>,
        pending: &Pending,
        out: &mut Vec<Outcome<'a>>,
    ) -> Judgement<'a> {
        self.note_version(message, pending);
        let is_task = is_of(pending, Governed::Task);
        if !places_of(result, pending).all(|place| keys_clear(place, &ASKING))
            || is_task && !keys_clear(result, &ENDED)
        {
            return Judgement::protocol(WITHHELD, "a key of the answer in another case");
        }
        for place in places_of(result, pending) {
            if let Err(refused) = Engine::kind_of_answer(place, pending) {
                return *refused;
            }
        }
        if places_of(result, pending).any(asks_back) {
            // Lists, introductions and all else are what they are: nothing that stands beside makes a question of them.
            let may_ask = [Governed::Tool, Governed::Prompt, Governed::Resource, Governed::Task];
            if !may_ask.into_iter().any(|governed| is_of(pending, governed)) {
                return Judgement::protocol(WITHHELD, "an answer that may not ask back");
            }
            return self.input_required(at, message, result, pending);
        }
        if let Some(error) = result.get("error").filter(|error| is_task && error.is_object()) {
            return self.error(at, message, error, pending);
        }
        self.run.asked_back.answered(pending.target.as_deref().unwrap_or_default());
        self.note_task(result, pending);
        match pending.method.map(|row| row.governed) {
            Some(Governed::List(item)) => self.list(at, message, item, (result, pending), out),
            Some(Governed::Protocol) => self.introduction(at, message, result, pending, out),
            Some(_) | None => self.inspected(message, result, pending),
        }
    }

    /// `initialize` and `server/discover`: the version must be one that we govern, the instructions those of the pin.
    pub(crate) fn introduction<'a>(
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
        if !keys_clear(result, &INTRODUCED) {
            return Judgement::protocol(WITHHELD, "a key of the answer in another case");
        }
        if name == "initialize" && self.run.version.is_none() && self.enforces() {
            let refusal =
                Refusal::error(DENIED, "the server chose a protocol version that bailiwick does not govern");
            return Judgement::deny(Reason::Protocol("unknown protocol version".into()), refusal);
        }
        let mut cuts = Splice::default();
        self.cut_offered_tasks(result, &mut cuts);
        if let Some(versions) = result.get("supportedVersions").filter(|_| name == "server/discover") {
            let known = versions.elements().filter_map(Value::text);
            let known: Vec<Version> = known.filter_map(|text| Version::from_wire(&text)).collect();
            if known.is_empty() {
                let cause = "the server has no protocol version that bailiwick governs";
                return Judgement::deny(Reason::Protocol(cause.into()), Refusal::error(DENIED, cause));
            }
            let governed = |version: Value<'_>| {
                version.text().is_some_and(|version| Version::from_wire(&version).is_some())
            };
            let elements: Vec<_> =
                versions.elements().map(|version| (version.span(), governed(version))).collect();
            cuts.retain(&elements);
            self.run.supported = Some(known);
            self.note_extensions(result);
        }
        let mut judgement = self.inspected_and_cut(message, result, pending, cuts);
        let Some(change) = Arc::make_mut(&mut self.offer).observe_instructions(result.get("instructions"))
        else {
            self.run.barred = None;
            return judgement;
        };
        let reason = Reason::Pin { name: "instructions".to_owned(), change: change.clone() };
        let mut decision = self.decision(at, Event::Pin, Direction::ToClient);
        decision.method = Cow::Borrowed(name);
        decision.target = Some("instructions".into());
        decision.reasons.push(reason.clone());
        judgement.reasons.push(reason);
        judgement.verdict = judgement.verdict.max(self.drift_verdict());
        judgement.refusal =
            Refusal::error(DENIED, format!("Denied by bailiwick; pin `instructions`: {change}"));
        decision.verdict = judgement.verdict;
        // A person who is asked may lift it.
        self.run.barred = (self.drift_verdict() != Verdict::Allow).then_some((change, pending.call));
        decision.action = match judgement.verdict {
            Verdict::Deny if self.enforces() => Action::Refused,
            Verdict::Ask if self.enforces() => Action::Held,
            Verdict::Deny | Verdict::Ask | Verdict::Allow => Action::Forwarded,
        };
        out.push(Outcome { decision, effects: Vec::new() });
        judgement
    }

    /// An error answer. In 2025-11-25 it may ask the user to open addresses (-32042), which is an elicitation.
    pub(crate) fn error<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        error: Value<'a>,
        pending: &Pending,
    ) -> Judgement<'a> {
        if let (Some("resources/subscribe"), Some(uri)) =
            (pending.method.map(|row| row.name), &pending.target)
        {
            self.run.watched.remove(uri);
        }
        self.run.asked_back.answered(pending.target.as_deref().unwrap_or_default());
        if let Some(withheld) = self.error_too_long(error) {
            return withheld;
        }
        let mut judgement = self.inspected(message, error, pending);
        if !error_clear(error) {
            return Judgement::protocol(WITHHELD, "a key of the error in another case");
        }
        if self.asked_by_error(at, error, &mut judgement) {
            judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        }
        judgement
    }

    /// What an error asks for, which an answer, a task or word of a task may hold. True if it asks.
    pub(crate) fn asked_by_error<'a>(
        &mut self,
        at: Timestamp,
        error: Value<'a>,
        judgement: &mut Judgement<'a>,
    ) -> bool {
        let data = error.get("data");
        let asked = data.and_then(|data| data.get("elicitations"));
        let code = error.get("code").and_then(|code| code.raw().parse::<f64>().ok());
        if asked.is_none() && code != Some(URL_ELICITATION) {
            return false;
        }
        let elicitations: Vec<_> = asked.into_iter().flat_map(Value::elements).collect();
        // One that cannot be read is judged as one without an address.
        let each =
            if elicitations.is_empty() { vec![data] } else { elicitations.into_iter().map(Some).collect() };
        let forms = Cell::new(0);
        for params in each {
            let entry = self.server_wants(at, Governed::Elicitation, params, Asks::Error(&forms));
            self.spend_entry(at, Governed::Elicitation, params, entry.verdict);
            judgement.verdict = judgement.verdict.max(entry.verdict);
            judgement.reasons.extend(entry.reasons);
        }
        if let Some(asked) = asked {
            self.addresses_beside(error, asked, judgement);
        }
        true
    }

    /// Guards over an answer: withheld, changed, or as it is.
    pub(crate) fn inspected<'a>(
        &mut self,
        message: &Message<'a>,
        body: Value<'a>,
        pending: &Pending,
    ) -> Judgement<'a> {
        self.inspected_and_cut(message, body, pending, Splice::default())
    }

    /// The same over an answer of which `cuts` go as well.
    fn inspected_and_cut<'a>(
        &mut self,
        message: &Message<'a>,
        body: Value<'a>,
        pending: &Pending,
        cuts: Splice,
    ) -> Judgement<'a> {
        let mut inspection = self.inspect_answer(message, body, pending);
        self.take_in(&inspection);
        let mut judgement = Judgement::allow();
        if inspection.blocks() || inspection.asks() {
            let found = inspection.reasons.iter().map(|reason| reason.describe(&self.policy).id.into_owned());
            let mut codes: Vec<String> = found.collect();
            codes.dedup();
            let mut text =
                format!("The server's answer was withheld by bailiwick: {} found in it", codes.join(", "));
            if inspection.action == GuardAction::Quarantine {
                let kept = self.quarantined(message, pending, &inspection);
                text.push_str(&format!("; it is kept as {}, and a person can look at it", kept.id));
                judgement.kept = Some(Box::new(kept));
            }
            judgement.verdict = if inspection.asks() { Verdict::Ask } else { Verdict::Deny };
            judgement.refusal = match is_of(pending, Governed::Tool) {
                true => Refusal::Tool { text, modern: pending.modern },
                false => Refusal::error(WITHHELD, text),
            };
        } else if !inspection.notes.is_empty() && matches!(message.body, Body::Result { .. }) {
            let mark = mark(&self.settings.nonce);
            annotate(body, is_of(pending, Governed::Tool), &mark, &inspection.notes, &mut inspection.splice);
        }
        if !inspection.splice.is_empty() {
            uncache(body, &mut inspection.splice);
        }
        inspection.splice.append(cuts);
        if !inspection.splice.is_empty() && !inspection.blocks() {
            judgement.changed = changed(message, &inspection.splice);
            judgement.splice = std::mem::take(&mut inspection.splice);
        }
        judgement.doubt = self.doubt(message, pending, &mut inspection).map(Box::new);
        judgement.reasons = inspection.reasons;
        judgement
    }

    /// An answer that goes on, of which the policy wants an external classifier's opinion.
    fn doubt(&self, message: &Message<'_>, pending: &Pending, found: &mut Inspection) -> Option<Doubt> {
        let classifier = self.policy.guards().classifier()?;
        if found.blocks() || found.asks() {
            return None;
        }
        let shown = found.suspects.take(classifier.from, &self.scanner)?;
        let mut text = "The server's answer was withheld by bailiwick".to_owned();
        let kept =
            (classifier.then == GuardAction::Quarantine).then(|| self.quarantined(message, pending, found));
        if let Some(kept) = &kept {
            text.push_str(&format!("; what is quarantined is kept as {}", kept.id));
        }
        let refusal = match is_of(pending, Governed::Tool) {
            true => Refusal::Tool { text, modern: pending.modern },
            false => Refusal::error(WITHHELD, text),
        };
        Some(Doubt { classifier, shown, refusal, kept: kept.map(Box::new) })
    }

    fn inspect_answer<'a>(&self, message: &Message<'a>, body: Value<'a>, pending: &Pending) -> Inspection {
        let server = &*self.settings.server;
        let object = pending.target.as_deref();
        let target = object.zip(pending.method).and_then(|(name, row)| match row.governed {
            Governed::Tool => Some(Target::Tool { server, name }),
            Governed::Resource => Some(Target::Resource { server, uri: name }),
            Governed::Prompt => Some(Target::Prompt { server, name }),
            Governed::Completion => Some(Target::Completion { server, reference: name }),
            _ => None,
        });
        let about = About {
            target,
            offer: Some(&self.offer),
            schema: object
                .filter(|_| is_of(pending, Governed::Tool))
                .and_then(|name| self.offer.schema_of(name)),
            structured: body.get("structuredContent"),
        };
        self.inspect_message(message, about, Direction::ToClient, None)
    }

    /// What a person may look at later.
    fn quarantined(&self, message: &Message<'_>, pending: &Pending, found: &Inspection) -> Quarantined {
        let mut masked = Vec::new();
        self.scanner.redact_json(message.value(), &mut masked);
        Quarantined {
            id: format!("{:x}-{}", self.now.as_micros(), pending.call),
            at: self.now,
            server: self.settings.server.to_string(),
            method: pending.method.map_or("", |row| row.name).to_owned(),
            target: pending.target.as_deref().unwrap_or_default().to_owned(),
            findings: found.reasons.iter().map(|reason| reason.describe(&self.policy).to_string()).collect(),
            message: String::from_utf8_lossy(&masked).into_owned(),
        }
    }

    /// 2026-07-28: what a server asks back inside an answer. One denied entry fails the client's request.
    pub(crate) fn input_required<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        result: Value<'a>,
        pending: &Pending,
    ) -> Judgement<'a> {
        let mut judgement = self.inspected(message, result, pending);
        let mut asked = places_of(result, pending).filter_map(|place| place.get("inputRequests"));
        if asked.any(|asked| !asked.is_object()) {
            return Judgement::protocol(WITHHELD, "`inputRequests` is not an object");
        }
        let target = pending.target.as_deref().unwrap_or_default();
        let entries = places_of(result, pending).flat_map(input_requests);
        let splice = self.entries(at, entries, target, &mut judgement);
        let error = result.get("error").filter(|error| is_of(pending, Governed::Task) && error.is_object());
        if let Some(error) = error {
            if !error_clear(error) {
                return Judgement::protocol(WITHHELD, "a key of the error in another case");
            }
            if let Some(withheld) = self.error_too_long(error) {
                return withheld;
            }
            self.asked_by_error(at, error, &mut judgement);
        }
        if judgement.verdict == Verdict::Deny {
            judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
            return judgement;
        }
        if !splice.is_empty() {
            judgement.splice.append(splice);
            judgement.changed = changed(message, &judgement.splice);
        }
        judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        self.note_task(result, pending);
        judgement
    }

    pub(crate) fn note_task(&mut self, result: Value<'_>, pending: &Pending) {
        if pending.method.map(|row| row.governed) != Some(Governed::Tool) {
            return;
        }
        // 2025-11-25 nests the new task, the extension of 2026-07-28 does not.
        let task = result.get("task").unwrap_or(result);
        let id = task.get("taskId").and_then(Value::text).filter(|id| id.len() <= TASK_BYTES_MAX);
        if let Some(id) = id.filter(|_| self.run.tasks.len() < TASKS_MAX) {
            let target = pending.target.as_deref().unwrap_or_default();
            self.run.tasks.entry(id.into_owned()).or_insert_with(|| target.to_owned());
        }
    }
}

/// Longest id of a task that is remembered, in bytes.
pub(crate) const TASK_BYTES_MAX: usize = 512;

/// No other spelling of what is read in an error may stand in it.
pub(crate) fn error_clear(error: Value<'_>) -> bool {
    keys_clear(error, &["code", "message", "data"])
        && error.get("data").is_none_or(|data| keys_clear(data, &["elicitations"]))
}

/// Where an answer may ask back: itself, the task that it makes, and of a task what it ended with.
fn places_of<'a>(result: Value<'a>, pending: &Pending) -> impl Iterator<Item = Value<'a>> + use<'a> {
    let task = result.get("task");
    let ended = result.get("result").filter(|_| is_of(pending, Governed::Task));
    [Some(result), task, ended].into_iter().flatten()
}

/// True if it does.
pub(crate) fn asks_back(place: Value<'_>) -> bool {
    place.get("resultType").is_some_and(|kind| kind.is_text("input_required"))
        || place.get("inputRequests").is_some()
}

/// The members by which an answer asks back: no other spelling of them may stand beside.
pub(crate) const ASKING: [&str; 4] = ["resultType", "inputRequests", "requestState", "task"];
/// What is read of an introduction.
const INTRODUCED: [&str; 4] = ["protocolVersion", "supportedVersions", "capabilities", "instructions"];
/// What a task ended with.
const ENDED: [&str; 2] = ["result", "error"];
/// The code of an error that asks for URL elicitations (2025-11-25).
const URL_ELICITATION: f64 = -32042.0;

fn is_of(pending: &Pending, governed: Governed) -> bool {
    pending.method.is_some_and(|row| row.governed == governed)
}
