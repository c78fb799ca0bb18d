//! `cargo xtask bench`: what Bailiwick costs, as ratios to a program that only copies bytes.
//!
//! Every candidate stands between the same client and the same server, over pipes, on the same processors, and the
//! rounds are interleaved, so that what else the machine does hits all of them alike. Read the ratios, not the microseconds.

mod http;
mod load;
mod looking_back;
mod policy;
mod process;
mod profile;
mod relay;
mod report;
mod server;
mod sessions;
mod training;

use crate::{dist, shell};
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use load::Session;
use process::Cost;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub(crate) use relay::run as relay;
pub(crate) use server::run as server;
pub(crate) use training::{fingerprint as training, run as train};

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// One client, one server, 1 KB calls: latency, throughput, CPU, memory and start-up of `bailiwick run`
    Stdio(Options),
    /// Many clients, one upstream, 1 KB calls: requests per second, latency, CPU and memory of `bailiwick gateway`
    Http(http::Options),
    /// Where the instructions of a call go, over pipes and over HTTP; needs valgrind
    Profile(profile::Options),
    /// Memory of `bailiwick gateway` with 10,000 idle sessions, and after as many came and went
    Sessions(sessions::Options),
    /// `replay` over a trace of 1,000,000 lines; the goal is 20 s
    Replay,
    /// `infer` from 100,000 recorded calls; the goal is 5 s
    Infer,
    /// `scan` of a tree with 10,000 files; the goal is 2 s
    Scan,
    /// One decision without anything around it, for policies of several sizes
    Decide,
    /// The same decisions by cel, cedar-policy and regorus, in one run; they take minutes to compile
    Peers,
}

#[derive(Args)]
pub(crate) struct Options {
    /// Interleaved rounds; the medians over them are printed
    #[arg(long, default_value_t = 9, value_name = "N")]
    rounds: usize,
    /// Calls one after the other, in each round
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    calls: u64,
    /// Calls with many in flight, in each round
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    pipelined: u64,
    /// Arguments of `bailiwick` before the server's command; `{policy}` and `{audit}` are files
    #[arg(
        long,
        default_value = "run --policy {policy} --server bench --audit {audit}",
        value_name = "ARGUMENTS"
    )]
    flags: String,
    /// Which processors the parties run on; the same for every candidate
    #[arg(long, value_enum, default_value_t = Placement::Apart)]
    place: Placement,
    /// Measure the relay against itself only: what remains is noise
    #[arg(long)]
    noise: bool,
}

/// Where the kernel may run the parties. Left alone, it moves between [`Placement::Apart`] and [`Placement::Together`]
/// as it likes, and a call takes 10 µs in one round and 60 in the next.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Placement {
    /// Client and server on processor 0, what stands between them on 1: each hop wakes a sleeping processor. With many
    /// calls in flight it may use both
    Apart,
    /// All on processor 0: a call costs what the parties compute and the switches between them
    Together,
    /// As the kernel likes
    Free,
}

impl Placement {
    /// Words before a command that keep it where it belongs.
    fn of(self, processor: &str) -> Vec<OsString> {
        match self {
            Self::Apart => ["taskset", "-c", processor].map(OsString::from).into(),
            Self::Together => ["taskset", "-c", "0"].map(OsString::from).into(),
            Self::Free => Vec::new(),
        }
    }

    /// Lets the process that stands between client and server use both processors, with all its threads.
    fn spread(self, id: u32) -> Result<()> {
        if self == Self::Apart {
            let mut taskset = Command::new("taskset");
            taskset.args(["-a", "-c", "-p", "0,1", &id.to_string()]).stdout(Stdio::null());
            ensure!(taskset.status()?.success(), "taskset failed");
        }
        Ok(())
    }
}

