//! Everything that is wrong, as findings: for formats that know nothing else.

use bailiwick_analysis::scan::beyond;
use bailiwick_analysis::scan::{Finding, Report, Severity};
use bailiwick_clients::place::Place;

use crate::page::{Page, Trust};

/// What the scan found, attacks that pass, drift, and logs that do not verify; the worst first.
#[must_use]
pub fn issues(page: &Page) -> Report {
    let mut report = page.findings.clone();
    let policy = page.policy.as_ref().and_then(|policy| policy.layers.first()).cloned();
    for (pack, attack) in
        page.attacks.iter().flatten().flat_map(|pack| pack.passing.iter().map(move |attack| (pack, attack)))
    {
        let message = format!("attack `{}` of `{}` passes: {}", attack.name, pack.name, attack.call);
        let path = policy.clone().unwrap_or_default();
        report.findings.push(new(beyond::ATTACK_PASSES.code, Severity::High, path, None, message));
    }
    for drift in page.drift.iter().flatten() {
        let message = format!("differs from the lock: {}", drift.what);
        let server = Some(drift.server.clone());
        report.findings.push(new(beyond::LOCK_DRIFT.code, Severity::High, LOCK.to_owned(), server, message));
    }
    for log in page.logs.iter().filter(|log| log.trust == Trust::Broken) {
        let first = log.findings.first().cloned().unwrap_or_default();
        let message = format!("the audit log does not verify: {first}");
        report.findings.push(new(
            beyond::AUDIT_NOT_VERIFIED.code,
            Severity::High,
            log.path.clone(),
            None,
            message,
        ));
    }
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report
}

const LOCK: &str = "bailiwick.lock";

fn new(
    code: &'static str,
    severity: Severity,
    path: String,
    server: Option<String>,
    message: String,
) -> Finding {
    Finding {
        code,
        severity,
        file: usize::MAX,
        path,
        client: String::new(),
        server,
        place: Place { line: 1, column: 1 },
        message,
        fix: None,
    }
}
