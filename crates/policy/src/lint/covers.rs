//! Whether one rule is about every call that another is about, told from how both are written.

use super::{Entry, items, member, members, same};
use crate::model::Effect;
use crate::tree::Node;

/// Alternatives that one pattern is taken apart into.
const ALTERNATIVES_MAX: usize = 256;

/// True only if `wide` speaks of every call that `narrow` speaks of. `wide` tightens, or both allow.
pub(super) fn covers(wide: &Entry<'_>, narrow: &Entry<'_>) -> bool {
    covers_node(wide.node, wide.effect, wide.file == narrow.file, narrow.node)
}

/// The same of a map that is no rule: a step.
pub(super) fn covers_node(wide: &Node, effect: Effect, one_file: bool, narrow: &Node) -> bool {
    // Variables stand for one thing in one file only.
    let bare = ["args", "if", "unless", "for", "labels"].iter().all(|key| member(wide, key).is_none());
    if !one_file && !bare {
        return false;
    }
    let fold = effect != Effect::Allow;
    covers_targets(&targets(wide), &targets(narrow), fold)
        && labels(wide, narrow)
        && member(wide, "for").is_none_or(|who| member(narrow, "for").is_some_and(|other| same(who, other)))
        && arguments(wide, narrow)
        && member(wide, "unless").is_none_or(|unless| {
            member(narrow, "unless").is_some_and(|other| same(unless, other))
                && member(narrow, "effect").and_then(Node::scalar) == Some(effect.word())
        })
}

/// The targets of a map as they are written; of labels alone every tool and resource.
pub(super) fn targets(node: &Node) -> Vec<String> {
    match (member(node, "on"), member(node, "labels")) {
        (Some(on), _) => items(on).into_iter().filter_map(Node::scalar).map(str::to_owned).collect(),
        (None, Some(_)) => vec!["*/*".to_owned(), "resource:*".to_owned()],
        (None, None) => items(node).into_iter().filter_map(Node::scalar).map(str::to_owned).collect(),
    }
}

pub(super) fn covers_targets(wide: &[String], narrow: &[String], fold: bool) -> bool {
    let mut parts = narrow.iter().flat_map(|target| alternatives(target)).peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            wide.iter().any(|wide| alternatives(wide).iter().any(|wide| covers_target(wide, &part, fold)))
        })
}

/// True only if no call is about both.
pub(super) fn apart(one: &[String], other: &[String]) -> bool {
    let meet = |one: &str, other: &str| {
        let (one, other) = (split(one), split(other));
        one.kind == other.kind && meets(one.server, other.server) && meets(one.object, other.object)
    };
    !one.iter().any(|one| {
        alternatives(one)
            .iter()
            .any(|one| other.iter().any(|other| alternatives(other).iter().any(|other| meet(one, other))))
    })
}

fn labels(wide: &Node, narrow: &Node) -> bool {
    let Some(wide) = member(wide, "labels") else { return true };
    let Some(narrow) = member(narrow, "labels") else { return false };
    let wide: Vec<&str> = items(wide).into_iter().filter_map(Node::scalar).collect();
    items(narrow).into_iter().filter_map(Node::scalar).all(|label| wide.contains(&label))
}

/// Whatever the wide one asks of the arguments, the narrow one asks too.
fn arguments(wide: &Node, narrow: &Node) -> bool {
    let condition = member(wide, "if")
        .is_none_or(|condition| member(narrow, "if").is_some_and(|other| same(condition, other)));
    let asked = |(key, matchers): &(Node, Node)| {
        let there = member(narrow, "args").map(members).unwrap_or_default();
        let there = there.iter().find(|(other, _)| same(key, other)).map(|(_, matchers)| members(matchers));
        let there = there.unwrap_or_default();
        members(matchers).iter().all(|(matcher, value)| {
            there
                .iter()
                .any(|(other, narrow)| same(matcher, other) && within(matcher.scalar(), value, narrow))
        })
    };
    condition && member(wide, "args").map(members).unwrap_or_default().iter().all(asked)
}

/// True if each of the narrow patterns is one of the wide ones.
fn within(matcher: Option<&str>, wide: &Node, narrow: &Node) -> bool {
    if same(wide, narrow) {
        return true;
    }
    let listed = matches!(matcher, Some("path" | "host" | "glob" | "regex" | "prefix" | "in"));
    listed && items(narrow).iter().all(|narrow| items(wide).iter().any(|wide| same(wide, narrow)))
}

struct Split<'t> {
    kind: &'t str,
    server: &'t str,
    object: &'t str,
}

fn split(target: &str) -> Split<'_> {
    let (kind, rest) = match target.split_once(':') {
        Some((kind, rest)) if !kind.contains('/') => (kind, rest),
        _ if target.contains('/') => ("tool", target),
        _ => (target, "*"),
    };
    let alone = matches!(kind, "sampling" | "elicitation" | "roots" | "task");
    match rest.split_once('/') {
        _ if alone => Split { kind, server: rest, object: "*" },
        Some((server, object)) if kind != "resource" || !server.contains(':') => {
            Split { kind, server, object }
        }
        _ => Split { kind, server: "*", object: rest },
    }
}

fn covers_target(wide: &str, narrow: &str, fold: bool) -> bool {
    let (wide, narrow) = (split(wide), split(narrow));
    wide.kind == narrow.kind
        && glob_covers(wide.server, narrow.server, fold)
        && glob_covers(wide.object, narrow.object, fold)
}

