//! Chores of this repository: `cargo xtask test | conformance | tidy | deny | fuzz | peer-cases | screens | dist | bench`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]

mod bench;
mod conformance;
mod dist;
mod fuzz;
mod screens;
mod shell;
mod test;
mod tidy;
mod tools;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of this repository")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need, run every test, print the totals
    Test(test::Options),
    /// Run the official conformance suite directly and through the gateway, and write what came out
    Conformance,
    /// Check the mechanical laws: crate arrows, pure crates, file shape, links, commands in the docs
    Tidy,
    /// Check the licences, sources and duplicates of all dependencies with cargo-deny
    Deny,
    /// Fuzz one target, or each in turn; a crash is saved and printed with how to reproduce it
    Fuzz(fuzz::Options),
    /// Decide recorded cases of other products by their policies as `policy import` reads them
    PeerCases {
        /// JSON lines: a policy, a request or calls, and what was decided
        #[arg(required = true, value_name = "FILE")]
        files: Vec<std::path::PathBuf>,
    },
    /// Take pictures of a sample report, on screens and in print, for a person to look at
    Screens,
    /// Build the program as it is shipped, for the paths that calls take: target/dist/bailiwick
    Dist,
    /// Measure what Bailiwick costs against a relay that only copies bytes
    #[command(subcommand)]
    Bench(bench::Bench),
    /// The relay of the benchmark
    #[command(hide = true)]
    BenchRelay {
        #[arg(trailing_var_arg = true)]
        server: Vec<String>,
    },
    /// The server of the benchmark
    #[command(hide = true)]
    BenchServer {
        #[arg(long)]
        varied: bool,
    },
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().chore {
        Chore::Test(options) => test::run(&options),
        Chore::Conformance => conformance::run(),
        Chore::Tidy => tidy::run(),
        Chore::Deny => tools::deny::run(),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::PeerCases { files } => peer_cases(&files),
        Chore::Screens => screens::run(),
        Chore::Bench(bench) => bench::run(&bench),
        Chore::BenchRelay { server } => bench::relay(&server),
        Chore::BenchServer { varied } => bench::server(varied),
        Chore::Dist => dist::run(),
    };
    exit_code(ended)
}

/// An example, because it needs the engine, of which the chores know nothing.
fn peer_cases(files: &[std::path::PathBuf]) -> Result<bool> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "-p", "bailiwick", "--example", "peer_cases", "--"]).args(files);
    Ok(shell::teed(&mut cargo, |_| ())?.success())
}

/// `Ok(false)` is a chore that did its work and found something wrong; it has said what.
fn exit_code(ended: Result<bool>) -> ExitCode {
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
