//! Rules that decide, written.

use super::order::{Exceptions, test};
use super::{Rule, Test, Wants, show};
use crate::draft::{Draft, Section, Verdict};
use crate::expression::tool_is;
use crate::fnmatch::Pattern;
use crate::out::Out;
use crate::python::Most;

/// Writes a rule, one entry for each test of its `when`.
pub(super) fn rule(draft: &mut Draft, rule: &Rule, verdict: Verdict, exceptions: &Exceptions) {
    let comment = rule.origin(verdict.word());
    if rule.when.is_empty() {
        let mut rest = exceptions.parts.clone();
        for (tools, unless) in &exceptions.unless {
            let mut parts = exceptions.parts.clone();
            if let Some(tools) = tools {
                rest.extend(tool_is(tools).map(|test| format!("!({test})")));
                parts.extend(tool_is(&rule.tools));
            }
            let targets = on(tools.as_ref().unwrap_or(&rule.tools));
            let mut fields = fields(draft, rule, verdict, targets, None, &parts);
            fields.push(("unless", Out::map([("args", unless.clone())])));
            draft.add(Section::Rules, comment.clone(), fields);
        }
        if exceptions.unless.iter().all(|(tools, _)| tools.is_some()) {
            let fields = fields(draft, rule, verdict, on(&rule.tools), None, &rest);
            draft.add(Section::Rules, comment, fields);
        }
        return;
    }
    for test in &rule.when {
        if narrow_question(draft, rule, verdict, test, exceptions) {
            continue;
        }
        let args = match (draft.is_safe(), verdict) {
            (false, Verdict::Allow) => exact_allow(test),
            (false, Verdict::Ask | Verdict::Deny) => Some(as_written(test)),
            (true, Verdict::Allow) => safe_allow(draft, rule, test),
            // Where the default denies, a wider question would be a way out.
            (true, Verdict::Ask) if draft.default == Verdict::Deny => Some(as_written(test)),
            (true, Verdict::Ask | Verdict::Deny) => {
                meant(draft, rule, verdict, test, exceptions);
                Some(as_written(test))
            }
        };
        let Some(args) = args else { continue };
        let fields = fields(draft, rule, verdict, on(&rule.tools), Some(args), &exceptions.parts);
        draft.add(Section::Rules, comment.clone(), fields);
    }
    rule.when.iter().for_each(|test| lists(draft, rule, verdict, test, exceptions));
}

/// What tightens for a list, where Python's text of it may match and no element of it does.
fn lists(draft: &mut Draft, rule: &Rule, verdict: Verdict, test: &Test, exceptions: &Exceptions) {
    if verdict == Verdict::Allow || !test.wants.sees_lists() {
        return;
    }
    let verdict = if draft.default == Verdict::Deny { Verdict::Deny } else { verdict };
    let args = Args::Match(one(&test.key, vec![("type", Out::word("array"))]));
    let fields = fields(draft, rule, verdict, on(&rule.tools), Some(args), &exceptions.parts);
    draft.add(Section::Rules, format!("{}, of a list", rule.origin(verdict.word())), fields);
    show::list(draft, rule, verdict, test);
}

/// A question that cannot be told exactly, where the default denies: it asks about what is surely meant, and denies what may be.
fn narrow_question(
    draft: &mut Draft,
    rule: &Rule,
    verdict: Verdict,
    of: &Test,
    exceptions: &Exceptions,
) -> bool {
    let Wants::Regex(expression) = &of.wants else { return false };
    if verdict != Verdict::Ask || draft.default != Verdict::Deny || expression.inexact.is_empty() {
        return false;
    }
    let comment = rule.origin(verdict.word());
    if let Some(args) = exact_allow(of) {
        let fields = fields(draft, rule, verdict, on(&rule.tools), Some(args), &exceptions.parts);
        draft.add(Section::Rules, comment.clone(), fields);
    }
    let mut parts = exceptions.parts.clone();
    parts.push(format!("!({})", test(of)));
    let fields = fields(draft, rule, Verdict::Deny, on(&rule.tools), Some(as_written(of)), &parts);
    draft.add(Section::Rules, comment, fields);
    true
}

/// How a rule tells the arguments.
enum Args {
    Match(Out),
    If(String),
}

