//! Counting decisions by tool and by principal.

use std::collections::BTreeMap;

use bailiwick_policy::Verdict;

use super::report::Tally;

/// Targets and principals that are counted one by one; the others are counted as `…`.
const TALLIES_MAX: usize = 2_000;

/// How many are denied, asked about and allowed now, and were not then.
pub(super) fn changes(then: Verdict, now: Verdict) -> (u64, u64, u64) {
    match (then, now) {
        (Verdict::Allow, Verdict::Deny) | (Verdict::Ask, Verdict::Deny) => (1, 0, 0),
        (Verdict::Allow, Verdict::Ask) | (Verdict::Deny, Verdict::Ask) => (0, 1, 0),
        (Verdict::Ask | Verdict::Deny, Verdict::Allow) => (0, 0, 1),
        (Verdict::Allow, Verdict::Allow) | (Verdict::Ask, Verdict::Ask) | (Verdict::Deny, Verdict::Deny) => {
            (0, 0, 0)
        }
    }
}

pub(super) fn tally<'t>(tallies: &'t mut BTreeMap<String, Tally>, name: &str) -> &'t mut Tally {
    let name = if tallies.len() >= TALLIES_MAX && !tallies.contains_key(name) { "…" } else { name };
    if !tallies.contains_key(name) {
        tallies.insert(name.to_owned(), Tally { name: name.to_owned(), ..Tally::default() });
    }
    tallies.entry(name.to_owned()).or_default()
}

impl Tally {
    pub(super) fn count(&mut self, is_call: bool, then: Verdict, now: Verdict) {
        let add = |number: &mut u64, more: bool| *number = number.saturating_add(u64::from(more));
        add(&mut self.calls, is_call);
        add(&mut self.allowed, is_call && now == Verdict::Allow);
        add(&mut self.asked, is_call && now == Verdict::Ask);
        add(&mut self.denied, is_call && now == Verdict::Deny);
        let (denied, asked, allowed) = changes(then, now);
        self.now_denied = self.now_denied.saturating_add(denied);
        self.now_asked = self.now_asked.saturating_add(asked);
        self.now_allowed = self.now_allowed.saturating_add(allowed);
    }
}
