//! The policy as text, in a fixed order, so that more traces make a small difference.

use std::collections::BTreeSet;

use super::{Generalise, Needs, Options, Seen};
use crate::scan::danger;

/// The whole policy.
pub(super) fn policy(needs: &Needs, options: &Options, loosened: &BTreeSet<(String, String)>) -> String {
    let mut out =
        String::from("# Inferred from recorded calls. What is not named here was not used, and is denied.\n");
    out.push_str(&format!("version: 1\nname: {}\ndefault: deny\n", quoted(&options.name)));
    if needs.is_empty() {
        return out;
    }
    out.push_str("rules:\n");
    let mut ids = BTreeSet::new();
    for ((server, tool), variants) in needs {
        let is_open = loosened.contains(&(server.clone(), tool.clone()));
        for (keys, seen) in variants.iter().take(if is_open { 1 } else { usize::MAX }) {
            let id = unique(server, tool, &mut ids);
            rule(
                &mut out,
                (server, tool, &id),
                if is_open { None } else { Some((keys, seen)) },
                options.generalise,
            );
        }
    }
    out
}

fn rule(
    out: &mut String,
    (server, tool, id): (&str, &str, &str),
    narrowed: Option<(&Vec<String>, &Seen)>,
    generalise: Generalise,
) {
    let effect = if danger(tool).is_some() { "ask" } else { "allow" };
    if let Some((_, seen)) = narrowed {
        out.push_str(&format!("  # {} calls in {} runs\n", seen.uses, seen.runs.len()));
    }
    out.push_str(&format!(
        "  - id: {id}\n    effect: {effect}\n    on: {}\n",
        quoted(&format!("{server}/{tool}"))
    ));
    // An ask rule that does not match leaves the call denied, as an allow rule does; it is not narrowed further, because a
    // person sees every argument.
    let Some((keys, seen)) = narrowed.filter(|_| effect == "allow") else { return };
    let list: Vec<String> = keys.iter().map(|key| literal(key)).collect();
    let condition = match keys.is_empty() {
        true => "size(args) == 0".to_owned(),
        false => format!("args.all(key, key in [{}])", list.join(", ")),
    };
    out.push_str(&format!("    if: {}\n", quoted(&condition)));
    let matchers: Vec<(&String, String)> = seen
        .values
        .iter()
        .filter(|(key, _)| is_key(key))
        .filter_map(|(key, shape)| Some((key, shape.matchers(generalise)?)))
        .collect();
    if !matchers.is_empty() {
        out.push_str("    args:\n");
    }
    for (key, matcher) in matchers {
        out.push_str(&format!("      {}: {matcher}\n", quoted(key)));
    }
}

/// A text in YAML's double quotes; `$${` keeps a `${` from being a variable.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace("${", "$${");
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
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
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn unique(server: &str, tool: &str, ids: &mut BTreeSet<String>) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .take(28)
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
            .collect()
    };
    let base = format!("{}-{}", plain(server), plain(tool));
    let id = (2_usize..).map(|n| format!("{base}.{n}")).find(|id| !ids.contains(id));
    let id = if ids.contains(&base) { id.unwrap_or(base) } else { base };
    ids.insert(id.clone());
    id
}
