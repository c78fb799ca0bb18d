//! Audit logs, verified and counted; and traces of runs that have none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::BufReader;
use std::path::Path;

use bailiwick_analysis::counted;
use bailiwick_mcp::Direction;
use bailiwick_record::audit::{PublicKey, Record, Records, Severity, verify_file};
use bailiwick_record::trace::{Absent, Line, Reader, TracedDecision};
use bailiwick_report::history::{Decided, History, microseconds};
use bailiwick_report::page::{Approval, Drift, Log, Page, Trust};

use super::files;
use crate::args::report::ReportArgs;
use crate::exit::{self, Failure};
use crate::installed::shown;
use crate::places;
use crate::requested::calls;

/// What a run saw to differ, by server and words, with the last time.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pins: BTreeMap<(String, String), String>,
}

/// Runs that audit logs tell of.
#[derive(Debug, Default)]
struct Runs {
    all: BTreeSet<String>,
    /// Those that only observe: their logs do not say which tools were called.
    observed: BTreeSet<String>,
}

/// Different differences that are kept.
const PINS_MAX: usize = 2_000;
/// Findings of one log's verification that are told.
const FINDINGS_MAX: usize = 20;

impl Seen {
    pub(super) fn drift(&self) -> Vec<Drift> {
        let drift = |((server, what), at): (&(String, String), &String)| Drift {
            server: server.clone(),
            what: what.clone(),
            at: Some(at.clone()),
        };
        self.pins.iter().map(drift).collect()
    }
}

/// Reads everything that is recorded.
pub(super) fn read(args: &ReportArgs, history: &mut History, page: &mut Page) -> Result<Seen, Failure> {
    let trusted =
        match &args.key {
            Some(key) => Some(key.parse::<PublicKey>().map_err(|error| {
                Failure::new(exit::USAGE, format!("`--key` is not a public key: {error}"))
            })?),
            None => PublicKey::load(&places::key()?).ok(),
        };
    let (mut seen, mut runs) = (Seen::default(), Runs::default());
    for path in files::of(&args.audits, "audit", page)? {
        log(&path, trusted.clone(), page);
        records(&path, history, &mut seen, &mut runs, page);
    }
    for path in files::of(&args.traces, "traces", page)? {
        if let Err(why) = trace(&path, history, &runs) {
            page.not_inspected.push((shown(&path), why));
        }
    }
    Ok(seen)
}

fn log(path: &Path, trusted: Option<PublicKey>, page: &mut Page) {
    let opened = bailiwick_disk::open(path).map_err(|error| error.to_string());
    let report = match opened.and_then(|_| verify_file(path, trusted).map_err(|error| error.to_string())) {
        Ok(report) => report,
        Err(why) => return page.not_inspected.push((shown(path), why)),
    };
    let trust = match (report.is_ok(), report.findings.is_empty()) {
        (false, _) => Trust::Broken,
        (true, false) => Trust::Warned,
        (true, true) => Trust::Verified,
    };
    // What is wrong before what is only noted.
    let is_error = |finding: &&bailiwick_record::audit::Finding| finding.severity() == Severity::Error;
    let errors = report.findings.iter().filter(is_error);
    let notes = report.findings.iter().filter(|finding| !is_error(finding));
    page.logs.push(Log {
        path: shown(path),
        trust,
        records: report.records,
        from: report.first_time.clone(),
        to: report.last_time.clone(),
        signed_up_to: report.signed_up_to,
        findings: errors.chain(notes).take(FINDINGS_MAX).map(ToString::to_string).collect(),
    });
}

fn records(path: &Path, history: &mut History, seen: &mut Seen, runs: &mut Runs, page: &mut Page) {
    // The verification has told that it cannot be opened.
    let Ok(file) = bailiwick_disk::open(path) else { return };
    let mut broken = 0_u64;
    for record in Records::new(BufReader::new(file)) {
        match record {
            Ok(record) => take(&record, history, seen, runs),
            Err(_) => broken += 1,
        }
    }
    if broken > 0 {
        page.not_inspected.push((shown(path), format!("{} without a record", counted(broken, "line"))));
    }
}

