//! The desk on a real pseudo-terminal: what is taken for an answer, what is not, and that the terminal is given back.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_approval::DenyCause;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use rustix::termios::{Winsize, tcsetwinsize};
use tempfile::TempDir;

#[test]
fn yes_and_enter_approve() {
    for key in ["y\r", "Y\n", "x\x7fy\r"] {
        let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:60000"]);
        desk.until("Type y and Enter");
        desk.press(key);
        assert_eq!(desk.answer(), "7 approved");
        desk.until("approved");
        desk.assert_given_back();
    }
}

#[test]
fn anything_else_denies() {
    for key in ["n\r", "\r", "yes\r", "\x03", "\x1b", "\x1b[B", "y\x03", "\u{443}\r"] {
        let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:60000"]);
        desk.until("Type y and Enter");
        desk.press(key);
        assert_eq!(desk.answer(), "7 denied: denied at the terminal", "{key:?}");
        desk.assert_given_back();
    }
}

#[test]
fn the_end_of_input_denies_and_says_so() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:60000"]);
    desk.until("Type y and Enter");
    desk.press("\x04");
    assert_eq!(desk.answer(), "7 denied: the input at the terminal ended");
    desk.assert_given_back();
    assert!(DenyCause::NoMoreKeys.help().is_some_and(|help| help.contains("`allow` rule")));
}

#[test]
fn the_code_is_on_the_screen_only() {
    for (right, answer) in [(true, "7 approved"), (false, "7 denied: denied at the terminal")] {
        let mut desk = At::terminal().start("code", ARGUMENTS, &["7:60000"]);
        desk.until(" and Enter to approve");
        let screen = desk.screen();
        let code = screen.split("Type ").nth(1).unwrap().split(' ').next().unwrap();
        assert_eq!(code.len(), 4);
        desk.press(if right { code } else { "y" });
        desk.press("\r");
        assert_eq!(desk.answer(), answer);
    }
}

#[test]
fn silence_is_deny() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:1500"]);
    assert_eq!(desk.answer(), "7 denied: nobody answered in time");
    desk.until("denied: nobody answered in time");
    desk.assert_given_back();
}

#[test]
fn the_countdown_runs() {
    let desk = At::terminal().start("yes", ARGUMENTS, &["7:60000"]);
    desk.until("(0:58)");
    desk.until("(0:57)");
}

#[test]
fn keys_typed_ahead_are_no_answer() {
    let at = At::terminal();
    at.press("y\ry\ny\r");
    let mut desk = at.start("yes", ARGUMENTS, &["7:60000"]);
    desk.until("no key is heard yet");
    desk.press("y\r");
    desk.until("Type y and Enter");
    desk.press("\r");
    assert_eq!(desk.answer(), "7 denied: denied at the terminal");
}

#[test]
fn keys_left_over_do_not_reach_the_next_reader() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:60000"]);
    desk.until("Type y and Enter");
    desk.press("n\r\rrm -rf /\r");
    assert_eq!(desk.answer(), "7 denied: denied at the terminal");
    desk.assert_given_back();
    let mut slave = &desk.at.slave;
    fcntl(slave, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    assert_eq!(slave.read(&mut [0; 16]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_protocol_stream_is_never_an_answer() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:2500"]);
    desk.until("Type y and Enter");
    for _ in 0..50 {
        desk.say("y");
        desk.say("approve 7");
    }
    assert_eq!(desk.answer(), "7 denied: nobody answered in time");
}

#[test]
fn a_closed_terminal_is_deny() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["7:60000"]);
    desk.until("Type y and Enter");
    desk.at.hang_up();
    assert_eq!(desk.answer(), "7 denied: the terminal was closed");
}

