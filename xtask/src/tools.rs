//! What tests and checks need beyond the Rust toolchain, installed into `target/tools/`.
//!
//! Each tool leaves a stamp that holds everything it was made from, so that a second run costs nothing and a changed
//! pin installs anew.

pub(crate) mod debian;
pub(crate) mod deny;
mod node;
mod python;

use crate::shell::{self, Progress};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Steps that [`install`] counts on the caller's progress.
pub(crate) const STEPS: usize = 5;

/// Installs the interpreters and the peers that the end-to-end tests talk to.
pub(crate) fn install(progress: &mut Progress) -> Result<()> {
    fs::create_dir_all(shell::tools())?;
    progress.step("Node 22 or newer", node::interpreter)?;
    progress.step("peers from npm (tests/peers/package-lock.json)", node::peers)?;
    progress.step("the conformance suite (tests/conformance/package-lock.json)", node::conformance)?;
    progress.step("the inspector (tests/inspector/package-lock.json)", node::inspector)?;
    progress.step("peers from PyPI (tests/peers/requirements.txt)", python::peers)
}

/// Steps that [`bench_peers`] counts on the caller's progress.
pub(crate) const BENCH_PEERS_STEPS: usize = 4;

/// Installs other gateways, for `bench http --peers`.
pub(crate) fn bench_peers(progress: &mut Progress) -> Result<()> {
    fs::create_dir_all(shell::tools())?;
    progress.step("Node 22 or newer", node::interpreter)?;
    progress.step("gateways from npm (tests/bench-peers/package-lock.json)", node::bench_peers)?;
    progress.step("gateways from PyPI (tests/bench-peers/requirements.txt)", python::bench_peers)?;
    progress.step("a gateway from crates.io (bench/gateways/Cargo.lock), compiled", || {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--release", "--locked", "--manifest-path", "bench/gateways/Cargo.toml"]);
        let target = shell::tools().join("bench-gateways");
        shell::logged(cargo.arg("--target-dir").arg(target), "bench-gateways-build")
    })
}

/// Runs `make` on an emptied folder unless the folder's stamp already says `recipe`.
fn stamped(folder: &Path, recipe: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == recipe) {
        println!("      up to date");
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    make()?;
    fs::write(stamp, recipe)?;
    Ok(())
}

/// Reads a list that pins what is installed; without it the tests would quietly cover less.
fn pins(path: &str) -> Result<String> {
    fs::read_to_string(shell::root().join(path)).with_context(|| format!("{path} pins what is installed"))
}

const STAMP: &str = ".made-from";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_recipe_is_made_anew_and_the_same_one_is_not() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let mut made = 0;
        for recipe in ["a", "a", "b"] {
            stamped(&folder, recipe, || {
                made += 1;
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(made, 2);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_failed_make_leaves_no_stamp() {
        let folder = std::env::temp_dir().join(format!("xtask-unstamped-{}", std::process::id()));
        assert!(stamped(&folder, "a", || anyhow::bail!("no")).is_err());
        let mut made = false;
        stamped(&folder, "a", || {
            made = true;
            Ok(())
        })
        .unwrap();
        assert!(made);
        fs::remove_dir_all(folder).unwrap();
    }
}
