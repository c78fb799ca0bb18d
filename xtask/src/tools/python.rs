//! Python peers: their own virtual environment, pinned by `tests/peers/requirements.txt`.

use super::{debian, pins, stamped};
use crate::shell;
use anyhow::Result;
use std::process::Command;

/// Installs the servers and clients from PyPI into the virtual environment `target/tools/venv`.
pub(super) fn peers() -> Result<()> {
    let requirements = pins("tests/peers/requirements.txt")?;
    if shell::output("python3", &["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))"])
        .is_none()
    {
        debian::packages(&["python3", "python3-venv"], "python3 of at least 3.10, with venv, is missing")?;
    }
    let version = shell::output("python3", &["--version"]).unwrap_or_default();
    let folder = shell::tools().join("venv");
    stamped(&folder, &format!("{version}\n{requirements}"), || {
        shell::logged(Command::new("python3").args(["-m", "venv"]).arg(&folder), "python-venv")?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r"]);
        shell::logged(pip.arg(shell::root().join("tests/peers/requirements.txt")), "pip-peers")
    })
}
