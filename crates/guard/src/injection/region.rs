//! Where in a text the rules come together, and how much that weighs.

use std::ops::Range;

use super::excuse::Excuses;
use super::model::Judge;
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
pub(super) fn regions(
    matches: &[Match],
    hits: &[Hit],
    view: &View<'_>,
    structure: i32,
) -> (Parts, Vec<Region>) {
    let mut best = Parts::default();
    let mut regions: Vec<Region> = Vec::new();
    let mut counts = vec![0_u32; RULES.len()];
    let mut excuses = Excuses::new(matches.len(), hits);
    let mut sum = 0;
    let mut first = 0;
    let mut judge = Judge::new(&view.text);
    let is_ascii = view.text.is_ascii();
    // By rule, where it was looked at last.
    let mut looked: Vec<Option<usize>> = vec![None; RULES.len()];
    for (index, last) in matches.iter().enumerate() {
        sum += enter(&mut counts, last.rule);
        while let Some(oldest) =
            matches.get(first).filter(|oldest| oldest.start + INJECTION_WINDOW_BYTES < last.end)
        {
            sum -= leave(&mut counts, oldest.rule);
            first += 1;
        }
        if is_again(&mut looked, last) {
            if let Some(open) = regions.last_mut().filter(|open| open.matches.end == index) {
                open.matches.end = index + 1;
            }
            continue;
        }
        let discount = if structure > 0 {
            0
        } else {
            excuses.discount(first..index + 1, matches, view, sum.min(SUM_MAX))
        };
        let pattern = 10 * (number(sum.min(SUM_MAX)) - number(discount));
        // Such orders stand in every mailbox; what was hidden has no such excuse.
        let is_plain = structure == 0 && plainness(&counts);
        let pattern = if is_plain { pattern.min(PLAIN_MAX) } else { pattern };
        // The model is asked where the rules see something; alone it says nothing.
        let start = matches.get(first).map_or(last.start, |first| first.start);
        let pattern = if pattern < MODEL_FROM && structure == 0 { 0 } else { pattern };
        let model = if pattern >= MODEL_FROM { judge.around(start, last.end).map_or(0, weighed) } else { 0 };
        // Of other scripts it has seen too little to speak against them.
        let foreign = || !is_ascii && is_foreign(view.text.get(start..last.end));
        let model = if model < 0 && foreign() { 0 } else { model };
        let model = if is_plain { model.min(0) } else { model };
        let parts = Parts { pattern, model, structure };
        if parts.points() > best.points() {
            best = parts;
        }
        if let Some(level) = Level::of_result(parts.points()) {
            note(&mut regions, Region { matches: first..index + 1, parts, level });
        }
    }
    (best, regions)
}

/// True if the same rule matched a few words before: once more weighs nothing, and a heap of them must not cost.
fn is_again(looked: &mut [Option<usize>], found: &Match) -> bool {
    let Some(place) = looked.get_mut(found.rule) else { return false };
    let again = place.is_some_and(|before| found.start < before + AGAIN_BYTES);
    if !again {
        *place = Some(found.start);
    }
    again
}

/// True if what the window holds are plain orders and signs alone.
fn plainness(counts: &[u32]) -> bool {
    let mut present = RULES.iter().zip(counts).filter(|(rule, count)| **count > 0 && rule.weight > 1);
    present.all(|(rule, _)| rule.plain)
}

/// More than this plain orders do not weigh by themselves, in hundredths: less than what is told to the reader.
const PLAIN_MAX: i32 = 90;

/// A few words, in bytes.
const AGAIN_BYTES: usize = 48;

/// More than this a window does not weigh, in tenths: a heap of weak signs is no proof.
const SUM_MAX: u32 = 40;

/// True if most of the bytes are of no Latin letters.
fn is_foreign(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.bytes().filter(|byte| !byte.is_ascii()).count() * 2 > text.len())
}

/// Weaker signs are not worth the model's time, in hundredths.
const MODEL_FROM: i32 = 30;

/// What a value of the model is worth.
pub(super) fn weighed(value: i32) -> i32 {
    value.clamp(MODEL_MIN, MODEL_MAX) * 2 / 5
}

/// Bounds of the model's say, in hundredths.
const MODEL_MIN: i32 = -800;
const MODEL_MAX: i32 = 500;

fn number(tenths: u32) -> i32 {
    i32::try_from(tenths).unwrap_or(0)
}

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
