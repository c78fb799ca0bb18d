//! The `injection` guard: instructions to the model inside data.
//!
//! Concepts (an order to disregard, the name of what is disregarded, a role marker, a secret file, …) are found in one
//! pass over a normalised view; rules join concepts that stand near each other in order; each rule has a weight, and
//! what reaches a level inside one window is a finding. One rule alone rarely suffices: documentation about attacks
//! mentions single phrases, an attack needs several.

mod concept;
mod excuse;
mod glance;
pub mod model;
mod normalise;
mod phrases;
mod region;
mod rule;
mod screen;
mod suspect;
mod views;

pub(crate) use self::glance::Glance;
use self::model::Judge;
use self::normalise::View;
use self::region::Region;
use self::rule::{Match, RULES};
use self::screen::Screen;
pub(crate) use self::screen::is_plain;
use self::suspect::Marks;
use self::views::{Piece, Views};
use crate::guard::{Finding, Guard, Level, Via};
use crate::limits::{INJECTION_OVERLAP_BYTES, INJECTION_PART_BYTES};
use crate::scanner::Detector;
use crate::verdict::Parts;

#[derive(Debug)]
pub(crate) struct Injection {
    screen: Screen,
}

/// The text as this guard reads it: lower case, without accents and invisible characters, look-alike letters made plain.
pub(crate) fn normalised(text: &str) -> String {
    View::new(text).text
}

impl Injection {
    pub(crate) fn new() -> Injection {
        Injection { screen: Screen::new(concept::phrases()) }
    }

    /// A first look at a plain text.
    pub(crate) fn glance(&self) -> Glance<'_> {
        Glance::new(&self.screen)
    }
}

impl Detector for Injection {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Option<&'static str> {
        self.judge(text, report).1
    }
}

impl Injection {
    /// Reports the findings, and returns the parts of the best score in the text, and what was left out of it.
    pub(crate) fn judge(&self, text: &str, report: &mut dyn FnMut(Finding)) -> (Parts, Option<&'static str>) {
        let mut best = Parts::default();
        let mut left_out = None;
        // Of the stretch that two parts share the first half is told by the one, the second by the other: each has seen what
        // stands around it.
        let (mut start, mut from) = (0, 0);
        loop {
            let end = text.floor_char_boundary(start + INJECTION_PART_BYTES);
            let to =
                if end >= text.len() { usize::MAX } else { end.saturating_sub(INJECTION_OVERLAP_BYTES / 2) };
            let (parts, full) = self.part(text.get(start..end).unwrap_or_default(), &mut |mut finding| {
                finding.span = finding.span.start + start..finding.span.end + start;
                if (from..to).contains(&finding.span.start) {
                    report(finding);
                }
            });
            if parts.points() > best.points() {
                best = parts;
            }
            left_out = left_out.or(full.then_some(BEYOND));
            if end >= text.len() {
                return (best, left_out);
            }
            from = to;
            start = text.floor_char_boundary(end.saturating_sub(INJECTION_OVERLAP_BYTES)).max(start + 1);
        }
    }

    /// The parts of the best score, and whether pieces were left out.
    fn part(&self, text: &str, report: &mut dyn FnMut(Finding)) -> (Parts, bool) {
        let mut best = self.plain(&View::new(text), report);
        let views = Views::of(text, Marks::of(text), &self.screen);
        for piece in views.pieces {
            // What was only joined again weighs nothing by itself.
            if piece.points == 0 && !self.screen.may_match(&piece.text) {
                continue;
            }
            let parts = self.hidden(&piece, report);
            if parts.points() > best.points() {
                best = parts;
            }
        }
        (best, views.full)
    }

    /// The text as it is.
    fn plain(&self, view: &View<'_>, report: &mut dyn FnMut(Finding)) -> Parts {
        let hits = self.screen.hits(view);
        let matches = rule::matches(&hits, &view.text);
        let (best, regions) = region::regions(&matches, &hits, view, 0);
        each_match(&regions, &matches, &mut |found, code, message, region| {
            report(Finding {
                guard: Guard::Injection,
                code,
                span: to_word_end(view.source, view.original(found.start, found.end)),
                message,
                level: region.level,
                points: region.parts.points(),
                via: Via::default(),
                parts: Some(region.parts),
            });
        });
        best
    }

    /// What was decoded or put together: the disguise weighs too.
    fn hidden(&self, piece: &Piece, report: &mut dyn FnMut(Finding)) -> Parts {
        let view = View::new(&piece.text);
        let hits = self.screen.hits(&view);
        let matches = rule::matches(&hits, &view.text);
        let (mut best, regions) = region::regions(&matches, &hits, &view, piece.points);
        if piece.points > 0 && best.structure == 0 {
            let model = Judge::new(&view.text).around(0, view.text.len()).map_or(0, region::weighed);
            best = Parts { structure: piece.points, model, ..Parts::default() };
        }
        let finding = |code, message, level, parts: Parts| Finding {
            guard: Guard::Injection,
            code,
            span: piece.span.clone(),
            message,
            level,
            points: parts.points(),
            via: piece.via,
            parts: Some(parts),
        };
        if let (Some(level), true) = (Level::of_result(best.points()), piece.points > 0) {
            report(finding("disguised", DISGUISED, level, best));
        }
        each_match(&regions, &matches, &mut |_, code, message, region| {
            report(finding(code, message, region.level, region.parts));
        });
        best
    }
}

const BEYOND: &str = "encoded pieces beyond the decoder's bounds";
const DISGUISED: &str = "sentences that were encoded, hidden or disguised";

/// A phrase may end inside of a word (`instruction` of `instructions`); what is shown and cut is the whole word.
fn to_word_end(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let inside = text.get(..span.end).is_some_and(|head| head.ends_with(|c: char| c.is_ascii_alphabetic()));
    let rest = text.get(span.end..).unwrap_or_default().bytes();
    let more = rest.take(WORD_REST_MAX).take_while(u8::is_ascii_alphabetic).count();
    if inside { span.start..span.end + more } else { span }
}

/// The rest of a word, in bytes.
const WORD_REST_MAX: usize = 12;

/// Each match of the regions; rules that overlap and say the same are one.
fn each_match(
    regions: &[Region],
    matches: &[Match],
    report: &mut dyn FnMut(&Match, &'static str, &'static str, &Region),
) {
    // Where the last finding of each code ends.
    let mut ends: Vec<(&str, usize)> = Vec::new();
    for region in regions {
        let inside = matches.get(region.matches.clone()).unwrap_or_default();
        let is_sign = |found: &Match| RULES.get(found.rule).is_some_and(|rule| rule.code == "sign");
        // Signs are told only where there is nothing else to tell.
        let signs_alone = inside.iter().all(is_sign);
        for found in inside.iter().filter(|found| signs_alone || !is_sign(found)) {
            let Some(rule) = RULES.get(found.rule) else { continue };
            if ends.iter().any(|(code, end)| *code == rule.code && found.start < *end) {
                continue;
            }
            ends.retain(|(code, _)| *code != rule.code);
            ends.push((rule.code, found.end));
            report(found, rule.code, rule.message, region);
        }
    }
}

impl Level {
    /// From how many points on a result reaches this level, in hundredths.
    #[must_use]
    pub fn result_points(self) -> i32 {
        match self {
            Level::Possible => 30,
            Level::Likely => 100,
            Level::Certain => 230,
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
    let rules = RULES.iter().rev().map(|rule| ((Guard::Injection, rule.code), rule.message));
    rules.chain([((Guard::Injection, "disguised"), DISGUISED)])
}