#[test]
fn nothing_approves_before_the_end_was_shown() {
    let long = format!("[{}\"the end\"]", "\"x\",".repeat(40));
    let at = At::terminal();
    at.resize(20, 100);
    let mut desk = at.start("yes", &long, &["7:60000", "8:60000"]);
    desk.until("-- 18 of ");
    assert!(!desk.screen().contains("the end\""));
    desk.press("y");
    assert_eq!(desk.answer(), "7 denied: denied at the terminal");
    for shown in [18, 36] {
        desk.until_after("question 8", &format!("-- {shown} of "));
        desk.press(" ");
    }
    desk.until_after("question 8", "Type y and Enter");
    assert!(desk.screen().contains("│   \"the end\""));
    desk.press("y\r");
    assert_eq!(desk.answer(), "8 approved");
}

#[test]
fn questions_wait_their_turn_and_their_time_runs() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["1:60000", "2:60000", "3:800"]);
    desk.until("question 1");
    assert_eq!(desk.answer(), "3 denied: nobody answered in time");
    desk.until("Type y and Enter");
    assert!(!desk.screen().contains("question 2"));
    desk.press("y\r");
    assert_eq!(desk.answer(), "1 approved");
    desk.until_after("question 2", "Type y and Enter");
    desk.press("n\r");
    assert_eq!(desk.answer(), "2 denied: denied at the terminal");
}

#[test]
fn a_flood_is_denied_at_once() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["1:60000"]);
    desk.until("question 1");
    for id in 2..=34 {
        desk.say(&format!("ask {id} 60000"));
    }
    assert_eq!(desk.answer(), "34 denied: too many questions wait for an answer");
    desk.say("close");
    for id in (2..=33).chain([1]) {
        assert_eq!(desk.answer(), format!("{id} denied: shutting down"));
    }
    assert_eq!(desk.answer(), "closed");
    desk.assert_given_back();
}

#[test]
fn a_withdrawn_question_goes_away() {
    let mut desk = At::terminal().start("yes", ARGUMENTS, &["1:60000", "2:60000"]);
    desk.until("question 1");
    desk.say("withdraw 2");
    assert_eq!(desk.answer(), "2 denied: the client withdrew the call");
    desk.say("withdraw 1");
    assert_eq!(desk.answer(), "1 denied: the client withdrew the call");
    desk.until("denied: the client withdrew the call");
    desk.assert_given_back();
}

#[test]
fn without_a_terminal_the_answer_is_deny() {
    let mut desk = At::terminal().start_by("exec \"$@\"", "yes", ARGUMENTS, &["7:60000"]);
    assert_eq!(desk.answer(), "7 denied: nobody can be asked: there is no terminal");
}

#[test]
fn a_background_job_is_denied_and_not_stopped() {
    let script = "exec 3<>\"$0\"; set -m; \"$@\" 3<&- & wait";
    let mut desk = At::terminal().start_by(script, "yes", ARGUMENTS, &["7:60000"]);
    assert_eq!(desk.answer(), "7 denied: nobody can be asked: this job is in the background of its terminal");
}

#[test]
fn a_terminal_that_another_program_reads_is_left_alone() {
    let at = At::terminal();
    let mut mode = tcgetattr(&at.slave).unwrap();
    mode.local_flags.remove(LocalFlags::ICANON);
    tcsetattr(&at.slave, SetArg::TCSANOW, &mode).unwrap();
    let mut desk = at.start("yes", ARGUMENTS, &["7:60000"]);
    assert_eq!(
        desk.answer(),
        "7 denied: nobody can be asked: another program is reading the terminal's keys"
    );
}

#[test]
fn two_processes_ask_one_after_the_other() {
    // The first to ask is left running; the second is started by the same shell, in the same job.
    let script = "exec 3<>\"$0\"; \"$@\" < /dev/null & \"$@\" < /dev/null; wait";
    let mut desk = At::terminal().start_by(script, "yes", ARGUMENTS, &["7:60000"]);
    desk.until("Type y and Enter");
    assert_eq!(desk.screen().matches("question 7").count(), 1);
    desk.press("y\r");
    assert_eq!(desk.answer(), "7 approved");
    desk.until_after("approved", "Type y and Enter");
    desk.press("n\r");
    assert_eq!(desk.answer(), "7 denied: denied at the terminal");
    desk.assert_given_back();
}

