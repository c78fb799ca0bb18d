//! What single words of a gateway's flags or file mean: where a server is, who may call, what it is called.

use std::ffi::OsString;
use std::net::IpAddr;

use bailiwick_gateway::http::{HeaderName, Uri, is_own_header};

use super::config::{At, Listening, Value};
use crate::exit::{self, Failure};

fn usage(message: String) -> Failure {
    Failure::new(exit::USAGE, message)
}

/// `--target`, and the command that goes with `stdio`.
pub(super) fn at(target: &str, command: &[OsString], processes_max: usize) -> Result<At, Failure> {
    match (target, command.is_empty()) {
        ("stdio", false) => Ok(At::Command { words: command.to_vec(), processes_max }),
        ("stdio", true) => {
            Err(usage("`--target stdio` and no command".to_owned()).help("put it behind `--`"))
        }
        (_, false) => Err(usage("a command, and a `--target` that is not `stdio`".to_owned())),
        (_, true) => Ok(At::Url(url(target)?)),
    }
}

/// The URL of a server's endpoint.
pub(super) fn url(text: &str) -> Result<Uri, Failure> {
    let uri: Uri = text.parse().map_err(|error| usage(format!("`{text}` is no URL: {error}")))?;
    let secret = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match uri.scheme_str() {
        _ if secret => Err(usage("the server's URL holds a name or password".to_owned())
            .help("give it as a header: `Authorization` from `env:VARIABLE` or `file:PATH`")),
        Some("http" | "https") if uri.host().is_some() => Ok(uri),
        Some(_) | None => Err(usage(format!("`{text}` is no http or https URL"))
            .help("write `https://host/mcp`, or `http://…` on a network that nobody else reads")),
    }
}

/// `NAME=env:VARIABLE` or `NAME=file:PATH`.
pub(super) fn header(given: &str) -> Result<(HeaderName, Value), Failure> {
    let Some((name, source)) = given.split_once('=') else {
        return Err(usage(format!("`--target-header {given}` has no `=`")).help("write NAME=env:VARIABLE"));
    };
    let name = header_name(name)?;
    match value(source) {
        Some(value) => Ok((name, value)),
        // Without the source: someone may have written the secret itself.
        None => Err(usage(format!("the value of `{name}` is named by `env:VARIABLE` or `file:PATH`"))),
    }
}

/// Where a header's value is.
pub(super) fn value(source: &str) -> Option<Value> {
    match source.split_once(':')? {
        ("env", variable) if !variable.is_empty() => Some(Value::Variable(variable.to_owned())),
        ("file", path) if !path.is_empty() => Some(Value::File(path.into())),
        _ => None,
    }
}

pub(super) fn header_name(name: &str) -> Result<HeaderName, Failure> {
    match HeaderName::from_bytes(name.trim().as_bytes()) {
        Ok(name) if is_own_header(&name) => Err(usage(format!("the header `{name}` is the gateway's own"))),
        Ok(name) => Ok(name),
        Err(_) => Err(usage(format!("`{name}` is no header name"))),
    }
}

pub(super) fn header_names(given: &[String]) -> Result<Vec<HeaderName>, Failure> {
    given.iter().map(|name| header_name(name)).collect()
}

/// Whether the address is one that others reach, though nobody has to say who they are.
pub(super) fn check_bind(listening: &Listening) -> Result<(), String> {
    if is_loopback(listening) || listening.insecure {
        return Ok(());
    }
    Err(format!("{} can be reached by others, and nobody would have to say who they are", listening.address))
}

pub(super) fn is_loopback(listening: &Listening) -> bool {
    listening.address.ip().to_canonical().is_loopback()
}

pub(super) fn check_path(path: &str) -> Result<(), String> {
    match path.starts_with('/') && !path.contains(['?', '#', '%', ' ']) {
        true => Ok(()),
        false => Err(format!("`{path}` is no plain path")),
    }
}

/// Letters, digits, `-` and `.`, as in a host's name.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    name.len() <= 32 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain)
}

/// The server's name in rules: the given one, else that of its command or its host.
pub(super) fn server_name(given: Option<&str>, at: &At) -> String {
    match (given.filter(|given| !given.is_empty()), at) {
        (Some(given), _) => given.to_owned(),
        (None, At::Command { words, .. }) => crate::command::run::server_name(None, words),
        (None, At::Url(uri) | At::Events(uri)) => host_name(uri),
    }
}

/// The host, unless that is an address.
fn host_name(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    match host {
        "" | "localhost" => "server".to_owned(),
        _ if plain.parse::<IpAddr>().is_ok() => "server".to_owned(),
        host => host.to_ascii_lowercase(),
    }
}

/// Threads that serve: one per core, unless told otherwise.
pub(super) fn workers(given: Option<u16>) -> usize {
    match given {
        Some(given) => usize::from(given),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

#[cfg(test)]
mod tests {
    use super::{host_name, is_plain_name};

    #[test]
    fn a_server_is_called_what_its_host_is_called() {
        for (uri, name) in [
            ("https://MCP.example.com:8443/mcp", "mcp.example.com"),
            ("http://127.0.0.1:3000/mcp", "server"),
            ("http://[::1]:3000/mcp", "server"),
            ("http://localhost/mcp", "server"),
        ] {
            assert_eq!(host_name(&uri.parse().unwrap()), name, "{uri}");
        }
    }

    #[test]
    fn names_of_the_file_are_plain() {
        assert!(["github", "files-2", "a.b"].iter().all(|name| is_plain_name(name)));
        assert!(!["", "2files", "Git", "a_b", "a/b", "*"].iter().any(|name| is_plain_name(name)));
    }
}
