//! One attack, in one form, against one server of one policy: through the engine, in a run of its own.

use std::sync::Arc;

use bailiwick_engine::{Effect, Engine, Mode, Outcome, Reason, Scanner, Settings};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};
use bailiwick_policy::{GuardAction, Policy, Principal, Verdict};
use serde_json::{Map, Value, json};

use super::pack::{Deed, Step};
use super::report::{Cause, Standing};

/// Against what an attack is tried.
#[derive(Debug)]
pub(super) struct Ground<'g> {
    pub(super) policy: &'g Arc<Policy>,
    pub(super) scanner: &'g Arc<Scanner>,
    pub(super) principal: &'g Arc<Principal>,
    pub(super) server: &'g str,
    /// A tool that the policy lets be called, for whatever needs one.
    pub(super) tool: &'g str,
}

/// What a step sends in one form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'f> {
    pub(super) tool: &'f str,
    pub(super) args: Option<&'f Map<String, Value>>,
    pub(super) uri: &'f str,
}

/// How a trial came out.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) standing: Standing,
    pub(super) target: String,
    pub(super) sent: String,
    pub(super) causes: Vec<Cause>,
    /// No rule, guard or pin spoke: the policy's default decided alone.
    pub(super) is_silence: bool,
}

/// When attacks take place. Any moment would do: no attack depends on the calendar.
const START: Timestamp = Timestamp(1_800_000_000_000_000);
/// Between two messages, in microseconds.
const STEP_US: i64 = 10_000;
/// Of what was sent, so much is told, in bytes.
const SENT_BYTES_MAX: usize = 400;

/// One run. It shadows, so that what is decided over one message does not keep the next from being looked at.
struct Run<'g> {
    ground: &'g Ground<'g>,
    engine: Engine,
    at: Timestamp,
    id: i64,
    lists: bool,
}

/// Plays the steps, each in its form; the first that does not get through decides, else the last.
pub(super) fn play(ground: &Ground<'_>, steps: &[(&Step, Form<'_>)]) -> Tried {
    let settings = Settings {
        mode: Mode::Shadow,
        server: ground.server.into(),
        principal: Arc::clone(ground.principal),
        limits: Limits::DEFAULT,
        nonce: String::new(),
    };
    let mut engine = Engine::new(settings, Arc::clone(ground.policy), Arc::clone(ground.scanner), None);
    engine.fetch_nothing();
    let lists = steps.iter().any(|(step, _)| matches!(step.deed, Deed::List(_)));
    let mut run = Run { ground, engine, at: START, id: 0, lists };
    let mut last = None;
    for (number, (step, form)) in steps.iter().enumerate() {
        let answered =
            steps.get(number.saturating_add(1)).is_some_and(|(next, _)| matches!(next.deed, Deed::Answer(_)));
        for _ in 0..step.times {
            let tried = run.step(&step.deed, *form, answered);
            if step.is_carrier {
                continue;
            }
            let stops = tried.standing != Standing::Passed;
            if step.is_premise {
                match stops {
                    true => return Tried { standing: Standing::NotExercised, ..tried },
                    false => continue,
                }
            }
            last = Some(tried);
            if stops {
                return last.unwrap_or_else(nothing);
            }
        }
    }
    last.unwrap_or_else(nothing)
}

/// INVARIANT: a pack without a step that is put to the test is not read.
fn nothing() -> Tried {
    let (target, sent) = (String::new(), String::new());
    Tried { standing: Standing::NotExercised, target, sent, causes: Vec::new(), is_silence: true }
}