#[test]
fn a_panic_is_deny_and_gives_the_terminal_back() {
    let mut desk = At::terminal().start("yes", "\"break\"", &["7:60000"]);
    assert_eq!(desk.answer(), "7 denied: the question could not be shown");
    desk.assert_given_back();
    // The desk goes on.
    desk.say("ask 8 60000");
    assert_eq!(desk.answer(), "8 denied: the question could not be shown");
}

#[test]
fn a_held_screen_does_not_hold_the_answer() {
    let long = format!("[{}0]", "0,".repeat(1_500));
    let at = At::terminal();
    at.resize(2_000, 80);
    // Ctrl-S: nothing more is written until Ctrl-Q.
    at.press("\x13");
    let mut desk = at.start("yes", &long, &["7:1500"]);
    assert_eq!(desk.answer(), "7 denied: nobody answered in time");
    desk.assert_given_back();
}

const ARGUMENTS: &str = "{\"path\":\"/etc/passwd\"}";

/// A pseudo-terminal with somebody at its keyboard.
struct At {
    folder: TempDir,
    path: String,
    master: Option<File>,
    slave: File,
    before: Termios,
    screen: RefCell<Vec<u8>>,
}

impl At {
    fn terminal() -> At {
        // Close-on-exec from the start, or the other tests' processes would hold this terminal open.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname_r(&master).unwrap();
        let mut options = File::options();
        let slave = options.read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(&path).unwrap();
        let master = File::from(OwnedFd::from(master));
        let before = tcgetattr(&slave).unwrap();
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let screen = RefCell::default();
        let at = At { folder: TempDir::new().unwrap(), path, master: Some(master), slave, before, screen };
        at.resize(24, 80);
        at
    }

    fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.slave, size).unwrap();
    }

    fn press(&self, keys: &str) {
        let mut master = self.master.as_ref().unwrap();
        master.write_all(keys.as_bytes()).unwrap();
    }

    /// Closes the keyboard side.
    fn hang_up(&mut self) {
        self.master = None;
    }

    /// The desk in the foreground of this terminal, its standard streams elsewhere, deaf to the hang-up signal.
    fn start(self, gesture: &str, arguments: &str, questions: &[&str]) -> Started {
        self.start_by("trap '' HUP; exec 3<>\"$0\"; exec \"$@\" 3<&-", gesture, arguments, questions)
    }

    /// The desk, started by a shell that leads a new session and gets the terminal's path as `$0`: its first `open`
    /// makes it the controlling one.
    fn start_by(self, script: &str, gesture: &str, arguments: &str, questions: &[&str]) -> Started {
        let mut child = Command::new("setsid")
            .args(["sh", "-c", script])
            .arg(&self.path)
            .arg(binary())
            .arg(self.folder.path().join("run"))
            .args([gesture, arguments])
            .args(questions)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let input = child.stdin.take();
        Started { at: self, child, input, output }
    }
}

/// A desk at work.
struct Started {
    at: At,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Started {
    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn press(&self, keys: &str) {
        self.at.press(keys);
    }

    /// The next answer.
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn screen(&self) -> String {
        let mut screen = self.at.screen.borrow_mut();
        if let Some(mut master) = self.at.master.as_ref() {
            // It ends with "would block", after everything that is there.
            let _ = master.read_to_end(&mut screen);
        }
        String::from_utf8_lossy(&screen).into_owned()
    }

    fn until(&self, text: &str) {
        self.until_after("", text);
    }

    /// Waits until a text stands on the screen after a mark.
    fn until_after(&self, mark: &str, text: &str) {
        let limit = Instant::now() + Duration::from_secs(20);
        while !self.screen().split_once(mark).is_some_and(|(_, after)| after.contains(text)) {
            assert!(Instant::now() < limit, "never: {text}\n{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn assert_given_back(&self) {
        let limit = Instant::now() + Duration::from_secs(20);
        while tcgetattr(&self.at.slave).unwrap() != self.at.before {
            assert!(Instant::now() < limit, "the terminal was not given back");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example beside this test; `cargo test` builds it.
fn binary() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/ask")
}
