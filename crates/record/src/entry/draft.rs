//! A decision as it is taken down: owned, and of bounded size where it came from outside.

use std::sync::Arc;

use bailiwick_engine::{Arguments, Decision};
use bailiwick_mcp::Timestamp;
use sha2::{Digest as _, Sha256};

use super::ARGUMENTS_BYTES_MAX;

/// One thing that waits to become a line.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are decisions, in a list whose memory is used again"
)]
pub(super) enum Draft {
    Decision(Decided),
    /// It is this time now, and what was counted instead of recorded is recorded.
    Settle(Timestamp),
}

/// A decision of a run with these names.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) decision: Decision<'static>,
    pub(super) long: Option<LongArguments>,
    pub(super) names: Arc<[u8]>,
}

/// Arguments that are too long to be kept.
#[derive(Debug)]
pub(super) struct LongArguments {
    pub(super) bytes: usize,
    pub(super) sha256: [u8; 32],
}

impl Draft {
    pub(super) fn of(mut decision: Decision<'_>, names: &Arc<[u8]>) -> Draft {
        let long = decision.arguments.take_if(|arguments| arguments.text().len() > ARGUMENTS_BYTES_MAX);
        let long = long.map(|arguments| LongArguments {
            bytes: arguments.text().len(),
            sha256: Sha256::digest(arguments.text()).into(),
        });
        Draft::Decision(Decided { decision: decision.into_owned(), long, names: Arc::clone(names) })
    }

    /// About as many bytes as it keeps.
    pub(super) fn weight(&self) -> usize {
        let Draft::Decision(decided) = self else { return 0 };
        let decision = &decided.decision;
        let texts = [decision.target.as_deref(), decision.arguments.as_ref().map(Arguments::text)];
        texts.into_iter().flatten().map(str::len).sum::<usize>() + DECISION_BYTES
    }
}

/// What a decision takes besides its texts.
const DECISION_BYTES: usize = 512;
