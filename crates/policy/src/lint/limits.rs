//! Limits that something else stops before.

use super::covers::{apart, covers, targets};
use super::{Entry, Found, Kind, Look};
use crate::model::{Counted, Each, Effect, Limit, Per, Verdict};

pub(super) fn unreachable(look: &Look<'_>, out: &mut Vec<Found>) {
    let limits: Vec<(&Entry<'_>, &Limit)> = look
        .entries
        .iter()
        .filter(|entry| entry.kind == Kind::Limit)
        .filter_map(|entry| entry.limit.map(|limit| (entry, limit)))
        .collect();
    for (entry, limit) in &limits {
        within_itself(entry, limit, out);
        let at = entry.id_span.start;
        if let Some((other, stricter)) = limits
            .iter()
            .find(|(_, other)| !std::ptr::eq(*other, *limit) && stops_before(other, limit))
            .filter(|(other, _)| covers(other, entry))
        {
            let message = format!(
                "the limit `{}` is never reached: {} ends at {} for all that it counts",
                entry.id,
                look.named(other, entry.file),
                stricter.max.unwrap_or_default()
            );
            out.push(entry.found("unreachable-limit", at, message, "lower it, or remove it"));
        }
        let denies = |rule: &&Entry<'_>| {
            rule.effect == Effect::Deny && rule.member("unless").is_none() && covers(rule, entry)
        };
        if let Some(rule) = look.rules().find(denies) {
            let message = format!(
                "the limit `{}` counts nothing: {} denies every call in its scope",
                entry.id,
                look.named(rule, entry.file)
            );
            out.push(entry.found("unreachable-limit", at, message, "remove it, or the rule that denies"));
        } else if nothing_passes(look, entry) {
            let message =
                format!("the limit `{}` counts nothing: no rule lets a call in its scope pass", entry.id);
            out.push(entry.found("unreachable-limit", at, message, "remove it, or allow what it is about"));
        }
    }
}

fn within_itself(entry: &Entry<'_>, limit: &Limit, out: &mut Vec<Found>) {
    let count = |count: Option<u64>| count.map(|count| count as f64);
    if let (Some(max), None, Some(of_one), Each::Nothing) =
        (limit.max, limit.window_ms, count(limit.max_per_tool), limit.each)
        && of_one >= max
    {
        let at = entry.member("max-per-tool").map_or(entry.id_span.start, |node| node.span.start);
        let message = format!("`max-per-tool` of `{}` is never reached: its `max` is {max}", entry.id);
        out.push(entry.found("unreachable-limit", at, message, "make it less than `max`, or remove it"));
    }
}

/// True if `other`, where it counts all that `limit` counts, is used up while `limit` is not.
fn stops_before(other: &Limit, limit: &Limit) -> bool {
    let plain = |limit: &Limit| limit.sum.is_none() && limit.burst.is_none();
    let (Some(most), Some(max)) = (other.max, limit.max) else { return false };
    let whose = other.per == limit.per || other.per == Per::Principal;
    let longer = match (other.window_ms, limit.window_ms) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(longer), Some(window)) => longer >= window,
    };
    // An approved call goes on and counts.
    let ends = other.effect == Effect::Deny || limit.effect == Effect::Ask;
    // What is denied is no part of what goes on, and both are of what is tried.
    let as_much =
        other.count == limit.count || (other.count, limit.count) == (Counted::Attempts, Counted::Forwarded);
    plain(other)
        && plain(limit)
        && limit.max_per_tool.is_none()
        && other.each == Each::Nothing
        && whose
        && as_much
        && longer
        && ends
        && most < max
}

/// Every layer denies what no rule names, there are rules that open, and none of them is about the limit's calls.
fn nothing_passes(look: &Look<'_>, limit: &Entry<'_>) -> bool {
    let layers = &look.layers.parts;
    let denies = layers.iter().any(|part| part.default == Some(Some(Verdict::Deny)))
        && layers.iter().all(|part| matches!(part.default, None | Some(Some(Verdict::Deny))));
    let own = targets(limit.node);
    let mut opening = look
        .rules()
        .filter(|rule| matches!(rule.effect, Effect::Allow | Effect::Ask))
        .map(|rule| targets(rule.node))
        .peekable();
    denies && opening.peek().is_some() && opening.all(|targets| apart(&targets, &own))
}
