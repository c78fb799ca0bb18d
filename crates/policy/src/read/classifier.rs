//! `guards: { classifier: … }`: when somebody else's opinion is wanted.

use super::Reader;
use super::guards::LEVELS;
use super::units::number;
use crate::guards::{Classifier, Failing, GuardAction, GuardLevel};
use crate::tree::Node;
use crate::words;

/// Longest wait for an opinion, in milliseconds.
const WITHIN_MS_MAX: u64 = 30_000;

impl Reader<'_> {
    pub(super) fn classifier(&mut self, node: &Node) -> Option<Classifier> {
        let members = self.members(node, &words::CLASSIFIER, "`classifier`")?;
        let mut wanted = Classifier {
            from: GuardLevel::Possible,
            score: 500,
            then: GuardAction::Block,
            fails: Failing::Closed,
            within_ms: 5_000,
        };
        if let Some(own) = members.get("from") {
            wanted.from = self.choice(own, "level", &LEVELS)?;
        }
        if let Some(own) = members.get("score") {
            wanted.score = self.score(own)?;
        }
        if let Some(own) = members.get("then") {
            wanted.then = self.choice(own, "action of `classifier`", &Classifier::THEN)?;
        }
        if let Some(own) = members.get("fails") {
            wanted.fails = self.choice(own, "value of `fails`", &Classifier::FAILINGS)?;
        }
        if let Some(own) = members.get("within") {
            wanted.within_ms = self.duration(own)?;
            if wanted.within_ms > WITHIN_MS_MAX {
                self.wrong(own, "`within` is longer than 30s", "an agent waits as long as that: write `5s`");
            }
        }
        Some(wanted)
    }

    /// A score in thousandths.
    fn score(&mut self, node: &Node) -> Option<u16> {
        let text = self.word(node, "`score`")?;
        let thousandths = number(text).map(|score| score * 1_000.0);
        let whole = (1_u16..=1_000)
            .find(|whole| thousandths.is_some_and(|own| (own - f64::from(*whole)).abs() < 1e-6));
        if whole.is_none() {
            let help = "write it with at most three digits behind the point: `0.8`";
            self.wrong(node, format!("`{text}` is no score above 0 and up to 1"), help);
        }
        whole
    }
}
