//! `bench sessions`: what legacy sessions cost in memory, and whether it comes back.

use super::http::parties::{Parties, Party};
use super::process::Cost;
use super::report::{Goal, print_goals};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Options {
    /// Sessions at once
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sessions: u32,
    /// Measure the programs that were built before, and say so with the numbers
    #[arg(long)]
    built: bool,
}

/// How often sessions are opened and deleted, or left.
const CYCLES: usize = 4;
/// After this, sessions that were left are over, in the second half.
const IDLE: Duration = Duration::from_secs(2);

pub(super) fn run(options: &Options) -> Result<bool> {
    let parties = Parties::build(options.built, false)?;
    let upstream = parties.upstream()?;
    let gateway = parties.gateway(&upstream, "--max-sessions 20000")?;
    let mut client = Client::start(&parties, &gateway, options.sessions)?;
    let empty = resident(&gateway);
    client.obey("open")?;
    let full = resident(&gateway);
    let each = (full - empty) * 1024.0 / f64::from(options.sessions);
    println!(
        "{} idle sessions: {empty:.1} MiB before, {full:.1} MiB with them, {each:.1} KiB each",
        options.sessions
    );
    let mut goals = vec![Goal {
        what: format!("resident with {} idle sessions, MiB", options.sessions),
        at_least: false,
        bound: 100.0 * f64::from(options.sessions) / 10_000.0,
        measured: full,
    }];
    drop(client);

    let deleted = churned(&parties, &upstream, options, ("churn", "deleted", ""))?;
    let flags = format!("--session-idle {}", IDLE.as_secs());
    let left =
        churned(&parties, &upstream, options, ("open", "left until they are idle for too long", &flags))?;
    goals.extend([deleted, left]);
    Ok(print_goals(&goals))
}

/// Opens sessions and gets rid of them, again and again: the memory after the last time against that before any, or after the
/// first time where that is more, since what is made once for all of them stays.
fn churned(
    parties: &Parties,
    upstream: &Party,
    options: &Options,
    (word, how, flags): (&str, &str, &str),
) -> Result<Goal> {
    let gateway = parties.gateway(upstream, flags)?;
    let mut client = Client::start(parties, &gateway, options.sessions)?;
    let mut after = vec![resident(&gateway)];
    for _ in 0..CYCLES {
        client.obey(word)?;
        if !flags.is_empty() {
            // Idle ones are looked for once in a quarter of that time.
            thread::sleep(IDLE * 2);
        }
        after.push(resident(&gateway));
    }
    let shown: Vec<String> = after.iter().map(|mebibytes| format!("{mebibytes:.1}")).collect();
    println!("{} sessions opened and {how}, {CYCLES} times: {} MiB", options.sessions, shown.join(", "));
    let (before, first) = after.first().zip(after.get(1)).context("no cycle")?;
    let last = after.last().context("no cycle")?;
    Ok(Goal {
        what: format!(
            "memory after {CYCLES} × {} sessions {how}, × before or after the first",
            options.sessions
        ),
        at_least: false,
        bound: 1.1,
        measured: last / before.max(*first),
    })
}

fn resident(party: &Party) -> f64 {
    Cost::of(party.id()).resident_kib as f64 / 1024.0
}

/// The process that opens sessions.
struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(parties: &Parties, gateway: &Party, sessions: u32) -> Result<Self> {
        let mut command = Command::new(&parties.tool);
        command.args(["sessions", &gateway.address, &sessions.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("no pipe in")?;
        let output = BufReader::new(child.stdout.take().context("no pipe out")?);
        Ok(Self { child, input, output })
    }

    fn obey(&mut self, word: &str) -> Result<()> {
        self.input.write_all(format!("{word}\n").as_bytes())?;
        let mut said = String::new();
        self.output.read_line(&mut said)?;
        ensure!(said == "done\n", "the client of `{word}` ended early, see above");
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill(); // gone already
        let _ = self.child.wait();
    }
}
