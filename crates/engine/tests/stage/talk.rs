//! A client and a server that talk through an engine, in time of their own.

use bailiwick_engine::{Effect, Engine, Mode, Outcome};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};

#[path = "parts.rs"]
mod parts;

pub(crate) const ALLOW: &str = "
version: 1
name: p
default: deny
rules: [{ id: all, effect: allow, on: ['*/*', 'resource:*', roots, sampling, elicitation] }]
";

pub(crate) struct Stage {
    pub(crate) engine: Engine,
    /// Milliseconds since the start.
    pub(crate) at: i64,
}

/// What went where, and the ids of the reasons.
pub(crate) type Seen = (Vec<String>, Vec<String>);

impl Stage {
    pub(crate) fn of(mode: Mode, policy: &str) -> Stage {
        Stage { engine: parts::engine(mode, Limits::DEFAULT, parts::policy(&[policy])), at: 1_000_000 }
    }

    /// After the handshake of 2025-11-25 and the first list of tools.
    pub(crate) fn open(policy: &str) -> Stage {
        let mut stage = Stage::of(Mode::Enforce, policy);
        stage.handshake();
        stage
    }

    pub(crate) fn handshake(&mut self) {
        let hello = r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;
        self.client(hello);
        self.server(r#"{"jsonrpc":"2.0","id":"i","result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}"#);
        self.client(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        self.list();
    }

    /// The client lists its tools.
    pub(crate) fn list(&mut self) {
        self.client(r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#);
        self.server(
            r#"{"jsonrpc":"2.0","id":"l","result":{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}}"#,
        );
    }

    pub(crate) fn client(&mut self, text: &str) -> Seen {
        self.take(Direction::ToServer, text)
    }

    pub(crate) fn server(&mut self, text: &str) -> Seen {
        self.take(Direction::ToClient, text)
    }

    pub(crate) fn take(&mut self, direction: Direction, text: &str) -> Seen {
        let mut parser = Parser::default();
        let mut outcomes: Vec<Outcome<'_>> = Vec::new();
        let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
        self.engine.receive(Timestamp(self.at * 1_000), direction, packet, &mut outcomes);
        let (mut sent, mut reasons) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            let own = outcome.decision.reasons.iter();
            reasons.extend(own.map(|reason| reason.describe(&outcome.decision.policy).to_string()));
            for effect in outcome.effects {
                if let Effect::Send { to, message } = effect {
                    let arrow = if to == Direction::ToServer { '>' } else { '<' };
                    sent.push(format!("{arrow} {}", String::from_utf8_lossy(message.bytes())));
                }
            }
        }
        (sent, reasons)
    }
}

/// A call that wants to hear of its progress.
pub(crate) const CALL: &str =
    r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"t","_meta":{"progressToken":"t"}}}"#;
