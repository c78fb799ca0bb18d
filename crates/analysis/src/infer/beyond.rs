//! What a policy that is to be widened says of the needs, and what of each tool is opened that was closed.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_policy::{Effect, Policy, Verdict};

use super::check::decide;
use super::need::{self, Key, Needs, Seen};
use super::value::Matcher;
use super::{Kind, Use, write};

/// Arguments of one tool that are told, and characters of what one is held to.
const ARGUMENTS_TOLD_MAX: usize = 20;
const TOLD_CHARS_MAX: usize = 240;

/// What the base says of the needs: how many it lets through, and which of its rules deny how many.
#[derive(Debug, Default)]
pub(super) struct Kept {
    passing: usize,
    denied_by: BTreeMap<String, usize>,
    /// Of each thing that it lets through with some arguments, the values that it was seen to let through.
    before: BTreeMap<Key, Values>,
}

/// Values by the way to them, as JSON.
type Values = BTreeMap<String, BTreeSet<String>>;

/// Those that the base does not let through because no rule of it speaks; what a rule denies stays denied.
pub(super) fn beyond<'u>(base: &Policy, uses: &[&'u Use]) -> (Vec<&'u Use>, Kept) {
    let mut kept = Kept::default();
    let mut needed = Vec::new();
    for used in uses {
        let (verdict, hits) = decide(base, used);
        let denies = |hit: &&bailiwick_policy::Hit| {
            hit.failed_require
                || base.rules().get(hit.rule as usize).is_some_and(|rule| rule.effect == Effect::Deny)
        };
        match (verdict, hits.iter().find(denies)) {
            (Verdict::Allow | Verdict::Ask, _) => {
                kept.passing = kept.passing.saturating_add(1);
                take(used, kept.before.entry(Key::of(used)).or_default());
            }
            (Verdict::Deny, Some(hit)) => {
                let id = base.rules().get(hit.rule as usize).map(|rule| rule.id.clone()).unwrap_or_default();
                let count = kept.denied_by.entry(id).or_default();
                *count = count.saturating_add(1);
            }
            (Verdict::Deny, None) => needed.push(*used),
        }
    }
    (needed, kept)
}

fn take(used: &Use, values: &mut Values) {
    for (way, value) in need::leaves(used) {
        values.entry(way).or_default().insert(value.to_string());
    }
}

impl Kept {
    pub(super) fn told(
        &self,
        name: &str,
        open: &Needs,
        (covered, plan): (&[&Use], &write::Plan<'_>),
    ) -> Vec<String> {
        let mut lines = vec![format!("{} recorded uses pass `{name}` as it is", self.passing)];
        for (rule, count) in &self.denied_by {
            lines.push(format!("{count} uses are denied by its rule `{rule}`, and stay so"));
        }
        for (key, variants) in open.iter() {
            let before = self.before.get(key);
            let how =
                if before.is_some() { "which it lets through otherwise" } else { "which it does not open" };
            lines.push(format!("widens: {} ({} uses), {how}", key.written(), need::count(variants)));
            let mut now = Values::new();
            covered.iter().filter(|used| Key::of(used) == *key).for_each(|used| take(used, &mut now));
            let mut arguments = Vec::new();
            for (variant, seen) in variants.values().enumerate() {
                arguments.extend(widened((key, variant), seen, plan, (before, &now)));
            }
            let more = arguments.len().saturating_sub(ARGUMENTS_TOLD_MAX);
            lines.extend(arguments.into_iter().take(ARGUMENTS_TOLD_MAX));
            if more > 0 {
                lines.push(format!("  and {more} arguments more"));
            }
        }
        lines
    }
}

/// What is opened of one set of keys: all that was not seen to be let through before, as the rule says it.
fn widened(
    (key, variant): (&Key, usize),
    seen: &Seen,
    plan: &write::Plan<'_>,
    (before, now): (Option<&Values>, &Values),
) -> Vec<String> {
    if key.kind == Kind::Resource {
        let mut targets = write::targets(key, seen, plan.options);
        targets.retain(|target| plan.needs((key, variant), "", target));
        return targets.iter().map(|target| format!("  {}", short(target))).collect();
    }
    let is_new = |way: &str| match (before.and_then(|before| before.get(way)), now.get(way)) {
        (Some(before), Some(now)) => !now.is_subset(before),
        (None, _) | (_, None) => true,
    };
    let matchers = write::matchers(seen, plan.options);
    let narrowed = matchers.iter().filter(|(way, _)| is_new(way));
    let written = |(way, matcher): &(&str, Matcher)| {
        let kept = matcher.written(|_, text| plan.needs((key, variant), way, text));
        format!("  `{way}`: {}", short(&kept))
    };
    let mut lines: Vec<String> = narrowed.map(written).collect();
    let held = |way: &String| matchers.iter().any(|(own, _)| own == way);
    let free = seen.values.keys().filter(|way| !held(way) && is_new(way));
    lines.extend(free.map(|way| format!("  `{way}`: any value")));
    if lines.is_empty() {
        lines.push("  these values together, or another set of arguments".to_owned());
    }
    lines
}

fn short(text: &str) -> String {
    match text.char_indices().nth(TOLD_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
