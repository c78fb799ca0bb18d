//! What preconditions need and got: approvals of people, and calls that succeeded.

use std::collections::BTreeMap;

use bailiwick_mcp::Timestamp;
use bailiwick_policy::{Key, Same};

/// The calls that one precondition needs, with the time at which each last succeeded.
#[derive(Debug, Default)]
pub(crate) struct Granted {
    whole: Option<Timestamp>,
    by_key: BTreeMap<Key, Timestamp>,
}

/// Values that one precondition remembers a success for. Beyond it the oldest is forgotten: a flood loses only what it had.
pub(crate) const GRANTS_MAX: usize = 1_024;

impl Granted {
    /// A needed call succeeded. One whose value cannot be told helps nobody.
    pub(crate) fn note(&mut self, same: &Same, at: Timestamp) {
        match same {
            Same::Whole => self.whole = Some(at),
            Same::Unknown => {}
            Same::Keys(keys) => {
                for key in keys {
                    if self.by_key.len() >= GRANTS_MAX && !self.by_key.contains_key(key) {
                        self.forget_oldest();
                    }
                    self.by_key.insert(*key, at);
                }
            }
        }
    }

    pub(crate) fn holds(&self, same: &Same, within_us: Option<i64>, now: Timestamp) -> bool {
        let granted = match same {
            Same::Whole => self.whole,
            Same::Unknown => None,
            Same::Keys(keys) => keys.iter().filter_map(|key| self.by_key.get(key)).max().copied(),
        };
        is_young(granted, within_us, now)
    }

    fn forget_oldest(&mut self) {
        let oldest = self.by_key.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            self.by_key.remove(&oldest);
        }
    }
}

/// True if it was granted less than `within_us` ago. What lies ahead, because the clock went back, is no grant.
pub(crate) fn is_young(granted: Option<Timestamp>, within_us: Option<i64>, now: Timestamp) -> bool {
    granted.is_some_and(|at| {
        at <= now && within_us.is_none_or(|within| now.as_micros().saturating_sub(at.as_micros()) < within)
    })
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::Timestamp;
    use bailiwick_policy::Same;

    use super::{Granted, is_young};

    #[test]
    fn a_grant_is_over_when_its_time_is() {
        assert!(!is_young(None, None, Timestamp(5)));
        assert!(is_young(Some(Timestamp(5)), None, Timestamp(i64::MAX)));
        assert!(is_young(Some(Timestamp(5)), Some(10), Timestamp(14)));
        assert!(!is_young(Some(Timestamp(5)), Some(10), Timestamp(15)));
        assert!(
            !is_young(Some(Timestamp(5)), Some(10), Timestamp(4)),
            "a clock that went back grants nothing"
        );
    }

    #[test]
    fn a_value_that_cannot_be_told_grants_nothing() {
        let mut granted = Granted::default();
        granted.note(&Same::Unknown, Timestamp(1));
        assert!(!granted.holds(&Same::Unknown, None, Timestamp(1)));
        assert!(!granted.holds(&Same::Whole, None, Timestamp(1)));
        granted.note(&Same::Whole, Timestamp(1));
        assert!(granted.holds(&Same::Whole, None, Timestamp(1)));
        assert!(!granted.holds(&Same::Unknown, None, Timestamp(1)));
    }
}
