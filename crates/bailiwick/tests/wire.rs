//! `record`, `enforce` and `status` over real configurations and a real server.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// Cursor, VS Code, Codex and Goose, each with the demo's server, in an odd layout.
    fn new() -> Home {
        let home = Home { folder: tempfile::tempdir().expect("a folder") };
        let binary = OURS;
        home.put(
            ".cursor/mcp.json",
            &format!("\u{feff}{{\r\n\t// mine\r\n\t\"mcpServers\" : {{\r\n\t\t\"my files\": {{ \"command\":\"{binary}\" , \"args\":[ \"__demo-server\" /* x */ ] }},\r\n\t\t\"far\": {{ \"url\": \"https://example.com/mcp\", \"auth\": {{}} }}\r\n\t}}\r\n}}\r\n"),
        );
        home.put(
            ".config/Code/User/mcp.json",
            &format!("{{\n  \"servers\": {{\n    \"files\": {{\n      \"type\": \"stdio\",\n      \"command\": \"{binary}\",\n      \"args\": [\n        \"__demo-server\",\n      ],\n    }},\n  }},\n}}"),
        );
        home.put(
            ".codex/config.toml",
            &format!("# top\n[mcp_servers.files]\ncommand = '{binary}' # own\nargs = ['__demo-server']\n"),
        );
        home.put(
            ".config/goose/config.yaml",
            &format!("extensions:\n  files:\n    cmd: {binary} # own\n    args:\n      - __demo-server\n    type: stdio\n"),
        );
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().expect("a folder")).expect("a folder");
        fs::write(self.path(name), text).expect("a file");
    }

    fn files(&self) -> Vec<Vec<u8>> {
        [".cursor/mcp.json", ".config/Code/User/mcp.json", ".codex/config.toml", ".config/goose/config.yaml"]
            .map(|name| fs::read(self.path(name)).expect("a file"))
            .to_vec()
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(OURS);
        command.args(args).env_clear().env("HOME", self.folder.path()).env("PATH", "/usr/bin:/bin");
        command.current_dir(self.folder.path()).stdin(Stdio::null()).output().expect("the program starts")
    }

    /// Runs it, expects `code`, gives standard output.
    fn expect(&self, code: i32, args: &[&str]) -> String {
        let out = self.run(args);
        let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}{errors}");
        text.into_owned()
    }
}

#[test]
fn record_enforce_and_stop_give_every_byte_back() {
    let home = Home::new();
    let before = home.files();
    home.put("p.yaml", "version: 1\nname: p\nrules:\n  - { id: all, effect: allow, on: ['*/*'] }\n");
    let recorded = home.expect(1, &["record"]);
    assert!(recorded.contains("not covered: cursor/far: it is reached over the network"), "{recorded}");
    assert!(home.expect(0, &["status"]).contains("recorded   goose/files"));
    assert!(home.expect(1, &["record"]).contains("as it is: codex/files (recorded)"));
    let enforced = home.expect(1, &["enforce", "--policy", "p.yaml"]);
    assert_eq!(enforced.matches("proven: launched, a call and ").count(), 4, "{enforced}");
    let status = home.expect(0, &["status"]);
    assert_eq!(status.matches("enforced ").count(), 4, "{status}");
    assert!(home.expect(0, &["record", "--client", "codex"]).contains("changed: codex/files"));
    assert!(
        home.expect(0, &["status"]).contains("enforced, recorded codex/files"),
        "recording weakens no policy"
    );
    home.expect(0, &["record", "--stop"]);
    assert_eq!(home.expect(0, &["status"]).matches("enforced ").count(), 4);
    home.expect(0, &["enforce", "--stop"]);
    assert_eq!(home.files(), before);
    assert!(home.expect(0, &["enforce", "--stop"]).contains("as it is"));
}

/// What is done, and what it is called in the table below.
const RECORD: &[&str] = &["record"];
const RECORD_STOP: &[&str] = &["record", "--stop"];
const ENFORCE: &[&str] = &["enforce", "--no-proof", "--policy", "standard"];
const ENFORCE_OTHER: &[&str] = &["enforce", "--no-proof", "--policy", "paranoid"];
const ENFORCE_STOP: &[&str] = &["enforce", "--stop"];

