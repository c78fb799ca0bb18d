//! Python peers: virtual environments of their own, pinned by `tests/peers/requirements.txt` and its sibling.

use super::{debian, pins, stamped};
use crate::shell;
use anyhow::Result;
use std::process::Command;

/// Installs the servers and clients from PyPI into the virtual environment `target/tools/venv`.
pub(super) fn peers() -> Result<()> {
    environment("venv", "tests/peers/requirements.txt")
}

/// Installs other gateways into `target/tools/bench-venv`.
pub(super) fn bench_peers() -> Result<()> {
    environment("bench-venv", "tests/bench-peers/requirements.txt")
}

fn environment(name: &str, list: &str) -> Result<()> {
    let requirements = pins(list)?;
    if shell::output("python3", &["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))"])
        .is_none()
    {
        debian::packages(&["python3", "python3-venv"], "python3 of at least 3.10, with venv, is missing")?;
    }
    let version = shell::output("python3", &["--version"]).unwrap_or_default();
    let folder = shell::tools().join(name);
    stamped(&folder, &format!("{version}\n{requirements}"), || {
        shell::logged(Command::new("python3").args(["-m", "venv"]).arg(&folder), &format!("python-{name}"))?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r"]);
        shell::logged(pip.arg(shell::root().join(list)), &format!("pip-{name}"))
    })
}
