//! A gateway over HTTP inside of a program.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bailiwick_engine::Scanner;
use bailiwick_gateway::http::{
    self, Authenticate, Command, Deciding, Endpoint, Everybody, HeaderName, HeaderValue, Http, HttpLimits,
    Identity, Listener, Names, Plan, Recording, Roots, Route, RunBy, Serves, Service, Target, Uri, bind,
    is_own_header,
};
use bailiwick_gateway::relay::now;
use bailiwick_policy::Policy;
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Whereabouts;

use super::approver::OfGateway;
use super::bridge::Supervisor;
use super::error::Error;
use super::policies::Policies;
use super::setup::{Setup, entries, mode_name, note, random_id, reloaded, stop};
use super::told::words_of;
use crate::masked::masked_command;

/// Serves one MCP server over Streamable HTTP, as `bailiwick gateway` does.
///
/// ```
/// use bailiwick::{Audit, Gateway, Setup};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("bailiwick-gateway-{}", std::process::id()));
/// # std::fs::create_dir(&folder)?;
/// let audit = Audit::file(folder.join("audit.jsonl")).key_directory(folder.join("key"));
/// let setup = Setup::new(audit).server("files").policy("standard");
/// let gateway = Gateway::to("http://127.0.0.1:3000/mcp", setup).listen(([127, 0, 0, 1], 0)).start()?;
/// println!("serving http://{}/mcp", gateway.address());
/// // … until the program has had enough:
/// gateway.stop()?;
/// # Ok(std::fs::remove_dir_all(folder)?)
/// # }
/// ```
#[derive(Debug)]
pub struct Gateway {
    server: Server,
    setup: Setup,
    authenticator: Option<Box<dyn Authenticate>>,
    unproven: bool,
    address: SocketAddr,
    path: String,
    names: Names,
    tls: Option<(Vec<u8>, Vec<u8>)>,
    headers: Vec<(String, HeaderValue)>,
    authorities: Option<Vec<u8>>,
    forward: Vec<String>,
    run_by: Option<RunBy>,
    limits: HttpLimits,
}

/// What is served.
#[derive(Debug)]
enum Server {
    Url(String),
    Command { words: Vec<OsString>, supervisor: Supervisor },
}

/// Most processes of a server over standard streams at once, as of the command.
const PROCESSES_MAX: usize = 64;
const LISTENER: &str = "default";

impl Gateway {
    /// In front of the server at this URL, `http` or `https`.
    pub fn to(url: impl Into<String>, setup: Setup) -> Gateway {
        Gateway::before(Server::Url(url.into()), setup)
    }

    /// In front of a server over standard streams, which is started as often as its sessions want.
    pub fn to_command(
        command: impl IntoIterator<Item = impl Into<OsString>>,
        supervisor: &Supervisor,
        setup: Setup,
    ) -> Gateway {
        let words = command.into_iter().map(Into::into).collect();
        Gateway::before(Server::Command { words, supervisor: supervisor.clone() }, setup)
    }

    fn before(server: Server, setup: Setup) -> Gateway {
        Gateway {
            server,
            setup,
            authenticator: None,
            unproven: false,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            path: "/mcp".to_owned(),
            names: Names::default(),
            tls: None,
            headers: Vec::new(),
            authorities: None,
            forward: Vec::new(),
            run_by: None,
            limits: HttpLimits::DEFAULT,
        }
    }

    /// Says who calls. Otherwise every call is that of [`Setup::principal`].
    #[must_use]
    pub fn authenticator(self, authenticator: impl Authenticate + 'static) -> Gateway {
        Gateway { authenticator: Some(Box::new(authenticator)), ..self }
    }

    /// Serves an address that others reach though nobody has to say who they are: something else keeps them out.
    #[must_use]
    pub fn insecure_no_authentication(self) -> Gateway {
        Gateway { unproven: true, ..self }
    }

