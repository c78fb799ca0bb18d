//! What a gateway is made from: listeners, services behind them, and where all is written down. Given once at the start,
//! and again at every reload.

use std::net::TcpListener;
use std::sync::Arc;

use hyper::header::HeaderName;

use super::ask::Approver;
use super::authenticate::Authenticate;
use super::handle::RunBy;
use super::head::Names;
use super::limits::HttpLimits;
use super::office::Deciding;
use super::recorder::Recording;
use super::server::Target;
use super::tls::Identity;

/// Everything that a gateway needs.
#[derive(Debug)]
pub struct Http {
    pub plan: Plan,
    /// Where its health and metrics are asked for.
    pub admin: Option<TcpListener>,
    pub authenticate: Box<dyn Authenticate>,
    /// Who puts questions to people; without it, what would ask is denied.
    pub approver: Option<Arc<dyn Approver>>,
    /// Bounds on connections; those on requests are each service's own.
    pub limits: HttpLimits,
    /// Threads that serve.
    pub workers: usize,
    pub recording: Recording,
}

/// What is served where. A reload brings another one.
#[derive(Debug)]
pub struct Plan {
    pub listeners: Vec<Listener>,
    pub services: Vec<Service>,
    pub routes: Vec<Route>,
}

/// An address that is served.
#[derive(Debug)]
pub struct Listener {
    /// What services call it. At a reload, a listener of the same name goes on.
    pub name: String,
    /// `None` at a reload: the socket that it has.
    pub socket: Option<TcpListener>,
    pub names: Names,
    /// What it proves itself with; without it, it does not speak TLS.
    pub identity: Option<Identity>,
}

/// A path, and what is served there.
#[derive(Debug)]
pub struct Route {
    /// The whole path of requests; every other is 404.
    pub path: String,
    /// Names of the listeners that serve it; none: all.
    pub listeners: Vec<String>,
    /// Where clients of HTTP+SSE (2024-11-05) open their stream; they post to the path `/message` below it.
    pub sse: Option<String>,
    pub serves: Serves,
}

/// What is behind a path, by the names of services.
#[derive(Debug)]
pub enum Serves {
    One(String),
    /// Several behind one endpoint: their tools and prompts are called `service__name`, their URIs begin with `service+`.
    Together(Vec<String>),
}

impl Serves {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Serves::One(name) => std::slice::from_ref(name),
            Serves::Together(names) => names,
        }
    }
}

/// An upstream, and how it is spoken to.
#[derive(Debug)]
pub struct Service {
    /// What the operator calls it. At a reload, a service of the same name and target goes on with its sessions.
    pub name: String,
    pub target: Target,
    /// Headers of clients that go on to the upstream besides the protocol's own.
    pub forward: Vec<HeaderName>,
    /// What tells apart the runs that one principal has without a session; `None`: it has one.
    pub run_by: Option<RunBy>,
    pub limits: HttpLimits,
    pub deciding: Deciding,
}
