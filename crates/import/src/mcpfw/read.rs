//! The file, every word of it known or an error: mcpfw ignores what it does not know, and lets such calls pass.

use bailiwick_policy::tree::Node;

use super::{Action, Rule, Step, Test, Wants};
use crate::draft::Verdict;
use crate::expression::is_plain_key;
use crate::fnmatch::Pattern;
use crate::python;
use crate::reader::{Members, Reader, member};

/// A file of mcpfw.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) default: Verdict,
    /// 0: not said.
    pub(super) default_line: u32,
    pub(super) scans: bool,
    /// Lines of patterns of its own.
    pub(super) extra_patterns: Vec<u32>,
    pub(super) rules: Vec<Rule>,
}

const VERDICTS: [(&str, Verdict); 3] =
    [("allow", Verdict::Allow), ("deny", Verdict::Deny), ("ask", Verdict::Ask)];

/// Words of `action` with what they mean.
#[derive(Debug, Clone, Copy)]
enum Word {
    Decide(Verdict),
    Rate,
    Budget,
    Sequence,
    Requires,
}

const ACTIONS: [(&str, Word); 7] = [
    ("allow", Word::Decide(Verdict::Allow)),
    ("deny", Word::Decide(Verdict::Deny)),
    ("ask", Word::Decide(Verdict::Ask)),
    ("rate_limit", Word::Rate),
    ("budget", Word::Budget),
    ("sequence", Word::Sequence),
    ("requires", Word::Requires),
];

const RULE: [&str; 12] = [
    "action",
    "tools",
    "when",
    "message",
    "name",
    "rate",
    "max_calls",
    "max_per_tool",
    "pattern",
    "requires_event",
    "within",
    "cooldown",
];

pub(super) fn file(reader: &mut Reader<'_>) -> Option<File> {
    let root = reader.root()?;
    let members = reader.map(&root, "the policy");
    reader.known(
        &members,
        &["name", "rules", "default_action", "scan_responses", "description"],
        "the policy",
    );
    let name = member(&members, "name").and_then(|node| reader.word(node, "`name`")).unwrap_or_default();
    let default = member(&members, "default_action");
    let verdict = default.and_then(|node| reader.choice(node, "default_action", &VERDICTS));
    let scanning = member(&members, "scan_responses").map(|node| reader.map(node, "`scan_responses`"));
    let scanning = scanning.unwrap_or_default();
    reader.known(&scanning, &["enabled", "extra_patterns"], "`scan_responses`");
    let extra = member(&scanning, "extra_patterns");
    let extra = extra.map(|node| reader.words(node, "`extra_patterns`")).unwrap_or_default();
    let extra_patterns = extra.iter().map(|(_, node)| reader.line(node)).collect();
    let items = member(&members, "rules").map(|node| reader.list(node, "`rules`")).unwrap_or_default();
    let rules = items.iter().enumerate().filter_map(|(index, item)| rule(reader, index, item)).collect();
    Some(File {
        name: name.to_owned(),
        default: verdict.unwrap_or(Verdict::Allow),
        default_line: default.map_or(0, |node| reader.line(node)),
        // Any member switches it on there, `enabled: false` too.
        scans: !scanning.is_empty(),
        extra_patterns,
        rules,
    })
}

fn rule(reader: &mut Reader<'_>, index: usize, node: &Node) -> Option<Rule> {
    let members = reader.map(node, "a rule");
    reader.known(&members, &RULE, "a rule");
    let Some(action) = member(&members, "action") else {
        reader.wrong(node, "a rule without `action`", "write `action: deny`");
        return None;
    };
    let word = reader.choice(action, "action of mcpfw, which would let such calls pass", &ACTIONS)?;
    let text = |reader: &mut Reader<'_>, key: &str| {
        let node = member(&members, key)?;
        reader.word(node, &format!("`{key}`")).map(str::to_owned)
    };
    let name = text(reader, "name").unwrap_or_else(|| format!("rule_{index}"));
    let message = text(reader, "message");
    let tools = tools(reader, &members);
    let when = member(&members, "when").map(|node| when(reader, node)).unwrap_or_default();
    let action = match word {
        Word::Decide(verdict) => Action::Decide(verdict),
        Word::Rate => rate(reader, node, &members)?,
        Word::Budget => Action::Budget {
            max: count(reader, &members, "max_calls"),
            per_tool: count(reader, &members, "max_per_tool"),
        },
        Word::Sequence => sequence(reader, node, &members)?,
        Word::Requires => requires(reader, node, &members)?,
    };
    Some(Rule { line: reader.line(node), name, action, tools, when, message, node: node.clone() })
}

