//! Arguments of `policy import`.

use std::path::PathBuf;

use bailiwick_import::Format;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

pub(super) const EXAMPLES: &str = "\
Examples:
  bailiwick policy import mcpfw.yaml                                the policy, in our meaning; what differs on standard error
  bailiwick policy import mcp.policy.yaml --mode exact -o ours.yaml in the original's order and meaning
  bailiwick policy import .claude/settings.json --from claude-code

Such a file may also be given to `--policy` as it is: then it is read in our meaning (safe).";

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// A policy of mcpfw, agentperms, mcp-aegis, agent-envelope or Claude Code, or Cedar as ToolHive has it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Whose policy it is; told by its words when not given
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Format::ALL.map(|(name, _)| name)))]
    pub(crate) from: Option<String>,
    /// What the translation keeps
    #[arg(long, value_enum, default_value_t = Keep::Safe)]
    pub(crate) mode: Keep,
    /// Write the policy to this file, which must not exist, instead of standard output
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A policy file of ours
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The language to write
    #[arg(long, value_enum)]
    pub(crate) to: Language,
    /// The server that it will stand before; without it only rules about any server fit
    #[arg(long, value_name = "NAME", env = "BAILIWICK_SERVER")]
    pub(crate) server: Option<String>,
    /// Write to this file, which must not exist, instead of standard output
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Cedar, with the names of ToolHive
    Cedar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// The original's order and meaning, with its holes
    Exact,
    /// Our meaning: paths and commands in every spelling, every key, silence never allows
    Safe,
}
