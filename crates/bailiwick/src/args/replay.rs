//! Arguments of `replay`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

pub(crate) const EXAMPLES: &str = "\
Examples:
  bailiwick replay --policy team.yaml                     attack a policy with every built-in pack
  bailiwick replay --policy team.yaml --server pay=payments --pack ours.toml
  bailiwick replay --policy new.yaml --trace traces/      what would it have decided?
  bailiwick replay --policy new.yaml --trace audit.jsonl  the same, of an audit log

An attack counts as blocked only if the policy speaks of a server of its kind; else it is `not exercised`.
Exit 12 if an attack passes. Nothing is sent anywhere, and nothing is launched.";

/// How a replay is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayFormat {
    Human,
    Json,
    Junit,
    Sarif,
    Markdown,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    /// A bundled policy by name or a policy file; repeat it for more layers [default: standard]
    #[arg(
        long = "policy",
        short = 'p',
        value_name = "NAME|FILE",
        env = "BAILIWICK_POLICY",
        value_delimiter = ','
    )]
    pub(crate) policies: Vec<String>,
    /// Traces, audit logs, or folders of them: what the policy would have decided over what is recorded
    #[arg(long = "trace", value_name = "DIR|FILE")]
    pub(crate) traces: Vec<PathBuf>,
    /// Packs of attacks of your own, beside the built-in ones
    #[arg(long = "pack", value_name = "FILE")]
    pub(crate) packs: Vec<PathBuf>,
    /// Only these attacks: PACK, or PACK/ATTACK [default: all, unless there are traces]
    #[arg(long, value_name = "PACK[/ATTACK]", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Attacks that may pass, because you know and want it: PACK/ATTACK
    #[arg(long, value_name = "PACK/ATTACK", value_delimiter = ',')]
    pub(crate) accept: Vec<String>,
    /// Of what kind a server of the policy is, where its name does not tell: filesystem, shell, git, github, database, mail,
    /// chat, browser, fetch, cloud or payments
    #[arg(long = "server", value_name = "NAME=KIND", value_parser = server)]
    pub(crate) servers: Vec<(String, String)>,
    /// Who attacks
    #[arg(long, value_name = "ID", env = "BAILIWICK_PRINCIPAL", default_value = "user:local")]
    pub(crate) principal: String,
    /// Roles of who attacks
    #[arg(long, value_name = "A,B", env = "BAILIWICK_ROLES", value_delimiter = ',')]
    pub(crate) roles: Vec<String>,
    /// The directory that relative paths start from, also of what was recorded elsewhere [default: where it was recorded, if the
    /// trace names it, else the current one]
    #[arg(long, value_name = "DIR", env = "BAILIWICK_WORKSPACE")]
    pub(crate) workspace: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "human")]
    pub(crate) format: ReplayFormat,
}

fn server(text: &str) -> Result<(String, String), String> {
    let kinds = bailiwick_analysis::replay::kinds();
    match text.split_once('=') {
        Some((name, kind)) if !name.is_empty() && kinds.contains(&kind) => {
            Ok((name.to_owned(), kind.to_owned()))
        }
        Some(_) | None => Err(format!("write NAME=KIND, with one of {}", kinds.join(", "))),
    }
}
