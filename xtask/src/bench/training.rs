//! The usual work of the program, for a compiler that wants to know which paths are taken: calls and answers of many kinds,
//! one by one and in bursts, over pipes and over HTTP; and texts that the guards look at for long. Over pipes its texts are not
//! those that are measured.

use super::http::parties::Parties;
use super::{SERVER, policy};
use crate::shell;
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Changes with what is done.
pub(crate) fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    (include_str!("training.rs"), include_str!("server.rs")).hash(&mut hasher);
    hasher.finish()
}

/// Has `program` do it.
pub(crate) fn run(program: &Path) -> Result<()> {
    let folder = shell::root().join("target/bench/training");
    let _ = fs::remove_dir_all(&folder); // absent in the first run
    fs::create_dir_all(&folder)?;
    let standard = fs::read_to_string(shell::root().join("crates/policy/policies/standard.yaml"))?;
    fs::write(folder.join("standard.yaml"), policy::unlimited(&standard))?;
    fs::write(folder.join("rules.yaml"), policy::rules(100))?;
    for flags in ["--policy standard.yaml", "--policy rules.yaml", "--mode observe --trace traces"] {
        pipes(program, &folder, flags).with_context(|| format!("over pipes, {flags}"))?;
    }
    fs::write(folder.join("labelled.jsonl"), LABELLED)?;
    for words in [&["demo"] as &[&str], &["guards", "bench", "labelled.jsonl", "--speed"]] {
        shell::logged(Command::new(program).args(words).current_dir(&folder), "training")?;
    }
    http(program)
}

fn pipes(program: &Path, folder: &Path, flags: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["run", "--server", "bench", "--audit", "audit.jsonl"]).args(flags.split_whitespace());
    command.arg("--").arg(std::env::current_exe()?).args([SERVER, "--varied"]);
    command.env("XDG_STATE_HOME", folder.join("state")).env("XDG_CONFIG_HOME", folder.join("config"));
    command.current_dir(folder).stderr(File::create(folder.join("stderr.log"))?);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no pipe in")?;
    let mut answers = BufReader::new(child.stdout.take().context("no pipe out")?).lines();
    let mut exchange = |text: &str, count: usize| {
        input.write_all(text.as_bytes())?;
        for _ in 0..count {
            answers.next().context("it ended early")??;
        }
        anyhow::Ok(())
    };
    exchange(HELLO, 2)?;
    let (mut id, mut text) = (10_u64, String::new());
    let mut calls = CALLS.iter().cycle();
    for burst in BURSTS.iter().cycle().take(ROUNDS) {
        text.clear();
        for (tool, arguments) in calls.by_ref().take(*burst) {
            writeln!(
                text,
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
            )?;
            id += 1;
        }
        exchange(&text, *burst)?;
    }
    drop(input);
    ensure!(child.wait()?.success(), "it failed; see {}", folder.join("stderr.log").display());
    Ok(())
}

fn http(program: &Path) -> Result<()> {
    let parties = Parties::of(program)?;
    let upstream = parties.upstream()?;
    let gateway = parties.gateway(&upstream, "")?;
    for clients in ["1", "16", "64"] {
        shell::output(&parties.tool, &["load", &gateway.address, clients, "1500", "exactly", "echo"])
            .context("the load ended with an error, see above")?;
    }
    // Killed, it would not write down what it counted.
    gateway.end()
}

/// The speed of the guards is told beside what they find, so they want something to look at.
const LABELLED: &str = r#"{"id":"one","text":"The shop is open until six.","label":0,"kind":"agent_tool_json","tier":"ordinary","split":"dev"}
"#;

/// Calls that are sent before their answers are read.
const BURSTS: &[usize] = &[1, 1, 1, 1, 8, 1, 1, 64];
const ROUNDS: usize = 1_600;

const HELLO: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"training","version":"1.0.0"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
    "\n",
);

/// Tools of the server and arguments for them; some are denied.
const CALLS: &[(&str, &str)] = &[
    ("echo", r#"{"message":"src/main.rs","times":1}"#),
    ("search_nodes", r#"{"query":"who wrote the parser, and when was it last changed?"}"#),
    (
        "echo",
        r##"{"message":"# Notes\n\n* The first point is about `tape`, the second about the *index*.\n* See [the design](docs/design.md).\n\n```rust\nfn main() {\n    println!(\"{}\", 1 + 1);\n}\n```\n"}"##,
    ),
    ("add", r#"{"a":12,"b":-3.5}"#),
    ("read_graph", "{}"),
    ("echo", r#"{"message":"/etc/shadow","times":2}"#),
    ("get_current_time", r#"{"timezone":"Europe/Lisbon"}"#),
    (
        "echo",
        r#"{"message":"{\"rows\":[{\"id\":17,\"name\":\"Ana\",\"paid\":true},{\"id\":18,\"name\":\"Bo\",\"paid\":false}]}"}"#,
    ),
    ("echo", r#"{"message":"https://example.org/a/path?query=1&page=2"}"#),
    ("search_nodes", r#"{"query":"Der Fährplan gilt von März bis Oktober, außer an Feiertagen."}"#),
    (
        "echo",
        r#"{"message":"The committee met twice in spring. Most of its members had read the report, and two of them had written to the editor about the third chapter, in which the figures of the previous year were given without their source.","times":3}"#,
    ),
];