fn fields(
    draft: &mut Draft,
    rule: &Rule,
    verdict: Verdict,
    on: Out,
    args: Option<Args>,
    parts: &[String],
) -> Vec<(&'static str, Out)> {
    let id = draft.id(&rule.name);
    let mut fields = vec![("id", Out::Text(id)), ("effect", Out::word(verdict.word())), ("on", on)];
    let mut parts = parts.to_vec();
    match args {
        Some(Args::Match(map)) => fields.push(("args", map)),
        Some(Args::If(text)) => parts.insert(0, text),
        None => {}
    }
    if !parts.is_empty() {
        fields.push(("if", Out::If(parts)));
    }
    fields.extend(rule.reason().map(|reason| ("reason", reason)));
    fields
}

pub(super) fn on(tools: &[Pattern]) -> Out {
    Out::texts(tools.iter().map(|tool| format!("*/{}", tool.glob())))
}

fn one(key: &str, matchers: Vec<(&'static str, Out)>) -> Out {
    Out::map([(key, Out::map(matchers))])
}

/// What Python makes of a list was not allowed.
fn text() -> (&'static str, Out) {
    ("type", Out::word("string"))
}

fn matcher(wants: &Wants) -> (&'static str, Out) {
    match wants {
        Wants::Globs(patterns) => ("glob", Out::texts(patterns.iter().map(Pattern::glob))),
        Wants::Regex(expression) => ("regex", Out::text(literal_dollar(&expression.least))),
        Wants::Contains(texts) => ("glob", Out::texts(texts.iter().map(|text| containing(text)))),
    }
}

/// A glob for texts that hold this one.
fn containing(text: &str) -> String {
    let mut out = String::from("*");
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | '{' | '\\') {
            out.push('[');
            out.push(character);
            out.push(']');
        } else {
            out.push(character);
        }
    }
    out.push('*');
    out
}

/// `${` begins a variable in a policy.
fn literal_dollar(text: &str) -> String {
    text.replace("${", "$${")
}

/// Their test, about the same argument. A list is looked at element by element, and as its elements joined.
fn as_written(test: &Test) -> Args {
    Args::Match(one(&test.key, vec![matcher(&test.wants)]))
}

/// Only texts: what Python makes of a list is no text to compare with.
fn exact_allow(of: &Test) -> Option<Args> {
    // A dotted name walks lists here.
    if of.key.contains('.') && !of.wants.opens_nothing() {
        return Some(Args::If(test(of)));
    }
    if let Wants::Regex(expression) = &of.wants {
        let most = expression.most.as_ref()?;
        return Some(if most.ascii { Args::If(test(of)) } else { Args::Match(one(&of.key, opening(most))) });
    }
    Some(Args::Match(one(&of.key, vec![text(), matcher(&of.wants)])))
}

fn opening(most: &Most) -> Vec<(&'static str, Out)> {
    // A text that holds nothing is not looked at there, so that no expression allows it.
    vec![text(), ("regex", Out::text(literal_dollar(&most.expression))), ("glob", Out::text("?*"))]
}

fn safe_allow(draft: &mut Draft, rule: &Rule, test: &Test) -> Option<Args> {
    let Wants::Globs(patterns) = &test.wants else { return exact_allow(test) };
    if !is_path(test) {
        return exact_allow(test);
    }
    let mut paths = Vec::new();
    for pattern in patterns {
        match pattern.path(false) {
            Some(path) => paths.push(path),
            None => {
                let text = format!("`{}` allows `{}`, which is no path here", rule.name, pattern.written);
                draft.left_out(rule.line, text);
            }
        }
    }
    if paths.is_empty() {
        return None;
    }
    // As it was written, too: what is spelled otherwise was not allowed.
    Some(Args::Match(one(&test.key, vec![text(), ("path", Out::texts(paths)), matcher(&test.wants)])))
}

