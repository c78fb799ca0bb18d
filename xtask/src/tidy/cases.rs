//! The tables of `cases/README.md`: what they say is shown must be there, and every known bypass must be in them.

use super::Finding;
use super::source::Tree;
use crate::shell;
use std::collections::BTreeSet;
use std::fs;

const README: &str = "cases/README.md";
/// The heads of the tables whose last column names folders and tests.
const HEADS: [&str; 2] = ["| kind | folders |", "| id | attack | shown by |"];
const BY_ID: &str = "| id | attack | shown by |";
/// The list of known bypasses that the table of ids answers, beside the repository where it was developed.
const KNOWN: &str = "../shared/cases/bypass.jsonl";

/// Folders and tests that a table names and that are not there.
pub(super) fn shown(tree: &Tree) -> Vec<Finding> {
    let text = tree.get(README).unwrap_or_default();
    let absent = HEADS.iter().filter(|head| !text.lines().any(|line| line == **head));
    let mut findings: Vec<Finding> =
        absent.map(|head| Finding::new(README, 0, format!("no table `{head}`"), "put it back")).collect();
    for (line, _, row) in rows(text) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let shown: Vec<&str> = cells.last().map_or(Vec::new(), |last| quoted(last).collect());
        let missing = shown.iter().filter(|name| !is_there(tree, name));
        findings.extend(missing.map(|name| {
            Finding::new(README, line, format!("there is no case or test `{name}`"), "name what shows it")
        }));
        if shown.is_empty() {
            findings.push(Finding::new(README, line, "nothing shows this", "write a case"));
        }
    }
    findings
}

/// Known bypasses without a row of their own, and rows of none.
pub(super) fn known(tree: &Tree) -> Vec<Finding> {
    let known = fs::read_to_string(shell::root().join(KNOWN)).ok();
    against(tree, known.as_deref())
}

fn against(tree: &Tree, known: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for (line, _, row) in rows(tree.get(README).unwrap_or_default()).filter(|(_, head, _)| *head == BY_ID) {
        let id = row.trim_start_matches("| ").split(' ').next().unwrap_or_default();
        if !listed.insert(id.to_owned()) {
            findings.push(Finding::new(README, line, format!("`{id}` stands twice"), "join the rows"));
        }
    }
    let Some(known) = known else { return findings };
    let id = |line: &str| {
        let record = serde_json::from_str::<serde_json::Value>(line).ok()?;
        Some(record.get("id")?.as_str()?.to_owned())
    };
    // A line without an id is one without a row.
    let ids: BTreeSet<String> =
        known.lines().map(|line| id(line).unwrap_or_else(|| line.to_owned())).collect();
    for id in ids.symmetric_difference(&listed) {
        let cause = format!("`{id}` stands in {} alone", if listed.contains(id) { README } else { KNOWN });
        findings.push(Finding::new(README, 0, cause, "write a case, and a row that names it"));
    }
    findings
}

/// The rows of the tables: the line, the head of the table, the row.
fn rows(text: &str) -> impl Iterator<Item = (usize, &'static str, &str)> {
    let mut head = None;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if !line.starts_with('|') {
            head = None;
        } else if let Some(known) = HEADS.into_iter().find(|known| *known == line) {
            head = Some(known);
        } else if !line.starts_with("|---") {
            return head.map(|head| (at + 1, head, line));
        }
        None
    })
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A folder of cases, or a test as `file.rs::function`.
fn is_there(tree: &Tree, name: &str) -> bool {
    match name.split_once("::") {
        Some((file, test)) => tree.get(file).is_some_and(|text| text.contains(&format!("fn {test}("))),
        None => tree.has(&format!("cases/{name}/transcript.jsonl")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "# Cases\n\n| kind | folders |\n|---|---|\n| a `word` | `one`, `two` |\n\n| id | attack | shown by |\n|---|---|---|\n\
                          | A1 | some | `one`, `t.rs::holds` |\n| A2 | other | `t.rs::gone` |\n| A2 | third | none |\n";

    fn tree() -> Tree {
        Tree::of(&[
            (README, TABLES),
            ("cases/one/transcript.jsonl", ""),
            ("t.rs", "fn holds() {}\nfn gone_too() {}"),
        ])
    }

    #[test]
    fn what_a_table_names_must_be_there() {
        let found: Vec<(usize, String)> =
            shown(&tree()).into_iter().map(|finding| (finding.line, finding.cause)).collect();
        let missing = |name: &str| format!("there is no case or test `{name}`");
        assert_eq!(
            found,
            [(5, missing("two")), (10, missing("t.rs::gone")), (11, "nothing shows this".to_owned())]
        );
    }

    #[test]
    fn every_known_bypass_has_a_row_and_every_row_a_bypass() {
        let lines = |known| against(&tree(), known).iter().map(|finding| finding.line).collect::<Vec<_>>();
        assert_eq!(lines(None), [11], "twice");
        assert_eq!(lines(Some("{\"id\":\"A1\"}\n{\"id\":\"A2\"}\n")), [11]);
        assert_eq!(lines(Some("{\"id\":\"A1\"}\n{\"id\":\"A3\"}\n")), [11, 0, 0]);
    }
}
