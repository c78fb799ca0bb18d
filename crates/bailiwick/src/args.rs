//! Arguments: one definition for the parser, the help and the environment twins.

pub(crate) mod bridge;
mod choice;
pub(crate) mod clients;
mod gateway;
mod guards;
pub(crate) mod import;
pub(crate) mod infer;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod mistakes;
pub(crate) mod policy;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod scan;
mod value;
pub(crate) mod wire;

pub(crate) use choice::PolicyChoice;
pub(crate) use gateway::{ApprovalsArgs, ApprovalsCommand, GatewayArgs, GatewayAsk, TransportArg};
pub(crate) use guards::{
    ClassifierArgs, GuardFormat, GuardKind, GuardsArgs, GuardsCommand, QuarantineArgs, QuarantineCommand,
};

use std::ffi::OsString;
use std::path::PathBuf;

use self::value::{number, record_file};
use bailiwick_policy::BUNDLED;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes: 0 ok, 1 error, 2 usage, 3 nothing found to look at,
10 findings at or above --fail-on, or warnings under --strict, 11 drift from the lock file, 12 an attack passes, 13 the audit log does not verify, 78 refused to start.
`bailiwick run` exits with its server's status.";

/// Keeps AI agents inside their bailiwick: stands between an agent and its MCP server, decides every message by policy,
/// asks a human where the policy says so, and keeps an audit trail that cannot be altered unnoticed.
#[derive(Debug, Parser)]
#[command(name = "bailiwick", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what it does, in three seconds, without a network
    Demo(DemoArgs),
    /// Wrap one MCP server: put this before its command in your client's configuration
    #[command(after_help = "\
Example, in a client's configuration:
  \"command\": \"bailiwick\",
  \"args\": [\"run\", \"--policy\", \"standard\", \"--\", \"npx\", \"-y\", \"@modelcontextprotocol/server-filesystem\", \"/work\"]

Nothing but MCP messages is ever written to standard output. A policy that does not load refuses to start (exit 78).
SIGHUP, or a change of a policy file, loads the policy again; if it is invalid the last good one stays in force.")]
    Run(RunArgs),
    /// Serve one MCP server over HTTP, for many clients
    #[command(after_help = crate::args::gateway::EXAMPLES)]
    Gateway(Box<GatewayArgs>),
    /// Answer what a gateway asks a person
    Approvals(ApprovalsArgs),
    /// Reach a remote server over standard streams, so that `run` can stand before it
    #[command(after_help = crate::args::bridge::EXAMPLES)]
    Bridge(bridge::BridgeArgs),
    /// Record the identity of servers' tools, prompts and instructions, or compare with what was recorded
    #[command(after_help = "\
Examples:
  bailiwick lock -- npx -y @modelcontextprotocol/server-memory          write bailiwick.lock
  bailiwick lock --check -- npx -y @modelcontextprotocol/server-memory  exit 11 if anything differs (for CI)
  bailiwick lock --diff -- npx -y @modelcontextprotocol/server-memory   show what differs
  bailiwick lock --client cursor                  every server of a client, after you agreed to launch them
  bailiwick lock --path . --check --yes           every server configured in a repository (for CI)
  bailiwick lock --client cursor --update files   show what one server changed, and accept it")]
    Lock(Box<lock::LockArgs>),
    /// List the MCP clients of this machine, their configurations and servers
    Clients(clients::ClientsArgs),
    /// Record what agents do with the servers of your clients, without stopping anything
    #[command(after_help = "\
Examples:
  bailiwick record --client cursor --client zed   stand before all their servers and record
  bailiwick record --client cursor --stop         put them back as they were

Configurations keep their comments, order and layout; only what was changed is ever put back.")]
    Record(wire::RecordArgs),
    /// Make the policy that allows what was recorded, and little else
    Infer(infer::InferArgs),
    /// Attack a policy, or see what it would have decided over what is recorded
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::ReplayArgs),
    /// Put a policy before the servers of your clients, and prove it
    #[command(after_help = "\
Examples:
  bailiwick enforce --client cursor --policy standard --dry-run   show what would change
  bailiwick enforce --client cursor --policy team.yaml            change it, and launch each server once to prove it
  bailiwick enforce --client cursor --stop                        put everything back

