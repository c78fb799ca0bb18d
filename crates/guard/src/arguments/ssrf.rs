//! `ssrf`: addresses that a server reaches and the agent's user does not mean.

use bailiwick_semantic::{Class, Host, Hosts, Urls};

use super::Hit;
use super::role::Tool;
use super::unescape::unescape;
use crate::guard::{Guard, Level};

const METADATA: Hit =
    Hit::new(Guard::Ssrf, "metadata", "address where a cloud hands out credentials", Level::Certain);
const INTERNAL: Hit =
    Hit::new(Guard::Ssrf, "internal", "address of this machine or of the network around it", Level::Certain);
const SCHEME: Hit =
    Hit::new(Guard::Ssrf, "scheme", "address of a kind that is not of the web", Level::Certain);
const UNCLEAR: Hit =
    Hit::new(Guard::Ssrf, "unclear", "address that programs read in different ways", Level::Certain);
const REBINDING: Hit =
    Hit::new(Guard::Ssrf, "rebinding", "public name that leads wherever it says", Level::Certain);

pub(super) const HITS: &[Hit] = &[METADATA, INTERNAL, SCHEME, UNCLEAR, REBINDING];

/// Checks a value that is an address.
pub(super) fn check(text: &str, tool: &Tool) -> Vec<Hit> {
    let text = text.trim();
    let head: String = text.chars().take_while(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    if text.contains(':') && SCHEMES.contains(&head.as_str()) {
        return vec![SCHEME];
    }
    let web = ["http", "https", "ws", "wss", "ftp"].contains(&head.as_str()) || text.starts_with("//");
    if !web {
        return Vec::new();
    }
    let urls = Urls::read(text);
    let mut hits = Vec::new();
    let mut hosts: Vec<&Host> = Vec::new();
    for url in &urls.readings {
        for found in url.hosts.iter() {
            hosts.extend(found.readings.iter().chain(&found.aliases));
        }
        // A page of the developer's own machine, looked at in a browser.
        let looked_at =
            tool.is_any(&["browser", "navigate", "preview", "screenshot", "playwright", "puppeteer"])
                && url
                    .port
                    .number
                    .is_some_and(|port| (3_000..=9_099).contains(&port) && !SERVICES.contains(&port));
        if let Some(hit) = url.hosts.iter().find_map(of_hosts)
            && !(hit == INTERNAL && looked_at)
        {
            hits.push(hit);
        }
    }
    let differ = hosts.windows(2).any(|pair| pair.first() != pair.last());
    if differ && urls.readings.len() > 1 && hits.is_empty() {
        hits.push(UNCLEAR);
    }
    let authority = text.split("//").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    let odd = authority.contains(['\\', '\0', ' ', '\t']) || authority.to_ascii_lowercase().contains("%00");
    if hits.is_empty() && (odd || disguised_path(text)) {
        hits.push(UNCLEAR);
    }
    if hits.is_empty() && urls.readings.is_empty() && inner(text) {
        hits.push(INTERNAL);
    }
    // An address inside of an address: `?url=http://169.254.169.254/`.
    if hits.is_empty() && query_leads_inside(text) {
        hits.push(METADATA);
    }
    hits.dedup();
    hits
}

fn of_hosts(hosts: &Hosts) -> Option<Hit> {
    let all = || hosts.readings.iter().chain(&hosts.aliases);
    let any = |class: Class| all().any(|host| class.contains(host));
    if any(Class::Metadata) {
        return Some(METADATA);
    }
    if [Class::Loopback, Class::Private, Class::LinkLocal, Class::Unspecified, Class::Multicast]
        .into_iter()
        .any(any)
    {
        return Some(INTERNAL);
    }
    if any(Class::Rebinding) {
        return Some(REBINDING);
    }
    all().any(is_inner_name).then_some(INTERNAL)
}

/// Names that only a network of one's own resolves: one label, or an ending of such networks; and special addresses.
fn is_inner_name(host: &Host) -> bool {
    match host {
        Host::Name(name) => {
            !name.contains('.')
                || INNER.iter().any(|ending| name.ends_with(ending))
                || name.contains("metadata") && !name.contains("docs")
        }
        Host::Address(std::net::IpAddr::V4(four)) => four.octets().starts_with(&[192, 0, 0]),
        Host::Address(std::net::IpAddr::V6(_)) => false,
    }
}

fn inner(text: &str) -> bool {
    let plain = unescape(text).text;
    ["127.", "localhost", "169.254.", "[::", "0.0.0.0", "10.0.", "192.168."]
        .iter()
        .any(|part| plain.contains(part))
}

fn query_leads_inside(text: &str) -> bool {
    let Some((_, query)) = text.split_once('?') else { return false };
    let plain = unescape(query).text;
    let targets = plain.match_indices("://").map(|(at, _)| plain.get(at + 3..).unwrap_or_default());
    targets.take(8).any(|target| {
        let host = target.split(['/', '?', '#', '&', ':']).next().unwrap_or_default();
        !host.is_empty()
            && of_hosts(&Hosts::read(host)).is_some_and(|hit| matches!(hit.code, "metadata" | "internal"))
    })
}

/// `%61dmin`, `%2561dmin`: letters that need no encoding.
fn disguised_path(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let twice = lower.contains("%25") && unescape(&lower).text.contains("..");
    twice || lower.contains("%0d%0a")
}

const SCHEMES: &[&str] = &[
    "file",
    "gopher",
    "dict",
    "tftp",
    "ldap",
    "ldaps",
    "jar",
    "netdoc",
    "phar",
    "php",
    "expect",
    "unix",
    "sftp",
    "imap",
    "smtp",
    "telnet",
    "view-source",
    "glob",
    "zip",
    "rar",
    "ogg",
    "ssh2",
    "mailto:x",
    "smb",
    "\\\\",
    "jdbc",
    "rmi",
    "redis",
    "local_file",
    "fd",
    "chrome",
];
const INNER: &[&str] = &[
    ".local",
    ".internal",
    ".intranet",
    ".corp",
    ".lan",
    ".home",
    ".private",
    ".localdomain",
    ".svc",
    ".cluster.local",
    ".home.arpa",
    ".localhost",
];
/// Ports of services that speak no page.
const SERVICES: &[u16] = &[3_306, 5_432, 6_379, 5_984, 8_500, 9_000, 6_443, 5_601, 8_086, 7_001, 7_474];
