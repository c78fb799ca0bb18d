//! Calls that show where the two differ.

use super::write::{commands, is_command, is_path};
use super::{Rule, Step, Test, Wants};
use crate::draft::{Draft, Verdict, clean};
use crate::fnmatch::Pattern;
use crate::note::Shown;

/// The id of the first entry of a rule, as [`Draft::id`] makes it where nothing else has it.
fn shown(rule: &Rule, arguments: String, theirs: &str, ours: &str, speaks: Option<bool>) -> Option<Shown> {
    let tool = rule.tools.iter().find(|tool| tool.literal().is_some()).or(rule.tools.first())?;
    let tool = if tool.is_any() { "some_tool".to_owned() } else { tool.sample() };
    let speaks = speaks.map(|speaks| (clean(&rule.name), speaks));
    Some(Shown { speaks, ..Shown::tool("srv", &tool, &arguments, (theirs, ours)) })
}

/// `{"key": value}`, of a dotted key.
fn arguments(key: &str, value: &str) -> String {
    let mut out = value.to_owned();
    for name in key.rsplit('.') {
        out = format!("{{{}: {out}}}", json(name));
    }
    out
}

pub(crate) fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            plain if !plain.is_control() => out.push(plain),
            other => out.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    out.push('"');
    out
}

fn sample(test: &Test) -> Option<String> {
    match &test.wants {
        Wants::Globs(patterns) => patterns.first().map(Pattern::sample),
        Wants::Contains(texts) => texts.first().cloned(),
        Wants::Regex(_) => None,
    }
}

/// A call that the rule is about.
pub(super) fn matching(rule: &Rule, theirs: &str, ours: &str) -> Option<Shown> {
    let text = match rule.when.first() {
        None => "{}".to_owned(),
        Some(test) => arguments(&test.key, &json(&sample(test)?)),
    };
    shown(rule, text, theirs, ours, Some(true))
}

pub(super) fn default(draft: &mut Draft, line: u32, rules: &[Rule]) {
    let named = |name: &str| rules.iter().flat_map(|rule| &rule.tools).any(|tool| tool.written == name);
    let tool = if named("some_other_tool") { "yet_another_tool" } else { "some_other_tool" };
    let shown = Shown::tool("srv", tool, "{}", ("passes", "asks"));
    draft.differs(line, "what no rule names asks; in mcpfw it passes", Some(shown));
}

/// What differs for a rule that decides.
pub(super) fn differences(draft: &mut Draft, rule: &Rule, verdict: Verdict) {
    let tightens = verdict != Verdict::Allow;
    let word = if verdict == Verdict::Ask { "asks" } else { "denies" };
    if tightens && rule.when.is_empty() {
        let Some(name) = rule.tools.iter().find_map(Pattern::literal) else { return };
        let upper = name.to_ascii_uppercase();
        if upper != name && !rule.tools.iter().any(Pattern::is_any) {
            let call = shown(rule, "{}".to_owned(), "this rule does not fit", word, Some(true));
            let call = call.map(|call| Shown { tool: upper, ..call });
            draft.differs(rule.line, format!("`{}` {word} its tools in any letter case", rule.name), call);
        }
        return;
    }
    let Some(test) = rule.when.first() else { return };
    let Some(sample) = sample(test) else { return };
    if draft.is_safe() {
        meant(draft, rule, test, tightens, &sample);
        return;
    }
    let list = arguments(&test.key, &format!("[{}]", json(&sample)));
    if tightens {
        let text = format!(
            "`{}` looks into lists, and {word} what is no text under `{}`; mcpfw compares the text that Python makes of it",
            rule.name, test.key
        );
        draft.differs(rule.line, text, shown(rule, list, "this rule need not fit", word, Some(true)));
    } else {
        let text = format!(
            "`{}` allows texts alone under `{}`; mcpfw compares the text that Python makes of other values",
            rule.name, test.key
        );
        draft.differs(
            rule.line,
            text,
            shown(rule, arguments(&test.key, "5"), "compares `5`", "this rule is silent", Some(false)),
        );
    }
}

/// That all lists are taken for what a rule may mean.
pub(super) fn list(draft: &mut Draft, rule: &Rule, verdict: Verdict, test: &Test) {
    let word = if verdict == Verdict::Ask { "asks" } else { "denies" };
    let text = format!(
        "`{}` {word} every list under `{}`; mcpfw compares the text that Python makes of it, brackets and quotes included",
        rule.name, test.key
    );
    let call = arguments(&test.key, "[\"a\"]");
    let call = shown(rule, call, "this rule need not fit", word, None);
    draft.differs(rule.line, text, call);
}

