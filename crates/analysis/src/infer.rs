//! From what was used to the policy that allows it and little else.
//!
//! What succeeded is allowed, with the keys, places, ranges and words that were seen; what cannot be undone is asked about;
//! denied and failed calls are not taken as needs. Then the policy is held against every call: each passes, and without any
//! one of its allowances some call does not.

mod beyond;
mod check;
mod command;
mod need;
mod paths;
mod resource;
mod value;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_policy::{Context, Load, Policy};
use serde_json::{Map, Value};

use crate::count::counted;
use beyond::{Kept, beyond};
use check::Alone;
use need::{Key, Needs};

pub use check::{Checked, HeldOut};

/// What kind of thing was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Tool,
    Prompt,
    Resource,
}

/// One recorded use.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    pub run: String,
    pub server: String,
    pub kind: Kind,
    /// The tool, the prompt, or the URI.
    pub name: String,
    pub arguments: Map<String, Value>,
    pub fate: Fate,
    /// When, in microseconds since 1970.
    pub at: i64,
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
    /// What was used less often is left closed.
    pub min_support: usize,
    pub name: String,
}

/// A policy that is to be widened by what it denies and what was needed.
#[derive(Debug)]
pub struct Base<'b> {
    /// As `extends` names it.
    pub name: &'b str,
    pub policy: &'b Policy,
}

/// Everything that was recorded.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub uses: Vec<Use>,
    /// The tools that servers listed.
    pub offered: BTreeMap<String, BTreeSet<String>>,
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

/// Infers a policy. The same calls in any order give the same text. `load` finds the base's text again.
#[must_use]
pub fn infer(
    observed: &Observed,
    options: &Options,
    context: &Context,
    base: Option<(&Base<'_>, &mut dyn Load)>,
) -> Inferred {
    let all: Vec<&Use> = observed.uses.iter().filter(|used| is_need(used)).collect();
    let (needed, kept) = match &base {
        Some((base, _)) => beyond(base.policy, &all),
        None => (all, Kept::default()),
    };
    let mut left = LeftOut::default();
    let needed = left.sayable(needed, options, context);
    let (open, closed) = Needs::of(&needed).split(options.min_support.max(1));
    let covered: Vec<&Use> = needed.iter().copied().filter(|used| open.has(used)).collect();
    let nothing = write::Needless::new();
    let whole = write::Plan { options, without: None, needless: &nothing };
    let minimal = check::minimal(&open, &covered, &whole, context);
    let plan = write::Plan { needless: &minimal.needless, ..whole };
    let around = write::Around {
        extends: base.as_ref().map(|(base, _)| base.name),
        taken: base
            .as_ref()
            .map(|(base, _)| base.policy.rules().iter().map(|rule| rule.id.clone()).collect()),
        unused: unused(observed, &open),
        per_minute: peak(&covered),
        left: left.told(),
    };
    let text = write::policy(&open, &plan, &around);
    let (name, load) = match base {
        Some((base, load)) => (Some(base.name), Some(load)),
        None => (None, None),
    };
    let checked = check::check(&text, (&open, &covered), (&plan, &minimal), context, load);
    let mut summary = summary(observed, (&open, &closed));
    summary.extend(left.told());
    if let Some(name) = name {
        summary.extend(kept.told(name, &open, (&covered, &plan)));
    }
    Inferred { text, summary, checked }
}

/// Denied and failed calls are what was tried, not what was needed.
fn is_need(used: &Use) -> bool {
    matches!(used.fate, Fate::Succeeded | Fate::Unknown) && is_sayable(used)
}

/// True if a rule can name it.
fn is_sayable(used: &Use) -> bool {
    let name = match used.kind {
        Kind::Tool | Kind::Prompt => write::is_plain(&used.name),
        Kind::Resource => resource::is_plain(&used.name),
    };
    name && write::is_plain(&used.server)
}

/// Uses with values that no rule can say without letting others through: they are not allowed, and that is said.
#[derive(Debug, Default)]
struct LeftOut(BTreeMap<Key, (usize, String, String)>);

/// Looks at the needs without those that were left out before.
const ROUNDS_MAX: usize = 8;

impl LeftOut {
    /// The uses that rules can say.
    fn sayable<'u>(&mut self, mut uses: Vec<&'u Use>, options: &Options, context: &Context) -> Vec<&'u Use> {
        for _ in 0..ROUNDS_MAX {
            let needs = Needs::of(&uses);
            let before = uses.len();
            uses.retain(|used| match needs.unsaid(used) {
                Some((way, value)) => self.leave(used, &way, &value),
                None => true,
            });
            if uses.len() < before {
                continue;
            }
            let nothing = write::Needless::new();
            let plan = write::Plan { options, without: None, needless: &nothing };
            let text = write::rules_only(&needs, &plan);
            let refused = check::refused(&text, &uses, context, &mut Alone);
            if refused.is_empty() {
                break;
            }
            uses.retain(|used| match refused.iter().any(|one| std::ptr::eq(*one, *used)) {
                true => self.leave(used, "", &used.name),
                false => true,
            });
        }
        uses
    }

    fn leave(&mut self, used: &Use, way: &str, value: &str) -> bool {
        let told: String = value.chars().flat_map(char::escape_debug).take(80).collect();
        let (count, ..) = self.0.entry(Key::of(used)).or_insert_with(|| (0, way.to_owned(), told));
        *count = count.saturating_add(1);
        false
    }

    fn told(&self) -> Vec<String> {
        let line = |(key, (count, way, value)): (&Key, &(usize, String, String))| {
            let way = if way.is_empty() { String::new() } else { format!(" `{way}`") };
            format!(
                "{count} uses of {} are left out, and denied: no rule says{way} {value} and nothing more",
                key.written()
            )
        };
        self.0.iter().map(line).collect()
    }
}

