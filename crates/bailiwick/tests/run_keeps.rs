//! What a run keeps while things change around it: the last good policy, the pins of a lock file, and the record.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::path::Path;
use std::process::Command;

use bailiwick_testkit::patience::comes;
use bailiwick_testkit::recorder;
use bailiwick_testkit::route::{Route, binary};
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::wire::{Wire, request};
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");
const OPEN: &str = "version: 1\ndefault: deny\nrules:\n  - { id: open, effect: allow, on: '*/*' }\n";
const SHUT: &str = "version: 1\ndefault: deny\nrules:\n  - { id: shut, effect: deny, on: '*/*' }\n";

fn started(place: &Workplace, flags: [&str; 4], modes: &str) -> Wire {
    let mut wire = Wire::start(place, &Route::bailiwick(BUILT, flags), &recorder::command(place, modes));
    wire.handshake("2025-11-25");
    wire
}

/// Calls `echo` until the answer says what is wanted.
fn await_answer(wire: &mut Wire, first_id: i64, wanted: impl Fn(&Value) -> bool) {
    let mut ids = first_id..;
    let is_wanted = || ids.next().is_some_and(|id| wanted(&wire.call(id, "echo", json!({ "text": "x" }))));
    assert!(comes(is_wanted), "no answer is as it must be");
}

fn passed(answer: &Value) -> bool {
    answer["result"]["content"].is_array() && answer["result"]["isError"] != json!(true)
}

fn records(place: &Workplace, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path().join("audit.jsonl")).expect("the audit log");
    let records =
        text.lines().map(|line| bailiwick_testkit::serde_json::from_str::<Value>(line).expect("JSON"));
    records.filter(|record| record["kind"] == json!(kind)).collect()
}

#[test]
fn a_changed_policy_holds_at_once_and_a_broken_one_never() {
    let place = Workplace::new();
    let policy = place.file("policy.yaml", OPEN);
    let (policy_flag, audit) = (policy.display().to_string(), place.at("audit.jsonl"));
    let mut wire = started(&place, ["--policy", &policy_flag, "--audit", &audit], "");
    assert!(passed(&wire.call(1, "echo", json!({ "text": "x" }))));

    place.replace("policy.yaml", SHUT);
    await_answer(&mut wire, 100, |answer| !passed(answer));

    place.replace("policy.yaml", "version: 1\ndefault: allow\nrules: [\n");
    wire.await_stderr("the last good one stays in force");
    assert!(!passed(&wire.call(200, "echo", json!({ "text": "x" }))));

    place.replace("policy.yaml", OPEN);
    await_answer(&mut wire, 300, passed);
    wire.close();
    assert!(wire.wait().success());
    let outcomes: Vec<Value> =
        records(&place, "reload").iter().map(|record| record["outcome"].clone()).collect();
    assert_eq!(outcomes, ["succeeded", "failed", "succeeded"]);
}

#[test]
fn a_hangup_signal_loads_the_policy_again() {
    let place = Workplace::new();
    let policy = place.file("policy.yaml", OPEN);
    let (policy_flag, audit) = (policy.display().to_string(), place.at("audit.jsonl"));
    let mut wire = started(&place, ["--policy", &policy_flag, "--audit", &audit], "");
    let hangup = Command::new("kill").args(["-HUP", &wire.pid().to_string()]).status().expect("kill runs");
    assert!(hangup.success());
    wire.await_stderr("the policy was loaded again");
    assert!(passed(&wire.call(1, "echo", json!({ "text": "x" }))));
    wire.close();
    assert!(wire.wait().success());
}

