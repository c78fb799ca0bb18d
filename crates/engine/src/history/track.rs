//! The state of one automaton: of each prefix of its steps the latest time at which one began.
//!
//! Of all the ways in which the first steps can have been taken only the one that began last matters: it is within the time if
//! any is. So the state has a fixed size, one look decides, and no flood of calls pushes anything out.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use bailiwick_mcp::Timestamp;
use bailiwick_policy::{Key, Same};

/// When the latest prefix of one step, two steps, … began, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Prefixes(Box<[i64]>);

/// No such prefix.
const NEVER: i64 = i64::MIN;

impl Prefixes {
    fn new(steps: usize) -> Prefixes {
        Prefixes(vec![NEVER; steps.saturating_sub(1)].into())
    }

    /// Takes step `step` (from 0); the last one needs no memory.
    fn take(&mut self, step: usize, at: i64) {
        let began = match step.checked_sub(1) {
            None => at,
            Some(before) => self.0.get(before).copied().unwrap_or(NEVER),
        };
        if let Some(latest) = self.0.get_mut(step) {
            *latest = began.max(*latest);
        }
    }

    /// When the latest prefix that lacks only the last step began.
    fn complete(&self) -> i64 {
        self.0.last().copied().unwrap_or(NEVER)
    }

    fn join(&mut self, other: &Prefixes) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own = (*own).max(*other));
    }

    /// True if nothing in it can still count at `now`.
    fn is_over(&self, within_us: Option<i64>, now: i64) -> bool {
        self.0
            .iter()
            .all(|began| *began == NEVER || within_us.is_some_and(|within| age(*began, now) >= within))
    }
}

/// Microseconds since `began`; a clock that went back has none.
fn age(began: i64, now: i64) -> i64 {
    now.saturating_sub(began).max(0)
}

/// What one call is to an automaton: the steps that it takes, from the last to the first, each with what it shares.
pub(crate) type Taken = Vec<(usize, Same)>;

/// A call whose answer decides which of its steps are taken.
#[derive(Debug)]
struct Waiting {
    call: u64,
    at: i64,
    taken: Taken,
    resolved: bool,
}

/// The state of one automaton.
#[derive(Debug)]
pub(crate) struct Track {
    steps: usize,
    /// Steps that a failed call does not take, as bits.
    conditional: u16,
    /// Calls that belong to everything, and the only state where no argument must be the same.
    all: Prefixes,
    by_key: BTreeMap<Key, Prefixes>,
    /// Calls in the order in which they were sent, from the first one that still waits; only with conditional steps.
    waiting: VecDeque<Waiting>,
}

/// Values that one automaton keeps apart. What comes beyond them counts for every value: a flood denies more, never less.
pub(crate) const KEYS_MAX: usize = 1_024;
/// Calls without an answer that one automaton keeps in order. The oldest is then taken for done.
pub(crate) const WAITING_MAX: usize = 256;

