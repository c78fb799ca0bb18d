//! Hosts: every name and address that one text may stand for.

mod address;
mod class;
mod embedded;
mod name;
mod pattern;

use std::net::{IpAddr, Ipv6Addr};

pub use class::Class;
pub(crate) use name::percent;
pub use pattern::{HostPattern, HostPatterns, PatternError, Port, Strict};

use crate::limits::{DECODINGS_MAX, HOST_BYTES_MAX};

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A domain name: lower case, ASCII (punycode), no dot at its end.
    Name(String),
    Address(IpAddr),
}

/// All that one text may stand for as a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    /// What programs take it for. An allow must match every one, a deny any one.
    pub readings: Vec<Host>,
    /// Where it may lead besides; they count for a deny alone.
    pub aliases: Vec<Host>,
    /// What the name looks like to a person, when it is not plain ASCII; it counts for a deny alone.
    pub look: Option<String>,
    /// An odd spelling, which some program may read otherwise: an allow does not match.
    pub doubtful: bool,
    /// No host at all, to some reader: a deny matches whatever its pattern says, an allow does not.
    pub unreadable: bool,
}

impl Hosts {
    /// Reads `text`, a host without its port. IPv6 addresses may stand in brackets.
    #[must_use]
    pub fn read(text: &str) -> Hosts {
        let mut out = Hosts::default();
        if text.is_empty() || text.len() > HOST_BYTES_MAX {
            out.unreadable = true;
            return out;
        }
        if let Some(name) = name::plain(text) {
            out.add_name(name, text);
        } else {
            out.read_odd(text);
        }
        out.find_aliases();
        out
    }

    /// Anything but lower-case letters, digits, hyphens and dots.
    fn read_odd(&mut self, text: &str) {
        let mut text = std::borrow::Cow::Borrowed(text);
        for _ in 0..=DECODINGS_MAX {
            if let Some(inside) = text.strip_prefix('[') {
                return match inside.strip_suffix(']') {
                    Some(inside) => self.add_six(inside),
                    None => self.unreadable = true,
                };
            }
            if text.matches(':').nth(1).is_some() {
                return self.add_six(&text);
            }
            let Some(decoded) = percent(&text) else { break };
            self.doubtful = true;
            text = std::borrow::Cow::Owned(decoded);
        }
        let names = name::mapped(&text);
        self.unreadable |= names.is_empty();
        self.doubtful |= names.len() > 1 || !text.is_ascii();
        for name in &names {
            self.add_name(name, &text);
        }
        self.look = name::look(&text);
    }

    fn add_six(&mut self, text: &str) {
        // A zone names an interface of the machine that connects: the address is what stands before it.
        let (address, zone) =
            text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
        let Ok(six) = address.parse::<Ipv6Addr>() else {
            self.unreadable = true;
            return;
        };
        self.doubtful |= zone.is_some() || embedded::four(six).is_some();
        self.add(Host::Address(IpAddr::V6(six)));
    }

    /// A mapped name, which may be an address in disguise. `written`: what it was mapped from.
    fn add_name(&mut self, name: &str, written: &str) {
        let stem = name.strip_suffix('.').unwrap_or(name);
        if stem.is_empty() || stem.split('.').any(str::is_empty) {
            self.unreadable = true;
            return;
        }
        if !address::is_numeric(stem) {
            self.doubtful |= stem.len() > NAME_BYTES_MAX;
            self.add(Host::Name(stem.to_owned()));
            return;
        }
        let found = address::readings(stem);
        self.unreadable |= found.is_empty();
        for address in found {
            // Only the four decimal numbers are read alike by everybody.
            self.doubtful |= address.to_string() != written;
            self.add(Host::Address(IpAddr::V4(address)));
        }
    }

    fn add(&mut self, host: Host) {
        if !self.readings.contains(&host) {
            self.readings.push(host);
        }
    }

    fn find_aliases(&mut self) {
        let aliases: Vec<IpAddr> = self.readings.iter().flat_map(embedded::aliases).collect();
        for alias in aliases {
            let host = Host::Address(alias);
            if !self.readings.contains(&host) && !self.aliases.contains(&host) {
                self.aliases.push(host);
            }
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Host::Name(name) => out.write_str(name),
            Host::Address(IpAddr::V4(four)) => four.fmt(out),
            Host::Address(IpAddr::V6(six)) => write!(out, "[{six}]"),
        }
    }
}

/// The longest name of the domain name system.
const NAME_BYTES_MAX: usize = 253;