/// What an expression of Python means otherwise here.
pub(super) fn inexact(draft: &mut Draft, rule: &Rule, verdict: Verdict) {
    for test in &rule.when {
        let Wants::Regex(expression) = &test.wants else { continue };
        if expression.inexact.is_empty() {
            continue;
        }
        let about = expression.inexact.join("; ");
        let meant = match (verdict, &expression.most) {
            (Verdict::Allow, Some(_)) => "it allows texts of ASCII alone".to_owned(),
            (Verdict::Allow, None) => "it allows nothing".to_owned(),
            (Verdict::Ask, _) if draft.default == Verdict::Deny => "what it may mean is denied".to_owned(),
            (Verdict::Ask | Verdict::Deny, _) => "it matches at least what it matches there".to_owned(),
        };
        let sample = expression.sample.as_ref();
        let call = sample.and_then(|sample| match verdict {
            Verdict::Allow => {
                let call = arguments(&test.key, &json(&format!("{sample}\u{e9}")));
                shown(rule, call, "this rule may fit", "this rule is silent", None)
            }
            Verdict::Ask | Verdict::Deny => shown(
                rule,
                arguments(&test.key, &json(sample)),
                "this rule need not fit",
                "is tightened",
                None,
            ),
        });
        draft.differs(rule.line, format!("`{}`: not exact here: {about}; {meant}", rule.name), call);
    }
}

/// In the meaning of safe.
fn meant(draft: &mut Draft, rule: &Rule, test: &Test, tightens: bool, sample: &str) {
    let last = test.key.rsplit('.').next().unwrap_or_default();
    if is_path(test) && tightens {
        let text =
            format!("`{}` sees paths under every key, in every spelling, and below what it names", rule.name);
        let call = format!("{{\"some_other_key\": [{}]}}", json(sample));
        draft.differs(
            rule.line,
            text,
            shown(rule, call, "this rule does not fit", "this rule speaks", Some(true)),
        );
    } else if is_path(test) {
        let text = format!("`{}` allows where a path leads, not how it is written", rule.name);
        let outside = format!("{}{}", sample, "/../../../../../../../../etc/passwd");
        let call = arguments(&test.key, &json(&outside));
        draft.differs(
            rule.line,
            text,
            shown(rule, call, "the text may fit", "this rule is silent", Some(false)),
        );
    } else if is_command(last) && tightens && !commands(&test.wants).is_empty() {
        let text = format!(
            "`{}` also sees what a shell would run, however it is quoted or wrapped: {}",
            rule.name,
            commands(&test.wants).join(", ")
        );
        let wrapped = arguments(&test.key, &json(&format!("true; {}", commands(&test.wants).join("; "))));
        draft.differs(
            rule.line,
            text,
            shown(rule, wrapped, "the text need not fit", "this rule speaks", Some(true)),
        );
    }
}

/// A call that a limit counts otherwise, since one before it was stopped.
pub(super) fn counted(rule: &Rule, most: u64) -> Option<Shown> {
    let text = rule.when.first().and_then(sample).zip(rule.when.first());
    let text = text.map_or("{}".to_owned(), |(sample, test)| arguments(&test.key, &json(&sample)));
    let call = shown(rule, text, "passes: a rule before it denied one", "denies: every one counts", None)?;
    Some(call.after(format!("{most} like it, one of which was denied")))
}

pub(super) fn sequence(draft: &mut Draft, rule: &Rule, steps: &[Step]) {
    let about = steps.iter().filter_map(|step| step.argument.as_ref().map(|argument| (step, argument)));
    if let Some((step, argument)) = about.into_iter().find(|(_, argument)| !argument.is_any()) {
        let call = format!("{{\"a\": \"\", \"b\": {}}}", json(&argument.sample()));
        let verdicts = ("takes no step: only the first argument is compared", "takes a step of the sequence");
        let shown = Shown::tool("srv", &named(&step.tool), &call, verdicts);
        draft.differs(rule.line, format!("`{}` looks at every argument", rule.name), Some(shown));
    }
    let call = |step: &Step| {
        let text = step.argument.as_ref().map(|argument| format!("{{\"a\": {}}}", json(&argument.sample())));
        (named(&step.tool), text.unwrap_or_else(|| "{}".to_owned()))
    };
    let last = steps.last().map(|last| {
        let (tool, text) = call(last);
        let before: Vec<String> = steps.iter().rev().skip(1).rev().map(|step| call(step).0).collect();
        Shown::tool("srv", &tool, &text, ("passes", "completes the sequence"))
            .after(format!("{} and 1000 other calls", before.join(", ")))
    });
    draft.differs(
        rule.line,
        format!("`{}` forgets nothing; mcpfw forgets what is 1000 calls old", rule.name),
        last,
    );
}

fn named(tool: &Pattern) -> String {
    if tool.is_any() { "some_tool".to_owned() } else { tool.sample() }
}

pub(super) fn requires(draft: &mut Draft, rule: &Rule, event: &Pattern, asks: bool) {
    let text = if asks {
        format!(
            "`{}` needs a person who let `{}` pass; in mcpfw a call of the agent is enough, even a denied one",
            rule.name, event.written
        )
    } else {
        format!(
            "`{}` needs a call of `{}` that succeeded; in mcpfw one that was denied is enough",
            rule.name, event.written
        )
    };
    let stays = if asks { "stays closed until a person says yes" } else { "stays closed" };
    let call = shown(rule, "{}".to_owned(), "passes", stays, None);
    let event = named(event);
    let call = call.map(|call| call.after(format!("`{event}`, which was denied")));
    draft.differs(rule.line, text, call);
}
