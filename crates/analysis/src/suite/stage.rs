//! One test's runs: an engine for each server that it names, one principal, one clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_engine::{
    Answer, ApprovedBy, Counters, Decision, Effect, Engine, Event, Mode, Outcome, QuestionId, Settings,
};
use bailiwick_guard::Scanner;
use bailiwick_mcp::{Direction, Limits, Packet, Parser, Timestamp};
use bailiwick_policy::suite::{Before, Ending, Test, Wanted};
use bailiwick_policy::{Policy, Principal, Target, Verdict};
use serde_json::{Value, json};

/// The engines of one test.
pub(super) struct Stage<'t> {
    policy: &'t Arc<Policy>,
    scanner: &'t Arc<Scanner>,
    principal: Arc<Principal>,
    engines: BTreeMap<String, Engine>,
    /// What counts per principal goes from one server's run to the other's.
    counters: Counters,
    at: Timestamp,
    calls: u64,
}

/// What was decided over one call.
pub(super) struct Decided {
    pub(super) verdict: Verdict,
    /// What became of a call that came before.
    pub(super) fate: &'static str,
    /// Each reason's id and words.
    reasons: Vec<(String, String)>,
    /// Questions, with whoever it takes to approve them.
    asked: Vec<(QuestionId, Vec<ApprovedBy>)>,
    sent: bool,
}

impl Decided {
    pub(super) fn reasons(&self) -> Vec<String> {
        self.reasons.iter().map(|(_, words)| words.clone()).collect()
    }

    pub(super) fn names(&self, id: &str) -> bool {
        self.reasons.iter().any(|(known, _)| known == id)
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.reasons.iter().any(|(_, words)| words.contains(text))
    }
}

impl<'t> Stage<'t> {
    pub(super) fn new(policy: &'t Arc<Policy>, scanner: &'t Arc<Scanner>, test: &Test) -> Stage<'t> {
        Stage {
            policy,
            scanner,
            principal: Arc::new(test.principal.clone()),
            engines: BTreeMap::new(),
            counters: Counters::default(),
            at: Timestamp(test.time_us),
            calls: 0,
        }
    }

    pub(super) fn wait(&mut self, millis: u64) {
        self.at = self.at.plus_micros(i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX));
    }

    /// Decides over one call, which then stays as it is.
    pub(super) fn decide(&mut self, call: &Wanted) -> Decided {
        self.calls = self.calls.saturating_add(1);
        let (direction, message) = message(self.calls, call);
        let at = self.at;
        self.with(call.target.view().server(), |engine| {
            let mut parser = Parser::default();
            let packet = Packet::parse(&mut parser, message.as_bytes(), &Limits::DEFAULT);
            if let Ok(Packet::One(message)) = &packet {
                engine.offer_for_explanation(message);
            }
            let mut outcomes = Vec::new();
            engine.receive(at, direction, packet, &mut outcomes);
            decided(&outcomes, direction)
        })
    }

    /// Lets a call happen as the step says.
    pub(super) fn happen(&mut self, step: &Before) -> Decided {
        let mut decided = self.decide(&step.call);
        let (at, id) = (self.at, self.calls);
        let server = step.call.target.view().server().to_owned();
        let (direction, _) = message(id, &step.call);
        for question in std::mem::take(&mut decided.asked) {
            let answers: Vec<Answer> = match step.approved {
                true => question.1.into_iter().map(Answer::Approve).collect(),
                false => vec![Answer::Deny("in this test".to_owned())],
            };
            decided.sent |= self.with(&server, |engine| {
                let mut out = Vec::new();
                answers.iter().for_each(|answer| engine.answer(at, question.0, answer, &mut out));
                out.iter().any(|outcome| is_sent(outcome, direction))
            });
            decided.fate = if decided.sent { "approved" } else { "denied by a person" };
        }
        if decided.sent && decided.verdict == Verdict::Allow {
            decided.fate = "sent on";
        }
        if let (true, Some(answer)) = (decided.sent, ending(id, step)) {
            self.with(&server, |engine| {
                let text = answer.to_string();
                let mut parser = Parser::default();
                let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
                engine.receive(at, back(direction), packet, &mut Vec::new());
            });
        }
        decided
    }

    fn with<T>(&mut self, server: &str, act: impl FnOnce(&mut Engine) -> T) -> T {
        let new = || {
            let settings = Settings {
                mode: Mode::Enforce,
                server: server.into(),
                principal: Arc::clone(&self.principal),
                limits: Limits::DEFAULT,
                nonce: String::new(),
            };
            Engine::new(settings, Arc::clone(self.policy), Arc::clone(self.scanner), None)
        };
        let engine = self.engines.entry(server.to_owned()).or_insert_with(new);
        engine.trade_principal_counters(&mut self.counters);
        let out = act(engine);
        engine.trade_principal_counters(&mut self.counters);
        out
    }
}

