//! Several servers behind one path, over stdio and HTTP: tasks, subscriptions, and one stream that can be resumed.

use std::net::TcpStream;

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Text, Upstream, ask, begin_events, chunk, reply, reply_json};
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::tools;
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, post, session, session_in};

const MODERN: &str = "io.modelcontextprotocol/";

/// A server with tasks, one resource, and a stream of its own; `name` is in all that it says.
fn lively(name: &'static str) -> Upstream {
    Upstream::start(move |request: &Text, stream: &mut TcpStream| {
        if request.first.starts_with("GET") {
            let from: u32 = request.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0);
            begin_events(stream);
            let said = json!({"jsonrpc": "2.0", "method": "notifications/message",
                "params": {"level": "info", "data": format!("{name} after {from}")}});
            return chunk(stream, &format!("id: {}\ndata: {said}\n\n", from + 1));
        }
        let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
            return reply(stream, "202 Accepted", "", "");
        };
        let (id, params) = (&message["id"], &message["params"]);
        if id.is_null() {
            return reply(stream, "202 Accepted", "", "");
        }
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => {
                json!({"protocolVersion": params["protocolVersion"], "serverInfo": {"name": name, "version": "1"},
                "capabilities": {"tools": {}, "tasks": {"list": {}, "requests": {"tools": {"call": {}}}}}})
            }
            "tools/list" => json!({"tools": [{"name": "read", "inputSchema": {"type": "object"},
                "execution": {"taskSupport": "optional"}}]}),
            "tools/call" if params["arguments"]["quiet"] == true => {
                // It may be resumed, for all that the client knows.
                begin_events(stream);
                chunk(stream, "id: 7\ndata:\n\n");
                return chunk(stream, "");
            }
            "tools/call" => {
                json!({"task": {"taskId": "T", "status": "working", "createdAt": "2026-11-21T00:00:00Z",
                "lastUpdatedAt": "2026-11-21T00:00:00Z", "ttl": 60000}})
            }
            "tasks/get" => {
                json!({"taskId": params["taskId"], "status": "completed", "createdAt": "2026-11-21T00:00:00Z",
                "lastUpdatedAt": "2026-11-21T00:00:00Z", "ttl": 60000})
            }
            "tasks/result" => {
                json!({"content": [{"type": "text", "text": format!("{name} {}", params["taskId"])}]})
            }
            "subscriptions/listen" => {
                begin_events(stream);
                let meta = json!({"io.modelcontextprotocol/subscriptionId": id});
                let granted = &params["notifications"];
                let consent = json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
                    "params": {"_meta": meta, "notifications": granted}});
                chunk(stream, &format!("data: {consent}\n\n"));
                for uri in granted["resourceSubscriptions"].as_array().into_iter().flatten() {
                    let updated = json!({"jsonrpc": "2.0", "method": "notifications/resources/updated",
                        "params": {"_meta": meta, "uri": uri}});
                    chunk(stream, &format!("data: {updated}\n\n"));
                }
                let end =
                    json!({"jsonrpc": "2.0", "id": id, "result": {"resultType": "complete", "_meta": meta}});
                chunk(stream, &format!("data: {end}\n\n"));
                return chunk(stream, "");
            }
            _ => {
                let error = json!({"code": -32601, "message": "method not found"});
                return reply_json(stream, &json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
            }
        };
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        let session = if message["method"] == "initialize" { "Mcp-Session-Id: theirs\r\n" } else { "" };
        reply(stream, "200 OK", &format!("Content-Type: application/json\r\n{session}"), &answer)
    })
}

struct Place {
    gateway: Gateway,
    one: Upstream,
    _two: Upstream,
    _place: Workplace,
}

/// A gateway before two such servers, and one over stdio.
fn place() -> Place {
    let (place, one, two) = (Workplace::new(), lively("one"), lively("two"));
    place.file("p.yaml", "version: 1\nname: all\ndefault: deny\nrules:\n  - { id: all, effect: allow, on: ['*/*', 'resource:*', 'prompt:*', task] }\n");
    let words = [
        tools::node(),
        "--import".to_owned(),
        tools::peer_file("resolve.mjs"),
        tools::peer_file("server-v2.mjs"),
    ];
    let text = format!(
        "version: 1\npolicy: p.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams:\n  one: {{ url: '{}' }}\n  two: {{ url: '{}' }}\n  three: {{ command: {} }}\nroutes: [{{ path: /mcp, upstreams: [one, two, three] }}]\n",
        one.url(),
        two.url(),
        json!(words)
    );
    let gateway = Gateway::configured(BUILT, &place, &text, []);
    Place { gateway, one, _two: two, _place: place }
}

