//! `cargo xtask test`: installs what the tests need, runs all of them, and prints the totals.

mod totals;

use crate::fuzz;
use crate::shell::{self, Progress};
use crate::tools;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::process::Command;
use std::time::Duration;
pub(crate) use totals::Totals;

#[derive(Args)]
pub(crate) struct Options {
    /// Run one part only; the others are named as not run
    #[arg(long)]
    only: Option<Part>,
    /// Seconds of fuzzing for each target of the wire (parser, framer, view of a message); all others share as many
    #[arg(long, default_value_t = 60, value_name = "N")]
    fuzz_seconds: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Unit, integration and documentation tests of all crates but the binary's end-to-end tests
    Unit,
    /// The end-to-end tests of the binary, with real servers and clients
    E2e,
    /// A short run of every fuzz target
    Fuzz,
}

/// Runs the chosen parts; true when everything ran and passed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let chosen = |part| options.only.is_none_or(|only| only == part);
    let (unit, e2e, fuzz) = (chosen(Part::Unit), chosen(Part::E2e), chosen(Part::Fuzz));
    let steps = (if e2e { tools::STEPS + 1 } else { 0 }) + usize::from(unit || e2e) + usize::from(fuzz);
    let mut progress = Progress::new(steps);
    let mut totals = Totals::default();

    if e2e {
        prepare(&mut progress, &mut totals);
    }
    match (unit, e2e) {
        (true, true) => tests(&mut progress, &mut totals, "all tests", &[&["--workspace"]]),
        (true, false) => tests(&mut progress, &mut totals, "tests but end to end", &unit_selections()),
        (false, true) => {
            tests(&mut progress, &mut totals, "end-to-end tests", &[&["-p", "bailiwick", "--test", "*"]])
        }
        (false, false) => {}
    }
    if fuzz {
        let time = Duration::from_secs(options.fuzz_seconds);
        let smoke = progress.step("fuzz targets", || fuzz::smoke(time, &mut totals));
        totals.must("fuzz targets", smoke);
    }
    let all = [(unit, "unit tests"), (e2e, "end-to-end tests"), (fuzz, "fuzz targets")];
    for (_, part) in all.iter().filter(|(ran, _)| !ran) {
        println!("not run: {part} (`--only` chose another part)");
    }
    Ok(totals.report())
}

/// What end-to-end tests stand on. A failure here is counted, and the tests still run: they name what they miss.
fn prepare(progress: &mut Progress, totals: &mut Totals) {
    let installed = tools::install(progress);
    totals.must("installing the peers", installed);
    let built = progress.step("cargo build --release -p bailiwick", || {
        shell::logged(shell::cargo().args(["build", "--release", "-p", "bailiwick"]), "build-release")
    });
    totals.must("building the binary", built);
}

fn tests(progress: &mut Progress, totals: &mut Totals, what: &str, selections: &[&[&str]]) {
    let ran = progress.step(what, || {
        for selection in selections {
            let mut cargo = shell::cargo();
            with_tools(cargo.args(["test", "--no-fail-fast"]).args(*selection));
            let before = totals.failed();
            let status = shell::teed(&mut cargo, |line| totals.read(line))?;
            if !status.success() && totals.failed() == before {
                totals.fail(&format!("{} ended with {status}", shell::shown(&cargo)));
            }
        }
        Ok(())
    });
    totals.must(what, ran);
}

/// The two facts that end-to-end tests get from us; without them they fail and name this command.
fn with_tools(command: &mut Command) {
    command.env("BAILIWICK_TEST_TOOLS", shell::tools());
    command.env("BAILIWICK_BIN", shell::root().join("target/release/bailiwick"));
}

/// Everything but the end-to-end tests, which are the integration tests of the binary's crate.
fn unit_selections() -> Vec<&'static [&'static str]> {
    let mut selections: Vec<&[&str]> =
        vec![&["--workspace", "--exclude", "bailiwick"], &["-p", "bailiwick", "--bins"]];
    if shell::root().join("crates/bailiwick/src/lib.rs").exists() {
        selections.extend([&["-p", "bailiwick", "--lib"] as &[&str], &["-p", "bailiwick", "--doc"]]);
    }
    selections
}
