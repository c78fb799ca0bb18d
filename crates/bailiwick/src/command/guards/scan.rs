//! `guards scan`: a verdict for each row.

use std::path::PathBuf;

use bailiwick_guard::{Finding, Level, Scanner, Verdict};
use bailiwick_mcp::Parser;
use serde_json::{Value as Json, json};

use super::judge::judge;
use super::rows::{self, Row};
use super::sarif;
use crate::args::{GuardFormat, GuardKind};
use crate::exit::{self, Failure};
use crate::say::{self, BAD, DIM, GOOD, WARN};

pub(super) fn run(
    files: &[PathBuf],
    kind: GuardKind,
    format: GuardFormat,
    fail_on: &str,
) -> Result<i32, Failure> {
    let scanner = Scanner::new();
    let mut parser = Parser::default();
    let mut documents = Vec::new();
    let mut results = Vec::new();
    let mut totals = Totals::default();
    for source in rows::read_all(files)? {
        for row in &source.rows {
            let verdict = judge(&scanner, &mut parser, row, kind);
            totals.add(&verdict);
            match format {
                GuardFormat::Human => human(&source.name, row, &verdict),
                GuardFormat::Jsonl => say::line(&document(&source.name, row, kind, &verdict).to_string()),
                GuardFormat::Json => documents.push(document(&source.name, row, kind, &verdict)),
                GuardFormat::Sarif => sarif::results(&source.name, row.line, &verdict, &mut results),
            }
        }
    }
    match format {
        GuardFormat::Json => {
            let text = serde_json::to_string_pretty(&json!({ "verdicts": documents }));
            say::line(&text.unwrap_or_default());
        }
        GuardFormat::Human => {
            let Totals { rows, found, unread, .. } = totals;
            say::line(&format!("{rows} judged, {found} with findings, {unread} not fully inspected"));
        }
        GuardFormat::Sarif => say::line(&sarif::document(results).to_string()),
        GuardFormat::Jsonl => {}
    }
    Ok(match Level::from_name(fail_on) {
        _ if totals.rows == 0 => exit::NOTHING,
        _ if totals.broken > 0 => exit::ERROR,
        Some(level) if totals.worst >= Some(level) => exit::FINDINGS,
        Some(_) | None => exit::OK,
    })
}

#[derive(Default)]
struct Totals {
    rows: usize,
    found: usize,
    unread: usize,
    broken: usize,
    worst: Option<Level>,
}

impl Totals {
    fn add(&mut self, verdict: &Result<Verdict, String>) {
        self.rows += 1;
        match verdict {
            Ok(verdict) => {
                self.worst = self.worst.max(verdict.level());
                self.found += usize::from(verdict.level().is_some());
                self.unread += usize::from(!verdict.is_complete());
            }
            Err(_) => self.broken += 1,
        }
    }
}

fn human(source: &str, row: &Row, verdict: &Result<Verdict, String>) {
    let place = row.line.map_or_else(|| source.to_owned(), |line| format!("{source}:{line}"));
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(error) => return say::line(&format!("{BAD}error{BAD:#} {place}: {error}")),
    };
    for part in verdict.not_inspected() {
        say::line(&format!("{WARN}not inspected{WARN:#} {place}: {part}"));
    }
    if verdict.level().is_none() {
        say::line(&format!("{GOOD}nothing{GOOD:#} {place} {DIM}score {}{DIM:#}", points(verdict.points)));
        return;
    }
    for finding in &verdict.findings {
        let style = if finding.level == Level::Certain { BAD } else { WARN };
        let via: Vec<&str> = finding.via.names().collect();
        let via = if via.is_empty() { String::new() } else { format!(", in {}", via.join(" in ")) };
        say::line(&format!(
            "{style}{}{style:#} {place} bytes {}..{}: {}/{}: {}{via} {DIM}score {} of {}{DIM:#}",
            finding.level.as_str(),
            finding.span.start,
            finding.span.end,
            finding.guard.as_str(),
            finding.code,
            finding.message,
            points(finding.points),
            points(verdict.points),
        ));
    }
}

fn document(source: &str, row: &Row, kind: GuardKind, verdict: &Result<Verdict, String>) -> Json {
    let mut out = json!({ "source": source, "line": row.line, "kind": name(kind) });
    let Some(members) = out.as_object_mut() else { return out };
    match verdict {
        Ok(verdict) => {
            let level = verdict.level();
            members.insert("score".into(), json!(f64::from(verdict.points) / 100.0));
            members.insert("level".into(), json!(level.map(Level::as_str)));
            members.insert("verdict".into(), json!(if level.is_some() { "found" } else { "nothing" }));
            members.insert("reasons".into(), verdict.findings.iter().map(reason).collect());
            members.insert("not_inspected".into(), json!(verdict.not_inspected().collect::<Vec<_>>()));
            if let Some(parts) = verdict.parts {
                let [pattern, model, structure] =
                    [parts.pattern, parts.model, parts.structure].map(|part| f64::from(part) / 100.0);
                let parts = json!({ "pattern": pattern, "model": model, "structure": structure });
                members.insert("parts".into(), parts);
            }
        }
        Err(error) => {
            members.insert("error".into(), json!(error));
        }
    }
    out
}

fn reason(finding: &Finding) -> Json {
    json!({
        "guard": finding.guard.as_str(),
        "code": finding.code,
        "level": finding.level.as_str(),
        "score": f64::from(finding.points) / 100.0,
        "span": [finding.span.start, finding.span.end],
        "decoded": finding.via.names().collect::<Vec<_>>(),
        "message": finding.message,
    })
}

/// Hundredths, as a person reads them.
pub(super) fn points(points: i32) -> String {
    format!("{:.2}", f64::from(points) / 100.0)
}

pub(super) fn name(kind: GuardKind) -> &'static str {
    match kind {
        GuardKind::Result => "result",
        GuardKind::Tool => "tool",
        GuardKind::Arguments => "arguments",
        GuardKind::Secrets => "secrets",
    }
}
