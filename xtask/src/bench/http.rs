//! `bench http`: what the gateway costs between clients and an upstream, beside no-op proxies on hyper and nothing at all.

pub(super) mod parties;
mod table;

use super::process::Cost;
use crate::shell::{self, Progress};
use crate::tools;
use anyhow::{Context, Result, ensure};
use clap::Args;
use parties::{Parties, Party};
use std::fs;
use std::time::Duration;
use table::Row;

#[derive(Args)]
pub(crate) struct Options {
    /// Interleaved rounds; the medians over them are printed
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
    /// How long one candidate is loaded at one concurrency, in each round
    #[arg(long, default_value_t = 2_000, value_name = "MILLISECONDS")]
    time: u64,
    /// Clients at once, each with a connection and a session of its own
    #[arg(long, default_value = "1,16,64,256", value_delimiter = ',', value_name = "N,N")]
    concurrency: Vec<usize>,
    /// More arguments of `bailiwick gateway`
    #[arg(long, default_value = "", value_name = "ARGUMENTS", allow_hyphen_values = true)]
    flags: String,
    /// Other gateways from npm, PyPI and crates.io, too: pinned in tests/bench-peers and bench/gateways, and installed first
    #[arg(long)]
    peers: bool,
    /// Measure the programs that were built before, and say so with the numbers
    #[arg(long)]
    built: bool,
}

/// What stands between the clients and the upstream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Between {
    Nothing,
    /// The baseline: hyper on one runtime, whose threads take work from each other.
    Shared,
    /// Hyper on a runtime for each core.
    PerCore,
    Gateway,
    /// `mcp-proxy` of npm.
    Npm,
    /// `fastmcp` of PyPI.
    Pypi,
    /// `mcp-proxy` of crates.io, another program than npm's.
    CratesIo,
}

impl Between {
    const ALL: [Self; 7] =
        [Self::Nothing, Self::Shared, Self::PerCore, Self::Gateway, Self::Npm, Self::Pypi, Self::CratesIo];

    /// Another's gateway, which prints messages anew.
    pub(super) fn is_peer(self) -> bool {
        matches!(self, Self::Npm | Self::Pypi | Self::CratesIo)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Shared => "no-op hyper proxy (the baseline)",
            Self::PerCore => "no-op hyper proxy, a runtime per core",
            Self::Gateway => "bailiwick gateway, standard¹, pins, batched audit",
            Self::Npm => "mcp-proxy (npm), looks at nothing",
            Self::Pypi => "fastmcp (PyPI), looks at nothing",
            Self::CratesIo => "mcp-proxy (crates.io), looks at nothing",
        }
    }

    /// The tool of the load, as it is called there.
    fn tool(self) -> &'static str {
        match self {
            Self::CratesIo => "bench/echo",
            _ => "echo",
        }
    }
}

/// What one round says about one candidate at one concurrency.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    calls_per_second: f64,
    p50: Duration,
    p99: Duration,
    cpu_per_call: Duration,
    peak_kib: u64,
}

pub(super) fn run(options: &Options) -> Result<bool> {
    if options.peers {
        tools::bench_peers(&mut Progress::new(tools::BENCH_PEERS_STEPS))?;
    }
    let parties = Parties::build(options.built, false)?;
    let all: Vec<Between> =
        Between::ALL.into_iter().filter(|between| options.peers || !between.is_peer()).collect();
    let mut rows: Vec<Row> = Vec::new();
    for &concurrency in &options.concurrency {
        ensure!((1..=1_000).contains(&concurrency), "between 1 and 1000 clients");
        let row = |between| Row { between, concurrency, samples: Vec::new() };
        rows.extend(all.iter().copied().map(row));
    }
    let upstream = parties.upstream()?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "load of the machine before: {} (above 0.5, the ratios blur)",
        load.split(' ').next().unwrap_or_default()
    );
    for round in 0..options.rounds.max(1) {
        println!("round {} of {}", round + 1, options.rounds.max(1));
        let mut running = Vec::new();
        for &between in &all {
            running.push((between, parties.start(between, &upstream, &options.flags)?));
        }
        let mut order: Vec<&mut Row> = rows.iter_mut().collect();
        // There and back, so that no candidate always runs after the same one.
        if round % 2 == 1 {
            order.reverse();
        }
        for row in order {
            let party = running.iter().find(|(between, _)| *between == row.between);
            let (_, party) = party.context("not started")?;
            let party = party.as_ref().unwrap_or(&upstream);
            match measure(&parties, (row.between, party), row.concurrency, options) {
                Ok(sample) => row.samples.push(sample),
                // What another's gateway cannot do in the time stands in its row.
                Err(_) if row.between.is_peer() => {}
                Err(error) => {
                    return Err(error.context(format!("`{}` at {}", row.between.name(), row.concurrency)));
                }
            }
        }
    }
    Ok(table::print(&rows))
}

fn measure(
    parties: &Parties,
    (between, party): (Between, &Party),
    concurrency: usize,
    options: &Options,
) -> Result<Sample> {
    let before = Cost::of(party.id());
    let how = if between.is_peer() { "loosely" } else { "exactly" };
    let words =
        ["load", &party.address, &concurrency.to_string(), &options.time.to_string(), how, between.tool()];
    let said = shell::output(&parties.tool, &words).context("the load ended with an error, see above")?;
    let after = Cost::of(party.id());
    let numbers: Vec<f64> = said.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [calls, seconds, p50, p99] = numbers.as_slice() else { anyhow::bail!("`{said}`") };
    let micros = |micros: &f64| Duration::from_secs_f64(micros / 1e6);
    // The load warms up for a quarter of the time before the clock starts, at the same pace.
    let calls_in_all = calls * 1.25;
    Ok(Sample {
        calls_per_second: calls / seconds,
        p50: micros(p50),
        p99: micros(p99),
        cpu_per_call: after.cpu.saturating_sub(before.cpu).div_f64(calls_in_all.max(1.0)),
        peak_kib: after.peak_kib,
    })
}
