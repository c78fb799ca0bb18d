//! Dialling: names are resolved here, and what they resolve to is looked at before anything is sent there.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec::IntoIter;

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
/// of anybody is meant to be: link-local addresses, on which clouds give out credentials, and those of groups or nobody.
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

/// False for addresses that no name of an upstream should have.
fn may_dial(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast())
        }
        IpAddr::V6(v6) => !(v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast()),
    }
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
        for bad in
            ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]
        {
            assert!(!may_dial(bad.parse().unwrap()), "{bad}");
        }
        for good in ["127.0.0.1", "10.1.2.3", "192.0.2.1", "::1", "2001:db8::1", "fd00::1"] {
            assert!(may_dial(good.parse().unwrap()), "{good}");
        }
    }
}
