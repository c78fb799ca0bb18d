//! Several servers behind one path: lists of many pages, answers whose stream broke off, and tasks without a session.

use std::net::TcpStream;

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Text, Upstream, ask, begin_events, chunk, reply, reply_json};
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, post, session};

const POLICY: &str = "version: 1\nname: all\ndefault: deny\nrules:\n  - { id: all, effect: allow, on: ['*/*', 'resource:*', 'prompt:*', task] }\n";
/// A server may call its pages what it likes.
const CURSORS: [&str; 3] = ["", "2,one:é \"+/", "\u{1f600}"];

/// A server with so many pages of two tools each, and as many of one prompt.
fn paged(pages: usize) -> Upstream {
    Upstream::start(move |request: &Text, stream: &mut TcpStream| {
        let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
            return reply(stream, "405 Method Not Allowed", "", "");
        };
        let (method, id) = (message["method"].as_str().unwrap_or_default(), &message["id"]);
        if id.is_null() {
            return reply(stream, "202 Accepted", "", "");
        }
        if method == "initialize" {
            let result = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "p", "version": "1"},
                "capabilities": {"tools": {"listChanged": pages > 1}, "prompts": {}}});
            let body = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
            let headers = "Content-Type: application/json\r\nMcp-Session-Id: theirs\r\n";
            return reply(stream, "200 OK", headers, &body);
        }
        let cursor = message["params"]["cursor"].as_str().unwrap_or_default();
        let Some(page) = CURSORS.iter().take(pages).position(|known| *known == cursor) else {
            let error = json!({"code": -32602, "message": "no such page"});
            return reply_json(stream, &json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
        };
        let tool = |number: usize| json!({"name": format!("t{number}"), "inputSchema": {"type": "object"}});
        let mut result = match method {
            "tools/list" => json!({"tools": [tool(2 * page), tool(2 * page + 1)]}),
            _ => json!({"prompts": [{"name": format!("p{page}")}]}),
        };
        if page + 1 < pages {
            result["nextCursor"] = json!(CURSORS[page + 1]);
        }
        reply_json(stream, &json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
    })
}

/// A gateway before `one` and `two` as one.
fn together(place: &Workplace, one: &Upstream, two: &Upstream) -> Gateway {
    place.file("p.yaml", POLICY);
    let text = format!(
        "version: 1\npolicy: p.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams:\n  one: {{ url: '{}' }}\n  two: {{ url: '{}' }}\nroutes: [{{ path: /mcp, upstreams: [one, two] }}]\n",
        one.url(),
        two.url()
    );
    Gateway::configured(BUILT, place, &text, [])
}

/// One page: the names on it, the next cursor, and the whole answer.
fn page(
    gateway: &Gateway,
    session: &str,
    kind: &str,
    cursor: Option<&str>,
) -> (String, Option<String>, Value) {
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor}));
    let list = json!({"jsonrpc": "2.0", "id": 5, "method": format!("{kind}/list"), "params": params});
    let answer = ask(gateway.address, post("/mcp", session, &list)).json();
    let items = answer["result"][kind].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = items.iter().filter_map(|item| item["name"].as_str()).collect();
    let next = answer["result"]["nextCursor"].as_str().map(str::to_owned);
    (names.join(" "), next, answer)
}

#[test]
fn lists_of_several_servers_are_read_page_by_page_to_the_end_of_each() {
    let (place, one, two) = (Workplace::new(), paged(3), paged(1));
    let gateway = together(&place, &one, &two);
    let session = session(gateway.address, "/mcp");
    for (kind, wanted) in [
        ("tools", ["one__t0 one__t1 two__t0 two__t1", "one__t2 one__t3", "one__t4 one__t5"]),
        ("prompts", ["one__p0 two__p0", "one__p1", "one__p2"]),
    ] {
        let (mut cursor, mut pages) = (None, Vec::new());
        loop {
            let (names, next, _) = page(&gateway, &session, kind, cursor.as_deref());
            pages.push(names);
            cursor = next;
            if cursor.is_none() || pages.len() > wanted.len() {
                break;
            }
        }
        assert_eq!(pages, wanted, "each once, and no cursor at the end");
    }
    let asked = |upstream: &Upstream| {
        upstream.seen().iter().filter(|text| text.text().contains("tools/list")).count()
    };
    assert_eq!((asked(&one), asked(&two)), (3, 1), "who has no more is not asked again");
}

#[test]
fn a_cursor_that_is_none_of_ours_leads_nowhere() {
    let (place, one, two) = (Workplace::new(), paged(3), paged(1));
    let gateway = together(&place, &one, &two);
    let session = session(gateway.address, "/mcp");
    let first = page(&gateway, &session, "tools", None).1.expect("there is more");
    for forged in ["", "one", "one:!", "three:Mg", &format!("{first},{first}"), "two__t0"] {
        let (_, _, answer) = page(&gateway, &session, "tools", Some(forged));
        assert_eq!(answer["error"]["code"], -32602, "{forged}: {answer}");
    }
    // One that the server itself does not know is that server's word, under its name.
    let (names, _, answer) = page(&gateway, &session, "tools", Some("one:bm8"));
    assert_eq!(names, "");
    assert_eq!(answer["result"]["_meta"]["bailiwick/unavailable"][0], "one: no such page");
}

