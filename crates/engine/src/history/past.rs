//! What is remembered for one run, or for one principal over all its runs. Its size is bounded by the policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_mcp::Timestamp;
use bailiwick_policy::{Automaton, Policy};

use super::granted::Granted;
use super::track::Track;
use super::within_us;

/// The past, in the terms of one policy.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The policy that the numbers below count in.
    policy: Option<Arc<Policy>>,
    /// Beside [`Policy::automata`].
    pub(super) tracks: Vec<Track>,
    /// Beside [`Policy::preconditions`].
    pub(super) granted: Vec<Granted>,
    /// When a person last approved what was asked, by the id of what asked.
    pub(super) approvals: BTreeMap<String, Timestamp>,
    calls: u64,
}

impl Past {
    /// Brings the past into the terms of `policy`. What tightens is kept as far as its steps are the same; what loosens is
    /// forgotten.
    pub(super) fn align(&mut self, policy: &Arc<Policy>) {
        if self.is_of(policy) {
            return;
        }
        let track = |automaton: &Automaton| Track::new(usize::from(automaton.steps), automaton.conditional);
        let mut tracks: Vec<Track> = policy.automata().iter().map(track).collect();
        let old = self.policy.as_ref().map_or(&[] as &[Automaton], |policy| policy.automata());
        for (track, automaton) in tracks.iter_mut().zip(policy.automata()) {
            let same = |other: &Automaton| {
                (&other.id, other.count, other.per) == (&automaton.id, automaton.count, automaton.per)
            };
            let found = old.iter().zip(&self.tracks).find(|(other, _)| same(other));
            let Some((before, remembered)) = found else { continue };
            let kept = before.digests.iter().zip(&automaton.digests).take_while(|(one, other)| one == other);
            track.inherit(remembered, kept.count(), within_us(automaton.within_ms));
        }
        self.tracks = tracks;
        self.granted = policy.preconditions().iter().map(|_| Granted::default()).collect();
        self.approvals.clear();
        self.policy = Some(Arc::clone(policy));
    }

    /// True if no call was remembered, and nothing approved.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls == 0 && self.approvals.is_empty()
    }

    /// True if the numbers are those of `policy`.
    pub(super) fn is_of(&self, policy: &Arc<Policy>) -> bool {
        let same = |own: &Arc<Policy>| Arc::ptr_eq(own, policy) || own.digest() == policy.digest();
        self.policy.as_ref().is_some_and(same)
    }

    /// A person approved what `id` asked about.
    pub(super) fn approve(&mut self, id: &str, at: Timestamp) {
        self.approvals.insert(id.to_owned(), at);
    }

    /// The number of the call that is remembered next.
    pub(super) fn next_call(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }
}