A policy that does not load changes nothing.")]
    Enforce(wire::EnforceArgs),
    /// Show which servers of your clients are bare, recorded or enforced
    Status(wire::StatusArgs),
    /// Find what is wrong with the servers that clients are configured to use
    #[command(after_help = "\
Examples:
  bailiwick scan                          every client of this machine, and the current project
  bailiwick scan --path . --format sarif  the configurations in a repository, for code scanning
  bailiwick scan --tools                  launch the servers, after you agreed, and look at their tools as well

Nothing is launched or sent anywhere without --tools; with it remote servers are asked at their addresses.")]
    Scan(scan::ScanArgs),
    /// Say what a finding of `scan` or `policy lint` means and what to do
    Explain(scan::ExplainArgs),
    /// Write one page of what was found, used, decided, attacked, changed and approved
    #[command(after_help = crate::args::report::EXAMPLES)]
    Report(Box<report::ReportArgs>),
    /// Write the checks for CI, and a policy to start from
    #[command(after_help = crate::args::init::EXAMPLES)]
    Init(init::InitArgs),
    /// Check a policy, or explain what it decides
    Policy(PolicyArgs),
    /// Read and verify audit logs
    Audit(AuditArgs),
    /// Try the content guards on texts, tools and arguments, and measure them
    Guards(GuardsArgs),
    /// Look at what guards withheld, and take it out
    Quarantine(QuarantineArgs),
    /// The over-privileged server of the demo
    #[command(name = "__demo-server", hide = true)]
    DemoServer,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// Keep the audit log of the demo in this file
    #[arg(long, value_name = "FILE", env = "BAILIWICK_DEMO_AUDIT", value_parser = record_file)]
    pub(crate) audit: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// Decisions hold
    Enforce,
    /// Everything is forwarded; what would have been decided is recorded
    Shadow,
    /// Everything is forwarded and recorded; no rule is asked
    Observe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DurabilityArg {
    /// On the disk before the message goes on
    Strict,
    /// With the operating system before the message goes on, on the disk within 100 ms
    Batched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AskArg {
    /// On the terminal that bailiwick was started from
    Terminal,
    /// Nowhere: what would ask is denied
    Never,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,
    #[command(flatten)]
    pub(crate) govern: GovernArgs,
    /// Write messages and decisions, with secrets masked, to a file of this run in this folder
    #[arg(long, value_name = "DIR", env = "BAILIWICK_TRACE")]
    pub(crate) trace: Option<PathBuf>,
    /// Where a human is asked
    #[arg(long, value_enum, env = "BAILIWICK_ASK", default_value = "terminal")]
    pub(crate) ask: AskArg,
    /// How long the server has to end by itself when the client is gone, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_GRACE", default_value_t = 5, value_parser = number::<u64>(0, 600))]
    pub(crate) grace: u64,
    /// The server's command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) server_command: Vec<OsString>,
}

/// What every place that governs a server is told: what its decisions do, where they are recorded, and the bounds.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct GovernArgs {
    /// What is done with decisions
    #[arg(long, value_enum, env = "BAILIWICK_MODE", default_value = "enforce")]
    pub(crate) mode: ModeArg,
    /// The audit log; it is continued if it exists [default: a new file in the state directory]
    #[arg(long, value_name = "FILE", env = "BAILIWICK_AUDIT", value_parser = record_file)]
    pub(crate) audit: Option<PathBuf>,
    /// When an audit record counts as written
    #[arg(long, value_enum, env = "BAILIWICK_AUDIT_DURABILITY", default_value = "batched")]
    pub(crate) audit_durability: DurabilityArg,
    /// The lock file that the server must match [default: bailiwick.lock in the current directory, if it names the server]
    #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK")]
    pub(crate) lock: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) classifier: ClassifierArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Bounds on what either side may send.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct LimitArgs {
    /// Longest message, in bytes
    #[arg(long, value_name = "BYTES", env = "BAILIWICK_MAX_MESSAGE_BYTES", default_value_t = 16 << 20, value_parser = number::<u64>(1024, 1 << 30))]
    pub(crate) max_message_bytes: u64,
    /// Deepest nesting of a message
    #[arg(long, value_name = "LEVELS", env = "BAILIWICK_MAX_DEPTH", default_value_t = 127, value_parser = number::<u64>(8, 4096))]
    pub(crate) max_depth: u64,
    /// Most values in a message
    #[arg(long, value_name = "N", env = "BAILIWICK_MAX_VALUES", default_value_t = 1_000_000, value_parser = number::<u64>(100, 50_000_000))]
    pub(crate) max_values: u64,
    /// Most members of a batch
    #[arg(long, value_name = "N", env = "BAILIWICK_MAX_BATCH", default_value_t = 128, value_parser = number::<u64>(1, 10_000))]
    pub(crate) max_batch: u64,
    /// Most requests without an answer yet, per direction
    #[arg(long, value_name = "N", env = "BAILIWICK_MAX_PENDING", default_value_t = 4_096, value_parser = number::<u64>(1, 1_000_000))]
    pub(crate) max_pending: u64,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Report every error and warning of policy files (exit 78 if there is an error)
    Check {
        /// Policy files, or names of bundled policies
        #[arg(required = true, value_name = "NAME|FILE")]
        policies: Vec<String>,
        #[arg(long, value_name = "DIR", env = "BAILIWICK_WORKSPACE")]
        workspace: Option<PathBuf>,
        /// Compare arguments and conditions with the schemas of the tools in this lock file
        #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK")]
        lock: Option<PathBuf>,
        /// Exit 10 if there is a warning
        #[arg(long, env = "BAILIWICK_STRICT")]
        strict: bool,
    },
    /// Say what the policy decides over one call, and why
    #[command(after_help = "\
CALL.json holds one JSON-RPC message, or a line of a trace or an audit log (--line N of a whole one), for example:
  {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"read_file\",\"arguments\":{\"path\":\"~/.ssh/id_rsa\"}}}
`-` reads it from standard input.")]
    Explain {
        #[command(flatten)]
        policy: PolicyChoice,
        /// A file with the requests that came before, one in each line, a second apart: each that is let through succeeds,
        /// each that asks is approved
        #[arg(long, value_name = "FILE")]
        history: Option<PathBuf>,
        /// Take this line of the file, counted from 1
        #[arg(long, value_name = "N", value_parser = number::<u64>(1, u64::MAX))]
        line: Option<u64>,
        /// A file with the message
        #[arg(value_name = "CALL.json")]
        call: PathBuf,
    },
    /// Run the tests that stand beside policies (exit 10 if one fails)
    #[command(after_help = "\
Examples:
  bailiwick policy test                          every *.test.yaml below the current directory
  bailiwick policy test team.yaml --junit out.xml  the tests in team.test.yaml, for CI as well

The format of a test file: docs/reference/policy-tests.md")]
    Test(policy::TestArgs),
    /// Read a policy of another product as one of ours, and show what differs
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Write a policy for another product, as far as it fits
    Export(import::ExportArgs),
    /// Find what is valid in policies and most likely not meant (exit 10 if there is something)
    Lint(policy::LintArgs),
    /// Print the JSON Schema of policies, for editors
    #[command(after_help = "\
Example, for editors with a YAML language server:
  bailiwick policy schema --lock bailiwick.lock > policy.schema.json
  and above the policy: # yaml-language-server: $schema=./policy.schema.json")]
    Schema(policy::SchemaArgs),
    /// Lay policies and their tests out in the one canonical way; comments stay
    Fmt(policy::FmtArgs),
    /// Print a bundled policy
    Show {
        #[arg(help = names_help())]
        name: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Print the records of a log, a line each
    Show {
        file: PathBuf,
        /// Only records that were not allowed
        #[arg(long)]
        denied: bool,
    },
    /// Print records as they are written
    Follow { file: PathBuf },
    /// Find any record that was changed, removed, inserted, moved or cut (exit 13)
    Verify {
        file: PathBuf,
        /// The public key that the log must be signed with [default: the one of this machine]
        #[arg(long, value_name = "KEY", env = "BAILIWICK_AUDIT_KEY")]
        key: Option<String>,
    },
}

fn names_help() -> String {
    format!("One of {}", BUNDLED.join(", "))
}
