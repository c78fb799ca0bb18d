//! Audit logs, as far as tests look into them while they are written.

use crate::patience::found;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The records of the log, once they are `enough`.
pub fn records(log: impl AsRef<Path>, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let text = || fs::read_to_string(log.as_ref()).unwrap_or_default();
    let recorded = found(|| {
        let records: Vec<Value> = text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        enough(&records).then_some(records)
    });
    recorded.unwrap_or_else(|| panic!("not recorded: {}", text()))
}

/// Waits until every call that went on has exactly one outcome; how many there are.
pub fn every_call_has_an_outcome(log: impl AsRef<Path>) -> usize {
    let calls = |records: &[Value], kind: &str| {
        let of_kind =
            records.iter().filter(|record| record["kind"] == kind && record["method"] == "tools/call");
        let went_on = of_kind.filter(|record| record["kind"] == "outcome" || record["effect"] == "forwarded");
        let mut calls: Vec<String> =
            went_on.map(|record| format!("{} {}", record["run"], record["call"])).collect();
        calls.sort();
        calls
    };
    let all = records(log, |records| calls(records, "decision") == calls(records, "outcome"));
    calls(&all, "outcome").len()
}
