//! The `injection` guard: instructions to the model inside data.
//!
//! Concepts (an order to disregard, the name of what is disregarded, a role marker, a secret file, …) are found in one
//! pass over a normalised view; rules join concepts that stand near each other in order; each rule has a weight, and
//! what reaches a level inside one window is a finding. One rule alone rarely suffices: documentation about attacks
//! mentions single phrases, an attack needs several.

mod concept;
mod excuse;
mod normalise;
mod phrases;
mod region;
mod rule;
mod screen;

use std::sync::OnceLock;

use self::concept::Concepts;
use self::normalise::View;
use self::region::Region;
use self::rule::RULES;
use self::screen::Screen;
pub(crate) use self::screen::{Folded, is_plain};
use crate::guard::{Finding, Guard, Level, Via};
use crate::limits::{INJECTION_OVERLAP_BYTES, INJECTION_PART_BYTES};
use crate::scanner::Detector;
use crate::verdict::Parts;

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

    /// False only if there is no finding in the text.
    pub(crate) fn may_find(&self, text: &Folded) -> bool {
        self.screen.may_match_folded(text)
    }
}

impl Detector for Injection {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) {
        self.judge(text, report);
    }
}

impl Injection {
    /// Reports the findings, and returns the parts of the best score in the text.
    pub(crate) fn judge(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Parts {
        let mut best = Parts::default();
        if !self.screen.may_match(text) {
            return best;
        }
        let mut start = 0;
        // Findings that reach into the overlap with the next part are found again there.
        let mut seen: Vec<(&'static str, usize)> = Vec::new();
        loop {
            let end = text.floor_char_boundary(start + INJECTION_PART_BYTES);
            let mut late = Vec::new();
            let parts = self.part(text.get(start..end).unwrap_or_default(), &mut |mut finding| {
                finding.span = finding.span.start + start..finding.span.end + start;
                let place = (finding.code, finding.span.start);
                if finding.span.end + INJECTION_OVERLAP_BYTES >= end {
                    late.push(place);
                }
                if !seen.contains(&place) {
                    report(finding);
                }
            });
            if parts.points() > best.points() {
                best = parts;
            }
            if end >= text.len() {
                return best;
            }
            seen = late;
            start = text.floor_char_boundary(end.saturating_sub(INJECTION_OVERLAP_BYTES)).max(start + 1);
        }
    }

    fn part(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Parts {
        let view = View::new(text);
        let hits = self.concepts.get_or_init(Concepts::new).hits(&view);
        let matches = rule::matches(&hits);
        let (best, regions) = region::regions(&matches, &hits, &view);
        // Where the last finding of each code ends: rules that overlap and say the same are one finding.
        let mut ends: Vec<(&str, usize)> = Vec::new();
        for Region { matches: range, parts, level } in regions {
            for found in matches.get(range).unwrap_or_default() {
                let Some(rule) = RULES.get(found.rule) else { continue };
                if ends.iter().any(|(code, end)| *code == rule.code && found.start < *end) {
                    continue;
                }
                ends.retain(|(code, _)| *code != rule.code);
                ends.push((rule.code, found.end));
                report(Finding {
                    guard: Guard::Injection,
                    code: rule.code,
                    span: view.original(found.start, found.end, text),
                    message: rule.message,
                    level,
                    points: parts.points(),
                    via: Via::default(),
                });
            }
        }
        best
    }
}

impl Level {
    /// From how many points on a result reaches this level, in hundredths.
    #[must_use]
    pub fn result_points(self) -> i32 {
        match self {
            Level::Possible => 120,
            Level::Likely => 200,
            Level::Certain => 300,
        }
    }

    /// The level that so many points of a result reach.
    #[must_use]
    pub fn of_result(points: i32) -> Option<Level> {
        Level::ALL.into_iter().rev().find(|level| points >= level.result_points())
    }
}

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    RULES.iter().rev().map(|rule| ((Guard::Injection, rule.code), rule.message))
}
