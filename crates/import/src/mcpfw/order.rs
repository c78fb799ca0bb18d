//! What the order of the rules says, as exceptions.

use super::write::unless;
use super::{Rule, Test, Wants};
use crate::draft::Verdict;
use crate::expression::{CONDITION_BYTES_MAX, any, argument, quote, tool_is};
use crate::fnmatch::Pattern;
use crate::out::Out;
use crate::python::{Expression, Most};

/// What earlier rules take away from a later one.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    /// Parts of `if`, joined by AND.
    pub(super) parts: Vec<String>,
    /// For all calls, or for those of some tools: the `args` of `unless`.
    pub(super) unless: Vec<(Option<Vec<Pattern>>, Out)>,
    /// Names of earlier rules that take nothing away, because that cannot be said in the meaning of safe.
    pub(super) dropped: Vec<String>,
}

/// Whether a rule is reached.
#[derive(Debug)]
pub(super) enum Standing {
    Behind(String),
    Reached(Exceptions),
}

/// Exceptions of `rule` for what earlier rules that are weaker decide.
///
/// # Errors
/// They are too long to be said.
pub(super) fn exceptions(
    safe: bool,
    earlier: &[Rule],
    rule: &Rule,
    verdict: Verdict,
) -> Result<Standing, String> {
    let mut out = Exceptions::default();
    for before in earlier {
        let Some(decides) = before.verdict() else { continue };
        if apart(&before.tools, &rule.tools) {
            continue;
        }
        if before.when.is_empty() && within(&rule.tools, &before.tools) {
            return Ok(Standing::Behind(before.name.clone()));
        }
        if decides >= verdict {
            continue;
        }
        if !safe || before.when.is_empty() {
            out.parts.push(not(before, &rule.tools));
            continue;
        }
        let tools = (!within(&rule.tools, &before.tools)).then(|| before.tools.clone());
        let named = tools.as_ref().is_some_and(|tools| tools.iter().all(|tool| tool.literal().is_some()));
        let others = out.unless.iter().all(|(known, _)| {
            known.as_ref().zip(tools.as_ref()).is_some_and(|(known, tools)| apart(known, tools))
        });
        // What is denied for its arguments stays denied.
        let said = rule.when.is_empty() && others && (named || tools.is_none());
        match unless(before).filter(|_| said) {
            Some(args) => out.unless.push((tools, args)),
            None => out.dropped.push(before.name.clone()),
        }
    }
    bounded(&out.parts)?;
    Ok(Standing::Reached(out))
}

/// The parts of `if` that leave out what any earlier rule decides; the name of one that leaves nothing, if there is one.
///
/// # Errors
/// They are too long to be said.
pub(super) fn reached(earlier: &[Rule], tools: &[Pattern]) -> Result<Result<Vec<String>, String>, String> {
    let weaker = |rule: &&Rule| {
        matches!(rule.verdict(), Some(Verdict::Allow | Verdict::Ask)) && !apart(&rule.tools, tools)
    };
    let all = |rule: &&Rule| rule.verdict().is_some() && rule.when.is_empty() && within(tools, &rule.tools);
    if let Some(before) = earlier.iter().find(all) {
        return Ok(Err(before.name.clone()));
    }
    let parts: Vec<String> = earlier.iter().filter(weaker).map(|rule| not(rule, tools)).collect();
    bounded(&parts)?;
    Ok(Ok(parts))
}

fn bounded(parts: &[String]) -> Result<(), String> {
    let bytes: usize = parts.iter().map(String::len).sum();
    if bytes > CONDITION_BYTES_MAX || parts.len() > PARTS_MAX {
        return Err("the rules before it say too much to be written as an exception of this one".to_owned());
    }
    Ok(())
}

/// That `rule` does not decide.
fn not(rule: &Rule, tools: &[Pattern]) -> String {
    let mut parts = Vec::new();
    if !within(tools, &rule.tools) {
        parts.extend(tool_is(&rule.tools));
    }
    if !rule.when.is_empty() {
        let tests: Vec<String> = rule.when.iter().map(test).collect();
        parts.push(any(&tests));
    }
    format!("!({})", parts.join(" && "))
}

/// A test as part of an expression.
pub(super) fn test(test: &Test) -> String {
    let path: Vec<&str> = test.key.split('.').collect();
    let (mut parts, at) = argument(&path);
    let tests: Vec<String> = match &test.wants {
        Wants::Globs(patterns) => {
            let all: Vec<String> = patterns.iter().map(Pattern::expression).collect();
            vec![format!("{at}.matches({})", quote(&all.join("|")))]
        }
        Wants::Regex(Expression { most: None, .. }) => return "false".to_owned(),
        Wants::Regex(Expression { most: Some(most), .. }) => vec![at_most(most, &at)],
        Wants::Contains(texts) => {
            texts.iter().map(|text| format!("{at}.contains({})", quote(text))).collect()
        }
    };
    parts.push(any(&tests));
    format!("({})", parts.join(" && "))
}

/// A text that the expression matches in Python, too.
fn at_most(most: &Most, at: &str) -> String {
    let mut all = vec![format!("{at}.matches({})", quote(&most.expression))];
    all.extend(most.ascii.then(|| format!("{at}.matches({})", quote("^[\\x00-\\x7f]*$"))));
    all.extend(most.empty.then(|| format!("{at} != ''")));
    all.join(" && ")
}

/// True if all of `these` are surely among `those`.
fn within(these: &[Pattern], those: &[Pattern]) -> bool {
    let covered = |this: &Pattern| those.iter().any(|that| that.is_any() || that == this);
    these.iter().all(covered)
}

/// True if no tool can be in both.
fn apart(these: &[Pattern], those: &[Pattern]) -> bool {
    let names = |patterns: &[Pattern]| patterns.iter().map(Pattern::literal).collect::<Option<Vec<String>>>();
    match (names(these), names(those)) {
        (Some(these), Some(those)) => !these.iter().any(|name| those.contains(name)),
        _ => false,
    }
}

/// Most exceptions of one rule; the language takes 1,024 parts of an expression.
const PARTS_MAX: usize = 60;
