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
mod screen;

use std::ops::Range;
use std::sync::OnceLock;

use self::concept::Concepts;
use self::normalise::View;
use self::phrases::Concept;
use self::rule::{Hit, MENTION_DISCOUNT, Match, QUOTE_DISCOUNT, RULES, THRESHOLD};
use self::screen::Screen;
pub(crate) use self::screen::is_plain;
use crate::guard::{Finding, Guard};
use crate::limits::{INJECTION_OVERLAP_BYTES, INJECTION_PART_BYTES, INJECTION_WINDOW_BYTES};
use crate::scanner::Detector;

#[derive(Debug)]
pub(crate) struct Injection {
    screen: Screen,
    /// Built for the first text that the screen does not pass over: most runs never see one.
    concepts: OnceLock<Concepts>,
}

impl Injection {
    pub(crate) fn new() -> Injection {
        let phrases = concept::phrases();
        let screen = Screen::new(phrases.iter());
        Injection { screen, concepts: OnceLock::new() }
    }
}

impl Detector for Injection {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) {
        if !self.screen.may_match(text) {
            return;
        }
        let mut start = 0;
        // Findings that reach into the overlap with the next part are found again there.
        let mut seen: Vec<(&'static str, usize)> = Vec::new();
        loop {
            let end = text.floor_char_boundary(start + INJECTION_PART_BYTES);
            let mut late = Vec::new();
            self.part(text.get(start..end).unwrap_or_default(), &mut |mut finding| {
                finding.span = finding.span.start + start..finding.span.end + start;
                let place = (finding.code, finding.span.start);
                if finding.span.end + INJECTION_OVERLAP_BYTES >= end {
                    late.push(place);
                }
                if !seen.contains(&place) {
                    report(finding);
                }
            });
            if end >= text.len() {
                return;
            }
            seen = late;
            start = text.floor_char_boundary(end.saturating_sub(INJECTION_OVERLAP_BYTES)).max(start + 1);
        }
    }
}

impl Injection {
    fn part(&self, text: &str, report: &mut dyn FnMut(Finding)) {
        let view = View::new(text);
        let hits = self.concepts.get_or_init(Concepts::new).hits(&view);
        let matches = rule::matches(&hits);
        let mut reported = 0;
        // Where the last finding of each code ends: rules that overlap and say the same are one finding.
        let mut ends: Vec<(&str, usize)> = Vec::new();
        for (first, last) in regions(&matches, &hits, &view) {
            for found in matches.get(first.max(reported)..last).unwrap_or_default() {
                let Some(rule) = RULES.get(found.rule) else { continue };
                if ends.iter().any(|(code, end)| *code == rule.code && found.start < *end) {
                    continue;
                }
                ends.retain(|(code, _)| *code != rule.code);
                ends.push((rule.code, found.end));
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
        if sum >= THRESHOLD && sum >= THRESHOLD + excuses.discount(first..index + 1, matches, view) {
            found.push((first, index + 1));
        }
    }
    found
}

/// Signs that the text speaks about an attack instead of making one.
struct Excuses {
    /// Where words about attacks stand.
    mentions: Vec<usize>,
    /// Which matches are quotations, as far as they were asked for.
    quoted: Vec<Option<bool>>,
}

impl Excuses {
    fn new(matches: usize, hits: &[Hit]) -> Excuses {
        let mentions =
            hits.iter().filter(|hit| hit.concept == Concept::Mention).map(|hit| hit.start).collect();
        Excuses { mentions, quoted: vec![None; matches] }
    }

    /// What is taken off the sum of the matches in `range`. Text that was hidden has no excuse.
    fn discount(&mut self, range: Range<usize>, matches: &[Match], view: &View) -> u32 {
        let region = matches.get(range.clone()).unwrap_or_default();
        let (Some(first), Some(end)) = (region.first(), region.iter().map(|found| found.end).max()) else {
            return 0;
        };
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
            .all(|(known, found)| *known.get_or_insert_with(|| view.is_quoted(found.start, found.end)));
        u32::from(mentioned) * MENTION_DISCOUNT + u32::from(quoted) * QUOTE_DISCOUNT
    }
}

/// How far from a match a word about attacks still explains it, in bytes.
const MENTION_NEAR_BYTES: usize = 400;

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
