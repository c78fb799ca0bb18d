//! Heads of requests: what is refused before a message is read, and what must agree with it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bailiwick_testkit::http::{Text, ask, post, reply_json};
use bailiwick_testkit::patience::PATIENCE;
use bailiwick_testkit::serde_json::{Value, json};

use crate::{INITIALIZE, MODERN, Place, call, modern, plain};

/// A request with `head` in place of the usual one.
fn raw(head: &str, body: &str) -> String {
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn what_two_readers_could_read_as_two_requests_is_refused() {
    let place = Place::new(plain);
    let usual = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for (more, status) in [
        ("Mcp-Session-Id: a\r\nMcp-Session-Id: b\r\n", 400),
        ("MCP-Protocol-Version: 2025-11-25\r\nMcp-Protocol-Version: 2026-07-28\r\n", 400),
        ("Host: evil.example\r\n", 400),
        ("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400),
        ("Content-Type: text/plain\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 400),
        ("Content-Encoding: gzip\r\n", 415),
    ] {
        let answer = ask(place.address(), raw(&format!("{usual}{more}"), INITIALIZE));
        assert_eq!(answer.status(), status, "{more}: {}", answer.text());
    }
    for (kind, status) in [
        ("text/plain", 415),
        ("application/jsonx", 415),
        ("application/json; charset=utf-16le", 415),
        ("application/json; charset=UTF-8", 200),
    ] {
        let head = format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n");
        assert_eq!(ask(place.address(), raw(&head, INITIALIZE)).status(), status, "{kind}");
    }
    assert_eq!(place.upstream.seen().len(), 1, "only what was good went on");
}

#[test]
fn pages_of_other_sites_reach_nothing() {
    let place = Place::new(plain);
    for (host, origin, status) in [
        ("localhost:8080", "", 200),
        ("127.0.0.1", "Origin: http://localhost:5173\r\n", 200),
        ("[::1]:1", "Origin: http://127.0.0.1\r\n", 200),
        ("evil.example", "", 403),
        ("localhost.evil.example", "", 403),
        ("127.0.0.1", "Origin: http://evil.example\r\n", 403),
        ("127.0.0.1", "Origin: null\r\n", 403),
        ("127.0.0.1", "Origin: http://localhost.evil.example\r\n", 403),
    ] {
        let head =
            format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{origin}");
        let answer = ask(place.address(), raw(&head, INITIALIZE));
        assert_eq!(answer.status(), status, "{host} {origin}");
    }
}

#[test]
fn an_origin_that_was_allowed_may_read_the_answers() {
    let place =
        Place::with(plain, &["--allow-origin", "https://app.example", "--allow-host", "gate.example"]);
    let head = "POST /mcp HTTP/1.1\r\nHost: gate.example\r\nContent-Type: application/json\r\nOrigin: https://app.example\r\n";
    let answer = ask(place.address(), raw(head, INITIALIZE));
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    let asked = "OPTIONS /mcp HTTP/1.1\r\nHost: gate.example\r\nOrigin: https://app.example\r\n\
        Access-Control-Request-Headers: mcp-session-id\r\n\r\n";
    let answer = ask(place.address(), asked);
    assert_eq!(
        (answer.status(), answer.header("access-control-allow-headers")),
        (204, Some("mcp-session-id"))
    );
}

#[test]
fn headers_and_body_of_the_modern_era_agree() {
    let place = Place::new(plain);
    let body = modern(1, "a").split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    let with = |headers: &str| ask(place.address(), post(&body, headers));
    assert_eq!(with(MODERN).status(), 200);
    assert_eq!(with(&MODERN.replace(": read", ": =?base64?cmVhZA==?=")).status(), 200);
    for wrong in [
        "",
        "MCP-Protocol-Version: 2026-07-28\r\n",
        "MCP-Protocol-Version: 2025-11-25\r\nMcp-Method: tools/call\r\nMcp-Name: read\r\n",
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\nMcp-Name: read\r\n",
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: Tools/Call\r\nMcp-Name: read\r\n",
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: write\r\n",
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: =?base64?!?=\r\n",
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n",
    ] {
        let answer = with(wrong);
        assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32020)), "{wrong}");
        assert_eq!(answer.json()["id"], 1);
    }
    let legacy = ask(place.address(), post(&call(1, "a").to_string(), MODERN));
    assert_eq!((legacy.status(), &legacy.json()["error"]["code"]), (400, &json!(-32602)));
    let unknown = body.replace("2026-07-28", "2027-01-01");
    let answer = ask(place.address(), post(&unknown, &MODERN.replace("2026-07-28", "2027-01-01")));
    assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32022)));
    assert!(
        answer.json()["error"]["data"]["supported"]
            .as_array()
            .is_some_and(|known| known.contains(&json!("2026-07-28")))
    );
}

#[test]
fn what_is_no_message_is_told_so() {
    let place = Place::new(plain);
    for (body, code) in [
        ("{", -32700),
        ("", -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#, -32600),
        ("[]", -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
    ] {
        let answer = ask(place.address(), post(body, ""));
        assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(code)), "{body}");
    }
    assert_eq!(place.upstream.seen().len(), 0);
    place.records(|records| records.iter().filter(|record| record["kind"] == "malformed").count() == 5);
}

