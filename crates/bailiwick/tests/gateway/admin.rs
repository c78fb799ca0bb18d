//! The admin listener: whether the gateway is alive and ready, what it did, and how many may ask.

use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use bailiwick_testkit::http::{Connection, ask, post};
use bailiwick_testkit::process::Signal;

use crate::{INITIALIZE, Place, modern, plain};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

fn with_admin() -> (Place, SocketAddr) {
    let place = Place::with(
        |request, stream| {
            if request.text().contains("\"slow\"") {
                std::thread::sleep(Duration::from_secs(1));
            }
            plain(request, stream)
        },
        &["--admin", "127.0.0.1:0"],
    );
    let admin = place.gateway.address_of("admin at");
    (place, admin)
}

#[test]
fn it_says_whether_the_gateway_is_alive_and_ready_and_what_it_did() {
    let (place, admin) = with_admin();
    assert_eq!((ask(admin, get("/healthz")).status(), ask(admin, get("/readyz")).status()), (200, 200));
    assert_eq!((ask(admin, get("/mcp")).status(), ask(admin, post(INITIALIZE, "")).status()), (404, 404));
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
    while place.calls().is_empty() {
        std::thread::yield_now();
    }
    place.gateway.signal(Signal::TERM);
    while ask(admin, get("/readyz")).status() != 503 {
        std::thread::yield_now();
    }
    assert_eq!(ask(admin, get("/healthz")).status(), 200);
    assert_eq!(slow.answer().json()["result"]["content"][0]["text"], "slow");
}

#[test]
fn more_connections_to_it_than_the_limit_wait() {
    let (_place, admin) = with_admin();
    let mut kept: Vec<Connection> = (0..64).map(|_| Connection::open(admin)).collect();
    for connection in &mut kept {
        connection.send(get("/healthz"));
        assert_eq!(connection.answer().status(), 200);
    }
    let (sender, answered) = channel();
    std::thread::spawn(move || sender.send(ask(admin, get("/healthz")).status()));
    assert_eq!(answered.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    kept.pop();
    assert_eq!(answered.recv_timeout(Duration::from_secs(20)), Ok(200));
}
