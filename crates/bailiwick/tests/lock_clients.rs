//! `bailiwick lock` over the servers of clients.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new(servers: &str) -> Home {
        let home = Home { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir_all(home.path(".cursor")).expect("a folder");
        fs::write(home.path(".cursor/mcp.json"), format!("{{\"mcpServers\":{{{servers}}}}}"))
            .expect("a file");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs it, expects `code`, gives what it says.
    fn expect(&self, code: i32, args: &[&str]) -> String {
        let mut command = Command::new(OURS);
        command
            .arg("lock")
            .args(args)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin");
        let out = command.current_dir(self.folder.path()).stdin(Stdio::null()).output().expect("it starts");
        let text =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}");
        text
    }

    fn lock(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("bailiwick.lock")).expect("a lock file")).expect("JSON")
    }
}

fn demo(name: &str) -> String {
    format!("\"{name}\":{{\"command\":\"{OURS}\",\"args\":[\"__demo-server\"],\"env\":{{\"KEY\":\"hush\"}}}}")
}

#[test]
fn all_servers_of_a_client_are_locked_checked_and_updated_one_by_one() {
    let home =
        Home::new(&format!("{},{},\"far\":{{\"url\":\"https://example.com/mcp\"}}", demo("a"), demo("b c")));
    let said = home.expect(1, &["--client", "cursor"]);
    assert!(
        said.contains("cursor/a  ") && said.contains("KEY=***") && said.contains("nothing was launched"),
        "{said}"
    );
    assert!(!home.path("bailiwick.lock").exists() && !said.contains("hush"));
    let said = home.expect(0, &["--client", "cursor", "--yes"]);
    assert!(said.contains("not locked: cursor/far") && said.contains("2 servers locked"), "{said}");
    let mut lock = home.lock();
    assert_eq!(lock["servers"]["b-c"]["environment"][0], "KEY");
    assert!(!lock.to_string().contains("hush"));
    home.expect(0, &["--client", "cursor", "--yes", "--check"]);
    // What each server offers differs from what was locked.
    for server in ["a", "b-c"] {
        let tools = lock["servers"][server]["tools"].as_object_mut().expect("tools");
        let first = tools.keys().next().expect("a tool").clone();
        tools.remove(&first);
    }
    fs::write(home.path("bailiwick.lock"), lock.to_string()).expect("a file");
    let said = home.expect(11, &["--client", "cursor", "--yes", "--check"]);
    assert_eq!(said.matches("is new").count(), 2, "{said}");
    assert!(home.expect(0, &["--path", ".", "--yes", "--diff"]).contains("is new"));
    let said = home.expect(0, &["--client", "cursor", "--yes", "--update", "a"]);
    assert!(said.contains("is new") && !said.contains("b-c:"), "{said}");
    let said = home.expect(11, &["--client", "cursor", "--yes", "--check"]);
    assert!(said.contains("a: as locked") && said.contains("b-c: "), "{said}");
}

#[test]
fn a_server_that_does_not_answer_is_an_error_and_nothing_is_written() {
    let home = Home::new(&format!("{},\"dead\":{{\"command\":\"/bin/false\"}}", demo("a")));
    let said = home.expect(1, &["--client", "cursor", "--yes", "--timeout", "5"]);
    assert!(said.contains("some servers did not answer:\n  cursor/dead: "), "{said}");
    assert!(!home.path("bailiwick.lock").exists());
    let silent = Home::new("\"mute\":{\"command\":\"/bin/sleep\",\"args\":[\"60\"]}");
    let said = silent.expect(1, &["--client", "cursor", "--yes", "--timeout", "1"]);
    assert!(said.contains("did not answer `initialize` within 1 s"), "{said}");
}

#[test]
fn two_servers_of_one_name_need_files_of_their_own() {
    let home = Home::new(&demo("a"));
    fs::create_dir_all(home.path(".lmstudio")).expect("a folder");
    let other = "{\"mcpServers\":{\"a\":{\"command\":\"/bin/cat\"}}}";
    fs::write(home.path(".lmstudio/mcp.json"), other).expect("a file");
    let said = home.expect(1, &["--all", "--yes"]);
    assert!(said.contains("different servers of one name"), "{said}");
    home.expect(3, &["--client", "cursor", "--server", "nobody", "--yes"]);
    home.expect(2, &[]);
}
