//! Who waits for what becomes of a request that is not decided yet.

use std::collections::{BTreeMap, VecDeque};

use bailiwick_engine::Lane;
use bailiwick_mcp::Id;
use tokio::sync::oneshot;

use super::super::letter::What;

/// By the request, in the order in which they came: of calls that wait for our own look at the server's list, two may bear one id.
#[derive(Debug, Default)]
pub(in crate::http) struct Waiters(BTreeMap<(Lane, Id<'static>), VecDeque<oneshot::Sender<What>>>);

impl Waiters {
    /// `beside` others of this id; else those are of a request that its client took back, and hear no more.
    pub(super) fn add(&mut self, lane: Lane, id: &Id<'static>, waiter: oneshot::Sender<What>, beside: bool) {
        let waiting = self.0.entry((lane, id.clone())).or_default();
        if !beside {
            waiting.clear();
        }
        waiting.push_back(waiter);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the first that waits for this request.
    pub(super) fn take(&mut self, lane: Lane, id: &Id<'_>) -> Option<oneshot::Sender<What>> {
        let key = (lane, id.clone().into_owned());
        let waiting = self.0.get_mut(&key)?;
        let first = waiting.pop_front();
        if waiting.is_empty() {
            self.0.remove(&key);
        }
        first
    }

    /// Forgets those who left.
    pub(super) fn forget(&mut self, lane: Lane, id: &Id<'static>) {
        let key = (lane, id.clone());
        if let Some(waiting) = self.0.get_mut(&key) {
            waiting.retain(|waiter| !waiter.is_closed());
            if waiting.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    pub(super) fn has(&self, lane: Lane, id: &Id<'static>) -> bool {
        self.0.contains_key(&(lane, id.clone()))
    }

    /// Who waits for another request than these hears no more.
    pub(super) fn retain(&mut self, mut waits: impl FnMut(Lane, &Id<'static>) -> bool) {
        self.0.retain(|(lane, id), _| waits(*lane, id));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }
}
