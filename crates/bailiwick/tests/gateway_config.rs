//! A gateway from a file: several listeners, servers and routes, TLS on both sides, and reloads in mid-call.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

#[path = "gateway/approvals.rs"]
mod approvals;
#[path = "gateway/beside.rs"]
mod beside;
#[path = "gateway/legacy.rs"]
mod legacy;
#[path = "gateway/merged.rs"]
mod merged;
#[path = "gateway/pages.rs"]
mod pages;
#[path = "gateway/tls.rs"]
mod tls;
#[path = "gateway/together.rs"]
mod together;

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;

use bailiwick_testkit::audit::every_call_has_an_outcome;
use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Text, Upstream, ask, reply, reply_json};
use bailiwick_testkit::patience::{Latch, comes};
use bailiwick_testkit::process::Signal;
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");
const READS: &str =
    "version: 1\nname: reads\ndefault: deny\nrules:\n  - { id: reads, effect: allow, on: ['*/read'] }\n";
const NOTHING: &str = "version: 1\nname: nothing\ndefault: deny\nrules:\n  - { id: keys, effect: deny, on: ['*/read'], args: { path: { path: ['~/.ssh/**'] } } }\n  - { id: rest, effect: ask, on: ['*/read'] }\n";

/// A server that answers calls with `name` and their path.
fn server(name: &'static str) -> Upstream {
    held(name, Arc::default())
}

/// The same, but that the answer to a call of the path `slow` waits for the latch.
fn held(name: &'static str, latch: Arc<Latch>) -> Upstream {
    Upstream::start(move |request: &Text, stream: &mut TcpStream| {
        if request.text().contains("\"slow\"") {
            latch.pass();
        }
        answer(name, request, stream)
    })
}

fn answer(name: &str, request: &Text, stream: &mut TcpStream) -> bool {
    let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
        return reply(stream, "405 Method Not Allowed", "", "");
    };
    let Some(id) = message.get("id") else { return reply(stream, "202 Accepted", "", "") };
    let authorization = request.header("authorization").unwrap_or_default();
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": name, "version": "1"}}),
        "tools/list" => json!({"tools": [{"name": "read", "inputSchema": {"type": "object"}}]}),
        _ => json!({"content": [{"type": "text", "text":
            format!("{name} {} {authorization}", message["params"]["arguments"]["path"])}]}),
    };
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
    match message["method"] == "initialize" {
        true => {
            let headers = "Content-Type: application/json\r\nMcp-Session-Id: theirs\r\n";
            reply(stream, "200 OK", headers, &answer)
        }
        false => reply_json(stream, &answer),
    }
}

fn post(path: &str, session: &str, message: &Value) -> String {
    let body = message.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{session}\r\n{body}",
        body.len()
    )
}

/// Begins a session at `path`; the header that names it.
fn session(address: SocketAddr, path: &str) -> String {
    session_in(address, path, "2025-11-25")
}

fn session_in(address: SocketAddr, path: &str, version: &str) -> String {
    let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
        {"protocolVersion": version, "capabilities": {"elicitation": {}}, "clientInfo": {"name": "c", "version": "1"}}});
    let answer = ask(address, post(path, "", &initialize));
    format!("Mcp-Session-Id: {}\r\n", answer.header("mcp-session-id").expect("a session"))
}

fn call(id: i64, path: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params":
        {"name": "read", "arguments": {"path": path}}})
}

/// What a call says, or why it was refused. Who waited long for it may have it in a stream.
fn said(answer: &Text) -> String {
    let answer = answer.messages().pop().unwrap_or_default();
    let text = answer["result"]["content"][0]["text"].as_str().or(answer["error"]["message"].as_str());
    text.unwrap_or_default().to_owned()
}

#[test]
fn each_server_is_served_at_its_path_under_its_own_policy() {
    let (place, one, two) = (Workplace::new(), server("one"), server("two"));
    place.file("reads.yaml", READS);
    place.file("nothing.yaml", NOTHING);
    let text = format!(
        "version: 1\naudit: audit.jsonl\npolicy: reads.yaml\nlisteners:\n  a: {{ address: '127.0.0.1:0' }}\n  b: {{ address: '127.0.0.1:0' }}\n\
         upstreams:\n  one: {{ url: '{}' }}\n  two: {{ url: '{}', policy: [reads.yaml, nothing.yaml] }}\n\
         routes:\n  - {{ path: /one, upstream: one }}\n  - {{ path: /two, upstream: two, listeners: [b] }}\n",
        one.url(),
        two.url()
    );
    let gateway = Gateway::configured(BUILT, &place, &text, ["--ask", "never"]);
    let b = gateway.address_of("/two for two");
    for address in [gateway.address, b] {
        let session = session(address, "/one");
        assert_eq!(said(&ask(address, post("/one", &session, &call(1, "x")))), "one \"x\" ");
    }
    let other = session(b, "/two");
    assert!(said(&ask(b, post("/two", &other, &call(1, "x")))).contains("nobody is asked"), "of {other}");
    assert_eq!(ask(b, post("/one", &other, &call(1, "x"))).status(), 404, "a session is one service's");
    assert_eq!(ask(gateway.address, post("/two", "", &call(1, "x"))).status(), 404);
    let audit = std::fs::read_to_string(place.at("audit.jsonl")).expect("an audit log");
    assert!(audit.contains("\"server\":\"two\"") && audit.contains("\"server\":\"one\""), "{audit}");
}

