//! `bailiwick policy test`: what it finds, prints and returns.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn bailiwick(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.args(["policy"]).args(args).env_clear().env("HOME", folder).current_dir(folder);
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn tests_beside_policies_are_found_run_and_reported() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let test = |args: &[&str]| {
        let output = bailiwick(folder, &[&["test"], args].concat());
        (output.status.code(), said(&output))
    };
    assert_eq!(test(&[]).0, Some(3), "there is none yet");

    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    fs::create_dir(folder.join("below")).expect("a folder");
    write("below/a.yaml", "version: 1\nrules: [{ id: r, effect: allow, on: fs/read }]\n");
    write("below/a.test.yaml", "version: 1\ntests: [{ call: fs/read, want: allow, by: r }]\n");
    let (status, text) = test(&[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("a.test.yaml: ok, 1 test"), "{text}");
    assert_eq!(test(&["below/a.yaml"]).0, Some(0), "a policy stands for its tests");

    write(
        "b.test.yaml",
        "version: 1\npolicy: [filesystem, below/a.yaml]\ntests: [{ call: fs/read, want: allow }]\n",
    );
    let (status, text) = test(&["b.test.yaml", "--junit", "out.xml"]);
    assert_eq!(status, Some(10), "{text}");
    assert!(text.contains("expected: allow\n  got:      ask\n"), "{text}");
    let junit = fs::read_to_string(folder.join("out.xml")).expect("a report");
    assert!(junit.contains("<testsuite name=\"b.test.yaml\" tests=\"1\" failures=\"1\">"), "{junit}");
    let (status, text) = test(&["--format", "json"]);
    assert_eq!(status, Some(10), "{text}");
    assert!(text.starts_with("{\"files\":["), "{text}");

    write(
        "t.yaml",
        "version: 1\nrules:\n  - { id: all, effect: allow, on: \"*/*\" }\n  - { id: not-those, effect: deny, on: task, args: { taskId: { prefix: x } } }\n",
    );
    write(
        "t.test.yaml",
        "version: 1\nserver: fs\ntests:\n  - { call: task, args: { taskId: x1 }, want: deny, by: not-those }\n  - { call: \"task:fs\", args: { taskId: t1 }, want: allow }\n  - { call: task, want: allow }\n",
    );
    assert_eq!(test(&["t.test.yaml"]), (Some(0), "t.test.yaml: ok, 3 tests\n".to_owned()));

    write("c.test.yaml", "version: 1\ntests: [{ call: fs/read, want: maybe }]\n");
    let (status, text) = test(&["c.test.yaml"]);
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("c.test.yaml:2:"), "{text}");
    assert_eq!(test(&["below/missing.yaml"]).0, Some(1));
}
