//! Arguments of `record`, `enforce` and `status`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::clients::{ClientChoice, TextFormat};

/// Which servers of which clients.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ServerChoice {
    #[command(flatten)]
    pub(crate) choice: ClientChoice,
    /// Only the server of this name; may be repeated [default: all]
    #[arg(long = "server", value_name = "NAME", value_delimiter = ',')]
    pub(crate) servers: Vec<String>,
}

/// How a change is made.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct EditArgs {
    /// Change nothing; print what would change as a unified diff
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Consent to what a proof launches.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Agreed {
    /// Launch what a project's files name without asking; they came with the project, not from you
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    pub(crate) which: ServerChoice,
    /// The folder that traces go to [default: `traces` in the state directory]
    #[arg(long, value_name = "DIR", env = "BAILIWICK_TRACES")]
    pub(crate) traces: Option<PathBuf>,
    /// Stop recording: servers under a policy stay under it, the others are put back as they were
    #[arg(long)]
    pub(crate) stop: bool,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EnforceArgs {
    #[command(flatten)]
    pub(crate) which: ServerChoice,
    /// A bundled policy by name or a policy file; repeat it for more layers
    #[arg(
        long = "policy",
        short = 'p',
        value_name = "NAME|FILE",
        value_delimiter = ',',
        required_unless_present = "stop"
    )]
    pub(crate) policies: Vec<String>,
    /// The lock file that the servers must match
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Put every server back as it was before anything of ours stood before it
    #[arg(long, conflicts_with_all = ["policies", "lock"])]
    pub(crate) stop: bool,
    /// Do not launch the wrapped servers to prove that the policy stands before them
    #[arg(long)]
    pub(crate) no_proof: bool,
    #[command(flatten)]
    pub(crate) agreed: Agreed,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) which: ServerChoice,
    /// Launch every wrapped server once, through its entry, and see in the record who decided
    #[arg(long)]
    pub(crate) prove: bool,
    #[command(flatten)]
    pub(crate) agreed: Agreed,
    #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
    pub(crate) format: TextFormat,
}
