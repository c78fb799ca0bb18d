//! `bailiwick demo`, the README's first command: each scene, the rule and the line behind it, and a log that verifies.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::terminal::Terminal;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

/// A viewer does not wait; the shipped program takes a tenth of a second.
const TIME_MAX: Duration = Duration::from_secs(3);

fn ours(home: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(OURS);
    command.args(args).env_clear().env("HOME", home).env("TMPDIR", home).envs(variables.iter().copied());
    command.current_dir(home).stdin(Stdio::null()).output().expect("it starts")
}

/// A scene, and what has to stand under its title, in this order.
type Scene = (&'static str, &'static [&'static str]);

const SCENES: [Scene; 13] = [
    (
        "The agent asks what there is",
        &[
            "filtered",
            "1 of 6 hidden: `drop_database` by default `default` (demo.yaml:4)",
            "agent ← tools: read_file,",
        ],
    ),
    ("A read that is its work", &["✓ allowed  rule `work` (demo.yaml:16)"]),
    (
        "The tool that it was not shown",
        &["✗ denied", "default `default` (demo.yaml:4)", "Unknown tool: drop_database"],
    ),
    ("A secret, through `..`", &["/../", "✗ denied", "rule `secrets` (demo.yaml:6)", "agent ← Denied"]),
    (
        "A secret, as a `file:` URI",
        &["file:///", "✗ denied", "rule `secrets` (demo.yaml:6)", "agent ← Denied"],
    ),
    ("A secret, in a list", &["[", "app/.env", "✗ denied", "rule `secrets` (demo.yaml:6)", "agent ← Denied"]),
    ("A command that is its work", &["✓ allowed  rule `work` (demo.yaml:16)"]),
    ("A command that is not", &["rm -rf", "✗ denied", "rule `no-wipe` (demo.yaml:11)", "agent ← Denied"]),
    (
        "A call that a human must allow",
        &["? asked", "rule `mail` (demo.yaml:19)", "✗ denied", "nobody is asked here", "agent ← Denied"],
    ),
    (
        "A forecast; the server uses the moment",
        &[
            "✓ allowed",
            "the server's own request was refused",
            "sampling/createMessage",
            "default `default` (demo.yaml:4)",
        ],
    ),
    ("And one too many", &["✗ denied", "limit `pace` (demo.yaml:24)", "3 in 1m used up", "agent ← Denied"]),
    (
        "The agent lists again",
        &[
            "2 of 6 hidden: `read_file` by pin `read_file` (demo.yaml:25)",
            "rug pull",
            "changed since it was pinned: description",
        ],
    ),
    ("The rewritten tool", &["✗ denied", "pin `read_file` (demo.yaml:25)", "agent ← Denied"]),
];

#[test]
fn the_demo_shows_every_scene_with_its_rule_and_line_and_its_log_verifies() {
    let home = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let out = ours(home.path(), &["demo", "--audit", "kept.jsonl"], &[]);
    let took = begun.elapsed();
    let text = String::from_utf8(out.stdout).expect("it speaks UTF-8");
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    assert!(took < TIME_MAX, "{took:?}");
    assert!(!text.contains('\x1b'), "colours where there is no terminal");
    let scenes: Vec<&str> = text.split("\n\n").collect();
    for (title, words) in SCENES {
        let scene = scenes.iter().find(|scene| scene.starts_with(title));
        let mut rest = *scene.expect(title);
        for word in words {
            let at = rest.find(word).unwrap_or_else(|| panic!("`{title}` has no `{word}`:\n{text}"));
            rest = rest.get(at + word.len()..).unwrap_or_default();
        }
    }
    assert!(text.contains("9 passed, 11 stopped."), "{text}");
    assert!(text.contains("verified: 34 records"), "{text}");
    // The three commands to try next: the two that need no network work as they stand.
    let next: Vec<&str> = text.lines().skip_while(|line| *line != "Try next:").skip(1).collect();
    assert_eq!(next.len(), 3, "{text}");
    for line in next.iter().take(2) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (program, args) = words.split_first().expect("a command");
        assert_eq!(*program, OURS);
        let out = ours(home.path(), args, &[]);
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    }
    let out = ours(home.path(), &["audit", "verify", "kept.jsonl"], &[]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
fn the_demo_is_in_colour_where_that_is_wanted() {
    let home = tempfile::tempdir().expect("a folder");
    let out = ours(home.path(), &["demo"], &[("CLICOLOR_FORCE", "1")]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("\x1b[") && text.contains("✗"), "{text}");
}

/// What the demo shows at a terminal.
fn at_a_terminal(variables: &[(&str, &str)]) -> String {
    let (home, terminal) = (tempfile::tempdir().expect("a folder"), Terminal::new());
    let mut command = Command::new(OURS);
    command.arg("demo").env_clear().env("HOME", home.path()).env("TMPDIR", home.path());
    command.envs(variables.iter().copied()).current_dir(home.path());
    let status = command.stdin(Stdio::null()).stdout(terminal.output()).status().expect("it starts");
    assert!(status.success());
    terminal.shown("Try next:")
}

#[test]
fn a_terminal_shows_the_demo_in_colour_unless_somebody_wants_none() {
    let terminal = ("TERM", "xterm-256color");
    let text = at_a_terminal(&[terminal]);
    assert!(text.contains("\x1b[") && text.contains("✗"), "{text}");
    for plain in [[terminal, ("NO_COLOR", "1")], [terminal, ("CLICOLOR", "0")], [("TERM", "dumb"), ("A", "")]]
    {
        let text = at_a_terminal(&plain);
        assert!(!text.contains('\x1b') && text.contains("✗"), "{plain:?}: {text}");
    }
}

#[test]
fn the_demo_says_where_its_log_cannot_be() {
    let home = tempfile::tempdir().expect("a folder");
    let out = ours(home.path(), &["demo", "--audit", "no/such/audit.jsonl"], &[]);
    assert!(!out.status.success());
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("there is no folder `no/such`"), "{said}");
}

/// Nothing that it denies but what drifted, and that it lets pass.
const WARNS: &str =
    "version: 1\nname: warns\nrules:\n  - { id: all, effect: allow, on: \"*/*\" }\npins: { drift: warn }\n";

#[test]
fn what_drifted_is_said_on_standard_error_where_the_policy_only_warns() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("warns.yaml"), WARNS).expect("it is written");
    let mut command = Command::new(OURS);
    command.args([
        "run",
        "--policy",
        "warns.yaml",
        "--server",
        "demo",
        "--audit",
        "audit.jsonl",
        "--",
        OURS,
        "__demo-server",
    ]);
    command.env_clear().env("HOME", home.path()).current_dir(home.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut ours = command.spawn().expect("it starts");
    let (mut to, from) = (ours.stdin.take().expect("a pipe"), ours.stdout.take().expect("a pipe"));
    let mut answers = BufReader::new(from).lines();
    let client =
        r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#;
    let steps = [("initialize", client), ("tools/list", "{}"), ("tools/list", "{}")];
    for (id, (method, params)) in steps.into_iter().enumerate() {
        writeln!(to, r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
            .expect("it reads");
        let own = format!("\"id\":{id}");
        while !answers.next().expect("an answer").expect("a line").contains(&own) {}
    }
    drop(to);
    let said = String::from_utf8_lossy(&ours.wait_with_output().expect("it ends").stderr).into_owned();
    let wanted =
        "warning (forwarded) tools read_file: pin `read_file` (warns.yaml:5): changed since it was pinned";
    assert!(said.contains(wanted), "{said}");
}

#[test]
fn a_run_reads_from_a_file_and_writes_into_one() {
    let home = tempfile::tempdir().expect("a folder");
    let (asked, answered) = (home.path().join("asked.jsonl"), home.path().join("answered.jsonl"));
    let client =
        r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#;
    let lines =
        [("initialize", client), ("ping", "{}")].into_iter().enumerate().map(|(id, (method, params))| {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
        });
    std::fs::write(&asked, lines.collect::<Vec<_>>().join("\n") + "\n").expect("it is written");
    let mut command = Command::new(OURS);
    command.args(["run", "--policy", "standard", "--", OURS, "__demo-server"]);
    command.env_clear().env("HOME", home.path()).current_dir(home.path());
    command.stdin(File::open(&asked).expect("it is there"));
    let out = command.stdout(File::create(&answered).expect("a file")).output().expect("it starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let answers = std::fs::read_to_string(&answered).expect("it is there");
    for id in 0..2 {
        assert!(answers.lines().any(|line| line.contains(&format!("\"id\":{id},"))), "{id}: {answers}");
    }
}
