//! `bailiwick run` and `policy explain` decide a path as what its links lead to, too.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

const POLICY: &str = r#"
version: 1
default: deny
rules:
  - { id: may-src, effect: allow, on: "files/*", args: { path: { path: ["src/**"] } } }
"#;

fn call(id: u32, path: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"read_file","arguments":{{"path":"{path}"}}}}}}"#
    )
}

/// What comes back for a call of the demo's server, started in `folder`.
fn answer(folder: &Path, flags: &[&str], path: &str) -> String {
    let mut command = Command::new(BUILT);
    command.args(["run", "--policy", "policy.yaml", "--server", "files"]).args(flags);
    command.args(["--", BUILT, "__demo-server"]).env_clear().env("HOME", folder).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    writeln!(input, "{hello}\n{ready}\n{}", call(2, path)).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    text.lines()
        .find(|line| line.contains("\"id\":2"))
        .map(str::to_owned)
        .unwrap_or_else(|| format!("{text}{errors}"))
}

#[test]
fn an_allowed_directory_does_not_reach_through_links() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = fs::canonicalize(place.path()).expect("a folder");
    fs::create_dir_all(folder.join("src/deep")).expect("a folder");
    fs::create_dir(folder.join("secret")).expect("a folder");
    symlink("../secret", folder.join("src/out")).expect("a link");
    symlink("deep", folder.join("src/in")).expect("a link");
    fs::write(folder.join("policy.yaml"), POLICY).expect("a file");
    for (path, passes) in [
        ("src/a", true),
        ("src/in/a", true),
        ("src/out/key", false),
        ("src/out/new/file", false),
        ("src/out/../src/a", true),
        ("src/in/../../secret/key", false),
    ] {
        let denied = answer(&folder, &[], path).contains("Denied by bailiwick");
        assert_eq!(denied, !passes, "{path}: {}", answer(&folder, &[], path));
    }
    let text = answer(&folder, &["--no-follow"], "src/out/key");
    assert!(!text.contains("Denied by bailiwick"), "{text}");

    fs::write(folder.join("call.json"), call(1, "src/out/key")).expect("a file");
    let mut explain = Command::new(BUILT);
    explain.args(["policy", "explain", "--policy", "policy.yaml", "--server", "files", "call.json"]);
    let output = explain.env_clear().env("HOME", &folder).current_dir(&folder).output().expect("it starts");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(text.contains("/secret/key"), "{text}");
}

/// Law 6: what was recorded is decided again with the links of that time, whatever lies on the disk now.
#[test]
fn a_replay_follows_the_links_that_were_recorded() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = fs::canonicalize(place.path()).expect("a folder");
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::create_dir(folder.join("secret")).expect("a folder");
    symlink("../secret", folder.join("src/out")).expect("a link");
    fs::write(folder.join("policy.yaml"), POLICY).expect("a file");
    let text = answer(&folder, &["--trace", "traces", "--audit", "log.jsonl"], "src/out/key");
    assert!(text.contains("Denied by bailiwick"), "{text}");
    fs::remove_file(folder.join("src/out")).expect("the link is there");
    for record in ["traces", "log.jsonl"] {
        let mut replay = Command::new(BUILT);
        replay.args(["replay", "--policy", "policy.yaml", "--trace", record, "--format", "json"]);
        let output =
            replay.env_clear().env("HOME", &folder).current_dir(&folder).output().expect("it starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(text.contains("\"calls\":1,") && text.contains("\"differences\":[]"), "{record}: {text}");
    }
}
