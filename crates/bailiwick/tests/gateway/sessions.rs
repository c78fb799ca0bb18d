//! Legacy sessions: between one principal and one upstream, under an id of our own.

use std::net::TcpStream;
use std::sync::Arc;

use bailiwick_testkit::http::{Connection, Text, ask, begin_events, chunk, post, reply, reply_json};
use bailiwick_testkit::patience::Latch;
use bailiwick_testkit::serde_json::{Value, json};

use crate::{INITIALIZE, Place, call, held, plain};

#[test]
fn the_upstreams_session_id_never_leaves_the_gateway() {
    let place = Place::new(plain);
    let session = place.session();
    assert_ne!(session, "theirs");
    assert_eq!(place.say(&session, &json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})).status(), 200);
    let last = place.upstream.seen().pop().expect("a ping");
    assert_eq!(last.header("mcp-session-id"), Some("theirs"));
    assert_eq!(place.say("theirs", &call(1, "a")).status(), 404);
    assert_ne!(place.session(), session);
}

#[test]
fn a_session_that_is_not_there_is_404_and_none_is_400() {
    let place = Place::new(plain);
    assert_eq!(place.say("nobodys", &call(1, "a")).status(), 404);
    assert_eq!(ask(place.address(), post(&call(1, "a").to_string(), "")).status(), 400);
    for method in ["GET", "DELETE"] {
        let request = |header: &str| format!("{method} /mcp HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
        assert_eq!(ask(place.address(), request("")).status(), 405);
        assert_eq!(ask(place.address(), request("Mcp-Session-Id: nobodys\r\n")).status(), 404);
    }
    assert_eq!(place.upstream.seen().len(), 0);
}

#[test]
fn a_session_that_the_client_ended_is_gone_and_so_is_one_that_the_upstream_forgot() {
    let place = Place::new(|request, stream| match request.first.split(' ').next() {
        Some("DELETE") => reply(stream, "200 OK", "", ""),
        _ if request.text().contains("forget") => reply(stream, "404 Not Found", "", ""),
        _ => plain(request, stream),
    });
    let session = place.session();
    let delete = format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: {session}\r\n\r\n");
    assert_eq!(ask(place.address(), &delete).status(), 200);
    assert_eq!(place.upstream.seen().pop().expect("it was told").header("mcp-session-id"), Some("theirs"));
    assert_eq!(place.say(&session, &call(1, "a")).status(), 404);
    let session = place.session();
    assert_eq!(place.say(&session, &call(1, "a")).status(), 200);
    assert_eq!(place.say(&session, &call(2, "forget")).status(), 404);
    assert_eq!(place.say(&session, &call(3, "a")).status(), 404);
    place.records(|records| records.iter().filter(|record| record["kind"] == "stop").count() == 2);
}

#[test]
fn an_id_that_is_in_flight_in_one_session_is_free_in_another() {
    let latch = Arc::<Latch>::default();
    let place = Place::new(held(&latch));
    let (one, other) = (place.session(), place.session());
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| place.say(&one, &call(1, "slow")).json());
        assert!(place.upstream.hears("\"slow\""));
        assert_eq!(place.say(&other, &call(1, "b")).json()["result"]["content"][0]["text"], "b");
        let again = place.say(&one, &call(1, "c")).json();
        assert_eq!(again["error"]["code"], -32600, "{again}");
        latch.open();
        assert_eq!(slow.join().expect("an answer")["result"]["content"][0]["text"], "slow");
    });
}

#[test]
fn more_sessions_than_the_limit_are_503() {
    let place = Place::with(plain, &["--max-sessions", "2"]);
    place.session();
    place.session();
    assert_eq!(ask(place.address(), post(INITIALIZE, "")).status(), 503);
}

#[test]
fn an_idle_session_ends_and_makes_room() {
    let place = Place::with(plain, &["--max-sessions", "1", "--session-idle", "1"]);
    let first = place.session();
    place.records(|records| records.iter().any(|record| record["kind"] == "stop"));
    assert_eq!(place.say(&first, &call(1, "a")).status(), 404);
    place.session();
}

#[test]
fn more_runs_without_a_session_than_the_limit_are_503_until_one_was_idle() {
    let flags = ["--max-sessions", "1", "--session-idle", "1", "--run-by", "header:X-Agent-Run"];
    let place = Place::with(plain, &flags);
    let named = |run: &str| {
        let request = crate::modern(1, "a");
        ask(
            place.address(),
            request.replacen("MCP-Protocol", &format!("X-Agent-Run: {run}\r\nMCP-Protocol"), 1),
        )
    };
    assert_eq!(named("one").status(), 200);
    let full = named("other");
    assert_eq!(
        (full.status(), &full.json()["error"]["message"]),
        (503, &json!("too many sessions; see `--max-sessions`"))
    );
    assert_eq!(named("one").status(), 200, "what there is goes on");
    assert!(bailiwick_testkit::patience::comes(|| named("other").status() == 200), "there is no room again");
}

