//! The life of a wrapped server: its exit status is ours, its stderr passes, and nothing of it outlives either side.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::process::{self, Signal, Watched};
use bailiwick_testkit::recorder;
use bailiwick_testkit::route::Route;
use bailiwick_testkit::script::ServerCommand;
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::wire::{Wire, request, shown};
use bailiwick_testkit::workplace::Workplace;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// How long a tree may live after its root was killed: the second of grace, and what a machine with much else to do takes.
const AFTERLIFE: Duration = Duration::from_secs(20);

fn start(place: &Workplace, modes: &str) -> Wire {
    let allow_all = repository().join("crates/bailiwick/tests/policies/allow-all.yaml").display().to_string();
    // What ignores SIGTERM is killed a second later.
    let route = Route::bailiwick(BUILT, ["--policy", &allow_all, "--grace", "1"]);
    Wire::start(place, &route, &recorder::command(place, modes))
}

fn started(place: &Workplace, modes: &str) -> Wire {
    let mut wire = start(place, modes);
    wire.handshake("2025-11-25");
    wire
}

/// The status as a shell shows it: the exit code, or 128 and the signal that ended it.
fn shell_status(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).expect("it ended")
}

#[test]
fn the_exit_status_of_the_server_is_ours() {
    let ends = [
        (json!({"status": 0}), 0),
        (json!({"status": 3}), 3),
        (json!({"status": 255}), 255),
        (json!({"signal": 15}), 143),
        (json!({"signal": 9}), 137),
        (json!({"signal": 11}), 139),
    ];
    for (arguments, expected) in ends {
        let place = Workplace::new();
        let mut wire = started(&place, "");
        let answer = wire.call(1, "die", arguments.clone());
        assert!(
            answer["error"]["message"].is_string(),
            "the call that it died of is answered by an error: {answer}"
        );
        assert_eq!(wire.rest(), Vec::<Vec<u8>>::new(), "nothing after the answer");
        assert_eq!(shell_status(wire.wait()), expected, "{arguments}");
    }
}

#[test]
fn a_server_that_dies_half_way_through_an_answer_leaves_an_error_and_no_half_line() {
    let place = Workplace::new();
    let mut wire = started(&place, "");
    wire.send(request("waiting", "tools/call", json!({"name": "silent"})).to_string());
    wire.send(
        request(1, "tools/call", json!({"name": "die", "arguments": {"half": true, "status": 3}}))
            .to_string(),
    );
    let lines = wire.rest();
    let answers: Vec<Value> = lines
        .iter()
        .map(|line| {
            serde_json::from_slice(line)
                .unwrap_or_else(|_| panic!("half a line reached the client: {}", shown(line)))
        })
        .collect();
    for id in [json!("waiting"), json!(1)] {
        let answer: Vec<_> = answers.iter().filter(|answer| answer["id"] == id).collect();
        assert!(
            answer.len() == 1 && answer[0]["error"]["message"].is_string(),
            "one error for {id}: {answers:?}"
        );
    }
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert_eq!(shell_status(wire.wait()), 3);
}

#[test]
fn a_server_that_never_lives_is_reported() {
    let place = Workplace::new();
    let mut wire = start(&place, "instant");
    wire.send(request(0, "initialize", json!({"protocolVersion": "2025-11-25"})).to_string());
    let lines = wire.rest();
    assert!(lines.iter().all(|line| serde_json::from_slice::<Value>(line).is_ok_and(|answer| answer["error"].is_object())));
    assert_eq!(shell_status(wire.wait()), 7);
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let place = Workplace::new();
    let nowhere = ServerCommand { command: vec![place.at("no-such-server")], environment: Vec::new() };
    let mut wire = Wire::start(&place, &Route::bailiwick(BUILT, ["--mode", "observe"]), &nowhere);
    assert!(wire.rest().is_empty());
    let status = wire.wait();
    assert!(!status.success());
    wire.await_stderr("no-such-server");
}

#[test]
fn without_a_valid_policy_nothing_starts() {
    let place = Workplace::new();
    place.file("empty.yaml", "");
    place
        .file("typo.yaml", "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: alow, on: [\"*/*\"] }\n");
    for policy in
        [place.at("missing.yaml"), place.at("empty.yaml"), place.at("typo.yaml"), "no-such-name".to_owned()]
    {
        let route = Route::bailiwick(BUILT, ["--policy", &policy]);
        let mut wire = Wire::start(&place, &route, &recorder::command(&place, ""));
        assert_eq!(wire.rest(), Vec::<Vec<u8>>::new(), "stdout belongs to the protocol");
        assert_eq!(shell_status(wire.wait()), 78, "{policy}");
        let name = policy.rsplit('/').next().unwrap_or_default();
        wire.await_stderr(name);
        assert!(!place.path().join("recorder.log").exists(), "the server was started");
    }
}

