//! Watching processes from outside: who descends from whom, whether they are gone, how much memory they took at most.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
pub use rustix::process::Signal;
use rustix::process::{Pid, PidfdFlags, kill_process, pidfd_open};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::{Duration, Instant};

/// A running process, held by a handle, so that a reused number is never mistaken for it.
#[derive(Debug)]
pub struct Watched {
    pid: Pid,
    handle: OwnedFd,
}

impl Watched {
    /// The process with this number, which must exist.
    pub fn new(pid: u32) -> Watched {
        Watched::find(pid).unwrap_or_else(|| panic!("process {pid} is not there"))
    }

    /// The process with this number, if it has not ended.
    pub fn find(pid: u32) -> Option<Watched> {
        let pid = Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("a process id");
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => Some(Watched { pid, handle }),
            Err(Errno::SRCH) => None,
            Err(error) => panic!("process {pid:?} cannot be watched: {error}"),
        }
    }

    /// Whether it ended before `within` had passed.
    pub fn gone_within(&self, within: Duration) -> bool {
        let timeout = Timespec::try_from(within).expect("a short time");
        let mut handles = [PollFd::new(&self.handle, PollFlags::IN)];
        rustix::event::poll(&mut handles, Some(&timeout)).expect("poll") > 0
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal)
            .unwrap_or_else(|error| panic!("cannot signal {:?}: {error}", self.pid));
    }

    /// True while a signal keeps it from running.
    pub fn is_stopped(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero()));
        status.is_ok_and(|status| status.lines().any(|line| line.starts_with("State:\tT")))
    }
}

/// All processes below `root`, by parentage as it is now; `root` itself is the first.
pub fn tree(root: u32) -> Vec<u32> {
    let parents = parents();
    let mut known = HashSet::from([root]);
    let mut tree = vec![root];
    let mut next = 0;
    while next < tree.len() {
        let parent = tree[next];
        let mut children: Vec<u32> = parents.iter().filter(|(_, p)| **p == parent).map(|(c, _)| *c).collect();
        children.retain(|child| known.insert(*child));
        children.sort_unstable();
        tree.extend(children);
        next += 1;
    }
    tree
}

/// Asserts that all of `processes` end within `within` together.
pub fn assert_gone(processes: &[Watched], within: Duration) {
    let end = Instant::now() + within;
    for process in processes {
        let left = end.saturating_duration_since(Instant::now());
        assert!(process.gone_within(left), "process {:?} outlives the proxy", process.pid);
    }
}

/// The most resident memory that those processes below `root` ever had that run the same program as `root`, in KiB.
pub fn peak_kib(root: u32) -> u64 {
    let program = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let own = program(root);
    tree(root).into_iter().filter(|pid| program(*pid) == own).map(|pid| status_kib(pid, "VmHWM:")).sum()
}

fn status_kib(pid: u32, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The parent of every process on the machine.
fn parents() -> HashMap<u32, u32> {
    let entries = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name, in parentheses, may hold spaces and parentheses; the state and the parent come after the last.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect()
}
