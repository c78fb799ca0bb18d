//! What a message is about that is looked at.

use bailiwick_mcp::Value;
use bailiwick_policy::Target;

use crate::pins::Offer;

/// What a message is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'s> {
    /// `None`: the server as a whole.
    pub(crate) target: Option<Target<'s>>,
    /// What the server offers, where the text is one that an agent may write back.
    pub(crate) offer: Option<&'s Offer>,
    /// The schema of `structuredContent`, as JSON.
    pub(crate) schema: Option<&'s str>,
    pub(crate) structured: Option<Value<'s>>,
}

impl About<'_> {
    /// An agent may write the text back, so that a change of it would damage what was read.
    pub(super) fn is_written_back(&self) -> bool {
        self.offer.zip(self.target).is_some_and(|(offer, target)| offer.may_be_written_back(&target))
    }
}