#[test]
fn a_header_of_credentials_ends_at_the_gateway_and_the_operators_goes_on() {
    let place = Place::with(plain, &["--target-header", "Authorization=file:/proc/sys/kernel/ostype"]);
    let headers = "Authorization: Bearer mine\r\nCookie: a=b\r\nX-HTTP-Method-Override: DELETE\r\nX-Forwarded-For: 1.2.3.4\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=1\r\n";
    assert_eq!(ask(place.address(), post(INITIALIZE, headers)).status(), 200);
    let seen = place.upstream.seen();
    let names: Vec<&str> =
        seen.iter().flat_map(|text| text.headers.iter().map(|(name, _)| name.as_str())).collect();
    for gone in ["cookie", "x-http-method-override", "x-forwarded-for"] {
        assert!(!names.contains(&gone), "{names:?}");
    }
    let authorization: Vec<_> = seen.iter().filter_map(|text| text.header("authorization")).collect();
    assert_eq!(authorization, ["Linux"]);
    let trace = ["traceparent", "tracestate"].map(|name| seen.first().and_then(|text| text.header(name)));
    assert_eq!(trace, [Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), Some("a=1")]);
    let log = place.records(|records| records.len() > 2);
    assert!(!Value::from(log).to_string().contains("Linux"), "a secret in the log");
}

#[test]
fn an_address_that_others_reach_is_not_served_by_accident() {
    let place = bailiwick_testkit::workplace::Workplace::new();
    let started = std::process::Command::new(crate::BUILT)
        .args(["gateway", "--listen", "0.0.0.0:0", "--target", "http://127.0.0.1:9/mcp"])
        .env_clear()
        .envs(place.environment())
        .output()
        .expect("it runs");
    assert_eq!(started.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&started.stderr).contains("--insecure-no-authentication"));
}

/// A server whose tool wants `region` beside the call too.
fn regional(request: &Text, stream: &mut std::net::TcpStream) -> bool {
    let message = request.json();
    let schema =
        json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}});
    let result = match message["method"].as_str() {
        Some("tools/list") => {
            json!({"tools": [{"name": "read", "inputSchema": schema}], "resultType": "complete",
            "ttlMs": 0, "cacheScope": "private"})
        }
        _ => json!({"content": [], "resultType": "complete"}),
    };
    reply_json(stream, &json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string())
}

#[test]
fn a_header_that_repeats_an_argument_agrees_with_it() {
    let place = Place::with(regional, &["--trace", "traces"]);
    for (headers, region, status) in [
        ("Mcp-Param-Region: eu\r\n", json!("eu"), 200),
        ("Mcp-Param-Region: us\r\n", json!("eu"), 400),
        ("", json!("eu"), 400),
        ("Mcp-Param-Region: eu\r\n", Value::Null, 400),
        ("", Value::Null, 200),
        ("Mcp-Param-Region: eu\r\nMcp-Param-Region: eu\r\n", json!("eu"), 400),
        ("Mcp-Param-Other: x\r\n", Value::Null, 200),
    ] {
        let mut message = call(1, "x");
        message["params"]["arguments"] = json!({"region": region});
        message["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}});
        let answer = ask(place.address(), post(&message.to_string(), &format!("{MODERN}{headers}")));
        assert_eq!(answer.status(), status, "{headers} {region}: {}", answer.text());
        if status == 400 && !headers.contains("eu\r\nMcp") {
            assert_eq!(answer.json()["error"]["code"], -32020);
        }
    }
    assert_eq!(place.calls().len(), 3);
    let seen = place.upstream.seen();
    let list = seen.iter().find(|text| text.text().contains("tools/list")).expect("our own list");
    assert_eq!(list.header("mcp-param-region"), None, "what repeats an argument of a call goes with no list");
    let place = place.place_of_the_end();
    let said = std::process::Command::new(crate::BUILT)
        .args(["replay", "--policy", "policy.yaml", "--trace", "traces"])
        .current_dir(place.path())
        .env_clear()
        .envs(place.environment())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let (follow, of) = said
        .split_once(" decisions follow again")
        .and_then(|(before, _)| before.rsplit_once(" of "))
        .expect("counts");
    let follow = follow.rsplit(' ').next();
    assert!(
        follow == Some(of) && of.parse::<u32>().is_ok_and(|of| of > 9),
        "headers are part of the trace: {said}"
    );
}

#[test]
fn http2_without_tls_is_spoken_however_its_preface_is_cut() {
    let place = Place::new(plain);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // An empty frame of settings; the server answers with one of its own, type 4 on stream 0.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    for at in [1, 3, 14, 18, 23, 24] {
        let mut stream = TcpStream::connect(place.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (first, rest) = preface.split_at(at);
        for piece in [first, rest, &settings] {
            stream.write_all(piece).unwrap();
            std::thread::yield_now();
        }
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).unwrap();
        assert_eq!(
            (frame[3], &frame[5..]),
            (4, &[0; 4][..]),
            "cut at {at}: {}",
            String::from_utf8_lossy(&frame)
        );
    }
}

#[test]
fn a_place_in_a_trace_that_is_none_ends_at_the_gateway() {
    let place = Place::new(plain);
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (headers, sent) in [
        ("traceparent: 00-a-b-01\r\ntracestate: a=1\r\n".to_owned(), [None, None]),
        ("tracestate: a=1\r\n".to_owned(), [None, None]),
        (format!("traceparent: {good}\r\ntracestate: A=1\r\n"), [Some(good), None]),
        (format!("traceparent: {good}\r\ntraceparent: {good}\r\n"), [None, None]),
    ] {
        assert_eq!(ask(place.address(), post(INITIALIZE, &headers)).status(), 200);
        let seen = place.upstream.seen();
        let last = seen.iter().rfind(|text| text.text().contains("initialize")).expect("a message");
        assert_eq!(["traceparent", "tracestate"].map(|name| last.header(name)), sent, "{headers}");
    }
}
