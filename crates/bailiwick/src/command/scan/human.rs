//! Findings for people: by file, the worst first, and what was not looked at.

use std::fmt::Write as _;

use bailiwick_analysis::counted;
use bailiwick_analysis::render::Inspected;
use bailiwick_analysis::scan::{Report, Severity};
use bailiwick_record::audit::visible;

use crate::say::{BAD, BOLD, DIM, GOOD, WARN};

pub(super) fn text(report: &Report, inspected: &Inspected) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(report, inspected, &mut out);
    out
}

fn write(report: &Report, inspected: &Inspected, out: &mut String) -> std::fmt::Result {
    for finding in &report.findings {
        let style = match finding.severity {
            Severity::High => BAD,
            Severity::Medium => WARN,
            Severity::Low => DIM,
        };
        let severity = finding.severity.as_str();
        let server =
            finding.server.as_ref().map(|server| format!(" `{}`", visible(server))).unwrap_or_default();
        let (path, line, column) = (visible(&finding.path), finding.place.line, finding.place.column);
        writeln!(
            out,
            "{style}{severity:6}{style:#} {BOLD}{}{BOLD:#}{server}  {path}:{line}:{column}",
            finding.code
        )?;
        writeln!(out, "       {}", visible(&finding.message))?;
        if let Some(fix) = &finding.fix {
            writeln!(out, "       {GOOD}do:{GOOD:#} {}", visible(fix))?;
        }
    }
    if report.omitted > 0 {
        writeln!(out, "{} not listed", counted(report.omitted, "more finding"))?;
    }
    for (path, why) in inspected.not_inspected.iter().take(LISTED_MAX) {
        writeln!(out, "{WARN}not inspected:{WARN:#} {}: {}", visible(path), visible(why))?;
    }
    let more = inspected.not_inspected.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        writeln!(out, "{WARN}not inspected:{WARN:#} {more} more (--format json lists them)")?;
    }
    let (files, servers) = (inspected.files, inspected.servers);
    let counts = [Severity::High, Severity::Medium, Severity::Low]
        .map(|severity| format!("{} {}", report.count(severity), severity.as_str()));
    writeln!(
        out,
        "{}, {}: {}",
        counted(files, "configuration"),
        counted(servers, "server"),
        counts.join(", ")
    )?;
    if !report.findings.is_empty() {
        writeln!(out, "{DIM}`bailiwick explain CODE` says what a finding means{DIM:#}")?;
    }
    Ok(())
}

const LISTED_MAX: usize = 20;
