//! Arguments of `lock`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::clients::ClientChoice;
use super::value::{name, number};

#[derive(Debug, ClapArgs)]
pub(crate) struct LockArgs {
    /// The server's name in the lock file; of clients' servers only this one [default: made from the command; all]
    #[arg(long, value_name = "NAME", env = "BAILIWICK_SERVER", value_parser = name)]
    pub(crate) server: Option<String>,
    /// The lock file
    #[arg(long, value_name = "FILE", env = "BAILIWICK_LOCK", default_value = "bailiwick.lock")]
    pub(crate) lock: PathBuf,
    /// Write nothing; exit 11 if a server differs from the lock file
    #[arg(long, conflicts_with_all = ["diff", "update"])]
    pub(crate) check: bool,
    /// Write nothing; show what differs from the lock file, and what that lets the agent do
    #[arg(long, conflicts_with = "update")]
    pub(crate) diff: bool,
    /// Show what differs of this server, and accept it; every other entry stays
    #[arg(long, value_name = "SERVER", conflicts_with = "server_command")]
    pub(crate) update: Option<String>,
    /// How long a server has for each answer, in seconds
    #[arg(long, value_name = "SECONDS", env = "BAILIWICK_LOCK_TIMEOUT", default_value_t = 30, value_parser = number::<u64>(1, 600))]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) choice: ClientChoice,
    /// The servers of all configurations below this folder; may be repeated
    #[arg(long = "path", value_name = "TREE", conflicts_with = "server_command")]
    pub(crate) paths: Vec<PathBuf>,
    /// Every server of every client of this machine
    #[arg(long, conflicts_with_all = ["server_command", "paths"])]
    pub(crate) all: bool,
    /// Agree to launch the servers, and to an update, without being asked; commands and changes are still shown
    #[arg(long)]
    pub(crate) yes: bool,
    /// The server's command and its arguments
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "clients", required_unless_present_any = ["clients", "paths", "all"])]
    pub(crate) server_command: Vec<OsString>,
}
