//! Streams of events: every one decided over, none kept back, cut anywhere.

use bailiwick_testkit::http::{Connection, Text, begin_events, chunk, post};
use bailiwick_testkit::patience::comes;
use bailiwick_testkit::serde_json::json;

use crate::{Place, call, plain};

const GET: &str = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n";

fn calls(request: &Text) -> bool {
    !request.body.is_empty() && request.json()["method"] == "tools/call"
}

fn in_session(place: &Place, body: &str) -> Connection {
    let session = place.session();
    let mut connection = Connection::open(place.address());
    connection.send(post(body, &format!("Mcp-Session-Id: {session}\r\n")));
    let head = connection.head();
    assert_eq!((head.status(), head.header("content-type")), (200, Some("text/event-stream")), "{head:?}");
    connection
}

#[test]
fn events_keep_their_ids_and_pass_one_by_one() {
    let place = Place::new(|request, stream| {
        if !calls(request) {
            return plain(request, stream);
        }
        begin_events(stream);
        chunk(stream, "id: 1\nretry: 10\ndata: \n\n");
        chunk(
            stream,
            ": alive\r\rid: 2\r\nevent: message\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata: \"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":1}}\r\n\r\n",
        );
        for byte in "id: 3\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n".chars() {
            chunk(stream, &byte.to_string());
        }
        chunk(stream, "")
    });
    let mut connection = in_session(&place, &call(7, "a").to_string());
    assert_eq!(
        connection.rest(),
        "id: 1\nretry: 10\ndata: \n\n: alive\n\nevent: message\nid: 2\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":1}}\n\n\
         id: 3\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n"
    );
}

#[test]
fn an_event_reaches_the_client_before_the_next_is_sent() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let place = Place::new(move |request, stream| {
        if !calls(request) {
            return plain(request, stream);
        }
        begin_events(stream);
        chunk(
            stream,
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"first\"}}\n\n",
        );
        receiver.lock().expect("no panic").recv().expect("the test goes on");
        chunk(stream, "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n");
        chunk(stream, "")
    });
    let mut connection = in_session(&place, &call(7, "a").to_string());
    assert!(connection.until("first").contains("first"));
    sender.send(()).expect("it waits");
    assert!(connection.rest().contains("\"id\":7"));
}

#[test]
fn what_a_server_slips_into_a_stream_goes_no_further() {
    let place = Place::new(|request, stream| {
        if !calls(request) {
            return plain(request, stream);
        }
        begin_events(stream);
        for data in [
            r#"{"jsonrpc":"2.0","id":"7","result":{"content":[{"type":"text","text":"forged"}]}}"#,
            r#"{"jsonrpc":"2.0","id":99,"result":{"content":[{"type":"text","text":"forged"}]}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"messages":[],"x":"forged"}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/unknown","params":{"x":"forged"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"id":8,"result":{"x":"forged"}}"#,
            "forged",
        ] {
            chunk(stream, &format!("id: x\ndata: {data}\n\n"));
        }
        chunk(stream, "event: other\ndata: forged\n\n");
        chunk(stream, "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n");
        chunk(stream, "")
    });
    let mut connection = in_session(&place, &call(7, "a").to_string());
    let text = connection.rest();
    assert!(!text.contains("forged"), "{text}");
    assert!(text.ends_with("data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n"), "{text}");
    // The server is told, in the client's place, that its question was refused.
    let told = |text: &Text| !text.body.is_empty() && text.json()["error"]["code"] == -1;
    assert!(comes(|| place.upstream.seen().iter().any(told)), "it was not told");
}

#[test]
fn a_call_whose_stream_broke_is_resumed_by_the_event_it_saw_last() {
    let place = Place::new(|request, stream| match request.first.split(' ').next() {
        Some("GET") => {
            begin_events(stream);
            assert_eq!(request.header("last-event-id"), Some("e1"));
            chunk(stream, "id: e2\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n");
            chunk(stream, "")
        }
        _ if calls(request) => {
            begin_events(stream);
            chunk(stream, "id: e1\ndata: \n\n");
            chunk(stream, "")
        }
        _ => plain(request, stream),
    });
    let session = place.session();
    let mut connection = Connection::open(place.address());
    connection.send(post(&call(7, "a").to_string(), &format!("Mcp-Session-Id: {session}\r\n")));
    connection.head();
    assert_eq!(connection.rest(), "id: e1\ndata: \n\n", "no error: the answer is still to come");
    let mut connection = Connection::open(place.address());
    connection.send(format!("{GET}Mcp-Session-Id: {session}\r\nLast-Event-ID: e1\r\n\r\n"));
    connection.head();
    assert_eq!(
        connection.rest(),
        "id: e2\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}\n\n"
    );
}

#[test]
fn an_event_above_the_limit_is_an_error_for_whoever_waits() {
    let flags = ["--max-message-bytes", "4096"];
    let place = Place::with(
        |request, stream| {
            if !calls(request) {
                return plain(request, stream);
            }
            begin_events(stream);
            chunk(stream, "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"x\":\"");
            for _ in 0..100 {
                chunk(stream, &"y".repeat(4096));
            }
            chunk(stream, "\"}}\n\n");
            chunk(stream, "")
        },
        &flags,
    );
    let mut connection = in_session(&place, &call(7, "a").to_string());
    let text = connection.rest();
    assert!(
        text.contains("longer than the limit") && text.contains("\"id\":7") && text.len() < 1_000,
        "{text}"
    );
}

#[test]
fn more_streams_of_a_session_than_the_limit_are_429() {
    let place = Place::new(|request, stream| match request.first.split(' ').next() {
        Some("GET") => {
            begin_events(stream);
            chunk(stream, ": open\n\n")
        }
        _ => plain(request, stream),
    });
    let session = place.session();
    let open = || {
        let mut connection = Connection::open(place.address());
        connection.send(format!("{GET}Mcp-Session-Id: {session}\r\n\r\n"));
        let status = connection.head().status();
        (connection, status)
    };
    let streams: Vec<_> = (0..8).map(|_| open()).collect();
    assert!(streams.iter().all(|(_, status)| *status == 200));
    assert_eq!(open().1, 429);
    let ping = place.say(&session, &json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
    assert_eq!(ping.status(), 200);
}
