//! The gateway between a client and an upstream that a test writes byte for byte: decisions, sessions, events, faults.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

#[path = "gateway/admin.rs"]
mod admin;
#[path = "gateway/events.rs"]
mod events;
#[path = "gateway/faults.rs"]
mod faults;
#[path = "gateway/heads.rs"]
mod heads;
#[path = "gateway/limits.rs"]
mod limits;
#[path = "gateway/runs.rs"]
mod runs;
#[path = "gateway/sessions.rs"]
mod sessions;
#[path = "gateway/traced.rs"]
mod traced;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use bailiwick_testkit::audit;
use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Text, Upstream, ask, post, reply, reply_json};
use bailiwick_testkit::patience::Latch;
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// A policy that allows `read` and asks nobody, and denies what it does not name.
const POLICY: &str = "
version: 1
name: p
default: deny
rules:
  - { id: reads, effect: allow, on: ['*/read'] }
  - { id: no-keys, effect: deny, on: ['*/*'], args: { '**': { path: ['~/.ssh/**'] } }, reason: 'keys stay here' }
limits:
  - { id: few, on: ['*/read'], max: 5, per: principal }
";

struct Place {
    place: Workplace,
    upstream: Upstream,
    gateway: Gateway,
}

impl Place {
    /// A gateway under [`POLICY`] in front of an upstream.
    fn new(answer: impl Fn(&Text, &mut TcpStream) -> bool + Send + Sync + 'static) -> Place {
        Place::with(answer, &[])
    }

    fn with(answer: impl Fn(&Text, &mut TcpStream) -> bool + Send + Sync + 'static, flags: &[&str]) -> Place {
        let place = Workplace::new();
        let upstream = Upstream::start(answer);
        let policy = place.file("policy.yaml", POLICY).display().to_string();
        let audit = place.at("audit.jsonl");
        let own = ["--policy", &policy, "--audit", &audit, "--server", "s"];
        let gateway =
            Gateway::start(BUILT, &place, &upstream.url(), own.into_iter().chain(flags.iter().copied()));
        Place { place, upstream, gateway }
    }

    fn address(&self) -> SocketAddr {
        self.gateway.address
    }

    /// Ends the gateway; its folder remains.
    fn place_of_the_end(mut self) -> Workplace {
        assert_eq!(self.gateway.stop(), Some(0));
        self.place
    }

    /// Begins a session; its id.
    fn session(&self) -> String {
        let answer = ask(self.address(), post(INITIALIZE, ""));
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.header("mcp-session-id").expect("a session").to_owned()
    }

    /// One message in a session.
    fn say(&self, session: &str, message: &Value) -> Text {
        ask(self.address(), post(&message.to_string(), &format!("Mcp-Session-Id: {session}\r\n")))
    }

    /// What the upstream was sent, without its handshake.
    fn calls(&self) -> Vec<Value> {
        let bodies = self.upstream.seen().into_iter().filter(|text| !text.body.is_empty());
        bodies.map(|text| text.json()).filter(|message| message["method"] == "tools/call").collect()
    }

    /// The records of the audit log, written by now or soon.
    fn records(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        audit::records(self.place.at("audit.jsonl"), enough)
    }

    /// Every call that went on has exactly one outcome in the audit log; how many there are.
    fn outcomes(&self) -> usize {
        audit::every_call_has_an_outcome(self.place.at("audit.jsonl"))
    }
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

fn call(id: i64, path: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "read", "arguments": {"path": path}}})
}

