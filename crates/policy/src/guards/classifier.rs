//! When an external classifier is asked about an answer, and what its opinion does. Where it is, no policy says.

use super::{GuardAction, GuardLevel};

/// What is wanted of an external classifier's opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classifier {
    /// From which level of an injection finding on it is asked.
    pub from: GuardLevel,
    /// The score from which on an answer counts as an attack, in thousandths.
    pub score: u16,
    /// What is done then: [`GuardAction::Log`], [`GuardAction::Quarantine`] or [`GuardAction::Block`].
    pub then: GuardAction,
    /// What no opinion means.
    pub fails: Failing,
    /// How long an opinion is waited for, in milliseconds.
    pub within_ms: u64,
}

/// What a missing opinion means. The order is from lenient to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failing {
    /// The guards' own findings decide.
    Open,
    /// The answer is withheld.
    Closed,
}

impl Classifier {
    pub(crate) const FAILINGS: [(&'static str, Failing); 2] =
        [("closed", Failing::Closed), ("open", Failing::Open)];
    pub(crate) const THEN: [(&'static str, GuardAction); 3] =
        [("log", GuardAction::Log), ("quarantine", GuardAction::Quarantine), ("block", GuardAction::Block)];

    /// What holds where both are wanted: the stricter of each. An opinion has the longer of the two times: less of it is lost.
    #[must_use]
    pub(crate) fn joined(self, other: Classifier) -> Classifier {
        Classifier {
            from: self.from.min(other.from),
            score: self.score.min(other.score),
            then: self.then.max(other.then),
            fails: self.fails.max(other.fails),
            within_ms: self.within_ms.max(other.within_ms),
        }
    }
}
