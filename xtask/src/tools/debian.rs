//! The last resort for an interpreter or compiler that is missing: Debian's package, when we may install one.

use crate::shell;
use anyhow::{Result, bail};
use std::process::Command;

/// Installs packages by `apt-get` as root; otherwise says which command to run.
pub(crate) fn packages(names: &[&str], why: &str) -> Result<()> {
    let wanted = names.join(" ");
    let root = shell::output("id", &["-u"]).is_some_and(|user| user == "0");
    if !root || shell::output("apt-get", &["--version"]).is_none() {
        bail!("{why}; install it: `apt-get install {wanted}` as root, or your system's equivalent");
    }
    println!("      {why}: apt-get install {wanted}");
    let apt = |verb: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y"]).args(verb);
        command
    };
    shell::logged(&mut apt(&["update"]), "apt-update")?;
    shell::logged(apt(&["install", "--no-install-recommends"]).args(names), "apt-install")
}
