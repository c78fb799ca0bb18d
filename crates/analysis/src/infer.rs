//! From what was used to the policy that allows it and little else.
//!
//! Tools that succeeded are allowed, with the keys, places, ranges and words that were seen; what cannot be undone is asked
//! about; denied and failed calls are not taken as needs. Then the policy is held against every call: each passes, and
//! without any one of its rules some call does not.

mod check;
mod paths;
mod value;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_policy::Context;
use serde_json::{Map, Value};

use crate::scan::danger;
use value::Shape;

pub use check::Checked;

/// One recorded call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    pub run: String,
    pub server: String,
    pub tool: String,
    pub arguments: Map<String, Value>,
    pub fate: Fate,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Succeeded,
    /// There is no answer in the trace.
    Unknown,
    Failed,
    /// It was not let through.
    Denied,
}

/// How far beyond what was seen a rule may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generalise {
    /// The very paths and values.
    Strict,
    /// Directories with several files, ranges, sets of words.
    Balanced,
    /// The directory that holds all of them, any number, any text.
    Loose,
}

/// What is inferred, and how.
#[derive(Debug, Clone)]
pub struct Options {
    pub generalise: Generalise,
    /// Tools that were used less often are left closed.
    pub min_support: usize,
    pub name: String,
}

/// A policy and what is known of it.
#[derive(Debug, Clone)]
pub struct Inferred {
    /// The policy, in the language of policies.
    pub text: String,
    /// What the agent used and what it does not need, a line each.
    pub summary: Vec<String>,
    pub checked: Checked,
}

/// What was seen of one tool, with one set of keys.
#[derive(Debug, Default)]
struct Seen {
    uses: usize,
    runs: BTreeSet<String>,
    values: BTreeMap<String, Shape>,
}

/// Sets of keys that one tool's rules tell apart; beyond, one rule holds for all of them.
const VARIANTS_MAX: usize = 6;

/// What was seen, by tool and by set of keys, in a fixed order.
type Needs = BTreeMap<(String, String), BTreeMap<Vec<String>, Seen>>;

/// Infers a policy. The same calls in any order give the same text.
#[must_use]
pub fn infer(uses: &[Use], options: &Options, context: &Context) -> Inferred {
    let needed: Vec<&Use> = uses.iter().filter(|used| is_need(used)).collect();
    let needs = needs(&needed);
    let (open, closed): (Needs, Needs) =
        needs.into_iter().partition(|(_, variants)| count(variants) >= options.min_support.max(1));
    let mut loosened = BTreeSet::new();
    let mut text = write::policy(&open, options, &loosened);
    let covered: Vec<&Use> = needed
        .iter()
        .copied()
        .filter(|used| open.contains_key(&(used.server.clone(), used.tool.clone())))
        .collect();
    // A call that its own rule does not let through has values that no matcher can say: its tool is opened as a whole.
    for used in check::refused(&text, &covered, context) {
        loosened.insert((used.server.clone(), used.tool.clone()));
    }
    if !loosened.is_empty() {
        text = write::policy(&open, options, &loosened);
    }
    let checked = check::check(&text, &covered, context, &|left| {
        let needs = self::needs(left);
        write::policy(&needs, options, &loosened)
    });
    Inferred { text, summary: summary(uses, &open, &closed, &loosened), checked }
}

/// Denied and failed calls are what was tried, not what was needed.
fn is_need(used: &Use) -> bool {
    matches!(used.fate, Fate::Succeeded | Fate::Unknown)
        && write::is_plain(&used.server)
        && write::is_plain(&used.tool)
}

fn needs(uses: &[&Use]) -> Needs {
    let mut needs: Needs = BTreeMap::new();
    for used in uses {
        let keys: Vec<String> = used.arguments.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let variants = needs.entry((used.server.clone(), used.tool.clone())).or_default();
        let seen = variants.entry(keys).or_default();
        seen.uses = seen.uses.saturating_add(1);
        seen.runs.insert(used.run.clone());
        for (key, value) in &used.arguments {
            seen.values.entry(key.clone()).or_default().add(key, value);
        }
    }
    for variants in needs.values_mut() {
        if variants.len() > VARIANTS_MAX {
            *variants = merged(std::mem::take(variants));
        }
    }
    needs
}

/// One variant for all: only keys that every call had are narrowed.
fn merged(variants: BTreeMap<Vec<String>, Seen>) -> BTreeMap<Vec<String>, Seen> {
    let mut all = Seen::default();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut common: Option<BTreeSet<String>> = None;
    for (own, seen) in variants {
        let own: BTreeSet<String> = own.into_iter().collect();
        common =
            Some(common.map_or_else(|| own.clone(), |common| common.intersection(&own).cloned().collect()));
        keys.extend(own);
        all.uses = all.uses.saturating_add(seen.uses);
        all.runs.extend(seen.runs);
        for (key, shape) in seen.values {
            all.values.entry(key).or_default().join(shape);
        }
    }
    let common = common.unwrap_or_default();
    all.values.retain(|key, _| common.contains(key));
    BTreeMap::from([(keys.into_iter().collect(), all)])
}

fn count(variants: &BTreeMap<Vec<String>, Seen>) -> usize {
    variants.values().map(|seen| seen.uses).sum()
}

fn summary(uses: &[Use], open: &Needs, closed: &Needs, loosened: &BTreeSet<(String, String)>) -> Vec<String> {
    let runs: BTreeSet<&str> = uses.iter().map(|used| used.run.as_str()).collect();
    let servers: BTreeSet<&str> = open.keys().map(|(server, _)| server.as_str()).collect();
    let mut lines = vec![format!(
        "the agent used {} tools of {} servers in {} calls of {} runs; everything else is closed",
        open.len(),
        servers.len(),
        open.values().map(count).sum::<usize>(),
        runs.len()
    )];
    let asked: Vec<String> = open
        .keys()
        .filter(|(_, tool)| danger(tool).is_some())
        .map(|(server, tool)| format!("{server}/{tool}"))
        .collect();
    if !asked.is_empty() {
        lines.push(format!("a person is asked before {}", asked.join(", ")));
    }
    for (fate, what) in [(Fate::Denied, "denied"), (Fate::Failed, "failed")] {
        let number = uses.iter().filter(|used| used.fate == fate).count();
        if number > 0 {
            lines.push(format!("{number} calls {what}, and are not taken as needs"));
        }
    }
    for ((server, tool), variants) in closed {
        lines.push(format!("{server}/{tool} was used only {} times, and stays closed", count(variants)));
    }
    for (server, tool) in loosened {
        lines.push(format!("the arguments of {server}/{tool} could not be narrowed: look at its rule"));
    }
    let odd =
        uses.iter().filter(|used| !write::is_plain(&used.server) || !write::is_plain(&used.tool)).count();
    if odd > 0 {
        lines.push(format!("{odd} calls have names that no rule can speak of, and are left out"));
    }
    lines
}

#[cfg(test)]
mod tests;
