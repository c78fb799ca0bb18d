//! What looks back or around, on as much as a busy team makes: replay, infer, scan.

use super::policy;
use crate::{dist, shell};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Interleaved with nothing: the best of so many runs is told beside the median.
const ROUNDS: usize = 3;

/// A trace of 1,000,000 lines under a policy of 100 rules.
pub(super) fn replay() -> Result<bool> {
    let (program, folder) = prepared("replay")?;
    // Of each call: the message, its decision, the answer, its decision.
    let trace = folder.join("trace.jsonl");
    fs::write(&trace, "")?;
    traces(&trace, "bench", 250_000, 0)?;
    let lines = fs::read_to_string(&trace)?.lines().count();
    let policy = folder.join("policy.yaml");
    let opens = "  - { id: opens, effect: allow, on: \"files/*\" }\n";
    fs::write(&policy, policy::rules(100) + opens)?;
    let mut command = Command::new(program);
    command.arg("replay").arg("--policy").arg(&policy).arg("--trace").arg(&trace);
    measure(&mut command, &format!("replay of {lines} lines"), Duration::from_secs(20))
}

/// 100,000 calls of 20 runs.
pub(super) fn infer() -> Result<bool> {
    let (program, folder) = prepared("infer")?;
    for run in 0..20 {
        traces(&folder.join(format!("run-{run}.jsonl")), &format!("run-{run}"), 5_000, run)?;
    }
    let mut command = Command::new(program);
    command.arg("infer").arg(&folder);
    measure(&mut command, "infer from 100000 calls", Duration::from_secs(5))
}

/// 10,000 files, every hundredth of which is a client's configuration.
pub(super) fn scan() -> Result<bool> {
    let (program, folder) = prepared("scan")?;
    let tree = folder.join("tree");
    for number in 0..10_000 {
        let below = tree.join(format!("{}/{}", number / 1_000, number / 50));
        fs::create_dir_all(&below)?;
        match number % 100 {
            0 => fs::write(
                below.join(".mcp.json"),
                "{\"mcpServers\":{\"fs\":{\"command\":\"npx\",\"args\":[\"-y\",\"@modelcontextprotocol/server-filesystem\",\"/\"]}}}",
            )?,
            1 => fs::write(below.join(format!("{number}.json")), "[1, 2, 3]")?,
            _ => fs::write(below.join(format!("{number}.rs")), "fn main() {}\n")?,
        }
    }
    let mut command = Command::new(program);
    command.arg("scan").arg("--path").arg(&tree).args(["--format", "json", "--fail-on", "never"]);
    measure(&mut command, "scan of 10000 files", Duration::from_secs(2))
}

/// The optimised program, and an empty folder.
fn prepared(name: &str) -> Result<(PathBuf, PathBuf)> {
    dist::build()?;
    let folder = shell::root().join("target/bench").join(name);
    let _ = fs::remove_dir_all(&folder); // absent in the first run
    fs::create_dir_all(&folder)?;
    Ok((shell::root().join(dist::FOLDER).join("bailiwick"), folder))
}

/// A trace of `calls` calls of three tools, each with its answer and both decisions.
fn traces(path: &Path, run: &str, calls: u64, seed: u64) -> Result<()> {
    let mut out = BufWriter::new(fs::File::create(path)?);
    writeln!(
        out,
        "{{\"trace\":\"1.0\",\"run\":\"{run}\",\"part\":1,\"server\":\"files\",\"principal\":\"user:bench\",\"roles\":[],\"mode\":\"observe\",\"policy\":\"00\",\"at\":1}}"
    )?;
    let mut line = String::new();
    for number in 0..calls {
        let at = 1_800_000_000_000_000 + number * 1_000;
        let spread = number.wrapping_mul(2_654_435_761).wrapping_add(seed) % 1_000;
        let (tool, arguments) = match number % 3 {
            0 => (
                "read_file",
                format!("{{\"path\":\"/work/app/src/module_{}/file_{spread}.rs\"}}", spread % 20),
            ),
            1 => (
                "search_files",
                format!(
                    "{{\"path\":\"/work/app/src\",\"pattern\":\"word {spread}\",\"limit\":{}}}",
                    spread % 50
                ),
            ),
            _ => (
                "get_file_info",
                format!(
                    "{{\"path\":\"/work/app/docs/page_{}.md\",\"options\":{{\"deep\":true}}}}",
                    spread % 100
                ),
            ),
        };
        let call = number + 1;
        line.clear();
        writeln!(
            line,
            "{{\"at\":{at},\"to\":\"server\",\"message\":{{\"jsonrpc\":\"2.0\",\"id\":{call},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{arguments}}}}}}}"
        )?;
        writeln!(
            line,
            "{{\"at\":{at},\"decision\":{{\"event\":\"decision\",\"call\":{call},\"to\":\"server\",\"method\":\"tools/call\",\"target\":\"{tool}\",\"arguments\":{arguments},\"verdict\":\"allow\",\"effect\":\"forwarded\"}}}}"
        )?;
        writeln!(
            line,
            "{{\"at\":{at},\"to\":\"client\",\"message\":{{\"jsonrpc\":\"2.0\",\"id\":{call},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"what the file holds, some words of it, line {spread} of many\"}}]}}}}}}"
        )?;
        writeln!(
            line,
            "{{\"at\":{at},\"decision\":{{\"event\":\"outcome\",\"call\":{call},\"to\":\"client\",\"method\":\"tools/call\",\"target\":\"{tool}\",\"verdict\":\"allow\",\"effect\":\"forwarded\",\"outcome\":\"succeeded\"}}}}"
        )?;
        out.write_all(line.as_bytes())?;
    }
    out.flush().context("the trace of the benchmark")
}

/// Runs it, tells how long it took, and answers whether the goal was reached.
fn measure(command: &mut Command, what: &str, goal: Duration) -> Result<bool> {
    let folder = shell::root().join("target/bench");
    command.env("XDG_STATE_HOME", folder.join("state")).env("HOME", &folder).current_dir(&folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let status = command.status()?;
        times.push(start.elapsed());
        ensure!(status.success(), "`{what}` failed: {status}");
    }
    times.sort_unstable();
    let (best, median) =
        (times.first().copied().unwrap_or_default(), times.get(ROUNDS / 2).copied().unwrap_or_default());
    let reached = median < goal;
    let word = if reached { "reached" } else { "NOT reached" };
    println!("{what}: {median:.2?} (best {best:.2?}); goal {goal:?}: {word}");
    Ok(reached)
}
