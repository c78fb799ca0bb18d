//! A translated policy in the engine, with a server that answers every call.

use std::sync::Arc;

use bailiwick_engine::{Effect, Engine, Mode as Enforcing, Outcome, Scanner, Settings};
use bailiwick_import::{Format, Mode, import};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Message, Parser, Timestamp};
use bailiwick_policy::{Context, Load, Policy, Principal, Source, Verdict, compile};
use serde_json::{Value, json};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not there"))
    }
}

/// The policies as layers; `more` is written behind each.
pub(crate) fn policy(texts: &[String], format: Format, mode: Mode, more: &str) -> Result<Policy, String> {
    let mut sources = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let source = Source { name: format!("{index}.yaml"), text: text.clone() };
        let imported = import(&source, format, mode).map_err(|problems| problems.render(false))?;
        sources.push(Source {
            name: source.name,
            text: imported
                .text
                .replace("- id: ", &format!("- id: l{index}-"))
                .replace("approval: ", &format!("approval: l{index}-"))
                + more,
        });
    }
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    compile(sources, &mut Nothing, &context).map_err(|problems| problems.render(false))
}

pub(crate) struct Stage {
    engine: Engine,
    at: Timestamp,
    id: u64,
}

/// Any moment will do.
const NOW: i64 = 1_800_000_000_000_000;
/// Between two calls, in microseconds.
const STEP: i64 = 1_000;

impl Stage {
    pub(crate) fn new(policy: Policy, server: &str, id: String, roles: Vec<String>) -> Stage {
        let settings = Settings {
            mode: Enforcing::Enforce,
            server: server.into(),
            principal: Arc::new(Principal { id, roles, ..Principal::default() }),
            limits: Limits::DEFAULT,
            nonce: String::new(),
        };
        let engine = Engine::new(settings, Arc::new(policy), Arc::new(Scanner::new()), None);
        Stage { engine, at: Timestamp(NOW - 100_000_000_000), id: 0 }
    }

    pub(crate) fn call(
        &mut self,
        tool: &Value,
        arguments: Option<&Value>,
        seconds_ago: Option<i64>,
    ) -> Verdict {
        let arguments = arguments.cloned().unwrap_or_else(|| json!({}));
        let request = json!({ "method": "tools/call", "params": { "name": tool, "arguments": arguments } });
        self.message(&request, seconds_ago)
    }

    /// Decides over a request; one that goes on succeeds, one that asks is never answered.
    pub(crate) fn message(&mut self, request: &Value, seconds_ago: Option<i64>) -> Verdict {
        self.id += 1;
        self.at = match seconds_ago {
            Some(seconds) => Timestamp((NOW - seconds * 1_000_000).max(self.at.0 + STEP)),
            None => Timestamp(self.at.0 + STEP),
        };
        let mut request = request.clone();
        request["jsonrpc"] = json!("2.0");
        request["id"] = json!(self.id);
        let text = request.to_string();
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
        let Ok(Packet::One(message)) = packet else { return Verdict::Deny };
        let outcomes = self.receive(&message);
        let verdict = outcomes.iter().map(|outcome| outcome.decision.verdict).max().unwrap_or(Verdict::Deny);
        let sent = outcomes
            .iter()
            .flat_map(|outcome| &outcome.effects)
            .any(|effect| matches!(effect, Effect::Send { to: Direction::ToServer, .. }));
        drop(outcomes);
        if sent {
            let answer = json!({ "jsonrpc": "2.0", "id": self.id, "result": { "content": [] } }).to_string();
            let mut parser = Parser::default();
            let packet = Packet::parse(&mut parser, answer.as_bytes(), &Limits::DEFAULT);
            self.engine.receive(self.at, Direction::ToClient, packet, &mut Vec::new());
        }
        verdict
    }

    fn receive<'a>(&mut self, message: &Message<'a>) -> Vec<Outcome<'a>> {
        self.engine.offer_for_explanation(message);
        let mut outcomes = Vec::new();
        self.engine.receive(self.at, Direction::ToServer, Ok(Packet::One(message.clone())), &mut outcomes);
        outcomes
    }
}
