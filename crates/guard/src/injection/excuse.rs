//! Signs that the text speaks about an attack instead of making one.

use std::ops::Range;

use super::normalise::View;
use super::phrases::Concept;
use super::rule::{Hit, MENTION_DISCOUNT, Match, QUOTE_DISCOUNT, RULES};

pub(super) struct Excuses {
    /// Where words about attacks stand.
    mentions: Vec<usize>,
    /// Which matches are quotations, as far as they were asked for.
    quoted: Vec<Option<bool>>,
}

impl Excuses {
    pub(super) fn new(matches: usize, hits: &[Hit]) -> Excuses {
        let mentions =
            hits.iter().filter(|hit| hit.concept == Concept::Mention).map(|hit| hit.start).collect();
        Excuses { mentions, quoted: vec![None; matches] }
    }

    /// What is taken off the sum of the matches in `range`. Text that was hidden has no excuse.
    pub(super) fn discount(
        &mut self,
        range: Range<usize>,
        matches: &[Match],
        view: &View<'_>,
        sum: u32,
    ) -> u32 {
        let region = matches.get(range.clone()).unwrap_or_default();
        let ends = region.iter().rev().take(ENDS_MAX).map(|found| found.end);
        let (Some(first), Some(end)) = (region.first(), ends.max()) else { return 0 };
        if view.is_hidden(first.start, end) {
            return 0;
        }
        let from = self.mentions.partition_point(|mention| mention + MENTION_NEAR_BYTES < first.start);
        let mentioned = self.mentions.get(from).is_some_and(|mention| *mention < end + MENTION_NEAR_BYTES);
        let quoted = self
            .quoted
            .get_mut(range)
            .unwrap_or_default()
            .iter_mut()
            .zip(region)
            .filter(|(_, found)| RULES.get(found.rule).is_some_and(|rule| rule.weight > 1))
            .all(|(known, found)| *known.get_or_insert_with(|| view.is_quoted(found.start, found.end)));
        u32::from(mentioned) * (sum / 2 + MENTION_DISCOUNT) + u32::from(quoted) * QUOTE_DISCOUNT
    }
}

/// Matches come by their start; the one that ends last is among the last few.
const ENDS_MAX: usize = 8;

/// How far from a match a word about attacks still explains it, in bytes.
const MENTION_NEAR_BYTES: usize = 400;