/// The tools that servers listed and nobody used.
fn unused(observed: &Observed, open: &Needs) -> BTreeMap<String, Vec<String>> {
    let mut unused = BTreeMap::new();
    for (server, tools) in &observed.offered {
        let left = tools.iter().filter(|tool| !open.has_tool(server, tool)).cloned().collect::<Vec<_>>();
        if !left.is_empty() {
            unused.insert(server.clone(), left);
        }
    }
    unused
}

const MINUTE_US: i64 = 60_000_000;

/// The most calls of one run in any minute.
fn peak(uses: &[&Use]) -> usize {
    let mut times: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for used in uses {
        times.entry(&used.run).or_default().push(used.at);
    }
    let mut most = 0;
    for times in times.values_mut() {
        times.sort_unstable();
        let mut first = 0_usize;
        for (index, at) in times.iter().enumerate() {
            while times.get(first).is_some_and(|then| at.saturating_sub(*then) >= MINUTE_US) {
                first = first.saturating_add(1);
            }
            most = most.max(index.saturating_sub(first).saturating_add(1));
        }
    }
    most
}

/// Names that are told of a longer list.
const TOLD_MAX: usize = 12;

fn summary(observed: &Observed, (open, closed): (&Needs, &Needs)) -> Vec<String> {
    let uses = &observed.uses;
    let runs: BTreeSet<&str> = uses.iter().map(|used| used.run.as_str()).collect();
    let servers: BTreeSet<&str> = open.iter().map(|(key, _)| key.server.as_str()).collect();
    let tools = open.iter().filter(|(key, _)| key.kind == Kind::Tool).count();
    let mut lines = vec![format!(
        "the agent used {} of {} in {} of {}; everything else is closed",
        counted(tools, "tool"),
        counted(servers.len(), "server"),
        counted(open.iter().map(|(_, variants)| need::count(variants)).sum::<usize>(), "call"),
        counted(runs.len(), "run")
    )];
    let unused: Vec<String> = unused(observed, open)
        .into_iter()
        .flat_map(|(server, tools)| tools.into_iter().map(move |tool| format!("{server}/{tool}")))
        .collect();
    if !unused.is_empty() {
        let more = unused.len().saturating_sub(TOLD_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let told: Vec<&str> = unused.iter().take(TOLD_MAX).map(String::as_str).collect();
        lines.push(format!("it does not need {}{more}", told.join(", ")));
    }
    let asked: Vec<String> = open
        .iter()
        .filter(|(key, variants)| need::is_risky(key, variants))
        .map(|(key, _)| key.written())
        .collect();
    if !asked.is_empty() {
        lines.push(format!("a person is asked before {}", asked.join(", ")));
    }
    for (fate, what) in [(Fate::Denied, "denied"), (Fate::Failed, "failed")] {
        let number = uses.iter().filter(|used| used.fate == fate).count();
        if number > 0 {
            lines.push(format!("{} {what}, not taken as needs", counted(number, "call")));
        }
    }
    for (key, variants) in closed.iter() {
        lines.push(format!(
            "{} was used only {}, and stays closed",
            key.written(),
            counted(need::count(variants), "time")
        ));
    }
    let odd = uses.iter().filter(|used| !is_sayable(used)).count();
    if odd > 0 {
        lines.push(format!("{} under names that no rule can speak of, left out", counted(odd, "use")));
    }
    lines
}

#[cfg(test)]
mod tests;
