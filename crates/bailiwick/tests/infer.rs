//! `bailiwick infer` from a trace of the program's own.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

fn bailiwick(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(OURS);
    command.args(args).env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// A recorded run in which the demo's agent reads a file and is refused nothing.
fn record(home: &Path) {
    let mut command = Command::new(OURS);
    command.args([
        "run",
        "--server",
        "files",
        "--mode",
        "observe",
        "--trace",
        "traces",
        "--",
        OURS,
        "__demo-server",
    ]);
    command.env_clear().env("HOME", home).current_dir(home);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("an input");
    let calls = [
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"read_file\",\"arguments\":{\"path\":\"src/a.rs\"}}}",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"read_file\",\"arguments\":{\"path\":\"src/b.rs\"}}}",
    ];
    for call in calls {
        writeln!(input, "{call}").expect("it reads");
    }
    let lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let answers = lines.map_while(Result::ok).filter(|line| line.contains("\"id\":")).take(3).count();
    assert_eq!(answers, 3);
    drop(input);
    child.wait().expect("it ends");
}

#[test]
fn a_recorded_run_becomes_a_policy_that_loads_and_denies_the_rest() {
    let home = tempfile::tempdir().expect("a folder");
    record(home.path());
    let out = bailiwick(home.path(), &["infer", "traces", "-o", "p.yaml"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("the agent used 1 tools of 1 servers in 2 calls of 1 runs"), "{said}");
    assert!(said.contains("checked: 2 of 2 recorded calls pass"), "{said}");
    assert!(said.contains("without any of 1 of 1 rules"), "{said}");
    assert!(said.contains("attacks") && said.contains(" 0 pass,"), "{said}");
    let policy = fs::read_to_string(home.path().join("p.yaml")).expect("a policy");
    assert!(policy.contains("path: [\"./src/**\"]"), "{policy}");
    assert_eq!(bailiwick(home.path(), &["policy", "check", "p.yaml"]).status.code(), Some(0));
    let again = bailiwick(home.path(), &["infer", "traces", "-o", "p.yaml"]);
    assert_eq!(again.status.code(), Some(1), "a file that is there is not overwritten");
    let base = "version: 1\ndefault: deny\nrules:\n  - { id: x, effect: allow, on: fs/other }\n";
    fs::write(home.path().join("base.yaml"), base).expect("it is written");
    let out = bailiwick(home.path(), &["infer", "traces", "--merge", "base.yaml", "-o", "wide.yaml"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("widens: files/read_file (2 uses)"), "{said}");
    let out = bailiwick(home.path(), &["replay", "-p", "wide.yaml", "--trace", "traces"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("now denied 0, now asked about 0"), "{out:?}");
    let out = bailiwick(home.path(), &["infer", "traces", "--merge", "wide.yaml"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("2 recorded uses pass"), "{out:?}");
    fs::create_dir(home.path().join("none")).expect("a folder");
    assert_eq!(bailiwick(home.path(), &["infer", "none"]).status.code(), Some(3));
}
