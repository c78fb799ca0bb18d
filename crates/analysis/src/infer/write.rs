//! The policy as text, in a fixed order, so that more traces make a small difference.

use std::collections::{BTreeMap, BTreeSet};

use super::need::{self, Key, Needs, Seen};
use super::value::Matcher;
use super::{Kind, Options, resource};
use crate::count::counted;

/// How rules are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'p> {
    pub(super) options: &'p Options,
    /// One allowance is left out, to see whether anything needs it.
    pub(super) without: Option<Piece<'p>>,
    /// Those that nothing needs.
    pub(super) needless: &'p Needless,
}

impl Plan<'_> {
    /// True unless other allowances hold all that was seen of this one.
    pub(super) fn needs(&self, (key, variant): (&Key, usize), way: &str, text: &str) -> bool {
        let place = || (key.clone(), variant, way.to_owned(), text.to_owned());
        self.needless.is_empty() || !self.needless.contains(&place())
    }
}

/// Allowances of which others hold all that was seen: of which tool, in which of its rules, at which argument, and the text.
pub(super) type Needless = BTreeSet<(Key, usize, String, String)>;

/// One of several things that one matcher or target list allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'p> {
    /// Of which of the rules of its tool.
    pub(super) variant: usize,
    /// The way to the argument; empty of targets.
    pub(super) way: &'p str,
    pub(super) index: usize,
}

/// What stands around the rules.
#[derive(Debug, Default)]
pub(super) struct Around<'a> {
    pub(super) extends: Option<&'a str>,
    /// Ids that are in use.
    pub(super) taken: Option<BTreeSet<String>>,
    /// Tools that were offered and not used, by server.
    pub(super) unused: BTreeMap<String, Vec<String>>,
    /// The most calls in a minute.
    pub(super) per_minute: usize,
    /// What was used and is denied, a line each.
    pub(super) left: Vec<String>,
}

/// The whole policy.
pub(super) fn policy(needs: &Needs, plan: &Plan<'_>, around: &Around<'_>) -> String {
    let mut out =
        String::from("# Inferred from recorded calls. What is not named here was not used, and is denied.\n");
    for (server, tools) in &around.unused {
        let plain: Vec<&str> = tools.iter().map(String::as_str).filter(|tool| is_plain(tool)).collect();
        out.push_str(&format!(
            "# {} offers {} more: {}\n",
            one_line(server),
            counted(tools.len(), "tool"),
            plain.join(", ")
        ));
    }
    for line in &around.left {
        out.push_str(&format!("# {}\n", line.chars().filter(|c| !is_break(*c)).collect::<String>()));
    }
    out.push_str(&format!("version: 1\nname: {}\n", quoted(&plan.options.name)));
    match around.extends {
        Some(base) => out.push_str(&format!("extends: [{}]\n", quoted(base))),
        None => {
            out.push_str(
                "default: deny\nguards: { injection: block, hidden-text: strip, secrets: redact }\n",
            );
            let pace = pace(around.per_minute);
            out.push_str(&format!(
                "limits:\n  # at most {} a minute seen\n  - {{ id: pace, on: [\"*/*\", \"resource:*\", \"prompt:*\"], max: {pace}/1m, per: run }}\n",
                counted(around.per_minute, "call")
            ));
        }
    }
    rules(&mut out, needs, plan, around.taken.clone().unwrap_or_default());
    out
}

/// The rules alone, above a default of deny.
pub(super) fn rules_only(needs: &Needs, plan: &Plan<'_>) -> String {
    let mut out = String::from("version: 1\ndefault: deny\n");
    rules(&mut out, needs, plan, BTreeSet::new());
    out
}

fn rules(out: &mut String, needs: &Needs, plan: &Plan<'_>, mut ids: BTreeSet<String>) {
    if !needs.is_empty() {
        out.push_str("rules:\n");
    }
    for (key, variants) in needs.iter() {
        let effect = if need::is_risky(key, variants) { "ask" } else { "allow" };
        for (number, seen) in variants.values().enumerate() {
            let id = unique(key, &mut ids);
            let runs = seen.runs.len();
            out.push_str(&format!(
                "  # {} in {}\n  - id: {id}\n    effect: {effect}\n",
                counted(seen.uses, "call"),
                counted(runs, "run")
            ));
            rule(out, key, seen, (plan, number));
        }
    }
}

