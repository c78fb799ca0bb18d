//! `bailiwick replay`: attacks and recordings against policies, by the program itself.
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const NARROW: &str = "version: 1\nname: narrow\ndefault: deny\nrules:\n\
    - { id: reads, effect: allow, on: \"files/read_file\", args: { path: { path: \"./src/**\" } } }\n";

#[test]
fn a_hole_is_found_with_its_rule_and_a_narrow_policy_has_none() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).expect("it is written");
    write("narrow.yaml", NARROW);
    write("open.yaml", &NARROW.replace("./src/**", "./**"));
    let out = bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--only", "basics,filesystem"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stdout));
    let out = bailiwick(home.path(), &["replay", "-p", "open.yaml", "--only", "basics"]);
    let said = text(&out.stdout);
    assert_eq!(out.status.code(), Some(12), "{said}");
    assert!(said.contains("basics/env-file") && said.contains("open.yaml:5"), "{said}");
    let accept = ["--accept", "basics/ssh-key,basics/env-file,basics/certificate-key"];
    let args = [["replay", "-p", "open.yaml", "--only", "basics"].as_slice(), &accept].concat();
    assert_eq!(bailiwick(home.path(), &args).status.code(), Some(0));
    for (format, sign) in [
        ("json", "\"standing\":\"passed\""),
        ("junit", "<failure "),
        ("sarif", "\"2.1.0\""),
        ("markdown", "| passed |"),
    ] {
        let out = bailiwick(home.path(), &["replay", "-p", "open.yaml", "--format", format]);
        assert!(text(&out.stdout).contains(sign), "{format}: {}", text(&out.stdout));
    }
    write(
        "ours.toml",
        "pack = 1\nid = \"ours\"\ntitle = \"t\"\n[[attack]]\nid = \"a\"\ntitle = \"reads\"\nkind = \"filesystem\"\ntools = [\"read_file\"]\nargs = [{ path = \"src/secret\" }]\n",
    );
    let out =
        bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--pack", "ours.toml", "--only", "ours"]);
    assert_eq!(out.status.code(), Some(12), "{}", text(&out.stdout));
    let out = bailiwick(home.path(), &["replay", "--only", "nothing"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out.stderr));
}

/// A run that stops nothing, and what it leaves: a trace and an audit log.
fn record(home: &Path, mode: &str) {
    let run = [
        "run",
        "--server",
        "files",
        "--mode",
        mode,
        "--trace",
        "traces",
        "--audit",
        "audit.jsonl",
        "--",
        OURS,
        "__demo-server",
    ];
    let mut command = Command::new(OURS);
    command.args(run).env_clear().env("HOME", home).current_dir(home);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("an input");
    let call = |id: u32, path: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"{path}\"}}}}}}"
        )
    };
    let first = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}";
    let mut output = BufReader::new(child.stdout.take().expect("an output"));
    for line in [first.to_owned(), call(2, "src/a.rs"), call(3, "README.md"), call(4, "src/b.rs")] {
        writeln!(input, "{line}").expect("it reads");
        output.read_line(&mut String::new()).expect("it answers");
    }
    drop(input);
    child.wait().expect("it ends");
}

#[test]
fn what_is_recorded_is_decided_again_from_a_trace_and_from_an_audit_log() {
    let home = tempfile::tempdir().expect("a folder");
    record(home.path(), "shadow");
    fs::write(home.path().join("narrow.yaml"), NARROW).expect("it is written");
    for record in ["traces", "audit.jsonl"] {
        let out =
            bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--trace", record, "--format", "json"]);
        let said = text(&out.stdout);
        assert_eq!(out.status.code(), Some(0), "{said}\n{}", text(&out.stderr));
        let report: serde_json::Value = serde_json::from_str(&said).expect("it is JSON");
        let traffic = &report["traffic"];
        let differences = traffic["differences"].as_array().expect("a list");
        assert_eq!((&traffic["nowDenied"], differences.len()), (&1.into(), 1), "{record}: {said}");
        assert_eq!(differences[0]["target"], "files/read_file");
        let tally = traffic["targets"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == "files/read_file"));
        let tally = tally.expect("a tally");
        assert_eq!((&tally["calls"], &tally["denied"]), (&3.into(), &1.into()), "{record}: {said}");
    }
    // A run that only observes looks into no call; its trace holds them all the same.
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("narrow.yaml"), NARROW).expect("it is written");
    record(home.path(), "observe");
    let out = bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--trace", "traces"]);
    assert!(text(&out.stdout).contains("now denied 1"), "{}", text(&out.stdout));
    let out = bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--trace", "audit.jsonl"]);
    assert!(text(&out.stdout).contains("not inspected"), "{}", text(&out.stdout));
    let out = bailiwick(home.path(), &["replay", "--trace", "narrow.yaml"]);
    assert!(text(&out.stderr).contains("neither a trace nor an audit log"), "{}", text(&out.stderr));
}
