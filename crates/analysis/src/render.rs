//! Findings as text for other programs: JSON, SARIF, JUnit, Markdown, and the annotations of GitHub.

pub mod lint;
pub mod replay;
mod sarif;
pub mod suite;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::count::counted;
use crate::scan::{Finding, Report, Severity};

pub use bailiwick_guard::visible;
pub use sarif::sarif;

/// What a report says beside its findings (law 10).
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    pub files: usize,
    pub servers: usize,
    /// What was not looked at, and why.
    pub not_inspected: Vec<(String, String)>,
}

/// The JSON form, version 1: members are added, never changed.
#[must_use]
pub fn json(report: &Report, inspected: &Inspected) -> String {
    let left: Vec<Value> =
        inspected.not_inspected.iter().map(|(path, why)| json!({ "path": path, "why": why })).collect();
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    json!({
        "version": 1, "findings": findings, "omitted": report.omitted,
        "inspected": { "files": inspected.files, "servers": inspected.servers },
        "notInspected": left,
    })
    .to_string()
}

/// One finding as JSON.
#[must_use]
pub fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code, "severity": finding.severity.as_str(), "path": finding.path,
        "client": finding.client, "server": finding.server,
        "line": finding.place.line, "column": finding.place.column,
        "message": finding.message, "fix": finding.fix, "fingerprint": fingerprint(finding),
    })
}

/// The same for the same finding after lines moved.
fn fingerprint(finding: &Finding) -> String {
    let mut hash = Sha256::new();
    let server = finding.server.as_deref().unwrap_or_default();
    for part in [finding.code, &finding.path, &finding.client, server, &finding.message] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    HEXLOWER.encode(hash.finalize().get(..16).unwrap_or_default())
}

/// JUnit's XML: a test case for every finding, failed.
#[must_use]
pub fn junit(report: &Report) -> String {
    junit_of(report, "bailiwick scan")
}

/// The same under the name of another command.
#[must_use]
pub fn junit_of(report: &Report, suite: &str) -> String {
    let count = report.findings.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!(
        "<testsuites><testsuite name=\"{suite}\" tests=\"{count}\" failures=\"{count}\">\n"
    ));
    for finding in &report.findings {
        let name = format!("{} {}", finding.code, place(finding));
        out.push_str(&format!(
            "<testcase classname=\"{}\" name=\"{}\"><failure type=\"{}\" message=\"{}\">{}</failure></testcase>\n",
            markup(&finding.path),
            markup(&name),
            finding.severity.as_str(),
            markup(&finding.message),
            markup(finding.fix.as_deref().unwrap_or_default()),
        ));
    }
    out.push_str("</testsuite></testsuites>");
    out
}

/// A table for a pull request or `$GITHUB_STEP_SUMMARY`.
#[must_use]
pub fn markdown(report: &Report, inspected: &Inspected) -> String {
    let mut out = format!(
        "## bailiwick scan\n\n{}, {}: {} high, {} medium, {} low\n",
        counted(inspected.files, "file"),
        counted(inspected.servers, "server"),
        report.count(Severity::High),
        report.count(Severity::Medium),
        report.count(Severity::Low),
    );
    if !report.findings.is_empty() {
        out.push_str("\n| severity | finding | where | what | do |\n|---|---|---|---|---|\n");
    }
    for finding in &report.findings {
        let fix = finding.fix.as_deref().unwrap_or_default();
        let cells = [finding.severity.as_str(), finding.code, &place(finding), &finding.message, fix];
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if !inspected.not_inspected.is_empty() {
        out.push_str("\nNot inspected:\n\n");
    }
    for (path, why) in &inspected.not_inspected {
        out.push_str(&format!("* {}: {}\n", cell(path), cell(why)));
    }
    out
}

/// Workflow commands, which GitHub shows beside the lines.
#[must_use]
pub fn github(report: &Report) -> String {
    let line = |finding: &Finding| {
        let kind = match finding.severity {
            Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low => "notice",
        };
        let fix = finding.fix.as_ref().map(|fix| format!("; {fix}")).unwrap_or_default();
        format!(
            "::{kind} file={},line={},col={},title={}::{}",
            property(&finding.path),
            finding.place.line,
            finding.place.column,
            property(finding.code),
            command(&format!("{}{fix}", finding.message)),
        )
    };
    report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn place(finding: &Finding) -> String {
    format!("{}:{}:{}", finding.path, finding.place.line, finding.place.column)
}

/// Text in XML; what XML cannot hold becomes a question mark.
fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

/// Text in a table's cell: no mark-up of a stranger's name takes effect.
#[must_use]
pub fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '|' | '&' | '*' | '_' | '[' | ']' | '<' | '>' | '\\' | '#' | '!' | '@' => {
                out.push('\\');
                out.push(c);
            }
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out
}

/// The escapes of a workflow command's message.
fn command(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    command(text).replace(':', "%3A").replace(',', "%2C")
}