#[test]
fn stderr_passes_through() {
    let place = Workplace::new();
    let mut wire = started(&place, "");
    wire.call(1, "complain", json!({"text": "no newline yet, é, "}));
    wire.call(2, "complain", json!({"text": "and now\n{\"jsonrpc\":\"2.0\"}\n"}));
    wire.await_stderr("{\"jsonrpc\":\"2.0\"}");
    assert!(
        wire.stderr().contains("no newline yet, é, and now\n{\"jsonrpc\":\"2.0\"}\n"),
        "{}",
        wire.stderr()
    );
}

#[test]
fn the_end_of_the_input_is_passed_on() {
    let place = Workplace::new();
    let mut wire = started(&place, "");
    // What was asked before the end is still answered.
    wire.send(request(1, "tools/call", json!({"name": "echo", "arguments": {}})).to_string());
    wire.close();
    assert!(wire.rest().iter().any(|line| line.starts_with(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\"")));
    assert_eq!(shell_status(wire.wait()), 0);
    let last = recorder::arrivals(&place).pop().expect("arrivals");
    assert_eq!(last.calls, [("end of input".to_owned(), None)], "the server was left to end by itself");
}

/// Servers and grandchildren that go when they are told, and such that have to be made to: modes of the one, arguments of the other.
const KINDS: [(&str, &str); 4] = [
    ("", "{}"),
    ("", r#"{"detached":true}"#),
    ("stubborn", r#"{"stubborn":true}"#),
    ("stubborn", r#"{"stubborn":true,"detached":true}"#),
];

/// Starts a server with a grandchild and gives every process below ours, ours first.
fn family(place: &Workplace, modes: &str, grandchild: &str) -> (Wire, Vec<Watched>) {
    let mut wire = started(place, modes);
    let answer = wire.call(1, "spawn", serde_json::from_str(grandchild).expect("JSON"));
    let text = answer["result"]["content"][0]["text"].as_str().expect("a process id");
    let pid: u32 = text.parse().expect("a process id");
    let tree = process::tree(wire.pid());
    assert!(tree.contains(&pid) && tree.len() >= 3, "{tree:?} holds proxy, server and grandchild {pid}");
    (wire, tree.into_iter().map(Watched::new).collect())
}

/// Whichever of our own processes is killed: the one that was started, or the one below it that watches.
#[test]
fn a_killed_proxy_leaves_nothing_behind() {
    for victim in [0, 1] {
        for (modes, grandchild) in KINDS {
            let place = Workplace::new();
            let (_wire, family) = family(&place, modes, grandchild);
            family[victim].signal(Signal::KILL);
            process::assert_gone(&family, AFTERLIFE);
        }
    }
}

#[test]
fn a_client_that_leaves_takes_everything_with_it() {
    for (modes, grandchild) in KINDS {
        let place = Workplace::new();
        let (mut wire, family) = family(&place, modes, grandchild);
        wire.close();
        process::assert_gone(&family, AFTERLIFE);
    }
}

#[test]
fn a_server_that_dies_takes_its_children_with_it() {
    let place = Workplace::new();
    let (mut wire, family) = family(&place, "", r#"{"stubborn":true,"detached":true}"#);
    wire.call(2, "die", json!({"status": 0}));
    process::assert_gone(&family, AFTERLIFE);
}

#[test]
fn signals_reach_the_whole_group_of_the_server() {
    for (signal, expected) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let place = Workplace::new();
        let (mut wire, family) = family(&place, "", "{}");
        family[0].signal(signal);
        process::assert_gone(&family, AFTERLIFE);
        assert_eq!(shell_status(wire.wait()), expected);
    }
}

/// What writes down the signals that it gets.
const LISTENER: &str = r#"
trap 'echo one >> "$0"' USR1
trap 'echo two >> "$0"' USR2
trap 'echo time >> "$0"' ALRM
trap 'echo size >> "$0"' WINCH
echo ready >> "$0"
while :; do sleep 0.1 & wait $!; done
"#;

#[test]
fn signals_for_the_server_reach_it_and_end_nothing() {
    let place = Workplace::new();
    let log = place.path().join("signals");
    let mut command = Command::new(BUILT);
    command
        .args(["run", "--policy", "standard", "--server", "sh", "--grace", "1", "--audit"])
        .arg(place.path().join("audit.jsonl"));
    command.args(["--", "sh", "-c", LISTENER]).arg(&log);
    command.env("XDG_STATE_HOME", place.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut ours = command.spawn().expect("it starts");
    let watched = Watched::new(ours.id());
    let mut expected = String::new();
    for (sent, word) in [
        (None, "ready\n"),
        (Some(Signal::USR1), "one\n"),
        (Some(Signal::USR2), "two\n"),
        (Some(Signal::ALARM), "time\n"),
        (Some(Signal::WINCH), "size\n"),
    ] {
        if let Some(signal) = sent {
            watched.signal(signal);
        }
        expected.push_str(word);
        let end = Instant::now() + AFTERLIFE;
        while std::fs::read_to_string(&log).unwrap_or_default() != expected {
            assert!(Instant::now() < end, "{:?} and not {expected:?}", std::fs::read_to_string(&log));
            thread::sleep(Duration::from_millis(10));
        }
    }
    assert!(ours.try_wait().expect("it is ours").is_none(), "it goes on");
    drop(ours.stdin.take());
    ours.wait().expect("it ends with its client");
}

#[test]
fn a_stop_at_the_terminal_stops_the_servers_group_too_and_both_go_on_together() {
    let place = Workplace::new();
    let (mut wire, family) = family(&place, "", "{}");
    let wait_until_stopped_is = |wanted: bool| {
        let end = Instant::now() + AFTERLIFE;
        // The second watches, and must go on to do so.
        let rest = || family.iter().enumerate().filter(|(index, _)| *index != 1).map(|(_, process)| process);
        while rest().any(|process| process.is_stopped() != wanted) {
            assert!(Instant::now() < end, "not all of them have `stopped` {wanted}");
            thread::sleep(Duration::from_millis(10));
        }
    };
    for _ in 0..2 {
        family[0].signal(Signal::TSTP);
        wait_until_stopped_is(true);
        family[0].signal(Signal::CONT);
        wait_until_stopped_is(false);
    }
    // Who is told to go on before the word to stop was heard goes on.
    for _ in 0..30 {
        family[0].signal(Signal::TSTP);
        family[0].signal(Signal::CONT);
        thread::sleep(Duration::from_millis(20));
    }
    wait_until_stopped_is(false);
    wire.call(3, "spawn", json!({}));
    wire.close();
    process::assert_gone(&family, AFTERLIFE);
}

#[test]
fn a_line_that_is_no_message_is_shown_and_recorded_by_its_digest() {
    let place = Workplace::new();
    let audit = place.path().join("audit.jsonl");
    let key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let script = format!(r"printf 'listening \033[2J on %s with {key}\n' 8080");
    let mut command = Command::new(BUILT);
    command.args(["run", "--policy", "standard", "--server", "sh", "--audit"]).arg(&audit);
    command.args(["--", "sh", "-c", &script]);
    command.env("XDG_STATE_HOME", place.path()).stdin(Stdio::piped());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let output = child.wait_with_output().expect("it ends with its server");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the line was: listening <U+001B>[2J on 8080 with "), "{said}");
    assert!(!said.contains(key), "{said}");
    assert!(output.stdout.is_empty(), "{}", shown(&output.stdout));
    let log = std::fs::read_to_string(&audit).expect("it is there");
    let records = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    let junk = records.filter(|record| record["kind"] == "malformed").collect::<Vec<_>>();
    assert_eq!(junk.len(), 1, "{log}");
    let line = format!("listening \u{1b}[2J on 8080 with {key}");
    assert_eq!(junk[0]["line_bytes"], json!(line.len()), "{}", junk[0]);
    // As `sha256sum` says it of the line.
    let digest = "f33211be77b3ef0f0c58f688e945461a42a2dbc90a8cb85e89617196df65d783";
    assert_eq!(junk[0]["line_sha256"], json!(digest), "{}", junk[0]);
}

#[test]
fn a_server_that_ignores_sigterm_is_killed_in_the_end() {
    let place = Workplace::new();
    let (mut wire, family) = family(&place, "stubborn", r#"{"stubborn":true}"#);
    family[0].signal(Signal::TERM);
    process::assert_gone(&family, AFTERLIFE);
    assert_eq!(shell_status(wire.wait()), 137);
}