fn lock(place: &Workplace, arguments: &[&str], modes: &str) -> (i32, String) {
    let server = recorder::command(place, modes);
    let output = Command::new(binary(BUILT))
        .arg("lock")
        .args(arguments)
        .args(["--lock", &place.at("bailiwick.lock"), "--server", "recorder", "--"])
        .args(&server.command)
        .env_clear()
        .envs(place.environment())
        .envs(server.environment)
        .output()
        .expect("bailiwick runs");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn a_lock_file_finds_what_changed_and_holds_it_from_the_first_call() {
    let place = Workplace::new();
    let (status, text) = lock(&place, &["--check"], "");
    assert_eq!(status, 1, "{text}");
    let (status, text) = lock(&place, &[], "");
    assert_eq!(status, 0, "{text}");
    let (status, text) = lock(&place, &["--check"], "");
    assert_eq!(status, 0, "{text}");

    // Another description, as if the server had been replaced since.
    let path = place.path().join("bailiwick.lock");
    let mut locked: Value =
        bailiwick_testkit::serde_json::from_str(&std::fs::read_to_string(&path).expect("the lock file"))
            .expect("JSON");
    locked["servers"]["recorder"]["tools"]["echo"]["description"] =
        json!(format!("sha256:{}", "0".repeat(64)));
    std::fs::write(&path, locked.to_string()).expect("the lock file");
    let (status, text) = lock(&place, &["--check"], "");
    assert_eq!(status, 11, "{text}");
    assert!(text.contains("tool `echo` changed since it was pinned: description"), "{text}");
    let (status, text) = lock(&place, &["--diff"], "");
    assert_eq!(status, 0, "{text}");

    let policy = place.file("policy.yaml", OPEN).display().to_string();
    let flags = ["--policy", &policy, "--lock", &place.at("bailiwick.lock"), "--server", "recorder"];
    let mut wire = Wire::start(&place, &Route::bailiwick(BUILT, flags), &recorder::command(&place, ""));
    wire.handshake("2025-11-25");
    let answer = wire.call(1, "echo", json!({ "text": "x" }));
    assert!(answer.to_string().contains("changed since it was pinned"), "{answer}");
    let listed = wire.ask(&request(2, "tools/list", json!({})));
    assert!(!listed.to_string().contains("\"echo\""), "{listed}");
    wire.close();
    wire.wait();
}

/// `bailiwick` under a limit on the size of files, which a full disk is to it.
fn confined(place: &Workplace, blocks: u32) -> std::path::PathBuf {
    let script = place.file(
        "confined.sh",
        &format!("#!/bin/sh\nulimit -f {blocks}\nexec '{}' \"$@\"\n", binary(BUILT).display()),
    );
    set_executable(&script);
    script
}

fn set_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[test]
fn a_full_disk_refuses_messages_and_says_so_on_both_sides() {
    let place = Workplace::new();
    let policy = place.file("policy.yaml", OPEN).display().to_string();
    let audit = place.at("audit.jsonl");
    let flags = ["--policy", &policy, "--audit", &audit].map(str::to_owned).to_vec();
    let route = Route::Bailiwick { binary: confined(&place, 40), flags };
    // The recorder's own log must not run into the limit: it is written by a process that inherits it.
    let mut server = recorder::command(&place, "");
    server.environment.retain(|(name, _)| name != "RECORDER_LOG");
    server.environment.push(("RECORDER_LOG".to_owned(), "/dev/null".to_owned()));
    let mut wire = Wire::start(&place, &route, &server);
    wire.handshake("2025-11-25");
    let mut refused = None;
    for id in 1..400 {
        let answer = wire.call(id, "echo", json!({ "text": "x".repeat(200) }));
        if answer["error"]["code"] == json!(4050) {
            refused = Some((id, answer));
            break;
        }
        assert!(passed(&answer), "{answer}");
    }
    let (id, answer) = refused.expect("the disk is full before 400 calls");
    assert!(answer.to_string().contains("audit log cannot be written"), "{answer}");
    wire.await_stderr("the audit log cannot be written, so every message is refused");
    // And it stays refused.
    assert_eq!(wire.call(id + 1, "echo", json!({}))["error"]["code"], json!(4050));
    wire.close();
    wire.wait();
    let verify = Command::new(binary(BUILT))
        .args(["audit", "verify", &audit])
        .env_clear()
        .envs(place.environment())
        .output()
        .expect("bailiwick runs");
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}

#[test]
fn what_does_not_load_does_not_start() {
    let place = Workplace::new();
    let empty = place.file("empty.yaml", "").display().to_string();
    let typo = place.file("typo.yaml", &OPEN.replace("effect: allow", "effect: Allow")).display().to_string();
    let key = place
        .file("key.yaml", &OPEN.replace("default: deny", "default: deny\ndefault_action: allow"))
        .display()
        .to_string();
    for (policy, said) in [
        ("standrd", "there is no policy `standrd`"),
        ("missing.yaml", "missing.yaml"),
        ("", "names nothing"),
        (&empty, "empty.yaml"),
        (&typo, "typo.yaml:4"),
        (&key, "default_action"),
    ] {
        let server = recorder::command(&place, "");
        let output = Command::new(binary(BUILT))
            .args(["run", &format!("--policy={policy}"), "--"])
            .args(&server.command)
            .env_clear()
            .envs(place.environment())
            .envs(server.environment)
            .output()
            .expect("bailiwick runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{policy}: {text}");
        assert!(text.contains(said), "{policy}: {text}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(recorder::arrivals(&place).len(), 0);
}

#[test]
fn whatever_fails_after_the_start_the_stop_is_recorded() {
    let mut failed_after_start = 0;
    for descriptors in 8..32 {
        let place = Workplace::new();
        let script = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\" 2>/dev/null </dev/null");
        let mut command = Command::new("sh");
        command.args(["-c", &script, BUILT, "run", "--policy", "permissive"]);
        command.args(["--audit", &place.at("audit.jsonl"), "--", "true"]);
        command.env("BAILIWICK_STATE_DIR", place.at("state")).current_dir(place.path());
        let status = command.status().expect("a shell runs");
        if std::fs::metadata(place.path().join("audit.jsonl")).is_err() || records(&place, "start").is_empty()
        {
            continue;
        }
        assert_eq!(records(&place, "stop").len(), 1, "with {descriptors} descriptors: {status}");
        failed_after_start += u32::from(!status.success());
    }
    assert!(failed_after_start > 0, "nothing failed between start and stop");
}
