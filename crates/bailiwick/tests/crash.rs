//! Killed at any write, every file that Bailiwick replaces is the old one or the new one, and what was begun can be undone.
//!
//! The system kills the program when it writes the first byte beyond a size (RLIMIT_FSIZE): so each write of each file is
//! the last one for some size.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");
const FILES: [&str; 4] =
    [".cursor/mcp.json", ".config/zed/settings.json", ".codex/config.toml", ".config/goose/config.yaml"];
const CLIENTS: &str = "cursor,zed,codex,goose";

struct Home(tempfile::TempDir);

impl Home {
    /// Four clients; each file is longer than the one before, so that a size kills the write of the next.
    fn new() -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        let long = "x".repeat(300);
        home.put(
            FILES[0],
            &format!("{{\"mcpServers\":{{\"a\":{{\"command\":\"{OURS}\",\"args\":[\"__demo-server\"]}}}}}}"),
        );
        home.put(FILES[1], &format!("// {long}\n{{\"context_servers\":{{\"b\":{{\"command\":\"{OURS}\",\"args\":[\"__demo-server\"]}}}}}}"));
        home.put(
            FILES[2],
            &format!(
                "# {long}{long}\r\n[mcp_servers.c]\r\ncommand = '{OURS}'\r\nargs = ['__demo-server']\r\n"
            ),
        );
        home.put(FILES[3], &format!("# {long}{long}{long}\nextensions:\n  d:\n    cmd: {OURS}\n    args:\n      - __demo-server\n    type: stdio\n"));
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().expect("a folder")).expect("a folder");
        fs::write(self.path(name), text).expect("a file");
    }

    fn files(&self) -> Vec<String> {
        FILES.iter().map(|name| fs::read_to_string(self.path(name)).expect("a file")).collect()
    }

    fn run(&self, args: &[&str]) -> Output {
        self.finish(Command::new(OURS).args(args))
    }

    /// The same, killed at the first byte of a file beyond `bytes`.
    fn killed_at(&self, bytes: u64, args: &[&str]) -> Output {
        self.finish(Command::new("/usr/bin/prlimit").arg(format!("--fsize={bytes}")).arg(OURS).args(args))
    }

    fn finish(&self, command: &mut Command) -> Output {
        self.around(command).stdin(Stdio::null()).output().expect("the program starts")
    }

    fn around<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin").current_dir(self.0.path())
    }

    /// A run in which a file is read, with a key, a log and a trace; killed at the first byte of a file beyond `bytes`.
    fn session(&self, bytes: u64) {
        let mut command = Command::new("/usr/bin/prlimit");
        command.arg(format!("--fsize={bytes}:unlimited")).arg(OURS);
        command.args([
            "run",
            "--server",
            "a",
            "--mode",
            "observe",
            "--audit",
            "audit.jsonl",
            "--trace",
            "traces",
        ]);
        self.around(command.args(["--", OURS, "__demo-server"]));
        let mut run = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // A run that is dead already does not read.
        let _ = run.stdin.take().expect("an input").write_all(SESSION.as_bytes());
        run.wait().expect("it ends");
    }

    fn files_of(&self, folder: &str) -> usize {
        fs::read_dir(self.path(folder)).map(Iterator::count).unwrap_or_default()
    }

    fn expect(&self, args: &[&str]) {
        let out = self.run(args);
        assert!(out.status.success(), "{args:?}\n{}", String::from_utf8_lossy(&out.stderr));
    }
}

#[test]
fn configurations_and_undo_records_survive_a_crash_at_any_write() {
    let whole = Home::new();
    let old = whole.files();
    whole.expect(&["record", "--client", CLIENTS, "--traces", "/t"]);
    let new = whole.files();
    let mut killed = 0;
    for bytes in [0, 1, 60, 200, 300, 400, 500, 600, 700, 800, 900, 1_000, 1_200, 1_400, 1_800, 4_000] {
        let home = Home::new();
        let out = home.killed_at(bytes, &["record", "--client", CLIENTS, "--traces", "/t"]);
        killed += usize::from(!out.status.success());
        for ((now, old), new) in home.files().iter().zip(&old).zip(&new) {
            assert!(now == old || now == new, "{bytes}: neither the old file nor the new one:\n{now}");
        }
        // Killed once more on the way back, and then not.
        home.killed_at(bytes, &["record", "--client", CLIENTS, "--stop"]);
        for ((now, old), new) in home.files().iter().zip(&old).zip(&new) {
            assert!(now == old || now == new, "{bytes}: neither the old file nor the new one:\n{now}");
        }
        home.expect(&["record", "--client", CLIENTS, "--stop"]);
        assert_eq!(home.files(), old, "{bytes}");
    }
    assert!(killed >= 8, "only {killed} of the sizes killed it");
}

