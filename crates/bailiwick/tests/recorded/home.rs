//! The program in a home of its own, and a session of the demo's server that is recorded there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

fn program(home: &Path) -> Command {
    let mut command = Command::new(OURS);
    command.env_clear().env("HOME", home).current_dir(home);
    command
}

pub(crate) fn bailiwick(home: &Path, args: &[&str]) -> Output {
    program(home).args(args).stdin(Stdio::null()).output().expect("the program starts")
}

/// Runs the demo's server as `files` with a trace in `traces`, and reads these paths one after the other.
pub(crate) fn record(home: &Path, flags: &[&str], paths: &[&str]) {
    let mut command = program(home);
    command.args(["run", "--server", "files", "--trace", "traces"]).args(flags);
    command.args(["--", OURS, "__demo-server"]);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = pipes.spawn().expect("it starts");
    let mut input = child.stdin.take().expect("an input");
    let mut output = BufReader::new(child.stdout.take().expect("an output"));
    let first = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}";
    let call = |(id, path): (usize, &&str)| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/call\",\"params\":{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"{path}\"}}}}}}",
            id + 1
        )
    };
    for line in std::iter::once(first.to_owned()).chain(paths.iter().enumerate().map(call)) {
        writeln!(input, "{line}").expect("it reads");
        let mut answer = String::new();
        // What the server says in between has no id.
        while !answer.contains("\"id\":") {
            answer.clear();
            assert!(output.read_line(&mut answer).expect("an answer") > 0, "it ended at {line}");
        }
    }
    drop(input);
    child.wait().expect("it ends");
}
