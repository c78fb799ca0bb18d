//! What a gateway is told: by flags for one server, or by a file for many. Nothing is opened here but that file.

mod read;
mod upstream;
mod words;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bailiwick_gateway::http::{HeaderName, HttpLimits, RunBy, Uri};
use bailiwick_mcp::Limits;

use super::begin;
use crate::args::{DurabilityArg, GatewayArgs, ModeArg, TransportArg};
use crate::command::run::limits;
use crate::exit::{self, Failure};

/// Everything that is served, and how.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) admin: Option<SocketAddr>,
    pub(super) audit: Option<PathBuf>,
    pub(super) durability: DurabilityArg,
    pub(super) trace: Option<PathBuf>,
    /// Bounds on connections.
    pub(super) limits: HttpLimits,
    pub(super) listeners: Vec<Listening>,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) routes: Vec<Routing>,
}

#[derive(Debug, Clone)]
pub(super) struct Listening {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    /// Certificates and key.
    pub(super) tls: Option<(PathBuf, PathBuf)>,
    pub(super) hosts: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) insecure: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Upstream {
    /// In rules, routes and records.
    pub(super) name: String,
    pub(super) at: At,
    pub(super) headers: Vec<(HeaderName, Value)>,
    pub(super) forward: Vec<HeaderName>,
    pub(super) run_by: Option<RunBy>,
    pub(super) ca: Option<PathBuf>,
    pub(super) policies: Vec<String>,
    pub(super) mode: ModeArg,
    pub(super) lock: Option<PathBuf>,
    pub(super) limits: HttpLimits,
    pub(super) messages: Limits,
}

#[derive(Debug, Clone)]
pub(super) enum At {
    Url(Uri),
    /// HTTP+SSE of 2024-11-05.
    Events(Uri),
    Command {
        words: Vec<OsString>,
        processes_max: usize,
    },
}

/// Where the value of a header is; it is read when it is needed, and never shown.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Variable(String),
    File(PathBuf),
}

#[derive(Debug, Clone)]
pub(super) struct Routing {
    pub(super) path: String,
    /// None: all.
    pub(super) listeners: Vec<String>,
    pub(super) serving: Serving,
    /// For clients of HTTP+SSE.
    pub(super) sse: Option<String>,
}

/// What a route leads to.
#[derive(Debug, Clone)]
pub(super) enum Serving {
    One(String),
    /// Several as one.
    Together(Vec<String>),
}

impl Serving {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Serving::One(name) => std::slice::from_ref(name),
            Serving::Together(names) => names,
        }
    }
}

impl Routing {
    /// Every path that it takes.
    fn paths(&self) -> impl Iterator<Item = String> {
        let sse = self.sse.iter().flat_map(|stream| [stream.clone(), format!("{stream}/message")]);
        sse.chain([self.path.clone()])
    }
}

impl Setup {
    /// What the arguments say, with the file that they name.
    pub(super) fn of(args: &GatewayArgs) -> Result<Setup, Failure> {
        match &args.config {
            Some(path) => {
                let given = [
                    (args.listen.is_some(), "--listen"),
                    (args.target.is_some(), "--target"),
                    (args.tls_certificate.is_some(), "--tls-certificate"),
                    (args.target_ca.is_some(), "--target-ca"),
                    (args.target_transport != TransportArg::Http, "--target-transport"),
                    (args.sse_path.is_some(), "--sse-path"),
                    (!args.target_header.is_empty(), "--target-header"),
                    (!args.allow_host.is_empty(), "--allow-host"),
                    (!args.allow_origin.is_empty(), "--allow-origin"),
                    (args.insecure_no_authentication, "--insecure-no-authentication"),
                    (args.policy.server.is_some(), "--server"),
                    (!args.server_command.is_empty(), "a command"),
                ];
                match given.iter().find(|(given, _)| *given) {
                    Some((_, flag)) => Err(Failure::new(exit::USAGE, format!("{flag} beside `--config`"))
                        .help("write it in the file, to the listener or upstream that it is about")),
                    None => read::read(path, args),
                }
            }
            None => Setup::of_flags(args),
        }
    }

    /// One listener, one server, one route.
    fn of_flags(args: &GatewayArgs) -> Result<Setup, Failure> {
        let by_pipe = (!args.server_command.is_empty()).then_some("stdio");
        let (Some(address), Some(target)) = (args.listen, args.target.as_deref().or(by_pipe)) else {
            return Err(Failure::new(exit::USAGE, "`--listen` and `--target`, or `--config`"));
        };
        let at = begin::at(target, &args.server_command, usize::from(args.http.max_processes))?;
        let at = match (at, args.target_transport) {
            (At::Url(uri), TransportArg::Sse) => At::Events(uri),
            (at, TransportArg::Http | TransportArg::Sse) => at,
        };
        let name = begin::server_name(args.policy.server.as_deref(), &at);
        for path in args.sse_path.iter().chain([&args.path]) {
            begin::check_path(path).map_err(|why| Failure::new(exit::USAGE, why))?;
        }
        Ok(Setup {
            admin: args.admin,
            audit: args.govern.audit.clone(),
            durability: args.govern.audit_durability,
            trace: args.trace.clone(),
            limits: http_limits(args),
            listeners: vec![Listening {
                name: "listen".to_owned(),
                address,
                tls: args.tls_certificate.clone().zip(args.tls_key.clone()),
                hosts: args.allow_host.clone(),
                origins: args.allow_origin.clone(),
                insecure: args.insecure_no_authentication,
            }],
            routes: vec![Routing {
                path: args.path.clone(),
                listeners: Vec::new(),
                serving: Serving::One(name.clone()),
                sse: args.sse_path.clone(),
            }],
            upstreams: vec![Upstream {
                name,
                at,
                headers: args
                    .target_header
                    .iter()
                    .map(|given| begin::header(given))
                    .collect::<Result<_, _>>()?,
                ca: args.target_ca.clone(),
                ..Upstream::silent(args)?
            }],
        })
    }
}

impl Upstream {
    /// What the flags say where a file is silent.
    fn silent(args: &GatewayArgs) -> Result<Upstream, Failure> {
        Ok(Upstream {
            name: String::new(),
            at: At::Command { words: Vec::new(), processes_max: usize::from(args.http.max_processes) },
            headers: Vec::new(),
            forward: begin::header_names(&args.forward_header)?,
            run_by: args.run_by.clone(),
            ca: None,
            policies: args.policy.policies.clone(),
            mode: args.govern.mode,
            lock: args.govern.lock.clone(),
            limits: http_limits(args),
            messages: limits(&args.govern.limits),
        })
    }
}

fn http_limits(args: &GatewayArgs) -> HttpLimits {
    let (http, seconds) = (&args.http, Duration::from_secs);
    let count = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    HttpLimits {
        connections_max: count(http.max_connections),
        sessions_max: count(http.max_sessions),
        session_idle: seconds(http.session_idle),
        head_time: seconds(http.request_timeout),
        body_time: seconds(http.request_timeout),
        answer_time: seconds(http.answer_timeout),
        stream_idle: seconds(http.stream_idle),
        process_idle: seconds(http.process_idle),
        unread_time: seconds(http.unread_timeout),
        grace: seconds(http.grace),
        ..HttpLimits::DEFAULT
    }
}

/// A path in the file starts from the file.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}
