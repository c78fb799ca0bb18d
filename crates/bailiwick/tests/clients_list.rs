//! `bailiwick clients` in a home folder of its own.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn clients(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.arg("clients").args(args).env_clear().env("HOME", home).current_dir(home);
    command.output().expect("the program starts")
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

#[test]
fn every_server_is_listed_with_its_state_and_no_secret() {
    let home = tempfile::tempdir().expect("a folder");
    put(
        &home.path().join(".cursor/mcp.json"),
        r#"{"mcpServers":{
            "a": {"command":"npx","args":["-y","p","--token=ghp_0123456789abcdefghijABCDEFGHIJ012345"]},
            "b": {"command":"/opt/bailiwick","args":["run","--server","b","--mode","enforce","--policy","/p.yaml","--","npx","q"]},
            "c": {"url":"https://example.com/mcp"},
            "d": 7 }}"#,
    );
    put(&home.path().join(".config/zed/settings.json"), "{ broken");
    let out = clients(home.path(), &[]);
    let text = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success(), "{text}");
    for line in [
        "Cursor (cursor, user) ~/.cursor/mcp.json",
        "  a  bare      npx -y p --token=[redacted:github-token]",
        "  b  enforced  npx q",
        "  c  remote    https://example.com/mcp",
        "  d  broken    5:18: the entry must be a map, not a number",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    assert!(text.contains("not read: 1:"), "{text}");
    let json = clients(home.path(), &["--format", "json", "--client", "cursor"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["files"][0]["servers"][1]["state"], "enforced");
}

#[test]
fn a_machine_without_clients_says_so_and_a_misspelt_one_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    assert_eq!(clients(home.path(), &[]).status.code(), Some(3));
    let out = clients(home.path(), &["--client", "cursr"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("there is no client `cursr`"));
}
