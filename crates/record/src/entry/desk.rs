//! Where decisions wait, in order, until somebody makes lines of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::Scanner;
use bailiwick_mcp::Timestamp;

use super::draft::{Decided, Draft};
use super::fold::Fold;
use super::render::Renderer;
use super::{WAITING_BYTES_MAX, WAITING_MAX};
use crate::audit::{Sink, Source};

#[derive(Debug)]
pub(super) struct Desk {
    waiting: Mutex<Waiting>,
    /// Held by the one that makes lines. Taken before `waiting`.
    clerk: Mutex<Clerk>,
}

/// What is taken down and not a line yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    drafts: Vec<Draft>,
    bytes: usize,
    /// The log is closed: nothing more would be written.
    pub(super) closed: bool,
}

impl Waiting {
    pub(super) fn take(&mut self, draft: Draft) {
        self.bytes += draft.weight();
        self.drafts.push(draft);
    }
}

#[derive(Debug)]
struct Clerk {
    renderer: Renderer,
    fold: Fold,
    /// An empty list, swapped with the full one so that neither is allocated again.
    spare: Vec<Draft>,
}

impl Desk {
    pub(super) fn new(scanner: Arc<Scanner>) -> Desk {
        let clerk = Clerk { renderer: Renderer::new(scanner), fold: Fold::default(), spare: Vec::new() };
        Desk { waiting: Mutex::default(), clerk: Mutex::new(clerk) }
    }

    /// It is `at` now: what was counted until then is recorded behind what waits.
    pub(super) fn settle(&self, at: Timestamp) {
        self.waiting().take(Draft::Settle(at));
    }

    /// The same for the last time.
    pub(super) fn close(&self, at: Timestamp) {
        let mut waiting = self.waiting();
        waiting.take(Draft::Settle(at));
        waiting.closed = true;
    }

    pub(super) fn is_clear(&self) -> bool {
        self.waiting().drafts.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        let waiting = self.waiting();
        waiting.drafts.len() >= WAITING_MAX || waiting.bytes >= WAITING_BYTES_MAX
    }

    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Desk {
    fn is_empty(&self) -> bool {
        self.is_clear()
    }

    fn drain(&self, sink: &mut Sink<'_>) {
        let mut clerk = self.clerk.lock().unwrap_or_else(PoisonError::into_inner);
        let Clerk { renderer, fold, spare } = &mut *clerk;
        let mut drafts = {
            let mut waiting = self.waiting();
            waiting.bytes = 0;
            std::mem::replace(&mut waiting.drafts, std::mem::take(spare))
        };
        for draft in drafts.drain(..) {
            let (at, settled) = match &draft {
                Draft::Decision(decided) => (decided.decision.at, false),
                Draft::Settle(at) => (*at, true),
            };
            fold.pass(at, settled, &mut |counted| {
                sink(at, "repeated", &mut |object| counted.write(object, renderer.scanner()));
            });
            let Draft::Decision(decided) = draft else { continue };
            let Decided { decision, long, names } = &decided;
            if fold.keeps(decision, names) {
                sink(at, Renderer::kind(decision), &mut |object| {
                    object.members(names);
                    renderer.decision(object, decision, long.as_ref());
                });
            }
        }
        drafts.shrink_to(WAITING_MAX);
        *spare = drafts;
    }
}
