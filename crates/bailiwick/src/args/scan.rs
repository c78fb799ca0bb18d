//! Arguments of `scan` and `explain`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::clients::ClientChoice;
use super::value::number;

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingsFormat {
    /// For people
    Human,
    /// One JSON document, versioned
    Json,
    /// SARIF 2.1.0, for code scanning; findings do not make it fail, because whoever reads it decides
    Sarif,
    /// JUnit's XML, a failed test for each finding
    Junit,
    /// A table for a pull request
    Markdown,
    /// Annotations of GitHub Actions
    Github,
}

/// From which severity on findings make the command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Low,
    Medium,
    High,
    Never,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) choice: ClientChoice,
    /// Look only below this folder, or at this file, whoever's configurations lie there; may be repeated
    #[arg(long = "path", value_name = "TREE")]
    pub(crate) paths: Vec<PathBuf>,
    /// Launch the servers and ask what they offer, remote ones with the headers of their entries; every command is shown, and
    /// nothing starts before you agree
    #[arg(long)]
    pub(crate) tools: bool,
    /// Agree to launch them without being asked; the commands are still shown
    #[arg(long, requires = "tools")]
    pub(crate) yes: bool,
    /// How long a server has for each answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = number::<u64>(1, 600))]
    pub(crate) timeout: u64,
    /// Take the names of tools from this lock file, without launching anything
    #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK")]
    pub(crate) lock: Option<PathBuf>,
    #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
    pub(crate) format: FindingsFormat,
    /// Exit 10 if there is a finding of this severity or above, or a configuration that cannot be read
    #[arg(long, value_enum, env = "BAILIWICK_FAIL_ON", default_value = "high")]
    pub(crate) fail_on: FailOn,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// A finding's code [default: all of them, a line each]
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}
