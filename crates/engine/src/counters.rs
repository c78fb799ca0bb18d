//! Counters behind the limits of a policy. They survive a reload: a limit is known by its id.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bailiwick_mcp::Timestamp;
use bailiwick_policy::{Each, Limit, Per, Policy};
use sha2::{Digest, Sha256};

use crate::history::Past;

/// Counters by limit id, and what rules that look back remember.
#[derive(Debug, Default)]
pub struct Counters {
    by_limit: BTreeMap<String, Table>,
    pub(crate) past: Past,
}

/// The counters of one limit.
#[derive(Debug, Default)]
struct Table {
    /// Of all calls together.
    all: Counter,
    /// Of servers, tools or calls that are counted apart.
    each: BTreeMap<Box<str>, Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    total: f64,
    per_tool: BTreeMap<Box<str>, f64>,
    /// Level of the bucket of a limit with a burst, and when it was last looked at.
    level: f64,
    level_at: Timestamp,
    slots: Window,
}

/// Tools, servers or calls that one limit counts apart. Beyond it those go that are as good as new; if none is, a further name counts
/// as used up.
const TABLE_MAX: usize = 4_096;
/// Longest name that is kept as it is, in bytes; of a longer one a digest.
const NAME_BYTES_MAX: usize = 256;
/// What rounding may add to a sum of decimals, as a part of the limit.
const ROUNDING: f64 = 1e-12;

/// One thing to count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spending<'a> {
    pub(crate) server: &'a str,
    /// The tool, or what else the call is aimed at.
    pub(crate) name: &'a str,
    /// What tells its arguments from others; looked at only where calls are counted apart.
    pub(crate) arguments: &'a str,
    pub(crate) amount: f64,
    pub(crate) at: Timestamp,
}

impl Counters {
    /// Whether it would stay within `limit`; the words of the denial if not. Spends nothing.
    pub(crate) fn check(&mut self, limit: &Limit, spending: Spending<'_>) -> Result<(), String> {
        let Spending { name, amount, at, .. } = spending;
        let apart = apart(limit, spending);
        let mut unseen = Counter::default();
        let of = || match limit.each {
            Each::Call => format!(" for `{}/{name}` with the same arguments", spending.server),
            Each::Nothing | Each::Server | Each::Tool => {
                apart.as_deref().map(|apart| format!(" for `{apart}`")).unwrap_or_default()
            }
        };
        let counter = match self.counter(limit, apart.as_deref(), at) {
            Room::Known(counter) => counter,
            // A check that made an entry would let calls that go nowhere fill the table.
            Room::New(_) => &mut unseen,
            Room::None => return Err(format!("too many {} are counted", things(limit.each))),
        };
        let spent = |used: f64, max: f64| used + amount > max + max * ROUNDING;
        if let Some(max) = limit.max {
            match (window_us(limit), limit.burst.map(|burst| burst as f64)) {
                (None, _) if spent(counter.total, max) => {
                    let whose = match limit.per {
                        Per::Run => "in this run",
                        Per::Principal => "by this principal",
                    };
                    return Err(format!("{} of {} used {whose}{}", number(counter.total), number(max), of()));
                }
                (Some(window), Some(burst)) if spent(counter.drain(at, max, window), burst) => {
                    return Err(format!(
                        "faster than {} in {} with a burst of {}{}",
                        number(max),
                        span(window),
                        number(burst),
                        of()
                    ));
                }
                (Some(window), None) if spent(counter.slots.sum(at, window), max) => {
                    return Err(format!("{} in {} used up{}", number(max), span(window), of()));
                }
                (None, _) | (Some(_), _) => {}
            }
        }
        let Some(max) = limit.max_per_tool.map(|max| max as f64) else { return Ok(()) };
        let used = counter.per_tool.get(&*kept(name)).copied();
        if used.is_none() && counter.per_tool.len() >= TABLE_MAX {
            return Err("too many tools are counted".to_owned());
        }
        if spent(used.unwrap_or(0.0), max) {
            return Err(format!("{} of {} calls of `{name}` used", number(used.unwrap_or(0.0)), number(max)));
        }
        Ok(())
    }

    /// Spends it; called only for a call that goes on.
    pub(crate) fn spend(&mut self, limit: &Limit, spending: Spending<'_>) {
        let Spending { name, amount, at, .. } = spending;
        let apart = apart(limit, spending);
        let counter = match self.counter(limit, apart.as_deref(), at) {
            Room::Known(counter) => counter,
            Room::New(each) => each.entry(apart.as_deref().unwrap_or_default().into()).or_default(),
            // The limit is used up for this name, and there is nothing to add to that.
            Room::None => return,
        };
        counter.total += amount;
        if limit.max_per_tool.is_some() {
            let name = kept(name);
            let room = counter.per_tool.len() < TABLE_MAX;
            match counter.per_tool.get_mut(&*name) {
                Some(used) => *used += amount,
                None if room => {
                    counter.per_tool.insert(name.into(), amount);
                }
                None => {}
            }
        }
        if let (Some(max), Some(window)) = (limit.max, window_us(limit)) {
            match limit.burst {
                Some(_) => counter.level = counter.drain(at, max, window) + amount,
                None => counter.slots.add(at, window, amount),
            }
        }
    }

