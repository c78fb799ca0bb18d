//! Patterns for hosts: names with wildcards, addresses, networks, classes; each with or without a port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::class::{CLASSES, same_bits};
use super::{Class, Host, Hosts, name};

/// How much of what a text may mean has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// One reading or alias suffices, and so does a text that cannot be read.
    Any,
    /// One reading or alias suffices. What cannot be read is nothing: for texts that need not be hosts at all.
    Readable,
    /// Every reading, and no doubt.
    Every,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct PatternError {
    pub cause: String,
    /// What to write instead.
    pub help: String,
}

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    shape: Shape,
    ports: Ports,
}

/// The ports of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ports {
    /// Nothing is said of them.
    Unsaid,
    /// `:*`
    Every,
    One(u16),
}

/// The port that a host is used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// `None`: not known.
    pub number: Option<u16>,
    /// True if it needs no mention: the usual one of its scheme, or no URL at all.
    pub usual: bool,
}

impl Port {
    /// A host that came without a port.
    pub const UNKNOWN: Port = Port { number: None, usual: true };
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Everything,
    Class(Class),
    /// The first bits of an address.
    Network(IpAddr, u32),
    Name(Labels),
}

/// A name, label by label from the end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Labels {
    /// `*.` in front: any number of further labels, at least one.
    open: bool,
    /// From the last to the first.
    labels: Vec<String>,
    /// The same, as people see them.
    looks: Vec<String>,
}

/// Patterns that are joined by OR.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPatterns {
    patterns: Vec<HostPattern>,
}

impl HostPattern {
    /// Reads `example.com`, `*.example.com`, `api-*.example.com`, `10.0.0.0/8`, `[::1]`, `@private` or `*`, with or without
    /// a `:port` behind.
    ///
    /// # Errors
    /// The cause and what to write instead.
    pub fn new(text: &str) -> Result<HostPattern, PatternError> {
        let error = |cause: String, help: &str| Err(PatternError { cause, help: help.to_owned() });
        if text.contains("://") || text.starts_with("//") {
            return error(
                format!("`{text}` is a URL and no host"),
                "use the matcher `url`, or write the host alone",
            );
        }
        let (host, ports) = split_port(text)?;
        let shape = if host == "*" {
            Shape::Everything
        } else if let Some(word) = host.strip_prefix('@') {
            match CLASSES.iter().find(|(known, _)| *known == word) {
                Some((_, class)) => Shape::Class(*class),
                None => {
                    let words: Vec<String> = CLASSES.iter().map(|(word, _)| format!("`@{word}`")).collect();
                    return error(
                        format!("unknown class of hosts `@{word}`"),
                        &format!("valid here: {}", words.join(", ")),
                    );
                }
            }
        } else if let Some((network, bits)) = host.split_once('/') {
            network_of(network, bits).ok_or_else(|| PatternError {
                cause: format!("`{host}` is not a network"),
                help: "write an address and how many bits count, as `10.0.0.0/8` or `fd00::/8`; paths belong to the matcher `url`"
                    .to_owned(),
            })?
        } else if let Some(address) = address_of(host) {
            Shape::Network(address, if address.is_ipv4() { 32 } else { 128 })
        } else {
            Shape::Name(labels_of(host)?)
        };
        Ok(HostPattern { shape, ports })
    }

    fn is_port(&self, port: Port, strict: Strict) -> bool {
        match (self.ports, port.number) {
            (Ports::Every, _) => true,
            (Ports::Unsaid, _) => port.usual || strict != Strict::Every,
            (Ports::One(wanted), Some(number)) => wanted == number,
            // A host without a port may be used with any.
            (Ports::One(_), None) => strict != Strict::Every,
        }
    }

    fn is_host(&self, host: &Host) -> bool {
        match (&self.shape, host) {
            (Shape::Everything, _) => true,
            (Shape::Class(class), host) => class.contains(host),
            (Shape::Network(IpAddr::V4(network), bits), Host::Address(IpAddr::V4(four))) => {
                same_bits(u32::from(*network).into(), u32::from(*four).into(), 32, *bits)
            }
            (Shape::Network(IpAddr::V6(network), bits), Host::Address(IpAddr::V6(six))) => {
                same_bits(u128::from(*network), u128::from(*six), 128, *bits)
            }
            (Shape::Name(labels), Host::Name(name)) => matches_labels(&labels.labels, labels.open, name),
            (Shape::Network(..), _) | (Shape::Name(_), Host::Address(_)) => false,
        }
    }

    fn looks_like(&self, look: &str) -> bool {
        match &self.shape {
            Shape::Name(labels) => matches_labels(&labels.looks, labels.open, look),
            Shape::Class(class) => class.looks(look),
            Shape::Everything | Shape::Network(..) => false,
        }
    }
}

impl HostPatterns {
    #[must_use]
    pub fn new(patterns: Vec<HostPattern>) -> HostPatterns {
        HostPatterns { patterns }
    }

