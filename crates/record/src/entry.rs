//! What an outcome of the engine looks like in the audit log.

use std::sync::Arc;

use bailiwick_engine::{Arguments, Decision, Event, Outcome, Reason, Scanner};
use bailiwick_mcp::limits::Limits;
use bailiwick_mcp::{Direction, Parser, Timestamp, Value};
use sha2::{Digest, Sha256};

use crate::audit::{AuditError, AuditLog};
use crate::json::Object;

/// Arguments longer than this are recorded by their digest and length alone, in bytes.
pub const ARGUMENTS_BYTES_MAX: usize = 64 << 10;
/// Names that come from outside (methods, targets, ids) are cut at this many bytes; the cut is marked.
pub const NAME_BYTES_MAX: usize = 4 << 10;

/// Writes the entries of one run. The three names stand in each of them.
#[derive(Debug)]
pub struct Entries {
    log: AuditLog,
    run: String,
    principal: String,
    server: String,
    scanner: Arc<Scanner>,
}

impl Entries {
    #[must_use]
    pub fn new(
        log: AuditLog,
        run: String,
        principal: String,
        server: String,
        scanner: Arc<Scanner>,
    ) -> Entries {
        Entries { log, run, principal, server, scanner }
    }

    /// Adds the entry of one outcome; [`Entries::commit`] writes it.
    ///
    /// # Errors
    /// If it cannot be recorded. Then its effects may not take place (law 3).
    pub fn outcome(&self, outcome: &Outcome<'_>) -> Result<u64, AuditError> {
        let decision = &outcome.decision;
        let kind = match decision.event {
            Event::Decision => "decision",
            Event::Completion => "outcome",
            Event::Malformed => "malformed",
            Event::Approval => "approval",
            Event::Pin => "pin",
        };
        self.log.append(decision.at, kind, |object| self.decision(object, decision))
    }

    /// Adds an entry about the run itself: `start`, `stop`, `reload`.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub fn note(
        &self,
        at: Timestamp,
        kind: &str,
        write: impl FnOnce(&mut Object<'_>),
    ) -> Result<u64, AuditError> {
        self.log.append(at, kind, |object| {
            self.names(object);
            write(object);
        })
    }

    /// Everything added so far is written, durably where the log is strict.
    ///
    /// # Errors
    /// If that failed.
    pub fn commit(&self) -> Result<(), AuditError> {
        self.log.commit()
    }

    /// Ends the log with a signed checkpoint.
    ///
    /// # Errors
    /// If that failed.
    pub fn close(&self, at: Timestamp) -> Result<(), AuditError> {
        self.log.close(at)
    }

    /// A text of ours with secrets masked.
    #[must_use]
    pub fn redacted<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        self.scanner.redact_secrets(text)
    }

    fn names(&self, object: &mut Object<'_>) {
        object.string("run", &self.run).string("principal", &self.principal).string("server", &self.server);
    }

    fn decision(&self, object: &mut Object<'_>, decision: &Decision<'_>) {
        self.names(object);
        object.string("direction", direction(decision.direction));
        if decision.call != 0 {
            object.number("call", decision.call);
        }
        if let Some(id) = &decision.id {
            let mut text = Vec::new();
            id.write(&mut text);
            object.raw("id", &text);
        }
        if !decision.method.is_empty() {
            self.name(object, "method", &decision.method);
        }
        if let Some(target) = &decision.target {
            self.name(object, "target", target);
        }
        if let Some(arguments) = &decision.arguments {
            self.arguments(object, arguments);
        }
        object.string("verdict", decision.verdict.word()).string("effect", decision.action.as_str());
        self.reasons(object, decision);
        if let Some(latency) = decision.latency_us {
            object.number("latency_us", latency);
        }
        if let Some(completion) = decision.completion {
            object.string("outcome", completion.as_str());
        }
    }

    /// A name that came from outside: secrets masked, never endless.
    fn name(&self, object: &mut Object<'_>, key: &str, name: &str) {
        if name.len() > NAME_BYTES_MAX {
            let cut = name.floor_char_boundary(NAME_BYTES_MAX);
            let shown = format!("{}…", name.get(..cut).unwrap_or_default());
            object.string(key, &self.scanner.redact_secrets(&shown));
        } else {
            object.string(key, &self.scanner.redact_secrets(name));
        }
    }

    fn arguments(&self, object: &mut Object<'_>, arguments: &Arguments<'_>) {
        let mut parser = Parser::default();
        match arguments {
            Arguments::View(value) => self.value(object, *value),
            Arguments::Text(text) => match parser.parse(text.as_bytes(), &Limits::DEFAULT) {
                Ok(document) => self.value(object, document.root()),
                Err(_) => {
                    object.number("arguments_bytes", text.len() as u64);
                }
            },
        }
    }

    fn value(&self, object: &mut Object<'_>, value: Value<'_>) {
        let raw = value.raw();
        if raw.len() <= ARGUMENTS_BYTES_MAX {
            let mut redacted = Vec::with_capacity(raw.len());
            self.scanner.redact_json(value, &mut redacted);
            object.raw("arguments", &redacted);
        } else {
            object.number("arguments_bytes", raw.len() as u64);
        }
        let mut hex = [0_u8; 64];
        object.string("arguments_sha256", hex_digest(raw.as_bytes(), &mut hex));
    }

    fn reasons(&self, object: &mut Object<'_>, decision: &Decision<'_>) {
        if decision.reasons.is_empty() {
            return;
        }
        object.array("reasons", |array| {
            for reason in &decision.reasons {
                array.object(|object| self.reason(object, reason, decision));
            }
        });
    }

    fn reason(&self, object: &mut Object<'_>, reason: &Reason, decision: &Decision<'_>) {
        let described = reason.describe(&decision.policy);
        object.string("source", described.source).string("id", &self.scanner.redact_secrets(&described.id));
        if let Some((file, line)) = described.place {
            object.string("file", file).number("line", u64::from(line));
        }
        if !described.message.is_empty() {
            object.string("message", &self.scanner.redact_secrets(&described.message));
        }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "to_server",
        Direction::ToClient => "to_client",
    }
}

fn hex_digest<'b>(bytes: &[u8], text: &'b mut [u8; 64]) -> &'b str {
    let digest = Sha256::digest(bytes);
    data_encoding::HEXLOWER.encode_mut(&digest, text);
    std::str::from_utf8(text).unwrap_or_default()
}