fn back(direction: Direction) -> Direction {
    match direction {
        Direction::ToServer => Direction::ToClient,
        Direction::ToClient => Direction::ToServer,
    }
}

fn is_sent(outcome: &Outcome<'_>, direction: Direction) -> bool {
    outcome.effects.iter().any(|effect| matches!(effect, Effect::Send { to, .. } if *to == direction))
}

fn decided(outcomes: &[Outcome<'_>], direction: Direction) -> Decided {
    let mut out = Decided {
        verdict: Verdict::Deny,
        fate: "denied",
        reasons: Vec::new(),
        asked: Vec::new(),
        sent: false,
    };
    for outcome in outcomes {
        if outcome.decision.event == Event::Decision {
            out.verdict = outcome.decision.verdict;
            out.reasons.extend(reasons(&outcome.decision));
        }
        out.sent |= outcome.decision.verdict == Verdict::Allow && is_sent(outcome, direction);
        for effect in &outcome.effects {
            if let Effect::Ask(question) = effect {
                out.asked.push((question.id, question.whoever_it_takes("in this test")));
            }
        }
    }
    out
}

fn reasons(decision: &Decision<'_>) -> Vec<(String, String)> {
    let words = |reason: &bailiwick_engine::Reason| {
        let described = reason.describe(&decision.policy);
        (described.id.clone().into_owned(), described.to_string())
    };
    decision.reasons.iter().map(words).collect()
}

/// The request that makes a call. The arguments go in as they are written: numbers keep their spelling.
fn message(id: u64, call: &Wanted) -> (Direction, String) {
    let arguments = call.arguments.as_str();
    let (direction, method, params) = match call.target.view() {
        Target::Tool { name, .. } => (
            Direction::ToServer,
            "tools/call",
            format!(r#"{{"name":{},"arguments":{arguments}}}"#, json!(name)),
        ),
        Target::Prompt { name, .. } => (
            Direction::ToServer,
            "prompts/get",
            format!(r#"{{"name":{},"arguments":{arguments}}}"#, json!(name)),
        ),
        Target::Resource { uri, .. } => {
            (Direction::ToServer, "resources/read", format!(r#"{{"uri":{}}}"#, json!(uri)))
        }
        Target::Completion { reference, .. } => {
            let named = if reference.contains(':') {
                json!({ "type": "ref/resource", "uri": reference })
            } else {
                json!({ "type": "ref/prompt", "name": reference })
            };
            let others =
                arguments.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
            let comma = if others.is_empty() { "" } else { "," };
            (Direction::ToServer, "completion/complete", format!(r#"{{"ref":{named}{comma}{others}}}"#))
        }
        Target::Sampling { .. } => (Direction::ToClient, "sampling/createMessage", arguments.to_owned()),
        Target::Elicitation { .. } => (Direction::ToClient, "elicitation/create", arguments.to_owned()),
        Target::Roots { .. } => (Direction::ToClient, "roots/list", arguments.to_owned()),
        Target::Task { .. } | Target::OwnTask { .. } => {
            let named = arguments.contains("\"taskId\"");
            (Direction::ToServer, if named { "tasks/get" } else { "tasks/list" }, arguments.to_owned())
        }
    };
    (direction, format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#))
}

/// The answer to it, if one comes.
fn ending(id: u64, step: &Before) -> Option<Value> {
    let tool = matches!(step.call.target.view(), Target::Tool { .. });
    match (step.ending, tool) {
        (Ending::None, _) => None,
        (Ending::Succeeded, _) => Some(json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [] } })),
        (Ending::Failed, true) => {
            Some(json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [], "isError": true } }))
        }
        (Ending::Failed, false) => {
            Some(json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32_000, "message": "failed" } }))
        }
    }
}
