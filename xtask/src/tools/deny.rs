//! cargo-deny: licences, sources and duplicate versions of everything that we compile.

use super::stamped;
use crate::fuzz;
use crate::shell::{self, Progress};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks the product's and the fuzz targets' dependencies against `deny.toml`.
pub(crate) fn run() -> Result<bool> {
    let mut progress = Progress::new(3);
    let program = progress.step(&format!("cargo-deny {VERSION}"), install)?;
    let product = progress.step("dependencies of the product", || check(&program, "Cargo.toml", "--deny"));
    let fuzz = progress.step("dependencies of the fuzz targets", || {
        fuzz::lock()?;
        check(&program, "fuzz/Cargo.toml", "--allow")
    });
    println!("not checked: advisories (RustSec's database is no package and is not fetched; run");
    println!("             `cargo deny check advisories` where it can be reached)");
    product.and(fuzz)?;
    Ok(true)
}

/// Compiles cargo-deny without optimisation: it runs for a second, and a release build takes three times as long.
fn install() -> Result<PathBuf> {
    let folder = shell::tools().join("cargo-deny");
    stamped(&folder, VERSION, || {
        let mut cargo = shell::cargo();
        cargo.args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug"]);
        cargo.arg("--no-default-features").arg("--root").arg(&folder);
        cargo.arg("--target-dir").arg(folder.join("build"));
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "0");
        shell::logged(&mut cargo, "cargo-deny")?;
        std::fs::remove_dir_all(folder.join("build"))?;
        Ok(())
    })?;
    Ok(folder.join("bin/cargo-deny"))
}

/// One file governs two graphs, so an entry that only one of them needs is unused in the other: `unused` says what then.
fn check(program: &Path, manifest: &str, unused: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.current_dir(shell::root()).args(["--manifest-path", manifest, "--config", "deny.toml", "check"]);
    command.args(["--allow", "unmatched-skip", "--allow", "license-exception-not-encountered"]);
    command.args([unused, "license-not-encountered", "--hide-inclusion-graph"]);
    command.args(["bans", "licenses", "sources"]);
    let status = shell::teed(&mut command, |_| ())?;
    anyhow::ensure!(status.success(), "{manifest}: not allowed by deny.toml");
    Ok(())
}

const VERSION: &str = "0.20.2";
