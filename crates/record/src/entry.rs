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
/// Texts that may come from outside (methods, targets, reasons) are cut at this many bytes; the cut is marked.
pub const NAME_BYTES_MAX: usize = 4 << 10;

/// Writes the entries of one run. The three names stand in each of them.
#[derive(Debug)]
pub struct Entries {
    log: Arc<AuditLog>,
    run: String,
    principal: String,
    server: String,
    scanner: Arc<Scanner>,
}

impl Entries {
    #[must_use]
    pub fn new(
        log: impl Into<Arc<AuditLog>>,
        run: String,
        principal: String,
        server: String,
        scanner: Arc<Scanner>,
    ) -> Entries {
        Entries { log: log.into(), run, principal, server, scanner }
    }

    /// Entries of another run in the same log.
    #[must_use]
    pub fn for_run(&self, run: String, principal: String) -> Entries {
        let (log, scanner) = (Arc::clone(&self.log), Arc::clone(&self.scanner));
        Entries { log, run, principal, server: self.server.clone(), scanner }
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
        // Masked before it is cut: half a secret looks like none.
        let masked = self.scanner.redact_secrets(name);
        if masked.len() > NAME_BYTES_MAX {
            let cut = masked.floor_char_boundary(NAME_BYTES_MAX);
            object.string(key, &format!("{}…", masked.get(..cut).unwrap_or_default()));
        } else {
            object.string(key, &masked);
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
        object.string("source", described.source);
        self.name(object, "id", &described.id);
        if let Some((file, line)) = described.place {
            object.string("file", file).number("line", u64::from(line));
        }
        if !described.message.is_empty() {
            self.name(object, "message", &described.message);
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use bailiwick_engine::{Action, Arguments, Decision, Event, Outcome, Reason, Scanner};
    use bailiwick_mcp::{Direction, Timestamp};
    use bailiwick_policy::{Context, Load, Policy, Source, Verdict, compile};
    use serde_json::{Value, json};

    use super::{ARGUMENTS_BYTES_MAX, Entries, NAME_BYTES_MAX};
    use crate::audit::{AuditLog, Durability, OpenOptions};

    const KEY: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

    struct Nothing;

    impl Load for Nothing {
        fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
            Err(reference.to_owned())
        }
    }

    fn policy() -> Arc<Policy> {
        let text = "version: 1\nrules:\n  - { id: keys, effect: deny, on: '*/read', reason: no keys }\n";
        let source = Source { name: "p.yaml".to_owned(), text: text.to_owned() };
        let context = Context { workspace: Some("/work".to_owned()), home: None };
        Arc::new(compile(vec![source], &mut Nothing, &context).unwrap())
    }

    fn denied<'a>(target: &str, arguments: &str, reasons: Vec<Reason>) -> Outcome<'a> {
        let decision = Decision {
            at: Timestamp(1_700_000_000_000_000),
            event: Event::Decision,
            direction: Direction::ToServer,
            call: 7,
            lane: bailiwick_engine::Lane::default(),
            id: None,
            method: "tools/call".into(),
            target: Some(target.to_owned().into()),
            arguments: Some(Arguments::Text(arguments.to_owned())),
            verdict: Verdict::Deny,
            action: Action::Refused,
            reasons,
            policy: policy(),
            latency_us: None,
            completion: None,
        };
        Outcome { decision, effects: Vec::new() }
    }

    /// The record of `outcome`, as it stands in the file.
    fn recorded(outcome: &Outcome<'_>) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let key_directory = folder.path().join("key");
        let options = OpenOptions { path: path.clone(), durability: Durability::Batched, key_directory };
        let (log, _) = AuditLog::open(options, Timestamp(0)).unwrap();
        let name = |name: &str| name.to_owned();
        let entries =
            Entries::new(log, name("run-1"), name("user:ana"), name("files"), Arc::new(Scanner::new()));
        entries.outcome(outcome).unwrap();
        entries.commit().unwrap();
        serde_json::from_str(fs::read_to_string(&path).unwrap().lines().last().unwrap()).unwrap()
    }

    #[test]
    fn a_denial_names_who_what_and_why() {
        let rule = Reason::Rule { index: 0, failed_require: false };
        let record = recorded(&denied("read", r#"{"path":"a"}"#, vec![rule]));
        for (key, expected) in [
            ("kind", json!("decision")),
            ("run", json!("run-1")),
            ("principal", json!("user:ana")),
            ("server", json!("files")),
            ("direction", json!("to_server")),
            ("call", json!(7)),
            ("method", json!("tools/call")),
            ("target", json!("read")),
            ("arguments", json!({"path": "a"})),
            ("verdict", json!("deny")),
            ("effect", json!("refused")),
        ] {
            assert_eq!(record[key], expected, "{key}");
        }
        let reason =
            json!([{"source": "rule", "id": "keys", "file": "p.yaml", "line": 3, "message": "no keys"}]);
        assert_eq!(record["reasons"], reason);
    }

    #[test]
    fn no_secret_is_recorded() {
        let reason = Reason::Pin { name: format!("x {KEY}"), change: format!("because of {KEY}") };
        let record = recorded(&denied(&format!("x {KEY}"), &format!(r#"{{"a":"{KEY}"}}"#), vec![reason]));
        assert!(!record.to_string().contains(KEY), "{record}");
    }

    #[test]
    fn a_secret_where_a_name_is_cut_is_masked_too() {
        let target = format!("{} {KEY}", "x".repeat(NAME_BYTES_MAX - 20));
        let record = recorded(&denied(&target, "{}", Vec::new()));
        assert!(!record.to_string().contains("ghp_"), "half a secret");
    }

    #[test]
    fn nothing_from_outside_makes_a_record_long() {
        let long = "n".repeat(17 << 20);
        let reasons = vec![
            Reason::Pin { name: long.clone(), change: "not in the server's list".to_owned() },
            Reason::Approval(long.clone()),
        ];
        let arguments = format!(r#"{{"text":"{}"}}"#, "y".repeat(ARGUMENTS_BYTES_MAX));
        let record = recorded(&denied(&long, &arguments, reasons));
        assert!(record.to_string().len() < 8 * NAME_BYTES_MAX);
        assert!(record["target"].as_str().unwrap().ends_with('…'));
        assert_eq!(record["arguments_bytes"], json!(arguments.len()));
        assert_eq!(record["arguments_sha256"].as_str().unwrap().len(), 64);
        assert_eq!(record.get("arguments"), None);
    }
}
