//! From the text of a gateway's file to its setup. What is not understood is a mistake, and all are found at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bailiwick_gateway::http::HttpLimits;
use bailiwick_mcp::Limits;
use bailiwick_policy::document::{Document, Node};
use bailiwick_policy::{Source, bundled};

use super::words::{DAY, ENTRIES_MAX, FILE, HOUR, LIMITS, LISTENER, ROUTE, TLS, WEEK};
use super::{Listening, Routing, Serving, Setup, Upstream, beside, http_limits};
use crate::args::{DurabilityArg, GatewayArgs, ModeArg};
use crate::command::gateway::begin;
use crate::exit::{self, Failure};
use crate::say;

/// A file above this is refused, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;
pub(super) const MODES: [(&str, ModeArg); 3] =
    [("enforce", ModeArg::Enforce), ("shadow", ModeArg::Shadow), ("observe", ModeArg::Observe)];
const DURABILITIES: [(&str, DurabilityArg); 2] =
    [("strict", DurabilityArg::Strict), ("batched", DurabilityArg::Batched)];

pub(super) fn read(path: &Path, args: &GatewayArgs) -> Result<Setup, Failure> {
    let shown = path.display();
    let cannot = |error| Failure::refused(format!("cannot read `{shown}`: {error}"));
    let bytes = bailiwick_disk::bounded(path, FILE_BYTES_MAX).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|error| cannot(std::io::Error::other(error)))?;
    let (mut document, root) = Document::parse(Source { name: shown.to_string(), text });
    let mut silent = Upstream::silent(args)?;
    let setup = root.map(|root| {
        let mut reader = Reader { document: &mut document, path, args };
        reader.file(&root, &mut silent)
    });
    document
        .finish()
        .map_err(|problems| Failure::report(exit::REFUSED, problems.render(say::colour_on_stderr())))?;
    // INVARIANT: without a root there is a problem.
    setup.ok_or_else(|| Failure::refused(format!("`{shown}` is empty")))
}

pub(super) struct Reader<'r> {
    pub(super) document: &'r mut Document,
    pub(super) path: &'r Path,
    args: &'r GatewayArgs,
}

