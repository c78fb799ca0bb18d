//! `cargo xtask fuzz`: libFuzzer on the stable toolchain. A target is one file in `fuzz/src/bin/` and a folder of seeds.

use crate::shell;
use crate::test::Totals;
use crate::tools::debian;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Options {
    /// Name of a file in fuzz/src/bin; all of them in turn when absent
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u64,
    /// Run this one input, as saved by a crash, instead of fuzzing
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
}

/// Fuzzes by hand; true when no target crashed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let names = match &options.target {
        Some(name) => vec![known(name)?],
        None => targets()?,
    };
    build()?;
    if let (Some(input), Some(name)) = (&options.input, names.first()) {
        return Ok(shell::teed(Command::new(binary(name)?).arg(input), |_| ())?.success());
    }
    let mut clean = true;
    for name in &names {
        if let Err(error) = fuzz(name, Duration::from_secs(options.seconds), None) {
            println!("{error:#}");
            clean = false;
        }
    }
    Ok(clean)
}

/// What stands between any peer's bytes and everything else: the parser, the framer, the view of a message.
const WIRE: [&str; 3] = ["document", "lines", "message"];

/// The short run inside the tests: each target of the wire has the time, all others share as much again. Each counts as one test.
///
/// It begins from the seeds of the repository and one number: two runs of one build differ only in how far they come. A run
/// by hand draws other inputs each time, and goes on from what earlier ones found.
pub(crate) fn smoke(time: Duration, totals: &mut Totals) -> Result<()> {
    let names = targets()?;
    build()?;
    let is_wire = |name: &String| WIRE.contains(&name.as_str());
    if names.iter().filter(|name| is_wire(name)).count() != WIRE.len() {
        bail!("fuzz/src/bin lacks one of {}", WIRE.join(", "));
    }
    let others = u32::try_from(names.len() - WIRE.len())?.max(1);
    for name in &names {
        let sharing = if is_wire(name) { 1 } else { others };
        match fuzz(name, time / sharing, Some(1)) {
            Ok(()) => totals.pass(),
            Err(error) => totals.fail(&format!("fuzz target {name}: {error:#}")),
        }
    }
    Ok(())
}

/// Every file of `fuzz/src/bin` is a target; cargo finds them the same way.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(shell::root().join("fuzz/src/bin")).context("fuzz/src/bin holds the targets")? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    if names.is_empty() {
        bail!("fuzz/src/bin holds no target");
    }
    Ok(names)
}

fn known(name: &str) -> Result<String> {
    let names = targets()?;
    if !names.iter().any(|known| known == name) {
        bail!("no fuzz target `{name}`; there are {}", names.join(", "));
    }
    Ok(name.to_owned())
}

/// Builds all targets with coverage counters. `--target` keeps the flags away from build scripts, which would not link.
fn build() -> Result<()> {
    if shell::output("c++", &["--version"]).is_none() {
        debian::packages(&["g++"], "libFuzzer is C++ and no compiler is there")?;
    }
    lock()?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &triple()?]);
    cargo.arg("--target-dir").arg(folder()).env("RUSTFLAGS", COVERAGE);
    shell::logged(&mut cargo, "fuzz-build")
}

/// Gives the targets the product's lock file, to which cargo adds libFuzzer: what is fuzzed is what is shipped.
pub(crate) fn lock() -> Result<()> {
    let read =
        |path: &str| fs::read_to_string(shell::root().join(path)).with_context(|| format!("no {path}"));
    let product = read("Cargo.lock")?;
    let recipe = format!("{product}{}", read("fuzz/Cargo.toml")?);
    let stamp = folder().join("lock-made-from");
    let lock = shell::root().join("fuzz/Cargo.lock");
    if !lock.exists() || fs::read_to_string(&stamp).ok() != Some(recipe.clone()) {
        fs::create_dir_all(folder())?;
        fs::write(lock, product)?;
        fs::write(stamp, recipe)?;
    }
    Ok(())
}

/// `seed`: where the fuzzer's choices begin; without one, each run chooses anew.
fn fuzz(name: &str, time: Duration, seed: Option<u32>) -> Result<()> {
    let seeds = shell::root().join("fuzz/corpus").join(name);
    if fs::read_dir(&seeds).map_or(0, Iterator::count) == 0 {
        bail!("{} holds no seeds", seeds.display());
    }
    let found = folder().join(if seed.is_some() { "smoke" } else { "corpus" }).join(name);
    if seed.is_some() && found.exists() {
        fs::remove_dir_all(&found)?;
    }
    let crashes = folder().join("crashes").join(name);
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&crashes)?;
    let log = folder().join(format!("{name}.log"));
    let mut command = Command::new(binary(name)?);
    command.arg(format!("-max_total_time={}", time.as_secs().max(1)));
    command.arg(format!("-artifact_prefix={}/", crashes.display()));
    // The panic message matters, not the fuzzer's own frames.
    command.env("RUST_BACKTRACE", "0");
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1"]);
    command.args(seed.map(|seed| format!("-seed={seed}")));
    command.arg(&found).arg(&seeds);
    println!("      $ {}", shell::shown(&command));
    let out = command.stderr(fs::File::create(&log)?).output()?;
    let text = fs::read_to_string(&log)?;
    if !out.status.success() {
        bail!("{}", crash(name, &text));
    }
    let (executed, counters) = (executed(&text), counters(&text));
    if executed == 0 || counters == 0 {
        bail!("{executed} inputs over {counters} counters is no fuzzing; see {}", log.display());
    }
    println!("      {name}: {executed} inputs in {} s, {counters} counters, no crash", time.as_secs());
    Ok(())
}

/// The end of libFuzzer's log and the command that shows the crash again.
fn crash(name: &str, log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n");
    let saved = log.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path);
    match saved {
        Some(path) => format!(
            "fuzz target {name} crashed\n{tail}\nreproduce: cargo xtask fuzz {name} --input {path}\n\
             once it is fixed, keep the input as a seed: mv {path} fuzz/corpus/{name}/"
        ),
        None => format!("fuzz target {name} failed\n{tail}"),
    }
}

fn executed(log: &str) -> u64 {
    let line = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// How many edges are watched; none means that the build was not instrumented.
fn counters(log: &str) -> u64 {
    let line = log.lines().find(|line| line.contains("inline 8-bit counters"));
    let count = line.and_then(|line| line.split_once('(')).and_then(|(_, rest)| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn folder() -> PathBuf {
    shell::root().join("target/fuzz")
}

fn binary(name: &str) -> Result<PathBuf> {
    Ok(folder().join(triple()?).join("release").join(name))
}

fn triple() -> Result<String> {
    let version = shell::output("rustc", &["-vV"]).context("`rustc -vV` failed")?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    Ok(host.to_owned())
}

/// What cargo-fuzz passes too; the passes are in the stable compiler, only the sanitizers need nightly.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing";
const TAIL: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_told_with_the_command_that_shows_it_again() {
        let told = crash(
            "lines",
            "thread panicked\nartifact_prefix='x/'; Test unit written to x/crash-12\nBase64: AA==",
        );
        assert!(told.contains("thread panicked"));
        assert!(told.contains("cargo xtask fuzz lines --input x/crash-12"));
    }

    #[test]
    fn a_log_without_counters_or_runs_is_no_fuzzing() {
        assert_eq!((executed("nothing"), counters("nothing")), (0, 0));
        let log = "INFO: Loaded 1 modules   (4711 inline 8-bit counters): 4711 [0x1, 0x2),\n\
                   stat::number_of_executed_units: 1234";
        assert_eq!((executed(log), counters(log)), (1234, 4711));
    }
}