#[test]
fn every_way_from_one_state_to_the_next_leads_where_it_is_meant_to_and_back() {
    let home = Home::new();
    let config = || fs::read_to_string(home.path(".codex/config.toml")).expect("a file");
    let before = config();
    let run = |words: &[&str]| home.expect(0, &[words, &["--client", "codex"]].concat());
    let ways: [(&[&[&str]], &str, &str); 14] = [
        (&[RECORD], "recorded", ""),
        (&[RECORD, RECORD], "recorded", ""),
        (&[RECORD, RECORD_STOP], "bare", ""),
        (&[RECORD, ENFORCE], "enforced", "standard"),
        (&[RECORD, ENFORCE_STOP], "bare", ""),
        (&[RECORD_STOP], "bare", ""),
        (&[ENFORCE], "enforced", "standard"),
        (&[ENFORCE, ENFORCE], "enforced", "standard"),
        (&[ENFORCE, ENFORCE_OTHER], "enforced", "paranoid"),
        (&[ENFORCE, RECORD], "enforced, recorded", "standard"),
        (&[ENFORCE, RECORD_STOP], "enforced", "standard"),
        (&[ENFORCE, RECORD, RECORD_STOP], "enforced", "standard"),
        (&[ENFORCE, RECORD, ENFORCE_OTHER], "enforced", "paranoid"),
        (&[ENFORCE, RECORD, ENFORCE_STOP], "bare", ""),
    ];
    for (way, state, policy) in ways {
        way.iter().for_each(|words| drop(run(words)));
        let status = run(&["status"]);
        assert!(status.starts_with(&format!("{state:10} codex/files")), "{way:?}: {status}");
        assert!(status.contains(policy), "{way:?}: {status}");
        assert!(config().matches("\"--\"").count() <= 1, "{way:?} wraps what is wrapped: {}", config());
        let last = way.last().copied().unwrap_or_default();
        let again = run(last);
        assert!(again.contains("as it is: codex/files"), "{way:?}, and its last once more: {again}");
        if state != "bare" {
            let status = run(&["status", "--prove"]);
            assert!(status.contains("proven: launched, a call and "), "{way:?}: {status}");
        }
        run(ENFORCE_STOP);
        assert_eq!(config(), before, "{way:?}");
    }
}

#[test]
fn a_policy_that_does_not_load_changes_nothing() {
    let home = Home::new();
    let before = home.files();
    home.put("p.yaml", "version: 1\nname: p\nrules:\n  - { id: all, effekt: allow, on: ['*/*'] }\n");
    home.expect(78, &["enforce", "--policy", "p.yaml"]);
    home.expect(78, &["enforce", "--policy", "standard", "--lock", "none.lock"]);
    home.expect(2, &["enforce"]);
    assert_eq!(home.files(), before);
}

#[test]
fn a_dry_run_prints_the_difference_and_changes_nothing() {
    let home = Home::new();
    let before = home.files();
    let text = home.expect(0, &["enforce", "--policy", "standard", "--client", "codex", "--dry-run"]);
    assert!(
        text.contains("\n-command = '") && text.contains("\n+command = \"") && text.contains("\n@@ "),
        "{text}"
    );
    assert_eq!(home.files(), before);
    home.expect(3, &["enforce", "--policy", "standard", "--server", "nobody"]);
}

#[test]
fn what_cannot_be_done_is_not_said_to_be_done() {
    let home = Home::new();
    let before = home.files();
    let said = |code: i32, args: &[&str]| {
        let out = home.run(args);
        let text =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}");
        assert!(!text.contains("changed: codex/files"), "{text}");
        text
    };
    let text = said(1, &["record", "--client", "codex", "--traces", "/proc/nowhere"]);
    assert!(text.contains("cannot make the folder of traces `/proc/nowhere`"), "{text}");
    let text = said(78, &["enforce", "--client", "codex", "--policy", "standard", "--lock", "none.lock"]);
    assert!(text.contains("make it with `bailiwick lock --client ID`"), "{text}");
    let path = home.path(".codex/config.toml");
    let mut permissions = fs::metadata(&path).expect("a file").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("it is ours");
    let text = said(1, &["record", "--client", "codex"]);
    assert!(text.contains("is read-only") && text.contains("nothing was changed in that file"), "{text}");
    assert_eq!(home.files(), before);
}

