//! Other Unix systems: the control socket and the process group. A descendant that leaves the group escapes.

use std::io;
use std::time::Instant;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getppid};

/// There is no reaper but the first process.
pub(crate) fn become_reaper(parent: Pid) -> io::Result<()> {
    if is_orphan(parent) { Err(nix::errno::Errno::ESRCH.into()) } else { Ok(()) }
}

/// Nothing comes to us from a killed supervisor.
pub(crate) fn adopt() -> io::Result<()> {
    Ok(())
}

/// No kernel request exists; the command outlives a killed supervisor until its standard input ends.
pub(crate) fn die_with(_supervisor: Pid) -> io::Result<()> {
    Ok(())
}

/// Whether the process that started us is gone.
pub(crate) fn is_orphan(parent: Pid) -> bool {
    getppid() != parent
}

/// Whether the command's process group still has a member.
pub(crate) fn any_left(command: Pid) -> bool {
    killpg(command, None).is_ok()
}

/// Signals the command's process group.
pub(crate) fn signal_all(command: Pid, signal: Signal) {
    let _ = killpg(command, signal);
}

/// Nothing was taken in, so nothing is swept.
pub(crate) fn sweep(_until: Instant) {}
