//! `bench profile`: where the instructions of a call go, by callgrind, for `run` over pipes and `gateway` over HTTP.
//!
//! Counts do not depend on what else the machine does. They are of instructions, not of time: what the kernel does is not
//! in them, and SHA-256 is counted as if the processor had no instructions for it.

use super::SERVER;
use super::http::parties::Parties;
use super::load::Session;
use crate::shell;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

#[derive(Args)]
pub(crate) struct Options {
    /// Profile the program that was built before (with debug information, or functions have no names)
    #[arg(long)]
    built: bool,
}

/// Calls that are counted.
const CALLS: u64 = 1_000;
/// What is told apart: words, and what the function's name holds. Of several that match, the costliest counts.
const STAGES: [(&str, &str); 14] = [
    ("all", "PROGRAM TOTALS"),
    ("strict parsing", "bailiwick_mcp::message::Packet::parse"),
    ("the rules, over pipes before the engine is locked", "Policy>::evaluate_beside"),
    ("the engine, guards included", "bailiwick_engine::engine::Engine::receive"),
    ("· guards of arguments", "Engine>::inspect_arguments"),
    ("· guards of messages and answers", "Engine>::inspect_message"),
    ("· · is there anything at all", "Scanner::is_clear"),
    ("· · secrets under their names", "Scanner::each_named_secret"),
    ("the audit log", "bailiwick_record::audit::shared::Shared::take_in"),
    ("· its hashes", "bailiwick_record::audit::chain::seal"),
    ("hyper, towards the server", "hyper::client::conn::http1"),
    ("the request to the server, with all below it", "bailiwick_gateway::http::upstream::Link::send"),
    ("the gateway, with all below it", "bailiwick_gateway::http::endpoint::serve"),
    ("the relay, with all below it", "bailiwick_gateway::relay::reader::Reader::take"),
];

pub(super) fn run(options: &Options) -> Result<bool> {
    let folder = shell::root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let mut parties = Parties::build(options.built, true)?;
    for (name, over) in [("stdio", Over::Stdio), ("HTTP", Over::Http)] {
        let out = folder.join(format!("callgrind-{}.out", name.to_lowercase()));
        for stale in fs::read_dir(&folder)?.flatten() {
            if stale.file_name().to_string_lossy().starts_with("callgrind-") {
                fs::remove_file(stale.path())?;
            }
        }
        let wrapper = ["valgrind", "--tool=callgrind", "--instr-atstart=no"].map(str::to_owned);
        let mut wrapper = wrapper.to_vec();
        wrapper.push(format!("--callgrind-out-file={}", out.display()));
        let calls = match over {
            Over::Stdio => stdio(&parties, &wrapper)?,
            Over::Http => http(&mut parties, wrapper)?,
        };
        print(name, calls, &dumped(&out)?)?;
    }
    Ok(true)
}

#[derive(Clone, Copy)]
enum Over {
    Stdio,
    Http,
}

fn stdio(parties: &Parties, wrapper: &[String]) -> Result<u64> {
    let audit = parties.fresh("run-profile")?.join("audit.jsonl");
    let (program, arguments) = wrapper.split_first().context("a wrapper")?;
    let mut command = Command::new(program);
    command.args(arguments).arg(&parties.bailiwick).args(["run", "--server", "bench", "--policy"]);
    command
        .arg(parties.policy())
        .arg("--audit")
        .arg(audit)
        .arg("--")
        .arg(std::env::current_exe()?)
        .arg(SERVER);
    parties.settle(&mut command);
    let mut session = Session::open(&mut command, &parties.folder.join("stderr.log"))?;
    session.ping_pong(CALLS / 5)?;
    control(session.id(), &["-i", "on"])?;
    session.ping_pong(CALLS)?;
    control(session.id(), &["-i", "off"])?;
    control(session.id(), &["-d"])?;
    session.close()?;
    Ok(CALLS)
}

fn http(parties: &mut Parties, wrapper: Vec<String>) -> Result<u64> {
    let upstream = parties.upstream()?;
    parties.wrapper = wrapper;
    let gateway = parties.gateway(&upstream, "--threads 1")?;
    let calls = CALLS.to_string();
    let load = |calls: &str| {
        let words = ["calls", &gateway.address, calls];
        shell::output(&parties.tool, &words).context("the load ended with an error, see above")
    };
    load(&calls)?;
    control(gateway.id(), &["-i", "on"])?;
    load(&calls)?;
    control(gateway.id(), &["-i", "off"])?;
    control(gateway.id(), &["-d"])?;
    Ok(CALLS)
}

fn control(id: u32, words: &[&str]) -> Result<()> {
    let mut command = Command::new("callgrind_control");
    command.args(words).arg(id.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().context("`callgrind_control` comes with valgrind")?;
    ensure!(status.success(), "callgrind_control ended with {status}");
    Ok(())
}

/// What callgrind says of the newest dump beside `out`, functions with all that they call.
fn dumped(out: &Path) -> Result<String> {
    let dump = std::path::PathBuf::from(format!("{}.1", out.display()));
    let dump = dump.display().to_string();
    let words = ["--inclusive=yes", "--auto=no", "--threshold=100", &dump];
    shell::output("callgrind_annotate", &words).context("callgrind_annotate failed")
}

fn print(name: &str, calls: u64, text: &str) -> Result<()> {
    let cost = |part: &str| {
        let lines = text.lines().filter(|line| line.contains(part) && !line.starts_with("Profiled"));
        let counts = lines.filter_map(|line| {
            line.split_whitespace().next().and_then(|count| count.replace(',', "").parse::<u64>().ok())
        });
        counts.max()
    };
    let (_, all) = STAGES.first().context("the first stage is all")?;
    let all = cost(all).context("callgrind counted nothing")?;
    println!(
        "\n{name}, instructions per call of 1 KB, {calls} calls\n\n| | instructions | share |\n|---|---|---|"
    );
    for (words, part) in STAGES {
        if let Some(cost) = cost(part) {
            println!("| {words} | {} | {:.0} % |", cost / calls, cost as f64 * 100.0 / all as f64);
        }
    }
    Ok(())
}
