//! `bailiwick policy explain`, `lint` and `fmt`, as they are used.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn bailiwick(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.arg("policy").args(args).env_clear().env("HOME", folder).current_dir(folder);
    let output = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
    (output.status.code(), text)
}

const POLICY: &str = "version: 1
default: deny
rules:
  - { id: src, effect: allow, on: fs/write, args: { path: { path: \"/srv/app/src/**\" }, size: { range: [0, 50] } } }
  - { id: no, effect: deny, on: fs/drop }
";

#[test]
fn the_smallest_changes_that_would_allow_a_call_are_tried_out() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("p.yaml"), POLICY).expect("a file");
    let lines = r#"{"at":1,"decision":{"method":"tools/call","target":"write","arguments":{"path":"/etc/x","size":70}}}
{"kind":"decision","method":"tools/call","target":"drop","arguments":{}}
"#;
    fs::write(folder.join("t.jsonl"), lines).expect("a file");
    let explain = |line: &str| {
        bailiwick(
            folder,
            &["explain", "-p", "p.yaml", "--server", "fs", "--no-follow", "--line", line, "t.jsonl"],
        )
    };
    let (status, text) = explain("1");
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("- in the call: `path` = \"/srv/app/src/x\", `size` = 50 (rule `src`)"), "{text}");
    let rule = "- in the policy: { id: this-call, effect: allow, on: \"fs/write\", args: { \"path\": { in: [\"/etc/x\"] }, \"size\": { in: [70] } } }";
    assert!(text.contains(rule), "{text}");
    let (status, text) = explain("2");
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("rule `no` (p.yaml:5) must not match"), "{text}");
    assert!(!text.contains("smallest"), "no rule undoes a deny: {text}");
    assert_eq!(explain("3").0, Some(1));
}

#[test]
fn the_first_line_is_what_is_decided_after_the_history() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let policy = "version: 1\nrules: [{ id: all, effect: allow, on: \"*/*\" }]\nlimits: [{ id: once, on: \"*/*\", max: 1 }]\n";
    fs::write(folder.join("p.yaml"), policy).expect("a file");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{}}}"#;
    fs::write(folder.join("c.json"), call).expect("a file");
    let explain = |more: &[&str]| {
        let args = ["explain", "-p", "p.yaml", "--server", "fs", "--no-follow", "c.json"];
        bailiwick(folder, &[&args[..], more].concat()).1
    };
    let fresh = explain(&[]);
    assert!(fresh.starts_with("allow fs/read\n"), "{fresh}");
    let after = explain(&["--history", "c.json"]);
    assert!(after.starts_with("deny fs/read, as the engine decides; allow by rules alone\n"), "{after}");
}

