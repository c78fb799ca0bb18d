//! The JSON Schema of policies and of their tests, for editors: draft-07, which all of them read. Made from the tables that the
//! parser reads with, so that it knows every key and no other. What it takes may still be a mistake that only the parser sees.

mod locked;

use bailiwick_policy::Catalog;
use bailiwick_policy::reference::{Key, MAPS, Map, Value as Kind};
use serde_json::{Map as Object, Value, json};

/// What a schema is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Policy,
    Tests,
}

/// The schema; with a `catalog` it also knows the tools of a lock file and their arguments.
#[must_use]
pub fn schema(root: Root, catalog: Option<&Catalog>) -> Value {
    let (root, title) = match root {
        Root::Policy => ("file", "A policy of Bailiwick"),
        Root::Tests => ("tests", "Tests of a policy of Bailiwick"),
    };
    let mut definitions = Object::new();
    for map in MAPS {
        definitions.insert(map.name.to_owned(), definition(map, catalog));
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "$ref": reference(root),
        "definitions": definitions,
    })
}

fn reference(name: &str) -> String {
    format!("#/definitions/{name}")
}

fn definition(map: &Map, catalog: Option<&Catalog>) -> Value {
    let mut properties = Object::new();
    for key in map.keys {
        properties.insert(key.name.to_owned(), property(map, key, catalog));
    }
    let mut out = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let mut all: Vec<Value> = Vec::new();
    let mut required: Vec<&str> = Vec::new();
    for needed in map.needs {
        match needed {
            [] => all.push(json!({ "minProperties": 1 })),
            [one] => required.push(one),
            several => {
                let one = |key: &&str| json!({ "required": [key] });
                all.push(json!({ "anyOf": several.iter().map(one).collect::<Vec<_>>() }));
            }
        }
    }
    all.extend(together(map));
    all.extend(
        catalog.filter(|_| knows(map, "on") && knows(map, "args")).into_iter().flat_map(locked::arguments),
    );
    if let Some(members) = out.as_object_mut() {
        if !required.is_empty() {
            members.insert("required".to_owned(), json!(required));
        }
        if !all.is_empty() {
            members.insert("allOf".to_owned(), json!(all));
        }
    }
    out
}

fn knows(map: &Map, name: &str) -> bool {
    map.keys.iter().any(|key| key.name == name)
}

fn property(map: &Map, key: &Key, catalog: Option<&Catalog>) -> Value {
    let of_tools = key.name == "on" && knows(map, "args");
    let kind = match catalog.filter(|_| of_tools) {
        Some(catalog) => one_or_list(&json!({ "allOf": [kind(&Kind::Text), locked::target(catalog)] })),
        None => kind(&key.value),
    };
    // Beside a `$ref`, draft-07 sees nothing.
    json!({ "description": key.about, "allOf": [kind] })
}

/// Keys that only go together.
fn together(map: &Map) -> Vec<Value> {
    let is =
        |key: &str, words: &[&str]| json!({ "properties": { key: { "enum": words } }, "required": [key] });
    let has = |key: &str| json!({ "required": [key] });
    match map.name {
        "file" => vec![json!({ "if": is("default", &["allow"]), "then": has("unsafe-default") })],
        "rule" => vec![
            json!({ "if": is("effect", &["require"]), "then": { "anyOf": [has("args"), has("if")] } }),
            json!({ "if": has("approval"), "then": is("effect", &["ask"]) }),
            json!({ "if": has("override"), "then": is("effect", &["deny", "require"]) }),
        ],
        "needs" => vec![json!({ "maxProperties": 1 })],
        "precondition" => vec![json!({ "not": { "required": ["needs", "not-after"] } })],
        _ => Vec::new(),
    }
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": ["string", "number", "boolean"] }),
        Kind::Formed(pattern) => json!({ "type": "string", "pattern": pattern }),
        Kind::Number(pattern) => json!({ "anyOf": [
            { "type": "number", "minimum": 0 }, { "type": "string", "pattern": pattern },
        ] }),
        Kind::Choice(words) => choice(&words()),
        Kind::Scalar => json!({ "type": ["string", "number", "boolean", "null"] }),
        Kind::Free => json!({}),
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(self::kind).collect::<Vec<_>>() }),
        Kind::Some(one) => one_or_list(&self::kind(one)),
        Kind::List(one, least, most) => {
            let mut out = json!({ "type": "array", "items": self::kind(one), "minItems": least });
            if let (Some(members), Some(most)) = (out.as_object_mut(), most) {
                members.insert("maxItems".to_owned(), json!(most));
            }
            out
        }
        Kind::Ends { whole } => {
            let end = match whole {
                true => json!({ "type": ["integer", "null"], "minimum": 0 }),
                false => json!({ "type": ["number", "null"] }),
            };
            json!({ "type": "array", "items": end, "minItems": 2, "maxItems": 2 })
        }
        Kind::Map(map) => json!({ "$ref": reference(map.name) }),
        Kind::Named(one, least) => {
            json!({ "type": "object", "additionalProperties": self::kind(one), "minProperties": least })
        }
    }
}

fn one_or_list(one: &Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

/// Words, and the values that YAML makes of them where they stand without quotes.
fn choice(words: &[&str]) -> Value {
    let mut values: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    let plain = |word: &&str| serde_json::from_str::<Value>(word).ok();
    values.extend(words.iter().filter_map(plain));
    json!({ "enum": values })
}
