//! Named classes of hosts, after the registries of IANA for special addresses (RFC 6890) and names (RFC 6761).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Host, embedded, name};

/// A named class of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// None of the others.
    Public,
    /// Networks of one's own, shared carrier networks, and names that only those resolve.
    Private,
    Loopback,
    LinkLocal,
    /// Where clouds hand out credentials to whoever asks from a machine of theirs.
    Metadata,
    Multicast,
    Unspecified,
    /// For documentation, tests, protocols, or nothing yet.
    Reserved,
    /// Names of public services that resolve to whatever address the name says.
    Rebinding,
    /// Names that look like others: mixed scripts, or letters that pass for Latin ones.
    Confusable,
}

/// Every class with its word, without the `@`.
pub(super) const CLASSES: [(&str, Class); 10] = [
    ("public", Class::Public),
    ("private", Class::Private),
    ("loopback", Class::Loopback),
    ("link-local", Class::LinkLocal),
    ("metadata", Class::Metadata),
    ("multicast", Class::Multicast),
    ("unspecified", Class::Unspecified),
    ("reserved", Class::Reserved),
    ("rebinding", Class::Rebinding),
    ("confusable", Class::Confusable),
];

impl Class {
    /// The word of the language, without the `@`.
    #[must_use]
    pub fn word(self) -> &'static str {
        CLASSES.iter().find(|(_, class)| *class == self).map_or("", |(word, _)| word)
    }

    /// True if `host` belongs to the class. A tunnel belongs where the address within it does, too.
    #[must_use]
    pub fn contains(self, host: &Host) -> bool {
        if self == Class::Public {
            return CLASSES.iter().all(|(_, class)| *class == Class::Public || !class.contains(host));
        }
        match host {
            Host::Name(name) => self.has_name(name),
            Host::Address(IpAddr::V4(four)) => self.has_four(*four),
            Host::Address(IpAddr::V6(six)) => {
                self.has_six(*six) || embedded::four(*six).is_some_and(|four| self.has_four(four))
            }
        }
    }

    /// True if a name that looks like this belongs to the class for its look alone.
    pub(super) fn looks(self, look: &str) -> bool {
        match self {
            Class::Confusable => look.is_ascii(),
            Class::Metadata => METADATA_NAMES.iter().any(|name| name::skeleton_of(name) == look),
            Class::Public
            | Class::Private
            | Class::Loopback
            | Class::LinkLocal
            | Class::Multicast
            | Class::Unspecified
            | Class::Reserved
            | Class::Rebinding => false,
        }
    }

    fn has_four(self, four: Ipv4Addr) -> bool {
        let within = |ranges: &[(u32, u32)]| {
            ranges
                .iter()
                .any(|(network, bits)| same_bits(u32::from(four).into(), (*network).into(), 32, *bits))
        };
        match self {
            Class::Private => within(&[
                (0x0a00_0000, 8),
                (0xac10_0000, 12),
                (0xc0a8_0000, 16),
                // Carrier-grade NAT (RFC 6598); overlay networks use it too.
                (0x6440_0000, 10),
            ]),
            Class::Loopback => within(&[(0x7f00_0000, 8)]),
            Class::LinkLocal => within(&[(0xa9fe_0000, 16)]),
            Class::Metadata => METADATA_FOUR.contains(&four.octets()),
            Class::Multicast => within(&[(0xe000_0000, 4)]),
            Class::Unspecified => within(&[(0, 8)]),
            Class::Reserved => within(&[
                (0xc000_0000, 24),
                (0xc000_0200, 24),
                (0xc058_6300, 24),
                (0xc612_0000, 15),
                (0xc633_6400, 24),
                (0xcb00_7100, 24),
                (0xf000_0000, 4),
            ]),
            Class::Public | Class::Rebinding | Class::Confusable => false,
        }
    }

    fn has_six(self, six: Ipv6Addr) -> bool {
        let within = |ranges: &[(u128, u32)]| {
            ranges.iter().any(|(top, bits)| same_bits(six.into(), top << 96, 128, *bits))
        };
        match self {
            // Unique local, and the site-local addresses before them.
            Class::Private => within(&[(0xfc00_0000, 7), (0xfec0_0000, 10)]),
            Class::Loopback => six.is_loopback(),
            Class::LinkLocal => within(&[(0xfe80_0000, 10)]),
            Class::Metadata => METADATA_SIX.contains(&six.segments()),
            Class::Multicast => within(&[(0xff00_0000, 8)]),
            Class::Unspecified => six.is_unspecified(),
            // Documentation (two ranges), discard, benchmarks, ORCHID.
            Class::Reserved => {
                within(&[(0x2001_0db8, 32), (0x3fff_0000, 20), (0x2001_0020, 28)])
                    || matches!(six.segments(), [0x100, 0, 0, 0, ..] | [0x2001, 2, 0, ..])
            }
            Class::Public | Class::Rebinding | Class::Confusable => false,
        }
    }

    fn has_name(self, host: &str) -> bool {
        let one_of = |zones: &[&str]| {
            zones.iter().any(|zone| {
                host.strip_suffix(zone).is_some_and(|front| front.is_empty() || front.ends_with('.'))
            })
        };
        match self {
            Class::Loopback => {
                one_of(&["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"])
            }
            Class::Metadata => one_of(METADATA_NAMES),
            // A name without a dot is looked up in the network's own search domains.
            Class::Private => {
                let word =
                    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
                one_of(PRIVATE_ZONES) || (word && !Class::Loopback.has_name(host))
            }
            Class::Reserved => one_of(&["test", "invalid", "example", "onion", "alt"]),
            Class::Rebinding => embedded::is_rebinding(host),
            Class::Confusable => name::is_confusable(host),
            Class::Public | Class::LinkLocal | Class::Multicast | Class::Unspecified => false,
        }
    }
}

/// True if the first `bits` of two addresses of `width` bits agree.
pub(super) fn same_bits(one: u128, other: u128, width: u32, bits: u32) -> bool {
    (one ^ other).checked_shr(width.saturating_sub(bits)).is_none_or(|rest| rest == 0)
}

/// Credential services of clouds: AWS (instances, containers, pods), Google, Azure, Oracle, Alibaba, Tencent, Scaleway.
const METADATA_FOUR: [[u8; 4]; 8] = [
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [169, 254, 170, 23],
    [169, 254, 0, 23],
    [169, 254, 42, 42],
    [168, 63, 129, 16],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
];
const METADATA_SIX: [[u16; 8]; 4] = [
    [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
    [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
    [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254],
    [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42],
];
const METADATA_NAMES: &[&str] = &[
    "metadata.google.internal",
    "metadata.goog",
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.azure.internal",
    "rancher-metadata",
];
/// Zones that public resolvers do not answer for.
const PRIVATE_ZONES: &[&str] = &[
    "internal",
    "local",
    "localdomain",
    "lan",
    "home.arpa",
    "home",
    "corp",
    "intranet",
    "private",
    "svc",
    "consul",
    "10.in-addr.arpa",
];
