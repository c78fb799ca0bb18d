//! Findings as data.

use bailiwick_clients::place::Place;

use super::{Audit, Look};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Low,
    Medium,
    High,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// One thing that was found. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    /// Position among the subject's files.
    pub file: usize,
    pub path: String,
    pub client: String,
    /// The server's name, where one is to blame.
    pub server: Option<String>,
    pub place: Place,
    pub message: String,
    /// What to do, where it can be said in a line.
    pub fix: Option<String>,
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Findings beyond the first 20,000, which are not listed.
    pub omitted: usize,
}

/// Most findings that a report lists.
const FINDINGS_MAX: usize = 20_000;

impl Report {
    pub(super) fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            let key = |finding: &Finding| (std::cmp::Reverse(finding.severity), finding.file, finding.place);
            key(a).cmp(&key(b)).then_with(|| a.code.cmp(b.code)).then_with(|| a.message.cmp(&b.message))
        });
    }

    /// How many findings are of that severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Where an audit puts what it finds.
pub(super) struct Sink<'s> {
    audit: &'static Audit,
    look: &'s Look<'s>,
    report: &'s mut Report,
}

/// What an audit says of one place.
pub(super) struct Said {
    pub(super) file: usize,
    pub(super) server: Option<usize>,
    /// Byte offset in the file's text.
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) fix: Option<String>,
}

impl<'s> Sink<'s> {
    pub(super) fn new(audit: &'static Audit, look: &'s Look<'s>, report: &'s mut Report) -> Sink<'s> {
        Sink { audit, look, report }
    }

    pub(super) fn add(&mut self, said: Said) {
        self.add_as(self.audit.severity, said);
    }

    pub(super) fn add_as(&mut self, severity: Severity, said: Said) {
        if self.report.findings.len() >= FINDINGS_MAX {
            self.report.omitted = self.report.omitted.saturating_add(1);
            return;
        }
        let Some(file) = self.look.subject.files.get(said.file) else { return };
        // Whatever an audit says, it says it without secrets.
        let masked = |text: &str| self.look.scanner.redact_secrets(text).into_owned();
        let server = said.server.and_then(|server| file.config.servers.get(server));
        self.report.findings.push(Finding {
            code: self.audit.code,
            severity,
            file: said.file,
            path: masked(file.path),
            client: file.client.to_owned(),
            server: server.map(|server| masked(&server.name)),
            place: file.lines.place(file.text, said.at),
            message: masked(&said.message),
            fix: said.fix.as_deref().map(masked),
        });
    }
}