const SESSION: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"src/a.rs"}}}"#,
    "\n"
);

#[test]
fn keys_logs_traces_and_policies_survive_a_crash_at_any_write() {
    for bytes in [0, 1, 31, 33, 60, 100, 120, 300, 500, 800, 1_000, 1_300, 1_600, 2_000, 2_400, 3_000] {
        let home = Home::new();
        home.session(bytes);
        // Whatever is left, the next run goes on with it: one key, a log that verifies, traces that are read.
        home.session(u64::from(u32::MAX));
        assert!(home.files_of("traces") > 0, "{bytes}");
        home.expect(&["audit", "verify", "audit.jsonl"]);
        for killed in [Some(bytes), None] {
            let infer = ["infer", "traces", "-o", "policy.yaml"];
            match killed {
                Some(bytes) => drop(home.killed_at(bytes, &infer)),
                None if home.path("policy.yaml").exists() => {}
                None => home.expect(&infer),
            }
            if home.path("policy.yaml").exists() {
                home.expect(&["policy", "check", "policy.yaml"]);
            }
        }
        home.expect(&["replay", "--policy", "policy.yaml", "--trace", "traces"]);
        home.expect(&["replay", "--policy", "policy.yaml", "--trace", "audit.jsonl"]);
        home.expect(&["report", "-o", "report.html"]);
        home.put(
            "theirs.yaml",
            "name: theirs\nrules:\n  - action: allow\n    tools: [\"read_*\"]\ndefault_action: deny\n",
        );
        let import = ["policy", "import", "theirs.yaml", "--from", "mcpfw", "-o", "ours.yaml"];
        home.killed_at(bytes, &import);
        if !home.path("ours.yaml").exists() {
            home.expect(&import);
        }
        home.expect(&["policy", "check", "ours.yaml"]);
    }
}

#[test]
fn lock_files_reports_and_workflows_survive_a_crash_at_any_write() {
    let home = Home::new();
    home.expect(&["lock", "--client", "cursor", "--yes"]);
    let old_lock = fs::read(home.path("bailiwick.lock")).expect("a lock");
    let both = ["lock", "--client", "cursor,zed", "--yes"];
    home.expect(&both);
    let new_lock = fs::read(home.path("bailiwick.lock")).expect("a lock");
    home.expect(&["init", "--force"]);
    let policy = fs::read(home.path("bailiwick.policy.yaml")).expect("a policy");
    for bytes in [0, 1, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 64_000] {
        fs::write(home.path("bailiwick.lock"), &old_lock).expect("a lock");
        home.killed_at(bytes, &both);
        let now = fs::read(home.path("bailiwick.lock")).expect("a lock");
        assert!(now == old_lock || now == new_lock, "{bytes}: the lock file is broken");
        fs::write(home.path("report.html"), "old").expect("a report");
        home.killed_at(bytes, &["report", "-o", "report.html"]);
        let now = fs::read_to_string(home.path("report.html")).expect("a report");
        assert!(now == "old" || now.trim_end().ends_with("</html>"), "{bytes}: the report is broken");
        // The policy that it writes depends on what is locked.
        fs::write(home.path("bailiwick.lock"), &new_lock).expect("a lock");
        fs::write(home.path("bailiwick.policy.yaml"), "old").expect("a policy");
        home.killed_at(bytes, &["init", "--force"]);
        let now = fs::read(home.path("bailiwick.policy.yaml")).expect("a policy");
        assert!(now == b"old" || now == policy, "{bytes}: the policy is broken");
    }
}
