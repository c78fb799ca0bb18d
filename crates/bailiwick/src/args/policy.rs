//! Arguments of the tools around policies.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

/// How tests that ran are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    Human,
    /// One JSON document, versioned
    Json,
    /// JUnit's XML
    Junit,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TestArgs {
    /// Test files, policies that have one beside them (NAME.test.yaml beside NAME.yaml), or folders
    #[arg(value_name = "FILE", default_value = ".")]
    pub(crate) files: Vec<PathBuf>,
    #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
    pub(crate) format: TestFormat,
    /// Write JUnit's XML to this file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

/// How findings of `policy lint` are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people
    Human,
    /// One JSON document, versioned
    Json,
    /// SARIF 2.1.0, for code scanning; findings do not make it fail, because whoever reads it decides
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// From which severity on findings of `policy lint` make it fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFail {
    Low,
    Medium,
    High,
    Never,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct LintArgs {
    /// Policy files, or names of bundled policies
    #[arg(required = true, value_name = "NAME|FILE")]
    pub(crate) policies: Vec<String>,
    #[arg(long, value_name = "DIR", env = "BAILIWICK_WORKSPACE")]
    pub(crate) workspace: Option<PathBuf>,
    /// Look also whether the rules fit the tools in this lock file
    #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK")]
    pub(crate) lock: Option<PathBuf>,
    #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
    pub(crate) format: LintFormat,
    /// Exit 10 if there is a finding of this severity or above
    #[arg(long, value_enum, env = "BAILIWICK_FAIL_ON", default_value = "low")]
    pub(crate) fail_on: LintFail,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SchemaArgs {
    /// Know the tools in this lock file, and their arguments
    #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK")]
    pub(crate) lock: Option<PathBuf>,
    /// The schema of test files (`NAME.test.yaml`) in place of that of policies
    #[arg(long)]
    pub(crate) tests: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FmtArgs {
    /// Policies and test files; `-` is standard input, whose layout goes to standard output
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing: name the files that are laid out otherwise, and exit 10 if there are any
    #[arg(long)]
    pub(crate) check: bool,
}
