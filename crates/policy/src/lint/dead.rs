//! Rules that nothing can match, and sequences that nothing can complete.

use bailiwick_mcp::{Limits, Parser};

use super::covers::{covers_node, targets};
use super::{Entry, Found, Kind, Look, items, member, members, same};
use crate::args::{Condition as ArgsCondition, Input, Matcher, Scalar, Sense};
use crate::condition::{Blame, Condition, Facts, List};
use crate::model::{Effect, Principal};
use crate::path::Scratch;
use crate::schema::Tool;
use crate::suite::text_as_json;
use crate::tree::Node;

pub(super) fn never_matches(look: &Look<'_>, out: &mut Vec<Found>) {
    for entry in &look.entries {
        let Some(scope) = entry.scope else { continue };
        let word = if entry.kind == Kind::Limit { "limit" } else { entry.effect.word() };
        if let (Some(node), Some(condition)) = (entry.member("if"), &scope.condition) {
            match constant(condition, scope.senses.args) {
                Some(true) => {
                    let message = format!("the condition of `{}` is always true", entry.id);
                    out.push(entry.found(
                        "always-true",
                        node.span.start,
                        message,
                        "leave it out, or compare an argument",
                    ));
                }
                Some(false) => {
                    let message =
                        format!("the {word} `{}` never matches: its condition is always false", entry.id);
                    out.push(entry.found(
                        "never-matches",
                        node.span.start,
                        message,
                        "compare an argument, or remove the rule",
                    ));
                }
                None => {}
            }
        }
        if let (Some(node), Some(condition)) = (entry.member("if"), &scope.condition)
            && condition.compares_tool_with_server()
        {
            let message = format!("`tool` in the condition of `{}` is the name without its server", entry.id);
            out.push(entry.found(
                "never-matches",
                node.span.start,
                message,
                "compare `server` and `tool`, each by itself",
            ));
        }
        resources_without_arguments(entry, word, out);
        contradictions(look, entry, out);
        excepts_all(entry, out);
    }
}

/// What a condition comes to that asks about nothing but arguments, if that does not depend on them.
fn constant(condition: &Condition, sense: Sense) -> Option<bool> {
    if !condition.asks_only_arguments() {
        return None;
    }
    let principal = Principal::default();
    let facts = Facts {
        input: Input { arguments: None, uri: None },
        known: false,
        principal: &principal,
        roles: List::Names(&[]),
        tool: None,
        server: "",
        labels: Err(Blame::Unknown),
    };
    condition.always(&facts, sense)
}

/// Of a resource rules see its `uri`, and nothing else.
fn resources_without_arguments(entry: &Entry<'_>, word: &str, out: &mut Vec<Found>) {
    let targets = targets(entry.node);
    if targets.is_empty() || !targets.iter().all(|target| target.starts_with("resource:")) {
        return;
    }
    for (key, _) in entry.member("args").map(members).unwrap_or_default() {
        let name = key.scalar().unwrap_or_default();
        if !name.contains('*') && !name.eq_ignore_ascii_case("uri") {
            let message =
                format!("the {word} `{}` never matches: a resource has no argument `{name}`", entry.id);
            out.push(entry.found(
                "never-matches",
                key.span.start,
                message,
                "the address of a resource is its argument `uri`",
            ));
        }
    }
}

/// Of the values that `in` lists none is what the other matchers of the key want.
fn contradictions(look: &Look<'_>, entry: &Entry<'_>, out: &mut Vec<Found>) {
    let Some((scope, args)) = entry.scope.and_then(|scope| scope.args.as_ref().map(|args| (scope, args)))
    else {
        return;
    };
    // Where a doubt matches, a value of another type does.
    if scope.senses.args == Sense::Any {
        return;
    }
    let keys = entry.member("args").map(members).unwrap_or_default();
    for (condition, (key, _)) in args.keys.iter().zip(keys) {
        let listed = condition.matchers.iter().find_map(|matcher| match matcher {
            Matcher::In(scalars) => Some(scalars),
            _ => None,
        });
        let (Some(listed), false) = (listed, condition.key.is_wild()) else { continue };
        let possible = |scalar: &Scalar| holds_for(look, condition, scalar, scope.senses.args);
        if condition.matchers.len() > 1 && !listed.iter().any(possible) {
            let message = format!(
                "`{}` never matches: none of the values that `in` lists for `{}` is what its other matchers want",
                entry.id, condition.key.written
            );
            out.push(entry.found("never-matches", key.span.start, message, "drop one of the matchers"));
        }
    }
}

