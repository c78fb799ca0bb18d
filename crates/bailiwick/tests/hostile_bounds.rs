//! What a peer can make us hold: a 100 MB line, a million brackets, a hundred thousand open requests, a reader that does not read.
//! Each costs bounded memory and ends in a clear error, and the connection goes on.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

use bailiwick_testkit::process::{self, Signal, Watched};
use bailiwick_testkit::recorder;
use bailiwick_testkit::route::Route;
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::wire::{Wire, is_answer, request};
use bailiwick_testkit::workplace::Workplace;
use std::io::Write;
use std::thread;
use std::time::Duration;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// How much more than at rest the proxy may ever hold, in KiB: four messages of the greatest size.
const GROWTH_KIB: u64 = 64 * 1024;

const MODES: [&str; 2] = ["enforce", "observe"];

struct Run {
    place: Workplace,
    wire: Wire,
    idle_kib: u64,
}

fn run(mode: &str, recorder_modes: &str) -> Run {
    let allow_all = repository().join("crates/bailiwick/tests/policies/allow-all.yaml").display().to_string();
    let route =
        Route::bailiwick(BUILT, ["--policy", &allow_all, "--mode", mode, "--audit-durability", "batched"]);
    let place = Workplace::new();
    let mut wire = Wire::start(&place, &route, &recorder::command(&place, recorder_modes));
    wire.handshake("2025-11-25");
    wire.ask(&request("warm", "ping", json!({})));
    let idle_kib = process::peak_kib(wire.pid());
    assert!(idle_kib > 0, "the memory of the proxy can be read");
    Run { place, wire, idle_kib }
}

impl Run {
    /// The connection still works, and memory stayed within bounds.
    fn assert_well(&mut self, what: &str) {
        let answer = self.wire.ask(&request(format!("after {what}"), "ping", json!({})));
        assert!(answer["result"].is_object(), "{what}: {answer}");
        self.assert_small(what);
    }

    fn assert_small(&self, what: &str) {
        let grown = process::peak_kib(self.wire.pid()).saturating_sub(self.idle_kib);
        assert!(grown < GROWTH_KIB, "{what}: the proxy took {grown} KiB more than at rest");
    }

    /// The next line, which must be an error.
    fn next_error(&self, what: &str) -> Value {
        let line = self.wire.next_line().unwrap_or_else(|| panic!("{what}: the output ended"));
        let answer: Value = serde_json::from_slice(&line).expect("JSON");
        assert!(
            answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty()),
            "{what}: {answer}"
        );
        answer
    }
}

#[test]
fn a_line_of_100_mb_from_the_client_is_refused() {
    for mode in MODES {
        let mut run = run(mode, "");
        let head =
            br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"a":""#;
        run.wire.send_raw(head);
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            run.wire.send_raw(&chunk);
        }
        run.wire.send_raw(b"\"}}}\n");
        let answer = run.next_error("a long line");
        assert!(answer["id"] == 5 || answer["id"].is_null(), "{}", answer["id"]);
        run.assert_well("a long line from the client");
        assert!(
            recorder::arrivals(&run.place).iter().all(|arrival| arrival.line.len() < 10_000),
            "nothing of it arrived"
        );
    }
}

#[test]
fn an_answer_of_100_mb_becomes_an_error() {
    for mode in MODES {
        let mut run = run(mode, "");
        let answer = run.wire.call(5, "big", json!({"bytes": 100 << 20}));
        assert!(answer["error"]["message"].is_string(), "the call is answered by an error");
        run.assert_well("a long answer");
        // The id comes last, so the answer cannot be matched; it must still not pass, nor stop the rest.
        run.wire.send(
            request(
                6,
                "tools/call",
                json!({"name": "big", "arguments": {"bytes": 100 << 20, "id_last": true}}),
            )
            .to_string(),
        );
        run.assert_well("a long answer without a head");
    }
}

#[test]
fn answers_of_8_mib_pass() {
    for mode in MODES {
        let mut run = run(mode, "");
        let answer = run.wire.call(5, "big", json!({"bytes": 8 << 20}));
        assert_eq!(answer["result"]["content"][0]["text"].as_str().map(str::len), Some(8 << 20));
        run.assert_well("a large answer");
    }
}

