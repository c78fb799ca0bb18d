//! What the engine itself does with a message, in a run in which the server offers what is asked for.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bailiwick_engine::{Answer, Effect, Engine, Mode, Outcome, Scanner, Settings};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Message, Parser, Timestamp};
use bailiwick_policy::{Policy, Principal, Verdict};

use super::EXAMPLE;
use crate::exit::Failure;

/// A run that exists only to be explained.
pub(super) struct Rehearsal {
    engine: Engine,
    at: Timestamp,
}

/// The time between two requests of a history, in microseconds.
const STEP_US: i64 = 1_000_000;

impl Rehearsal {
    /// A fresh run, now.
    pub(super) fn new(policy: &Arc<Policy>, server: &str, principal: Principal) -> Rehearsal {
        let settings = Settings {
            mode: Mode::Enforce,
            server: server.into(),
            principal: Arc::new(principal),
            limits: Limits::DEFAULT,
            nonce: String::new(),
        };
        let engine = Engine::new(settings, Arc::clone(policy), Arc::new(Scanner::new()), None);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Rehearsal { engine, at: Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)) }
    }

    /// Lets the requests of `history` happen: what asks is approved, what goes on succeeds. One line about each.
    pub(super) fn precede(&mut self, history: &str) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for (number, text) in history.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let place = format!("line {} of the history", number + 1);
            let mut parser = Parser::default();
            let packet = Packet::parse(&mut parser, text.trim().as_bytes(), &Limits::DEFAULT)
                .map_err(|error| Failure::error(format!("{place} is no message: {error}")).help(EXAMPLE))?;
            let request = match packet {
                Packet::One(message) if message.id().is_some() && message.method().is_some() => message,
                Packet::One(_) | Packet::Batch(_) => {
                    return Err(Failure::error(format!("{place} is no request")).help(EXAMPLE));
                }
            };
            self.at = self.at.plus_micros(STEP_US);
            lines.push(format!("before: {}", self.happen(&request)));
        }
        Ok(lines)
    }

    fn happen(&mut self, request: &Message<'_>) -> String {
        let outcomes = self.receive(request);
        let name = request.method().unwrap_or_default();
        let (mut said, mut asked, mut sent) = (String::new(), Vec::new(), false);
        for outcome in outcomes {
            let target = outcome.decision.target.as_deref().unwrap_or_default();
            said = format!("{} {name} {target}", outcome.decision.verdict.word());
            for effect in outcome.effects {
                match effect {
                    Effect::Ask(question) => {
                        asked.push((question.id, question.whoever_it_takes("in this history")));
                    }
                    Effect::Send { to, .. } => sent |= to == Direction::ToServer,
                    Effect::Withdraw(_) | Effect::Quarantine(_) => {}
                }
            }
        }
        for (question, people) in asked {
            let mut out = Vec::new();
            for by in people {
                self.engine.answer(self.at, question, &Answer::Approve(by), &mut out);
            }
            let approved = |outcome: &Outcome<'_>| {
                outcome
                    .effects
                    .iter()
                    .any(|effect| matches!(effect, Effect::Send { to: Direction::ToServer, .. }))
            };
            let on = out.iter().any(approved);
            sent |= on;
            said.push_str(if on { ", approved" } else { ", denied by then" });
        }
        if sent {
            self.succeed(request);
        }
        said
    }

    fn succeed(&mut self, request: &Message<'_>) {
        let Some(id) = request.id() else { return };
        let mut text = br#"{"jsonrpc":"2.0","id":"#.to_vec();
        id.write(&mut text);
        text.extend_from_slice(br#","result":{"content":[]}}"#);
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, &text, &Limits::DEFAULT);
        self.engine.receive(self.at, Direction::ToClient, packet, &mut Vec::new());
    }

    fn receive<'a>(&mut self, message: &Message<'a>) -> Vec<Outcome<'a>> {
        let row = message.method().and_then(bailiwick_mcp::method::find);
        let direction = row.and_then(|row| row.direction).unwrap_or(Direction::ToServer);
        self.engine.offer_for_explanation(message);
        let mut outcomes = Vec::new();
        self.engine.receive(self.at, direction, Ok(Packet::One(message.clone())), &mut outcomes);
        outcomes
    }

    /// What is decided over `message`, and that in lines.
    pub(super) fn decide(&mut self, message: &Message<'_>) -> (Option<Verdict>, Vec<String>) {
        self.at = self.at.plus_micros(STEP_US);
        let (mut lines, mut decided) = (Vec::new(), None);
        for outcome in &self.receive(message) {
            let decision = &outcome.decision;
            decided = decided.or(Some(decision.verdict));
            lines.push(format!(
                "the engine decides: {}, {}",
                decision.verdict.word(),
                decision.action.as_str()
            ));
            lines.extend(
                decision.reasons.iter().map(|reason| format!("  {}", reason.describe(&decision.policy))),
            );
            lines.extend(outcome.effects.iter().map(|effect| match effect {
                Effect::Send { to: Direction::ToServer, message } => match is_answer(message.bytes()) {
                    true => {
                        format!("  the server is answered: {}", String::from_utf8_lossy(message.bytes()))
                    }
                    false => "  sent to the server".to_owned(),
                },
                Effect::Send { to: Direction::ToClient, message } => {
                    format!("  to the client: {}", String::from_utf8_lossy(message.bytes()))
                }
                Effect::Ask(question) => match question.needs() {
                    Some(needs) => format!("  {needs} must approve, within {} s", question.ttl_s),
                    None => format!("  a human is asked, for {} s", question.ttl_s),
                },
                Effect::Withdraw(_) => "  a question is withdrawn".to_owned(),
                Effect::Quarantine(kept) => format!("  kept in quarantine as {}", kept.id),
            }));
        }
        (decided, lines)
    }
}

/// A question of a server that is refused is answered by us: what is sent to it is not the question.
fn is_answer(bytes: &[u8]) -> bool {
    let mut parser = Parser::default();
    let packet = Packet::parse(&mut parser, bytes, &Limits::DEFAULT);
    matches!(packet, Ok(Packet::One(message)) if message.method().is_none())
}
