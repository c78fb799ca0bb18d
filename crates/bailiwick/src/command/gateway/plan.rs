//! From a setup to a plan that can be served: policies, pins, certificates and credentials are read, addresses are bound.
//! The same at the start and at every reload.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick_engine::{Policy, Scanner};
use bailiwick_gateway::http::{
    Command, Deciding, Endpoint, HeaderName, HeaderValue, Identity, Listener, Names, Plan, Roots, Route,
    Serves, Service, Target, bind,
};

use super::begin;
use super::config::{At, Listening, Serving, Setup, Upstream, Value};
use crate::args::GatewayArgs;
use crate::command::run::{check_names, locked_pins, mode, tracing};
use crate::exit::Failure;
use crate::policies::Layers;
use crate::say;

/// Largest file that a header's value, a certificate or a key is read from, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// A plan, and what it was made from.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// Whatever of it changes, the plan is made anew.
    pub(super) files: Vec<PathBuf>,
    /// Names and addresses of the listeners.
    pub(super) bound: Vec<(String, SocketAddr)>,
    /// Of each upstream its name, the names of its policies and their digest.
    pub(super) policies: Vec<(String, Vec<String>, String)>,
}

/// Makes the plan of `setup`. Listeners of `bound` have their sockets already.
pub(super) fn plan(
    setup: &Setup,
    args: &GatewayArgs,
    scanner: &Arc<Scanner>,
    bound: Option<&[(String, SocketAddr)]>,
) -> Result<Planned, Failure> {
    let mut maker = Maker { args, scanner, files: args.config.iter().cloned().collect() };
    let mut planned = Planned {
        plan: Plan { listeners: Vec::new(), services: Vec::new(), routes: Vec::new() },
        files: Vec::new(),
        bound: Vec::new(),
        policies: Vec::new(),
    };
    for upstream in &setup.upstreams {
        let (service, names, digest) = maker.service(upstream)?;
        planned.policies.push((service.name.clone(), names, digest));
        planned.plan.services.push(service);
    }
    let route = |routing: &super::config::Routing| Route {
        path: routing.path.clone(),
        listeners: routing.listeners.clone(),
        sse: routing.sse.clone(),
        serves: match &routing.serving {
            Serving::One(name) => Serves::One(name.clone()),
            Serving::Together(names) => Serves::Together(names.clone()),
        },
    };
    planned.plan.routes = setup.routes.iter().map(route).collect();
    // Sockets last: nothing else can fail behind them.
    for listening in &setup.listeners {
        let (listener, address) = maker.listener(listening, bound)?;
        planned.bound.push((listening.name.clone(), address));
        planned.plan.listeners.push(listener);
    }
    planned.files = maker.files;
    Ok(planned)
}

struct Maker<'m> {
    args: &'m GatewayArgs,
    scanner: &'m Arc<Scanner>,
    files: Vec<PathBuf>,
}

