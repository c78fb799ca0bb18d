//! What an outcome of the engine looks like in the audit log.

mod desk;
mod draft;
mod fold;
mod render;

pub use draft::Extent;
pub(crate) use render::link;

use std::sync::{Arc, MutexGuard};

use bailiwick_engine::{Decision, Outcome, Scanner};
use bailiwick_mcp::Timestamp;

use self::desk::{Desk, Waiting};
use crate::audit::{AuditError, AuditLog};
use crate::json::Object;

/// Arguments longer than this are recorded by their digest and length alone, in bytes.
pub const ARGUMENTS_BYTES_MAX: usize = 64 << 10;
/// Texts that may come from outside (methods, targets, reasons) are cut at this many bytes; the cut is marked.
pub const NAME_BYTES_MAX: usize = 4 << 10;
/// Reasons of one decision that are recorded; of further ones their number.
pub const REASONS_MAX: usize = 128;
/// Decisions that wait to become lines, and their bytes; whoever brings more makes lines first.
pub const WAITING_MAX: usize = 256;
pub const WAITING_BYTES_MAX: usize = 256 << 10;

/// Takes down the entries of one run. The three names stand in each of them.
///
/// A decision is taken down in memory, in order, and made into a masked and chained line by whoever commits next: the
/// thread that decides does not wait for another's lines.
#[derive(Debug, Clone)]
pub struct Entries {
    inner: Arc<Inner>,
    server: Arc<str>,
    /// Run, principal and server, as members.
    names: Arc<[u8]>,
}

#[derive(Debug)]
struct Inner {
    log: AuditLog,
    desk: Arc<Desk>,
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
        let desk = Arc::new(Desk::new(Arc::clone(&scanner)));
        log.feed_from(Arc::clone(&desk) as Arc<_>);
        let names = names(&run, &principal, &server);
        Entries { inner: Arc::new(Inner { log, desk, scanner }), server: server.into(), names }
    }

    /// Entries in the same log, of runs in front of another server.
    #[must_use]
    pub fn for_server(&self, server: &str) -> Entries {
        Entries { server: server.into(), ..self.clone() }
    }

    /// Entries of another run in the same log.
    #[must_use]
    pub fn for_run(&self, run: String, principal: String) -> Entries {
        let names = names(&run, &principal, &self.server);
        Entries { inner: Arc::clone(&self.inner), server: Arc::clone(&self.server), names }
    }

    /// A page to take decisions down on: all of them, or, if there is none, none. Nobody else takes anything down meanwhile.
    /// [`Entries::commit`] writes them; without one they are written within the log's flush interval.
    ///
    /// # Errors
    /// If what was taken down before could not be written, and still cannot. Then no decision has effects (law 3).
    pub fn page(&self) -> Result<Page<'_>, AuditError> {
        self.inner.log.admit()?;
        let waiting = self.inner.desk.waiting();
        if waiting.closed {
            return Err(AuditError::Closed);
        }
        Ok(Page { waiting, entries: self })
    }

    /// Adds the entry of one outcome; [`Entries::commit`] writes it.
    ///
    /// # Errors
    /// If it cannot be recorded. Then its effects may not take place (law 3).
    pub fn outcome(&self, outcome: &Outcome<'_>) -> Result<(), AuditError> {
        let mut page = self.page()?;
        page.take_down(outcome.decision.clone());
        page.done();
        self.keep_bounded();
        Ok(())
    }

    /// Adds an entry about the run itself: `start`, `stop`, `reload`.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub fn note(
        &self,
        at: Timestamp,
        kind: &'static str,
        write: impl FnOnce(&mut Object<'_>),
    ) -> Result<u64, AuditError> {
        self.inner.desk.settle(at);
        self.inner.log.append(at, kind, |object| {
            object.members(&self.names);
            write(object);
        })
    }

    /// Everything added so far is written, durably where the log is strict.
    ///
    /// # Errors
    /// If that failed.
    pub fn commit(&self) -> Result<(), AuditError> {
        self.inner.log.commit()
    }

    /// As [`Entries::commit`], but `None`, and nothing promised, if another thread is at it: for who has something else to do
    /// meanwhile.
    pub fn try_commit(&self) -> Option<Result<(), AuditError>> {
        self.inner.log.try_commit()
    }

    /// Makes lines of what was taken down, so that the next commit has less to do. For a moment when nobody waits; does
    /// nothing while another thread is at it, unless too much is waiting. True if it did anything.
    pub fn keep_up(&self) -> bool {
        !self.inner.desk.is_clear() && self.inner.log.keep_up(self.inner.desk.is_full())
    }

    /// Makes lines of what was taken down if that has become much. For a moment when nobody is held up by it.
    pub fn keep_bounded(&self) {
        if self.inner.desk.is_full() {
            self.inner.log.keep_up(true);
        }
    }

    /// Ends the log with a signed checkpoint.
    ///
    /// # Errors
    /// If that failed.
    pub fn close(&self, at: Timestamp) -> Result<(), AuditError> {
        self.inner.desk.close(at);
        self.inner.log.close(at)
    }

    /// A text of ours with secrets masked.
    #[must_use]
    pub fn redacted<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        self.inner.scanner.redact_secrets(text)
    }
}

