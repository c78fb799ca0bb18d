//! Counters behind the limits of a policy. They survive a reload: a limit is known by its id.

use std::collections::BTreeMap;

use bailiwick_mcp::Timestamp;
use bailiwick_policy::Limit;

use crate::history::Past;

/// Counters by limit id, and what rules that look back remember.
#[derive(Debug, Default)]
pub struct Counters {
    by_limit: BTreeMap<String, Counter>,
    pub(crate) past: Past,
}

#[derive(Debug, Default)]
struct Counter {
    total: f64,
    per_tool: BTreeMap<String, f64>,
    /// Level of the bucket of a limit with a burst, and when it was last looked at.
    level: f64,
    level_at: Timestamp,
    slots: Window,
}

/// Tools that one limit counts apart; beyond it a new name counts as used up.
const TOOLS_MAX: usize = 4_096;

impl Counters {
    /// Whether `amount` more would stay within `limit` at `at`; the words of the denial if not. Spends nothing.
    pub(crate) fn check(
        &mut self,
        limit: &Limit,
        tool: &str,
        amount: f64,
        at: Timestamp,
    ) -> Result<(), String> {
        let counter = self.counter(limit);
        let spent = |used: f64, max: f64| used + amount > max;
        if let Some(max) = limit.max {
            let shown = number(max);
            match (window_us(limit), limit.burst.map(|burst| burst as f64)) {
                (None, _) if spent(counter.total, max) => {
                    return Err(format!("{} of {shown} used in this run", number(counter.total)));
                }
                (Some(window), Some(burst)) if spent(counter.drain(at, max, window), burst) => {
                    return Err(format!(
                        "faster than {shown} in {} with a burst of {}",
                        span(window),
                        number(burst)
                    ));
                }
                (Some(window), None) if spent(counter.slots.sum(at, window), max) => {
                    return Err(format!("{shown} in {} used up", span(window)));
                }
                (None, _) | (Some(_), _) => {}
            }
        }
        let Some(max) = limit.max_per_tool.map(|max| max as f64) else { return Ok(()) };
        let used = counter.per_tool.get(tool).copied();
        if used.is_none() && counter.per_tool.len() >= TOOLS_MAX {
            return Err("too many tools are counted".to_owned());
        }
        if spent(used.unwrap_or(0.0), max) {
            return Err(format!("{} of {} calls of `{tool}` used", number(used.unwrap_or(0.0)), number(max)));
        }
        Ok(())
    }

    /// Spends `amount`; called only for a call that goes on.
    pub(crate) fn spend(&mut self, limit: &Limit, tool: &str, amount: f64, at: Timestamp) {
        let counter = self.counter(limit);
        counter.total += amount;
        if limit.max_per_tool.is_some() {
            match counter.per_tool.get_mut(tool) {
                Some(used) => *used += amount,
                None => {
                    counter.per_tool.insert(tool.to_owned(), amount);
                }
            }
        }
        if let (Some(max), Some(window)) = (limit.max, window_us(limit)) {
            match limit.burst {
                Some(_) => counter.level = counter.drain(at, max, window) + amount,
                None => counter.slots.add(at, window, amount),
            }
        }
    }

    fn counter(&mut self, limit: &Limit) -> &mut Counter {
        self.by_limit.entry(limit.id.clone()).or_default()
    }
}

impl Counter {
    /// The leaky bucket's level now: it drains `max` per `window` (RFC 2697's idea, without colours).
    fn drain(&mut self, at: Timestamp, max: f64, window_us: i64) -> f64 {
        let drained = at.micros_since(self.level_at) as f64 * max / window_us as f64;
        self.level = (self.level - drained).max(0.0);
        self.level_at = self.level_at.max(at);
        self.level
    }
}

/// A sliding window in slots, oldest first: the time of the last spending in it, in microseconds, and what was spent. A
/// slot counts whole until its last spending is over, so no window ever holds more than its limit. Slots know times rather
/// than numbers, so that they outlive a reload that changes the window's length.
#[derive(Debug, Default)]
struct Window {
    slots: std::collections::VecDeque<(i64, f64)>,
}

/// Slots per window: the window is exact to 1/64 of its length, on the strict side.
const SLOTS: i64 = 64;

impl Window {
    fn sum(&mut self, at: Timestamp, window_us: i64) -> f64 {
        while self.slots.front().is_some_and(|(last, _)| last.saturating_add(window_us) <= at.as_micros()) {
            self.slots.pop_front();
        }
        self.slots.iter().map(|(_, amount)| amount).sum()
    }

    fn add(&mut self, at: Timestamp, window_us: i64, amount: f64) {
        let now = at.as_micros();
        let begun = now - now.rem_euclid((window_us / SLOTS).max(1));
        // A clock that went back adds to the newest slot: it can only hold longer.
        match self.slots.back_mut().filter(|(last, _)| *last >= begun) {
            Some((last, sum)) => (*last, *sum) = (now.max(*last), *sum + amount),
            None => self.slots.push_back((now, amount)),
        }
    }
}