    /// Where it is served. Otherwise at a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(self, address: impl Into<SocketAddr>) -> Gateway {
        Gateway { address: address.into(), ..self }
    }

    /// The path of requests. Otherwise `/mcp`.
    #[must_use]
    pub fn path(self, path: impl Into<String>) -> Gateway {
        Gateway { path: path.into(), ..self }
    }

    /// Speaks TLS: a chain of certificates, its own first, and its private key, both as PEM.
    #[must_use]
    pub fn tls(self, certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Gateway {
        Gateway { tls: Some((certificates.into(), key.into())), ..self }
    }

    /// One more name in `Host` that is served, without a port. Addresses and names of this machine are in any case.
    #[must_use]
    pub fn allow_host(mut self, host: &str) -> Gateway {
        self.names.hosts.push(host.to_ascii_lowercase());
        self
    }

    /// One more `Origin` of pages that are served: `https://app.example`. At a loopback address those of this machine are in any case.
    #[must_use]
    pub fn allow_origin(mut self, origin: &str) -> Gateway {
        self.names.origins.push(origin.trim_end_matches('/').to_ascii_lowercase());
        self
    }

    /// One more header of every request to the server's URL, such as `Authorization`. Its value is never shown.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, mut value: HeaderValue) -> Gateway {
        value.set_sensitive(true);
        self.headers.push((name.into(), value));
        self
    }

    /// Whose certificates the server at an `https` URL may show, as PEM. Otherwise those that the system believes.
    #[must_use]
    pub fn authorities(self, certificates: impl Into<Vec<u8>>) -> Gateway {
        Gateway { authorities: Some(certificates.into()), ..self }
    }

    /// One more header of clients that goes on to the server, such as `Authorization`.
    #[must_use]
    pub fn forward_header(mut self, name: impl Into<String>) -> Gateway {
        self.forward.push(name.into());
        self
    }

    /// What tells apart the runs that one principal has without a session (2026-07-28). Otherwise it has one.
    #[must_use]
    pub fn run_by(self, by: RunBy) -> Gateway {
        Gateway { run_by: Some(by), ..self }
    }

    /// Bounds on connections, sessions and waits. Those on messages are [`Setup::limits`].
    #[must_use]
    pub fn limits(self, limits: HttpLimits) -> Gateway {
        Gateway { limits, ..self }
    }

    /// Begins to serve; threads of its own do that until [`Serving::stop`].
    ///
    /// # Errors
    /// If something of the setup is wrong, the log or the address cannot be had, or others could call without saying who they are.
    pub fn start(mut self) -> Result<Serving, Error> {
        let authenticate = self.authenticate()?;
        let here = matches!(self.server, Server::Command { .. });
        let mut policies = self.setup.take_policies(here)?;
        let policy = policies.compile()?;
        let scanner = Arc::new(Scanner::new());
        let (target, at) = self.target(&scanner)?;
        let forward = std::mem::take(&mut self.forward)
            .iter()
            .map(|name| header_name(name))
            .collect::<Result<_, _>>()?;
        let listener = self.listener()?;
        let Gateway { setup, limits, path, address, run_by, .. } = self;
        // A port that was any free one is a certain one now.
        let bound = listener.socket.as_ref().and_then(|socket| socket.local_addr().ok());
        let address = bound.unwrap_or(address);
        let strict = setup.audit.is_strict();
        let run = (random_id()?, setup.principal.id.as_str(), setup.server.as_str());
        let entries = entries(setup.audit, run, &scanner)?;
        let (mode, names) = (mode_name(setup.mode), policies.names.join(","));
        record_start(
            &entries,
            address,
            &format!("{} {mode} {names} {} {at}", setup.server, policy.digest()),
        )?;
        let deciding = Deciding {
            mode: setup.mode,
            server: setup.server.as_str().into(),
            policy,
            scanner: Arc::clone(&scanner),
            pins: setup.pins.map(Arc::new),
            limits: setup.limits,
            whereabouts: Whereabouts::default(),
        };
        let approver =
            setup.approver.map(|approver| Arc::new(OfGateway(approver)) as Arc<dyn http::Approver>);
        let http = Http {
            plan: Plan {
                listeners: vec![listener],
                routes: vec![Route {
                    path,
                    listeners: Vec::new(),
                    sse: None,
                    serves: Serves::One(setup.server.clone()),
                }],
                services: vec![Service {
                    name: setup.server.clone(),
                    target,
                    forward,
                    run_by,
                    limits,
                    deciding,
                }],
            },
            admin: None,
            authenticate,
            approver,
            limits,
            workers: thread::available_parallelism().map_or(1, usize::from),
            recording: Recording {
                entries: entries.clone(),
                strict,
                observer: Box::new(words_of(scanner)),
                teller: setup.teller,
                alarm: setup.alarm,
                keeper: setup.keeper,
                traces: None,
            },
        };
        let gateway = http.start().map_err(Error::system("cannot start serving"));
        let gateway = gateway.inspect_err(|error| stop(&entries, &error.to_string()))?;
        Ok(Serving { gateway, address, server: setup.server, policies: Mutex::new(policies) })
    }

    /// Who says who calls; nobody only where none but this machine reaches it, or somebody says so.
    fn authenticate(&mut self) -> Result<Box<dyn Authenticate>, Error> {
        let everybody = || Box::new(Everybody(Arc::clone(&self.setup.principal))) as Box<dyn Authenticate>;
        let authenticate = self.authenticator.take().unwrap_or_else(everybody);
        let private = self.address.ip().to_canonical().is_loopback();
        if !authenticate.proves() && !private && !self.unproven {
            return Err(Error::Setup(format!(
                "{} can be reached by others, and nobody would have to say who they are: give an authenticator",
                self.address
            )));
        }
        Ok(authenticate)
    }

    /// The server, and what of it is recorded.
    fn target(&mut self, scanner: &Scanner) -> Result<(Target, String), Error> {
        let url = match &self.server {
            Server::Command { words, .. } if words.is_empty() => {
                return Err(Error::Setup("the server's command is empty".to_owned()));
            }
            Server::Command { words, supervisor } => {
                let shown = masked_command(words, |text| scanner.redact_secrets(text)).join(" ");
                let (words, supervisor) = (words.clone(), supervisor.path());
                return Ok((
                    Target::Stdio(Command { words, supervisor, processes_max: PROCESSES_MAX }),
                    shown,
                ));
            }
            Server::Url(url) => url,
        };
        let uri: Uri = url.parse().map_err(|error| Error::Setup(format!("`{url}` is no URL: {error}")))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::Setup(
                "the server's URL holds a name or password: give it as a header".to_owned(),
            ));
        }
        let tls = |error| Error::Setup(format!("TLS cannot be set up: {error}"));
        let roots = match uri.scheme_str() {
            Some("https") => match &self.authorities {
                Some(certificates) => Roots::from_pem(certificates)
                    .map_err(|error| Error::Setup(format!("the certificates of authorities: {error}")))?,
                None => Roots::system().map_err(tls)?,
            },
            Some("http") => Roots::nobody().map_err(tls)?,
            Some(_) | None => return Err(Error::Setup(format!("`{url}` is no http or https URL"))),
        };
        let header = |(name, value): (String, HeaderValue)| Ok((header_name(&name)?, value));
        let headers =
            std::mem::take(&mut self.headers).into_iter().map(header).collect::<Result<_, Error>>()?;
        let shown = uri.to_string();
        Ok((Target::Http(Endpoint { uri, headers, roots }), shown))
    }

    fn listener(&mut self) -> Result<Listener, Error> {
        if !self.path.starts_with('/') || self.path.contains(['?', '#', '%', ' ']) {
            return Err(Error::Setup(format!("`{}` is no plain path", self.path)));
        }
        let identity = match &self.tls {
            None => None,
            Some((certificates, key)) => Some(
                Identity::from_pem(certificates, key)
                    .map_err(|error| Error::Setup(format!("the certificate and its key: {error}")))?,
            ),
        };
        let loopback_origins = self.address.ip().to_canonical().is_loopback();
        let names = Names { loopback_origins, ..std::mem::take(&mut self.names) };
        let socket = bind(self.address).map_err(Error::system("cannot serve at this address"))?;
        Ok(Listener { name: LISTENER.to_owned(), socket: Some(socket), names, identity })
    }
}

