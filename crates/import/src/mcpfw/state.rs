//! Rules that count and remember.

use super::order::reached;
use super::write::on;
use super::{Action, Rule, Step, show};
use crate::draft::{Draft, Section, Verdict};
use crate::fnmatch::Pattern;
use crate::note::Shown;
use crate::out::Out;
use crate::reader::Reader;

/// Most calls that mcpfw remembers.
const REMEMBERED: u64 = 1_000;

pub(super) fn write(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    (all_rules, earlier): (&[Rule], &[Rule]),
    rule: &Rule,
) {
    let all: Vec<Pattern> = Pattern::new("*").into_iter().collect();
    let about = if matches!(rule.action, Action::Sequence(_)) { &all } else { &rule.tools };
    let parts = match reached(if draft.is_safe() { &[] } else { earlier }, about) {
        Ok(Ok(parts)) => parts,
        Ok(Err(before)) => {
            draft.left_out(rule.line, format!("`{}` is never reached behind `{before}`", rule.name));
            return;
        }
        Err(cause) => {
            reader.wrong(&rule.node, cause, "split the rules before it, or use `--mode safe`");
            return;
        }
    };
    match &rule.action {
        Action::Decide(_) => {}
        Action::Rate(calls, window_ms) => rate(draft, rule, (*calls, *window_ms), parts),
        Action::Budget { max, per_tool } => budget(draft, rule, (*max, *per_tool), &parts),
        Action::Sequence(steps) => sequence(draft, rule, steps, &parts),
        Action::Requires { event, within_ms, cooldown_ms } => {
            let asks = draft.is_safe()
                && (draft.default != Verdict::Deny || all_rules.iter().any(|rule| passes(rule, event)));
            requires(draft, rule, (event, asks), (*within_ms, *cooldown_ms), &parts);
        }
    }
}

/// One set of fields for each test of `when`, or one without.
fn for_each_test(rule: &Rule) -> Vec<Option<Out>> {
    if rule.when.is_empty() {
        return vec![None];
    }
    rule.when.iter().map(|test| Some(super::write::scope(test))).collect()
}

fn rate(draft: &mut Draft, rule: &Rule, (calls, window_ms): (u64, u64), parts: Vec<String>) {
    let window = duration(window_ms);
    for args in for_each_test(rule) {
        let mut fields = vec![
            ("id", Out::Text(draft.id(&rule.name))),
            ("on", on(&rule.tools)),
            ("max", Out::word(format!("{calls}/{window}"))),
        ];
        // What waits for a person, or is denied by a later rule, is a record there.
        fields.push(("count", Out::word("attempts")));
        fields.extend(args.map(|args| ("args", args)));
        if !parts.is_empty() {
            fields.push(("if", Out::If(parts.clone())));
        }
        fields.extend(rule.reason().map(|reason| ("reason", reason)));
        draft.add(Section::Limits, rule.origin("rate_limit"), fields);
    }
    let text = format!(
        "`{}` counts every call that is tried; mcpfw counts what it lets pass or denies by a later rule, and what it lists",
        rule.name
    );
    draft.differs(rule.line, text, show::counted(rule, calls));
}

fn budget(draft: &mut Draft, rule: &Rule, (max, per_tool): (u64, u64), parts: &[String]) {
    let never = |most: u64| most == 0 || (most > REMEMBERED && !draft.is_safe());
    if never(max) && never(per_tool) {
        let text = format!("`{}` never denies: mcpfw remembers {REMEMBERED} calls", rule.name);
        draft.left_out(rule.line, text);
        return;
    }
    let (max, per_tool) =
        (Some(max).filter(|most| !never(*most)), Some(per_tool).filter(|most| !never(*most)));
    let on = if draft.is_safe() { Out::texts(["*/*", "resource:*", "prompt:*"]) } else { Out::text("*/*") };
    let mut fields = vec![("id", Out::Text(draft.id(&rule.name))), ("on", on)];
    fields.extend(max.map(|most| ("max", Out::word(most.to_string()))));
    fields.extend(per_tool.map(|most| ("max-per-tool", Out::word(most.to_string()))));
    // What is denied is a record there, too.
    fields.push(("count", Out::word("attempts")));
    fields.extend(rule.reason().map(|reason| ("reason", reason)));
    draft.add(Section::Limits, rule.origin("budget"), fields);
    if !parts.is_empty() {
        let text = format!("`{}` stops what rules before it decide, too", rule.name);
        let shown = Shown::tool("srv", "some_tool", "{}", ("is decided by a rule before it", "is denied"));
        draft.differs(rule.line, text, Some(shown.after("as many calls as it lets pass")));
    }
}