fn window_us(limit: &Limit) -> Option<i64> {
    let millis = limit.window_ms?;
    Some(i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX))
}

fn number(value: f64) -> String {
    format!("{value}")
}

fn span(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        86_400.. if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        3_600.. if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        60.. if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::Timestamp;
    use bailiwick_policy::{Effect, Limit, Per};

    use super::{Counters, TOOLS_MAX};

    fn limit(max: f64, window_ms: Option<u64>, burst: Option<u64>) -> Limit {
        Limit {
            id: "pace".to_owned(),
            file: "p.yaml".into(),
            line: 1,
            reason: None,
            effect: Effect::Deny,
            per: Per::Run,
            max: Some(max),
            window_ms,
            burst,
            max_per_tool: None,
            sum: None,
        }
    }

    /// Calls one by one at these milliseconds; how many of them had room, and spent it.
    fn passed(counters: &mut Counters, limit: &Limit, times_ms: impl IntoIterator<Item = i64>) -> usize {
        let mut passed = 0;
        for time in times_ms {
            let at = Timestamp(1_700_000_000_000_000 + time * 1_000);
            if counters.check(limit, "read", 1.0, at).is_ok() {
                counters.spend(limit, "read", 1.0, at);
                passed += 1;
            }
        }
        passed
    }

    #[test]
    fn a_check_spends_nothing() {
        let (mut counters, limit) = (Counters::default(), limit(1.0, None, None));
        for _ in 0..3 {
            assert_eq!(counters.check(&limit, "read", 1.0, Timestamp(0)), Ok(()));
        }
    }

    #[test]
    fn without_a_window_a_limit_never_recovers() {
        let (mut counters, limit) = (Counters::default(), limit(2.0, None, None));
        assert_eq!(passed(&mut counters, &limit, [0, 1, 2, 1_000_000_000]), 2);
        let words = counters.check(&limit, "read", 1.0, Timestamp(0));
        assert_eq!(words, Err("2 of 2 used in this run".to_owned()));
    }

    #[test]
    fn no_window_holds_more_than_its_limit() {
        // Every 7 ms for 3 s under 5 in 1 s: whichever second one looks at, at most 5 passed in it.
        let (mut counters, limit) = (Counters::default(), limit(5.0, Some(1_000), None));
        let times: Vec<i64> =
            (0..430).map(|n| n * 7).filter(|at| passed(&mut counters, &limit, [*at]) == 1).collect();
        assert!(times.len() >= 10, "it recovers: {times:?}");
        for first in &times {
            let within = times.iter().filter(|at| (*first..first + 1_000).contains(*at)).count();
            assert!(within <= 5, "{within} within a second of {first} ms");
        }
    }

    #[test]
    fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
        let (mut counters, limit) = (Counters::default(), limit(10.0, Some(1_000), Some(3)));
        assert_eq!(passed(&mut counters, &limit, [0; 5]), 3);
        assert_eq!(passed(&mut counters, &limit, [100; 5]), 1, "a tenth of a second is one of ten");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_back() {
        for burst in [None, Some(2)] {
            let (mut counters, limit) = (Counters::default(), limit(2.0, Some(60_000), burst));
            assert_eq!(passed(&mut counters, &limit, [0, 0, -3_600_000, 0]), 2, "burst {burst:?}");
        }
    }

    #[test]
    fn a_changed_window_neither_forgives_nor_holds_for_ever() {
        let (minute, hour) = (limit(2.0, Some(60_000), None), limit(2.0, Some(3_600_000), None));
        let mut counters = Counters::default();
        assert_eq!(passed(&mut counters, &hour, [0, 0]), 2);
        assert_eq!(passed(&mut counters, &minute, [1_000]), 0, "a second ago is within a minute");
        let mut counters = Counters::default();
        assert_eq!(passed(&mut counters, &minute, [0, 0]), 2);
        assert_eq!(passed(&mut counters, &hour, [120_000, 4_000_000]), 1, "an hour later there is room");
    }

    #[test]
    fn tools_are_counted_apart_and_no_more_than_are_remembered() {
        let mut limit = limit(0.0, None, None);
        (limit.max, limit.max_per_tool) = (None, Some(1));
        let mut counters = Counters::default();
        for tool in 0..TOOLS_MAX {
            counters.spend(&limit, &tool.to_string(), 1.0, Timestamp(0));
        }
        let words = counters.check(&limit, "7", 1.0, Timestamp(0));
        assert_eq!(words, Err("1 of 1 calls of `7` used".to_owned()));
        let words = counters.check(&limit, "new", 1.0, Timestamp(0));
        assert_eq!(words, Err("too many tools are counted".to_owned()));
    }
}
