//! Rules that others make useless, and rules that allow everything.

use super::covers::{covers, covers_targets, targets};
use super::{Entry, Found, Look, member};
use crate::model::Effect;

/// An allow or an ask over calls of which a stricter rule speaks whatever they are like.
pub(super) fn shadowed(look: &Look<'_>, out: &mut Vec<Found>) {
    for rule in look.rules().filter(|rule| matches!(rule.effect, Effect::Allow | Effect::Ask)) {
        let stricter = |other: &&Entry<'_>| {
            let beats = match other.effect {
                Effect::Deny => true,
                Effect::Ask => rule.effect == Effect::Allow,
                Effect::Allow | Effect::Require => false,
            };
            beats && member(other.node, "unless").is_none() && covers(other, rule)
        };
        if let Some(other) = look.rules().find(stricter) {
            let word = if other.effect == Effect::Deny { "denies" } else { "asks about" };
            let message = format!(
                "the {} `{}` never has an effect: {} {word} every call that it is about",
                rule.effect.word(),
                rule.id,
                look.named(other, rule.file)
            );
            let fix = match other.effect {
                Effect::Ask if is_everything(other) => {
                    "say `default: ask` in place of an ask rule over everything"
                }
                _ => "remove it, or except its calls from the other rule with `unless`",
            };
            out.push(rule.found("shadowed-rule", rule.id_span.start, message, fix));
        }
    }
}

/// A rule without a reason of its own, of whose calls another rule of the file says the same.
pub(super) fn redundant(look: &Look<'_>, out: &mut Vec<Found>) {
    let rules: Vec<&Entry<'_>> = look.rules().collect();
    for (index, rule) in rules.iter().enumerate() {
        let needed = look.layers.parts.iter().flat_map(|part| &part.preconditions).any(|gate| {
            matches!(&gate.about.condition, Some(crate::history::Condition::Approval(id)) if id == rule.id)
        });
        if needed || ["reason", "approval", "override"].iter().any(|key| rule.member(key).is_some()) {
            continue;
        }
        let says_the_same = |(at, other): &(usize, &&Entry<'_>)| {
            // Of two that cover each other the later one is needless.
            let first = *at < index || !covers(rule, other);
            *at != index
                && other.file == rule.file
                && other.effect == rule.effect
                && first
                && covers(other, rule)
        };
        if let Some((_, other)) = rules.iter().enumerate().find(says_the_same) {
            let message = format!(
                "the {} `{}` says nothing new: {} says the same of every call that it is about",
                rule.effect.word(),
                rule.id,
                look.named(other, rule.file)
            );
            out.push(rule.found(
                "redundant-rule",
                rule.id_span.start,
                message,
                "remove it, or give it a `reason`",
            ));
        }
    }
}

pub(super) fn allows_everything(look: &Look<'_>, out: &mut Vec<Found>) {
    for rule in look.rules() {
        if rule.effect == Effect::Allow && is_everything(rule) && rule.member("reason").is_none() {
            let message = format!("`{}` allows every tool with any arguments, to everybody", rule.id);
            let fix = "name the tools, or say in a `reason` why everything shall pass";
            out.push(rule.found("allows-everything", rule.id_span.start, message, fix));
        }
    }
}

fn is_everything(rule: &Entry<'_>) -> bool {
    let narrow = ["args", "if", "unless", "for", "labels"];
    narrow.iter().all(|key| rule.member(key).is_none())
        && covers_targets(&targets(rule.node), &["*/*".to_owned()], true)
}