fn rule(out: &mut String, key: &Key, seen: &Seen, (plan, number): (&Plan<'_>, usize)) {
    let is_kept = |way: &str, index: usize, text: &str| {
        let without = plan.without.filter(|piece| piece.variant == number && piece.way == way);
        without.is_none_or(|piece| piece.index != index) && plan.needs((key, number), way, text)
    };
    let targets = targets(key, seen, plan.options);
    let kept = targets.iter().enumerate().filter(|(index, target)| is_kept("", *index, target));
    let kept: Vec<String> = kept.map(|(_, target)| quoted(target)).collect();
    match kept.as_slice() {
        [one] => out.push_str(&format!("    on: {one}\n")),
        many => out.push_str(&format!("    on: [{}]\n", many.join(", "))),
    }
    if key.kind == Kind::Resource {
        return;
    }
    out.push_str(&format!("    if: {}\n", quoted(&condition(seen))));
    let matchers = matchers(seen, plan.options);
    if !matchers.is_empty() {
        out.push_str("    args:\n");
    }
    for (way, matcher) in matchers {
        let written = matcher.written(|index, text| is_kept(way, index, text));
        out.push_str(&format!("      {}: {written}\n", quoted(way)));
    }
}

/// What a rule is about.
pub(super) fn targets(key: &Key, seen: &Seen, options: &Options) -> Vec<String> {
    match key.kind {
        Kind::Resource => {
            let patterns = resource::patterns(&seen.uris, options.generalise);
            patterns.iter().map(|pattern| format!("resource:{}/{pattern}", key.server)).collect()
        }
        Kind::Tool | Kind::Prompt => vec![key.written()],
    }
}

/// What each argument is held to.
pub(super) fn matchers<'s>(seen: &'s Seen, options: &Options) -> Vec<(&'s str, Matcher)> {
    let sayable = |way: &&String| way.split('.').all(is_key);
    let ways = seen.values.iter().filter(|(way, _)| sayable(way));
    ways.filter_map(|(way, shape)| Some((way.as_str(), shape.matchers(options.generalise)?))).collect()
}

/// No keys but those that were seen, in the arguments and in the objects in them.
fn condition(seen: &Seen) -> String {
    let mut parts = Vec::new();
    for (way, keys) in &seen.objects {
        let steps: Vec<&str> = way.split('.').filter(|step| !step.is_empty()).collect();
        let object: String = std::iter::once("args".to_owned())
            .chain(steps.iter().map(|step| format!("[{}]", literal(step))))
            .collect();
        let list: Vec<String> = keys.iter().map(|key| literal(key)).collect();
        let only = match keys.is_empty() {
            true => format!("size({object}) == 0"),
            false => format!("{object}.all(key, key in [{}])", list.join(", ")),
        };
        parts.push(match seen.optional.contains(way) {
            false => only,
            true => format!("({} || {only})", absent(&steps)),
        });
    }
    parts.join(" && ")
}

/// That an object is not there; of one in an object that may itself be missing, that one of them is not.
fn absent(steps: &[&str]) -> String {
    let mut object = String::from("args");
    let mut parts = Vec::new();
    for step in steps {
        parts.push(format!("!({} in {object})", literal(step)));
        object.push_str(&format!("[{}]", literal(step)));
    }
    parts.join(" || ")
}

/// Twice as many as were seen, rounded up to a number that people use, so that it seldom changes.
fn pace(per_minute: usize) -> usize {
    let wanted = per_minute.saturating_mul(2);
    let mut pace = 60_usize;
    while pace < wanted {
        pace = pace.saturating_mul(2);
    }
    pace
}

/// True for what no line of YAML holds, or what ends one for some readers.
fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !is_break(*c)).take(64).collect()
}

/// A text in YAML's double quotes; `$${` keeps a `${` from being a variable.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace("${", "$${");
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if is_break(c) => {
                out.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text in a condition.
fn literal(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A name that a target can speak of without meaning more.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A key that a key pattern can speak of.
pub(super) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn unique(key: &Key, ids: &mut BTreeSet<String>) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .take(28)
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
            .collect()
    };
    let name = match key.kind {
        Kind::Tool => plain(&key.name),
        Kind::Prompt => format!("prompt-{}", plain(&key.name)),
        Kind::Resource => "resources".to_owned(),
    };
    let base = format!("{}-{name}", plain(&key.server));
    let id = (2_usize..).map(|n| format!("{base}.{n}")).find(|id| !ids.contains(id));
    let id = if ids.contains(&base) { id.unwrap_or(base) } else { base };
    ids.insert(id.clone());
    id
}
