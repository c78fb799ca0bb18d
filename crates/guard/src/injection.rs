//! The `injection` guard: instructions to the model inside data.
//!
//! Concepts (an order to disregard, the name of what is disregarded, a role marker, a secret file, …) are found in one
//! pass over a normalised view; rules join concepts that stand near each other in order; each rule has a weight, and
//! what reaches the threshold inside one window is a finding. One rule alone rarely suffices: documentation about
//! attacks mentions single phrases, an attack needs several.

mod concept;
mod normalise;
mod phrases;
mod rule;

use self::concept::Concepts;
use self::normalise::View;
use self::rule::{Hit, MENTION_DISCOUNT, Match, QUOTE_DISCOUNT, RULES, THRESHOLD};
use crate::guard::{Finding, Guard};
use crate::limits::INJECTION_WINDOW_BYTES;
use crate::scanner::Detector;

#[derive(Debug)]
pub(crate) struct Injection {
    concepts: Concepts,
}

impl Injection {
    pub(crate) fn new() -> Injection {
        Injection { concepts: Concepts::new() }
    }
}

impl Detector for Injection {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) {
        let view = View::new(text);
        let hits = self.concepts.hits(&view);
        if hits.is_empty() {
            return;
        }
        let matches = rule::matches(&hits);
        let mut reported = 0;
        for (first, last) in regions(&matches, &hits, &view) {
            for found in matches.get(first.max(reported)..last).unwrap_or_default() {
                let Some(rule) = RULES.get(found.rule) else { continue };
                let span = view.original(found.start, found.end, text);
                report(Finding { guard: Guard::Injection, code: rule.code, span, message: rule.message });
            }
            reported = last;
        }
    }
}

/// The stretches of `matches`, as index ranges in order, whose distinct rules together reach the threshold.
fn regions(matches: &[Match], hits: &[Hit], view: &View) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut counts = vec![0_u32; RULES.len()];
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
        if sum >= THRESHOLD
            && sum >= THRESHOLD + discount(matches.get(first..=index).unwrap_or_default(), hits, view)
        {
            found.push((first, index + 1));
        }
    }
    found
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

/// What is taken off because the text speaks about an attack instead of making one. Hidden text has no such excuse.
fn discount(region: &[Match], hits: &[Hit], view: &View) -> u32 {
    let (Some(first), Some(last)) = (region.first(), region.iter().map(|found| found.end).max()) else {
        return 0;
    };
    if view.is_hidden(first.start, last) {
        return 0;
    }
    let mention = if concept::is_mentioned(hits, first.start, last) { MENTION_DISCOUNT } else { 0 };
    let quote =
        if region.iter().all(|found| view.is_quoted(found.start, found.end)) { QUOTE_DISCOUNT } else { 0 };
    mention + quote
}
