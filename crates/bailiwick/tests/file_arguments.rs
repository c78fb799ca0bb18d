//! What is named as a file and is none: said at once, and never waited for.
#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Runs it to its end, which must come soon.
fn run(folder: &Path, program: &str, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(args).env_clear().env("HOME", folder).env("PATH", "/usr/bin:/bin").env("OURS", OURS);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let began = Instant::now();
    while child.try_wait().expect("it is ours").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("it is ours");
            assert!(began.elapsed() <= PATIENCE, "{program} {args:?} waits");
        }
        std::thread::yield_now();
    }
    child.wait_with_output().expect("it ended")
}

/// Before each file stands what reads it.
const READERS: [&[&str]; 16] = [
    &["policy", "check"],
    &["policy", "fmt"],
    &["policy", "lint"],
    &["policy", "import"],
    &["policy", "export", "--to", "cedar"],
    &["policy", "test"],
    &["policy", "explain", "--policy", "standard"],
    &["policy", "explain", "call.json", "--policy"],
    &["audit", "verify"],
    &["audit", "show"],
    &["audit", "follow"],
    &["replay", "--policy", "standard", "--trace"],
    &["replay", "--pack"],
    &["infer"],
    &["guards", "scan"],
    &["gateway", "--check", "--config"],
];

#[test]
fn what_is_no_file_is_named_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("call.json"), CALL).expect("a file");
    assert!(Command::new("mkfifo").arg(at.join("pipe.test.yaml")).status().expect("mkfifo").success());
    let _socket = UnixListener::bind(at.join("socket.test.yaml")).expect("a socket");
    std::os::unix::fs::symlink(at.join("pipe.test.yaml"), at.join("link.test.yaml")).expect("a link");
    let things = [
        ("pipe.test.yaml", "named pipe"),
        ("link.test.yaml", "named pipe"),
        ("socket.test.yaml", "socket"),
        ("/dev/zero", "device"),
    ];
    let mut wrong = Vec::new();
    for reader in READERS {
        // Tests are told by their name.
        let named = |(name, _): &&(&str, &str)| reader != ["policy", "test"] || name.ends_with("test.yaml");
        for (name, kind) in things.iter().filter(named) {
            let out = run(at, OURS, &[reader, &[name]].concat());
            let said = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
            let said = String::from_utf8_lossy(&said);
            if out.status.success() || !said.contains(kind) || !said.contains(name) {
                wrong.push(format!("{reader:?} {name}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_stands_beside_a_log_is_a_file_too() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("log.jsonl"), "").expect("a file");
    let beside = folder.path().join("log.jsonl.checkpoint");
    assert!(Command::new("mkfifo").arg(beside).status().expect("mkfifo").success());
    let out = run(folder.path(), OURS, &["audit", "verify", "log.jsonl"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("log.jsonl.checkpoint"), "{out:?}");
}

#[test]
fn a_shell_s_substitution_and_standard_input_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("call.json"), CALL).expect("a file");
    fs::write(folder.path().join("p.yaml"), "version: 1\ndefault: deny\n").expect("a file");
    for line in [
        "\"$OURS\" policy explain --policy standard <(cat call.json)",
        "\"$OURS\" policy explain --policy standard - < call.json",
        "\"$OURS\" policy check <(cat p.yaml)",
        "cat p.yaml | \"$OURS\" policy fmt -",
        "\"$OURS\" guards scan <(cat call.json)",
    ] {
        let out = run(folder.path(), "bash", &["-c", line]);
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a.txt"}}}"#;
const PATIENCE: Duration = Duration::from_secs(30);