fn tools(reader: &mut Reader<'_>, members: &Members<'_>) -> Vec<Pattern> {
    let Some(node) = member(members, "tools") else { return Pattern::new("*").into_iter().collect() };
    let words = reader.words(node, "`tools`");
    if words.is_empty() && reader.faults.is_empty() {
        reader.wrong(node, "`tools` names no tool", "leave it out for all of them");
    }
    words.into_iter().filter_map(|(word, node)| pattern(reader, word, node)).collect()
}

fn pattern(reader: &mut Reader<'_>, word: &str, node: &Node) -> Option<Pattern> {
    if word.is_empty() {
        reader.wrong(node, "an empty pattern", "write `*` for everything");
        return None;
    }
    match Pattern::new(word) {
        Ok(pattern) => Some(pattern),
        Err(cause) => {
            reader.wrong(node, cause, "write the patterns one by one");
            None
        }
    }
}

fn count(reader: &mut Reader<'_>, members: &Members<'_>, key: &str) -> u64 {
    member(members, key).and_then(|node| reader.count(node, &format!("`{key}`"))).unwrap_or(0)
}

fn when(reader: &mut Reader<'_>, node: &Node) -> Vec<Test> {
    let members = reader.map(node, "`when`");
    reader.known(&members, &["arg_matches", "arg_regex", "arg_contains"], "`when`");
    let mut out = Vec::new();
    for (matcher, _, keys) in &members {
        for (key, place, value) in reader.map(keys, &format!("`{matcher}`")) {
            if !key.split('.').all(is_plain_key) {
                reader.wrong(
                    place,
                    format!("the name of an argument `{key}`"),
                    "names have letters, digits, `-`, `_`",
                );
                continue;
            }
            let wants = match *matcher {
                "arg_matches" => {
                    let words = texts(reader, value);
                    let patterns =
                        words.into_iter().filter_map(|(word, node)| pattern(reader, word, node)).collect();
                    Wants::Globs(patterns)
                }
                "arg_contains" => Wants::Contains(
                    texts(reader, value).into_iter().map(|(word, _)| word.to_owned()).collect(),
                ),
                _ => match reader.word(value, "an expression").map(python::read) {
                    Some(Ok(expression)) => Wants::Regex(expression),
                    Some(Err(cause)) => {
                        let help = "write it in what Python's `re` takes, shorter or in parts";
                        reader.wrong(value, format!("not an expression here: {cause}"), help);
                        continue;
                    }
                    None => continue,
                },
            };
            out.push(Test { key: key.to_owned(), wants });
        }
    }
    if out.is_empty() && !members.is_empty() && reader.faults.is_empty() {
        reader.wrong(node, "`when` tests nothing", "leave it out");
    }
    out
}

/// At least one text.
fn texts<'n>(reader: &mut Reader<'_>, node: &'n Node) -> Vec<(&'n str, &'n Node)> {
    let words = reader.words(node, "the patterns");
    if words.is_empty() && reader.faults.is_empty() {
        reader.wrong(node, "no pattern", "leave the argument out");
    }
    if let Some((_, long)) = words.iter().find(|(word, _)| word.len() > TEXT_BYTES_MAX) {
        reader.wrong(long, format!("a text longer than {TEXT_BYTES_MAX} bytes"), "shorten it");
    }
    words
}

