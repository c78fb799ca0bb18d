//! The decisions in the audit log of a run.

use bailiwick_testkit::cases::Seen;
use bailiwick_testkit::patience::comes;
use bailiwick_testkit::serde_json::{self, Value};
use bailiwick_testkit::workplace::Workplace;
use std::fs;

/// Kinds of records that the engine's outcomes make.
const KINDS: [&str; 5] = ["decision", "outcome", "malformed", "approval", "pin"];

pub(crate) fn decisions(place: &Workplace) -> Vec<Seen> {
    records(place).iter().filter(|record| KINDS.contains(&text(record, "kind").as_str())).map(seen).collect()
}

/// Waits until the log holds this many decisions.
pub(crate) fn await_decisions(place: &Workplace, count: usize) {
    assert!(comes(|| decisions(place).len() >= count), "no {count} decisions in the log");
}

/// Waits for a record of this kind.
pub(crate) fn await_kind(place: &Workplace, kind: &str) {
    let there = || records(place).iter().any(|record| text(record, "kind") == kind);
    assert!(comes(there), "no {kind} in the log");
}

/// The whole lines so far.
fn records(place: &Workplace) -> Vec<Value> {
    let log = fs::read(place.path().join("audit.jsonl")).unwrap_or_default();
    let whole = log.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    whole.map(|line| serde_json::from_slice(line).expect("a record is JSON")).collect()
}

fn seen(record: &Value) -> Seen {
    let reasons = record["reasons"].as_array().into_iter().flatten();
    Seen {
        event: text(record, "kind"),
        direction: text(record, "direction"),
        method: text(record, "method"),
        target: text(record, "target"),
        verdict: text(record, "verdict"),
        effect: text(record, "effect"),
        reasons: reasons.map(|reason| (text(reason, "id"), nameless(text(reason, "message")))).collect(),
    }
}

/// Who sits at the terminal is another one on each machine.
fn nameless(message: String) -> String {
    match message.split_once("at the terminal by ") {
        Some((before, _)) => format!("{before}at the terminal"),
        None => message,
    }
}

fn text(record: &Value, key: &str) -> String {
    record[key].as_str().unwrap_or_default().to_owned()
}

/// A text without what is another one in each run: the mark of a note, and the name under which a withheld answer is kept.
pub(crate) fn unrandom(text: &str) -> String {
    const BEFORE: [&str; 3] = ["[bailiwick ", "\"mark\":\"", "it is kept as "];
    BEFORE.into_iter().fold(text.to_owned(), |text, before| {
        let mut parts = text.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            let named = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
            all + before + named
        })
    })
}
