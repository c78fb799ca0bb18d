//! Where in a text the rules come together, and how much that weighs.

use std::ops::Range;

use super::excuse::Excuses;
use super::normalise::View;
use super::rule::{Hit, Match, RULES};
use crate::guard::Level;
use crate::limits::INJECTION_WINDOW_BYTES;
use crate::verdict::Parts;

/// A stretch of matches that reaches a level.
#[derive(Debug)]
pub(super) struct Region {
    /// Indices of its matches.
    pub matches: Range<usize>,
    pub parts: Parts,
    pub level: Level,
}

/// The parts of the best window, and the regions in order: windows that overlap are one.
pub(super) fn regions(matches: &[Match], hits: &[Hit], view: &View) -> (Parts, Vec<Region>) {
    let mut best = Parts::default();
    let mut regions: Vec<Region> = Vec::new();
    let mut counts = vec![0_u32; RULES.len()];
    let mut excuses = Excuses::new(matches.len(), hits);
    let mut sum = 0;
    let mut first = 0;
    for (index, last) in matches.iter().enumerate() {
        sum += enter(&mut counts, last.rule);
        while let Some(oldest) =
            matches.get(first).filter(|oldest| oldest.start + INJECTION_WINDOW_BYTES < last.end)
        {
            sum -= leave(&mut counts, oldest.rule);
            first += 1;
        }
        let discount = excuses.discount(first..index + 1, matches, view);
        let pattern =
            10 * (i32::try_from(sum.min(SUM_MAX)).unwrap_or(0) - i32::try_from(discount).unwrap_or(0));
        let parts = Parts { pattern, ..Parts::default() };
        if parts.points() > best.points() {
            best = parts;
        }
        if let Some(level) = Level::of_result(parts.points()) {
            note(&mut regions, Region { matches: first..index + 1, parts, level });
        }
    }
    (best, regions)
}

/// More than this a window does not weigh, in tenths: a heap of weak signs is no proof.
const SUM_MAX: u32 = 60;

fn note(regions: &mut Vec<Region>, new: Region) {
    match regions.last_mut() {
        Some(last) if new.matches.start < last.matches.end => {
            last.matches.end = new.matches.end;
            if new.parts.points() > last.parts.points() {
                last.parts = new.parts;
                last.level = new.level;
            }
        }
        _ => regions.push(new),
    }
}

fn enter(counts: &mut [u32], rule: usize) -> u32 {
    let Some(count) = counts.get_mut(rule) else { return 0 };
    *count += 1;
    if *count == 1 { weight(rule) } else { 0 }
}

fn leave(counts: &mut [u32], rule: usize) -> u32 {
    let Some(count) = counts.get_mut(rule) else { return 0 };
    *count -= 1;
    if *count == 0 { weight(rule) } else { 0 }
}

fn weight(rule: usize) -> u32 {
    RULES.get(rule).map_or(0, |rule| rule.weight)
}