fn rate(reader: &mut Reader<'_>, rule: &Node, members: &Members<'_>) -> Option<Action> {
    let Some(node) = member(members, "rate") else {
        reader.wrong(rule, "`rate_limit` without `rate`", "write `rate: 60/minute`");
        return None;
    };
    let text = reader.word(node, "`rate`")?;
    let parts = text.split_once('/').and_then(|(calls, unit)| {
        let unit_ms = match unit.trim() {
            "second" => 1_000,
            "minute" => 60_000,
            "hour" => 3_600_000,
            _ => return None,
        };
        Some((calls.trim().parse::<u32>().ok()?, unit_ms))
    });
    match parts {
        Some((calls, unit_ms)) => Some(Action::Rate(calls.into(), unit_ms)),
        None => {
            reader.wrong(node, format!("`{text}` is no rate"), "write `60/second`, `60/minute` or `60/hour`");
            None
        }
    }
}

fn sequence(reader: &mut Reader<'_>, rule: &Node, members: &Members<'_>) -> Option<Action> {
    let Some(node) = member(members, "pattern") else {
        reader.wrong(rule, "`sequence` without `pattern`", "write `pattern: [\"read_*\", \"send_*\"]`");
        return None;
    };
    let mut steps = Vec::new();
    for (word, place) in reader.words(node, "`pattern`") {
        let (tool, argument) =
            word.split_once(':').map_or((word, None), |(tool, argument)| (tool, Some(argument)));
        let tool = pattern(reader, tool, place)?;
        let argument = argument.filter(|argument| !argument.is_empty());
        let argument = argument.map(|argument| pattern(reader, argument, place));
        steps.push(Step { tool, argument: argument.flatten() });
    }
    if !(2..=STEPS_MAX).contains(&steps.len()) {
        let message = format!("a sequence of {} steps", steps.len());
        reader.wrong(node, message, format!("it has 2 to {STEPS_MAX}; mcpfw never stops one of fewer"));
        return None;
    }
    Some(Action::Sequence(steps))
}

fn requires(reader: &mut Reader<'_>, rule: &Node, members: &Members<'_>) -> Option<Action> {
    let Some(node) = member(members, "requires_event") else {
        reader.wrong(rule, "`requires` without `requires_event` requires nothing", "name the tool");
        return None;
    };
    let word = reader.word(node, "`requires_event`")?;
    let event = pattern(reader, word, node)?;
    let within_ms = duration(reader, members, "within");
    let cooldown_ms = duration(reader, members, "cooldown");
    if within_ms == 0 && cooldown_ms == 0 {
        reader.wrong(
            rule,
            "`requires` without `within` and `cooldown` requires nothing",
            "add `within: 30m`",
        );
        return None;
    }
    Some(Action::Requires { event, within_ms, cooldown_ms })
}

/// Seconds, or pieces such as `1h30m`, in milliseconds; 0 where it is not there.
fn duration(reader: &mut Reader<'_>, members: &Members<'_>, key: &str) -> u64 {
    let Some(node) = member(members, key) else { return 0 };
    let Some(text) = reader.word(node, &format!("`{key}`")) else { return 0 };
    match milliseconds(text) {
        Some(found) => found,
        None => {
            reader.wrong(node, format!("`{text}` is no duration"), "write `30m`, `1h30m` or seconds");
            0
        }
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let mut sum: f64 = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let behind = behind.trim_start();
        let (unit, behind) = match behind.chars().next() {
            Some('s') => (1.0, behind.get(1..)?),
            Some('m') => (60.0, behind.get(1..)?),
            Some('h') => (3_600.0, behind.get(1..)?),
            None => (1.0, behind),
            Some(c) if c.is_ascii_digit() => (1.0, behind),
            Some(_) => return None,
        };
        sum += number * unit;
        rest = behind.trim_start();
    }
    let whole = (sum * 1_000.0).floor();
    (whole.is_finite() && (0.0..DURATION_MS_MAX).contains(&whole))
        .then(|| format!("{whole:.0}").parse().ok())
        .flatten()
}

/// Most steps of a sequence.
const STEPS_MAX: usize = 16;
/// Longest text of `arg_contains`.
const TEXT_BYTES_MAX: usize = 2_000;
/// Longest duration: ten years.
const DURATION_MS_MAX: f64 = 315_360_000_000.0;
