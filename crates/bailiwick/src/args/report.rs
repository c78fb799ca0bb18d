//! Arguments of `report`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::clients::ClientChoice;
use super::scan::FailOn;

pub(crate) const EXAMPLES: &str = "\
Examples:
  bailiwick report -o report.html                        this machine: configurations, audit logs, traces
  bailiwick report --policy team.yaml -o report.html     the same, with attacks replayed against a policy
  bailiwick report --path . --format markdown            a repository, for a pull request

Nothing is launched and nothing is sent anywhere. The HTML is one file without scripts.";

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One page without scripts, which needs nothing else
    Html,
    /// One JSON document, versioned
    Json,
    /// For a pull request
    Markdown,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit's XML, a failed test for each finding
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) choice: ClientChoice,
    /// Look only at configurations below this folder; may be repeated
    #[arg(long = "path", value_name = "TREE")]
    pub(crate) paths: Vec<PathBuf>,
    /// An audit log, or a folder of them; may be repeated [default: `audit` in the state directory]
    #[arg(long = "audit", value_name = "FILE|DIR")]
    pub(crate) audits: Vec<PathBuf>,
    /// A trace, or a folder of them, for runs without an audit log; may be repeated [default: `traces` in the state directory]
    #[arg(long = "trace", value_name = "FILE|DIR")]
    pub(crate) traces: Vec<PathBuf>,
    /// Replay attacks against this policy: a bundled one by name, or a file; repeat it for more layers
    #[arg(long = "policy", short = 'p', value_name = "NAME|FILE", value_delimiter = ',')]
    pub(crate) policies: Vec<String>,
    /// The lock file to compare with [default: bailiwick.lock in the current directory, if it is there]
    #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK")]
    pub(crate) lock: Option<PathBuf>,
    /// The public key that audit logs must be signed with [default: the one of this machine]
    #[arg(long, value_name = "KEY", env = "BAILIWICK_AUDIT_KEY")]
    pub(crate) key: Option<String>,
    /// Write to this file, which is replaced at once [default: standard output]
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "html")]
    pub(crate) format: ReportFormat,
    /// Exit 10 if there is a finding of this severity or above
    #[arg(long, value_enum, default_value = "never")]
    pub(crate) fail_on: FailOn,
}