#[test]
fn what_was_wrapped_by_hand_or_is_broken_is_left_alone_and_said() {
    let home = Home { folder: tempfile::tempdir().expect("a folder") };
    let text = "{\"mcpServers\":{\"a\":{\"command\":\"bailiwick\",\"args\":[\"run\",\"--ask\",\"never\",\"--\",\"x\"]},\"b\":3}}";
    home.put(".cursor/mcp.json", text);
    let said = home.expect(1, &["enforce", "--policy", "standard", "--no-proof"]);
    assert!(said.contains("not covered: cursor/a: it was wrapped by hand"), "{said}");
    assert_eq!(fs::read_to_string(home.path(".cursor/mcp.json")).expect("a file"), text);
}

#[test]
fn a_server_that_does_not_start_is_not_proven() {
    let home = Home { folder: tempfile::tempdir().expect("a folder") };
    home.put(".cursor/mcp.json", "{\"mcpServers\":{\"a\":{\"command\":\"/bin/false\"}}}");
    let said = home.expect(1, &["enforce", "--policy", "standard"]);
    assert!(said.contains("not proven:"), "{said}");
}

/// A cloned repository may name any command as a server; nobody agreed to it by wrapping it.
#[test]
fn what_a_project_s_file_names_is_launched_by_consent_only() {
    let home = Home { folder: tempfile::tempdir().expect("a folder") };
    let launched = home.path("launched");
    let script = format!("touch {}; exec {OURS} __demo-server", launched.display());
    home.put(
        "clone/.mcp.json",
        &serde_json::json!({ "mcpServers": { "own": { "command": "sh", "args": ["-c", script] } } })
            .to_string(),
    );
    let run = |args: &[&str]| {
        let mut command = Command::new(OURS);
        command.args(args).env_clear().env("HOME", home.folder.path()).env("PATH", "/usr/bin:/bin");
        let out = command.current_dir(home.path("clone")).stdin(Stdio::null()).output().expect("it starts");
        let said = [out.stdout, out.stderr].concat();
        (out.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let (status, said) = run(&["enforce", "--policy", "standard"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("not proven: a project's file names its command") && said.contains("--yes"),
        "{said}"
    );
    assert!(said.contains("touch "), "the command is shown: {said}");
    let (status, said) = run(&["status", "--prove"]);
    assert!(status == Some(1) && said.contains("not proven: a project's file"), "{said}");
    assert!(!launched.exists(), "nothing was launched");
    let (status, said) = run(&["status", "--prove", "--yes"]);
    assert!(status == Some(0) && said.contains("proven: launched") && launched.exists(), "{said}");
}

#[test]
fn a_recorded_server_leaves_a_trace_without_secrets() {
    let home = Home::new();
    home.expect(0, &["record", "--client", "codex"]);
    let config = fs::read_to_string(home.path(".codex/config.toml")).expect("a file");
    let line = config.lines().find(|line| line.starts_with("args")).expect("arguments");
    let words: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let mut command = Command::new(OURS);
    // What is in single quotes was the server's own word.
    command.args(&words).arg("__demo-server").env_clear().env("HOME", home.folder.path());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("an input");
    let client = "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}";
    let lines = [
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{{}},{client}}}}}"
        ),
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}".to_owned(),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"/x\",\"token\":\"{secret}\"}}}}}}"
        ),
    ];
    for line in lines {
        writeln!(input, "{line}").expect("it reads");
    }
    let output = BufReader::new(child.stdout.take().expect("an output"));
    let answered = output.lines().map_while(Result::ok).any(|line| line.contains("\"id\":2"));
    assert!(answered, "the call has an answer");
    drop(input);
    child.wait().expect("it ends");
    let traces: Vec<PathBuf> = fs::read_dir(home.path(".local/state/bailiwick/traces"))
        .expect("a folder of traces")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let [trace] = traces.as_slice() else { panic!("{traces:?}") };
    let text = fs::read_to_string(trace).expect("a trace");
    assert!(
        text.starts_with("{\"trace\":\"1.") && text.contains("\"tools/call\"") && text.contains("\"end\":"),
        "{text}"
    );
    assert!(!text.contains(secret) && text.contains("[redacted:"), "{text}");
    assert_eq!(mode_of(trace), 0o600);
}

fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}
