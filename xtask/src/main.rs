//! Chores of this repository: `cargo xtask test | conformance | tidy | deny | fuzz | screens | bench`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]

mod bench;
mod conformance;
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
    /// Take pictures of a sample report, on screens and in print, for a person to look at
    Screens,
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
    BenchServer,
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().chore {
        Chore::Test(options) => test::run(&options),
        Chore::Conformance => conformance::run(),
        Chore::Tidy => tidy::run(),
        Chore::Deny => tools::deny::run(),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Screens => screens::run(),
        Chore::Bench(bench) => bench::run(&bench),
        Chore::BenchRelay { server } => bench::relay(&server),
        Chore::BenchServer => bench::server(),
    };
    exit_code(ended)
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
