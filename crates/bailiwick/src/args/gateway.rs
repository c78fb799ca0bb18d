//! Arguments of `bailiwick gateway`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use bailiwick_gateway::http::RunBy;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::value::number;
use super::{GovernArgs, PolicyChoice};

pub(crate) const EXAMPLES: &str = "\
Examples:
  bailiwick gateway --listen 127.0.0.1:8080 --target https://mcp.example.com/mcp --policy standard
  bailiwick gateway --listen 127.0.0.1:8080 -- npx -y @modelcontextprotocol/server-memory
  and http://127.0.0.1:8080/mcp in the clients' configurations
  bailiwick gateway --config gateway.yaml          several listeners, servers and routes
  bailiwick gateway --config gateway.yaml --check  report every mistake in it (exit 78 if there is one)

It serves until INT, TERM or QUIT, and then lets calls in hand finish. A policy that does not load refuses to start (exit 78).
SIGHUP, or a change of a policy, the configuration, a certificate or a credential's file, loads all of them again without dropping
a call; if anything is invalid, what was good last stays in force.";

#[derive(Debug, ClapArgs)]
pub(crate) struct GatewayArgs {
    /// A file with listeners, upstreams and routes. Flags hold where it is silent
    #[arg(long, value_name = "FILE", env = "BAILIWICK_CONFIG", required_unless_present_any = ["target", "server_command"])]
    pub(crate) config: Option<PathBuf>,
    /// Look at everything that the gateway is made from, report every mistake, and serve nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// The address to serve at; port 0 takes any free one, and says which
    #[arg(long, value_name = "ADDRESS:PORT", env = "BAILIWICK_LISTEN", required_unless_present = "config")]
    pub(crate) listen: Option<SocketAddr>,
    /// The server's MCP endpoint; `stdio` for a command behind `--`, which needs not be said
    #[arg(long, value_name = "URL|stdio", env = "BAILIWICK_TARGET", required_unless_present_any = ["config", "server_command"])]
    pub(crate) target: Option<String>,
    /// The certificates that the listener shows, its own first (PEM); it speaks TLS then, HTTP/1.1 and HTTP/2
    #[arg(long, value_name = "FILE", env = "BAILIWICK_TLS_CERTIFICATE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "BAILIWICK_TLS_KEY", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// What is spoken to the server
    #[arg(long, value_enum, env = "BAILIWICK_TARGET_TRANSPORT", default_value = "http")]
    pub(crate) target_transport: TransportArg,
    /// The certificates by which the server is believed (PEM) [default: the system's]
    #[arg(long, value_name = "FILE", env = "BAILIWICK_TARGET_CA")]
    pub(crate) target_ca: Option<PathBuf>,
    /// The path to serve at
    #[arg(long, value_name = "PATH", env = "BAILIWICK_PATH", default_value = "/mcp")]
    pub(crate) path: String,
    /// A path for clients of HTTP+SSE (2024-11-05), who open their stream there
    #[arg(long, value_name = "PATH", env = "BAILIWICK_SSE_PATH")]
    pub(crate) sse_path: Option<String>,
    /// An address for /healthz, /readyz and /metrics
    #[arg(long, value_name = "ADDRESS:PORT", env = "BAILIWICK_ADMIN")]
    pub(crate) admin: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,
    #[command(flatten)]
    pub(crate) govern: GovernArgs,
    /// Write messages and decisions, with secrets masked, to a file of each session in this folder
    #[arg(long, value_name = "DIR", env = "BAILIWICK_TRACE")]
    pub(crate) trace: Option<PathBuf>,
    /// A header for the server, its value from the environment or a file: `Authorization=env:TOKEN`, `X-Key=file:/run/key`
    #[arg(long, value_name = "NAME=SOURCE", env = "BAILIWICK_TARGET_HEADER", value_delimiter = ',')]
    pub(crate) target_header: Vec<String>,
    /// A header of clients that goes on to the server, besides the protocol's own
    #[arg(long, value_name = "NAME", env = "BAILIWICK_FORWARD_HEADER", value_delimiter = ',')]
    pub(crate) forward_header: Vec<String>,
    /// What names the run of a request that has no session (2026-07-28): `header:NAME`, `claim:NAME` of the token, or
    /// `meta:KEY` of `_meta`. Without it everything that a principal does is one run. Limits per run begin anew with
    /// each name, so let nobody choose it who must stay within them, or count per principal
    #[arg(long, value_name = "WHERE:NAME", env = "BAILIWICK_RUN_BY")]
    pub(crate) run_by: Option<RunBy>,
    /// A host name that clients may call the gateway by, besides loopback names and addresses
    #[arg(long, value_name = "NAME", env = "BAILIWICK_ALLOW_HOST", value_delimiter = ',')]
    pub(crate) allow_host: Vec<String>,
    /// An origin whose pages may call the gateway, besides those of this machine on a loopback address
    #[arg(long, value_name = "ORIGIN", env = "BAILIWICK_ALLOW_ORIGIN", value_delimiter = ',')]
    pub(crate) allow_origin: Vec<String>,
    /// Where a human is asked
    #[arg(long, value_enum, env = "BAILIWICK_GATEWAY_ASK", default_value = "approvals")]
    pub(crate) ask: GatewayAsk,
    /// A folder through which people of other accounts approve: whoever its group has; default: this user alone
    #[arg(long, value_name = "FOLDER", env = "BAILIWICK_APPROVALS")]
    pub(crate) approvals: Option<PathBuf>,
    /// Serve at an address that others reach, though nobody has to say who they are
    #[arg(long, env = "BAILIWICK_INSECURE_NO_AUTHENTICATION")]
    pub(crate) insecure_no_authentication: bool,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    /// The command of a server over stdio, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) server_command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatewayAsk {
    /// By `bailiwick approvals`, on this machine
    Approvals,
    /// Nowhere: what would ask is denied
    Never,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ApprovalsArgs {
    #[command(subcommand)]
    pub(crate) command: ApprovalsCommand,
    /// The folder that the gateway was given as --approvals; default: the gateways of this user
    #[arg(long, value_name = "FOLDER", env = "BAILIWICK_APPROVALS", global = true)]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// Show every question in full, and how long it waits (exit 3 if there is none)
    List,
    /// Let this one call pass
    Approve { id: String },
    /// Refuse it
    Deny { id: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportArg {
    /// Streamable HTTP
    Http,
    /// HTTP+SSE of 2024-11-05
    Sse,
}

/// Bounds on clients and upstreams over HTTP.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct HttpArgs {
    /// Threads that serve [default: one per core]
    #[arg(long, value_name = "N", env = "BAILIWICK_THREADS", value_parser = number::<u16>(1, 512))]
    pub(crate) threads: Option<u16>,
    /// Most connections of clients at once
    #[arg(long, value_name = "N", env = "BAILIWICK_MAX_CONNECTIONS", default_value_t = 10_000, value_parser = number::<u32>(1, 1_000_000))]
    pub(crate) max_connections: u32,
    /// Most sessions at once
    #[arg(long, value_name = "N", env = "BAILIWICK_MAX_SESSIONS", default_value_t = 20_000, value_parser = number::<u32>(1, 1_000_000))]
    pub(crate) max_sessions: u32,
    /// Most processes of a server over stdio at once
    #[arg(long, value_name = "N", env = "BAILIWICK_MAX_PROCESSES", default_value_t = 64, value_parser = number::<u16>(1, 10_000))]
    pub(crate) max_processes: u16,
    /// How long a session may be idle, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_SESSION_IDLE", default_value_t = 3_600, value_parser = number::<u64>(1, 604_800))]
    pub(crate) session_idle: u64,
    /// How long a process of a server over stdio that is for no session waits for work, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_PROCESS_IDLE", default_value_t = 120, value_parser = number::<u64>(1, 604_800))]
    pub(crate) process_idle: u64,
    /// How long the server has to begin its answer, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_ANSWER_TIMEOUT", default_value_t = 300, value_parser = number::<u64>(1, 86_400))]
    pub(crate) answer_timeout: u64,
    /// How long an event stream may be silent, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_STREAM_IDLE", default_value_t = 3_600, value_parser = number::<u64>(1, 604_800))]
    pub(crate) stream_idle: u64,
    /// How long a client may leave what it is sent unread, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_UNREAD_TIMEOUT", default_value_t = 120, value_parser = number::<u64>(1, 3_600))]
    pub(crate) unread_timeout: u64,
    /// How long a client has for the head, and again for the body of a request, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_REQUEST_TIMEOUT", default_value_t = 30, value_parser = number::<u64>(1, 3_600))]
    pub(crate) request_timeout: u64,
    /// How long calls in hand may take when the gateway is told to end, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_GRACE", default_value_t = 10, value_parser = number::<u64>(0, 3_600))]
    pub(crate) grace: u64,
}