impl Reader<'_> {
    fn file(&mut self, root: &Node, silent: &mut Upstream) -> Setup {
        let members = self.document.members(root, &FILE, "the file");
        match members.get("version").map(|node| (node, node.scalar_text())) {
            Some((_, Some("1"))) => {}
            Some((node, _)) => self.document.wrong(node, "an unknown version", "write `version: 1`"),
            None => self.document.wrong(root, "the file has no `version`", "begin it with `version: 1`"),
        }
        let mut limits = http_limits(self.args);
        if let Some(node) = members.get("limits") {
            self.limits(node, &mut limits, &mut silent.messages);
            silent.limits = limits;
        }
        if let Some(node) = members.get("policy") {
            silent.policies = self.policies(node);
        }
        if let Some(mode) = members.get("mode").and_then(|node| self.document.choice(node, "mode", &MODES)) {
            silent.mode = mode;
        }
        if let Some(lock) = members.get("lock").and_then(|node| self.place(node, "`lock`")) {
            silent.lock = Some(lock);
        }
        let durability = members
            .get("durability")
            .and_then(|node| self.document.choice(node, "durability", &DURABILITIES));
        let audit = members.get("audit").and_then(|node| self.place(node, "`audit`"));
        let trace = members.get("trace").and_then(|node| self.place(node, "`trace`"));
        let admin = members.get("admin").and_then(|node| self.address(node, "`admin`"));
        let mut setup = Setup {
            admin: admin.or(self.args.admin),
            audit: audit.or_else(|| self.args.govern.audit.clone()),
            durability: durability.unwrap_or(self.args.govern.audit_durability),
            trace: trace.or_else(|| self.args.trace.clone()),
            limits,
            listeners: Vec::new(),
            upstreams: Vec::new(),
            routes: Vec::new(),
        };
        for key in ["listeners", "upstreams", "routes"] {
            if !members.contains_key(key) {
                let help = format!("`{key}` says {}", about(key));
                self.document.wrong(root, format!("the file has no `{key}`"), help);
            }
        }
        if let Some(node) = members.get("listeners") {
            setup.listeners =
                self.named(node, "`listeners`", |reader, name, node| reader.listener(name, node));
        }
        if let Some(node) = members.get("upstreams") {
            let silent = &*silent;
            setup.upstreams =
                self.named(node, "`upstreams`", |reader, name, node| reader.upstream(name, node, silent));
        }
        if let Some(node) = members.get("routes") {
            self.routes(node, &mut setup);
        }
        setup
    }

    /// The entries of a map with names of the operator's own.
    fn named<T>(
        &mut self,
        node: &Node,
        what: &str,
        mut read: impl FnMut(&mut Self, &str, &Node) -> Option<T>,
    ) -> Vec<T> {
        let pairs = self.document.pairs(node, what);
        if pairs.len() > ENTRIES_MAX {
            self.document.wrong(node, format!("more than {ENTRIES_MAX} {what}"), "start another gateway");
        }
        let mut out = Vec::new();
        for (key, name, node) in pairs {
            if !begin::is_plain_name(name) {
                let help = "lower-case letters, digits, `-` and `.`, at most 32, a letter first";
                self.document.wrong(key, format!("`{name}` is no plain name"), help);
            }
            out.extend(read(self, name, node));
        }
        if out.is_empty() {
            self.document.wrong(node, format!("{what} names nothing"), "write `name: { … }`");
        }
        out
    }

    fn listener(&mut self, name: &str, node: &Node) -> Option<Listening> {
        let members = self.document.members(node, &LISTENER, "a listener");
        let tls = members.get("tls").and_then(|node| self.tls(node));
        let texts = |reader: &mut Self, key: &str| -> Vec<String> {
            let node = members.get(key);
            let texts = node.map(|node| reader.document.texts(node, &format!("`{key}`"))).unwrap_or_default();
            texts.into_iter().map(|(_, text)| text.to_owned()).collect()
        };
        let (hosts, origins) = (texts(self, "hosts"), texts(self, "origins"));
        let insecure = members
            .get("insecure-no-authentication")
            .and_then(|node| self.document.boolean(node, "`insecure-no-authentication`"))
            .unwrap_or(false);
        let Some(given) = members.get("address") else {
            self.document.wrong(node, "a listener has no `address`", "write `address: 127.0.0.1:8080`");
            return None;
        };
        let address = self.address(given, "`address`")?;
        let listening = Listening { name: name.to_owned(), address, tls, hosts, origins, insecure };
        if let Err(why) = begin::check_bind(&listening) {
            let help = "serve at 127.0.0.1, or write `insecure-no-authentication: true` where something else keeps others out";
            self.document.wrong(given, why, help);
        }
        Some(listening)
    }

    fn tls(&mut self, node: &Node) -> Option<(PathBuf, PathBuf)> {
        let members = self.document.members(node, &TLS, "`tls`");
        let file = |reader: &mut Self, key: &str| match members.get(key) {
            Some(node) => reader.place(node, &format!("`{key}`")),
            None => {
                reader.document.wrong(node, format!("`tls` has no `{key}`"), "it is the path of a PEM file");
                None
            }
        };
        let (certificate, key) = (file(self, "certificate"), file(self, "key"));
        certificate.zip(key)
    }

    fn routes(&mut self, node: &Node, setup: &mut Setup) {
        let nodes = self.document.list(node, "`routes`");
        if nodes.len() > ENTRIES_MAX {
            self.document.wrong(node, format!("more than {ENTRIES_MAX} routes"), "start another gateway");
        }
        for node in nodes {
            let Some(route) = self.route(node, setup) else { continue };
            let meets = |other: &&Routing| {
                let both = route.listeners.iter().any(|name| other.listeners.contains(name));
                let twice = other.paths().any(|path| route.paths().any(|own| own == path));
                twice && (both || route.listeners.is_empty() || other.listeners.is_empty())
            };
            if setup.routes.iter().any(|other| meets(&other)) {
                let why = format!("the path `{}` is served twice", route.path);
                self.document.wrong(node, why, "give each route a path of its own");
            }
            setup.routes.push(route);
        }
        for name in setup.upstreams.iter().map(|upstream| &upstream.name) {
            if !setup.routes.iter().any(|route| route.serving.names().contains(name)) {
                let help = "add `{ path: …, upstream: … }` to `routes`, or remove it";
                self.document.wrong(node, format!("no route leads to the upstream `{name}`"), help);
            }
        }
    }

    fn route(&mut self, node: &Node, setup: &Setup) -> Option<Routing> {
        let members = self.document.members(node, &ROUTE, "a route");
        let mut listeners = Vec::new();
        if let Some(node) = members.get("listeners") {
            for (at, name) in self.document.texts(node, "`listeners`") {
                let known: Vec<(&str, ())> =
                    setup.listeners.iter().map(|listening| (listening.name.as_str(), ())).collect();
                if self.document.choice(at, "listener", &known).is_some() {
                    listeners.push(name.to_owned());
                }
            }
        }
        let Some(at) = members.get("path") else {
            let help = "write `{ path: /mcp, upstream: name }`";
            self.document.wrong(node, "a route has no `path`", help);
            return None;
        };
        let path = self.document.text(at, "`path`")?;
        if let Err(why) = begin::check_path(path) {
            self.document.wrong(at, why, "write `/mcp`, or another plain path");
        }
        let sse = members.get("sse").and_then(|node| Some((node, self.document.text(node, "`sse`")?)));
        if let Some((node, Err(why))) = sse.map(|(node, path)| (node, begin::check_path(path))) {
            self.document.wrong(node, why, "write `/sse`, or another plain path");
        }
        let known: Vec<(&str, ())> =
            setup.upstreams.iter().map(|upstream| (upstream.name.as_str(), ())).collect();
        let one = |reader: &mut Self, node: &Node| {
            reader.document.choice(node, "upstream", &known)?;
            node.scalar_text().map(str::to_owned)
        };
        let serving = match (members.get("upstream"), members.get("upstreams")) {
            (Some(node), None) => Serving::One(one(self, node)?),
            (None, Some(several)) => {
                let nodes = self.document.list(several, "`upstreams`");
                let names: Vec<String> = nodes.into_iter().filter_map(|node| one(self, node)).collect();
                if names.iter().enumerate().any(|(at, name)| names.iter().take(at).any(|other| other == name))
                {
                    self.document.wrong(several, "an upstream is named twice", "name each once");
                }
                if let Some((node, _)) = sse {
                    self.document.wrong(node, "several upstreams are not served over HTTP+SSE", "remove it");
                }
                Serving::Together(names)
            }
            (Some(_), Some(_)) | (None, None) => {
                let help = "write `upstream: name`, or `upstreams: [one, two]` for several as one";
                self.document.wrong(
                    node,
                    "a route has no `upstream`, or both `upstream` and `upstreams`",
                    help,
                );
                return None;
            }
        };
        let sse = sse.map(|(_, path)| path.to_owned());
        Some(Routing { path: path.to_owned(), listeners, serving, sse })
    }

    fn limits(&mut self, node: &Node, http: &mut HttpLimits, messages: &mut Limits) {
        let members = self.document.members(node, &LIMITS, "`limits`");
        let of = |key: &str| members.get(key).copied();
        if let Some(size) =
            of("message-bytes").and_then(|node| self.document.size(node, "`message-bytes`", 1_024..=1 << 30))
        {
            messages.message_bytes_max = usize::try_from(size).unwrap_or(usize::MAX);
        }
        self.count(of("depth"), "`depth`", 8..=4_096, &mut messages.depth_max);
        self.count(of("values"), "`values`", 100..=50_000_000, &mut messages.values_max);
        self.count(of("batch"), "`batch`", 1..=10_000, &mut messages.batch_max);
        self.count(of("pending"), "`pending`", 1..=1_000_000, &mut messages.pending_max);
        self.count(of("connections"), "`connections`", 1..=1_000_000, &mut http.connections_max);
        self.count(of("sessions"), "`sessions`", 1..=1_000_000, &mut http.sessions_max);
        self.time(of("session-idle"), "`session-idle`", WEEK, &mut http.session_idle);
        self.time(of("answer-timeout"), "`answer-timeout`", DAY, &mut http.answer_time);
        self.time(of("stream-idle"), "`stream-idle`", WEEK, &mut http.stream_idle);
        self.time(of("process-idle"), "`process-idle`", WEEK, &mut http.process_idle);
        self.time(of("unread-timeout"), "`unread-timeout`", HOUR, &mut http.unread_time);
        self.time(of("request-timeout"), "`request-timeout`", HOUR, &mut http.head_time);
        http.body_time = http.head_time;
        self.time(of("grace"), "`grace`", HOUR, &mut http.grace);
    }

    pub(super) fn time(&mut self, node: Option<&Node>, what: &str, most: Duration, into: &mut Duration) {
        if let Some(time) = node.and_then(|node| self.document.duration(node, what, most)) {
            *into = time;
        }
    }

    pub(super) fn count(
        &mut self,
        node: Option<&Node>,
        what: &str,
        range: std::ops::RangeInclusive<u64>,
        into: &mut usize,
    ) {
        if let Some(count) = node.and_then(|node| self.document.whole(node, what, range)) {
            *into = usize::try_from(count).unwrap_or(usize::MAX);
        }
    }

    fn address(&mut self, node: &Node, what: &str) -> Option<SocketAddr> {
        let text = self.document.text(node, what)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.document.wrong(
                node,
                format!("`{text}` is no address"),
                "write `127.0.0.1:8080` or `[::1]:8080`",
            );
        }
        parsed
    }

    pub(super) fn place(&mut self, node: &Node, what: &str) -> Option<PathBuf> {
        Some(beside(self.path, self.document.text(node, what)?))
    }

    /// Bundled policies by name, files beside this one.
    pub(super) fn policies(&mut self, node: &Node) -> Vec<String> {
        let texts = self.document.texts(node, "`policy`");
        let named = |text: &str| match bundled(text) {
            Some(_) => text.to_owned(),
            None => beside(self.path, text).to_string_lossy().into_owned(),
        };
        texts.into_iter().map(|(_, text)| named(text)).collect()
    }
}

fn about(key: &str) -> &'static str {
    match key {
        "listeners" => "where it serves: `listeners: { local: { address: 127.0.0.1:8080 } }`",
        "upstreams" => "which servers there are: `upstreams: { files: { command: […] } }`",
        _ => "what is served where: `routes: [{ path: /files, upstream: files }]`",
    }
}