fn request(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 5, "method": method, "params": params})
}

#[test]
fn a_task_is_its_servers_from_its_beginning_to_its_result() {
    let place = place();
    let session = session(place.gateway.address, "/mcp");
    let say = |message: Value| ask(place.gateway.address, post("/mcp", &session, &message)).messages().pop();
    let made = say(request("tools/call", json!({"name": "two__read", "arguments": {}, "task": {}})));
    assert_eq!(made.expect("a task")["result"]["task"]["taskId"], "two/T");
    let task = say(request("tasks/get", json!({"taskId": "two/T"}))).expect("a task");
    assert_eq!(
        (&task["result"]["taskId"], &task["result"]["status"]),
        (&json!("two/T"), &json!("completed"))
    );
    let result = say(request("tasks/result", json!({"taskId": "two/T"}))).expect("a result");
    assert_eq!(result["result"]["content"][0]["text"], "two \"T\"");
    let other = say(request("tasks/result", json!({"taskId": "one/T"}))).expect("an error");
    assert_eq!(other["error"]["message"], "unknown task", "another server's is none");
    let sum = say(request("tools/call", json!({"name": "three__add", "arguments": {"a": 1, "b": 2}})));
    assert_eq!(sum.expect("a sum")["result"]["content"][0]["text"], "3", "one over stdio is there too");
}

