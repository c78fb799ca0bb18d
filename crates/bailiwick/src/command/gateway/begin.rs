//! What is found out before a gateway serves: where the server is, who may call, what it is called.

use std::net::IpAddr;

use bailiwick_gateway::http::{Command, Endpoint, HeaderName, HeaderValue, Names, Target, Uri};

use crate::args::GatewayArgs;
use crate::exit::{self, Failure};

/// Largest file that a header's value is read from, in bytes.
const VALUE_BYTES_MAX: u64 = 64 << 10;

/// The server's endpoint and what it is shown.
pub(super) fn target(args: &GatewayArgs) -> Result<Target, Failure> {
    let usage = |message: String| Failure::new(exit::USAGE, message);
    match (args.target.as_str(), args.server_command.is_empty()) {
        ("stdio", false) => {
            let supervisor = std::env::current_exe()
                .map_err(|error| Failure::refused(format!("our own binary cannot be found: {error}")))?;
            let processes_max = usize::from(args.http.max_processes);
            return Ok(Target::Stdio(Command {
                words: args.server_command.clone(),
                supervisor,
                processes_max,
            }));
        }
        ("stdio", true) => {
            return Err(usage("`--target stdio` and no command".to_owned()).help("put it behind `--`"));
        }
        (_, false) => return Err(usage("a command, and a `--target` that is not `stdio`".to_owned())),
        (_, true) => {}
    }
    let uri: Uri = args
        .target
        .parse()
        .map_err(|error| usage(format!("`--target {}` is no URL: {error}", args.target)))?;
    let secret = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match uri.scheme_str() {
        _ if secret => Err(usage("`--target` holds a name or password".to_owned())
            .help("give it with --target-header Authorization=env:VARIABLE")),
        Some("http") if uri.host().is_some() => {
            let headers = args.target_header.iter().map(|given| header(given)).collect::<Result<_, _>>()?;
            Ok(Target::Http(Endpoint { uri, headers }))
        }
        Some("https") => Err(usage("`--target` is https, which this version does not dial".to_owned())
            .help("put a TLS-terminating proxy on this machine in front of it")),
        Some(_) | None => Err(usage(format!("`--target {}` is no http URL", args.target))),
    }
}

/// `NAME=env:VARIABLE` or `NAME=file:PATH`. The value is never shown.
fn header(given: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let usage = |message: String| Failure::new(exit::USAGE, message);
    let Some((name, source)) = given.split_once('=') else {
        return Err(usage(format!("`--target-header {given}` has no `=`")).help("write NAME=env:VARIABLE"));
    };
    let name = header_name(name)?;
    let value = match source.split_once(':') {
        Some(("env", variable)) => std::env::var(variable).map_err(|_| {
            Failure::refused(format!("the environment has no text `{variable}` for `{name}`"))
        })?,
        Some(("file", path)) => {
            let about = std::fs::metadata(path);
            let small = about.is_ok_and(|about| about.is_file() && about.len() <= VALUE_BYTES_MAX);
            let text = if small { std::fs::read_to_string(path).ok() } else { None };
            text.ok_or_else(|| Failure::refused(format!("cannot read `{path}` for `{name}`")))?
        }
        // Without the source: someone may have written the secret itself.
        Some(_) | None => {
            return Err(usage(format!("the value of `{name}` is named by `env:VARIABLE` or `file:PATH`")));
        }
    };
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| Failure::refused(format!("the value for `{name}` is no header's value")))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn header_name(name: &str) -> Result<HeaderName, Failure> {
    let lower = name.trim().to_ascii_lowercase();
    let framing =
        ["connection", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"];
    match HeaderName::from_bytes(lower.as_bytes()) {
        Ok(name) if !framing.contains(&lower.as_str()) && !lower.starts_with("mcp-") => Ok(name),
        Ok(_) => Err(Failure::new(exit::USAGE, format!("the header `{lower}` is the gateway's own"))),
        Err(_) => Err(Failure::new(exit::USAGE, format!("`{name}` is no header name"))),
    }
}

pub(super) fn header_names(given: &[String]) -> Result<Vec<HeaderName>, Failure> {
    given.iter().map(|name| header_name(name)).collect()
}

/// Who may call, and whether the address is one that others reach.
pub(super) fn names(args: &GatewayArgs) -> Result<Names, Failure> {
    let loopback = args.listen.ip().to_canonical().is_loopback();
    if !loopback && !args.insecure_no_authentication {
        return Err(Failure::refused(format!(
            "{} can be reached by others, and nobody would have to say who they are",
            args.listen
        ))
        .help(
            "serve at 127.0.0.1, or say --insecure-no-authentication where something else keeps others out",
        ));
    }
    if let Some(admin) = args.admin.filter(|admin| !admin.ip().to_canonical().is_loopback() && loopback) {
        crate::say::warning(&format!("{admin} (--admin) can be reached by others"));
    }
    if !args.path.starts_with('/') || args.path.contains(['?', '#', '%']) {
        return Err(Failure::new(exit::USAGE, format!("`--path {}` is no plain path", args.path)));
    }
    let hosts = args.allow_host.iter().map(|host| host.to_ascii_lowercase()).collect();
    let origins = args.allow_origin.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase());
    Ok(Names { hosts, origins: origins.collect(), loopback_origins: loopback })
}

/// The server's name in rules: the given one, else that of its command or its host.
pub(super) fn server_name(given: Option<&str>, target: &Target) -> String {
    match (given.filter(|given| !given.is_empty()), target) {
        (Some(given), _) => given.to_owned(),
        (None, Target::Stdio(command)) => crate::command::run::server_name(None, &command.words),
        (None, Target::Http(endpoint)) => host_name(&endpoint.uri),
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
    use super::host_name;

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
}