/// The same call in 2026-07-28, and the headers that go with it.
fn modern(id: i64, path: &str) -> String {
    let mut message = call(id, path);
    message["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    post(&message.to_string(), MODERN)
}

const MODERN: &str = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: read\r\n";

/// An upstream that knows the tool `read` and answers in JSON; sessions are called `theirs`.
fn plain(request: &Text, stream: &mut TcpStream) -> bool {
    if request.body.is_empty() {
        return reply(stream, "405 Method Not Allowed", "", "");
    }
    let message = request.json();
    match answer_to(&message) {
        Some(answer) if message["method"] == "initialize" => reply(
            stream,
            "200 OK",
            "Content-Type: application/json\r\nMcp-Session-Id: theirs\r\n",
            &answer.to_string(),
        ),
        Some(answer) => reply_json(stream, &answer.to_string()),
        None => reply(stream, "202 Accepted", "", ""),
    }
}

/// The same, but that what it is asked about `slow` waits for the latch.
fn held(latch: &Arc<Latch>) -> impl Fn(&Text, &mut TcpStream) -> bool + Send + Sync + use<> {
    let latch = Arc::clone(latch);
    move |request, stream| {
        if request.text().contains("\"slow\"") {
            latch.pass();
        }
        plain(request, stream)
    }
}

fn answer_to(message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let result = match message["method"].as_str()? {
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "u", "version": "1"}}),
        "tools/list" => json!({"tools": [{"name": "read", "inputSchema": {"type": "object"}},
            {"name": "write", "inputSchema": {"type": "object"}}]}),
        "tools/call" => {
            json!({"content": [{"type": "text", "text": message["params"]["arguments"]["path"]}]})
        }
        _ => json!({}),
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

#[test]
fn an_allowed_call_goes_on_as_its_bytes_and_a_denied_one_does_not() {
    let place = Place::new(plain);
    let session = place.session();
    let allowed = place.say(&session, &call(1, "a.txt"));
    assert_eq!(allowed.json()["result"]["content"][0]["text"], "a.txt");
    let denied = place.say(&session, &call(2, "/root/.ssh/id_rsa"));
    assert_eq!(denied.status(), 200, "policy does not speak in statuses");
    let result = &denied.json()["result"];
    assert_eq!(result["isError"], true);
    assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains("no-keys")), "{result}");
    assert_eq!(place.calls(), [call(1, "a.txt")]);
    let records =
        place.records(|records| records.iter().filter(|r| r["method"] == "tools/call").count() >= 3);
    let effects: Vec<_> =
        records.iter().filter(|r| r["method"] == "tools/call").map(|r| &r["effect"]).collect();
    assert_eq!(effects, ["forwarded", "forwarded", "refused"], "{records:?}");
}

#[test]
fn a_tool_that_no_arguments_could_allow_is_not_there() {
    let place = Place::new(plain);
    let session = place.session();
    let listed = place.say(&session, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).json();
    assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(1), "{listed}");
    let mut hidden = call(2, "a");
    hidden["params"]["name"] = json!("write");
    assert_eq!(place.say(&session, &hidden).json()["error"]["message"], "Unknown tool: write");
    assert_eq!(place.calls(), [] as [Value; 0]);
}

#[test]
fn a_message_of_the_modern_era_needs_no_session_and_shares_none_of_its_ids() {
    let place = Place::new(plain);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let address = place.address();
        let ask = |path: &'static str| scope.spawn(move || ask(address, modern(1, path)).json());
        let asked: Vec<_> = ["a", "b", "c", "d"].into_iter().map(ask).collect();
        asked.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    let texts: Vec<_> = answers.iter().map(|answer| &answer["result"]["content"][0]["text"]).collect();
    assert_eq!(texts, ["a", "b", "c", "d"]);
    let listed = place.upstream.seen().iter().filter(|text| text.json()["method"] == "tools/list").count();
    assert_eq!(listed, 1, "the list before the first call is fetched once for all");
    let denied = ask(place.address(), modern(1, "~/.ssh/id")).json();
    assert_eq!(denied["result"]["resultType"], "complete", "{denied}");
    assert_eq!(denied["result"]["isError"], true);
}

#[test]
fn a_limit_of_the_principal_holds_over_sessions_and_eras() {
    let place = Place::new(plain);
    let mut passed = 0;
    for turn in 0..4 {
        let session = place.session();
        passed += usize::from(place.say(&session, &call(turn, "a")).json()["result"]["isError"].is_null());
        passed += usize::from(ask(place.address(), modern(turn, "a")).json()["result"]["isError"].is_null());
    }
    assert_eq!(passed, 5);
}