    /// True if the hosts are among the patterns, on `port` if it is known.
    #[must_use]
    pub fn matches(&self, hosts: &Hosts, port: Port, strict: Strict) -> bool {
        let one = |host: &Host| {
            self.patterns.iter().any(|pattern| pattern.is_port(port, strict) && pattern.is_host(host))
        };
        match strict {
            Strict::Any | Strict::Readable => {
                let look = || {
                    let seen = |look: &String| self.patterns.iter().any(|pattern| pattern.looks_like(look));
                    hosts.look.as_ref().is_some_and(seen)
                };
                let unreadable = hosts.unreadable && strict == Strict::Any;
                unreadable || hosts.readings.iter().chain(&hosts.aliases).any(one) || look()
            }
            Strict::Every => {
                !hosts.unreadable
                    && !hosts.doubtful
                    && !hosts.readings.is_empty()
                    && hosts.readings.iter().all(one)
            }
        }
    }

    /// The first pattern that one reading or alias matches.
    #[must_use]
    pub fn position(&self, hosts: &Hosts, port: Port) -> Option<usize> {
        let hit = |pattern: &HostPattern| {
            pattern.is_port(port, Strict::Any)
                && (hosts.readings.iter().chain(&hosts.aliases).any(|host| pattern.is_host(host))
                    || hosts.look.as_ref().is_some_and(|look| pattern.looks_like(look)))
        };
        self.patterns.iter().position(hit)
    }
}

/// Host and port of `host:port`; an IPv6 address has its colons in brackets, or no port.
fn split_port(text: &str) -> Result<(&str, Ports), PatternError> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
        _ => (text, None),
    };
    let Some(port) = port else { return Ok((host, Ports::Unsaid)) };
    match port.parse() {
        _ if port == "*" => Ok((host, Ports::Every)),
        Ok(number) if port.bytes().all(|byte| byte.is_ascii_digit()) => Ok((host, Ports::One(number))),
        _ => Err(PatternError {
            cause: format!("`{port}` is not a port"),
            help: "a port is a number from 0 to 65535; an IPv6 address with a port stands in brackets"
                .to_owned(),
        }),
    }
}

fn address_of(text: &str) -> Option<IpAddr> {
    if let Ok(four) = text.parse::<Ipv4Addr>() {
        return Some(four.into());
    }
    let inside = text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')).unwrap_or(text);
    inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

fn network_of(network: &str, bits: &str) -> Option<Shape> {
    let address = address_of(network)?;
    let bits: u32 = bits.parse().ok().filter(|_| bits.bytes().all(|byte| byte.is_ascii_digit()))?;
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Shape::Network(address, bits))
}

fn labels_of(host: &str) -> Result<Labels, PatternError> {
    let wrong = |cause: String, help: &str| PatternError { cause, help: help.to_owned() };
    let stem = host.strip_suffix('.').unwrap_or(host);
    let (open, rest) = match stem.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, stem),
    };
    // A wildcard is no letter of a name, so the name is mapped with a letter in its place.
    let plain = rest.replace('*', STAR);
    let mapped = name::mapped(&plain.to_lowercase());
    let (Some(mapped), false) = (mapped.first(), matches!(rest, "" | "*") || plain.contains('%')) else {
        return Err(wrong(
            format!("`{host}` is not a host"),
            "write a name, `*.name`, an address, a network or a class",
        ));
    };
    if super::address::is_numeric(mapped) {
        return Err(wrong(
            format!("`{host}` is not an address"),
            "write all four numbers, decimal: `127.0.0.1`",
        ));
    }
    let split =
        |name: &str| -> Vec<String> { name.rsplit('.').map(|label| label.replace(STAR, "*")).collect() };
    let labels = split(mapped);
    if labels.iter().any(String::is_empty) {
        return Err(wrong(format!("an empty label in `{host}`"), "one dot between two labels"));
    }
    if labels.iter().any(|label| label.starts_with("xn--") && label.contains('*')) {
        return Err(wrong(
            format!("a wildcard beside letters that are not ASCII in `{host}`"),
            "let `*.` stand alone in front, or write the whole label",
        ));
    }
    let unicode = idna::domain_to_unicode(mapped).0;
    Ok(Labels { open, labels, looks: split(&name::skeleton_of(&unicode)) })
}

/// Stands for `*` while a pattern is mapped.
const STAR: &str = "zqxstarxqz";

fn matches_labels(labels: &[String], open: bool, name: &str) -> bool {
    let mut rest = name.rsplit('.');
    for label in labels {
        if !rest.next().is_some_and(|found| matches_label(label, found)) {
            return false;
        }
    }
    // `*.example.com` is not `example.com`.
    rest.next().is_some() == open
}

/// `*` is any text inside a label.
fn matches_label(pattern: &str, label: &str) -> bool {
    let mut words = pattern.split('*');
    let Some(mut rest) = words.next().and_then(|first| label.strip_prefix(first)) else { return false };
    let mut words = words.peekable();
    if words.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(word) = words.next() {
        if words.peek().is_none() {
            return rest.ends_with(word);
        }
        let Some((_, behind)) = rest.split_once(word) else { return false };
        rest = behind;
    }
    true
}
