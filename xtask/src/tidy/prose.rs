//! Words that mean "not done yet".

use super::Finding;
use super::source::{Tree, code, has_word};

/// Marks of unfinished work, in any text file.
pub(super) fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Others wrote lock files, and JSON lines are data: what texts say in them is not our work.
    let data = [".lock", "package-lock.json", ".jsonl"];
    for (path, text) in tree.all().filter(|(path, _)| !data.iter().any(|end| path.ends_with(end))) {
        for (at, line) in text.lines().enumerate() {
            for mark in MARKS.iter().filter(|mark| has_word(line, mark)) {
                findings.push(Finding::new(path, at + 1, format!("`{mark}`"), "do it, or leave it out"));
            }
        }
    }
    findings
}

/// A test that does not run shows nothing; an example that does not compile neither.
pub(super) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        for (at, (line, code)) in text.lines().zip(code(text).lines()).enumerate() {
            let attribute =
                code.contains("#[ignore") || (code.contains("cfg_attr") && has_word(code, "ignore"));
            if attribute || FENCES.iter().any(|fence| line.contains(fence)) {
                findings.push(Finding::new(
                    path,
                    at + 1,
                    "a test that does not run",
                    "make it run, or delete it",
                ));
            }
        }
    }
    findings
}

/// Put together here, so that this file does not find itself.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
const FENCES: &[&str] = &[concat!("``", "`ignore"), concat!("``", "`no_run")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_with_its_line() {
        let text = format!("fine\n# {}: later\n", MARKS.concat().get(..4).unwrap());
        let found = unfinished(&Tree::of(&[("a.yaml", &text), ("b.sh", "mktemp foo.XXXXXX\n")]));
        assert_eq!(
            found.iter().map(|finding| (finding.file.as_str(), finding.line)).collect::<Vec<_>>(),
            [("a.yaml", 2)]
        );
    }

    #[test]
    fn an_ignored_test_is_found_and_a_word_in_a_comment_is_not() {
        let bad = concat!("#[test]\n#[ign", "ore = \"slow\"]\nfn x() {}\n");
        let found =
            ignored_tests(&Tree::of(&[("a.rs", bad), ("b.rs", "// we ignore it\nlet s = \"#[ignore]\";\n")]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    }
}
