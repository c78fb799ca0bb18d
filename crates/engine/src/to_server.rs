//! What a client sends: its requests, judged by what governs their method.

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_mcp::message::META_VERSION;
use bailiwick_mcp::{
    Body, Direction, Form, Governed, Id, Item, Message, Method, Splice, Timestamp, Value, Version, message,
    method,
};
use bailiwick_policy::{Call, Drift, Hide, Limit, Target, Verdict};

use crate::decision::{Action, Arguments, Effect, Event, Outcome, QuestionId, Reason};
use crate::engine::{Engine, Judgement, Mode, send};
use crate::permit::Permitted;
use crate::reply::{DENIED, OVERLOADED, Refusal};
use crate::run::{HELD_MAX, Origin, Pending};

/// A request that was judged, on its way to its effect.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) direction: Direction,
    pub(crate) method: Option<&'static Method>,
    pub(crate) modern: bool,
    pub(crate) judgement: Judgement<'a>,
}

impl Engine {
    pub(crate) fn client_request<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        let version = self.version_of(message);
        let modern = matches!(version, Ok(Some(version)) if version.is_modern());
        self.run.modern_seen |= modern;
        let row = message.method().and_then(method::find);
        let judgement = match version {
            _ if self.settings.mode == Mode::Observe => Judgement::allow(),
            Err(refused) => refused,
            Ok(version) => match self.admissible(message, row, version, Direction::ToServer) {
                Err(refused) => refused,
                Ok(row) if row.governed == Governed::Tool && self.must_list_first(at, message, out) => return,
                Ok(row) => self.judge(at, message, row, modern),
            },
        };
        let judged = Judged { direction: Direction::ToServer, method: row, modern, judgement };
        let outcome = self.conclude(at, message, judged);
        out.push(outcome);
    }

    /// The checks that come before any rule: a known method, of this version, sent by the right party, with a free id.
    pub(crate) fn admissible(
        &mut self,
        message: &Message<'_>,
        row: Option<&'static Method>,
        version: Option<Version>,
        direction: Direction,
    ) -> Result<&'static Method, Judgement<'static>> {
        let pending_max = self.settings.limits.pending_max;
        let in_flight = self.run.in_flight(direction);
        if message.id().is_some_and(|id| in_flight.contains(id)) {
            return Err(Judgement::protocol(-32600, "a request with this id is in flight"));
        }
        if in_flight.len() >= pending_max {
            return Err(Judgement::protocol(OVERLOADED, "too many requests are in flight"));
        }
        let unknown = || Judgement::protocol(-32601, "method not found");
        let row = row.ok_or_else(unknown)?;
        if row.form != Form::Request || row.direction.is_some_and(|own| own != direction) {
            return Err(unknown());
        }
        if let Some(version) = version.filter(|version| !row.in_version(*version)) {
            return Err(Judgement::protocol(-32601, format!("not a method of protocol version {version}")));
        }
        match message.governed_fields_clear(row) {
            Ok(()) => Ok(row),
            Err(cause) => Err(Judgement::protocol(cause.code(), cause.to_string())),
        }
    }

    fn judge<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        row: &Method,
        modern: bool,
    ) -> Judgement<'a> {
        let params = message.params();
        let mut judgement = match row.governed {
            Governed::Tool => self.tool(at, params, modern),
            Governed::Resource => self.resource(at, params, modern),
            Governed::Prompt => self.prompt(at, params),
            Governed::Completion => self.completion(at, params),
            Governed::Task => self.task(params),
            Governed::Listen => self.listen(message, params),
            Governed::Protocol | Governed::List(_) => Judgement::allow(),
            // INVARIANT: `admissible` lets only requests to the server through, and none of these is one.
            Governed::Sampling
            | Governed::Elicitation
            | Governed::Roots
            | Governed::InFlight
            | Governed::Notice => Judgement::protocol(-32601, "method not found"),
        };
        if judgement.verdict != Verdict::Deny && judgement.changed.is_none() {
            judgement.changed = self.without_forbidden_capabilities(message);
        }
        judgement
    }

    fn tool<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>, modern: bool) -> Judgement<'a> {
        let Some(name) = params.and_then(|params| params.get("name")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.name` is not a string");
        };
        let arguments = params.and_then(|params| params.get("arguments"));
        if arguments.is_some_and(|arguments| !arguments.is_object()) {
            return Judgement::protocol(-32602, "`params.arguments` is not an object");
        }
        let server = Arc::clone(&self.settings.server);
        let target = Target::Tool { server: &server, name: &name };
        let (mut verdict, mut reasons) = self.decide(at, &target, arguments);
        let mut unknown = self.hides(&target);
        if let Some((pinned, reason)) = self.pin_verdict(Item::Tool, &name) {
            unknown |= pinned == Verdict::Deny && !self.offer.was_seen(Item::Tool, &name);
            verdict = verdict.max(pinned);
            reasons.push(reason);
        }
        let refusal = if unknown {
            verdict = Verdict::Deny;
            Refusal::error(-32602, format!("Unknown tool: {name}"))
        } else {
            Refusal::Tool { text: self.denial(&reasons), modern }
        };
        let arguments = arguments.map(Arguments::View);
        Judgement { verdict, reasons, refusal, changed: None, target: Some(name), arguments }
    }

    /// What the pins say against a call of `name`: its definition differs, or it is not in the list at all.
    fn pin_verdict(&self, item: Item, name: &str) -> Option<(Verdict, Reason)> {
        let change = match (self.offer.drift_of(item, name), &self.run.listing_failed) {
            (Some(change), _) => change.to_owned(),
            (None, Some(cause)) => format!("the server's tools could not be listed: {cause}"),
            (None, None) if self.offer.is_complete(item) && !self.offer.was_seen(item, name) => {
                "not in the server's list".to_owned()
            }
            (None, None) => return None,
        };
        let verdict = match self.policy.pins().drift {
            Drift::Deny => Verdict::Deny,
            Drift::Ask => Verdict::Ask,
            Drift::Warn => Verdict::Allow,
        };
        Some((verdict, Reason::Pin { name: name.to_owned(), change }))
    }

    fn resource<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>, modern: bool) -> Judgement<'a> {
        let Some(uri) = params.and_then(|params| params.get("uri")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.uri` is not a string");
        };
        let server = Arc::clone(&self.settings.server);
        let target = Target::Resource { server: &server, uri: &uri };
        let (mut verdict, reasons) = self.decide(at, &target, None);
        let refusal = if self.hides(&target) {
            verdict = Verdict::Deny;
            Refusal::error(if modern { -32602 } else { -32002 }, "Resource not found")
        } else {
            Refusal::error(DENIED, self.denial(&reasons))
        };
        Judgement { verdict, reasons, refusal, changed: None, target: Some(uri), arguments: None }
    }

    fn prompt<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>) -> Judgement<'a> {
        let Some(name) = params.and_then(|params| params.get("name")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.name` is not a string");
        };
        let arguments = params.and_then(|params| params.get("arguments"));
        if arguments.is_some_and(|arguments| !arguments.is_object()) {
            return Judgement::protocol(-32602, "`params.arguments` is not an object");
        }
        let server = Arc::clone(&self.settings.server);
        let target = Target::Prompt { server: &server, name: &name };
        let (mut verdict, mut reasons) = self.decide(at, &target, arguments);
        if let Some(change) = self.offer.drift_of(Item::Prompt, &name) {
            reasons.push(Reason::Pin { name: name.to_string(), change: change.to_owned() });
            verdict = verdict.max(self.drift_verdict());
        }
        let refusal = if self.hides(&target) {
            verdict = Verdict::Deny;
            Refusal::error(-32602, format!("Unknown prompt: {name}"))
        } else {
            Refusal::error(DENIED, self.denial(&reasons))
        };
        let arguments = arguments.map(Arguments::View);
        Judgement { verdict, reasons, refusal, changed: None, target: Some(name), arguments }
    }

    /// A completion needs its own permission and that of the prompt or template that it completes.
    fn completion<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>) -> Judgement<'a> {
        let reference = params.and_then(|params| params.get("ref"));
        let member = |key| reference.and_then(|reference| reference.get(key)).and_then(Value::text);
        let kind = member("type");
        let (reference, is_prompt) = match (kind.as_deref(), member("name"), member("uri")) {
            (Some("ref/prompt"), Some(name), _) => (name, true),
            (Some("ref/resource"), _, Some(uri)) => (uri, false),
            _ => return Judgement::protocol(-32602, "`params.ref` names neither a prompt nor a resource"),
        };
        let server = Arc::clone(&self.settings.server);
        let referred = if is_prompt {
            Target::Prompt { server: &server, name: &reference }
        } else {
            Target::Resource { server: &server, uri: &reference }
        };
        let target = Target::Completion { server: &server, reference: &reference };
        let (mut verdict, mut reasons) = self.decide(at, &target, params);
        if !self.policy.could_allow(&referred, &self.settings.principal) {
            verdict = Verdict::Deny;
            reasons.extend(self.rules(&referred, None).1);
        }
        let refusal = Refusal::error(DENIED, self.denial(&reasons));
        let arguments = params.map(Arguments::View);
        Judgement { verdict, reasons, refusal, changed: None, target: Some(reference), arguments }
    }

    fn task<'a>(&mut self, params: Option<Value<'a>>) -> Judgement<'a> {
        let Some(id) = params.and_then(|params| params.get("taskId")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.taskId` is not a string");
        };
        let mut judgement = match self.run.tasks.contains_key(&*id) {
            true => Judgement::allow(),
            false => Judgement::protocol(-32602, "unknown task"),
        };
        judgement.target = Some(id);
        judgement
    }

    /// Listening to a resource is reading it: URIs that may not be read are cut out.
    fn listen<'a>(&mut self, message: &Message<'a>, params: Option<Value<'a>>) -> Judgement<'a> {
        let mut judgement = Judgement::allow();
        let wanted = params.and_then(|params| params.get("notifications"));
        let Some(uris) = wanted.and_then(|wanted| wanted.get("resourceSubscriptions")) else {
            return judgement;
        };
        let server = Arc::clone(&self.settings.server);
        let mut elements = Vec::new();
        for element in uris.elements() {
            let uri = element.text().unwrap_or_default();
            let (verdict, reasons) = self.rules(&Target::Resource { server: &server, uri: &uri }, None);
            elements.push((element.span(), verdict == Verdict::Allow));
            if verdict != Verdict::Allow {
                judgement.reasons.extend(reasons);
            }
        }
        let mut splice = Splice::default();
        splice.retain(&elements);
        judgement.changed = changed(message, &splice);
        judgement
    }

    fn drift_verdict(&self) -> Verdict {
        match self.policy.pins().drift {
            Drift::Deny => Verdict::Deny,
            Drift::Ask => Verdict::Ask,
            Drift::Warn => Verdict::Allow,
        }
    }

    /// True if rules hide the target: no arguments could make it allowed, and discovery hides such.
    pub(crate) fn hides(&self, target: &Target<'_>) -> bool {
        self.policy.discovery().hide == Hide::Denied
            && !self.policy.could_allow(target, &self.settings.principal)
    }

    /// Rules alone: no limit is counted.
    pub(crate) fn rules(
        &mut self,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
    ) -> (Verdict, Vec<Reason>) {
        self.hits.clear();
        let call = Call { target: *target, arguments, principal: &self.settings.principal };
        let verdict = self.policy.evaluate(&call, &mut self.hits);
        let reason = |hit: &bailiwick_policy::Hit| Reason::Rule {
            index: hit.rule,
            failed_require: hit.failed_require,
        };
        let mut reasons: Vec<Reason> = self.hits.iter().map(reason).collect();
        if reasons.is_empty() {
            reasons.push(Reason::Default);
        }
        (verdict, reasons)
    }

    /// Rules, then the limits of what they let through. A limit is spent by a call that goes on, and by no other.
    pub(crate) fn decide(
        &mut self,
        at: Timestamp,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
    ) -> (Verdict, Vec<Reason>) {
        let (mut verdict, mut reasons) = self.rules(target, arguments);
        if verdict == Verdict::Deny || self.policy.limits().is_empty() {
            return (verdict, reasons);
        }
        let policy = Arc::clone(&self.policy);
        let principal = Arc::clone(&self.settings.principal);
        let call = Call { target: *target, arguments, principal: &principal };
        let name = target.object();
        for (index, limit, amount) in policy.limits_for(&call) {
            let checked = match amount {
                Ok(amount) => {
                    self.counters.check(limit, name, amount, at).map_err(|words| (over(limit), words))
                }
                // What cannot be counted is over every limit.
                Err(error) => Err((Verdict::Deny, error.to_string())),
            };
            if let Err((effect, message)) = checked {
                verdict = verdict.max(effect);
                reasons.push(Reason::Limit { index: u32::try_from(index).unwrap_or(u32::MAX), message });
            }
        }
        if verdict == Verdict::Allow {
            self.spend(at, &call);
        }
        (verdict, reasons)
    }

    fn spend(&mut self, at: Timestamp, call: &Call<'_>) {
        let policy = Arc::clone(&self.policy);
        for (_, limit, amount) in policy.limits_for(call) {
            self.counters.spend(limit, call.target.object(), amount.unwrap_or(0.0), at);
        }
    }

    /// Spends the limits of an approved call, if all but those that asked for the approval still have room.
    pub(crate) fn spend_if_room(
        &mut self,
        at: Timestamp,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
        asked: &[Reason],
    ) -> Option<String> {
        let policy = Arc::clone(&self.policy);
        let principal = Arc::clone(&self.settings.principal);
        let call = Call { target: *target, arguments, principal: &principal };
        for (index, limit, amount) in policy.limits_for(&call) {
            let asker = |reason: &Reason| matches!(reason, Reason::Limit { index: own, .. } if *own as usize == index);
            if asked.iter().any(asker) {
                continue;
            }
            let room = match amount {
                Ok(amount) => self.counters.check(limit, target.object(), amount, at),
                Err(error) => Err(error.to_string()),
            };
            if let Err(message) = room {
                return Some(format!("limit `{}`: {message}", limit.id));
            }
        }
        self.spend(at, &call);
        None
    }

    /// The words of a denial, as the agent reads them: rules and why, no paths of ours.
    pub(crate) fn denial(&self, reasons: &[Reason]) -> String {
        let mut text = String::from("Denied by bailiwick");
        for reason in reasons {
            let allows = match reason {
                Reason::Rule { index, failed_require: false } => self
                    .policy
                    .rules()
                    .get(*index as usize)
                    .is_some_and(|rule| rule.effect == bailiwick_policy::Effect::Allow),
                _ => false,
            };
            if allows {
                continue;
            }
            let described = reason.describe(&self.policy);
            text.push_str(&format!("; {} `{}`", described.source, described.id));
            if !described.message.is_empty() {
                text.push_str(&format!(": {}", described.message));
            }
        }
        text
    }

    /// Turns a judged request into its outcome: forwarded, held, or refused.
    pub(crate) fn conclude<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        judged: Judged<'a>,
    ) -> Outcome<'a> {
        let Judged { direction, method, modern, mut judgement } = judged;
        let call = self.run.next_call();
        let mut decision = self.decision(at, Event::Decision, direction);
        decision.call = call;
        decision.id = message.id().cloned();
        decision.method = Cow::Owned(message.method().unwrap_or_default().to_owned());
        decision.target = judgement.target.clone();
        decision.arguments = judgement.arguments.clone();
        if judgement.verdict == Verdict::Ask && self.enforces() && self.run.held.len() >= HELD_MAX {
            judgement.verdict = Verdict::Deny;
            judgement.reasons.push(Reason::Approval("too many questions are open".to_owned()));
        }
        decision.verdict = judgement.verdict;
        let mut effects = Vec::new();
        let verdict = if self.enforces() { judgement.verdict } else { Verdict::Allow };
        match verdict {
            Verdict::Allow => {
                self.note_pending(at, message, direction, (call, method, modern), &judgement, Origin::Peer);
                let changed = judgement.changed.take().filter(|_| self.enforces());
                decision.action = if changed.is_some() { Action::Changed } else { Action::Forwarded };
                let permitted = match changed {
                    Some(bytes) => Permitted::new(bytes),
                    None => Permitted::new(message.raw().as_bytes()),
                };
                effects.push(Effect::Send { to: direction, message: permitted });
            }
            Verdict::Ask => {
                let question = self.hold(message, direction, call, &judgement);
                self.note_pending(
                    at,
                    message,
                    direction,
                    (call, method, modern),
                    &judgement,
                    Origin::Held(question.id),
                );
                decision.action = Action::Held;
                effects.push(Effect::Ask(Box::new(question)));
            }
            Verdict::Deny => {
                let answer = judgement.refusal.to_bytes(message.id());
                decision.action = if answer.is_some() { Action::Refused } else { Action::Dropped };
                effects.extend(send(direction.reverse(), answer));
            }
        }
        decision.reasons = judgement.reasons;
        Outcome { decision, effects }
    }

    fn note_pending(
        &mut self,
        at: Timestamp,
        message: &Message<'_>,
        direction: Direction,
        (call, method, modern): (u64, Option<&'static Method>, bool),
        judgement: &Judgement<'_>,
        origin: Origin,
    ) {
        let Some(id) = message.id() else { return };
        let pending_max = self.settings.limits.pending_max;
        let limits = self.settings.limits;
        let in_flight = self.run.in_flight(direction);
        // Shadow and observe forward what they cannot follow.
        if in_flight.contains(id) || in_flight.len() >= pending_max {
            return;
        }
        let meta = message.params().and_then(|params| params.get("_meta"));
        let token = meta.and_then(|meta| meta.get("progressToken"));
        let token = token.and_then(|token| message::read_id(token, &limits)).map(Id::into_owned);
        let target = judgement.target.as_deref().map(Box::from);
        in_flight
            .insert(id.clone().into_owned(), Pending { call, at, method, target, modern, origin, token });
    }

    pub(crate) fn next_question(&mut self) -> QuestionId {
        self.run.questions += 1;
        QuestionId(self.run.questions)
    }

    pub(crate) fn stated_meta(message: &Message<'_>) -> Option<String> {
        let meta = message.params()?.get("_meta")?;
        meta.get(META_VERSION)?;
        let context = ["protocolVersion", "clientInfo", "clientCapabilities"];
        let mut kept = Vec::new();
        for (key, value) in meta.members() {
            let name = key.text().unwrap_or_default();
            if context.iter().any(|part| name.strip_prefix("io.modelcontextprotocol/") == Some(part)) {
                kept.push(format!("{}:{}", key.raw(), value.raw()));
            }
        }
        Some(format!("{{{}}}", kept.join(",")))
    }

    pub(crate) fn is_request(message: &Message<'_>) -> bool {
        matches!(message.body, Body::Request { .. })
    }
}

/// What a limit says when it is used up.
fn over(limit: &Limit) -> Verdict {
    match limit.effect {
        bailiwick_policy::Effect::Ask => Verdict::Ask,
        bailiwick_policy::Effect::Allow
        | bailiwick_policy::Effect::Require
        | bailiwick_policy::Effect::Deny => Verdict::Deny,
    }
}

/// The message with `splice` applied, if it changes anything.
pub(crate) fn changed(message: &Message<'_>, splice: &Splice) -> Option<Vec<u8>> {
    if splice.is_empty() { None } else { Some(splice.apply(message.raw(), message.value().span().0)) }
}
