//! What goes beyond a limit is refused with the status and the words that the reference names, and costs no memory.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick_testkit::http::{Connection, Text, ask, begin_events, chunk, post, reply, reply_json};
use bailiwick_testkit::patience::{Latch, comes};
use bailiwick_testkit::process::peak_kib;
use bailiwick_testkit::serde_json::{Value, json};

use crate::{INITIALIZE, Place, answer_to, call, held, modern, plain};

/// The code and words of an error.
fn error(answer: &Text) -> (i64, String) {
    let error = &answer.json()["error"];
    (error["code"].as_i64().expect("a code"), error["message"].as_str().expect("words").to_owned())
}

#[test]
fn more_header_fields_than_the_limit_are_431() {
    let place = Place::new(plain);
    let fields = |count: usize| (0..count).map(|field| format!("X-{field}: 1\r\n")).collect::<String>();
    assert_eq!(ask(place.address(), post(INITIALIZE, &fields(90))).status(), 200);
    assert_eq!(ask(place.address(), post(INITIALIZE, &fields(101))).status(), 431);
}

#[test]
fn a_message_too_deep_or_of_too_many_values_is_400_and_says_which_limit() {
    let place = Place::with(plain, &["--max-depth", "16", "--max-values", "100", "--max-batch", "2"]);
    let session = place.session();
    let deep = call(1, "x").to_string().replace("\"x\"", &format!("{}{}", "[".repeat(20), "]".repeat(20)));
    let many = call(1, "x").to_string().replace("\"x\"", &format!("[{}1]", "1,".repeat(200)));
    for (body, expected, words) in [(deep, -32700, "nested"), (many, -32600, "values")] {
        let answer = ask(place.address(), post(&body, &format!("Mcp-Session-Id: {session}\r\n")));
        let (code, message) = error(&answer);
        assert_eq!((answer.status(), code), (400, expected), "{message}");
        assert!(message.contains(words), "{message}");
    }
    let batch = json!([call(1, "a"), call(2, "a"), call(3, "a")]);
    let answer = place.say(&session, &batch);
    assert_eq!((answer.status(), error(&answer).0), (400, -32600), "{}", answer.text());
    assert_eq!(place.calls(), [] as [Value; 0]);
}

#[test]
fn more_requests_without_an_answer_than_the_limit_are_an_error_that_says_so() {
    let latch = Arc::<Latch>::default();
    let place = Place::with(held(&latch), &["--max-pending", "2"]);
    let session = place.session();
    assert_eq!(place.say(&session, &call(1, "a")).status(), 200);
    let open: Vec<Connection> = (2..4)
        .map(|id| {
            let mut connection = Connection::open(place.address());
            let headers = format!("Mcp-Session-Id: {session}\r\n");
            connection.send(post(&call(id, "slow").to_string(), &headers));
            connection
        })
        .collect();
    assert!(comes(|| place.calls().len() == 3));
    let answer = place.say(&session, &call(4, "a"));
    assert_eq!((answer.status(), error(&answer).0), (200, 4029), "{}", answer.text());
    latch.open();
    for mut connection in open {
        assert_eq!(connection.answer().json()["result"]["content"][0]["text"], "slow");
    }
    assert_eq!(place.say(&session, &call(5, "b")).json()["result"]["content"][0]["text"], "b");
}

#[test]
fn a_connection_above_the_limit_is_closed_at_once() {
    let place = Place::with(plain, &["--max-connections", "2"]);
    let mut kept: Vec<Connection> = (0..2).map(|_| Connection::open(place.address())).collect();
    for connection in &mut kept {
        connection.send(post(INITIALIZE, ""));
        assert_eq!(connection.answer().status(), 200);
    }
    assert!(Connection::open(place.address()).is_closed());
    kept.pop();
    // It is free again as soon as the gateway saw that the other one left.
    let is_free = || {
        let mut connection = Connection::open(place.address());
        connection.send(post(INITIALIZE, ""));
        connection.try_head().is_some_and(|head| head.status() == 200)
    };
    assert!(comes(is_free), "a place that became free is not given again");
}

#[test]
fn a_compressed_or_foreign_body_is_415() {
    let place = Place::new(plain);
    for header in ["Content-Encoding: gzip\r\n", "Content-Encoding: br, identity\r\n"] {
        let answer = ask(place.address(), post(INITIALIZE, header));
        assert_eq!((answer.status(), error(&answer)), (415, (-32600, "a compressed body".to_owned())));
    }
    let latin = post(INITIALIZE, "")
        .replace("application/json\r\nAccept", "application/json; charset=latin1\r\nAccept");
    assert_eq!(ask(place.address(), latin).status(), 415);
    assert_eq!(place.upstream.seen().len(), 0);
}

