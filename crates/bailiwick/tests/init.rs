//! `bailiwick init`: what it writes is YAML, holds no moving reference, and its commands run.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bailiwick_clients::tree::{Format, Node, parse};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

struct Repository(tempfile::TempDir);

impl Repository {
    /// A repository with one pinned server whose name would be something else in YAML.
    fn new() -> Repository {
        let repository = Repository(tempfile::tempdir().expect("a folder"));
        let text = format!(
            "{{\"mcpServers\":{{\"on: 'x' #\":{{\"command\":\"{OURS}\",\"args\":[\"__demo-server\"]}}}}}}"
        );
        fs::write(repository.path(".mcp.json"), text).expect("a file");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn run(&self, args: &[&str]) -> Output {
        self.finish(Command::new(OURS).args(args))
    }

    /// As a runner does: the program is on the PATH, and a summary is kept.
    fn shell(&self, script: &str) -> Output {
        self.finish(Command::new("/bin/bash").args(["-e", "-o", "pipefail", "-c", script]))
    }

    fn finish(&self, command: &mut Command) -> Output {
        let own = Path::new(OURS).parent().expect("a folder").display();
        command.env_clear().env("HOME", self.0.path()).env("PATH", format!("{own}:/usr/bin:/bin"));
        command.env("GITHUB_STEP_SUMMARY", self.path("summary.md")).current_dir(self.0.path());
        command.stdin(Stdio::null()).output().expect("it starts")
    }

    fn expect(&self, code: i32, args: &[&str]) -> String {
        let out = self.run(args);
        let said = said(&out);
        assert_eq!(out.status.code(), Some(code), "{args:?}\n{said}");
        said
    }
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn yaml(text: &str) -> Node {
    parse(text, Format::Yaml).unwrap_or_else(|fault| panic!("{fault:?}\n{text}"))
}

fn at<'n>(node: &'n Node, keys: &[&str]) -> &'n Node {
    keys.iter().fold(node, |node, key| &node.get(key).unwrap_or_else(|| panic!("no `{key}`")).value)
}

/// The texts below `key`, wherever they stand.
fn texts<'n>(node: &'n Node, key: &str, found: &mut Vec<&'n str>) {
    for member in node.members() {
        if member.key == key {
            found.extend(member.value.text());
        }
        texts(&member.value, key, found);
    }
    for element in node.elements().into_iter().flatten() {
        texts(element, key, found);
    }
}

