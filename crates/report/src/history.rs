//! From records of decisions to tools, time and approvals. Records come one by one, however many there are.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::page::{Approval, Slice, Tool};

/// What was decided over one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    Allowed,
    Asked,
    Denied,
}

/// Counts of records, in memory that does not grow with their number.
#[derive(Debug, Clone, Default)]
pub struct History {
    tools: BTreeMap<(String, String), Tool>,
    minutes: BTreeMap<i64, [u64; 3]>,
    approvals: Vec<Approval>,
    /// What was counted nowhere, since there was too much of it.
    pub left_out: u64,
}

/// Different tools that are counted.
const TOOLS_MAX: usize = 5_000;
/// Different minutes that are counted: more than two months of every minute.
const MINUTES_MAX: usize = 100_000;
/// Approvals that are kept.
const APPROVALS_MAX: usize = 2_000;
/// Bars of the picture, at most.
const SLICES_MAX: usize = 48;
/// Widths of a bar that people know, in minutes.
const WIDTHS: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 180, 360, 720, 1_440, 10_080];

impl History {
    /// A decision over any message, made so many times at a time in microseconds since 1970.
    pub fn decision(&mut self, at_us: i64, decided: Decided, times: u64) {
        let minute = at_us.div_euclid(60_000_000);
        if self.minutes.len() >= MINUTES_MAX && !self.minutes.contains_key(&minute) {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        let [allowed, asked, denied] = self.minutes.entry(minute).or_default();
        let slot = match decided {
            Decided::Allowed => allowed,
            Decided::Asked => asked,
            Decided::Denied => denied,
        };
        *slot = slot.saturating_add(times);
    }

    /// The same decision, where it was over a call of a tool.
    pub fn call(&mut self, server: &str, tool: &str, decided: Decided) {
        let Some(tool) = self.tool(server, tool) else { return };
        let slot = match decided {
            Decided::Allowed => &mut tool.allowed,
            Decided::Asked => &mut tool.asked,
            Decided::Denied => &mut tool.denied,
        };
        *slot = slot.saturating_add(1);
    }

    /// A call that went on, and failed at the server.
    pub fn failure(&mut self, server: &str, tool: &str) {
        if let Some(tool) = self.tool(server, tool) {
            tool.failed = tool.failed.saturating_add(1);
        }
    }

    /// A tool of the lock file, used or not.
    pub fn locked(&mut self, server: &str, tool: &str) {
        if let Some(tool) = self.tool(server, tool) {
            tool.is_locked = true;
        }
    }

    pub fn approval(&mut self, approval: Approval) {
        match self.approvals.len() < APPROVALS_MAX {
            true => self.approvals.push(approval),
            false => self.left_out = self.left_out.saturating_add(1),
        }
    }

    fn tool(&mut self, server: &str, tool: &str) -> Option<&mut Tool> {
        let key = (server.to_owned(), tool.to_owned());
        if self.tools.len() >= TOOLS_MAX && !self.tools.contains_key(&key) {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        let (server, name) = key.clone();
        Some(self.tools.entry(key).or_insert_with(|| Tool { server, name, ..Tool::default() }))
    }

    /// Every tool, by server and name.
    #[must_use]
    pub fn tools(&self) -> Vec<Tool> {
        self.tools.values().cloned().collect()
    }

    /// Approvals, in the order of time.
    #[must_use]
    pub fn approvals(&self) -> Vec<Approval> {
        let mut approvals = self.approvals.clone();
        approvals.sort_by(|a, b| a.at.cmp(&b.at));
        approvals
    }

    /// Decisions over time, in at most 48 stretches of one width; empty stretches are there too.
    #[must_use]
    pub fn timeline(&self) -> Vec<Slice> {
        let (Some((first, _)), Some((last, _))) =
            (self.minutes.first_key_value(), self.minutes.last_key_value())
        else {
            return Vec::new();
        };
        let most = i64::try_from(SLICES_MAX).unwrap_or(i64::MAX);
        let slices =
            |width: i64| last.div_euclid(width).saturating_sub(first.div_euclid(width)).saturating_add(1);
        let width = WIDTHS.into_iter().find(|width| slices(*width) <= most);
        // Beyond a year: as wide as it must be.
        let width = width.unwrap_or_else(|| last.saturating_sub(*first).div_euclid(most).saturating_add(1));
        let start = first.div_euclid(width);
        let count = usize::try_from(slices(width)).unwrap_or(SLICES_MAX).min(SLICES_MAX.saturating_add(1));
        let mut timeline: Vec<Slice> =
            (start..).take(count).map(|at| empty(at.saturating_mul(width), width)).collect();
        for (minute, [allowed, asked, denied]) in &self.minutes {
            let at = usize::try_from(minute.div_euclid(width).saturating_sub(start)).unwrap_or(usize::MAX);
            if let Some(slice) = timeline.get_mut(at) {
                slice.allowed = slice.allowed.saturating_add(*allowed);
                slice.asked = slice.asked.saturating_add(*asked);
                slice.denied = slice.denied.saturating_add(*denied);
            }
        }
        timeline
    }
}

fn empty(minute: i64, width: i64) -> Slice {
    let format = if width >= 1_440 { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
    let from = Timestamp::from_second(minute.saturating_mul(60)).unwrap_or_default();
    Slice { from: from.strftime(format).to_string(), ..Slice::default() }
}

/// Microseconds since 1970 of an RFC 3339 time.
#[must_use]
pub fn microseconds(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::{Decided, History, microseconds};

    #[test]
    fn decisions_fall_into_at_most_48_stretches_whatever_lies_between() {
        for minutes in [1, 47, 48, 300, 5_000, 100_000, 5_000_000] {
            let mut history = History::default();
            let start = microseconds("2026-11-21T09:00:00Z").unwrap();
            history.decision(start, Decided::Allowed, 1);
            history.decision(start + minutes * 60_000_000, Decided::Denied, 1);
            let timeline = history.timeline();
            assert!((2..=49).contains(&timeline.len()), "{minutes}: {}", timeline.len());
            assert_eq!(timeline.first().unwrap().allowed, 1);
            assert_eq!(timeline.iter().map(|slice| slice.denied).sum::<u64>(), 1, "{minutes}");
            assert!(timeline.first().unwrap().from.starts_with("2026-"));
        }
    }

    #[test]
    fn a_flood_of_names_stays_within_bounds_and_is_said() {
        let mut history = History::default();
        for n in 0..6_000 {
            history.call("s", &format!("t{n}"), Decided::Denied);
        }
        assert_eq!((history.tools().len(), history.left_out), (5_000, 1_000));
    }

    #[test]
    fn no_time_is_out_of_range() {
        let mut history = History::default();
        history.decision(i64::MIN, Decided::Asked, 1);
        history.decision(i64::MAX, Decided::Asked, 1);
        assert!(history.timeline().len() <= 49);
    }
}
