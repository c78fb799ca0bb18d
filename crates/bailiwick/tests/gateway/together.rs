//! Several servers behind one path: names, lists, sessions of both eras, and one that is dead or slow.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Text, Upstream, ask};
use bailiwick_testkit::patience::PATIENCE;
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, call, post, said, server, session};

const POLICY: &str = "version: 1\nname: p\ndefault: deny\nrules:\n  - { id: reads, effect: allow, on: ['one/read', 'two/read'] }\n  - { id: not-two, effect: deny, on: ['two/read'], args: { path: { glob: ['secret*'] } } }\n";

/// A gateway that serves the upstreams at these URLs as one.
fn together(place: &Workplace, urls: &[(&str, String)], more: &str) -> Gateway {
    place.file("p.yaml", POLICY);
    let upstreams: String =
        urls.iter().map(|(name, url)| format!("  {name}: {{ url: '{url}'{more} }}\n")).collect();
    let names: Vec<&str> = urls.iter().map(|(name, _)| *name).collect();
    let text = format!(
        "version: 1\naudit: audit.jsonl\npolicy: p.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams:\n{upstreams}routes: [{{ path: /mcp, upstreams: [{}] }}]\n",
        names.join(", ")
    );
    Gateway::configured(BUILT, place, &text, [])
}

fn of(server: &str, mut call: Value) -> Value {
    call["params"]["name"] = json!(format!("{server}__read"));
    call
}

fn tools(address: SocketAddr, session: &str) -> (Vec<String>, Value) {
    let list = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/list"});
    let answer = ask(address, post("/mcp", session, &list)).json();
    let names = answer["result"]["tools"].as_array().cloned().unwrap_or_default();
    let names = names.iter().filter_map(|tool| Some(tool["name"].as_str()?.to_owned())).collect();
    (names, answer["result"]["_meta"].clone())
}

#[test]
fn each_call_goes_to_its_server_under_its_policy() {
    let (place, one, two) = (Workplace::new(), server("one"), server("two"));
    let gateway = together(&place, &[("one", one.url()), ("two", two.url())], "");
    let address = gateway.address;
    let session = session(address, "/mcp");
    assert_eq!(tools(address, &session), (vec!["one__read".to_owned(), "two__read".to_owned()], Value::Null));
    assert_eq!(said(&ask(address, post("/mcp", &session, &of("one", call(1, "secret"))))), "one \"secret\" ");
    assert_eq!(said(&ask(address, post("/mcp", &session, &of("two", call(2, "x"))))), "two \"x\" ");
    let denied = said(&ask(address, post("/mcp", &session, &of("two", call(3, "secret")))));
    assert!(denied.contains("not-two"), "{denied}");
    assert_eq!(said(&ask(address, post("/mcp", &session, &call(4, "x")))), "no server has `read`");
    for (upstream, calls) in [(&one, 1), (&two, 1)] {
        assert_eq!(upstream.seen().iter().filter(|text| text.text().contains("tools/call")).count(), calls);
    }
    assert_eq!(
        ask(address, post("/mcp", "Mcp-Session-Id: nobodys\r\n", &of("one", call(5, "x")))).status(),
        404
    );
    let audit = std::fs::read_to_string(place.at("audit.jsonl")).expect("a log");
    for words in ["\"server\":\"one\"", "\"server\":\"two\"", "not-two", "\"kind\":\"unknown\""] {
        assert!(audit.contains(words), "{words}: {audit}");
    }
}

#[test]
fn a_message_of_the_modern_era_is_compared_with_its_headers_before_names_change() {
    let (place, one, two) = (Workplace::new(), server("one"), server("two"));
    let gateway = together(&place, &[("one", one.url()), ("two", two.url())], "");
    let mut message = of("two", call(1, "x"));
    message["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}});
    let headers = |name: &str| {
        format!("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {name}\r\n")
    };
    assert_eq!(said(&ask(gateway.address, post("/mcp", &headers("two__read"), &message))), "two \"x\" ");
    let last = two.seen().into_iter().rev().find(|text| text.text().contains("tools/call")).expect("a call");
    assert_eq!(last.header("mcp-name"), Some("read"));
    let refused = ask(gateway.address, post("/mcp", &headers("one__read"), &message));
    assert_eq!((refused.status(), refused.json()["error"]["code"].as_i64()), (400, Some(-32020)));
}

#[test]
fn a_dead_server_is_missing_alone_and_that_is_said() {
    let (place, one) = (Workplace::new(), server("one"));
    let gateway = together(&place, &[("one", one.url()), ("two", "http://127.0.0.1:9/mcp".to_owned())], "");
    let address = gateway.address;
    let session = session(address, "/mcp");
    let (names, meta) = tools(address, &session);
    assert_eq!(names, ["one__read"]);
    assert!(meta["bailiwick/unavailable"][0].as_str().is_some_and(|why| why.starts_with("two: ")), "{meta}");
    assert_eq!(said(&ask(address, post("/mcp", &session, &of("one", call(1, "x"))))), "one \"x\" ");
    let dead = ask(address, post("/mcp", &session, &of("two", call(2, "x"))));
    assert_eq!((dead.status(), dead.json()["id"].as_i64()), (502, Some(2)), "{}", dead.text());
    // After some failures it is left alone for a while.
    let rested = (0..3).any(|id| {
        said(&ask(address, post("/mcp", &session, &of("two", call(id, "x"))))).contains("asked again in")
    });
    assert!(rested);
}

#[test]
fn a_limit_of_the_gateways_own_is_no_failure_of_a_server() {
    let (place, one, two) = (Workplace::new(), server("one"), server("two"));
    let urls = [("one", one.url()), ("two", two.url())];
    let gateway = together(&place, &urls, ", sessions: 1, run-by: 'header:X-Agent-Run'");
    let ask_as = |run: &str| {
        let mut message = of("one", call(1, "x"));
        message["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}});
        let headers = format!(
            "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: one__read\r\nX-Agent-Run: {run}\r\n"
        );
        ask(gateway.address, post("/mcp", &headers, &message))
    };
    assert_eq!(said(&ask_as("known")), "one \"x\" ");
    for run in 0..6 {
        assert_eq!(ask_as(&run.to_string()).status(), 503, "there is room for one run");
    }
    assert_eq!(said(&ask_as("known")), "one \"x\" ", "the server is well, and is asked");
}

#[test]
fn a_slow_server_holds_up_nobody_for_longer_than_its_time() {
    let slow = Upstream::start(|_: &Text, _: &mut TcpStream| {
        std::thread::sleep(Duration::from_secs(600));
        false
    });
    let (place, one) = (Workplace::new(), server("one"));
    let gateway = together(&place, &[("one", one.url()), ("two", slow.url())], ", answer-timeout: 4s");
    let begun = Instant::now();
    let session = session(gateway.address, "/mcp");
    assert_eq!(tools(gateway.address, &session).0, ["one__read"]);
    assert!(begun.elapsed() < PATIENCE, "{:?}, not after the 300 s that are the default", begun.elapsed());
}