/// Where decisions are taken down, in their order.
#[derive(Debug)]
pub struct Page<'e> {
    waiting: MutexGuard<'e, Waiting>,
    entries: &'e Entries,
}

impl Page<'_> {
    pub fn take_down(&mut self, decision: Decision<'_>) {
        self.take_down_beside(decision, None);
    }

    /// The same of a `line` that was no message: its text is not recorded.
    pub fn take_down_beside(&mut self, decision: Decision<'_>, line: Option<Extent>) {
        self.waiting.drafts.take_down(decision, line, &self.entries.names);
    }

    /// Lets go of the page, and sees to it that it is written at some time even if nobody commits.
    pub fn done(self) {
        let Page { waiting, entries } = self;
        drop(waiting);
        entries.inner.log.handed_in();
    }
}

fn names(run: &str, principal: &str, server: &str) -> Arc<[u8]> {
    let mut names = Vec::new();
    Object::resume(&mut names, true)
        .string("run", run)
        .string("principal", principal)
        .string("server", server);
    names.into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use bailiwick_engine::{Action, Arguments, Decision, Event, Outcome, Reason, Scanner};
    use bailiwick_mcp::{Direction, Id, Timestamp};
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
            maskless: false,
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
        all_recorded(|entries| {
            entries.outcome(outcome).unwrap();
            entries.commit().unwrap();
        })
        .pop()
        .unwrap()
    }

    /// All records that `take_down` leaves, but the header.
    fn all_recorded(take_down: impl FnOnce(&Entries)) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let key_directory = folder.path().join("key");
        let options = OpenOptions { path: path.clone(), durability: Durability::Batched, key_directory };
        let (log, _) = AuditLog::open(options, Timestamp(0)).unwrap();
        let name = |name: &str| name.to_owned();
        let entries =
            Entries::new(log, name("run-1"), name("user:ana"), name("files"), Arc::new(Scanner::new()));
        take_down(&entries);
        let text = fs::read_to_string(&path).unwrap();
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Something that is no message, `at` microseconds after the start.
    fn junk<'a>(direction: Direction, at: i64) -> Outcome<'a> {
        let mut outcome = denied("", "{}", vec![Reason::Protocol("not JSON".into())]);
        let decision = &mut outcome.decision;
        (decision.at, decision.direction, decision.event) = (Timestamp(at), direction, Event::Malformed);
        (decision.target, decision.arguments, decision.action) = (None, None, Action::Dropped);
        outcome
    }

    #[test]
    fn records_stand_in_the_order_in_which_they_were_taken_down() {
        let records = all_recorded(|entries| {
            for call in 1..=5_000 {
                let mut outcome = denied("read", "{}", Vec::new());
                outcome.decision.call = call;
                entries.outcome(&outcome).unwrap();
                if call % 700 == 0 {
                    entries.note(Timestamp(0), "reload", |_| {}).unwrap();
                }
                entries.keep_up();
            }
            entries.commit().unwrap();
        });
        let kinds = |wanted: &str| records.iter().filter(|record| record["kind"] == wanted).count();
        assert_eq!((kinds("decision"), kinds("reload")), (5_000, 7));
        let calls: Vec<u64> = records.iter().filter_map(|record| record["call"].as_u64()).collect();
        assert_eq!(calls, (1..=5_000).collect::<Vec<_>>());
        let before_first_reload = records.iter().take_while(|record| record["kind"] != "reload");
        assert_eq!(before_first_reload.filter(|record| record["kind"] == "decision").count(), 700);
    }

    #[test]
    fn a_flood_is_recorded_by_its_number() {
        let records = all_recorded(|entries| {
            for at in 0..10_000 {
                entries.outcome(&junk(Direction::ToClient, at * 10)).unwrap();
            }
            // What matters is recorded in the midst of it.
            entries.outcome(&denied("read", "{}", Vec::new())).unwrap();
            entries.outcome(&junk(Direction::ToServer, 1_700_000_000_100_000)).unwrap();
            entries.commit().unwrap();
        });
        let kinds: Vec<&str> = records.iter().filter_map(|record| record["kind"].as_str()).collect();
        let [malformed @ .., "repeated", "decision", "malformed"] = kinds.as_slice() else {
            panic!("{kinds:?}")
        };
        assert_eq!(malformed, ["malformed"; 64]);
        let repeated = &records[64];
        assert_eq!((&repeated["count"], &repeated["of"]), (&json!(10_000 - 64), &json!("malformed")));
        assert_eq!((&repeated["direction"], &repeated["run"]), (&json!("to_client"), &json!("run-1")));
        assert_eq!(repeated["reasons"][0]["message"], json!("not JSON"));
    }

    #[test]
    fn what_comes_too_fast_is_counted_by_its_kind() {
        let records = all_recorded(|entries| {
            for at in 0..1_000 {
                for (code, action) in [("ping", Action::Refused), ("log", Action::Dropped)] {
                    let reason = Reason::Guard {
                        guard: bailiwick_engine::PACE,
                        code: code.into(),
                        place: "the run".to_owned(),
                        message: "too many".into(),
                        action: bailiwick_policy::GuardAction::Block,
                        detail: "default".to_owned(),
                        said: None,
                    };
                    let mut outcome = denied("", "{}", vec![reason]);
                    let decision = &mut outcome.decision;
                    (decision.at, decision.action, decision.arguments) = (Timestamp(at), action, None);
                    entries.outcome(&outcome).unwrap();
                }
            }
            entries.commit().unwrap();
            entries.close(Timestamp(2_000)).unwrap();
        });
        let repeated: Vec<_> = records.iter().filter(|record| record["kind"] == "repeated").collect();
        let told = |record: &serde_json::Value| (record["count"].clone(), record["reasons"][0].clone());
        let reason =
            |id: &str| json!({"source": "guard", "id": id, "message": "too many in the run (default)"});
        let told: Vec<_> = repeated.into_iter().map(told).collect();
        assert_eq!(told, [(json!(968), reason("pace/ping")), (json!(968), reason("pace/log"))]);
        let refused = records.iter().filter(|record| record["kind"] == "decision").count();
        assert_eq!(refused, 64);
    }

    #[test]
    fn what_was_counted_is_recorded_at_the_end() {
        let records = all_recorded(|entries| {
            for at in 0..65 {
                entries.outcome(&junk(Direction::ToServer, at)).unwrap();
            }
            entries.note(Timestamp(70), "stop", |_| {}).unwrap();
            entries.close(Timestamp(80)).unwrap();
        });
        let kinds: Vec<&str> = records.iter().filter_map(|record| record["kind"].as_str()).collect();
        assert_eq!(kinds[63..], ["malformed", "repeated", "stop", "checkpoint"]);
        assert_eq!(records[64]["count"], json!(1));
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
        let mut outcome = denied(&format!("x {KEY}"), &format!(r#"{{"a":"{KEY}"}}"#), vec![reason]);
        outcome.decision.id = Some(Id::Text(format!("id {KEY}").into()));
        let record = recorded(&outcome);
        assert!(!record.to_string().contains(KEY), "{record}");
        assert!(record["id"].as_str().is_some_and(|id| id.starts_with("id ")), "{record}");
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