impl Track {
    pub(crate) fn new(steps: usize, conditional: u16) -> Track {
        Track {
            steps,
            conditional,
            all: Prefixes::new(steps),
            by_key: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// A call was sent on (or tried, where attempts count).
    pub(crate) fn take(&mut self, call: u64, taken: Taken, within_us: Option<i64>, at: Timestamp) {
        let at = at.as_micros();
        if self.conditional == 0 {
            return self.apply(&taken, within_us, at);
        }
        let resolved = !self.is_conditional(&taken);
        self.waiting.push_back(Waiting { call, at, taken, resolved });
        if self.waiting.len() > WAITING_MAX
            && let Some(oldest) = self.waiting.front_mut()
        {
            oldest.resolved = true;
        }
        self.settle(within_us);
    }

    /// The answer to a call came: one that failed does not take its conditional steps.
    pub(crate) fn resolve(&mut self, call: u64, failed: bool, within_us: Option<i64>) {
        let conditional = self.conditional;
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.call == call) {
            waiting.resolved = true;
            if failed {
                waiting.taken.retain(|(step, _)| conditional & bailiwick_policy::step_bit(*step) == 0);
            }
        }
        self.settle(within_us);
    }

    /// When the latest prefix began that a call sharing `same` would complete at `now`, if one is young enough.
    pub(crate) fn completes(&self, same: &Same, within_us: Option<i64>, now: Timestamp) -> Option<Timestamp> {
        let now = now.as_micros();
        let began = match same {
            Same::Whole => self.with_waiting(&self.all, None).complete(),
            Same::Keys(keys) => {
                let of =
                    |key| self.with_waiting(self.by_key.get(key).unwrap_or(&self.all), Some(key)).complete();
                keys.iter().map(of).max().unwrap_or(NEVER)
            }
            Same::Unknown => self.of_any_key().complete(),
        };
        let young = began != NEVER && within_us.is_none_or(|within| age(began, now) < within);
        young.then_some(Timestamp(began))
    }

    /// Keeps of an older state what is remembered of the first `kept` steps.
    pub(crate) fn inherit(&mut self, old: &Track, kept: usize, within_us: Option<i64>) {
        let cut = |old: &Prefixes| {
            let mut new = Prefixes::new(self.steps);
            new.0.iter_mut().zip(&old.0).take(kept).for_each(|(new, old)| *new = *old);
            new
        };
        let (mut all, by_key): (Prefixes, BTreeMap<Key, Prefixes>) =
            (cut(&old.all), old.by_key.iter().map(|(key, prefixes)| (*key, cut(prefixes))).collect());
        std::mem::swap(&mut self.all, &mut all);
        self.by_key = by_key;
        for waiting in &old.waiting {
            // A call whose answer is still to come is known by another policy's steps: it is taken for done.
            let taken: Taken = waiting.taken.iter().filter(|(step, _)| *step < kept).cloned().collect();
            self.apply(&taken, within_us, waiting.at);
        }
    }

    fn is_conditional(&self, taken: &Taken) -> bool {
        taken.iter().any(|(step, _)| self.conditional & bailiwick_policy::step_bit(*step) != 0)
    }

    /// Applies what is decided, in the order in which it was sent.
    fn settle(&mut self, within_us: Option<i64>) {
        while self.waiting.front().is_some_and(|waiting| waiting.resolved)
            && let Some(Waiting { taken, at, .. }) = self.waiting.pop_front()
        {
            self.apply(&taken, within_us, at);
        }
    }

    fn apply(&mut self, taken: &Taken, within_us: Option<i64>, at: i64) {
        for (step, same) in taken {
            match same {
                Same::Whole | Same::Unknown => self.everywhere(*step, at),
                Same::Keys(keys) => {
                    for key in keys {
                        self.at_key(*key, *step, within_us, at);
                    }
                }
            }
        }
    }

    fn at_key(&mut self, key: Key, step: usize, within_us: Option<i64>, at: i64) {
        if let Some(prefixes) = self.by_key.get_mut(&key) {
            return prefixes.take(step, at);
        }
        if self.by_key.len() >= KEYS_MAX {
            self.by_key.retain(|_, prefixes| !prefixes.is_over(within_us, at));
        }
        if self.by_key.len() >= KEYS_MAX {
            return self.everywhere(step, at);
        }
        let mut prefixes = self.all.clone();
        prefixes.take(step, at);
        // A later step alone begins nothing.
        if prefixes != self.all {
            self.by_key.insert(key, prefixes);
        }
    }

    fn everywhere(&mut self, step: usize, at: i64) {
        self.all.take(step, at);
        self.by_key.values_mut().for_each(|prefixes| prefixes.take(step, at));
    }

    /// The state of one key (`None`: of the calls that belong to everything) as if all that wait had succeeded.
    fn with_waiting<'p>(&self, prefixes: &'p Prefixes, key: Option<&Key>) -> Cow<'p, Prefixes> {
        if self.waiting.is_empty() {
            return Cow::Borrowed(prefixes);
        }
        let mut prefixes = prefixes.clone();
        for waiting in &self.waiting {
            for (step, same) in &waiting.taken {
                let shares = match (same, key) {
                    (Same::Whole | Same::Unknown, _) => true,
                    (Same::Keys(keys), Some(key)) => keys.contains(key),
                    (Same::Keys(_), None) => false,
                };
                if shares {
                    prefixes.take(*step, waiting.at);
                }
            }
        }
        Cow::Owned(prefixes)
    }

    /// A call that may share any value. With calls that wait, chains over different values count too: a doubt.
    fn of_any_key(&self) -> Prefixes {
        let mut joined = self.all.clone();
        self.by_key.values().for_each(|prefixes| joined.join(prefixes));
        for waiting in &self.waiting {
            waiting.taken.iter().for_each(|(step, _)| joined.take(*step, waiting.at));
        }
        joined
    }
}

#[cfg(test)]
mod tests;
