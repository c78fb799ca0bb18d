//! What the processes between client and server cost, from /proc.

use super::SERVER;
use std::fs;
use std::time::Duration;

/// Time and memory of a process and its descendants, without the server behind them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// On a processor, all living threads together.
    pub(super) cpu: Duration,
    /// Resident now, and at the most so far, in KiB.
    pub(super) resident_kib: u64,
    pub(super) peak_kib: u64,
}

impl Cost {
    pub(super) fn of(id: u32) -> Self {
        let parents = parents();
        let mut family = vec![id];
        let mut at = 0;
        while let Some(parent) = family.get(at).copied() {
            family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
            at += 1;
        }
        let mut cost = Self::default();
        for id in family.into_iter().filter(|id| !is_server(*id)) {
            cost.cpu += cpu(id);
            cost.resident_kib += memory(id, "VmRSS:");
            cost.peak_kib += memory(id, "VmHWM:");
        }
        cost
    }
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name stands in parentheses and may hold anything; the parent is the second word after it.
        let (_, after) = stat.rsplit_once(')')?;
        Some((id, after.split_whitespace().nth(1)?.parse().ok()?))
    })
    .collect()
}

fn is_server(id: u32) -> bool {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(SERVER.as_bytes())
}

/// The scheduler's own account in nanoseconds; `stat` counts in hundredths of a second.
fn cpu(id: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn memory(id: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_ourselves_cost_something() {
        let mut work = 0_u64;
        while Cost::of(std::process::id()).cpu.is_zero() {
            work = work.wrapping_add(1);
        }
        assert!(Cost::of(std::process::id()).resident_kib > 0);
    }
}
