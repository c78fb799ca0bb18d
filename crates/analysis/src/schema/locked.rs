//! What a schema says of the tools of a lock file. It must not refuse what the parser takes: a wildcard, a variable, a server
//! that is not locked.

use std::collections::BTreeMap;

use bailiwick_policy::Catalog;
use serde_json::{Value, json};

/// A target that names one tool of a locked server must name one that is locked.
pub(super) fn target(catalog: &Catalog) -> Value {
    let mut servers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (server, tool, _) in catalog.listed() {
        servers.entry(server).or_default().push(format!("{server}/{tool}"));
    }
    let tools: Vec<&String> = servers.values().flatten().collect();
    let any_case: Vec<String> = tools.iter().map(|tool| folded(tool)).collect();
    let locked: Vec<String> = servers.keys().map(|server| folded(server)).collect();
    if tools.is_empty() {
        return json!({});
    }
    json!({ "anyOf": [
        { "enum": tools },
        { "not": { "pattern": format!("^(?:{})/[^*?\\[\\]{{}}\\\\$]*$", locked.join("|")) } },
        { "pattern": format!("^(?:{})$", any_case.join("|")) },
    ] })
}

/// Where a rule is about one tool, its arguments are that tool's: their names, paths into them, wildcards.
pub(super) fn arguments(catalog: &Catalog) -> Vec<Value> {
    let one = |(server, tool, arguments): (&str, &str, Option<Vec<&str>>)| {
        let name = format!("{server}/{tool}");
        Some(json!({
            "if": { "properties": { "on": { "enum": [name, [name]] } }, "required": ["on"] },
            "then": { "properties": { "args": { "propertyNames": {
                "anyOf": [{ "enum": arguments? }, { "pattern": "[*.]" }],
            } } } },
        }))
    };
    catalog.listed().filter_map(one).collect()
}

/// An expression for a name in any case: rules that tighten do not look at it.
fn folded(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        let (lower, upper) = (character.to_ascii_lowercase(), character.to_ascii_uppercase());
        if lower != upper {
            out.push_str(&format!("[{lower}{upper}]"));
        } else if character.is_ascii_alphanumeric()
            || !character.is_ascii()
            || matches!(character, '_' | '-' | '/')
        {
            out.push(character);
        } else {
            out.push('\\');
            out.push(character);
        }
    }
    out
}