fn header_name(name: &str) -> Result<HeaderName, Error> {
    match name.parse::<HeaderName>() {
        Ok(name) if is_own_header(&name) => {
            Err(Error::Setup(format!("the header `{name}` is the gateway's own")))
        }
        Ok(name) => Ok(name),
        Err(_) => Err(Error::Setup(format!("`{name}` is no name of a header"))),
    }
}

fn record_start(entries: &Entries, address: SocketAddr, upstream: &str) -> Result<(), Error> {
    Ok(note(entries, "start", |entry| {
        entry.string("version", env!("CARGO_PKG_VERSION"));
        entry.array("listen", |array| {
            array.string(&address.to_string());
        });
        entry.array("upstreams", |array| {
            array.string(&entries.redacted(upstream));
        });
    })?)
}

/// A gateway that serves. It goes on when this is dropped; [`Serving::stop`] ends it.
#[derive(Debug)]
pub struct Serving {
    gateway: http::Gateway,
    address: SocketAddr,
    server: String,
    policies: Mutex<Policies>,
}

impl Serving {
    /// Where it is served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads the policies again. From then on they decide, in sessions that are open too.
    ///
    /// # Errors
    /// If they have mistakes, or that cannot be recorded: the last good ones stay in force.
    pub fn reload(&self) -> Result<(), Error> {
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let policy: Arc<Policy> = reloaded(self.gateway.entries(), policies.compile())?;
        self.gateway.replace_policy(&self.server, &policy);
        Ok(())
    }

    /// Takes nothing new, lets calls in hand finish for up to 10 s, and closes the log.
    ///
    /// # Errors
    /// If the log cannot be closed.
    pub fn stop(self) -> Result<(), Error> {
        let entries: Entries = self.gateway.stop();
        note(&entries, "stop", |entry| {
            entry.string("why", "the program ended it").string("exit", "0");
        })?;
        Ok(entries.close(now())?)
    }
}
