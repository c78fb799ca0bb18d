//! What a run of the suite found, check by check.

use anyhow::Result;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The worst status of every check, by scenario and check.
#[derive(Default)]
pub(super) struct Checks {
    by_name: BTreeMap<(String, String), (Rank, String)>,
    scenarios: usize,
    passed: usize,
    failed: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Success,
    Skipped,
    Warning,
    Failure,
}

impl Checks {
    pub(super) fn read(out: &Path) -> Result<Checks> {
        let mut checks = Checks::default();
        for folder in super::folders(out)? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let found: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("checks.json"))?)?;
            checks.scenario(scenario_name(&name), &found);
        }
        Ok(checks)
    }

    fn scenario(&mut self, name: &str, found: &[Value]) {
        self.scenarios += 1;
        for check in found {
            let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
            let rank = match text("status") {
                "SUCCESS" => Rank::Success,
                "SKIPPED" => Rank::Skipped,
                "WARNING" => Rank::Warning,
                "INFO" => continue,
                _ => Rank::Failure,
            };
            self.passed += usize::from(rank == Rank::Success);
            self.failed += usize::from(rank == Rank::Failure);
            let entry = self.by_name.entry((name.to_owned(), text("id").to_owned()));
            let worst = entry.or_insert_with(|| (rank, String::new()));
            if rank >= worst.0 {
                *worst = (rank, text("errorMessage").to_owned());
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn scenarios(&self) -> usize {
        self.scenarios
    }

    /// Checks passed and failed.
    pub(super) fn totals(&self) -> (usize, usize) {
        (self.passed, self.failed)
    }

    /// Checks that were better in `before`; one that is gone is worse than one that passed.
    pub(super) fn worse_than(&self, before: &Checks) -> Vec<String> {
        let mut worse = Vec::new();
        for ((scenario, check), (was, _)) in &before.by_name {
            match self.by_name.get(&(scenario.clone(), check.clone())) {
                Some((is, _)) if is <= was => {}
                Some((_, words)) => worse.push(format!("{scenario} {check}: {words}")),
                None if *was == Rank::Success => worse.push(format!("{scenario} {check}: absent")),
                None => {}
            }
        }
        for ((scenario, check), (is, words)) in &self.by_name {
            let new = !before.by_name.contains_key(&(scenario.clone(), check.clone()));
            if new && *is > Rank::Skipped {
                worse.push(format!("{scenario} {check}: {words}"));
            }
        }
        worse
    }
}

/// The folder's name without the time at its end: `NAME-2026-11-21T06-59-31-487Z`.
fn scenario_name(folder: &str) -> &str {
    const TIME: usize = "-2026-11-21T06-59-31-487Z".len();
    folder.len().checked_sub(TIME).and_then(|end| folder.get(..end)).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checks(statuses: &[(&str, &str)]) -> Checks {
        let mut checks = Checks::default();
        let found: Vec<Value> =
            statuses.iter().map(|(id, status)| json!({"id": id, "status": status})).collect();
        checks.scenario("s", &found);
        checks
    }

    #[test]
    fn a_check_is_worse_when_it_fails_or_is_gone() {
        let before = checks(&[("a", "SUCCESS"), ("b", "FAILURE"), ("c", "SUCCESS"), ("d", "INFO")]);
        assert!(before.worse_than(&before).is_empty());
        assert_eq!(checks(&[("a", "WARNING"), ("b", "SUCCESS")]).worse_than(&before).len(), 2);
        assert_eq!(
            checks(&[("a", "SUCCESS"), ("a", "FAILURE"), ("c", "SUCCESS")]).worse_than(&before).len(),
            1
        );
        assert_eq!(
            checks(&[("a", "SUCCESS"), ("c", "SUCCESS"), ("e", "FAILURE")]).worse_than(&before).len(),
            1
        );
    }

    #[test]
    fn a_folder_is_named_after_its_scenario() {
        assert_eq!(scenario_name("server-tools-list-2026-11-21T06-59-31-487Z"), "server-tools-list");
    }
}