/// What an upstream writes at most while nobody reads, and what the gateway may take for that.
const OFFERED: usize = 192 << 20;
const TAKEN_KIB_MAX: u64 = 24 << 10;
/// What is not written twice as long is held up. Too short, it makes the test weaker and never fails it.
const STANDSTILL: Duration = Duration::from_millis(400);

#[test]
fn a_client_that_does_not_read_holds_the_server_up_and_no_memory() {
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let place = Place::new(move |request, stream| {
        if !request.text().contains("\"flood\"") {
            return plain(request, stream);
        }
        begin_events(stream);
        let filling = "y".repeat(60_000);
        let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": filling}});
        let event = format!("data: {note}\n\n");
        while counted.load(Ordering::Relaxed) < OFFERED {
            if !chunk(stream, &event) {
                return false;
            }
            counted.fetch_add(event.len(), Ordering::Relaxed);
        }
        let answer = answer_to(&request.json()).expect("a request");
        chunk(stream, &format!("data: {answer}\n\n")) && chunk(stream, "")
    });
    let session = place.session();
    place.say(&session, &call(1, "a"));
    let before = peak_kib(place.gateway.pid());
    let mut deaf = Connection::open(place.address());
    deaf.send(post(&call(2, "flood").to_string(), &format!("Mcp-Session-Id: {session}\r\n")));
    assert_eq!(deaf.head().status(), 200);
    // Until nothing moves any more.
    let mut seen = 0;
    let is_held_up = comes(|| {
        let before = std::mem::replace(&mut seen, written.load(Ordering::Relaxed));
        std::thread::sleep(STANDSTILL);
        seen > 0 && seen == before && seen == written.load(Ordering::Relaxed)
    });
    assert!(is_held_up && seen < OFFERED, "the server was not held up: {seen} bytes");
    let taken = peak_kib(place.gateway.pid()) - before;
    assert!(taken < TAKEN_KIB_MAX, "{taken} KiB for a client that does not read");
    let (mut before, mut last) = (String::new(), String::new());
    while let Some(chunk) = deaf.chunk() {
        before = std::mem::replace(&mut last, chunk);
    }
    let last = before + &last;
    assert!(last.contains("\"id\":2") && written.load(Ordering::Relaxed) >= OFFERED, "{last}");
}

#[test]
fn a_client_that_leaves_its_stream_unread_for_long_loses_it() {
    let broke = Arc::<Latch>::default();
    let seen = Arc::clone(&broke);
    let place = Place::with(
        move |request, stream| {
            if !request.text().contains("\"flood\"") {
                return plain(request, stream);
            }
            begin_events(stream);
            let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "y".repeat(60_000)}});
            while chunk(stream, &format!("data: {note}\n\n")) {}
            seen.open();
            false
        },
        &["--unread-timeout", "1"],
    );
    let session = place.session();
    let mut deaf = Connection::open(place.address());
    deaf.send(post(&call(1, "flood").to_string(), &format!("Mcp-Session-Id: {session}\r\n")));
    assert_eq!(deaf.head().status(), 200);
    // The server is let go, though nobody closed anything.
    broke.pass();
    assert_eq!(place.say(&session, &call(2, "a")).json()["result"]["content"][0]["text"], "a");
    assert_eq!(place.outcomes(), 2);
    while deaf.chunk().is_some() {}
}

/// What an upstream may put into its heads reaches no client, and what two readers could read differently is an error.
#[test]
fn heads_of_an_upstream_are_read_strictly_and_written_anew() {
    // The policy lets five calls pass: a gateway for each half.
    let [place, other] = std::array::from_fn(|_| Place::new(strange_heads));
    for case in ["twice-type", "twice-session", "twice-length", "both", "bare"] {
        let answer = ask(place.address(), modern(1, case));
        assert_eq!(answer.status(), 502, "{case}: {}", answer.text());
    }
    assert_eq!(ask(place.address(), modern(1, "a")).status(), 200);
    let mut connection = Connection::open(other.address());
    for _ in 0..2 {
        connection.send(modern(1, "behind"));
        let answer = connection.answer();
        let text = &answer.json()["result"]["content"][0]["text"];
        assert_eq!(text, "behind", "the answer and not what stood behind it");
        assert_eq!((answer.header("set-cookie"), answer.header("x-also")), (None, None));
        connection.send(modern(1, "b"));
        assert_eq!(connection.answer().json()["result"]["content"][0]["text"], "b");
    }
}

