//! Findings of `policy lint`, as text for people, as JSON, SARIF and annotations of GitHub.

use bailiwick_policy::lint::{Grade, LINTS, Lint, Remark};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::sarif::uri;
use super::{command, property, visible};

/// The word of a grade.
#[must_use]
pub fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Low => "low",
        Grade::Medium => "medium",
        Grade::High => "high",
    }
}

/// For people: place, code, what and why, what to do.
#[must_use]
pub fn human(remarks: &[Remark]) -> String {
    let mut out = String::new();
    for remark in remarks {
        let (line, column) = (remark.line, remark.column);
        let (file, message) = (visible(&remark.file), visible(&remark.message));
        out.push_str(&format!(
            "{file}:{line}:{column}: {} ({})\n",
            remark.lint.code,
            grade(remark.lint.grade)
        ));
        out.push_str(&format!("  {message}\n"));
        if let Some(fix) = &remark.fix {
            out.push_str(&format!("  fix: {}\n", visible(fix)));
        }
    }
    out
}

/// The JSON form, version 1: members are added, never changed.
#[must_use]
pub fn json(remarks: &[Remark]) -> String {
    let findings: Vec<Value> = remarks
        .iter()
        .map(|remark| {
            json!({
                "code": remark.lint.code, "severity": grade(remark.lint.grade), "path": remark.file,
                "line": remark.line, "column": remark.column, "message": remark.message,
                "why": remark.lint.page, "fix": remark.fix, "fingerprint": fingerprint(remark),
            })
        })
        .collect();
    json!({ "version": 1, "findings": findings }).to_string()
}

/// SARIF 2.1.0 with every lint as a rule. Paths below `root` become relative to it.
#[must_use]
pub fn sarif(remarks: &[Remark], version: &str, root: &str) -> String {
    let rule = |lint: &Lint| {
        json!({
            "id": lint.code, "shortDescription": { "text": lint.title }, "fullDescription": { "text": lint.page },
            "help": { "text": lint.page, "markdown": lint.page },
            "defaultConfiguration": { "level": level(lint.grade) },
        })
    };
    let result = |remark: &Remark| {
        let fix = remark.fix.as_ref().map(|fix| format!(" To do: {fix}.")).unwrap_or_default();
        json!({
            "ruleId": remark.lint.code,
            "ruleIndex": LINTS.iter().position(|lint| lint.code == remark.lint.code),
            "level": level(remark.lint.grade),
            "message": { "text": format!("{}.{fix}", remark.message) },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": uri(&remark.file, root) },
                "region": { "startLine": remark.line.max(1), "startColumn": remark.column.max(1) },
            } }],
            "partialFingerprints": { "bailiwick/v1": fingerprint(remark) },
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bailiwick policy lint", "version": version, "rules": LINTS.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": remarks.iter().map(result).collect::<Vec<_>>(),
        }],
    })
    .to_string()
}

/// Workflow commands, which GitHub shows beside the lines.
#[must_use]
pub fn github(remarks: &[Remark]) -> String {
    let line = |remark: &Remark| {
        let kind = match remark.lint.grade {
            Grade::High => "error",
            Grade::Medium => "warning",
            Grade::Low => "notice",
        };
        let fix = remark.fix.as_ref().map(|fix| format!("; {fix}")).unwrap_or_default();
        format!(
            "::{kind} file={},line={},col={},title={}::{}",
            property(&remark.file),
            remark.line,
            remark.column,
            property(remark.lint.code),
            command(&format!("{}{fix}", remark.message)),
        )
    };
    remarks.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn level(grade: Grade) -> &'static str {
    match grade {
        Grade::High => "error",
        Grade::Medium => "warning",
        Grade::Low => "note",
    }
}

/// The same for the same finding after lines moved.
fn fingerprint(remark: &Remark) -> String {
    let mut hash = Sha256::new();
    for part in [remark.lint.code, &remark.file, &remark.message] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    HEXLOWER.encode(hash.finalize().get(..16).unwrap_or_default())
}