/// A server whose answers to calls break off, and go on where the client asks for the rest; without a session it makes tasks.
fn interrupted(name: &'static str) -> Upstream {
    Upstream::start(move |request: &Text, stream: &mut TcpStream| {
        let result = |id: &Value| json!({"jsonrpc": "2.0", "id": id, "result": {"content": [{"type": "text", "text": name}]}});
        if request.first.starts_with("GET") {
            let Some(last) = request.header("last-event-id") else {
                return reply(stream, "405 Method Not Allowed", "", "");
            };
            begin_events(stream);
            let rest = match last {
                "e 1" => format!("id: e 2\ndata: {}\n\n", result(&json!(7))),
                _ => ": nothing\n\n".to_owned(),
            };
            return chunk(stream, &rest) && chunk(stream, "");
        }
        let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
            return reply(stream, "202 Accepted", "", "");
        };
        let (id, params) = (&message["id"], &message["params"]);
        let modern = params["_meta"]["io.modelcontextprotocol/protocolVersion"].is_string();
        let answer = match message["method"].as_str().unwrap_or_default() {
            "tools/call" if !modern => {
                begin_events(stream);
                return chunk(stream, "id: e 1\nretry: 10\ndata: \n\n") && chunk(stream, "");
            }
            "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": name, "version": "1"}}),
            "tools/list" => json!({"tools": [{"name": "read", "inputSchema": {"type": "object"}}],
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}),
            "tools/call" => json!({"resultType": "task", "taskId": "T", "status": "working",
                "createdAt": "2026-11-21T00:00:00Z", "lastUpdatedAt": "2026-11-21T00:00:00Z", "ttlMs": 60000}),
            "tasks/get" | "tasks/update" | "tasks/cancel" => {
                json!({"resultType": "complete", "taskId": params["taskId"],
                "status": "completed", "createdAt": "2026-11-21T00:00:00Z", "lastUpdatedAt": "2026-11-21T00:00:00Z",
                "ttlMs": 60000, "result": {"content": [{"type": "text", "text": request.header("mcp-name")}]}})
            }
            _ => return reply(stream, "202 Accepted", "", ""),
        };
        let session = if message["method"] == "initialize" { "Mcp-Session-Id: theirs\r\n" } else { "" };
        let body = json!({"jsonrpc": "2.0", "id": id, "result": answer}).to_string();
        reply(stream, "200 OK", &format!("Content-Type: application/json\r\n{session}"), &body)
    })
}

#[test]
fn an_answer_of_one_of_several_servers_goes_on_where_its_stream_broke_off() {
    let (place, one, two) = (Workplace::new(), interrupted("one"), interrupted("two"));
    let gateway = together(&place, &one, &two);
    let session = session(gateway.address, "/mcp");
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "two__read", "arguments": {}}});
    let mut stream = Connection::open(gateway.address);
    stream.send(post("/mcp", &session, &call));
    assert_eq!(stream.head().status(), 200);
    let first = stream.rest();
    assert!(first.contains("retry: 10") && !first.contains("error"), "the answer is still to come: {first}");
    let last = first.lines().find_map(|line| line.strip_prefix("id: ")).expect("a place");
    let mut stream = Connection::open(gateway.address);
    stream.send(format!(
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: {last}\r\n{session}\r\n"
    ));
    assert_eq!(stream.head().status(), 200);
    let rest = stream.rest();
    let data = rest.lines().find_map(|line| line.strip_prefix("data: ")).expect("an answer");
    let answer: Value = serde_json::from_str(data).expect("a message");
    assert_eq!((&answer["id"], &answer["result"]["content"][0]["text"]), (&json!(7), &json!("two")));
    let asked =
        |upstream: &Upstream| upstream.seen().iter().filter(|text| text.first.starts_with("GET")).count();
    assert_eq!((asked(&one), asked(&two)), (0, 1), "nobody else is asked");
}

/// A request of 2026-07-28 that declares tasks, with its headers.
fn modern(method: &str, name: &str, mut params: Value) -> String {
    params["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}});
    let headers = format!("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\nMcp-Name: {name}\r\n");
    post("/mcp", &headers, &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
}

#[test]
fn a_task_without_a_session_is_asked_for_where_it_was_made() {
    let (place, one, two) = (Workplace::new(), interrupted("one"), interrupted("two"));
    let gateway = together(&place, &one, &two);
    let say =
        |method: &str, name: &str, params: Value| ask(gateway.address, modern(method, name, params)).json();
    let nobodys = say("tasks/get", "two/T", json!({"taskId": "two/T"}));
    assert_eq!(nobodys["error"]["code"], -32602, "what was not made here is none: {nobodys}");
    let made = say("tools/call", "two__read", json!({"name": "two__read", "arguments": {}}));
    assert_eq!(
        (&made["result"]["resultType"], &made["result"]["taskId"]),
        (&json!("task"), &json!("two/T")),
        "{made}"
    );
    for (method, more) in [
        ("tasks/get", json!({})),
        ("tasks/update", json!({"inputResponses": {}})),
        ("tasks/cancel", json!({})),
    ] {
        let mut params = more;
        params["taskId"] = json!("two/T");
        let task = say(method, "two/T", params);
        assert_eq!(task["result"]["taskId"], "two/T", "{method}: {task}");
        assert_eq!(
            task["result"]["result"]["content"][0]["text"], "T",
            "the header is the server's own name: {task}"
        );
    }
    let other = say("tasks/get", "one/T", json!({"taskId": "one/T"}));
    assert_eq!(other["error"]["code"], -32602, "another server's is none: {other}");
    let lie = ask(gateway.address, modern("tasks/get", "one/T", json!({"taskId": "two/T"})));
    assert_eq!((lie.status(), &lie.json()["error"]["code"]), (400, &json!(-32020)));
    let asked = one.seen().into_iter().filter(|text| text.text().contains("tasks/")).count();
    assert_eq!(asked, 0);
}
