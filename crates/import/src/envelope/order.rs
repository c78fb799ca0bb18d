//! How many calls may be made while their order still fits a workflow of an envelope well enough.
//!
//! agent-envelope scores how many steps of a workflow the calls so far matched, in order, and what part of the calls that is.
//! Here a tool needs the success of a step before its own, which says how many steps were matched at least when it is called;
//! and that says after how many calls the score would still be good.

use std::collections::BTreeSet;

/// A workflow: its steps, as indexes of patterns.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) steps: Vec<usize>,
    /// From this number of calls on the score is halved.
    pub(super) most: f64,
}

/// The workflows of an envelope, and when their score is good enough.
#[derive(Debug)]
pub(super) struct Order {
    /// The patterns of all steps, each once; `*` stands for any text.
    pub(super) patterns: Vec<String>,
    pub(super) flows: Vec<Flow>,
    /// Before so many calls nothing is scored.
    pub(super) threshold: u64,
    /// The least confidence that stops nothing, in thousandths.
    pub(super) confidence: u32,
}

impl Order {
    /// The patterns of the steps right before `pattern`, in any workflow; none if it is a first step somewhere.
    pub(super) fn before(&self, pattern: usize) -> BTreeSet<usize> {
        let mut before = BTreeSet::new();
        for flow in &self.flows {
            let mut last = None;
            for step in &flow.steps {
                if *step == pattern {
                    match last {
                        Some(last) => before.insert(last),
                        None => return BTreeSet::new(),
                    };
                }
                last = Some(*step);
            }
        }
        before
    }

    /// For every pattern, the number of calls up to which the score is good once a tool that it names was called; `None`:
    /// it is from then on.
    pub(super) fn bounds(&self) -> Vec<Option<u64>> {
        let of_flow = |flow: &Flow| (0..=flow.steps.len()).map(|matched| self.good(flow, matched)).collect();
        let good: Vec<Vec<Option<u64>>> = self.flows.iter().map(of_flow).collect();
        let none = self.threshold.saturating_sub(1);
        let bound = |of_pattern: &Vec<usize>| {
            // The workflow that fits best counts.
            let mut each =
                good.iter().zip(of_pattern).map(|(good, at)| good.get(*at).copied().unwrap_or(Some(none)));
            each.try_fold(none, |best, one| Some(best.max(one?)))
        };
        self.matched().iter().map(bound).collect()
    }

    /// For every pattern and workflow, how many steps of it are matched at least once a tool that the pattern names was called:
    /// the greatest numbers that follow from each other. What comes first in a run follows from nothing, so they hold.
    fn matched(&self) -> Vec<Vec<usize>> {
        let before: Vec<BTreeSet<usize>> = (0..self.patterns.len()).map(|index| self.before(index)).collect();
        let full: Vec<usize> = self.flows.iter().map(|flow| flow.steps.len()).collect();
        // For every pattern, which steps are surely matched by what it names.
        let covered: Vec<Vec<bool>> = self
            .patterns
            .iter()
            .map(|pattern| self.patterns.iter().map(|step| covers(step, pattern)).collect())
            .collect();
        let mut matched = vec![full; self.patterns.len()];
        for _ in 0..ROUNDS_MAX {
            let of_pattern = |(covered, before): (&Vec<bool>, &BTreeSet<usize>)| {
                let of_flow = |(index, flow): (usize, &Flow)| {
                    let known = |step: &usize| matched.get(*step).and_then(|of| of.get(index)).copied();
                    let known = before.iter().filter_map(known).min().unwrap_or(0);
                    // One more, if what is called is the next step.
                    let next = flow.steps.get(known).and_then(|step| covered.get(*step));
                    known.saturating_add(usize::from(next == Some(&true)))
                };
                self.flows.iter().enumerate().map(of_flow).collect()
            };
            let next: Vec<Vec<usize>> = covered.iter().zip(&before).map(of_pattern).collect();
            if next == matched {
                return matched;
            }
            matched = next;
        }
        vec![vec![0; self.flows.len()]; self.patterns.len()]
    }

    /// The greatest number of calls with a good score, if `matched` steps are matched; `None`: it stays good.
    fn good(&self, flow: &Flow, matched: usize) -> Option<u64> {
        let (steps, matched) = (whole(flow.steps.len()), whole(matched));
        if steps <= 0.0 || matched <= 0.0 {
            return Some(self.threshold.saturating_sub(1));
        }
        let coverage = 0.7 * (matched / steps);
        if self.is_good(coverage * 0.5) {
            return None;
        }
        let mut calls: u32 = 0;
        while calls < CALLS_MAX {
            let next = f64::from(calls.saturating_add(1));
            let confidence = coverage + 0.3 * (matched / next.max(matched));
            let halved = if next > flow.most { confidence * 0.5 } else { confidence };
            if u64::from(calls).saturating_add(1) >= self.threshold && !self.is_good(halved) {
                break;
            }
            calls = calls.saturating_add(1);
        }
        Some(u64::from(calls))
    }

