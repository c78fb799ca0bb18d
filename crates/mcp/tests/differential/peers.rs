//! Other readers of JSON, each asked about all texts in one process.

use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use super::hex;

pub(crate) fn node(texts: &[Vec<u8>]) -> Vec<String> {
    let installed = env::var_os("BAILIWICK_TEST_TOOLS").map(|tools| PathBuf::from(tools).join("bin/node"));
    let node = installed.filter(|node| node.exists()).unwrap_or_else(|| "node".into());
    ask(Command::new(node).arg(script("dump.mjs")), texts)
}

pub(crate) fn python(texts: &[Vec<u8>]) -> Vec<String> {
    ask(Command::new("python3").arg(script("dump.py")), texts)
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/differential").join(name)
}

/// One line in, one line out, for each text.
fn ask(command: &mut Command, texts: &[Vec<u8>]) -> Vec<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.unwrap_or_else(|error| {
        panic!("cannot start `{program}` ({error}); `cargo xtask test` installs what the tests need")
    });
    let mut input = child.stdin.take().unwrap();
    let questions: String = texts.iter().map(|text| hex(text) + "\n").collect();
    let writer = thread::spawn(move || input.write_all(questions.as_bytes()));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(out.status.success(), "`{program}` ended with {}", out.status);
    let answers: Vec<String> = String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), texts.len(), "`{program}` answered otherwise than it was asked");
    answers
}