fn sequence(draft: &mut Draft, rule: &Rule, steps: &[Step], parts: &[String]) {
    let last = steps.len().saturating_sub(1);
    let step = |(index, step): (usize, &Step)| {
        let mut fields = vec![("on", Out::text(format!("*/{}", step.tool.glob())))];
        if let Some(argument) = step.argument.as_ref().filter(|argument| !argument.is_any()) {
            let glob = Out::map([("glob", Out::text(argument.glob()))]);
            fields.push(("args", Out::map([("**", glob)])));
        }
        if index == last && !parts.is_empty() {
            fields.push(("if", Out::If(parts.to_vec())));
        }
        Out::map(fields)
    };
    let steps_out = Out::List(steps.iter().enumerate().map(step).collect());
    let mut fields = vec![
        ("id", Out::Text(draft.id(&rule.name))),
        ("steps", steps_out),
        // What was tried and denied counts there.
        ("count", Out::word("attempts")),
    ];
    let reason = rule.reason().unwrap_or_else(|| Out::text("Suspicious call sequence detected"));
    fields.push(("reason", reason));
    draft.add(Section::Sequences, rule.origin("sequence"), fields);
    show::sequence(draft, rule, steps);
}

fn requires(
    draft: &mut Draft,
    rule: &Rule,
    (event, asks): (&Pattern, bool),
    (within_ms, cooldown_ms): (u64, u64),
    parts: &[String],
) {
    let target = format!("*/{}", event.glob());
    let mut conditions = Vec::new();
    if within_ms > 0 {
        let (key, needed) = if asks {
            let id = draft.id(&format!("{}-event", rule.name));
            let fields = vec![
                ("id", Out::text(id.clone())),
                ("effect", Out::word("ask")),
                ("on", Out::text(target.clone())),
                ("reason", Out::text(format!("opens what `{}` guards", rule.name))),
            ];
            draft.add(Section::Rules, rule.origin("requires"), fields);
            ("needs", Out::map([("approval", Out::text(id))]))
        } else {
            ("needs", Out::map([("call", Out::text(target.clone()))]))
        };
        conditions.push((key, needed, within_ms));
        // Who is asked about the event must not open it, where it needs one itself.
        if asks && rule.tools.iter().any(|tool| tool.may_meet(event)) {
            conditions.push(("needs", Out::map([("call", Out::text(target.clone()))]), within_ms));
        }
        show::requires(draft, rule, event, asks);
    }
    if cooldown_ms > 0 {
        conditions.push(("not-after", Out::text(target), cooldown_ms));
    }
    for (key, needed, time_ms) in conditions {
        for args in for_each_test(rule) {
            let mut fields = vec![("id", Out::Text(draft.id(&rule.name))), ("on", on(&rule.tools))];
            fields.extend(args.map(|args| ("args", args)));
            if !parts.is_empty() {
                fields.push(("if", Out::If(parts.to_vec())));
            }
            fields.push((key, needed.clone()));
            fields.push(("within", Out::word(duration(time_ms))));
            if key == "not-after" {
                // What was denied, or waits for a person, is a record there.
                fields.push(("count", Out::word("attempts")));
            }
            fields.extend(rule.reason().map(|reason| ("reason", reason)));
            draft.add(Section::Preconditions, rule.origin("requires"), fields);
        }
    }
}

/// True if the rule lets every call of the event pass: then a question in its place is no way out of a denial.
fn passes(rule: &Rule, event: &Pattern) -> bool {
    let covers = |tool: &Pattern| tool.is_any() || tool == event;
    rule.verdict() == Some(Verdict::Allow) && rule.when.is_empty() && rule.tools.iter().any(covers)
}

/// In the greatest unit that fits; fractions of a second are dropped.
fn duration(milliseconds: u64) -> String {
    let seconds = (milliseconds / 1_000).max(1);
    match seconds {
        whole if whole % 3_600 == 0 => format!("{}h", whole / 3_600),
        whole if whole % 60 == 0 => format!("{}m", whole / 60),
        whole => format!("{whole}s"),
    }
}