/// Measures, prints, and answers whether every goal was reached.
pub(crate) fn run(bench: &Bench) -> Result<bool> {
    match bench {
        Bench::Stdio(options) => stdio(options),
        Bench::Http(options) => http::run(options),
        Bench::Sessions(options) => sessions::run(options),
        Bench::Profile(options) => profile::run(options),
        Bench::Replay => looking_back::replay(),
        Bench::Infer => looking_back::infer(),
        Bench::Scan => looking_back::scan(),
        Bench::Peers => peers(),
        Bench::Decide => {
            let mut cargo = shell::cargo();
            cargo.args(["run", "--release", "-p", "bailiwick-policy", "--example", "decide"]);
            Ok(shell::teed(&mut cargo, |_| ())?.success())
        }
    }
}

/// A workspace of its own, so that nothing else compiles the peers.
fn peers() -> Result<bool> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--release", "--locked", "--manifest-path", "bench/peers/Cargo.toml", "--target-dir"]);
    cargo.arg(shell::root().join("target/peers"));
    Ok(shell::teed(&mut cargo, |_| ())?.success())
}

fn stdio(options: &Options) -> Result<bool> {
    let built = shell::root().join(dist::FOLDER);
    // The client has to be optimised too, or it is the client that is measured.
    let optimised = built.join("xtask");
    if std::env::current_exe()? != optimised {
        println!("building: cargo build --profile dist -p xtask");
        shell::logged(shell::cargo().args(["build", "--profile", "dist", "-p", "xtask"]), "bench-build")?;
        if !options.noise {
            dist::build()?;
        }
        let line = [options.place.of("0"), vec![optimised.into()]].concat();
        return Ok(command_of(&line).args(std::env::args_os().skip(1)).status()?.success());
    }
    let folder = shell::root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let standard = shell::root().join("crates/policy/policies/standard.yaml");
    let standard = fs::read_to_string(standard).context("the bundled policy is the load's policy")?;
    fs::write(folder.join("standard.yaml"), policy::unlimited(&standard))?;
    fs::write(folder.join("policy-100.yaml"), policy::rules(100))?;
    let place = Place { xtask: built.join("xtask"), bailiwick: built.join("bailiwick"), folder };

    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "load of the machine before: {} (above 0.5, the ratios blur)",
        load.split(' ').next().unwrap_or_default()
    );
    let candidates = candidates(options);
    let mut results: Vec<Vec<Sample>> = candidates.iter().map(|_| Vec::new()).collect();
    for round in 0..options.rounds.max(1) {
        println!("round {} of {}", round + 1, options.rounds.max(1));
        let mut order: Vec<(&Candidate, &mut Vec<Sample>)> = candidates.iter().zip(&mut results).collect();
        // There and back, so that no candidate always runs after the same one.
        if round % 2 == 1 {
            order.reverse();
        }
        for (candidate, samples) in order {
            let sample = measure(candidate, &place, options)
                .with_context(|| format!("measuring `{}`", candidate.name))?;
            samples.push(sample);
        }
    }
    let rows: Vec<(&Candidate, Vec<Sample>)> = candidates.iter().zip(results).collect();
    Ok(report::print(&rows, options.place))
}

/// Something between client and server.
struct Candidate {
    name: &'static str,
    route: Route,
    /// Share of the calls that it has to do: what waits for a disk gets fewer.
    share: f64,
}

enum Route {
    /// Nothing: the server itself.
    Bare,
    Relay,
    /// `bailiwick` with these arguments.
    Bailiwick(String),
}

/// What one round says about one candidate.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// From the start of the process to the answer of `initialize`.
    ready: Duration,
    p50: Duration,
    p99: Duration,
    calls_per_second: f64,
    /// Of everything between client and server, per pipelined call.
    cpu_per_call: Duration,
    cost: Cost,
}

/// Where the programs and files of the benchmark are.
struct Place {
    xtask: PathBuf,
    bailiwick: PathBuf,
    folder: PathBuf,
}

