//! Remote servers without encryption.

use bailiwick_clients::config::Launch;

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "plain-http",
    severity: Severity::High,
    title: "A remote server is reached without encryption",
    page: "The address begins with `http://` (or `ws://`). Everybody on the way reads the calls, the answers and the credentials, and can put other
answers in their place, tool descriptions included. Write `https://`. Addresses of the machine itself are not reported.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers() {
        let mut addresses = Vec::new();
        match &seat.server.launch {
            Launch::Remote { url, .. } => addresses.push(url),
            // `mcp-remote http://…` is a remote server as well.
            Launch::Stdio(_) => addresses.extend(seat.words()),
        }
        for address in addresses {
            let lower = address.text.to_ascii_lowercase();
            let rest = lower.strip_prefix("http://").or(lower.strip_prefix("ws://"));
            if let Some(host) = rest.map(host).filter(|host| !is_own(host)) {
                let message = format!("`{host}` is reached without encryption");
                sink.add(said(seat, address.span.start, message, "write https://".to_owned()));
            }
        }
    }
}

fn host(rest: &str) -> String {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or(six).to_owned(),
        None => host.split(':').next().unwrap_or(host).to_owned(),
    }
}

fn is_own(host: &str) -> bool {
    let four: Option<std::net::Ipv4Addr> = host.parse().ok();
    let six: Option<std::net::Ipv6Addr> = host.parse().ok();
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "host.docker.internal"
        || four.is_some_and(|address| address.is_loopback())
        || six.is_some_and(|address| address.is_loopback())
}
