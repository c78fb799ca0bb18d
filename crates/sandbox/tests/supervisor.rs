//! The supervisor with real processes: whoever dies first, by whatever signal, nothing is left behind.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

#[test]
fn the_status_of_the_command_is_ours() {
    for (script, status) in
        [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
    {
        assert_eq!(run(&["sh", "-c", script]).status.code(), Some(status), "{script}");
    }
}

#[test]
fn bytes_and_arguments_and_environment_pass_unchanged() {
    let mut child = wrapper(&[
        "300",
        "sh",
        "-c",
        "printf '%s|' \"$@\" $MARK; cat; echo out of band >&2",
        "x",
        "-a",
        "b c",
        "",
    ])
    .env("MARK", "kept")
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let sent = body.clone();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(&sent));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.stdout.starts_with(b"-a|b c||kept|"));
    assert!(output.stdout.ends_with(&body));
    assert_eq!(output.stderr, b"out of band\n");
    let names = "cat /proc/self/environ | tr '\\0' '\\n' | sed 's/=.*//' | grep -v '^_$' | sort";
    let direct = Command::new("sh").args(["-c", names]).output().unwrap();
    assert_eq!(run(&["sh", "-c", names]).stdout, direct.stdout);
}

#[test]
fn the_command_starts_clean() {
    // The open descriptors, then the blocked and ignored signals among the first 28.
    let script = "cd /proc/$$/fd; echo *; grep -E 'Sig(Blk|Ign)' /proc/$$/status | sed 's/[0-9a-f]\\{9\\}\\([0-9a-f]*\\)$/\\1/'";
    let shown = text(&run(&["sh", "-c", script]).stdout);
    let direct =
        Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stderr(Stdio::null()).output().unwrap();
    let direct = text(&direct.stdout);
    // The descriptors are those of any command; signals are as in a new session, also where a test run ignores some.
    assert_eq!(shown.lines().next(), direct.lines().next());
    assert!(shown.contains("SigBlk:\t0000000"), "{shown}");
    // SIGPIPE, which we ourselves ignore, is not ignored.
    assert!(shown.contains("SigIgn:\t0000000"), "{shown}");
}

#[test]
fn the_command_has_no_terminal_and_leads_no_session() {
    let script = "cut -d' ' -f1,5,6,7 /proc/$$/stat; (: < /dev/tty) 2>/dev/null && echo terminal";
    let folder = TempDir::new().unwrap();
    // The same script in our place has the terminal.
    let (_keyboard, direct) = on_terminal(&folder, &["sh", "-c", script]);
    assert!(text(&direct.wait_with_output().unwrap().stdout).ends_with("terminal\n"));
    let wrapper = binary().display().to_string();
    let (_keyboard, wrapped) = on_terminal(&folder, &[&wrapper, "300", "sh", "-c", script]);
    let shown = text(&wrapped.wait_with_output().unwrap().stdout);
    let ids: Vec<&str> = shown.split_whitespace().collect();
    let [pid, group, session, "0"] = ids.as_slice() else { panic!("{shown}") };
    assert_eq!(pid, group);
    assert_ne!(pid, session);
}

#[test]
fn a_terminal_cannot_be_picked_up_by_opening_it() {
    let script = "exec 3<>\"$1\"; (: < /dev/tty) 2>/dev/null && echo terminal; cut -d' ' -f7 /proc/$$/stat";
    let (master, path) = terminal();
    assert_eq!(text(&run(&["sh", "-c", script, "sh", &path]).stdout), "0\n");
    drop(master);
}

#[test]
fn what_the_command_leaves_behind_is_ended() {
    for daemon in [SLEEPER, STUBBORN] {
        let folder = TempDir::new().unwrap();
        let script = format!("{}; {}; exit 4", in_background(daemon), await_file("daemon"));
        let output = run_in(&folder, &["sh", "-c", &script]);
        assert_eq!(output.status.code(), Some(4));
        assert!(gone(pid_in(&folder, "daemon")), "{daemon}");
    }
}

#[test]
fn nothing_is_left_when_the_wrapper_is_killed() {
    for daemon in [SLEEPER, STUBBORN] {
        let (folder, mut wrapper) = family(daemon, &[]);
        wrapper.kill().unwrap();
        wrapper.wait().unwrap();
        assert_family_gone(&folder);
    }
}

#[test]
fn nothing_is_left_when_the_supervisor_is_killed() {
    for daemon in [SLEEPER, STUBBORN] {
        let (folder, mut wrapper) = family(daemon, &["--adopt"]);
        send(pid_in(&folder, "supervisor"), Signal::SIGKILL);
        assert_eq!(wrapper.wait().unwrap().code(), Some(137));
        assert_family_gone(&folder);
    }
}

