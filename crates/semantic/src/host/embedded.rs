//! Addresses within addresses and names: tunnels, translation, and the services that answer with what a name says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Host;

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, NAT64, 6to4, Teredo, ISATAP.
pub(super) fn four(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = six.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b, c, d, e, f) {
        // `::` and `::1` are addresses of their own.
        (0, 0, 0, 0, 0, 0) if g == 0 && h < 2 => None,
        // Mapped, compatible, and the translated form of SIIT.
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0, 0, 0, 0, 0xffff, 0) => Some(pair(g, h)),
        (0x64, 0xff9b, 0, 0, 0, 0) | (0x64, 0xff9b, 1, _, _, _) => Some(pair(g, h)),
        (0x2002, high, low, ..) => Some(pair(high, low)),
        (0x2001, 0, ..) => Some(pair(!g, !h)),
        (_, _, _, _, 0 | 0x200, 0x5efe) => Some(pair(g, h)),
        _ => None,
    }
}

/// Where a host leads besides: its own machine for "any address", the address within a name that a public service resolves.
pub(super) fn aliases(host: &Host) -> Vec<IpAddr> {
    match host {
        Host::Address(IpAddr::V4(four)) if four.octets().first() == Some(&0) => {
            vec![Ipv4Addr::LOCALHOST.into()]
        }
        Host::Address(IpAddr::V6(six)) if six.is_unspecified() => vec![Ipv6Addr::LOCALHOST.into()],
        Host::Address(IpAddr::V4(_)) => Vec::new(),
        Host::Address(IpAddr::V6(six)) => four(*six).map(IpAddr::V4).into_iter().collect(),
        Host::Name(name) => named(name),
    }
}

/// True for a name below one of the services that resolve to whatever the name says, or to the asker's own machine.
pub(super) fn is_rebinding(name: &str) -> bool {
    ECHOING.iter().chain(LOOPING).any(|zone| below(name, zone).is_some())
}

fn named(name: &str) -> Vec<IpAddr> {
    if LOOPING.iter().any(|zone| below(name, zone).is_some()) {
        return vec![Ipv4Addr::LOCALHOST.into()];
    }
    let Some(front) = ECHOING.iter().find_map(|zone| below(name, zone)) else { return Vec::new() };
    let mut out: Vec<IpAddr> = Vec::new();
    let labels: Vec<&str> = front.split('.').collect();
    out.extend(labels.windows(4).filter_map(|four| four.join(".").parse::<Ipv4Addr>().ok()).map(IpAddr::V4));
    for label in labels {
        let parts: Vec<&str> = label.split('-').collect();
        out.extend(
            parts.windows(4).filter_map(|four| four.join(".").parse::<Ipv4Addr>().ok()).map(IpAddr::V4),
        );
        out.extend(parts.iter().filter_map(|part| hexadecimal(part)).map(IpAddr::V4));
        out.extend(label.replace('-', ":").parse::<Ipv6Addr>().ok().map(IpAddr::V6));
    }
    out
}

fn hexadecimal(part: &str) -> Option<Ipv4Addr> {
    let eight = part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if eight { u32::from_str_radix(part, 16).ok().map(Ipv4Addr::from) } else { None }
}

/// What stands before `zone`, when `name` is the zone itself (then nothing) or below it.
fn below<'n>(name: &'n str, zone: &str) -> Option<&'n str> {
    match name.strip_suffix(zone)? {
        "" => Some(""),
        front => front.strip_suffix('.'),
    }
}

/// They answer with the address that the name spells, or with several in turn.
const ECHOING: &[&str] = &[
    "nip.io",
    "sslip.io",
    "xip.io",
    "traefik.me",
    "rbndr.us",
    "1u.ms",
    "ipq.co",
    "backname.io",
    "local-ip.co",
    "local-ip.sh",
];
/// They answer with the loopback address.
const LOOPING: &[&str] = &[
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "localho.st",
    "fuf.me",
    "readme.localtest.me",
    "yoogle.com",
    "spoofed.burpcollaborator.net",
    "127-0-0-1.org.uk",
];