fn take(record: &Record, history: &mut History, seen: &mut Seen, runs: &mut Runs) {
    let text = |key: &str| record.text(key).unwrap_or_default();
    let (server, target) = (text("server"), text("target"));
    let is_call = text("method") == "tools/call";
    let at = microseconds(&record.time).unwrap_or_default();
    match record.kind.as_str() {
        "start" => {
            runs.all.insert(text("run").to_owned());
            if text("mode") == "observe" {
                runs.observed.insert(text("run").to_owned());
            }
        }
        "decision" => {
            let decided = decided(text("verdict"));
            history.decision(at, decided, 1);
            if is_call && !target.is_empty() {
                history.call(server, target, decided);
            }
        }
        "malformed" => history.decision(at, Decided::Denied, 1),
        "repeated" => history.decision(at, Decided::Denied, record.number("count").unwrap_or_default()),
        "outcome" if is_call && !target.is_empty() && text("outcome") == "failed" => {
            history.failure(server, target)
        }
        // Nobody was there any more, or the one who waits was told so.
        "approval" if text("effect") == "dropped" || text("method") == "notifications/progress" => {}
        "approval" => history.approval(Approval {
            at: record.time.clone(),
            server: server.to_owned(),
            tool: target.to_owned(),
            is_approved: matches!(text("effect"), "forwarded" | "changed"),
            why: why(record),
        }),
        "pin" => {
            let what = format!("{} `{target}`: {}", text("method"), why(record));
            let key = (server.to_owned(), what);
            if seen.pins.len() < PINS_MAX || seen.pins.contains_key(&key) {
                seen.pins.insert(key, record.time.clone());
            }
        }
        _ => {}
    }
}

fn why(record: &Record) -> String {
    record.reasons().next().and_then(|reason| reason.message).unwrap_or_default().to_owned()
}

fn decided(verdict: &str) -> Decided {
    match verdict {
        "allow" => Decided::Allowed,
        "ask" => Decided::Asked,
        // What cannot be read let nothing through.
        _ => Decided::Denied,
    }
}

fn trace(path: &Path, history: &mut History, runs: &Runs) -> Result<(), String> {
    let file = bailiwick_disk::open(path).map_err(|error| error.to_string())?;
    let mut reader = Reader::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    let run = &reader.header.run;
    let (is_told, is_observed) = (runs.all.contains(run), runs.observed.contains(run));
    if is_told && !is_observed {
        return Ok(());
    }
    let server = reader.header.server.clone();
    let mut told = Told {
        server: &server,
        is_timed: !is_told,
        waiting: VecDeque::new(),
        open: BTreeMap::new(),
        history,
    };
    for line in &mut reader {
        match line.map_err(|error| error.to_string())? {
            Line::Message { to: Direction::ToServer, message, .. } => told.waiting = calls(message.get()),
            Line::Absent(Absent { to: Direction::ToServer, .. }) => told.waiting.clear(),
            Line::Decision { at, decision } => told.decision(at.as_micros(), &decision),
            Line::Message { .. }
            | Line::Absent(_)
            | Line::Given { .. }
            | Line::End { .. }
            | Line::Unknown => {}
        }
    }
    Ok(())
}

/// Calls without an outcome yet whose tools are remembered.
const OPEN_MAX: usize = 10_000;

/// What one trace tells.
struct Told<'t> {
    server: &'t str,
    /// No audit log tells when it was.
    is_timed: bool,
    /// Tools that the last message calls and no decision names yet: a run that only observes does not look into it.
    waiting: VecDeque<String>,
    open: BTreeMap<u64, String>,
    history: &'t mut History,
}

impl Told<'_> {
    fn decision(&mut self, at: i64, decision: &TracedDecision) {
        match decision.event.as_str() {
            "decision" | "malformed" => {
                let decided = decided(&decision.verdict);
                if self.is_timed {
                    self.history.decision(at, decided, 1);
                }
                if decision.method != "tools/call" {
                    return;
                }
                let Some(tool) = decision.target.clone().or_else(|| self.waiting.pop_front()) else { return };
                self.history.call(self.server, &tool, decided);
                if self.open.len() < OPEN_MAX {
                    self.open.insert(decision.call, tool);
                }
            }
            "outcome" => {
                let tool = self.open.remove(&decision.call);
                if let (Some(tool), Some("failed")) = (tool, decision.outcome.as_deref()) {
                    self.history.failure(self.server, &tool);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{History, Record, Runs, Seen, take};

    fn approvals(method: &str, effect: &str) -> Vec<bool> {
        let mut history = History::default();
        let members = serde_json::json!({ "server": "s", "method": method, "target": "t", "effect": effect });
        let record = Record {
            seq: 1,
            time: "2026-11-23T08:00:00Z".to_owned(),
            kind: "approval".to_owned(),
            members: members.as_object().cloned().unwrap_or_default(),
        };
        take(&record, &mut history, &mut Seen::default(), &mut Runs::default());
        history.approvals().iter().map(|approval| approval.is_approved).collect()
    }

    #[test]
    fn a_question_that_nobody_answered_is_no_approval_and_no_refusal() {
        assert_eq!(approvals("tools/call", "forwarded"), [true]);
        assert_eq!(approvals("tools/call", "changed"), [true]);
        assert_eq!(approvals("tools/call", "refused"), [false]);
        assert_eq!(approvals("tools/call", "dropped"), [false; 0], "the call was taken back");
        assert_eq!(
            approvals("notifications/progress", "forwarded"),
            [false; 0],
            "it says that the call waits"
        );
    }
}