impl Maker<'_> {
    fn service(&mut self, upstream: &Upstream) -> Result<(Service, Vec<String>, String), Failure> {
        check_names(&upstream.name, &self.args.policy.principal)?;
        let layers = Layers::new(&upstream.policies, self.args.policy.workspace.as_deref())?;
        let (layers, follows) = match &upstream.at {
            // It opens files of this machine, from the directory that it is started in: ours.
            At::Command { .. } => (layers.following(&self.args.policy)?, !self.args.policy.no_follow),
            At::Url(_) | At::Events(_) => (layers, false),
        };
        let loaded = layers.load(say::colour_on_stderr())?;
        self.files.extend(loaded.files().iter().cloned());
        let policy: Arc<Policy> = loaded.policy;
        let (target, command) = match &upstream.at {
            At::Url(uri) | At::Events(uri) => {
                let headers = upstream.headers.iter().map(|(name, value)| self.header(name, value));
                let headers = headers.collect::<Result<_, _>>()?;
                let roots = match (&upstream.ca, uri.scheme_str()) {
                    (Some(path), _) => Roots::from_pem(&self.read(path)?)
                        .map_err(|error| Failure::refused(format!("`{}`: {error}", path.display())))?,
                    (None, Some("https")) => Roots::system().map_err(Failure::refused)?,
                    (None, _) => Roots::nobody().map_err(Failure::refused)?,
                };
                let endpoint = Endpoint { uri: uri.clone(), headers, roots };
                let target = match &upstream.at {
                    At::Events(_) => Target::Events(endpoint),
                    At::Url(_) | At::Command { .. } => Target::Http(endpoint),
                };
                (target, vec![uri.to_string().into()])
            }
            At::Command { words, processes_max } => {
                let supervisor = std::env::current_exe()
                    .map_err(|error| Failure::refused(format!("our own binary cannot be found: {error}")))?;
                let (words, processes_max) = (words.clone(), *processes_max);
                (Target::Stdio(Command { words: words.clone(), supervisor, processes_max }), words)
            }
        };
        let lock = upstream.lock.as_deref();
        self.files.extend(lock.map(Path::to_owned));
        let pins = locked_pins(lock, &upstream.name, &command, policy.pins().drift)?;
        let digest = policy.digest().to_owned();
        let service = Service {
            name: upstream.name.clone(),
            target,
            forward: upstream.forward.clone(),
            run_by: upstream.run_by.clone(),
            limits: upstream.limits,
            deciding: Deciding {
                mode: mode(upstream.mode),
                server: upstream.name.as_str().into(),
                policy,
                scanner: Arc::clone(self.scanner),
                pins: pins.map(Arc::new),
                limits: upstream.messages,
                whereabouts: tracing::whereabouts(layers.context(), follows),
            },
        };
        Ok((service, layers.names().to_vec(), digest))
    }

    /// The value is never shown.
    fn header(&mut self, name: &HeaderName, value: &Value) -> Result<(HeaderName, HeaderValue), Failure> {
        let text = match value {
            Value::Variable(variable) => std::env::var(variable).map_err(|_| {
                Failure::refused(format!("the environment has no text `{variable}` for `{name}`"))
            })?,
            Value::File(path) => String::from_utf8(self.read(path)?)
                .map_err(|_| Failure::refused(format!("`{}` for `{name}` is no text", path.display())))?,
        };
        let mut value = HeaderValue::from_str(text.trim())
            .map_err(|_| Failure::refused(format!("the value for `{name}` is no header's value")))?;
        value.set_sensitive(true);
        Ok((name.clone(), value))
    }

    fn listener(
        &mut self,
        listening: &Listening,
        bound: Option<&[(String, SocketAddr)]>,
    ) -> Result<(Listener, SocketAddr), Failure> {
        begin::check_bind(listening).map_err(|why| {
            Failure::refused(why).help(
                "serve at 127.0.0.1, or say --insecure-no-authentication where something else keeps others out",
            )
        })?;
        let identity = match &listening.tls {
            None => None,
            Some((certificate, key)) => {
                let pair = Identity::from_pem(&self.read(certificate)?, &self.read(key)?);
                Some(pair.map_err(|error| {
                    Failure::refused(format!("`{}` and its key: {error}", certificate.display()))
                })?)
            }
        };
        // Port 0 was any free one: it stays that.
        let known = bound.and_then(|bound| {
            let same = |at: &SocketAddr| {
                at.ip() == listening.address.ip() && [at.port(), 0].contains(&listening.address.port())
            };
            bound.iter().find(|(name, at)| *name == listening.name && same(at))
        });
        let (socket, address) = match known {
            Some((_, address)) => (None, *address),
            None => {
                let socket = bind(listening.address).map_err(|error| {
                    let Listening { name, address, .. } = listening;
                    Failure::refused(format!("cannot serve at {address} (`{name}`): {error}"))
                })?;
                let address = socket.local_addr().map_err(Failure::error)?;
                (Some(socket), address)
            }
        };
        let hosts = listening.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let origin = |origin: &String| origin.trim_end_matches('/').to_ascii_lowercase();
        let names = Names {
            hosts,
            origins: listening.origins.iter().map(origin).collect(),
            loopback_origins: begin::is_loopback(listening),
        };
        Ok((Listener { name: listening.name.clone(), socket, names, identity }, address))
    }

    /// A file of ours, which is watched from now on.
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, Failure> {
        self.files.push(path.to_owned());
        let cannot = |error| Failure::refused(format!("cannot read `{}`: {error}", path.display()));
        bailiwick_disk::bounded(path, FILE_BYTES_MAX).map_err(cannot)
    }
}