#[test]
fn a_million_brackets_are_refused() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(1_000_000), close.repeat(1_000_000));
    for mode in MODES {
        let mut run = run(mode, "");
        for (what, nested) in [
            ("arrays", deep("[", "]")),
            ("objects", format!("{}1{}", "{\"a\":".repeat(1_000_000), "}".repeat(1_000_000))),
            ("open arrays", "[".repeat(1_000_000)),
        ] {
            let params = format!(r#"{{"name":"echo","arguments":{{"a":{nested}}}}}"#);
            run.wire.send(format!(r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{params}}}"#));
            run.next_error(what);
            run.wire.send(&nested);
            run.next_error(what);
        }
        let before = format!("{{\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{}}}\n", deep("[", "]"));
        let answer = run.wire.call(6, "emit", json!({"before": before}));
        assert!(answer["error"].is_object() || answer["result"]["content"].is_array(), "{answer}");
        run.assert_well("deep nesting");
        assert!(recorder::arrivals(&run.place).iter().all(|arrival| arrival.fault.is_none()));
    }
}

/// The server answers nothing; what is over the limit is refused, and the rest is answered when it comes round.
#[test]
fn a_hundred_thousand_open_requests_are_too_many() {
    const REQUESTS: u64 = 100_000;
    for mode in MODES {
        let mut run = run(mode, "hush");
        let mut input = run.wire.take_input();
        let writer = thread::spawn(move || {
            for id in 0..REQUESTS {
                let call = request(id, "tools/call", json!({"name": "echo", "arguments": {}}));
                writeln!(input, "{call}").expect("the proxy reads on");
            }
            // This makes the server answer all that it owes.
            writeln!(input, r#"{{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}}"#)
                .expect("the proxy reads on");
            input
        });
        let (mut refused, mut answered) = (0, 0);
        while refused + answered < REQUESTS {
            let line = run.wire.next_line().expect("the output goes on");
            let answer: Value = serde_json::from_slice(&line).expect("JSON");
            match answer.get("error") {
                Some(error) => {
                    assert!(
                        error["message"].as_str().is_some_and(|message| message.contains("in flight")),
                        "{answer}"
                    );
                    refused += 1;
                }
                None => answered += 1,
            }
        }
        // Observing refuses nothing; what it cannot follow any more it forwards without keeping anything of it.
        match mode {
            "observe" => assert_eq!(refused, 0),
            _ => assert!(
                answered > 0 && refused > REQUESTS / 2,
                "{mode}: {answered} answered, {refused} refused"
            ),
        }
        run.assert_small("open requests");
        let mut input = writer.join().expect("the writer ends");
        writeln!(input, "{}", request("again", "tools/call", json!({"name": "echo", "arguments": {}})))
            .expect("the proxy reads on");
        let last = run.wire.read_until(|line| is_answer(line, &json!("again"))).pop().expect("a line");
        assert!(last.windows(8).any(|window| window == b"\"result\""), "there is room again");
    }
}

/// How long a blocked direction is watched: long enough to copy everything many times over, if it were copied.
const WATCH: Duration = Duration::from_secs(2);

#[test]
fn a_server_that_does_not_read_holds_the_client_up_and_no_memory() {
    for mode in MODES {
        let mut run = run(mode, "deaf");
        let mut input = run.wire.take_input();
        // Each is small, so no limit on one message helps; they are notifications, so no limit on open requests does either.
        let filling = json!({"_meta": {"x.example/filling": "y".repeat(60_000)}});
        let line = format!(
            "{}\n",
            json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed", "params": filling})
        );
        let writer = thread::spawn(move || {
            let mut written = 0;
            while written < 200 << 20 && input.write_all(line.as_bytes()).is_ok() {
                written += line.len();
            }
        });
        let proxy = Watched::new(run.wire.pid());
        assert!(!proxy.gone_within(WATCH), "the proxy died");
        run.assert_small("a deaf server");
        proxy.signal(Signal::KILL);
        writer.join().expect("the writer ends");
    }
}

#[test]
fn a_client_that_does_not_read_holds_the_server_up_and_no_memory() {
    for mode in MODES {
        let mut run = run(mode, "");
        run.wire.pause();
        let call = json!({"name": "flood", "arguments": {"count": 4_000, "bytes": 50_000}});
        run.wire.send(request(5, "tools/call", call).to_string());
        assert!(!Watched::new(run.wire.pid()).gone_within(WATCH), "the proxy died");
        run.assert_small("a client that hangs");
        run.wire.resume();
        assert_eq!(run.wire.read_answer(&json!(5)).len(), 4_001, "nothing of the flood is lost");
        run.assert_well("a flood");
    }
}