#[test]
fn a_reload_in_mid_call_drops_nothing() {
    let latch = Arc::<Latch>::default();
    let (place, one, two) = (Workplace::new(), held("one", Arc::clone(&latch)), server("two"));
    place.file("reads.yaml", READS);
    place.file("token", "Bearer first");
    let text = |routes: &str| {
        format!(
            "version: 1\naudit: audit.jsonl\npolicy: reads.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams:\n  one: {{ url: '{}' }}\n  two: {{ url: '{}', headers: {{ Authorization: 'file:token' }} }}\nroutes:\n{routes}",
            one.url(),
            two.url()
        )
    };
    let both = "  - { path: /one, upstream: one }\n  - { path: /two, upstream: two }\n";
    let gateway = Gateway::configured(BUILT, &place, &text(both), []);
    let address = gateway.address;
    let (first, second) = (session(address, "/one"), session(address, "/two"));
    assert_eq!(said(&ask(address, post("/two", &second, &call(1, "x")))), "two \"x\" Bearer first");
    let mut slow = Connection::open(address);
    slow.send(post("/one", &first, &call(2, "slow")));
    assert!(one.hears("\"slow\""));
    // `one` goes, `two` moves to another path under another credential.
    let without = text("  - { path: /moved, upstream: two }\n")
        .replace(&format!("  one: {{ url: '{}' }}\n", one.url()), "");
    place.file("token", "Bearer second");
    place.file("gateway.yaml", &without);
    gateway.signal(Signal::HUP);
    assert!(gateway.says("loaded again"));
    latch.open();
    assert_eq!(said(&slow.answer()), "one \"slow\" ", "what was in hand is answered");
    assert_eq!(ask(address, post("/one", &first, &call(3, "x"))).status(), 404);
    assert_eq!(said(&ask(address, post("/moved", &second, &call(4, "x")))), "two \"x\" Bearer second");
    // A mistake changes nothing.
    place.file("gateway.yaml", &without.replace("upstream: two", "upstream: tow"));
    gateway.signal(Signal::HUP);
    assert!(gateway.says("nothing was loaded again"));
    assert!(gateway.says("did you mean `two`?"));
    assert_eq!(said(&ask(address, post("/moved", &second, &call(5, "x")))), "two \"x\" Bearer second");
    assert_eq!(every_call_has_an_outcome(place.at("audit.jsonl")), 4);
}

#[test]
fn a_listener_that_comes_and_one_that_goes_with_a_reload() {
    let (place, one) = (Workplace::new(), server("one"));
    place.file("reads.yaml", READS);
    let text = |listeners: &str| {
        format!(
            "version: 1\npolicy: reads.yaml\nlisteners:\n{listeners}upstreams: {{ one: {{ url: '{}' }} }}\nroutes: [{{ path: /mcp, upstream: one }}]\n",
            one.url()
        )
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let gateway = Gateway::configured(BUILT, &place, &text("  a: { address: '127.0.0.1:0' }\n"), []);
    let session = session(gateway.address, "/mcp");
    place.file("gateway.yaml", &text(&format!("  b: {{ address: '{free}' }}\n")));
    gateway.signal(Signal::HUP);
    assert!(gateway.says("loaded again"));
    assert_eq!(
        said(&ask(free, post("/mcp", &session, &call(1, "x")))),
        "one \"x\" ",
        "the session went along"
    );
    assert!(comes(|| TcpStream::connect(gateway.address).is_err()));
}

#[test]
fn every_mistake_in_the_file_is_reported_where_it_is() {
    let place = Workplace::new();
    let text = "version: 2\nlistener: {}\nlisteners:\n  A: { address: 0.0.0.0:80 }\nupstreams:\n  one: { url: 'ftp://x' }\n  two: { command: [x], headers: { Authorization: secret-words } }\n  three: { url: 'http://u:p@h/', run-by: 'cookie:x' }\nroutes:\n  - { path: mcp, upstream: for }\n  - { path: /x }\n";
    let file = place.file("gateway.yaml", text);
    let out = Command::new(bailiwick_testkit::route::binary(BUILT))
        .args(["gateway", "--check", "--config"])
        .arg(file)
        .env("BAILIWICK_STATE_DIR", place.at("state"))
        .output()
        .expect("it runs");
    let report = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(78), "{report}");
    for words in [
        "gateway.yaml:1:10",
        "did you mean `listeners`?",
        "`A` is no plain name",
        "can be reached by others",
        "no http or https URL",
        "has no headers",
        "is named, not written",
        "name or password",
        "`cookie` is no such place: write `header:NAME`",
        "`mcp` is no plain path",
        "unknown upstream `for`",
        "a route has no `upstream`",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(!report.contains("did you mean `secret"), "{report}");
}

#[test]
fn a_check_takes_no_address_and_says_what_would_be_served() {
    let place = Workplace::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let text = format!(
        "version: 1\nlisteners: {{ a: {{ address: '{address}' }} }}\nupstreams: {{ one: {{ command: [none] }} }}\nroutes: [{{ path: /mcp, upstream: one }}]\n"
    );
    let file = place.file("gateway.yaml", &text);
    let out = Command::new(bailiwick_testkit::route::binary(BUILT))
        .args(["gateway", "--check", "--config"])
        .arg(file)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(
        said.contains("one: standard") && said.contains(&format!("http://{address}/mcp for one")),
        "{said}"
    );
}

#[test]
fn a_command_behind_the_dashes_is_target_enough() {
    let words = ["gateway", "--check", "--listen", "127.0.0.1:0", "--policy", "standard"];
    for (more, code) in
        [(&["--", "notes"][..], 0), (&["--target", "http://127.0.0.1:9/", "--", "notes"], 2), (&[], 2)]
    {
        let mut command = Command::new(bailiwick_testkit::route::binary(BUILT));
        let out = command.args(words).args(more).output().expect("it runs");
        assert_eq!(out.status.code(), Some(code), "{more:?} {}", String::from_utf8_lossy(&out.stderr));
    }
}
