//! `cargo xtask dist`: the program as it is shipped, compiled for the paths that calls take (profile-guided optimisation).
//!
//! It is compiled twice: once so that it counts what it does while [`bench::train`] has it do the usual work, and once more
//! knowing the counts. Without `llvm-profdata`, which a component of rustup brings, or the package of the same LLVM, it is compiled
//! once, without counts.

use crate::{bench, shell};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the shipped program lies, below the top folder.
pub(crate) const FOLDER: &str = "target/dist";

/// Builds, and says where the program is.
pub(crate) fn run() -> Result<bool> {
    build()?;
    println!("{}", shell::root().join(FOLDER).join("bailiwick").display());
    Ok(true)
}

/// Builds what is not built yet.
pub(crate) fn build() -> Result<()> {
    let Some((host, profdata)) = profdata() else {
        println!(
            "building without a profile, about a tenth slower: `rustup component add llvm-tools` brings llvm-profdata, as does the package llvm-N where LLVM N is the compiler's (`rustc -vV`)"
        );
        println!("building: cargo build --profile dist -p bailiwick");
        return shell::logged(shell::cargo().args(["build", "--profile", "dist", "-p", "bailiwick"]), "dist");
    };
    let target = shell::root().join("target/pgo");
    // Cargo does not look into a profile: after other work it needs another name, or nothing would be compiled anew.
    let (raw, profile) = (target.join("raw"), target.join(format!("{:016x}.profdata", bench::training())));
    println!("building a program that counts what it does");
    let counting = compile(&host, &target, &format!("-Cprofile-generate={}", raw.display()))?;
    if !is_newer(&profile, &counting) {
        println!("having it do the usual work, over pipes and over HTTP");
        let _ = fs::remove_dir_all(&raw); // absent in the first run
        bench::train(&counting)?;
        let mut merge = Command::new(&profdata);
        shell::logged(merge.args(["merge", "-o"]).args([&profile, &raw]), "dist-profile")?;
    }
    println!("building the program that is shipped");
    let shipped = compile(&host, &target, &format!("-Cprofile-use={}", profile.display()))?;
    let folder = shell::root().join(FOLDER);
    fs::create_dir_all(&folder)?;
    // Not written over: it may be running.
    let beside = folder.join("bailiwick.new");
    fs::copy(&shipped, &beside).with_context(|| format!("cannot copy {}", shipped.display()))?;
    Ok(fs::rename(beside, folder.join("bailiwick"))?)
}

/// The program by this flag. With a target named, what only runs while compiling has no part in it.
fn compile(host: &str, target: &Path, flag: &str) -> Result<PathBuf> {
    let mut cargo = shell::cargo();
    cargo
        .args(["build", "--profile", "dist", "-p", "bailiwick", "--target", host, "--target-dir"])
        .arg(target);
    // Separated so that a folder's name may have a blank.
    let mut flags: Vec<OsString> = std::env::var("RUSTFLAGS")
        .into_iter()
        .flat_map(|flags| flags.split_whitespace().map(OsString::from).collect::<Vec<_>>())
        .collect();
    flags.push(flag.into());
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join(&OsString::from("\x1f")));
    shell::logged(&mut cargo, "dist")?;
    let built = target.join(host).join("dist/bailiwick");
    let kept = target.join(if flag.starts_with("-Cprofile-use") { "shipped" } else { "counting" });
    // Both are linked to the same place, and what was compiled long ago under the same flags is taken again: times tell nothing.
    let compiled = fs::read(&built)?;
    if !fs::read(&kept).is_ok_and(|kept| kept == compiled) {
        fs::copy(&built, &kept)?;
    }
    Ok(kept)
}

/// The name of this machine for compilers, and the program that merges profiles of this compiler, where it is installed.
fn profdata() -> Option<(String, PathBuf)> {
    let version = shell::output("rustc", &["-vV"])?;
    let about = |key: &str| version.lines().find_map(|line| line.strip_prefix(key));
    let host = about("host: ")?;
    let root = PathBuf::from(shell::output("rustc", &["--print", "sysroot"])?);
    let component = root.join("lib/rustlib").join(host).join("bin/llvm-profdata");
    let package = || {
        let name = format!("llvm-profdata-{}", about("LLVM version: ")?.split('.').next()?);
        shell::output(&name, &["merge", "--version"]).map(|_| PathBuf::from(name))
    };
    let tool = Some(component).filter(|tool| tool.is_file()).or_else(package)?;
    Some((host.to_owned(), tool))
}

fn is_newer(made: &Path, from: &Path) -> bool {
    let at = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    at(made).is_some_and(|made| at(from).is_some_and(|from| made >= from))
}