#[test]
fn a_batch_goes_to_each_members_server_and_is_answered_by_one_array_in_its_order() {
    let place = place();
    let session = session_in(place.gateway.address, "/mcp", "2025-03-26");
    let say = |batch: &Value| ask(place.gateway.address, post("/mcp", &session, batch));
    let call = |id: Value, name: &str, arguments: Value| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
    let batch = json!([
        call(json!(1), "three__add", json!({"a": 1, "b": 2})),
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        call(json!("2"), "nobodys", json!({})),
        {"jsonrpc": "2.0", "id": 3, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 3, "method": "ping"},
        {"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {}},
        {"jsonrpc": "2.0", "id": 5, "method": "ping"},
        {"no": "message"},
    ]);
    let answer = say(&batch);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let said = answer.json();
    let ids: Vec<&Value> = said.as_array().expect("one array").iter().map(|one| &one["id"]).collect();
    assert_eq!(
        ids,
        [&json!(1), &json!("2"), &json!(3), &json!(3), &json!(4), &json!(5), &Value::Null],
        "{said}"
    );
    assert_eq!(said[0]["result"]["content"][0]["text"], "3");
    assert!(said[1]["error"]["message"].as_str().is_some_and(|words| words.contains("nobodys")), "{said}");
    assert!(said[2]["result"]["tools"].as_array().is_some_and(|tools| tools.len() > 3), "{said}");
    for (at, code) in [(3, -32600), (4, -32600), (6, -32600)] {
        assert_eq!(said[at]["error"]["code"], code, "{said}");
    }
    assert_eq!(said[5]["result"], json!({}));
    let notes = json!([{"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}]);
    assert_eq!(say(&notes).status(), 202);
    // Another version has none.
    let session = crate::session(place.gateway.address, "/mcp");
    assert_eq!(ask(place.gateway.address, post("/mcp", &session, &batch)).status(), 400);
}

#[test]
fn a_member_of_a_batch_whose_stream_ends_is_answered_by_an_error() {
    let place = place();
    let session = session_in(place.gateway.address, "/mcp", "2025-03-26");
    let quiet = request("tools/call", json!({"name": "one__read", "arguments": {"quiet": true}}));
    let ping = json!({"jsonrpc": "2.0", "id": 6, "method": "ping"});
    let said = ask(place.gateway.address, post("/mcp", &session, &json!([quiet, ping]))).json();
    assert_eq!((&said[0]["id"], &said[0]["error"]["code"]), (&json!(5), &json!(-32603)), "{said}");
    assert_eq!((&said[1]["id"], &said[1]["result"]), (&json!(6), &json!({})), "{said}");
}

#[test]
fn what_a_server_says_meanwhile_makes_the_answer_to_a_batch_events() {
    let place = place();
    let session = session_in(place.gateway.address, "/mcp", "2025-03-26");
    let slow = request(
        "tools/call",
        json!({"name": "three__slow", "arguments": {"steps": 2, "pause_ms": 10}, "_meta": {"progressToken": "p"}}),
    );
    let (ping, twice) = (json!({"jsonrpc": "2.0", "id": 6, "method": "ping"}), request("ping", json!({})));
    let batch = post("/mcp", &session, &json!([slow, ping, twice]));
    let events = ask(place.gateway.address, &batch);
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    let told = events.messages();
    let last = told.last().expect("an answer");
    assert_eq!((&last["id"], &last["result"]["content"][0]["text"]), (&json!(5), &json!("done after 2")));
    // A client that takes no events gets one array, each at its call's place.
    let array = ask(place.gateway.address, batch.replace(", text/event-stream", "")).json();
    let array = array.as_array().expect("one array");
    let progress = |all: &[Value]| all.iter().filter(|one| one["method"] == "notifications/progress").count();
    assert_eq!(
        (told.len(), progress(&told), array.len(), progress(array)),
        (5, 2, 5, 2),
        "{told:?} {array:?}"
    );
    assert_eq!(
        (&array[2]["id"], &array[3]["id"], &array[4]["error"]["code"]),
        (&json!(5), &json!(6), &json!(-32600))
    );
}

#[test]
fn a_subscription_of_several_servers_has_one_consent_and_one_end() {
    let place = place();
    let mut listen = request(
        "subscriptions/listen",
        json!({"notifications": {"toolsListChanged": true, "resourceSubscriptions": ["one+a:b", "two+c:d"]}}),
    );
    listen["params"]["_meta"] =
        json!({format!("{MODERN}protocolVersion"): "2026-07-28", format!("{MODERN}clientCapabilities"): {}});
    let headers = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n";
    let mut stream = Connection::open(place.gateway.address);
    stream.send(post("/mcp", headers, &listen));
    assert_eq!(stream.head().status(), 200);
    let mut all = String::new();
    while all.matches("resources/updated").count() < 2 || !all.ends_with("\n\n") {
        all.push_str(&stream.chunk().expect("an event"));
    }
    let (first, rest) = all.split_once("\n\n").expect("several events");
    for words in ["subscriptions/acknowledged", "\"toolsListChanged\":true", "\"one+a:b\"", "\"two+c:d\""] {
        assert!(first.contains(words), "{words}: {first}");
    }
    assert!(rest.contains("one+a:b") && rest.contains("two+c:d"), "{rest}");
    assert!(!rest.contains("acknowledged") && !rest.contains("\"result\""), "{rest}");
    let asked =
        place.one.seen().into_iter().rev().find(|text| text.text().contains("listen")).expect("asked");
    assert_eq!(
        asked.json()["params"]["notifications"]["resourceSubscriptions"],
        json!(["a:b"]),
        "its own alone"
    );
}

#[test]
fn a_stream_of_several_servers_is_resumed_where_each_was() {
    let place = place();
    let session = session(place.gateway.address, "/mcp");
    let read = |last: &str| {
        let mut stream = Connection::open(place.gateway.address);
        stream.send(format!(
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{session}{last}\r\n"
        ));
        let head = stream.head();
        let mut text = String::new();
        while head.status() == 200 && !(text.contains("one after") && text.contains("two after")) {
            text.push_str(&stream.chunk().expect("an event"));
        }
        (head.status(), text)
    };
    let (_, first) = read("");
    assert!(first.contains("one after 0") && first.contains("two after 0"), "{first}");
    let place_in_all =
        first.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().expect("a place");
    let (_, second) = read(&format!("Last-Event-ID: {place_in_all}\r\n"));
    assert!(second.contains("one after 1") && second.contains("two after 1"), "{second}");
    assert_eq!(read("Last-Event-ID: 7\r\n").0, 400);
}
