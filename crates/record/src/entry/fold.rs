//! Floods: what a peer sends that is no message, that nobody asked for, or that comes faster than it may, is recorded one by one only up to a rate. Beyond
//! it the like is counted, and the count recorded, so that a flood does not fill the disk.

use std::sync::Arc;

use bailiwick_engine::{Action, Event, PACE, Reason, Scanner};
use bailiwick_mcp::{Direction, Timestamp};

use super::draft::Entry;
use super::render::{direction, name};
use crate::json::Object;

/// Records of that sort in a second that are written as they are.
pub(super) const REPEATS_MAX: u32 = 64;
/// Runs, directions and kinds that are counted apart; what is of another is recorded as it is.
const COUNTED_MAX: usize = 256;
/// A second.
const WINDOW_US: u64 = 1_000_000;

#[derive(Debug, Default)]
pub(super) struct Fold {
    /// When the first of the current second came.
    since: Option<Timestamp>,
    written: u32,
    /// By run, direction, kind and reason.
    counted: Vec<Counted>,
}

/// What was not recorded one by one.
#[derive(Debug)]
pub(super) struct Counted {
    names: Arc<[u8]>,
    direction: Direction,
    event: Event,
    count: u64,
    /// Why the first of them was not let through, and the same in words.
    reason: Reason,
    source: &'static str,
    id: String,
    message: String,
}

impl Fold {
    /// Time has come to `at`: gives what was counted in a second that is over (`settled`: or that need not be waited for).
    pub(super) fn pass(&mut self, at: Timestamp, settled: bool, record: &mut dyn FnMut(&Counted)) {
        let Some(since) = self.since else { return };
        if settled || at.micros_since(since) >= WINDOW_US || at < since {
            self.counted.drain(..).for_each(|counted| record(&counted));
            self.since = None;
            self.written = 0;
        }
    }

    /// False if the decision was counted instead.
    pub(super) fn keeps(&mut self, entry: &Entry<'_>) -> bool {
        let Some(reason) = noise(entry) else { return true };
        let Entry { decision, names, .. } = entry;
        self.since.get_or_insert(decision.at);
        if self.written < REPEATS_MAX {
            self.written += 1;
            return true;
        }
        let (direction, event) = (decision.direction, decision.event);
        let same = |old: &&mut Counted| {
            (old.direction, old.event) == (direction, event)
                && Arc::ptr_eq(&old.names, names)
                && is_like(&old.reason, reason)
        };
        if let Some(old) = self.counted.iter_mut().find(same) {
            old.count += 1;
            return false;
        }
        if self.counted.len() >= COUNTED_MAX {
            return true;
        }
        let described = reason.describe(&decision.policy);
        self.counted.push(Counted {
            names: Arc::clone(names),
            direction,
            event,
            count: 1,
            reason: reason.clone(),
            source: described.source,
            id: described.id.into_owned(),
            message: described.message.into_owned(),
        });
        false
    }
}

/// Of what comes too fast each kind is counted apart; the rest is one.
fn is_like(one: &Reason, other: &Reason) -> bool {
    match (one, other) {
        (Reason::Guard { code: one, .. }, Reason::Guard { code: other, .. }) => one == other,
        (Reason::Guard { .. }, _) | (_, Reason::Guard { .. }) => false,
        _ => true,
    }
}

/// Why a decision is about nothing that anybody waits for: no message, one to nobody, or one of too many, that went nowhere.
fn noise<'d>(entry: &Entry<'d>) -> Option<&'d Reason> {
    let ([reason], decision) = (entry.reasons, entry.decision) else { return None };
    let too_fast = matches!(reason, Reason::Guard { guard: PACE, .. });
    if !too_fast && !matches!(reason, Reason::Protocol(_)) {
        return None;
    }
    let nowhere = match decision.event {
        Event::Malformed => matches!(decision.action, Action::Dropped | Action::Refused),
        Event::Decision => {
            decision.action == Action::Dropped || too_fast && decision.action == Action::Refused
        }
        Event::Completion | Event::Approval | Event::Opinion | Event::Pin => false,
    };
    nowhere.then_some(reason)
}

impl Counted {
    pub(super) fn write(&self, object: &mut Object<'_>, scanner: &Scanner) {
        object.members(&self.names).string("direction", direction(self.direction));
        object.string("of", if self.event == Event::Malformed { "malformed" } else { "decision" });
        object.number("count", self.count);
        object.array("reasons", |array| {
            array.object(|object| {
                object.string("source", self.source).string("id", &self.id);
                name(scanner, object, "message", &self.message);
            });
        });
    }
}
