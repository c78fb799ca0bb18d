//! The admin listener: whether the gateway is alive and ready, what it did, and how many may ask.

use std::net::SocketAddr;
use std::sync::Arc;

use bailiwick_testkit::http::{Connection, ask, post};
use bailiwick_testkit::patience::{Latch, comes};
use bailiwick_testkit::process::Signal;

use crate::{INITIALIZE, Place, held, modern};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A gateway whose server answers `slow` when the latch is opened, and the address of its admin listener.
fn with_admin() -> (Place, SocketAddr, Arc<Latch>) {
    let latch = Arc::default();
    let place = Place::with(held(&latch), &["--admin", "127.0.0.1:0", "--grace", "60"]);
    let admin = place.gateway.address_of("admin at");
    (place, admin, latch)
}

#[test]
fn it_says_whether_the_gateway_is_alive_and_ready_and_what_it_did() {
    let (place, admin, latch) = with_admin();
    assert_eq!((ask(admin, get("/healthz")).status(), ask(admin, get("/readyz")).status()), (200, 200));
    assert_eq!((ask(admin, get("/mcp")).status(), ask(admin, post(INITIALIZE, "")).status()), (404, 404));
    let rebound = "GET /metrics HTTP/1.1\r\nHost: evil.example:9090\r\n\r\n".to_owned();
    assert_eq!(ask(admin, rebound).status(), 403, "a page of another site asks through its own name");
    let session = place.session();
    assert_eq!(ask(place.address(), get("/healthz")).status(), 404, "clients are told nothing");
    let metrics = ask(admin, get("/metrics")).text();
    for line in
        ["bailiwick_sessions 1", "bailiwick_http_requests_total{method=\"POST\",status=\"200\"} 1", "# EOF"]
    {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert!(!metrics.contains(&session), "{metrics}");
    // While it ends it is alive, and not ready.
    let mut slow = Connection::open(place.address());
    slow.send(modern(1, "slow"));
    assert!(place.upstream.hears("\"slow\""));
    place.gateway.signal(Signal::TERM);
    assert!(comes(|| ask(admin, get("/readyz")).status() == 503));
    assert_eq!(ask(admin, get("/healthz")).status(), 200);
    latch.open();
    assert_eq!(slow.answer().json()["result"]["content"][0]["text"], "slow");
}

/// How often everybody else is answered before what waits is taken to wait.
const ROUNDS: usize = 8;

#[test]
fn more_connections_to_it_than_the_limit_wait() {
    let (_place, admin, _) = with_admin();
    let mut kept: Vec<Connection> = (0..64).map(|_| Connection::open(admin)).collect();
    let all_are_answered = |kept: &mut [Connection]| {
        for connection in kept {
            connection.send(get("/healthz"));
            assert_eq!(connection.answer().status(), 200);
        }
    };
    all_are_answered(&mut kept);
    let mut waits = Connection::open(admin);
    waits.send(get("/healthz"));
    // The thread that would answer it answers all the others meanwhile, again and again.
    for _ in 0..ROUNDS {
        all_are_answered(&mut kept);
        assert!(waits.is_silent());
    }
    kept.pop();
    assert_eq!(waits.answer().status(), 200);
}
