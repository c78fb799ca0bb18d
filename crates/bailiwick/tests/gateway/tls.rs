//! TLS on both sides: one gateway before another, with certificates made for the test.

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::ask;
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, READS, call, post, said, server, session};

struct Certificates {
    chain: String,
    key: String,
}

fn certificates(name: &str) -> Certificates {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    Certificates { chain: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

/// A gateway that speaks TLS for `name`, before `url`.
fn inner(place: &Workplace, name: &str, url: &str) -> Gateway {
    let made = certificates(name);
    place.file("cert.pem", &made.chain);
    place.file("key.pem", &made.key);
    place.file("reads.yaml", READS);
    let text = format!(
        "version: 1\nadmin: '127.0.0.1:0'\npolicy: reads.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0', tls: {{ certificate: cert.pem, key: key.pem }} }} }}\nupstreams: {{ one: {{ url: '{url}' }} }}\nroutes: [{{ path: /mcp, upstream: one }}]\n"
    );
    Gateway::configured(BUILT, place, &text, [])
}

fn outer(place: &Workplace, port: u16, ca: &str) -> Gateway {
    place.file("reads.yaml", READS);
    let text = format!(
        "version: 1\npolicy: reads.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams: {{ one: {{ url: 'https://localhost:{port}/mcp', ca: '{ca}' }} }}\nroutes: [{{ path: /mcp, upstream: one }}]\n"
    );
    Gateway::configured(BUILT, place, &text, [])
}

#[test]
fn a_call_goes_over_tls_to_a_server_that_proves_itself() {
    let (inside, outside, one) = (Workplace::new(), Workplace::new(), server("one"));
    let inner = inner(&inside, "localhost", &one.url());
    let outer = outer(&outside, inner.address.port(), &inside.at("cert.pem"));
    let session = session(outer.address, "/mcp");
    assert_eq!(said(&ask(outer.address, post("/mcp", &session, &call(1, "x")))), "one \"x\" ");
    // Longer than goes over HTTP/2 at once.
    let long = "x".repeat(300_000);
    assert_eq!(
        said(&ask(outer.address, post("/mcp", &session, &call(2, &long)))),
        format!("one \"{long}\" ")
    );
    let admin = inner.address_of("admin at");
    let metrics = ask(admin, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").text();
    let spoken: Vec<&str> = metrics.lines().filter(|line| line.contains("accepted_total{")).collect();
    assert!(spoken.iter().all(|line| line.contains(r#"{protocol="http/2",tls="yes"}"#)), "{spoken:?}");
    assert_eq!(spoken.len(), 1);
}

#[test]
fn a_server_with_another_name_or_an_unknown_certificate_is_not_believed() {
    let (inside, outside, one) = (Workplace::new(), Workplace::new(), server("one"));
    let inner = inner(&inside, "elsewhere.example", &one.url());
    let stranger = outside.file("other.pem", &certificates("localhost").chain).display().to_string();
    for ca in [inside.at("cert.pem"), stranger] {
        let outer = outer(&outside, inner.address.port(), &ca);
        let hello = bailiwick_testkit::serde_json::json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
            {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}});
        let answer = ask(outer.address, post("/mcp", "", &hello));
        assert_eq!((answer.status(), said(&answer)), (502, "the server cannot be reached".to_owned()));
    }
    assert_eq!(one.seen().len(), 0);
}
