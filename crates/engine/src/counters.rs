//! Counters behind the limits of a policy. They survive a reload: a limit is known by its id.

use std::collections::BTreeMap;

use bailiwick_mcp::Timestamp;
use bailiwick_policy::Limit;

/// Counters by limit id.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    by_limit: BTreeMap<String, Counter>,
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
                (Some(window), Some(burst)) if spent(counter.level_at(at, max, window), burst) => {
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
                Some(_) => counter.level = counter.level_at(at, max, window) + amount,
                None => counter.slots.add(at, window, amount),
            }
        }
    }

    fn counter(&mut self, limit: &Limit) -> &mut Counter {
        if !self.by_limit.contains_key(&*limit.id) {
            self.by_limit.insert(limit.id.to_string(), Counter::default());
        }
        self.by_limit.entry(limit.id.to_string()).or_default()
    }
}

impl Counter {
    /// The leaky bucket's level now: it drains `max` per `window` (RFC 2697's idea, without colours).
    fn level_at(&mut self, at: Timestamp, max: f64, window_us: i64) -> f64 {
        let drained = at.micros_since(self.level_at) as f64 * max / window_us as f64;
        self.level = (self.level - drained).max(0.0);
        self.level_at = self.level_at.max(at);
        self.level
    }
}

/// A sliding window in slots. A slot that is partly over still counts whole, so no window ever holds more than its limit.
#[derive(Debug, Default)]
struct Window {
    slots: std::collections::VecDeque<(i64, f64)>,
    sum: f64,
}

/// Slots per window: the window is exact to 1/64 of its length, on the strict side.
const SLOTS: i64 = 64;

impl Window {
    fn sum(&mut self, at: Timestamp, window_us: i64) -> f64 {
        let oldest = slot(at, window_us) - SLOTS;
        while let Some((_, amount)) = self.slots.front().filter(|(number, _)| *number < oldest) {
            self.sum -= amount;
            self.slots.pop_front();
        }
        if self.slots.is_empty() {
            self.sum = 0.0;
        }
        self.sum
    }

    fn add(&mut self, at: Timestamp, window_us: i64, amount: f64) {
        let current = slot(at, window_us);
        self.sum += amount;
        // A clock that went back adds to the newest slot: it can only hold longer.
        match self.slots.back_mut().filter(|(number, _)| *number >= current) {
            Some((_, sum)) => *sum += amount,
            None => self.slots.push_back((current, amount)),
        }
    }
}

fn window_us(limit: &Limit) -> Option<i64> {
    let millis = limit.window_ms?;
    Some(i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX))
}

fn slot(at: Timestamp, window_us: i64) -> i64 {
    at.as_micros() / (window_us / SLOTS).max(1)
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