#[test]
fn notifications_and_answers_are_accepted_without_a_body() {
    let place = Place::new(plain);
    let session = place.session();
    let notice = place.say(&session, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    assert_eq!((notice.status(), notice.text()), (202, String::new()));
    // An answer to nothing is dropped, and nobody is told.
    let stray = place.say(&session, &json!({"jsonrpc": "2.0", "id": 77, "result": {}}));
    assert_eq!(stray.status(), 202);
    let sent =
        place.upstream.seen().into_iter().map(|text| text.json()["method"].clone()).collect::<Vec<Value>>();
    assert_eq!(sent, ["initialize", "notifications/initialized"]);
}

/// Answers what is no batch, in the version that has them.
fn with_batches(request: &Text, stream: &mut TcpStream) -> bool {
    let initialize = !request.body.is_empty() && request.json()["method"] == "initialize";
    let answer = crate::answer_to(&request.json()).filter(|_| initialize);
    match answer {
        Some(answer) => reply_json(stream, &answer.to_string().replace("2025-11-25", "2025-03-26")),
        None => plain(request, stream),
    }
}

#[test]
fn a_batch_of_the_version_that_has_them_is_decided_one_by_one() {
    let place = Place::new(|request, stream| {
        if request.body.first() != Some(&b'[') {
            return with_batches(request, stream);
        }
        let all = request.json();
        let answers: Vec<Value> = all.as_array().into_iter().flatten().filter_map(crate::answer_to).collect();
        reply_json(stream, &Value::from(answers).to_string())
    });
    let session = place.session();
    let batch = json!([call(1, "a"), call(2, "~/.ssh/id"), {"jsonrpc": "2.0", "id": 3, "method": "ping"}]);
    let answer = place.say(&session, &batch).json();
    let mut by_id: Vec<(i64, bool)> = answer
        .as_array()
        .expect("one array")
        .iter()
        .map(|one| (one["id"].as_i64().unwrap_or_default(), one["result"]["isError"] == true))
        .collect();
    by_id.sort_unstable();
    assert_eq!(by_id, [(1, false), (2, true), (3, false)], "{answer}");
}

#[test]
fn what_a_server_says_of_a_batch_in_events_reaches_the_client_one_by_one() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let place = Place::new(move |request, stream| {
        if request.body.first() != Some(&b'[') {
            return with_batches(request, stream);
        }
        let all = request.json();
        let mut answers = all.as_array().into_iter().flatten().filter_map(crate::answer_to);
        begin_events(stream);
        chunk(
            stream,
            "id: e1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"first\"}}\n\n",
        );
        receiver.lock().expect("no panic").recv().expect("the test goes on");
        chunk(stream, &format!("data: {}\n\n", answers.next().expect("the first call")));
        chunk(stream, &format!("data: {}\n\n", Value::from(answers.collect::<Vec<_>>())));
        chunk(stream, "")
    });
    let session = place.session();
    place.say(&session, &json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"}));
    let ping = json!({"jsonrpc": "2.0", "id": 3, "method": "ping"});
    let batch = json!([call(1, "a"), call(2, "~/.ssh/id"), ping, call(4, "b")]);
    let mut connection = Connection::open(place.address());
    connection.send(post(&batch.to_string(), &format!("Mcp-Session-Id: {session}\r\n")));
    assert_eq!(connection.head().header("content-type"), Some("text/event-stream"));
    let before = connection.until("first");
    assert!(
        before.contains("\"id\":2") && before.contains("id: e1\n"),
        "what is denied comes first: {before}"
    );
    sender.send(()).expect("it waits");
    let rest = connection.rest();
    for id in [1, 3, 4] {
        assert_eq!(rest.matches(&format!("\"id\":{id},")).count(), 1, "{rest}");
    }
    assert_eq!(place.outcomes(), 2);
}

#[test]
fn a_batch_in_a_version_without_batches_is_refused_at_once_and_leaves_nothing_behind() {
    let place = Place::new(plain);
    let session = place.session();
    let refused = place.say(&session, &json!([call(7, "a")]));
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (400, &json!(-32600)));
    assert_eq!(place.say(&session, &call(7, "b")).json()["result"]["content"][0]["text"], "b");
}

#[test]
fn headers_that_mirror_a_message_stay_behind_where_they_are_not_compared() {
    let place = Place::new(plain);
    let session = place.session();
    let headers = format!("Mcp-Session-Id: {session}\r\nMcp-Method: tools/list\r\nMcp-Name: other\r\n");
    assert_eq!(ask(place.address(), post(&call(1, "a").to_string(), &headers)).status(), 200);
    let last = place.upstream.seen().pop().expect("a call");
    assert_eq!((last.header("mcp-method"), last.header("mcp-name")), (None, None));
}