/// A denial of what was meant: paths by every spelling and under every key, commands by what a shell would run.
fn meant(draft: &mut Draft, rule: &Rule, verdict: Verdict, test: &Test, exceptions: &Exceptions) {
    let comment = rule.origin(verdict.word());
    let last = test.key.rsplit('.').next().unwrap_or_default();
    let mut on_all = on(&rule.tools);
    let args = match &test.wants {
        Wants::Globs(patterns) if is_path(test) => {
            let mut paths: Vec<String> = patterns.iter().filter_map(|pattern| pattern.path(true)).collect();
            paths.extend(patterns.iter().filter_map(Pattern::copies));
            if paths.is_empty() {
                return;
            }
            let reads = |tool: &Pattern| tool.is_any() || tool.written.contains("read");
            if rule.tools.iter().any(reads) && exceptions.parts.is_empty() {
                let mut all: Vec<String> =
                    rule.tools.iter().map(|tool| format!("*/{}", tool.glob())).collect();
                all.extend(["resource:*".to_owned(), "completion:*".to_owned()]);
                on_all = Out::texts(all);
            }
            one("**", vec![("path", Out::texts(paths))])
        }
        Wants::Globs(_) | Wants::Contains(_) if is_command(last) => {
            let entries = commands(&test.wants);
            if entries.is_empty() {
                return;
            }
            one("{*command*,*cmd*,*script*}", vec![("command", Out::texts(entries))])
        }
        wants => one("**", vec![matcher(wants)]),
    };
    let fields = fields(draft, rule, verdict, on_all, Some(Args::Match(args)), &exceptions.parts);
    draft.add(Section::Rules, comment, fields);
}

/// True if the argument is a file's name, by its key or by what it is compared with.
pub(super) fn is_path(test: &Test) -> bool {
    let Wants::Globs(patterns) = &test.wants else { return false };
    let last = test.key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let by_key = ["path", "file", "dir", "folder"].iter().any(|word| last.contains(word));
    let by_value = |pattern: &Pattern| {
        ["/", "~", "./", "../", "**/"].iter().any(|start| pattern.written.starts_with(start))
    };
    by_key || (!is_command(&last) && patterns.iter().any(by_value))
}

pub(super) fn is_command(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["command", "cmd", "script"].iter().any(|word| key.contains(word))
}

/// Commands that the texts name: `*rm -rf /*` is about `rm` with its flags, whatever else is around it.
pub(super) fn commands(wants: &Wants) -> Vec<String> {
    let texts: Vec<String> = match wants {
        Wants::Globs(patterns) => patterns.iter().map(|pattern| pattern.written.clone()).collect(),
        Wants::Contains(texts) => texts.clone(),
        Wants::Regex(_) => Vec::new(),
    };
    let mut out: Vec<String> = texts.iter().filter_map(|text| command(text)).collect();
    out.dedup();
    out
}

fn command(text: &str) -> Option<String> {
    let text = text.trim_matches(['*', ' ']);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (program, rest) = words.split_first()?;
    let plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let is_program =
        plain(program) && program.starts_with(|c: char| c.is_ascii_lowercase()) && program.len() >= 2;
    if !is_program || program.contains("_") || rest.len() > WORDS_MAX {
        return None;
    }
    // Of operands only those that are words; a path such as `/` would say less than was meant.
    let fitting: Vec<&str> = rest.iter().copied().take_while(|word| plain(word)).collect();
    let cut = rest.get(fitting.len()..).unwrap_or_default();
    let only_places = cut.iter().all(|word| matches!(*word, "/" | "/*" | "~" | "."));
    only_places.then(|| std::iter::once(*program).chain(fitting).collect::<Vec<_>>().join(" "))
}

/// Most words behind a program.
const WORDS_MAX: usize = 8;

/// The same test as the scope of a limit or a precondition.
pub(super) fn scope(test: &Test) -> Out {
    one(&test.key, vec![matcher(&test.wants)])
}

/// The matcher that lets an exception stand as `unless`.
pub(super) fn unless(rule: &Rule) -> Option<Out> {
    let [test] = rule.when.as_slice() else { return None };
    match &test.wants {
        Wants::Globs(patterns) if is_path(test) => {
            let paths: Vec<String> = patterns.iter().filter_map(|pattern| pattern.path(false)).collect();
            (!paths.is_empty())
                .then(|| one(&test.key, vec![text(), ("path", Out::texts(paths)), matcher(&test.wants)]))
        }
        Wants::Regex(expression) => {
            let most = expression.most.as_ref().filter(|most| !most.ascii)?;
            Some(one(&test.key, opening(most)))
        }
        wants => Some(one(&test.key, vec![text(), matcher(wants)])),
    }
}
