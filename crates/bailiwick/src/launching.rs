//! From a client's entry to a command that can be started as the client would start it.

use std::ffi::{OsStr, OsString};

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

/// A command's words without secrets.
pub(crate) fn masked(words: &[impl AsRef<OsStr>], scanner: &Scanner) -> Vec<String> {
    bailiwick::masked_command(words, |text| scanner.redact_secrets(text))
}

/// A command as a lock file holds it: without secrets, and our own bridge wherever we lie on a machine.
pub(crate) fn lockable(words: &[String], scanner: &Scanner) -> Vec<String> {
    lockable_as(words, scanner, wire::binary().ok().as_deref())
}

fn lockable_as(words: &[String], scanner: &Scanner, own: Option<&str>) -> Vec<String> {
    let mut locked = masked(words, scanner);
    if let ([program, second, ..], Some(first)) = (words, locked.first_mut())
        && second == BRIDGE
    {
        if own == Some(program.as_str()) {
            OWN.clone_into(first);
        } else if program == OWN {
            LOOKED_UP.clone_into(first);
        }
    }
    locked
}

/// Whether a command says that it is our bridge as a lock file would say it, which anything in `PATH` may be.
pub(crate) fn is_named_as_ours(words: &[String]) -> bool {
    matches!(words, [program, second, ..] if program == OWN && second == BRIDGE)
}

/// What a lock file calls our own binary where it is a bridge.
const OWN: &str = "bailiwick";
/// What it calls a command of that name, which is looked up in `PATH`.
const LOOKED_UP: &str = "bailiwick (of PATH)";

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

#[cfg(test)]
mod tests {
    use bailiwick_engine::Scanner;

    use super::lockable_as;

    #[test]
    fn only_our_own_path_is_locked_as_our_bridge() {
        let scanner = Scanner::new();
        let locked = |command: &str| {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            lockable_as(&words, &scanner, Some("/opt/bailiwick")).join(" ")
        };
        let ours = locked("/opt/bailiwick bridge https://x.example/");
        assert_eq!(ours, "bailiwick bridge https://x.example/");
        for other in ["bailiwick", "/tmp/bailiwick", "./bailiwick"] {
            assert_ne!(locked(&format!("{other} bridge https://x.example/")), ours, "{other}");
        }
        assert_eq!(locked("bailiwick run x"), "bailiwick run x");
        assert_eq!(locked("/opt/bailiwick run x"), "/opt/bailiwick run x");
    }
}