fn candidates(options: &Options) -> Vec<Candidate> {
    let relay = |name| Candidate { name, route: Route::Relay, share: 1.0 };
    let mut all = vec![
        Candidate { name: report::BARE, route: Route::Bare, share: 1.0 },
        relay(report::RELAY),
        relay(report::AGAIN),
    ];
    if !options.noise {
        let ours = |name, flags: String, share| Candidate { name, route: Route::Bailiwick(flags), share };
        let standard = options.flags.replace("{policy}", "{folder}/standard.yaml");
        let rules = options.flags.replace("{policy}", "{folder}/policy-100.yaml");
        all.push(ours(report::OURS, standard.clone(), 1.0));
        // As `bailiwick record` writes it before a server.
        let recorded = "run --server bench --mode observe --trace {folder}/run/traces --audit {audit}";
        all.push(ours(report::RECORDED, recorded.to_owned(), 1.0));
        all.push(ours(report::RULES, rules, 1.0));
        all.push(ours(report::STRICT, format!("{standard} --audit-durability strict"), 0.05));
    }
    all
}

fn measure(candidate: &Candidate, place: &Place, options: &Options) -> Result<Sample> {
    let scaled = |calls: u64| ((calls as f64 * candidate.share) as u64).max(200);
    let fresh = place.folder.join("run");
    let _ = fs::remove_dir_all(&fresh); // absent in the first run
    fs::create_dir_all(&fresh)?;
    let mut command = command(candidate, place, &fresh.join("audit.jsonl"), options.place);
    let mut session = Session::open(&mut command, &place.folder.join("stderr.log"))?;
    session.ping_pong(scaled(options.calls) / 10)?;
    let mut times = session.ping_pong(scaled(options.calls))?;
    times.sort_unstable();

    if !matches!(candidate.route, Route::Bare) {
        options.place.spread(session.id())?;
    }
    let calls = scaled(options.pipelined);
    session.pipelined(calls / 10)?;
    let before = Cost::of(session.id());
    let took = session.pipelined(calls)?;
    let cost = Cost::of(session.id());
    let ready = session.ready();
    session.close()?;
    Ok(Sample {
        ready,
        p50: at(&times, 50),
        p99: at(&times, 99),
        calls_per_second: calls as f64 / took.as_secs_f64(),
        cpu_per_call: cost.cpu.saturating_sub(before.cpu).div_f64(calls as f64),
        cost,
    })
}

fn command(candidate: &Candidate, place: &Place, audit: &Path, placement: Placement) -> Command {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let server = [placement.of("0"), vec![place.xtask.clone().into(), SERVER.into()]].concat();
    let between = match &candidate.route {
        Route::Bare => Vec::new(),
        Route::Relay => vec![place.xtask.clone().into(), RELAY.into(), "--".into()],
        Route::Bailiwick(flags) => {
            let (audit, folder) = (audit.display().to_string(), place.folder.display().to_string());
            let flags = flags.replace("{audit}", &audit).replace("{folder}", &folder);
            let flags: Vec<&str> = flags.split_whitespace().chain(["--"]).collect();
            [vec![place.bailiwick.clone().into()], words(&flags)].concat()
        }
    };
    let line = if between.is_empty() { server } else { [placement.of("1"), between, server].concat() };
    let mut command = command_of(&line);
    // Keys and state of the benchmark stay in its folder.
    command
        .env("XDG_STATE_HOME", place.folder.join("state"))
        .env("XDG_CONFIG_HOME", place.folder.join("config"));
    command.current_dir(&place.folder);
    command
}

fn command_of(line: &[OsString]) -> Command {
    let (program, arguments) =
        line.split_first().map_or((OsStr::new(""), &[][..]), |(first, rest)| (first, rest));
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// The time that `percent` of the sorted `times` do not exceed.
fn at(times: &[Duration], percent: usize) -> Duration {
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).copied().unwrap_or_default()
}

/// Names of the hidden subcommands.
const SERVER: &str = "bench-server";
const RELAY: &str = "bench-relay";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_measured_time() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_micros).collect();
        assert_eq!(at(&times, 50), Duration::from_micros(51));
        assert_eq!(at(&times, 99), Duration::from_micros(100));
        assert_eq!(at(&[], 50), Duration::ZERO);
    }
}
