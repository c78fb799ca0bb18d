//! Where in a text concepts stand so near each other that rules could come together to something.

use std::ops::Range;

use super::granted;
use crate::injection::rule::{self, Hit, THRESHOLD};
use crate::limits::INJECTION_WINDOW_BYTES;

/// How far from another concept a common one can belong to the same rule, in bytes.
const REACH: usize = 200;

/// The stretches around the hits of those windows that can weigh enough, common words taken for granted; in order.
pub(super) fn ranges(hits: &[Hit]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut window = Window::default();
    let (mut first, mut told) = (0, 0);
    let mut known = (0, false);
    for (index, last) in hits.iter().enumerate() {
        window.enter(last);
        while let Some(oldest) =
            hits.get(first).filter(|oldest| oldest.start + INJECTION_WINDOW_BYTES < last.end)
        {
            window.leave(oldest);
            first += 1;
        }
        if known.0 != window.concepts {
            known = (window.concepts, rule::weight_possible(window.concepts | granted()) >= THRESHOLD);
        }
        if !known.1 {
            continue;
        }
        for hit in hits.get(first.max(told)..=index).unwrap_or_default() {
            let range = hit.start.saturating_sub(REACH)..hit.end + REACH;
            match ranges.last_mut() {
                Some(open) if range.start <= open.end => open.end = open.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        told = index + 1;
    }
    ranges
}

/// The concepts of a stretch of hits that grows at one end and shrinks at the other.
pub(in crate::injection) struct Window {
    pub(in crate::injection) concepts: u64,
    counts: [u32; 64],
}

impl Default for Window {
    fn default() -> Window {
        Window { concepts: 0, counts: [0; 64] }
    }
}

impl Window {
    pub(in crate::injection) fn enter(&mut self, hit: &Hit) {
        if let Some(count) = self.counts.get_mut(hit.concept as usize) {
            *count += 1;
            self.concepts |= super::bit(hit.concept);
        }
    }

    pub(in crate::injection) fn leave(&mut self, hit: &Hit) {
        if let Some(count) = self.counts.get_mut(hit.concept as usize) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.concepts &= !super::bit(hit.concept);
            }
        }
    }
}
