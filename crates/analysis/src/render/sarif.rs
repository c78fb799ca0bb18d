//! SARIF 2.1.0, as far as code scanning reads it.

use serde_json::{Value, json};

use crate::scan::beyond::BEYOND;
use crate::scan::{AUDITS, Audit, Finding, Report, Severity};

/// One run with every audit as a rule. Paths below `root` become relative to it.
#[must_use]
pub fn sarif(report: &Report, version: &str, root: &str) -> String {
    let rules: Vec<Value> = kinds()
        .map(|audit| {
            json!({
                "id": audit.code,
                "shortDescription": { "text": audit.title },
                "fullDescription": { "text": audit.page },
                "help": { "text": audit.page, "markdown": audit.page },
                "defaultConfiguration": { "level": level(audit.severity) },
                "properties": { "security-severity": score(audit.severity), "tags": ["security", "mcp"] },
            })
        })
        .collect();
    let results: Vec<Value> =
        report.findings.iter().take(RESULTS_MAX).map(|finding| result(finding, root)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "bailiwick", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
    .to_string()
}

fn kinds() -> impl Iterator<Item = &'static Audit> {
    AUDITS.into_iter().chain(BEYOND)
}

/// More are refused by GitHub.
const RESULTS_MAX: usize = 25_000;

fn result(finding: &Finding, root: &str) -> Value {
    let fix = finding.fix.as_ref().map(|fix| format!(" To do: {fix}.")).unwrap_or_default();
    let server = finding.server.as_ref().map(|server| format!("Server `{server}`: ")).unwrap_or_default();
    json!({
        "ruleId": finding.code,
        "ruleIndex": kinds().position(|audit| audit.code == finding.code),
        "level": level(finding.severity),
        "message": { "text": format!("{server}{}.{fix}", finding.message) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.path, root) },
            "region": { "startLine": finding.place.line.max(1), "startColumn": finding.place.column.max(1) },
        } }],
        "partialFingerprints": { "bailiwick/v1": super::fingerprint(finding) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// GitHub's scale: above 7 is high, above 4 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "3.0",
    }
}

pub(super) fn uri(path: &str, root: &str) -> String {
    let below = path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')).filter(|_| !root.is_empty());
    let (head, rest) = match below {
        Some(rest) => ("", rest),
        None if path.starts_with('/') => ("file://", path),
        None => ("", path),
    };
    let mut out = String::from(head);
    for byte in rest.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