#[test]
fn the_name_of_a_tool_cannot_write_over_the_verdict() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("p.yaml"), POLICY).expect("a file");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x\r\u001b[2Kallow fs/write\u009b\u202e","arguments":{}}}"#;
    fs::write(folder.join("c.json"), call).expect("a file");
    let (status, text) =
        bailiwick(folder, &["explain", "-p", "p.yaml", "--server", "fs", "--no-follow", "c.json"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.starts_with("deny fs/x"), "{text}");
    assert!(!text.contains(['\r', '\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
}

#[test]
fn what_is_said_of_an_error_moves_no_cursor() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("p.yaml"), "version: 1\n\u{9b}2Krules: 1 # \u{202e}\n").expect("a file");
    let (status, text) = bailiwick(place.path(), &["check", "p.yaml"]);
    assert_ne!(status, Some(0), "{text}");
    assert!(!text.contains(['\u{9b}', '\u{202e}']), "{text:?}");
}

#[test]
fn lint_and_fmt_return_what_ci_needs() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("good.yaml", POLICY);
    assert_eq!(bailiwick(folder, &["lint", "good.yaml"]), (Some(0), "nothing found\n".to_owned()));
    write("wide.yaml", "version: 1\nrules: [{id: a,effect: allow, on:   \"*/*\"}] # all\n");
    let (status, text) = bailiwick(folder, &["lint", "wide.yaml"]);
    assert_eq!(status, Some(10), "{text}");
    assert!(text.starts_with("wide.yaml:2:14: allows-everything (high)\n"), "{text}");
    let (status, text) = bailiwick(folder, &["lint", "wide.yaml", "--format", "sarif"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("\"ruleId\":\"allows-everything\""), "{text}");
    assert_eq!(bailiwick(folder, &["lint", "wide.yaml", "--fail-on", "never"]).0, Some(0));
    write("bad.yaml", "version: 1\nrulez: []\n");
    let (status, text) = bailiwick(folder, &["lint", "bad.yaml", "--format", "github"]);
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("::error file=bad.yaml,line=2,col=1,title=invalid::"), "{text}");

    assert_eq!(bailiwick(folder, &["fmt", "--check", "wide.yaml"]).0, Some(10));
    assert_eq!(bailiwick(folder, &["fmt", "wide.yaml"]).0, Some(0));
    let text = fs::read_to_string(folder.join("wide.yaml")).expect("a file");
    assert_eq!(text, "version: 1\nrules: [{ id: a, effect: allow, on: \"*/*\" }] # all\n");
    assert_eq!(bailiwick(folder, &["fmt", "--check", "wide.yaml", "good.yaml"]).0, Some(0));
    write("broken.yaml", "a: [\n");
    assert_eq!(bailiwick(folder, &["fmt", "broken.yaml"]).0, Some(78));
}

#[test]
fn what_a_client_does_with_its_tasks_is_explained() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let policy = "version: 1\nrules:\n  - { id: all, effect: allow, on: \"*/*\" }\n  - { id: not-those, effect: deny, on: task, args: { taskId: { prefix: x } } }\n";
    fs::write(folder.join("p.yaml"), policy).expect("a file");
    let explain = |method: &str, params: &str| {
        let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        fs::write(folder.join("c.json"), call).expect("a file");
        bailiwick(folder, &["explain", "-p", "p.yaml", "--server", "fs", "--no-follow", "c.json"])
    };
    for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"] {
        let (status, text) = explain(method, r#"{"taskId":"x1"}"#);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.starts_with("deny task:fs\n"), "{text}");
        assert!(text.contains("rule `not-those` (p.yaml:4) must not match"), "{text}");
        let (status, text) = explain(method, r#"{"taskId":"t1"}"#);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.starts_with("allow task:fs\n"), "{text}");
        assert!(!text.contains("default"), "{text}");
    }
    let (status, text) = explain("tasks/list", "{}");
    assert_eq!((status, text.starts_with("allow task:fs\n")), (Some(0), true), "{text}");
    let (_, text) = explain("tools/call", r#"{"name":"read","arguments":{},"task":{},"taskId":"x"}"#);
    assert!(text.starts_with("deny fs/read, as the engine decides; allow by rules alone"), "{text}");
    assert!(text.contains("not-those"), "{text}");
}

#[test]
fn a_question_of_the_server_that_is_refused_is_answered_and_not_sent_on() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let rule = |effect: &str| format!("{{ id: all, effect: {effect}, on: [sampling, elicitation, roots] }}");
    let explain = |effect: &str, method: &str, params: &str| {
        fs::write(folder.join("p.yaml"), format!("version: 1\nrules: [{}]\n", rule(effect))).expect("a file");
        let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        fs::write(folder.join("c.json"), call).expect("a file");
        bailiwick(folder, &["explain", "-p", "p.yaml", "--server", "fs", "--no-follow", "c.json"])
    };
    let form = r#"{"message":"x","requestedSchema":{"type":"object","properties":{}}}"#;
    for (method, params, answer) in [
        (
            "sampling/createMessage",
            r#"{"messages":[],"maxTokens":1}"#,
            r#"  the server is answered: {"jsonrpc":"2.0","id":1,"error":{"code":-1,"#,
        ),
        (
            "elicitation/create",
            form,
            r#"  the server is answered: {"jsonrpc":"2.0","id":1,"result":{"action":"decline"}}"#,
        ),
        ("roots/list", "{}", r#"  the server is answered: {"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#),
    ] {
        let (status, text) = explain("deny", method, params);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("the engine decides: deny, refused"), "{text}");
        assert!(text.contains(answer), "{text}");
        assert!(!text.contains("sent to the server"), "{text}");
        let (_, text) = explain("allow", method, params);
        assert!(text.contains("  to the client: ") && !text.contains("the server is answered"), "{text}");
    }
}
