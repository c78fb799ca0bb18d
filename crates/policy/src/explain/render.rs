//! An explanation as text for a terminal.

use super::{Considered, Explanation, Finding, Judgement, Outcome, Part, Seen};
use crate::model::{Effect, Verdict};

const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const GREEN: &str = "\u{1b}[32m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// Steps of indentation for parts of a condition.
const DEPTH_MAX: usize = 8;
/// Patterns shown of a long list.
const WANTED_MAX: usize = 4;

impl Explanation {
    /// The explanation as lines. Values have their control characters escaped.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.render_beside(self.verdict, color)
    }

    /// The same above what is decided in the end, `decided`, by more than the rules: limits, history, what is pinned.
    #[must_use]
    pub fn render_beside(&self, decided: Verdict, color: bool) -> String {
        let paint = |style: &str, text: &str| {
            if color { format!("{style}{text}{PLAIN}") } else { text.to_owned() }
        };
        let style = match decided {
            Verdict::Allow => GREEN,
            Verdict::Ask => YELLOW,
            Verdict::Deny => RED,
        };
        let alone = match (decided == self.verdict, self.looked_back.is_empty()) {
            (true, true) => String::new(),
            (true, false) => ", by rules alone".to_owned(),
            (false, _) => format!(", as the engine decides; {} by rules alone", self.verdict.word()),
        };
        let mut out = format!("{} {}{alone}\n", paint(style, decided.word()), self.target);
        if let Some(labels) = &self.labels {
            out.push_str(&format!("  labels: {labels}\n"));
        }
        if let Some(default) = self.default {
            out.push_str(&format!("  no rule speaks; the default is {}\n", default.word()));
        }
        for rule in &self.considered {
            let name = paint(BOLD, &rule.id);
            out.push_str(&format!("\n  {name} ({}) {}:{}\n", rule.effect.word(), rule.file, rule.line));
            out.push_str(&format!("    {}\n", said(rule)));
            for finding in &rule.findings {
                out.push_str(&lines(finding));
            }
            for judgement in &rule.judgements {
                out.push_str(&parts(judgement));
            }
        }
        for rule in &self.looked_back {
            let name = paint(BOLD, &rule.id);
            let effect = rule.effect.word();
            out.push_str(&format!("\n  {name} ({}, {effect}) {}:{}\n", rule.kind, rule.file, rule.line));
            rule.says.iter().for_each(|line| out.push_str(&format!("    {line}\n")));
        }
        if !self.changes.is_empty() {
            out.push_str("\nto allow this call:\n");
            for change in &self.changes {
                out.push_str(&format!("  - {change}\n"));
            }
        }
        out
    }
}

fn said(rule: &Considered) -> String {
    let reason = rule.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match (rule.outcome, rule.effect) {
        (Outcome::Speaks, Effect::Require) => format!("does not hold{reason}"),
        (Outcome::Speaks, _) => format!("matches{reason}"),
        (Outcome::OtherRun, _) => "silent: it is about runs that a guard has marked".into(),
        (Outcome::OtherPrincipal, _) => "silent: it is for other principals".into(),
        (Outcome::OtherArguments, _)
            if rule.judgements.iter().any(|judged| !judged.unless && !judged.holds) =>
        {
            "silent: `if` is not true".into()
        }
        (Outcome::OtherArguments, _) => "silent: the arguments do not match".into(),
        (Outcome::Excepted, _) => "silent: `unless` matches".into(),
        (Outcome::Holds, _) => "holds".into(),
    }
}

fn lines(finding: &Finding) -> String {
    let unless = if finding.unless { "unless " } else { "" };
    let word = if finding.matched { "matches" } else { "does not match" };
    let mut out = format!("    {unless}`{}` {word} {}: {}\n", finding.key, finding.matcher, wanted(finding));
    if finding.values.is_empty() {
        out.push_str("      nothing under this key\n");
    }
    for seen in &finding.values {
        out.push_str(&format!("      {}\n", value(seen)));
    }
    out
}

fn parts(judgement: &Judgement) -> String {
    let unless = if judgement.unless { "unless " } else { "" };
    let word = if judgement.holds { "holds" } else { "does not hold" };
    let mut out = format!("    {unless}`if` {word}\n");
    for part in &judgement.parts {
        let indent = "  ".repeat(part.depth.min(DEPTH_MAX));
        out.push_str(&format!("      {indent}{}\n", one_part(part)));
    }
    out
}

fn one_part(part: &Part) -> String {
    match &part.value {
        Ok(value) => format!("{} = {value}", part.text),
        Err(cause) => format!("{}: error: {cause}", part.text),
    }
}

/// The condition with its value, and the part of it that is an error, in one clause.
pub(super) fn judged(judgement: &Judgement) -> String {
    let Some(whole) = judgement.parts.first() else { return String::new() };
    let first = one_part(whole);
    // The deepest error is where it began.
    let errors = judgement.parts.iter().skip(1).filter(|part| part.value.is_err());
    let cause = errors.max_by_key(|part| part.depth).filter(|_| whole.value.is_err());
    cause.map_or_else(|| first.clone(), |part| format!("{first}; {}", one_part(part)))
}

fn value(seen: &Seen) -> String {
    let mut out = format!("{} = {}", seen.at, seen.value);
    if let Some(reading) = &seen.reading {
        out.push_str(&format!(", read as {reading}"));
    }
    if let Some(pattern) = &seen.pattern {
        out.push_str(&format!(", matches `{pattern}`"));
    }
    if let Some(remark) = seen.remark {
        out.push_str(&format!(", {remark}"));
    }
    out
}

/// The patterns of a finding, shortened.
pub(super) fn wanted(finding: &Finding) -> String {
    let shown: Vec<String> = finding.wanted.iter().take(WANTED_MAX).map(|text| format!("`{text}`")).collect();
    let more = finding.wanted.len().saturating_sub(WANTED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

/// The value that decided a finding, in one clause.
pub(super) fn because(finding: &Finding) -> String {
    match finding.values.first() {
        Some(seen) => value(seen),
        None => format!("`{}` is missing", finding.key),
    }
}
