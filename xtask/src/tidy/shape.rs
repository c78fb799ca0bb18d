//! The shape of files: short, introduced, in their place.

use super::Finding;
use super::source::{Tree, own_lines};

/// A file that outgrows a few screens is two files; its own tests do not count.
pub(super) fn short_files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let lines = own_lines(text);
        let allowed = LONG.iter().find(|(long, ..)| *long == path).map(|(_, lines, _)| *lines);
        let limit = allowed.unwrap_or(LINES_MAX);
        if lines > limit {
            findings.push(Finding::new(
                path,
                lines,
                format!("{lines} lines, {limit} allowed"),
                "split it by topic",
            ));
        }
        if let Some(allowed) = allowed.filter(|allowed| lines < *allowed) {
            let next = format!("lower its number in {TABLE} to {lines}, or delete it from {LINES_MAX} down");
            findings.push(Finding::new(path, 0, format!("needs {lines} of {allowed} allowed lines"), next));
        }
    }
    for (path, ..) in LONG.iter().filter(|(path, ..)| tree.get(path).is_none()) {
        findings.push(Finding::new(TABLE, 0, format!("{path} is listed but gone"), "delete its line"));
    }
    findings
}

/// The first line of a file is for a reader who does not yet know whether to read on.
pub(super) fn opening_sentence(tree: &Tree) -> Vec<Finding> {
    let unopened = tree.ending(".rs").filter(|(_, text)| !text.starts_with("//! "));
    unopened
        .map(|(path, _)| Finding::new(path, 1, "opens without `//!`", "say in one sentence what it holds"))
        .collect()
}

pub(super) fn no_mod_rs(tree: &Tree) -> Vec<Finding> {
    let found = tree.all().filter(|(path, _)| *path == "mod.rs" || path.ends_with("/mod.rs"));
    found.map(|(path, _)| Finding::new(path, 0, "mod.rs hides what it is", "name.rs beside name/")).collect()
}

pub(super) fn known_root(tree: &Tree) -> Vec<Finding> {
    let mut names: Vec<&str> = tree.all().filter_map(|(path, _)| path.split('/').next()).collect();
    names.dedup();
    let strange = names.into_iter().filter(|name| !ROOT.contains(name));
    strange
        .map(|name| {
            Finding::new(name, 0, "not a known file of the root", format!("move it, or add it in {TABLE}"))
        })
        .collect()
}

const LINES_MAX: usize = 400;
const TABLE: &str = "xtask/src/tidy/shape.rs";
/// Path, own lines, reason. Numbers here only fall.
const LONG: &[(&str, usize, &str)] = &[];
const ROOT: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "bench",
    "cases",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "policies",
    "rustfmt.toml",
    "tests",
    "xtask",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "//! x\n".repeat(LINES_MAX + 1);
        let tested = format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(LINES_MAX));
        let found = short_files(&Tree::of(&[("a.rs", &long), ("b.rs", &tested)]));
        assert_eq!(found.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(), ["a.rs"]);
    }

    #[test]
    fn a_file_without_a_sentence_is_found() {
        let found = opening_sentence(&Tree::of(&[("a.rs", "use x;\n"), ("b.rs", "//! Says it.\n")]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_mod_rs_is_found() {
        assert_eq!(no_mod_rs(&Tree::of(&[("a/mod.rs", ""), ("a/lemod.rs", "")])).len(), 1);
    }

    #[test]
    fn a_stranger_in_the_root_is_found_once() {
        let found = known_root(&Tree::of(&[("notes/a", ""), ("notes/b", ""), ("README.md", "")]));
        assert_eq!(found.len(), 1);
    }
}