#[test]
fn the_workflow_of_github_pins_its_actions_has_least_rights_and_its_commands_run() {
    let repository = Repository::new();
    repository.expect(0, &["lock", "--path", ".", "--yes"]);
    repository.expect(0, &["init", "--ci", "github"]);
    let text = repository.read(".github/workflows/bailiwick.yml");
    let workflow = yaml(&text);
    assert!(at(&workflow, &["permissions"]).members().is_empty(), "{text}");
    let rights = at(&workflow, &["jobs", "bailiwick", "permissions"]).members();
    assert_eq!(
        rights.iter().map(|right| (right.key.as_str(), right.value.text())).collect::<Vec<_>>(),
        [("contents", Some("read"))]
    );
    let mut uses = Vec::new();
    texts(&workflow, "uses", &mut uses);
    assert_eq!(uses.len(), 2);
    for action in uses {
        let (_, pin) = action.split_once('@').expect("a reference");
        assert!(pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
    }
    let mut runs = Vec::new();
    texts(&workflow, "run", &mut runs);
    assert_eq!(runs.len(), 7, "{runs:?}");
    for run in runs {
        let out = repository.shell(run);
        assert!(out.status.success(), "{run}\n{}", said(&out));
    }
    assert!(repository.read("bailiwick-report.html").starts_with("<!DOCTYPE html>"));
    assert!(repository.read("summary.md").contains("# Bailiwick report"));
}

#[test]
fn the_scripts_of_gitlab_and_the_hooks_of_pre_commit_run() {
    let repository = Repository::new();
    repository.expect(0, &["lock", "--path", ".", "--yes"]);
    repository.expect(0, &["init", "--ci", "gitlab,pre-commit"]);
    let pipeline = repository.read(".gitlab/bailiwick.yml");
    for line in at(&yaml(&pipeline), &["bailiwick", "script"]).elements().expect("a list") {
        let script = line.text().expect("a script");
        let out = repository.shell(script);
        assert!(out.status.success(), "{script}\n{}", said(&out));
    }
    assert!(repository.read("bailiwick-junit.xml").starts_with("<?xml"));
    let hooks = repository.read(".pre-commit-config.yaml");
    let hooks = yaml(&hooks);
    let mut entries = Vec::new();
    texts(&hooks, "entry", &mut entries);
    assert!(entries.len() >= 3 && !entries.iter().any(|entry| entry.contains("lock")), "{entries:?}");
    for entry in entries {
        let out = repository.shell(entry);
        assert!(out.status.success(), "{entry}\n{}", said(&out));
    }
}

#[test]
fn a_dangerous_server_and_a_changed_one_fail_the_checks() {
    let repository = Repository::new();
    repository.expect(0, &["lock", "--path", ".", "--yes"]);
    repository.expect(0, &["init"]);
    let workflow = repository.read(".github/workflows/bailiwick.yml");
    let mut lock: serde_json::Value = serde_json::from_str(&repository.read("bailiwick.lock")).expect("JSON");
    let server = lock["servers"].as_object_mut().and_then(|all| all.values_mut().next()).expect("a server");
    server["tools"].as_object_mut().expect("tools").remove("read_file");
    fs::write(repository.path("bailiwick.lock"), lock.to_string()).expect("a file");
    fs::create_dir(repository.path(".cursor")).expect("a folder");
    let bad = "{\"mcpServers\":{\"f\":{\"command\":\"npx\",\"args\":[\"-y\",\"@modelcontextprotocol/server-filesystem\",\"/\"]}}}";
    let workflow = yaml(&workflow);
    let mut runs = Vec::new();
    texts(&workflow, "run", &mut runs);
    let code = |mark: &str| {
        let run = runs.iter().find(|run| run.contains(mark)).expect("a step");
        repository.shell(run).status.code()
    };
    assert_eq!(code(" lock "), Some(11));
    fs::write(repository.path(".cursor/mcp.json"), bad).expect("a file");
    assert_eq!(code(" scan "), Some(10));
}

#[test]
fn the_starter_policy_is_valid_allows_reading_and_asks_for_the_rest() {
    let repository = Repository::new();
    repository.expect(0, &["lock", "--path", ".", "--yes"]);
    repository.expect(0, &["init"]);
    repository.expect(0, &["policy", "test"]);
    repository
        .expect(0, &["policy", "check", "--strict", "--lock", "bailiwick.lock", "bailiwick.policy.yaml"]);
    let decide = |tool: &str, path: &str| {
        let call = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{{\"path\":\"{path}\"}}}}}}"
        );
        fs::write(repository.path("call.json"), call).expect("a file");
        said(&repository.run(&[
            "policy",
            "explain",
            "--policy",
            "bailiwick.policy.yaml",
            "--server",
            "on:-'x'-#",
            "call.json",
        ]))
    };
    for (tool, path, verdict) in [
        ("read_file", "src/a.rs", "allow"),
        ("read_file", "/etc/hosts", "deny"),
        ("drop_database", "src/a.rs", "ask"),
        ("read_file", ".env", "deny"),
    ] {
        let said = decide(tool, path);
        assert!(said.contains(&format!("the engine decides: {verdict}")), "{tool} {path}: {said}");
    }
}

#[test]
fn nothing_that_is_there_is_replaced_without_being_told() {
    let repository = Repository::new();
    let said = repository.expect(0, &["init", "--dry-run"]);
    assert!(
        said.contains("+++ bailiwick.policy.yaml") && !repository.path("bailiwick.policy.yaml").exists(),
        "{said}"
    );
    fs::write(repository.path("bailiwick.policy.yaml"), "mine\n").expect("a file");
    let said = repository.expect(1, &["init"]);
    assert!(said.contains("left alone: bailiwick.policy.yaml"), "{said}");
    assert_eq!(repository.read("bailiwick.policy.yaml"), "mine\n");
    repository.expect(0, &["init", "--force"]);
    repository.expect(0, &["init"]);
    assert!(repository.read("bailiwick.policy.yaml").contains("name: starter"));
    let empty = tempfile::tempdir().expect("a folder");
    repository.expect(3, &["init", "--path", &empty.path().display().to_string()]);
    repository.expect(2, &["init", "--from", "https://example.com/b.git", "--rev", "main"]);
}