    /// True if forgetting everything changes no decision under `policy`: nothing was counted that its windows still hold, and
    /// nothing is remembered.
    pub fn is_as_new(&mut self, policy: &Policy, at: Timestamp) -> bool {
        let limit = |id: &str| policy.limits().iter().find(|limit| limit.id == id);
        self.past.is_empty()
            && self.by_limit.iter_mut().all(|(id, table)| match limit(id) {
                Some(limit) => {
                    let mut all = table.each.values_mut().chain([&mut table.all]);
                    all.all(|counter| counter.is_new_again(limit, at))
                }
                // A reload may bring it back.
                None => false,
            })
    }

    /// The counter of `apart`, or whether there is room for another.
    fn counter(&mut self, limit: &Limit, apart: Option<&str>, at: Timestamp) -> Room<'_> {
        if !self.by_limit.contains_key(&limit.id) {
            self.by_limit.insert(limit.id.clone(), Table::default());
        }
        // INVARIANT: it stands there.
        let Some(table) = self.by_limit.get_mut(&limit.id) else { return Room::None };
        let Some(apart) = apart else { return Room::Known(&mut table.all) };
        if !table.each.contains_key(apart) {
            if table.each.len() >= TABLE_MAX {
                table.each.retain(|_, counter| !counter.is_new_again(limit, at));
            }
            if table.each.len() >= TABLE_MAX {
                return Room::None;
            }
            return Room::New(&mut table.each);
        }
        table.each.get_mut(apart).map_or(Room::None, Room::Known)
    }
}

/// Where a counter is, or could be.
#[derive(Debug)]
enum Room<'c> {
    Known(&'c mut Counter),
    New(&'c mut BTreeMap<Box<str>, Counter>),
    None,
}

/// What the limit counts the call under, if it counts anything apart.
fn apart<'a>(limit: &Limit, spending: Spending<'a>) -> Option<Cow<'a, str>> {
    match limit.each {
        Each::Nothing => None,
        Each::Server => Some(kept(spending.server)),
        Each::Tool => {
            let name = format!("{}/{}", spending.server, spending.name);
            Some(Cow::Owned(kept(&name).into_owned()))
        }
        Each::Call => {
            // INVARIANT: a digest has no slash, so what stands behind the last one is it.
            let name = format!("{}/{}/{}", spending.server, spending.name, spending.arguments);
            Some(Cow::Owned(kept(&name).into_owned()))
        }
    }
}

/// What is counted apart, in words.
fn things(each: Each) -> &'static str {
    match each {
        Each::Call => "different calls",
        Each::Nothing | Each::Server | Each::Tool => "tools or servers",
    }
}

/// A name as a key of bounded length.
fn kept(name: &str) -> Cow<'_, str> {
    if name.len() <= NAME_BYTES_MAX {
        return Cow::Borrowed(name);
    }
    let digest = Sha256::digest(name.as_bytes());
    Cow::Owned(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Counter {
    /// True if forgetting it changes nothing: its window holds nothing any more. Without a window it never does.
    fn is_new_again(&mut self, limit: &Limit, at: Timestamp) -> bool {
        let (Some(max), Some(window), None) = (limit.max, window_us(limit), limit.max_per_tool) else {
            return false;
        };
        match limit.burst {
            Some(_) => self.drain(at, max, window) <= 0.0,
            None => self.slots.sum(at, window) <= 0.0,
        }
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
    /// The sum of all slots but the newest, as long as that is the same.
    older: Option<f64>,
}

/// Slots per window: the window is exact to 1/64 of its length, on the strict side.
const SLOTS: i64 = 64;

impl Window {
    fn sum(&mut self, at: Timestamp, window_us: i64) -> f64 {
        while self.slots.front().is_some_and(|(last, _)| last.saturating_add(window_us) <= at.as_micros()) {
            self.slots.pop_front();
            self.older = None;
        }
        // From the oldest on, as they were added: another order would round otherwise.
        let count = self.slots.len().saturating_sub(1);
        let sum = || self.slots.iter().take(count).map(|(_, amount)| amount).sum::<f64>();
        let older = *self.older.get_or_insert_with(sum);
        self.slots.back().map_or(older, |(_, newest)| older + newest)
    }

    fn add(&mut self, at: Timestamp, window_us: i64, amount: f64) {
        let now = at.as_micros();
        let begun = now - now.rem_euclid((window_us / SLOTS).max(1));
        // A clock that went back adds to the newest slot: it can only hold longer.
        match self.slots.back_mut().filter(|(last, _)| *last >= begun) {
            Some((last, sum)) => (*last, *sum) = (now.max(*last), *sum + amount),
            None => {
                self.slots.push_back((now, amount));
                self.older = None;
            }
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
mod tests;