fn holds_for(look: &Look<'_>, condition: &ArgsCondition, scalar: &Scalar, sense: Sense) -> bool {
    let text = call_with(&condition.key.written, scalar);
    let mut parser = Parser::default();
    let Ok(parsed) = parser.parse(text.as_bytes(), &Limits::DEFAULT) else { return true };
    let input = Input { arguments: Some(parsed.root()), uri: None };
    let mut scratch = Scratch::new(&look.layers.base, None, "server");
    condition.holds(input, sense, &mut scratch)
}

/// A deny or an ask over an argument of locked tools that never has such a value.
pub(super) fn never_sent(look: &Look<'_>, out: &mut Vec<Found>) {
    let Some(catalog) = look.catalog else { return };
    for entry in look.rules().filter(|entry| matches!(entry.effect, Effect::Deny | Effect::Ask)) {
        let Some(args) = entry.scope.and_then(|scope| scope.args.as_ref()) else { continue };
        let targets = targets(entry.node);
        let named = |server: &str, tool: &str| {
            targets.iter().any(|target| target.eq_ignore_ascii_case(&format!("{server}/{tool}")))
        };
        let tools: Vec<&Tool> =
            catalog.tools().iter().filter(|tool| named(&tool.server, &tool.name)).collect();
        if tools.is_empty() || tools.len() != targets.len() {
            continue;
        }
        let keys = entry.member("args").map(members).unwrap_or_default();
        for (condition, (key, _)) in args.keys.iter().zip(keys) {
            let never = |tool: &&Tool| {
                let shape =
                    tool.arguments.as_ref().and_then(|shape| shape.properties.get(&condition.key.written));
                let values = shape.and_then(|shape| shape.values.as_ref());
                values.is_some_and(|values| {
                    !values.iter().any(|value| holds_for(look, condition, value, Sense::Any))
                })
            };
            if tools.iter().all(never) {
                let name = &condition.key.written;
                let message = format!(
                    "the {} `{}` never matches: `{name}` is one of a few values in the lock file, and none is such",
                    entry.effect.word(),
                    entry.id
                );
                out.push(entry.found(
                    "never-matches",
                    key.span.start,
                    message,
                    "name one of the values that the tool takes",
                ));
            }
        }
    }
}

/// `{"a":{"b":VALUE}}` for `a.b`.
fn call_with(path: &str, scalar: &Scalar) -> String {
    let mut value = String::new();
    match scalar {
        Scalar::Text(text) => text_as_json(text, &mut value),
        Scalar::Number(_) | Scalar::Boolean(_) | Scalar::Null => value.push_str(&scalar.written()),
    }
    path.rsplit('.').fold(value, |inner, name| {
        let mut out = String::from("{");
        text_as_json(name, &mut out);
        format!("{out}:{inner}}}")
    })
}

/// An allow that excepts what it asks for.
fn excepts_all(entry: &Entry<'_>, out: &mut Vec<Found>) {
    let Some(unless) =
        entry.member("unless").filter(|_| entry.effect == Effect::Allow && entry.kind == Kind::Rule)
    else {
        return;
    };
    let (Some(args), None) = (member(unless, "args"), member(unless, "if")) else { return };
    let own = entry.member("args").map(members).unwrap_or_default();
    let asked =
        |(key, value): &(Node, Node)| own.iter().any(|(name, wanted)| same(key, name) && same(value, wanted));
    if members(args).iter().all(asked) {
        let message =
            format!("the allow `{}` never matches: `unless` excepts all that `args` ask for", entry.id);
        out.push(entry.found(
            "never-matches",
            unless.span.start,
            message,
            "except less than the rule asks for",
        ));
    }
}

/// A step that only denied calls could take.
pub(super) fn never_completes(look: &Look<'_>, out: &mut Vec<Found>) {
    for sequence in look.entries.iter().filter(|entry| entry.kind == Kind::Sequence) {
        if sequence.member("count").and_then(Node::scalar) == Some("attempts") {
            continue;
        }
        // The last step is denied by the sequence itself.
        let steps = sequence.member("steps").map(items).unwrap_or_default();
        for step in steps.iter().take(steps.len().saturating_sub(1)) {
            let denies = |rule: &&Entry<'_>| {
                rule.effect == Effect::Deny
                    && rule.member("unless").is_none()
                    && covers_node(rule.node, Effect::Deny, rule.file == sequence.file, step)
            };
            if let Some(rule) = look.rules().find(denies) {
                let message = format!(
                    "the sequence `{}` is never completed: {} denies every call that could take this step",
                    sequence.id,
                    look.named(rule, sequence.file)
                );
                let fix = "remove it, or write `count: attempts` if trying counts";
                out.push(sequence.found("never-completes", step.span.start, message, fix));
            }
        }
    }
}
