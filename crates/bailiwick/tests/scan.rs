//! `bailiwick scan` and `explain`, as programs and people see them.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn bailiwick(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.args(args).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
    command.stdin(Stdio::null()).output().expect("the program starts")
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    put(
        &home.path().join("repo/.cursor/mcp.json"),
        "{\n  \"mcpServers\": {\n    \"fs\": { \"command\": \"npx\", \"args\": [\"-y\", \"acme-files\", \"/\"] },\n    \"odd\": 7\n  }\n}\n",
    );
    home
}

#[test]
fn every_format_names_the_same_finding_at_the_same_place() {
    let home = home();
    for (format, marks) in [
        (
            "human",
            [
                "high   broad-root `fs`  repo/.cursor/mcp.json:3:60",
                "not inspected: repo/.cursor/mcp.json:4:12",
            ],
        ),
        ("markdown", ["| high | broad-root | repo/.cursor/mcp.json:3:60 |", "Not inspected:"]),
        (
            "github",
            [
                "::error file=repo/.cursor/mcp.json,line=3,col=60,title=broad-root::",
                "title=unpinned-package::",
            ],
        ),
        ("junit", ["name=\"broad-root repo/.cursor/mcp.json:3:60\"", "failures=\"3\""]),
    ] {
        let out = bailiwick(home.path(), &["scan", "--path", "repo", "--format", format]);
        let text = String::from_utf8(out.stdout).expect("text");
        assert_eq!(out.status.code(), Some(10), "{text}");
        for mark in marks {
            assert!(text.contains(mark), "{format}: {mark}\n{text}");
        }
    }
    let out = bailiwick(home.path(), &["scan", "--path", "repo", "--format", "json"]);
    let json: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let codes: Vec<&str> = json["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert_eq!(codes, ["broad-root", "unpinned-package", "bare-server"]);
    let out = bailiwick(home.path(), &["scan", "--path", "repo", "--format", "sarif"]);
    assert_eq!(out.status.code(), Some(0), "who reads SARIF decides");
    let sarif: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "broad-root");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "repo/.cursor/mcp.json");
    assert_eq!(place["region"]["startColumn"], 60);
}

#[test]
fn what_counts_is_said_by_fail_on_and_nothing_found_is_its_own_code() {
    let home = home();
    let code = |args: &[&str]| bailiwick(home.path(), args).status.code();
    assert_eq!(code(&["scan", "--path", "repo", "--fail-on", "never"]), Some(0));
    assert_eq!(code(&["scan", "--path", "repo", "--client", "zed"]), Some(3));
    assert_eq!(code(&["scan", "--path", "nowhere"]), Some(1));
}

#[test]
fn a_configuration_that_cannot_be_read_is_no_pass() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("repo/.cursor/mcp.json");
    let status = |text: &str, fail_on: &str| {
        put(&file, text);
        bailiwick(home.path(), &["scan", "--path", "repo", "--fail-on", fail_on]).status.code()
    };
    assert_eq!(status("{\"mcpServers\": {}}", "low"), Some(0));
    for unread in ["{\"mcpServers\": {", "{\"mcpServers\": {\"odd\": 7}}"] {
        assert_eq!(status(unread, "high"), Some(10), "{unread}");
        assert_eq!(status(unread, "never"), Some(0), "{unread}");
    }
}

#[test]
fn nothing_is_launched_without_consent() {
    let home = tempfile::tempdir().expect("a folder");
    let mark = home.path().join("launched");
    let text = format!(
        "{{\"mcpServers\":{{\"a\":{{\"command\":\"/usr/bin/touch\",\"args\":[\"{}\"],\"env\":{{\"KEY\":\"hush\"}}}}}}}}",
        mark.display()
    );
    put(&home.path().join(".cursor/mcp.json"), &text);
    bailiwick(home.path(), &["scan"]);
    let out = bailiwick(home.path(), &["scan", "--tools"]);
    let stderr = String::from_utf8(out.stderr).expect("text");
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr.contains("cursor/a  /usr/bin/touch") && stderr.contains("KEY=***"), "{stderr}");
    assert!(!stderr.contains("hush") && !mark.exists(), "{stderr}");
    let out = bailiwick(home.path(), &["scan", "--tools", "--yes", "--timeout", "5"]);
    let stdout = String::from_utf8(out.stdout).expect("text");
    assert!(mark.exists() && stdout.contains("not inspected: cursor/a: "), "{stdout}");
}

#[test]
fn ten_thousand_files_take_less_than_two_seconds_of_a_machine_that_is_free() {
    let home = tempfile::tempdir().expect("a folder");
    for folder in 0..100 {
        let folder = home.path().join(format!("tree/{folder}/src"));
        fs::create_dir_all(&folder).expect("a folder");
        for file in 0..100 {
            fs::write(folder.join(format!("{file}.json")), "{}").expect("a file");
        }
    }
    put(
        &home.path().join("tree/50/.mcp.json"),
        "{\"mcpServers\":{\"a\":{\"command\":\"npx\",\"args\":[\"p\"]}}}",
    );
    // Whatever else runs takes its time from some of the tries, and not from all.
    let mut tries = (0..10).map(|_| {
        let start = Instant::now();
        let out = bailiwick(home.path(), &["scan", "--path", "tree", "--format", "json"]);
        let took = start.elapsed();
        let json: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        assert_eq!(json["inspected"]["servers"], 1);
        took
    });
    assert!(tries.any(|took| took < Duration::from_secs(2)), "none of ten tries");
}

#[test]
fn a_finding_is_explained() {
    let home = tempfile::tempdir().expect("a folder");
    let out = bailiwick(home.path(), &["explain", "unpinned-package"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("Write the version"));
    assert_eq!(bailiwick(home.path(), &["explain", "nothing"]).status.code(), Some(2));
}