impl Run<'_> {
    fn step(&mut self, deed: &Deed, form: Form<'_>, answered: bool) -> Tried {
        let tool = if form.tool == "$tool" { self.ground.tool } else { form.tool };
        match deed {
            Deed::Call { .. } => {
                let args = form.args.cloned().unwrap_or_default();
                let sent = Value::Object(args.clone()).to_string();
                let params = json!({ "name": tool, "arguments": args });
                self.ask("tools/call", &params, answered, (tool, &sent))
            }
            Deed::Resource { .. } => {
                self.ask("resources/read", &json!({ "uri": form.uri }), answered, (form.uri, form.uri))
            }
            Deed::Prompt { name } => {
                self.ask("prompts/get", &json!({ "name": name }), answered, (name, name))
            }
            Deed::Answer(result) => self.answer(&filled(result, self.ground.tool)),
            Deed::List(tools) => {
                self.ask("tools/list", &json!({}), true, ("", ""));
                self.answer(&json!({ "tools": filled(tools, self.ground.tool) }))
            }
            Deed::ServerAsks { method, params } => {
                let id = self.next();
                let line =
                    json!({ "jsonrpc": "2.0", "id": format!("s{id}"), "method": method, "params": params });
                self.line(Direction::ToClient, &line.to_string(), (method, &params.to_string()))
            }
            Deed::Raw(line) => self.line(Direction::ToServer, &line.replace("$tool", tool), ("", line)),
        }
    }

    fn next(&mut self) -> i64 {
        self.id = self.id.saturating_add(1);
        self.at = self.at.plus_micros(STEP_US);
        self.id
    }

    /// A request of the client, which the server answers with nothing in particular unless an `answered` step follows.
    fn ask(&mut self, method: &str, params: &Value, answered: bool, told: (&str, &str)) -> Tried {
        let id = self.next();
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        let tried = self.line(Direction::ToServer, &line, told);
        if !answered {
            self.answer(&json!({ "content": [] }));
        }
        tried
    }

    fn answer(&mut self, result: &Value) -> Tried {
        let line = json!({ "jsonrpc": "2.0", "id": self.id, "result": result }).to_string();
        self.line(Direction::ToClient, &line, ("", &result.to_string()))
    }

    fn line(&mut self, direction: Direction, line: &str, (target, sent): (&str, &str)) -> Tried {
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, line.as_bytes(), &Limits::DEFAULT);
        if let (Ok(Packet::One(message)), false) = (&packet, self.lists) {
            self.engine.offer_for_explanation(message);
        }
        let mut outcomes = Vec::new();
        self.engine.receive(self.at, direction, packet, &mut outcomes);
        let cut = sent.floor_char_boundary(SENT_BYTES_MAX);
        let mut sent = sent.get(..cut).unwrap_or_default().to_owned();
        if cut < line.len() && sent.len() == SENT_BYTES_MAX {
            sent.push('…');
        }
        judge(self.ground.policy, &outcomes, (target.to_owned(), sent))
    }
}

/// `$tool` in texts of what a server says stands for a tool that may be called.
fn filled(value: &Value, tool: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("$tool", tool)),
        Value::Array(elements) => elements.iter().map(|element| filled(element, tool)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), filled(value, tool))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// What enforcing would have made of it.
fn judge(policy: &Policy, outcomes: &[Outcome<'_>], (target, sent): (String, String)) -> Tried {
    let verdict = outcomes.iter().map(|outcome| outcome.decision.verdict).max().unwrap_or(Verdict::Deny);
    let reasons = || outcomes.iter().flat_map(|outcome| &outcome.decision.reasons);
    let takes_effect =
        |reason: &Reason| matches!(reason, Reason::Guard { action, .. } if *action > GuardAction::Annotate);
    // What is left out of a list was not let through, though the list was.
    let hidden = |reason: &Reason| matches!(reason, Reason::Hidden(_));
    let cut = reasons().any(takes_effect);
    let is_hidden = reasons().any(hidden);
    let goes_on = outcomes
        .iter()
        .flat_map(|outcome| &outcome.effects)
        .any(|effect| matches!(effect, Effect::Send { .. }));
    let standing = match verdict {
        Verdict::Deny => Standing::Blocked,
        Verdict::Ask => Standing::Asked,
        Verdict::Allow if cut || is_hidden || !goes_on => Standing::Blocked,
        Verdict::Allow => Standing::Passed,
    };
    let spoke = |reason: &Reason| match reason {
        Reason::Default(_) | Reason::Link(_) => false,
        // Notes change nothing.
        Reason::Guard { action, .. } => *action > GuardAction::Annotate,
        reason => !hidden(reason) && !is_allowing(policy, reason),
    };
    let is_silence = !reasons().any(spoke);
    Tried { standing, target, sent, causes: causes(policy, reasons()), is_silence }
}

fn is_allowing(policy: &Policy, reason: &Reason) -> bool {
    let Reason::Rule { index, failed_require: false } = reason else { return false };
    let rule = policy.rules().get(*index as usize);
    rule.is_some_and(|rule| rule.effect == bailiwick_policy::Effect::Allow)
}

/// Reasons that are told of one decision.
const CAUSES_MAX: usize = 8;

/// Reasons in words.
pub(super) fn causes<'r>(policy: &Policy, reasons: impl Iterator<Item = &'r Reason>) -> Vec<Cause> {
    let cause = |reason: &Reason| {
        let described = reason.describe(policy);
        Cause {
            source: described.source.to_owned(),
            id: described.id.into_owned(),
            file: described.place.map(|(file, _)| file.to_owned()),
            line: described.place.map(|(_, line)| line),
            message: described.message.into_owned(),
        }
    };
    reasons.take(CAUSES_MAX).map(cause).collect()
}