/// Answers with the head that the call names.
fn strange_heads(request: &Text, stream: &mut TcpStream) -> bool {
    let text = request.text();
    let body = answer_to(&request.json()).unwrap_or_default().to_string();
    let json = "Content-Type: application/json\r\n";
    let twice = |header: &str| format!("{json}{header}{header}");
    let case = ["twice-type", "twice-session", "twice-length", "both", "bare", "behind"];
    match case.into_iter().find(|case| text.contains(&format!("\"{case}\""))) {
        Some("twice-type") => reply(stream, "200 OK", &twice("Content-Type: text/event-stream\r\n"), &body),
        Some("twice-session") => reply(stream, "200 OK", &twice("Mcp-Session-Id: a\r\n"), &body),
        Some("twice-length") => reply(stream, "200 OK", &format!("{json}Content-Length: 3\r\n"), &body),
        Some("both") => reply(stream, "200 OK", &format!("{json}Transfer-Encoding: chunked\r\n"), &body),
        Some("bare") => {
            let head =
                format!("HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: {}", body.len());
            stream.write_all(format!("{head}\n\n{body}").as_bytes()).is_ok()
        }
        Some("behind") => {
            let head = format!("HTTP/1.1 200 OK\r\n{json}Set-Cookie: a=b\r\nX-Also: 1\r\n");
            let smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            let text = format!("{head}Content-Length: {}\r\n\r\n{body}{smuggled}", body.len());
            stream.write_all(text.as_bytes()).is_ok()
        }
        _ => match request.json()["id"].is_null() || request.json()["method"] == "initialize" {
            true => plain(request, stream),
            false => reply_json(stream, &body),
        },
    }
}

/// A server of 2025-03-26. It answers the first call of a batch as `first` says, and talks on until it is not heard any more.
fn talks_on(request: &Text, stream: &mut TcpStream, left: &Latch) -> bool {
    if !request.body.starts_with(b"[") {
        let answer = answer_to(&request.json()).map(|answer| answer.to_string());
        return match answer {
            Some(answer) => reply_json(stream, &answer.replace("2025-11-25", "2025-03-26")),
            None => reply(stream, "202 Accepted", "", ""),
        };
    }
    begin_events(stream);
    let first = request.json()[0].clone();
    let answer = answer_to(&first).expect("a call");
    chunk(stream, &format!("data: {answer}\n\n"));
    let word = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x".repeat(1000)}});
    while chunk(stream, &format!("data: {word}\n\n")) {}
    left.open();
    false
}

#[test]
fn answers_to_a_batch_that_are_together_longer_than_the_limit_end_it() {
    let left = Arc::<Latch>::default();
    let for_upstream = Arc::clone(&left);
    let place = Place::with(
        move |request, stream| talks_on(request, stream, &for_upstream),
        &["--max-message-bytes", "65536"],
    );
    let session = place.session();
    // Once the tools are listed, what goes on goes as one batch.
    assert_eq!(place.say(&session, &call(0, "a")).status(), 200);
    let batch = json!([call(1, "a"), call(2, "b"), call(3, "~/.ssh/id")]).to_string();
    // A client that takes no events gets one array.
    let request = post(&batch, &format!("Mcp-Session-Id: {session}\r\n")).replace(", text/event-stream", "");
    let answer = ask(place.address(), request);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(answer.body.len() < 70_000, "{}", answer.body.len());
    let of = |id: i64| {
        let all = answer.json();
        let mut own = all.as_array().into_iter().flatten().filter(|one| one["id"] == id).cloned();
        let found = own.next().unwrap_or_else(|| panic!("no answer to {id}"));
        assert!(own.next().is_none(), "two answers to {id}");
        found
    };
    assert_eq!(of(1)["result"]["content"][0]["text"], "a");
    assert_eq!(of(2)["error"]["code"], -32603, "{}", of(2));
    let words = of(2)["error"]["message"].to_string();
    assert!(words.contains("--max-message-bytes"), "{words}");
    assert_eq!(of(3)["result"]["isError"], true);
    left.pass();
    assert_eq!(place.outcomes(), 3);
    assert_eq!(place.say(&session, &call(4, "c")).json()["result"]["content"][0]["text"], "c");
}