/// `{a,b}c` is `ac` and `bc`; what has other brackets is left as it is.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(next) = open.pop() {
        if open.len().saturating_add(done.len()) > ALTERNATIVES_MAX {
            return vec![pattern.to_owned()];
        }
        let part = next.split_once('{').filter(|(before, _)| !before.contains(['[', '\\', '$']));
        let inner =
            part.and_then(|(before, rest)| rest.split_once('}').map(|(words, after)| (before, words, after)));
        match inner.filter(|(_, words, _)| !words.contains(['{', '[', '\\'])) {
            Some((before, words, after)) => {
                open.extend(words.split(',').map(|word| format!("{before}{word}{after}")))
            }
            None => done.push(next),
        }
    }
    done
}

/// Brackets and variables are compared by their spelling alone.
fn special(pattern: &str) -> bool {
    pattern.contains(['[', ']', '{', '}', '\\', '$'])
}

/// True only if every text that `narrow` matches is matched by `wide`.
fn glob_covers(wide: &str, narrow: &str, fold: bool) -> bool {
    let lower = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
    let (wide, narrow) = (lower(wide), lower(narrow));
    if wide == narrow || (!wide.is_empty() && wide.bytes().all(|byte| byte == b'*')) {
        return true;
    }
    if special(&wide) || special(&narrow) {
        return false;
    }
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    // The states of `wide` that all of what `narrow` wrote so far leads to.
    let mut states = spread(&wide, vec![true]);
    for symbol in narrow {
        let mut next = vec![false; wide.len().saturating_add(1)];
        for (at, _) in states.iter().enumerate().filter(|(_, reached)| **reached) {
            match wide.get(at) {
                Some('*') => set(&mut next, at),
                Some('?') if symbol != '*' => set(&mut next, at.saturating_add(1)),
                Some(character) if *character == symbol && symbol != '?' => {
                    set(&mut next, at.saturating_add(1))
                }
                Some(_) | None => {}
            }
        }
        states = spread(&wide, next);
    }
    states.get(wide.len()).copied().unwrap_or_default()
}

fn set(states: &mut [bool], at: usize) {
    if let Some(state) = states.get_mut(at) {
        *state = true;
    }
}

/// A star may stand for nothing.
fn spread(wide: &[char], mut states: Vec<bool>) -> Vec<bool> {
    states.resize(wide.len().saturating_add(1), false);
    for at in 0..wide.len() {
        if states.get(at).copied().unwrap_or_default() && wide.get(at) == Some(&'*') {
            set(&mut states, at.saturating_add(1));
        }
    }
    states
}

/// False only if no text matches both; case is ignored.
fn meets(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    if special(&one) || special(&other) {
        return true;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // Row by row: whether the first `i` symbols of one and the first `j` of the other can be the same text.
    let mut row = vec![false; other.len().saturating_add(1)];
    set(&mut row, 0);
    for (j, symbol) in other.iter().enumerate() {
        let before = row.get(j).copied().unwrap_or_default();
        if let Some(cell) = row.get_mut(j.saturating_add(1)) {
            *cell = before && *symbol == '*';
        }
    }
    for symbol in one {
        let mut next = vec![false; row.len()];
        let first = symbol == '*' && row.first().copied().unwrap_or_default();
        if first {
            set(&mut next, 0);
        }
        for (j, character) in other.iter().enumerate() {
            let (left, up, both) = (
                next.get(j).copied().unwrap_or_default(),
                row.get(j.saturating_add(1)).copied().unwrap_or_default(),
                row.get(j).copied().unwrap_or_default(),
            );
            let equal = symbol == *character || symbol == '?' || *character == '?';
            let meets = ((symbol == '*' || *character == '*') && (up || left)) || (equal && both);
            if meets {
                set(&mut next, j.saturating_add(1));
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{apart, covers_targets, glob_covers, meets};

    #[test]
    fn inclusion_of_globs_is_never_claimed_wrongly_and_meeting_is_exact() {
        for (wide, narrow, covered) in [
            ("*", "a", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("*b", "a*b", true),
            ("a?", "ab", true),
            ("a?", "a*", false),
            ("*a*", "bab", true),
            ("a", "a", true),
            ("?", "*", false),
            // It is covered; what is not claimed costs a finding, never a false one.
            ("*?", "a*", false),
            ("a*b*", "a*bc", true),
        ] {
            assert_eq!(glob_covers(wide, narrow, true), covered, "{wide} {narrow}");
        }
        for (one, other, meet) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("read_*", "write_*", false),
            ("?x", "ax", true),
            ("", "*", true),
            ("ab", "a", false),
            ("*a", "*b", false),
        ] {
            assert_eq!(meets(one, other), meet, "{one} {other}");
            assert_eq!(meets(other, one), meet, "{other} {one}");
        }
    }

    #[test]
    fn targets_are_compared_by_kind_server_and_name() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let covers = |wide: &[&str], narrow: &[&str]| covers_targets(&list(wide), &list(narrow), true);
        assert!(covers(&["*/*"], &["fs/read_{a,b}", "*/x"]));
        assert!(covers(&["fs/{read,write}_*"], &["fs/read_a", "fs/write_b"]));
        assert!(covers(&["sampling"], &["sampling:srv"]) && covers(&["resource:*"], &["resource:file:///x"]));
        assert!(!covers(&["*/*"], &["resource:*"]) && !covers(&["fs/*"], &["*/read"]));
        assert!(apart(&list(&["fs/read*"]), &list(&["fs/write", "prompt:*"])));
        assert!(!apart(&list(&["*/re*"]), &list(&["fs/*d"])));
    }
}
