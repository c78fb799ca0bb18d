//! HTTP+SSE of 2024-11-05, towards clients and towards servers.

use std::sync::Arc;

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Upstream, ask, begin_events, chunk, reply};
use bailiwick_testkit::patience::{Latch, comes};
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, READS, call, post, said, server, session};

/// A gateway before `url`, with a path for old clients; `more` is about the upstream.
fn gateway(place: &Workplace, url: &str, more: &str) -> Gateway {
    gateway_under(place, url, more, "{}")
}

fn gateway_under(place: &Workplace, url: &str, more: &str, limits: &str) -> Gateway {
    place.file("reads.yaml", READS);
    let text = format!(
        "version: 1\nlimits: {limits}\naudit: audit.jsonl\npolicy: reads.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams: {{ one: {{ url: '{url}'{more} }} }}\nroutes: [{{ path: /mcp, sse: /sse, upstream: one }}]\n"
    );
    Gateway::configured(BUILT, place, &text, [])
}

const OPEN: &str = "GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";

/// The data of the next event of that kind.
fn event(stream: &mut Connection, kind: &str) -> String {
    loop {
        let chunk = stream.chunk().expect("an event");
        if chunk.contains(&format!("event: {kind}")) || kind == "message" && chunk.contains("data: {") {
            let data = chunk.lines().find_map(|line| line.strip_prefix("data: "));
            return data.expect("data").to_owned();
        }
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
        {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}})
}

#[test]
fn an_old_client_is_answered_on_its_stream_and_policy_holds() {
    let (place, one) = (Workplace::new(), server("one"));
    let gateway = gateway(&place, &one.url(), "");
    let mut stream = Connection::open(gateway.address);
    stream.send(OPEN);
    assert_eq!(stream.head().header("content-type"), Some("text/event-stream"));
    let messages = event(&mut stream, "endpoint");
    assert!(messages.starts_with("/sse/message?sessionId="), "{messages}");
    let mut say = |message: &Value| {
        assert_eq!(ask(gateway.address, post(&messages, "", message)).status(), 202);
        bailiwick_testkit::serde_json::from_str::<Value>(&event(&mut stream, "message")).expect("a message")
    };
    assert_eq!(say(&hello())["result"]["serverInfo"]["name"], "one");
    assert_eq!(say(&call(1, "x"))["result"]["content"][0]["text"], "one \"x\" ");
    let mut hidden = call(2, "x");
    hidden["params"]["name"] = json!("write");
    assert_eq!(say(&hidden)["error"]["message"], "Unknown tool: write");
    assert_eq!(ask(gateway.address, post("/sse/message?sessionId=nobodys", "", &call(3, "x"))).status(), 404);
    assert_eq!(ask(gateway.address, post("/sse", "", &call(3, "x"))).status(), 405);
    // A stream that is left ends its session.
    drop(stream);
    assert!(comes(|| ask(gateway.address, post(&messages, "", &call(4, "x"))).status() == 404));
}

#[test]
fn an_old_client_that_leaves_its_stream_unread_for_long_loses_what_is_on_its_way() {
    let (place, broke) = (Workplace::new(), Arc::<Latch>::default());
    let seen = Arc::clone(&broke);
    let one = Upstream::start(move |request, stream| {
        if !request.text().contains("\"flood\"") {
            return crate::answer("one", request, stream);
        }
        begin_events(stream);
        let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "y".repeat(60_000)}});
        while chunk(stream, &format!("data: {note}\n\n")) {}
        seen.open();
        false
    });
    let gateway = gateway_under(&place, &one.url(), "", "{ unread-timeout: 1s }");
    let mut stream = Connection::open(gateway.address);
    stream.send(OPEN);
    stream.head();
    let messages = event(&mut stream, "endpoint");
    let say = |message: &Value| ask(gateway.address, post(&messages, "", message)).status();
    for message in [hello(), call(1, "x")] {
        assert_eq!(say(&message), 202);
        event(&mut stream, "message");
    }
    assert_eq!(say(&call(2, "flood")), 202);
    broke.pass();
    let log = place.at("audit.jsonl");
    assert!(comes(|| bailiwick_testkit::audit::every_call_has_an_outcome(&log) == 2));
}

#[test]
fn an_old_server_is_spoken_to_by_its_stream() {
    let (inside, outside, one) = (Workplace::new(), Workplace::new(), server("one"));
    let inner = gateway(&inside, &one.url(), "");
    let outer = gateway(&outside, &format!("http://{}/sse", inner.address), ", transport: sse");
    for _ in 0..2 {
        let session = session(outer.address, "/mcp");
        assert_eq!(said(&ask(outer.address, post("/mcp", &session, &call(1, "x")))), "one \"x\" ");
        assert_eq!(said(&ask(outer.address, post("/mcp", &session, &call(2, "y")))), "one \"y\" ");
    }
    let calls = one.seen().iter().filter(|text| text.text().contains("tools/call")).count();
    assert_eq!(calls, 4);
}

#[test]
fn a_server_that_says_to_post_elsewhere_is_not_followed() {
    let (place, elsewhere) = (Workplace::new(), server("elsewhere"));
    let away = elsewhere.url();
    let old = Upstream::start(move |_, stream| {
        begin_events(stream);
        chunk(stream, &format!("event: endpoint\ndata: {away}\n\n"))
    });
    let gateway = gateway(&place, &old.url(), ", transport: sse");
    let answer = ask(gateway.address, post("/mcp", "", &hello()));
    assert_eq!(
        (answer.status(), said(&answer)),
        (502, "the server says to post to another origin".to_owned())
    );
    assert_eq!(elsewhere.seen().len(), 0);
}

#[test]
fn an_old_server_that_ends_its_stream_answers_its_call_with_an_error() {
    let place = Workplace::new();
    let posted = Latch::default();
    let old = Upstream::start(move |request, stream| match request.first.starts_with("GET") {
        true => {
            begin_events(stream);
            chunk(stream, "event: endpoint\ndata: /post\n\n");
            posted.pass();
            false
        }
        false => {
            posted.open();
            reply(stream, "202 Accepted", "", "")
        }
    });
    let gateway = gateway(&place, &old.url(), ", transport: sse");
    let answer = ask(gateway.address, post("/mcp", "", &hello()));
    assert!(said(&answer).contains("ended before it answered"), "{}", answer.text());
}

#[test]
fn more_streams_of_old_clients_than_sessions_are_503() {
    let (place, one) = (Workplace::new(), server("one"));
    let gateway = gateway(&place, &one.url(), ", sessions: 2");
    let open = || {
        let mut stream = Connection::open(gateway.address);
        stream.send(OPEN);
        let status = stream.head().status();
        (stream, status)
    };
    let kept = [open(), open()];
    assert_eq!(kept.each_ref().map(|(_, status)| *status), [200, 200]);
    assert_eq!(open().1, 503);
    drop(kept);
    assert!(comes(|| open().1 == 200));
}