#[test]
fn the_command_dies_with_its_supervisor_without_adoption_too() {
    let (folder, mut wrapper) = family(SLEEPER, &[]);
    send(pid_in(&folder, "supervisor"), Signal::SIGKILL);
    wrapper.wait().unwrap();
    assert_gone(&folder, "command");
    send(pid_in(&folder, "daemon"), Signal::SIGKILL);
}

#[test]
fn nothing_is_left_when_the_command_is_killed() {
    let (folder, mut wrapper) = family(STUBBORN, &[]);
    send(pid_in(&folder, "command"), Signal::SIGKILL);
    assert_eq!(wrapper.wait().unwrap().code(), Some(137));
    assert_family_gone(&folder);
}

#[test]
fn a_stopped_supervisor_does_not_save_the_command() {
    let (folder, mut wrapper) = family(STUBBORN, &[]);
    send(pid_in(&folder, "supervisor"), Signal::SIGSTOP);
    wrapper.kill().unwrap();
    wrapper.wait().unwrap();
    assert_family_gone(&folder);
}

#[test]
fn a_terminated_supervisor_ends_the_command() {
    let (folder, mut wrapper) = family(STUBBORN, &[]);
    send(pid_in(&folder, "supervisor"), Signal::SIGTERM);
    wrapper.wait().unwrap();
    assert_family_gone(&folder);
}

#[test]
fn stop_kills_what_ignores_the_polite_request() {
    let (folder, mut wrapper) = family(STUBBORN, &[]);
    send(wrapper.id().cast_signed(), Signal::SIGTERM);
    assert_eq!(wrapper.wait().unwrap().code(), Some(137));
    assert_family_gone(&folder);
}

#[test]
fn stop_gives_a_stopped_command_its_grace() {
    let folder = TempDir::new().unwrap();
    let script = "trap 'exit 9' TERM; echo $$ > command; kill -STOP $$; while :; do sleep 0.05; done";
    let mut wrapper = in_folder(&folder, &["5000", "sh", "-c", script]).spawn().unwrap();
    let command = pid_in(&folder, "command");
    until("the command is stopped", || state(command) == Some('T'));
    send(wrapper.id().cast_signed(), Signal::SIGTERM);
    assert_eq!(wrapper.wait().unwrap().code(), Some(9));
}

#[test]
fn an_interrupt_at_the_terminal_arrives_once() {
    let folder = TempDir::new().unwrap();
    let script = "trap 'echo got >> interrupts' INT; trap 'exit 5' TERM; echo $$ > command; while :; do sleep 0.02; done";
    let wrapper = binary().display().to_string();
    let (mut keyboard, mut wrapper) = on_terminal(&folder, &[&wrapper, "5000", "sh", "-c", script]);
    pid_in(&folder, "command");
    let interrupts = folder.path().join("interrupts");
    keyboard.write_all(b"\x03").unwrap();
    until("the interrupt arrives", || interrupts.exists());
    send(wrapper.id().cast_signed(), Signal::SIGTERM);
    assert_eq!(wrapper.wait().unwrap().code(), Some(5));
    assert_eq!(fs::read_to_string(interrupts).unwrap(), "got\n");
}

