//! `cargo xtask tidy`: laws about the code that no compiler lint knows, each in a file of its own.

mod arrows;
mod cases;
mod docs;
mod manifests;
mod prose;
mod pure;
mod shape;
mod source;

use crate::shell;
use anyhow::{Context, Result};
use source::Tree;
use std::fmt;

/// One broken law: where, what, and what to do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: String,
    /// Counted from 1; 0 when the whole file is meant.
    line: usize,
    cause: String,
    next: String,
}

impl Finding {
    fn new(file: &str, line: usize, cause: impl Into<String>, next: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, cause: cause.into(), next: next.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}\n    next: {}", self.file, self.cause, self.next),
            line => write!(f, "{}:{line}: {}\n    next: {}", self.file, self.cause, self.next),
        }
    }
}

/// Runs every check over all files that git knows or would add; true when nothing was found.
pub(crate) fn run() -> Result<bool> {
    let tree = Tree::load(&shell::root())?;
    let metadata = metadata()?;
    let mut findings = Vec::new();
    for (what, check) in CHECKS {
        let found = check(&tree);
        println!("{:>4}  {what}", found.len());
        findings.extend(found);
    }
    for (what, check) in GRAPH_CHECKS {
        let found = check(&metadata);
        println!("{:>4}  {what}", found.len());
        findings.extend(found);
    }
    let commands = docs::commands(&tree)?;
    println!("{:>4}  commands that the docs name exist", commands.len());
    findings.extend(commands);

    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} findings in {} files", findings.len(), tree.len());
    Ok(findings.is_empty())
}

type Check = fn(&Tree) -> Vec<Finding>;
type GraphCheck = fn(&serde_json::Value) -> Vec<Finding>;

const CHECKS: &[(&str, Check)] = &[
    ("files are short", shape::short_files),
    ("files say what they are", shape::opening_sentence),
    ("no mod.rs", shape::no_mod_rs),
    ("the root folder holds known files", shape::known_root),
    ("nothing is left undone", prose::unfinished),
    ("no test is ignored", prose::ignored_tests),
    ("unsafe only in the sandbox", pure::unsafe_only_in_sandbox),
    ("only the binary prints and exits", pure::only_the_binary_prints),
    ("pure crates do not lift their bans", pure::bans_not_lifted),
    ("pure crates have their bans", pure::bans_present),
    ("lint thresholds are the root's", pure::thresholds),
    ("crates use the workspace lints", manifests::workspace_lints),
    ("dependencies have a reason", manifests::reasons),
    ("links in the docs lead somewhere", docs::links),
    ("what the tables of cases name is there", cases::shown),
    ("every known bypass has its case", cases::known),
];

const GRAPH_CHECKS: &[(&str, GraphCheck)] =
    &[("crate arrows point down", arrows::edges), ("pure crates stand on pure crates", arrows::pure_closure)];

/// The resolved graph for the machine's own platform, as `cargo metadata` tells it.
fn metadata() -> Result<serde_json::Value> {
    let out = shell::cargo()
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM])
        .output()?;
    anyhow::ensure!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).context("cargo metadata is no JSON")
}

/// Linux on x86-64 is what we release; other platforms add no crate to a pure one that this does not.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
