//! Linux: a child subreaper inherits every orphan below it, so "no child" means "no descendant".

use std::collections::HashMap;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid};

/// Makes this process the reaper of what its descendants leave behind, and asks to be woken when `parent` dies.
///
/// # Errors
/// `ESRCH` when `parent` is gone already.
pub(crate) fn become_reaper(parent: Pid) -> io::Result<()> {
    prctl::set_child_subreaper(true)?;
    // Nobody of the same user shall attach to this process or read its memory.
    prctl::set_dumpable(false)?;
    // Belt and braces beside the control socket. The kernel sends it when the *thread* that started us ends, so the
    // watch asks for the parent before it believes it.
    prctl::set_pdeathsig(Signal::SIGCONT)?;
    if is_orphan(parent) { Err(Errno::ESRCH.into()) } else { Ok(()) }
}

/// Makes this process take in what a killed supervisor leaves behind.
pub(crate) fn adopt() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// Between fork and exec of the command: the kernel kills it when the supervisor ends, by whatever means. (A command
/// that gains privileges on exec loses this; then only the control socket and the sweep remain.)
pub(crate) fn die_with(supervisor: Pid) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // It may have ended before the request was made.
    if getppid() == supervisor { Ok(()) } else { Err(Errno::ESRCH.into()) }
}

/// Whether the process that started us is gone.
pub(crate) fn is_orphan(parent: Pid) -> bool {
    getppid() != parent
}

/// Whether anything is left when this process has no child any more: nothing can be.
pub(crate) fn any_left(_command: Pid) -> bool {
    false
}

/// Signals every descendant of this process.
pub(crate) fn signal_all(_command: Pid, signal: Signal) {
    for pid in descendants(getpid()) {
        // One that ended in the meantime needs no signal; one of another user cannot be reached.
        let _ = kill(pid, signal);
    }
}

/// Kills every descendant of this process until none is left, or until the deadline.
pub(crate) fn sweep(until: Instant) {
    while Instant::now() < until {
        signal_all(getpid(), Signal::SIGKILL);
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => break,
                Err(Errno::ECHILD) => return,
                Ok(_) | Err(_) => {}
            }
        }
        thread::sleep(SWEEP_PAUSE);
    }
}

/// All descendants of a process, from the parent that each process names in `/proc`. Zombies are among them, harmlessly.
fn descendants(of: Pid) -> Vec<Pid> {
    let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent_in(&stat) {
            children.entry(parent).or_default().push(Pid::from_raw(pid));
        }
    }
    let mut found = Vec::new();
    let mut open = vec![of];
    while let Some(pid) = open.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        found.extend(&below);
        open.extend(below);
    }
    found
}

/// The parent's id in `/proc/PID/stat`. The second field is the command's name in brackets, which may itself contain
/// brackets and spaces: `7 (a) S 1 (b) R 3 …` has the parent 3.
fn parent_in(stat: &[u8]) -> Option<Pid> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')?.checked_add(1)?;
    let fields = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    fields.split_whitespace().nth(1)?.parse().ok().map(Pid::from_raw)
}

const SWEEP_PAUSE: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_the_parent() {
        for (stat, parent) in
            [("7 (sh) S 3 7 7", Some(3)), ("7 (a) S 1 (b) R 3 7", Some(3)), ("7 (sh", None), ("7 (sh)", None)]
        {
            assert_eq!(parent_in(stat.as_bytes()), parent.map(Pid::from_raw), "{stat}");
        }
    }

    #[test]
    fn our_parent_has_us_among_its_descendants() {
        assert!(descendants(getppid()).contains(&getpid()));
    }
}
