//! Arguments of `guards`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

#[derive(Debug, ClapArgs)]
pub(crate) struct GuardsArgs {
    #[command(subcommand)]
    pub(crate) command: GuardsCommand,
}

/// What the input is, which says which guards look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum GuardKind {
    /// What a server sends: injection and hidden text
    Result,
    /// The definition of a tool
    Tool,
    /// The arguments of a call
    Arguments,
    /// Any text that may hold credentials or personal data
    Secrets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GuardFormat {
    /// A line for each finding
    Human,
    /// One JSON document
    Json,
    /// One JSON document a line, for each line of the input
    Jsonl,
    /// SARIF 2.1.0 for code scanning (scan only)
    Sarif,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GuardsCommand {
    /// Judge texts, tools or arguments (exit 10 if anything reaches --fail-on)
    #[command(after_help = "\
FILE is a text, a JSON document, or JSON lines with `text`, `tool` and `arguments`, or `name`, `description` and
`inputSchema`. Without a file, or with `-`, standard input is read. Every line of JSON lines has its verdict.")]
    Scan {
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What the input is
        #[arg(long, value_enum, env = "BAILIWICK_GUARDS_KIND", default_value = "result")]
        kind: GuardKind,
        #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
        format: GuardFormat,
        /// The level from which on a finding fails the command
        #[arg(long, value_name = "LEVEL", env = "BAILIWICK_FAIL_ON", default_value = "certain", value_parser = ["possible", "likely", "certain", "never"])]
        fail_on: String,
    },
    /// Measure detection and false alarms on labelled JSON lines
    #[command(after_help = "\
Each line has `label` (1 or 0), what `scan` reads, and the fields it is grouped by: `tier`, `kind`, `source`.
Thresholds are those at which the given share of the ordinary texts is flagged; the levels are what ships.")]
    Bench {
        /// Files, or directories with *.jsonl
        #[arg(required = true, value_name = "DIR|FILE")]
        paths: Vec<PathBuf>,
        #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
        format: GuardFormat,
        /// List the rows that were missed or flagged at the level `likely`
        #[arg(long)]
        rows: bool,
        /// Also take the time that the guards need for the ordinary texts, and for texts that are made to cost
        #[arg(long)]
        speed: bool,
        /// Write the tables between the marks of this page
        #[arg(long, value_name = "FILE")]
        write_docs: Option<PathBuf>,
    },
    /// Print what a code means
    Explain {
        /// `guard/code`, or a code
        code: String,
    },
    /// List the guards, what they read and where their levels lie
    List,
}

/// Whose opinion is asked where the policy wants one (`guards: { classifier: … }`).
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ClassifierArgs {
    /// The external classifier that a policy may want to be asked: an address, or `exec:PROGRAM ARGUMENTS`, which reads and
    /// writes lines
    #[arg(long, value_name = "URL|exec:PROGRAM", env = "BAILIWICK_CLASSIFIER")]
    pub(crate) classifier: Option<String>,
    /// A header for it, from a variable of the environment
    #[arg(
        long = "classifier-header",
        value_name = "NAME=VARIABLE",
        env = "BAILIWICK_CLASSIFIER_HEADER",
        value_delimiter = ',',
        requires = "classifier"
    )]
    pub(crate) classifier_headers: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QuarantineArgs {
    #[command(subcommand)]
    pub(crate) command: QuarantineCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List what is kept (exit 3 if there is nothing)
    List,
    /// Show one message and what was found in it, control characters made visible
    Show { id: String },
    /// Print one message as it came, secrets masked, and forget it: it is released once
    Release { id: String },
}
