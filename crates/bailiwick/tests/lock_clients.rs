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

/// An address at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/mcp";

fn demo(name: &str) -> String {
    format!("\"{name}\":{{\"command\":\"{OURS}\",\"args\":[\"__demo-server\"],\"env\":{{\"KEY\":\"hush\"}}}}")
}

#[test]
fn all_servers_of_a_client_are_locked_checked_and_updated_one_by_one() {
    let home = Home::new(&format!("{},{},\"far\":{{\"url\":\"{NOBODY}\"}}", demo("a"), demo("b c")));
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
    // Of what is not in the file and does not answer nobody knows that it is as it was.
    let said = home.expect(11, &["--client", "cursor", "--yes", "--check"]);
    assert!(said.contains("not locked: cursor/far") && said.contains("a: as locked"), "{said}");
    home.expect(0, &["--client", "cursor", "--yes", "--diff"]);
    home.expect(0, &["--client", "cursor", "--yes", "--check", "--server", "a"]);
    home.expect(11, &["--client", "cursor", "--yes", "--check", "--server", "far"]);
    // What was locked once has to answer, wherever it is.
    let far = lock["servers"]["a"].clone();
    let mut with_far = lock.clone();
    with_far["servers"]["far"] = far;
    fs::write(home.path("bailiwick.lock"), with_far.to_string()).expect("a file");
    let said = home.expect(1, &["--client", "cursor", "--yes", "--check"]);
    assert!(said.contains("some servers did not answer:\n  cursor/far: "), "{said}");
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
    let said = home.expect(1, &["--client", "cursor", "--yes", "--timeout", "60"]);
    assert!(said.contains("some servers did not answer:\n  cursor/dead: "), "{said}");
    assert!(!home.path("bailiwick.lock").exists());
    let far = Home::new(&format!("\"far\":{{\"url\":\"{NOBODY}\"}}"));
    let said = far.expect(1, &["--client", "cursor", "--yes"]);
    assert!(said.contains("not locked: cursor/far") && said.contains("nothing was written"), "{said}");
    assert!(!far.path("bailiwick.lock").exists());
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

#[test]
fn a_remote_entry_that_only_its_client_can_reach_is_a_difference_or_an_error_once_it_is_locked() {
    let home = Home::new(&demo("a"));
    home.expect(0, &["--client", "cursor", "--yes"]);
    home.expect(0, &["--client", "cursor", "--yes", "--check"]);
    // A header that no variable can bring.
    let far = format!("\"far\":{{\"url\":\"{NOBODY}\",\"headers\":{{\"HOME\":\"x\"}}}}");
    put(&home, ".cursor/mcp.json", &format!("{{\"mcpServers\":{{{},{far}}}}}", demo("a")));
    let said = home.expect(11, &["--client", "cursor", "--yes", "--check"]);
    assert!(said.contains("not locked: cursor/far: "), "{said}");
    put(&home, ".cursor/mcp.json", &format!("{{\"mcpServers\":{{{far}}}}}"));
    home.expect(11, &["--client", "cursor", "--yes", "--check"]);
    home.expect(1, &["--client", "cursor", "--yes"]);
    let mut lock = home.lock();
    lock["servers"]["far"] = lock["servers"]["a"].clone();
    put(&home, "bailiwick.lock", &lock.to_string());
    let said = home.expect(1, &["--client", "cursor", "--yes", "--check"]);
    assert!(said.contains("some servers did not answer:\n  cursor/far: "), "{said}");
}

#[test]
fn a_launched_entry_is_given_what_its_client_would_give_it_and_nothing_else() {
    let home = Home::new("");
    let told = home.path("told.txt").display().to_string();
    script(&home, "bin/told", &format!("env > {told}\nexec {OURS} __demo-server"));
    let near = serde_json::json!({
        "command": home.path("bin/told"), "env": {"KEY": "hush"},
        "headers": {"LD_TESTVAR": "a", "BAILIWICK_TEST_X": "b"},
    });
    let far = serde_json::json!({
        "url": NOBODY, "headers": {"X-Token": "hush"}, "env": {"LD_TESTVAR": "a", "BAILIWICK_TEST_X": "b"},
    });
    let servers = serde_json::json!({"mcpServers": {"near": near, "far": far}});
    put(&home, ".cursor/mcp.json", &servers.to_string());
    let said = home.expect(0, &["--client", "cursor", "--yes"]);
    assert!(said.contains("with KEY=***") && said.contains("with X-Token=***"), "{said}");
    let told = fs::read_to_string(told).expect("what it was given");
    assert!(told.contains("KEY=hush"), "{told}");
    for text in [told, said] {
        assert!(!text.contains("LD_TESTVAR") && !text.contains("BAILIWICK_TEST_X"), "{text}");
    }
    assert_eq!(home.lock()["servers"]["near"]["environment"], serde_json::json!(["KEY"]));
}

/// A program that says what our own demo server says, under the name of a launcher.
fn launcher(home: &Home, name: &str) {
    script(home, name, &format!("exec {OURS} __demo-server"));
}

fn script(home: &Home, name: &str, text: &str) {
    let path = home.path(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, mode).expect("it may run");
}

fn put(home: &Home, name: &str, text: &str) {
    fs::create_dir_all(home.path(name).parent().expect("a folder")).expect("a folder");
    fs::write(home.path(name), text).expect("a file");
}

fn entry(home: &Home, name: &str, program: &str, args: &[&str]) -> String {
    let program = home.path(program).display().to_string();
    format!("{}:{}", serde_json::json!(name), serde_json::json!({ "command": program, "args": args }))
}

const NPM: &str = r#"{"packages":{"node_modules/acme-files":{"version":"1.2.3","integrity":"sha512-QUJD"}}}"#;
const RECORD: &str = "acme_git/server.py,sha256=AAAA,10\n../../../bin/acme-git,sha256=BBBB,7\n";
const METADATA: &str = "Metadata-Version: 2.4\nName: acme-git\nVersion: 2.0.1\n\ntext\n";

#[test]
fn what_is_on_the_machine_is_locked_and_its_drift_is_shown() {
    let home = Home::new("");
    for program in ["bin/npx", "bin/uvx", "venv/bin/acme-git", "app/node_modules/acme-near/server.js"] {
        launcher(&home, program);
    }
    let cache = ".npm/_npx/abc/node_modules/.package-lock.json";
    put(&home, cache, NPM);
    let tool = ".local/share/uv/tools/acme-git/lib/python3.12/site-packages/acme_git-2.0.1.dist-info";
    let venv = "venv/lib/python3.12/site-packages/acme_git-2.0.1.dist-info";
    for place in [tool, venv] {
        put(&home, &format!("{place}/METADATA"), METADATA);
        put(&home, &format!("{place}/RECORD"), RECORD);
    }
    put(&home, &format!("{venv}/entry_points.txt"), "[console_scripts]\nacme-git = acme_git:main\n");
    put(&home, "venv/pyvenv.cfg", "");
    put(&home, "app/node_modules/acme-near/package.json", r#"{"name":"acme-near","version":"0.3.0"}"#);
    put(
        &home,
        "app/pnpm-lock.yaml",
        "packages:\n\n  acme-near@0.3.0:\n    resolution: {integrity: sha512-Tg==}\n",
    );
    let servers = [
        entry(&home, "files", "bin/npx", &["-y", "acme-files@latest"]),
        entry(&home, "git", "bin/uvx", &["acme_git"]),
        entry(&home, "script", "venv/bin/acme-git", &[]),
        entry(&home, "near", "app/node_modules/acme-near/server.js", &[]),
        entry(&home, "gone", "bin/npx", &["-y", "acme-absent@1.0.0"]),
    ];
    put(&home, ".cursor/mcp.json", &format!("{{\"mcpServers\":{{{}}}}}", servers.join(",")));
    home.expect(0, &["--client", "cursor", "--yes"]);
    let lock = home.lock();
    let package = |server: &str, member: &str| lock["servers"][server]["package"][member].clone();
    assert_eq!(
        (package("files", "version"), package("files", "integrity")),
        ("1.2.3".into(), "sha512-QUJD".into())
    );
    assert_eq!(package("files", "asked"), "latest");
    for server in ["git", "script"] {
        assert_eq!(
            (package(server, "registry"), package(server, "version")),
            ("pypi".into(), "2.0.1".into())
        );
        assert!(
            package(server, "integrity").as_str().is_some_and(|digest| digest.starts_with("record:sha256:"))
        );
    }
    assert_eq!(
        (package("near", "version"), package("near", "integrity")),
        ("0.3.0".into(), "sha512-Tg==".into())
    );
    assert_eq!((package("gone", "asked"), package("gone", "version")), ("1.0.0".into(), Value::Null));

    home.expect(0, &["--client", "cursor", "--yes", "--check"]);
    put(&home, cache, &NPM.replace("1.2.3", "1.2.4"));
    put(&home, &format!("{tool}/RECORD"), &RECORD.replace("AAAA", "CCCC"));
    let said = home.expect(11, &["--client", "cursor", "--yes", "--check"]);
    assert!(said.contains("~ package: `acme-files 1.2.3` is now `acme-files 1.2.4`"), "{said}");
    assert!(said.contains("~ package: `acme_git 2.0.1` has the same version and other content"), "{said}");
    assert_eq!(said.matches("~ package").count(), 2, "{said}");
    home.expect(0, &["--client", "cursor", "--yes", "--diff"]);
    // One command by itself is looked up in the same way.
    let near = home.path("app/node_modules/acme-near/server.js").display().to_string();
    home.expect(0, &["--lock", "one.lock", "--", &near]);
    put(&home, "app/node_modules/acme-near/package.json", r#"{"name":"acme-near","version":"0.4.0"}"#);
    let said = home.expect(11, &["--lock", "one.lock", "--check", "--", &near]);
    assert!(said.contains("`acme-near 0.3.0` is now `acme-near 0.4.0`"), "{said}");
}

#[test]
fn what_package_managers_left_may_be_broken_huge_or_no_file() {
    let home = Home::new("");
    launcher(&home, "bin/npx");
    let list = home.path("node_modules/.package-lock.json");
    let servers = entry(&home, "files", "bin/npx", &["acme-files"]);
    put(&home, ".cursor/mcp.json", &format!("{{\"mcpServers\":{{{servers}}}}}"));
    put(&home, "node_modules/.package-lock.json", &"[".repeat(100_000));
    let unknown = |case: &str| {
        home.expect(0, &["--client", "cursor", "--yes"]);
        let lock = home.lock();
        let package = &lock["servers"]["files"]["package"];
        assert!(package["name"] == "acme-files" && package["version"].is_null(), "{case}: {package}");
    };
    unknown("too deep");
    let file = fs::File::options().write(true).open(&list).expect("a file");
    file.set_len(1 << 40).expect("a sparse file");
    unknown("a terabyte");
    fs::remove_file(&list).expect("it was there");
    std::os::unix::fs::symlink("/dev/zero", &list).expect("a link");
    unknown("without end");
    fs::remove_file(&list).expect("it was there");
    std::os::unix::fs::symlink(".package-lock.json", &list).expect("a link");
    unknown("a link to itself");
    fs::remove_file(&list).expect("it was there");
    let made = Command::new("mkfifo").arg(&list).status().expect("mkfifo");
    assert!(made.success());
    unknown("a pipe that nobody writes to");
}
