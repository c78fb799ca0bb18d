//! Scanning configurations. One audit is one file in `scan/audits/` and one line in [`AUDITS`].

mod audits;
pub mod beyond;
mod commands;
mod finding;
mod known;
mod package;
mod subject;

use bailiwick_guard::Scanner;

pub use audits::dangerous_tool::danger;
pub(crate) use audits::dangerous_tool::words;
pub use finding::{Finding, Report, Severity};
pub use subject::{Facts, File, Offer, Subject, Tool};

use finding::Sink;

/// One kind of finding.
#[derive(Debug)]
pub struct Audit {
    /// Stable; stands in reports, in `bailiwick explain` and in the docs.
    pub code: &'static str,
    /// How bad it usually is; a finding may say otherwise.
    pub severity: Severity,
    pub title: &'static str,
    /// What it means and what to do, as Markdown without a heading.
    pub page: &'static str,
    run: fn(&Look<'_>, &mut Sink<'_>),
}

/// What every audit sees.
#[derive(Debug)]
struct Look<'l> {
    subject: &'l Subject<'l>,
    scanner: &'l Scanner,
}

/// Every audit, in the order of the reference.
pub const AUDITS: [&Audit; 20] = [
    &audits::known_bad::AUDIT,
    &audits::look_alike::AUDIT,
    &audits::unpinned::AUDIT,
    &audits::remote_script::AUDIT,
    &audits::shell_wrapper::AUDIT,
    &audits::plain_secret::AUDIT,
    &audits::sensitive_mount::AUDIT,
    &audits::privileged_container::AUDIT,
    &audits::broad_root::AUDIT,
    &audits::exposed_config::AUDIT,
    &audits::exposed_command::AUDIT,
    &audits::plain_http::AUDIT,
    &audits::undone_policy::AUDIT,
    &audits::bare_server::AUDIT,
    &audits::shadowed_server::AUDIT,
    &audits::same_tool::AUDIT,
    &audits::imitating_tool::AUDIT,
    &audits::dangerous_tool::AUDIT,
    &audits::poisoned_text::AUDIT,
    &audits::toxic_combination::AUDIT,
];

/// The audit of that code.
#[must_use]
pub fn audit(code: &str) -> Option<&'static Audit> {
    AUDITS.into_iter().chain(beyond::BEYOND).find(|audit| audit.code == code)
}

/// A package that a launcher fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `npm`, `pypi`, `image`, `go` or `url`.
    pub registry: &'static str,
    pub name: String,
    pub version: Option<String>,
}

/// The package that a command fetches and runs, if it is one.
#[must_use]
pub fn package_of(words: &[String]) -> Option<Package> {
    let package =
        commands::of_words(words).iter().find_map(|command| package::packages(command).into_iter().next())?;
    Some(Package { registry: package.registry.as_str(), name: package.name, version: package.version })
}

/// Everything that is found, the worst first.
#[must_use]
pub fn scan(subject: &Subject<'_>, scanner: &Scanner) -> Report {
    let look = Look { subject, scanner };
    let mut report = Report::default();
    for audit in AUDITS {
        (audit.run)(&look, &mut Sink::new(audit, &look, &mut report));
    }
    report.sort();
    report
}

#[cfg(test)]
mod tests;
