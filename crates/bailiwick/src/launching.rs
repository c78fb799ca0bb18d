//! From a client's entry to a command that can be started as the client would start it.

use std::ffi::OsString;

use bailiwick_clients::config::{Launch, Server, Setting};
use bailiwick_clients::wrap::{BRIDGE, State, bridge};
use bailiwick_disk::Found;
use bailiwick_engine::Scanner;
use indicatif::{ProgressBar, ProgressStyle};

use crate::offer::Asked;
use crate::wire;

/// A server of a client, ready to be started.
#[derive(Debug, Clone)]
pub(crate) struct Launching {
    pub(crate) asked: Asked,
}

/// The server's own command, with what the entry refers to put in; that of our bridge for one that is reached over the network.
///
/// # Errors
/// What the entry refers to and is not here.
pub(crate) fn of(found: &Found, server: &Server) -> Result<Launching, String> {
    let words: Vec<String> = match State::of(server) {
        State::Ours { inner, .. } => inner,
        State::Bare => match &server.launch {
            Launch::Stdio(_) => server.words().into_iter().map(str::to_owned).collect(),
            Launch::Remote { .. } => {
                let binary = wire::binary().map_err(|failure| failure.message)?;
                bridge(&binary, server).map_err(|refused| refused.to_string())?
            }
        },
        State::ByHand => return Err("it was wrapped by hand".to_owned()),
    };
    from(found, server, words)
}

fn from(found: &Found, server: &Server, words: Vec<String>) -> Result<Launching, String> {
    let put = |text: &str| put_in(text, !found.kind.dialect.references.is_empty()).map(OsString::from);
    let words = words.iter().map(|word| put(word)).collect::<Result<_, _>>()?;
    let setting = |setting: &Setting| Ok((OsString::from(&setting.name), put(&setting.value.text)?));
    // A command takes variables, an address headers, which the bridge takes from variables of their names. Whatever else the
    // entry says, its client hands on to nobody: our own process must not take it either.
    let settings = match &server.launch {
        Launch::Stdio(_) => &server.environment,
        Launch::Remote { .. } => &server.headers,
    };
    let environment = settings.iter().map(setting).collect::<Result<_, String>>()?;
    let name = format!("{}/{}", found.client, server.name);
    Ok(Launching { asked: Asked { name, words, environment } })
}

/// The entry's whole command, with what stands before the server's own.
///
/// # Errors
/// What the entry refers to and is not here.
pub(crate) fn whole(found: &Found, server: &Server) -> Result<Launching, String> {
    let words = server.words().into_iter().map(str::to_owned).collect();
    from(found, server, words)
}

/// A command as a lock file holds it: without secrets, and our own bridge wherever we lie on a machine.
pub(crate) fn lockable(words: &[String], scanner: &Scanner) -> Vec<String> {
    let own = wire::binary().ok();
    let is_bridge = |words: &[String]| {
        words.first() == own.as_ref() && words.get(1).is_some_and(|second| second == BRIDGE)
    };
    let mut locked: Vec<String> =
        words.iter().map(|word| scanner.redact_secrets(word).into_owned()).collect();
    if let (true, Some(first)) = (is_bridge(words), locked.first_mut()) {
        "bailiwick".clone_into(first);
    }
    locked
}

/// A bar on standard error, where that is a terminal.
pub(crate) fn progress(servers: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(servers).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Puts variables of our environment in where a client would: `${NAME}`, `${env:NAME}`, `${NAME:-other}`, `{env:NAME}`.
fn put_in(text: &str, refers: bool) -> Result<String, String> {
    if !refers {
        return Ok(text.to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    loop {
        let dollar = rest.find("${").map(|at| (at, 2));
        let brace = rest.find("{env:").map(|at| (at, 1));
        let Some((at, width)) = [dollar, brace].into_iter().flatten().min() else {
            out.push_str(rest);
            return Ok(out);
        };
        let inside = rest.get(at.saturating_add(width)..).unwrap_or_default();
        let Some((inner, after)) = inside.split_once('}') else {
            out.push_str(rest);
            return Ok(out);
        };
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(&value(inner)?);
        rest = after;
    }
}

fn value(inner: &str) -> Result<String, String> {
    if inner == "workspaceFolder" {
        let here = std::env::current_dir().map_err(|error| error.to_string())?;
        return Ok(here.display().to_string());
    }
    let (name, other) = inner.split_once(":-").map_or((inner, None), |(name, other)| (name, Some(other)));
    let name = name.strip_prefix("env:").unwrap_or(name);
    match (std::env::var(name), other) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(other)) => Ok(other.to_owned()),
        (Err(_), None) => Err(format!("it needs `{inner}`, which is not set here")),
    }
}
