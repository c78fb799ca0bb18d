//! Where decisions wait, in order, until somebody makes lines of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::Scanner;
use bailiwick_mcp::Timestamp;

use super::draft::{Drafts, Said};
use super::fold::Fold;
use super::render::Renderer;
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
    pub(super) drafts: Drafts,
    /// The log is closed: nothing more would be written.
    pub(super) closed: bool,
}

#[derive(Debug)]
struct Clerk {
    renderer: Renderer,
    fold: Fold,
    /// Empty, swapped with the full ones so that neither is allocated again.
    spare: Drafts,
}

impl Desk {
    pub(super) fn new(scanner: Arc<Scanner>) -> Desk {
        let clerk =
            Clerk { renderer: Renderer::new(scanner), fold: Fold::default(), spare: Drafts::default() };
        Desk { waiting: Mutex::default(), clerk: Mutex::new(clerk) }
    }

    /// It is `at` now: what was counted until then is recorded behind what waits.
    pub(super) fn settle(&self, at: Timestamp) {
        self.waiting().drafts.settle(at);
    }

    /// The same for the last time.
    pub(super) fn close(&self, at: Timestamp) {
        let mut waiting = self.waiting();
        waiting.drafts.settle(at);
        waiting.closed = true;
    }

    pub(super) fn is_clear(&self) -> bool {
        self.waiting().drafts.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting().drafts.is_full()
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
        let mut drafts = std::mem::replace(&mut self.waiting().drafts, std::mem::take(spare));
        for said in drafts.said() {
            let (at, settled) = match &said {
                Said::Decision(entry) => (entry.decision.at, false),
                Said::Settle(at) => (*at, true),
            };
            fold.pass(at, settled, &mut |counted| {
                sink(at, "repeated", &mut |object| counted.write(object, renderer.scanner()));
            });
            let Said::Decision(entry) = said else { continue };
            if fold.keeps(&entry) {
                sink(at, Renderer::kind(entry.decision), &mut |object| {
                    object.members(entry.names);
                    renderer.entry(object, &entry);
                });
            }
        }
        drafts.clear();
        *spare = drafts;
    }
}
