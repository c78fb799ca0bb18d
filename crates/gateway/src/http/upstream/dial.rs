//! Dialling: names are resolved here, and what they resolve to is looked at before anything is sent there.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec::IntoIter;

use bailiwick_semantic::{Class, Host};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::Target;

pub(super) type Connector = HttpsConnector<Dialer>;

#[cfg(not(test))]
type Dialer = HttpConnector<Resolver>;
/// What it connects, without TLS.
#[cfg(not(test))]
pub(super) type Wire = tokio::net::TcpStream;
/// Tests of this crate dial in memory; those of the binary dial sockets.
#[cfg(test)]
type Dialer = crate::http::simulated::Dialer;
#[cfg(test)]
pub(super) type Wire = crate::http::simulated::Pipe;

/// An address that the operator wrote is used as it is; a name may not lead to where no server
/// of anybody is meant to be: link-local addresses, on which clouds give out credentials, the other addresses of such services,
/// and those of groups or nobody.
pub(super) fn connector(target: &Target, connect_time: Duration) -> Connector {
    #[cfg(not(test))]
    let dialer = dialer(connect_time);
    #[cfg(test)]
    let dialer = {
        let _ = dialer(connect_time);
        crate::http::simulated::Dialer
    };
    let builder = HttpsConnectorBuilder::new().with_tls_config(target.roots.config());
    let builder = match target.uri.scheme_str() {
        Some("https") => builder.https_only(),
        Some(_) | None => builder.https_or_http(),
    };
    builder.enable_http1().enable_http2().wrap_connector(dialer)
}

fn dialer(connect_time: Duration) -> HttpConnector<Resolver> {
    let mut connector = HttpConnector::new_with_resolver(Resolver);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(connect_time));
    connector.set_keepalive(Some(KEEPALIVE));
    // The scheme is looked at by what stands around it.
    connector.enforce_http(false);
    connector
}

/// When a silent connection is probed, so that a peer that vanished is noticed.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The system's resolver, and a look at what it says.
#[derive(Debug, Clone)]
pub(crate) struct Resolver;

type Resolving = Pin<Box<dyn Future<Output = io::Result<IntoIter<SocketAddr>>> + Send>>;

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Resolving;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let safe: Vec<SocketAddr> = found.filter(|address| may_dial(address.ip())).collect();
            if safe.is_empty() {
                return Err(io::Error::other("the name leads to no address that may be dialled"));
            }
            Ok(safe.into_iter())
        })
    }
}

/// False for addresses that no name of an upstream should have, and for those that lead to one through a tunnel or a translator.
fn may_dial(address: IpAddr) -> bool {
    let is_one_of = |address: IpAddr, classes: &[Class]| {
        let host = Host::Address(address);
        classes.iter().any(|class| class.contains(&host))
    };
    match address.to_canonical() {
        IpAddr::V4(v4) => !v4.is_broadcast() && !is_one_of(v4.into(), &NEVER),
        IpAddr::V6(v6) => match translated(v6) {
            // Only one of them is meant, and the others may look like anything.
            Some(readings) => !readings.into_iter().any(|v4| is_one_of(v4.into(), &CREDENTIALS)),
            None => !is_one_of(v6.into(), &NEVER),
        },
    }
}

const NEVER: [Class; 4] = [Class::LinkLocal, Class::Metadata, Class::Multicast, Class::Unspecified];
/// Where clouds give out credentials.
const CREDENTIALS: [Class; 2] = [Class::LinkLocal, Class::Metadata];

/// What an address of a local NAT64 (`64:ff9b:1::/48`, RFC 8215) may stand for: its operator chooses how long the prefix is,
/// and that says where the IPv4 address lies (RFC 6052, section 2.2).
fn translated(v6: Ipv6Addr) -> Option<[Ipv4Addr; 4]> {
    let [0, 0x64, 0xff, 0x9b, 0, 1, a, b, _, c, d, e, f, g, h, i] = v6.octets() else { return None };
    // Prefixes of 48, 56, 64 and 96 bits.
    Some([[a, b, c, d].into(), [b, c, d, e].into(), [c, d, e, f].into(), [f, g, h, i].into()])
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;
    use std::net::TcpListener;
    use std::time::Duration;

    use tokio::time::timeout;
    use tower_service::Service as _;

    use super::{dialer, may_dial};

    /// More connections than wait for a listener that takes none: further ones get no answer.
    const CROWD: usize = 300;
    /// Less than the system itself waits for an answer.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn who_does_not_answer_in_time_cannot_be_reached() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        runtime.block_on(async {
            let mut dialer = dialer(Duration::from_millis(300));
            let mut crowd = Vec::new();
            let refused = loop {
                assert!(crowd.len() < CROWD, "everybody is let in");
                let dialled = dialer.call(format!("http://{address}/").parse().unwrap());
                match timeout(PATIENCE, dialled).await.expect("it gives up") {
                    Ok(connected) => crowd.push(connected),
                    Err(error) => break error,
                }
            };
            let cause = refused.source().and_then(|cause| cause.downcast_ref::<io::Error>());
            assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::TimedOut), "{refused}");
        });
    }

    #[test]
    fn names_that_lead_to_metadata_services_lead_nowhere() {
        for bad in [
            "169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
            // Metadata services at other addresses: Alibaba, Azure, Oracle, and over IPv6 AWS, Google, Scaleway.
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            // The same within IPv6: mapped, compatible, SIIT, 6to4, Teredo, NAT64.
            "::ffff:169.254.169.254",
            "::ffff:100.100.100.200",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001::5601:5601",
            "64:ff9b::169.254.169.254",
            "64:ff9b::a83f:8110",
            "64:ff9b::",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:abcd::100.100.100.200",
            // A NAT64 of one's own, with prefixes of 48, 56 and 64 bits.
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9:fe:a9fe::",
            "64:ff9b:1::a9:fea9:fe00:0",
        ] {
            assert!(!may_dial(bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn names_of_servers_lead_there_also_in_private_networks_and_through_tunnels() {
        for good in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "100.100.100.201",
            "168.63.129.17",
            "192.0.2.1",
            "::1",
            "2001:db8::1",
            "fd00::1",
            "fd00:ec2::253",
            "::ffff:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "64:ff9b::192.0.2.1",
            "64:ff9b:1::10.1.2.3",
            "64:ff9b:1:a01:2:300::",
            "2002:c000:201::1",
        ] {
            assert!(may_dial(good.parse().unwrap()), "{good}");
        }
    }
}