    /// Rounded to thousandths, as there; a tie is taken for too little.
    fn is_good(&self, confidence: f64) -> bool {
        (confidence * 1_000.0 - 1e-6).round() >= f64::from(self.confidence)
    }
}

/// True if `pattern` matches whatever `other` matches. The `*` of `other` is any text, which only a `*` matches.
pub(super) fn covers(pattern: &str, other: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), other.chars().collect());
    let (mut at, mut read) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, read));
                at = at.saturating_add(1);
            }
            (Some(wanted), _) if Some(wanted) == text.get(read) => {
                at = at.saturating_add(1);
                read = read.saturating_add(1);
            }
            (_, Some((place, from))) => {
                // It takes one character more.
                let from = from.saturating_add(1);
                star = Some((place, from));
                (at, read) = (place.saturating_add(1), from);
            }
            (_, None) => return false,
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|rest| *rest == '*')
}

fn whole(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

/// Rounds after which nothing is known, rather than something wrong. Each but the last lowers a number.
const ROUNDS_MAX: u32 = 256;
/// Calls that are tried out; a bound beyond is this.
const CALLS_MAX: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::{Flow, Order, covers};

    /// Workflows of single letters, `*` for any text; no tool is scored before the third call.
    fn bounds(flows: &[(&str, f64)], confidence: u32) -> Vec<(String, Option<u64>)> {
        let mut patterns: Vec<String> = Vec::new();
        let mut index = |step: char| {
            let step = step.to_string();
            patterns.iter().position(|known| *known == step).unwrap_or_else(|| {
                patterns.push(step);
                patterns.len() - 1
            })
        };
        let flows = flows
            .iter()
            .map(|(steps, most)| Flow { steps: steps.chars().map(&mut index).collect(), most: *most })
            .collect();
        let order = Order { patterns: patterns.clone(), flows, threshold: 3, confidence };
        patterns.into_iter().zip(order.bounds()).collect()
    }

    #[test]
    fn a_step_lets_as_many_calls_pass_as_its_score_stays_good_for() {
        let found = bounds(&[("abc", 5.0)], 300);
        // 0.7/3 + 0.3/n, and behind five calls the half of it.
        assert_eq!(found, [("a".to_owned(), Some(4)), ("b".to_owned(), Some(5)), ("c".to_owned(), None)]);
    }

    #[test]
    fn the_workflow_that_fits_best_counts() {
        let found = bounds(&[("abcd", 10.0), ("ax", 10.0)], 300);
        assert_eq!(found.first(), Some(&("a".to_owned(), Some(10))), "half of `ax`, not a quarter of `abcd`");
    }

    #[test]
    fn a_step_that_stands_twice_proves_the_earlier_place_only() {
        let found = bounds(&[("abcbd", 1_000.0)], 300);
        // After a and b, d may come at once, which is no next step: two of five, 0.28 + 0.6/n.
        assert_eq!(found.last(), Some(&("d".to_owned(), Some(30))));
    }

    #[test]
    fn with_low_thresholds_nothing_is_good_behind_the_most_steps() {
        assert_eq!(bounds(&[("ab", 4.0)], 600).last(), Some(&("b".to_owned(), Some(4))));
    }

    #[test]
    fn a_pattern_covers_what_it_matches_whatever_the_other_stands_for() {
        for (pattern, other) in
            [("read_*", "read_file"), ("*", "a*b"), ("a*c*", "abc"), ("r*e", "r*d_e"), ("a", "a")]
        {
            assert!(covers(pattern, other), "{pattern} {other}");
        }
        for (pattern, other) in
            [("read_file", "read_*"), ("a*b", "*b"), ("a*", "*"), ("ab", "a"), ("a*b", "abc")]
        {
            assert!(!covers(pattern, other), "{pattern} {other}");
        }
    }

    /// Without the bounds of the search this would not end.
    #[test]
    fn the_largest_workflows_are_weighed() {
        let letters: Vec<String> = (0..512).map(|n| format!("*a{n}*")).collect();
        for length in [1, 2, 16, 512] {
            let steps: Vec<usize> = (0..512).collect();
            let flows = steps.chunks(length).map(|steps| Flow { steps: steps.to_vec(), most: 1e9 }).collect();
            let order = Order { patterns: letters.clone(), flows, threshold: 3, confidence: 300 };
            assert_eq!(order.bounds().len(), 512);
        }
    }
}
