//! Requests of both parties: admitted, judged by what governs their method, and forwarded, held or refused.

use std::borrow::Cow;

use bailiwick_mcp::message::META_VERSION;
use bailiwick_mcp::{
    Body, Direction, Form, Governed, Id, Item, Message, Method, Splice, Timestamp, Value, Version, message,
    method,
};
use bailiwick_policy::Verdict;

use crate::decision::{Action, Arguments, Completion, Decision, Effect, Event, Outcome, QuestionId, Reason};
use crate::engine::{Engine, Judgement, Mode, send};
use crate::listing::ListFirst;
use crate::permit::Permitted;
use crate::reply::{DENIED, OVERLOADED, Refusal};
use crate::run::{HELD_MAX, Origin, Pending, Told};

/// What was refused before anybody looked for its target and arguments is recorded with what it says of them.
pub(crate) fn name_refused<'a>(message: &Message<'a>, decision: &mut Decision<'a>) {
    if decision.target.is_none() && decision.arguments.is_none() {
        let params = message.params();
        let named = ["name", "uri", "taskId"].into_iter().find_map(|key| params?.get(key)?.text());
        decision.target = named;
        decision.arguments = params.map(Arguments::View);
    }
}

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
            _ if self.settings.mode == Mode::Observe => {
                self.observed(row.map(|row| row.governed), message.params())
            }
            Err(stated) => {
                let reason = Reason::Protocol(format!("unsupported protocol version `{stated}`").into());
                Judgement::deny(reason, self.refused_version(&stated))
            }
            Ok(version) => match self.admissible(message, row, version, Direction::ToServer) {
                Err(refused) => *refused,
                Ok(row) if let Some(barred) = self.barred(row) => barred,
                Ok(row) if let Some(refused) = self.ping_too_fast(row, Direction::ToServer) => refused,
                Ok(row) => match self.list_first(at, message, row.governed, out) {
                    ListFirst::Known => self.judge(at, message, row, modern),
                    ListFirst::Waits => return,
                    ListFirst::Full => Judgement::protocol(OVERLOADED, "too many requests wait for a list"),
                },
            },
        };
        let judged = Judged { direction: Direction::ToServer, method: row, modern, judgement };
        let outcome = self.conclude(at, message, judged);
        out.push(outcome);
    }

    /// A version that is not governed is answered with those that are: what the server said it has, else the modern ones.
    fn refused_version(&self, requested: &str) -> Refusal {
        let modern = || Version::ALL.into_iter().filter(|version| version.is_modern()).collect();
        let supported = self.run.supported.clone().unwrap_or_else(modern);
        Refusal::Version { requested: requested.to_owned(), supported }
    }

    /// After an introduction that a pin refused no request of either party goes on but another introduction, and pings.
    pub(crate) fn barred<'a>(&self, row: &Method) -> Option<Judgement<'a>> {
        if matches!(row.name, "initialize" | "server/discover" | "ping") {
            return None;
        }
        let mut judgement = Judgement::deny(self.run.bar()?, Refusal::Silent);
        judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        Some(judgement)
    }

    /// The checks that come before any rule: a known method, of this version, sent by the right party, with a free id.
    pub(crate) fn admissible(
        &mut self,
        message: &Message<'_>,
        row: Option<&'static Method>,
        version: Option<Version>,
        direction: Direction,
    ) -> Result<&'static Method, Box<Judgement<'static>>> {
        let refuse =
            |code: i64, message: Cow<'static, str>| Err(Box::new(Judgement::protocol(code, message)));
        let pending_max = self.settings.limits.pending_max;
        let is_ours = |id: &Id<'_>| matches!(id, Id::Text(text) if self.is_own_id(text));
        if message.id().is_some_and(is_ours) {
            return refuse(-32600, "an id that is bailiwick's own".into());
        }
        let in_flight = self.run.in_flight(direction);
        let mut taken = message.id().is_some_and(|id| in_flight.contains(id));
        if direction == Direction::ToServer {
            taken |= message.id().is_some_and(|id| self.run.answer_sets.keeps(id));
        }
        let in_flight = self.run.in_flight(direction);
        if taken {
            return refuse(-32600, "a request with this id is in flight".into());
        }
        if in_flight.len() >= pending_max {
            return refuse(OVERLOADED, "too many requests are in flight".into());
        }
        let sent_so =
            |row: &&Method| row.form == Form::Request && row.direction.is_none_or(|own| own == direction);
        let Some(row) = row.filter(sent_so) else { return refuse(-32601, "method not found".into()) };
        if let Some(version) = version.filter(|version| !row.in_version(*version)) {
            return refuse(-32601, format!("not a method of protocol version {version}").into());
        }
        match message.governed_fields_clear(row) {
            Ok(()) => Ok(row),
            Err(cause) => refuse(cause.code(), cause.to_string().into()),
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
        if message.method() == Some("initialize") {
            let client =
                params.and_then(|params| params.get("clientInfo")).and_then(|client| client.get("name"));
            self.run.client = client.and_then(Value::text).map(Cow::into_owned);
        }
        let answers = params.and_then(|params| params.get("inputResponses"));
        let mut heard = match self.inspect_responses(params, answers, (row, modern)) {
            Ok(heard) => heard,
            Err(refused) => return *refused,
        };
        let mut splice = Splice::default();
        let unasked = match self.take_answers(params, answers, row, &mut splice) {
            Ok(unasked) => unasked,
            Err(cause) => return Judgement::protocol(-32602, cause),
        };
        self.cut_forbidden_capabilities(message, &mut splice);
        // What is heard decides too, before anything is spent.
        self.floor = heard.as_ref().map(|(verdict, _)| *verdict);
        let mut judgement = match row.governed {
            Governed::Tool => self.tool(at, params, modern, &mut splice),
            Governed::Resource => self.resource(at, params, modern),
            Governed::Prompt => self.prompt(at, params),
            Governed::Completion => self.completion(at, params),
            Governed::Task => self.task(at, params, modern),
            Governed::Listen => self.listen(params, &mut splice),
            Governed::List(Item::Task) if self.policy.restricts_tasks() => self.task_list(at, params),
            Governed::Protocol if row.name == "logging/setLevel" => self.set_level(params),
            Governed::Protocol | Governed::List(_) => Judgement::allow(),
            // INVARIANT: `admissible` lets only requests to the server through, and none of these is one.
            Governed::Sampling
            | Governed::Elicitation
            | Governed::Roots
            | Governed::InFlight
            | Governed::Notice => Judgement::protocol(-32601, "method not found"),
        };
        self.floor = None;
        if let Some((verdict, reasons)) = heard.take() {
            judgement.verdict = judgement.verdict.max(verdict);
            judgement.reasons.extend(reasons);
            if judgement.verdict == Verdict::Ask {
                judgement.refusal = self.denied_to_client(&judgement.reasons, row, modern);
            }
        }
        if unasked {
            let words = "an answer to a question that was not asked is cut";
            judgement.reasons.push(Reason::Protocol(words.into()));
        }
        if judgement.verdict != Verdict::Deny {
            judgement.changed = changed(message, &splice);
        }
        judgement
    }

    /// Turns a judged request into its outcome: forwarded, held, or refused.
    pub(crate) fn conclude<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        judged: Judged<'a>,
    ) -> Outcome<'a> {
        let Judged { direction, method, modern, mut judgement } = judged;
        let mut decision = self.told(at, message, (direction, method), &judgement);
        let call = decision.call;
        if self.deny_if_full(&mut judgement)
            && let (Some(row), Direction::ToServer) = (method, direction)
        {
            judgement.refusal = self.denied_to_client(&judgement.reasons, row, modern);
        }
        if judgement.verdict == Verdict::Deny {
            name_refused(message, &mut decision);
        }
        decision.verdict = judgement.verdict;
        let target = judgement.target.as_deref().map(Box::from);
        let unknown = if method.is_none() { message.method().map(Box::from) } else { None };
        let sent = self.present.sent.take();
        let mut asked = self.asked(message, modern, judgement.listening.take());
        asked.tasks &= judgement.may_be_task;
        let (origin, token, told) = (Origin::Peer, None, Told::default());
        let lists = method.is_some_and(|row| matches!(row.governed, Governed::List(_)));
        let from_start = lists && message.params().and_then(|params| params.get("cursor")).is_none();
        let pending = Pending {
            call,
            at,
            method,
            unknown,
            target,
            modern,
            origin,
            token,
            told,
            sent,
            asked,
            sampled: 0,
            from_start,
        };
        let mut effects = Vec::new();
        let verdict = if self.enforces() { judgement.verdict } else { Verdict::Allow };
        match verdict {
            Verdict::Allow => {
                if direction == Direction::ToServer {
                    self.note_wish(&decision.method, judgement.target.as_deref());
                }
                self.note_pending(message, direction, pending);
                let changed = judgement.changed.take().filter(|_| self.enforces());
                decision.action = if changed.is_some() { Action::Changed } else { Action::Forwarded };
                let permitted = match changed {
                    Some(bytes) => Permitted::new(bytes),
                    None => Permitted::new(message.raw().as_bytes()),
                };
                effects.push(Effect::Send { to: direction, message: permitted });
            }
            Verdict::Ask => {
                let pending = Pending { token: self.progress_token(message), ..pending };
                let question = self.hold(at, message, direction, &pending, &judgement);
                let origin = Origin::Held(question.id);
                self.note_pending(message, direction, Pending { origin, ..pending });
                decision.action = Action::Held;
                effects.push(Effect::Ask(Box::new(question)));
            }
            Verdict::Deny => {
                let answer = judgement.refusal.to_bytes(message.id());
                decision.action = if answer.is_some() { Action::Refused } else { Action::Dropped };
                decision.completion = answer.is_some().then_some(Completion::Refused);
                effects.extend(send(direction.reverse(), answer));
            }
        }
        decision.reasons = judgement.reasons;
        self.run.remember(&decision);
        Outcome { decision, effects }
    }

    /// What is recorded of a request, whatever becomes of it.
    pub(crate) fn told<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        (direction, method): (Direction, Option<&'static Method>),
        judgement: &Judgement<'a>,
    ) -> Decision<'a> {
        let call = self.run.next_call();
        let mut decision = self.decision(at, Event::Decision, direction);
        decision.call = call;
        decision.id = message.id().cloned();
        decision.method = match method {
            Some(row) => Cow::Borrowed(row.name),
            None => Cow::Owned(message.method().unwrap_or_default().to_owned()),
        };
        decision.target = judgement.target.clone();
        decision.arguments = judgement.arguments.clone();
        decision.maskless = judgement.maskless;
        decision
    }

    /// What would ask is denied while too many questions are open.
    pub(crate) fn deny_if_full(&self, judgement: &mut Judgement<'_>) -> bool {
        let is_full = judgement.verdict == Verdict::Ask && self.enforces() && self.run.held.len() >= HELD_MAX;
        if is_full {
            judgement.verdict = Verdict::Deny;
            let words = "too many questions are open: answer those that wait, and repeat the call";
            judgement.reasons.push(Reason::Approval(words.to_owned()));
        }
        is_full
    }

    /// Remembers a request until its answer comes.
    fn note_pending(&mut self, message: &Message<'_>, direction: Direction, pending: Pending) {
        let Some(id) = message.id() else { return };
        let full = self.run.in_flight(direction).len() >= self.settings.limits.pending_max;
        // Shadow and observe forward what they cannot follow: one too many, or a second one of an id.
        if !full {
            let token = self.progress_token(message);
            self.run.in_flight(direction).insert(id.clone().into_owned(), Pending { token, ..pending });
        }
    }

    /// Under which a sender of a request wants to hear of its progress.
    fn progress_token(&self, message: &Message<'_>) -> Option<Id<'static>> {
        let token = message.params()?.get("_meta")?.get("progressToken")?;
        message::read_id(token, &self.settings.limits).map(Id::into_owned)
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

/// The message with `splice` applied, if it changes anything.
pub(crate) fn changed(message: &Message<'_>, splice: &Splice) -> Option<Vec<u8>> {
    if splice.is_empty() { None } else { Some(splice.apply(message.raw(), message.value().span().0)) }
}
