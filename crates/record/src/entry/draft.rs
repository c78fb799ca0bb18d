//! Decisions as they are taken down: owned, and of bounded size where they came from outside.

use std::ops::Range;
use std::sync::Arc;

use bailiwick_engine::{Decision, Reason};
use bailiwick_mcp::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{ARGUMENTS_BYTES_MAX, WAITING_BYTES_MAX, WAITING_MAX};

/// What waits to become lines, in order. Texts and reasons of all stand one behind the other: what one thread takes down and
/// another makes into lines needs no memory that the one allocates and the other frees.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    drafts: Vec<Draft>,
    texts: String,
    reasons: Vec<Reason>,
}

/// One thing that waits to become a line.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are decisions, in a list whose memory is used again"
)]
enum Draft {
    Decision(Decided),
    /// It is this time now, and what was counted instead of recorded is recorded.
    Settle(Timestamp),
}

/// A decision without what stands in the lists.
#[derive(Debug)]
struct Decided {
    decision: Decision<'static>,
    target: Option<Range<usize>>,
    arguments: Option<Range<usize>>,
    long: Option<Extent>,
    line: Option<Extent>,
    reasons: Range<usize>,
    names: Arc<[u8]>,
}

/// What one draft says.
#[derive(Debug)]
pub(super) enum Said<'d> {
    Decision(Entry<'d>),
    Settle(Timestamp),
}

/// A decision of a run with these names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'d> {
    /// Without target, arguments and reasons.
    pub(super) decision: &'d Decision<'static>,
    pub(super) target: Option<&'d str>,
    pub(super) arguments: Option<&'d str>,
    pub(super) long: Option<&'d Extent>,
    /// Of the whole line, where that was no message.
    pub(super) line: Option<&'d Extent>,
    pub(super) reasons: &'d [Reason],
    pub(super) names: &'d Arc<[u8]>,
}

/// A text that is not kept: arguments that are too long, or a line that is no message.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub(super) bytes: usize,
    pub(super) sha256: [u8; 32],
}

impl Extent {
    #[must_use]
    pub fn of(text: &[u8]) -> Extent {
        Extent { bytes: text.len(), sha256: Sha256::digest(text).into() }
    }
}

impl Drafts {
    pub(super) fn take_down(&mut self, mut decision: Decision<'_>, line: Option<Extent>, names: &Arc<[u8]>) {
        let (mut arguments, mut long) = (None, None);
        if let Some(given) = decision.arguments.take() {
            let text = given.text();
            if text.len() > ARGUMENTS_BYTES_MAX {
                long = Some(Extent::of(text.as_bytes()));
            } else {
                arguments = Some(self.keep(text));
            }
        }
        let target = decision.target.take().map(|target| self.keep(&target));
        let start = self.reasons.len();
        self.reasons.append(&mut std::mem::take(&mut decision.reasons));
        let (reasons, names) = (start..self.reasons.len(), Arc::clone(names));
        let decision = decision.into_owned();
        self.drafts.push(Draft::Decision(Decided {
            decision,
            target,
            arguments,
            long,
            line,
            reasons,
            names,
        }));
    }

    pub(super) fn settle(&mut self, at: Timestamp) {
        self.drafts.push(Draft::Settle(at));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        let bytes = self.texts.len() + self.drafts.len() * DECISION_BYTES;
        self.drafts.len() >= WAITING_MAX || bytes >= WAITING_BYTES_MAX
    }

    pub(super) fn said(&self) -> impl Iterator<Item = Said<'_>> {
        let text = |range: &Range<usize>| self.texts.get(range.clone()).unwrap_or_default();
        self.drafts.iter().map(move |draft| match draft {
            Draft::Settle(at) => Said::Settle(*at),
            Draft::Decision(Decided { decision, target, arguments, long, line, reasons, names }) => {
                Said::Decision(Entry {
                    decision,
                    target: target.as_ref().map(text),
                    arguments: arguments.as_ref().map(text),
                    long: long.as_ref(),
                    line: line.as_ref(),
                    reasons: self.reasons.get(reasons.clone()).unwrap_or_default(),
                    names,
                })
            }
        })
    }

    /// Forgets all of them, keeping a moderate room for others.
    pub(super) fn clear(&mut self) {
        self.drafts.clear();
        self.drafts.shrink_to(WAITING_MAX);
        self.texts.clear();
        self.texts.shrink_to(WAITING_BYTES_MAX);
        self.reasons.clear();
        self.reasons.shrink_to(WAITING_MAX);
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }
}

/// What a decision takes besides its texts, about.
const DECISION_BYTES: usize = 512;
