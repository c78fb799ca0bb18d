//! A run that is killed while a question stands on a real terminal: the terminal is given back, and nothing is left.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "helpers of tests are tests")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use bailiwick_testkit::patience::comes;
use bailiwick_testkit::route::binary;
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// The shell on the terminal: it outlives the run, as a client's terminal does.
const SHELL: &str = "tty > tty; stty -g > mode; \"$OURS\" run --policy asks.yaml --audit audit.jsonl -- \"$OURS\" __demo-server \
     < in > out 2> err & echo $! > pid; wait $!; echo $? > status; sleep 60";

const LINES: &str = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"src/../.env"}}}"#,
    "\n",
);

struct Terminal {
    place: Workplace,
    script: Child,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// A terminal of its own, and on it a shell with a run whose first call asks.
    fn asking() -> Terminal {
        let place = Workplace::new();
        place.file("asks.yaml", "version: 1\ndefault: ask\n");
        let made = Command::new("mkfifo").arg(place.path().join("in")).status().expect("mkfifo runs");
        assert!(made.success());
        let mut script = Command::new("script")
            .args(["--quiet", "--flush", "--command", SHELL, "/dev/null"])
            .current_dir(place.path())
            .env_clear()
            .envs(place.environment())
            .env("OURS", binary(BUILT))
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script` is part of every Debian");
        let mut shown = script.stdout.take().expect("a pipe");
        let screen = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
                written.lock().expect("the reader's").push_str(&text);
            }
        });
        Terminal { place, script, screen }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.place.path().join(name)).unwrap_or_default().trim().to_owned()
    }

    fn screen(&self) -> String {
        self.screen.lock().expect("the reader's").clone()
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        assert!(comes(holds), "{what}: {}\n{}", self.screen(), self.text("err"));
    }

    fn stty(&self, argument: &str) -> String {
        let out = Command::new("stty").args(["-F", &self.text("tty"), argument]).output().expect("stty runs");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// Processes that were started here, but for the shell's own.
    fn left(&self) -> Vec<String> {
        let here = self.place.path().display().to_string();
        let all = fs::read_dir("/proc").expect("/proc").flatten();
        let lines = all.filter_map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let folder = fs::read_link(entry.path().join("cwd")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let ours = folder.display().to_string().starts_with(&here) && !line.starts_with("script ");
            (ours
                && (line.contains("__demo-server") || line.contains("supervise"))
                && !line.contains("stty -g"))
            .then_some(line)
        });
        lines.collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
fn a_killed_run_gives_the_terminal_back_and_leaves_nothing() {
    let terminal = Terminal::asking();
    let mut input =
        fs::OpenOptions::new().write(true).open(terminal.place.path().join("in")).expect("a pipe");
    input.write_all(LINES.as_bytes()).expect("the run reads");
    terminal.until("it asks", || terminal.screen().contains("to approve"));
    let screen = terminal.screen();
    let file = terminal.place.path().canonicalize().expect("a folder").join(".env");
    assert!(screen.contains("src/../.env") && screen.contains(&file.display().to_string()), "{screen}");
    assert!(terminal.stty("-a").contains("-icanon"), "single keys are read");
    assert!(!terminal.left().is_empty(), "the server runs");

    let killed = Command::new("kill").args(["-KILL", &terminal.text("pid")]).status().expect("kill runs");
    assert!(killed.success());
    terminal.until("the shell goes on", || terminal.text("status") == "137");
    let before = terminal.text("mode");
    terminal.until("the terminal is as it was", || terminal.stty("-g") == before);
    terminal.until("nothing is left", || terminal.left().is_empty());
}