#[test]
fn output_ends_when_the_command_closes_it() {
    let mut child = wrapper(&["300", "sh", "-c", "echo last; exec >&-; read wait"]).spawn().unwrap();
    let mut all = String::new();
    // This would hang if the supervisor kept the stream open.
    child.stdout.take().unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(all, "last\n");
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn a_command_that_does_not_start_is_explained() {
    let folder = TempDir::new().unwrap();
    let make = |name: &str, content: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    make("mcp-server-paint", "#!/bin/sh\n", 0o755);
    let plain = make("plain.js", "console.log(1)\n", 0o644);
    let lost = make("lost", "#!/no/such/python -u\n", 0o755);
    let directory = folder.path().display().to_string();
    let missing = folder.path().join("missing").display().to_string();
    for (command, error, help) in [
        ("", "there is no command to run".to_owned(), "put the server's command after `--`".to_owned()),
        (
            "mcp-server-piant",
            "command `mcp-server-piant` not found".into(),
            "did you mean `mcp-server-paint`?".into(),
        ),
        ("qqqqqqqqq", "command `qqqqqqqqq` not found".into(), "install it, add its directory".into()),
        (&missing, format!("command `{missing}` not found"), "check the path".into()),
        (&plain, format!("`{plain}` is not executable"), format!("run `chmod +x {plain}`")),
        (
            &lost,
            format!("`{lost}` needs the interpreter `/no/such/python`"),
            "install `/no/such/python`".into(),
        ),
        (&directory, format!("`{directory}` is a directory"), "give the program inside it".into()),
    ] {
        let path = format!("{directory}:/usr/bin:/bin");
        let output = wrapper(&["300", command]).env("PATH", path).stderr(Stdio::piped()).output().unwrap();
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("error: {error}")), "{said}");
        assert!(said.contains(&format!("help: {help}")), "{said}");
        assert_eq!(output.status.code(), Some(78));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_made_up_order_to_supervise_is_refused() {
    for args in [&["__supervise"][..], &["__supervise", "77", "1", "1", "--", "true"], &["__supervise", "2"]]
    {
        let status = Command::new(binary()).args(args).stdin(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_crowd_of_descendants_is_ended() {
    let folder = TempDir::new().unwrap();
    let script =
        format!("for i in $(seq 40); do {}; done; touch crowd; exit 0", in_background("exec sleep 1009"));
    let output = run_in(&folder, &["sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(0));
    let left = Command::new("pgrep").args(["-f", "^sleep 1009$"]).output().unwrap();
    assert_eq!(text(&left.stdout), "");
}

/// A daemon that ends when asked, and one that does not.
const SLEEPER: &str = "echo $$ > daemon.part; mv daemon.part daemon; exec sleep 1000";
const STUBBORN: &str =
    "trap '' TERM HUP INT; echo $$ > daemon.part; mv daemon.part daemon; while :; do sleep 1; done";

/// Forked twice and in a session of its own, as a daemon is.
fn in_background(script: &str) -> String {
    format!("(setsid sh -c \"{}\" >/dev/null 2>&1 </dev/null &)", script.replace('$', "\\$"))
}

fn await_file(name: &str) -> String {
    format!("while ! [ -e {name} ]; do sleep 0.01; done")
}

/// A running wrapper whose command, itself deaf to TERM, has started a daemon; the ids of all are in the folder's files.
fn family(daemon: &str, flags: &[&str]) -> (TempDir, Child) {
    let folder = TempDir::new().unwrap();
    let script = format!(
        "trap '' TERM; {}; {}; echo $PPID > supervisor; echo $$ > command; while :; do sleep 1; done",
        in_background(daemon),
        await_file("daemon")
    );
    let args: Vec<&str> = flags.iter().copied().chain(["300", "sh", "-c", &script]).collect();
    let wrapper = in_folder(&folder, &args).spawn().unwrap();
    pid_in(&folder, "command");
    (folder, wrapper)
}

fn assert_family_gone(folder: &TempDir) {
    for name in ["command", "daemon", "supervisor"] {
        assert_gone(folder, name);
    }
}

fn assert_gone(folder: &TempDir, name: &str) {
    let pid = pid_in(folder, name);
    until(&format!("the {name} is gone"), || gone(pid));
}

fn run(command: &[&str]) -> Output {
    let args: Vec<&str> = ["300"].iter().chain(command).copied().collect();
    wrapper(&args).output().unwrap()
}

fn run_in(folder: &TempDir, command: &[&str]) -> Output {
    let args: Vec<&str> = ["300"].iter().chain(command).copied().collect();
    in_folder(folder, &args).output().unwrap()
}

fn in_folder(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = wrapper(args);
    command.current_dir(folder.path());
    command
}

/// A program in the foreground of a terminal, its standard streams elsewhere; with the keyboard of that terminal. The
/// shell that leads the new session makes the terminal the controlling one by opening it.
fn on_terminal(folder: &TempDir, program: &[&str]) -> (File, Child) {
    let (keyboard, path) = terminal();
    let child = Command::new("setsid")
        .args(["sh", "-c", "exec 3<>\"$0\"; exec \"$@\" 3<&-", &path])
        .args(program)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (keyboard, child)
}

/// The keyboard side of a new terminal, and its path.
fn terminal() -> (File, String) {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname_r(&master).unwrap();
    (File::from(OwnedFd::from(master)), path)
}

fn wrapper(args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The example beside this test; `cargo test` builds it.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/wrapper")
}

/// The id in a file that a script writes, as soon as it is there.
fn pid_in(folder: &TempDir, name: &str) -> i32 {
    let path: &Path = &folder.path().join(name);
    let read = || fs::read_to_string(path).ok()?.strip_suffix('\n')?.parse().ok();
    until(&format!("`{name}` is written"), || read().is_some());
    read().unwrap()
}

fn gone(pid: i32) -> bool {
    matches!(state(pid), None | Some('Z'))
}

fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < limit, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
