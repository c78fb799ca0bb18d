//! `bailiwick report` over configurations, audit logs and a lock file that strangers had a hand in.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");
const NAME: &str = "</td><script>alert(1)</script>\\u202e";

struct Home(tempfile::TempDir);

impl Home {
    /// Cursor with a bare server of a hostile name and the demo's server, which is locked and was in use.
    fn new() -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(home.path(".cursor")).expect("a folder");
        let demo = format!("\"demo\":{{\"command\":\"{OURS}\",\"args\":[\"__demo-server\"]}}");
        let text = format!(
            "{{\"mcpServers\":{{\"{NAME}\":{{\"command\":\"npx\",\"args\":[\"-y\",\"acme\",\"/\"]}},{demo}}}}}"
        );
        fs::write(home.path(".cursor/mcp.json"), text).expect("a file");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(OURS);
        command.args(args).env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin");
        command.current_dir(self.0.path());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().expect("it starts")
    }

    fn text(&self, args: &[&str]) -> String {
        let out = self.run(args);
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("text")
    }

    /// Lets an agent read a file and a secret, under the policy `standard`.
    fn work(&self) {
        let run = [
            "run",
            "--server",
            "demo",
            "--policy",
            "standard",
            "--ask",
            "never",
            "--",
            OURS,
            "__demo-server",
        ];
        let mut child = self
            .command(&run)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut input = child.stdin.take().expect("a pipe");
        let read = |id: u32, path: &str| json!({"jsonrpc":"2.0","id":id,"method":"tools/call","params":{"name":"read_file","arguments":{"path":path}}});
        for message in [
            json!({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}),
            json!({"jsonrpc":"2.0","method":"notifications/initialized"}),
            json!({"jsonrpc":"2.0","id":2,"method":"tools/list"}),
            read(3, "src/main.rs"),
            read(4, "/home/ana/.ssh/id_rsa"),
        ] {
            writeln!(input, "{message}").expect("it reads");
        }
        drop(input);
        assert!(child.wait().expect("it ends").success());
    }
}

fn only_log(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .expect("a log")
}

#[test]
fn a_report_holds_what_was_found_decided_locked_and_verified_and_no_script() {
    let home = Home::new();
    home.text(&["lock", "--client", "cursor", "--server", "demo", "--yes"]);
    home.work();
    home.text(&["report", "-o", "report.html"]);
    let page = fs::read_to_string(home.path("report.html")).expect("a page");
    assert!(!page.contains("<script") && !page.contains('\u{202e}'), "a name was not escaped");
    for words in [
        "&lt;script&gt;alert(1)&lt;/script&gt;&lt;U+202E&gt;",
        "broad-root",
        "1 of 1",
        "read_file",
        "never seen",
        "not locked",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let report: Value = serde_json::from_str(&home.text(&["report", "--format", "json"])).expect("JSON");
    let tools = report["tools"].as_array().expect("tools");
    let read = tools.iter().find(|tool| tool["name"] == "read_file").expect("the tool");
    assert_eq!(
        (&read["allowed"], &read["denied"], &read["locked"]),
        (&json!(1), &json!(1), &json!(true)),
        "{read}"
    );
    assert!(tools.iter().filter(|tool| tool["state"] == "never seen").count() > 3);
    assert_eq!(report["auditLogs"][0]["state"], "verified", "{}", report["auditLogs"]);
    assert_eq!(report["drift"].as_array().map(Vec::len), Some(1), "{}", report["drift"]);
    let denied: u64 = report["timeline"]
        .as_array()
        .expect("slices")
        .iter()
        .filter_map(|slice| slice["denied"].as_u64())
        .sum();
    assert_eq!(denied, 1);
    assert!(report["notInspected"].to_string().contains("lock --check"));
}

#[test]
fn a_log_that_was_changed_is_a_finding_in_every_format() {
    let home = Home::new();
    home.work();
    let log = only_log(&home.path(".local/state/bailiwick/audit/demo"));
    let text = fs::read_to_string(&log).expect("a log").replace("src/main.rs", "src/other.rs");
    fs::write(&log, text).expect("a log");
    for (format, mark) in [
        ("json", "\"code\":\"audit-not-verified\""),
        ("sarif", "\"ruleId\":\"audit-not-verified\""),
        ("junit", "audit-not-verified"),
        ("github", "title=audit-not-verified::"),
        ("markdown", "| high | audit-not-verified |"),
    ] {
        let said = home.text(&["report", "--format", format]);
        assert!(said.contains(mark), "{format}: {said}");
    }
    assert_eq!(home.run(&["report", "--fail-on", "high"]).status.code(), Some(10));
    assert!(home.text(&["explain", "audit-not-verified"]).contains("audit verify"));
}

#[test]
fn what_is_named_and_not_there_is_an_error_and_what_is_no_trace_is_said() {
    let home = Home::new();
    assert_eq!(home.run(&["report", "--audit", "nowhere.jsonl"]).status.code(), Some(1));
    assert_eq!(home.run(&["report", "--lock", "nowhere.lock"]).status.code(), Some(1));
    assert_eq!(home.run(&["report", "--policy", "nowhere.yaml"]).status.code(), Some(78));
    fs::write(home.path("odd.jsonl"), "{}\n").expect("a file");
    let report: Value =
        serde_json::from_str(&home.text(&["report", "--trace", "odd.jsonl", "--format", "json"]))
            .expect("JSON");
    assert!(report["notInspected"].to_string().contains("odd.jsonl"), "{}", report["notInspected"]);
}
