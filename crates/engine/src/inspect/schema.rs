//! May another text stand in a place of `structuredContent`? Only what the output schema clearly allows counts.

use bailiwick_mcp::{Kind, Limits, Parser, Value};

/// Deeper schemas allow nothing.
const DEPTH_MAX: usize = 32;

/// True if `schema` (JSON text) lets `text` stand where `leaf` stands inside of `root`.
pub(super) fn admits(schema: &str, root: Value<'_>, leaf: Value<'_>, text: &str) -> bool {
    let (start, end) = leaf.span();
    let (from, to) = root.span();
    if start < from || end > to {
        return true;
    }
    let mut parser = Parser::default();
    let Ok(document) = parser.parse(schema.as_bytes(), &Limits::DEFAULT) else { return false };
    descend(document.root(), document.root(), root, leaf.span(), text, 0)
}

fn descend(
    whole: Value<'_>,
    schema: Value<'_>,
    value: Value<'_>,
    wanted: (usize, usize),
    text: &str,
    depth: usize,
) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    // `true` and `{}` allow everything.
    if schema.kind() == Kind::True {
        return true;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::text) {
        return referred(whole, &reference)
            .is_some_and(|schema| descend(whole, schema, value, wanted, text, depth.saturating_add(1)));
    }
    // Anything that compares or chooses is not worked out here.
    if schema.kind() != Kind::Object || CHOICES.iter().any(|word| schema.get(word).is_some()) {
        return false;
    }
    if value.span() == wanted {
        return is_free(schema, text);
    }
    let holds = |inner: Value<'_>| inner.span().0 <= wanted.0 && wanted.1 <= inner.span().1;
    if let Some((name, inner)) = value.members().find(|(name, inner)| holds(*name) || holds(*inner)) {
        if holds(name) {
            return false;
        }
        let key = name.text().unwrap_or_default();
        if schema.get("patternProperties").is_some() {
            return false;
        }
        let own = schema.get("properties").and_then(|properties| properties.get(&key));
        let other = || schema.get("additionalProperties").filter(|other| other.boolean() != Some(true));
        return match own.or_else(other) {
            Some(schema) => descend(whole, schema, inner, wanted, text, depth.saturating_add(1)),
            None => true,
        };
    }
    let Some(element) = value.elements().find(|element| holds(*element)) else { return false };
    if schema.get("prefixItems").is_some() || schema.get("contains").is_some() {
        return false;
    }
    match schema.get("items") {
        Some(items) => descend(whole, items, element, wanted, text, depth.saturating_add(1)),
        None => true,
    }
}

/// Words under which more than one schema counts, or the value itself is compared.
const CHOICES: [&str; 12] = [
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "enum",
    "const",
    "pattern",
    "$dynamicRef",
    "uniqueItems",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// True if a schema without choices allows this text.
fn is_free(schema: Value<'_>, text: &str) -> bool {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let is_string = match schema.get("type") {
        None => true,
        Some(kind) => kind.is_text("string") || kind.elements().any(|kind| kind.is_text("string")),
    };
    let bound = |word: &str| schema.get(word).map(|bound| bound.integer());
    is_string
        && schema.get("format").is_none()
        && schema.get("contentEncoding").is_none()
        && bound("maxLength").is_none_or(|most| most.is_some_and(|most| length <= most))
        && bound("minLength").is_none_or(|least| least.is_some_and(|least| least <= length))
}

/// `#/$defs/name` within the same schema.
fn referred<'a>(whole: Value<'a>, reference: &str) -> Option<Value<'a>> {
    let path = reference.strip_prefix("#/")?;
    path.split('/')
        .take(DEPTH_MAX)
        .try_fold(whole, |value, step| value.get(&step.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser, Value};

    use super::admits;

    fn allowed(schema: &str, json: &str, text: &str) -> bool {
        let mut parser = Parser::default();
        let root = parser.parse(json.as_bytes(), &Limits::DEFAULT).unwrap().root();
        let secret = root.descendants().find(|value| value.is_text("SECRET")).unwrap();
        admits(schema, root, secret, text)
    }

    #[test]
    fn only_a_string_without_further_conditions_may_be_replaced() {
        let property = |schema: &str| format!(r#"{{"type":"object","properties":{{"a":{schema}}}}}"#);
        for (schema, expected) in [
            (r#"{"type":"string","description":"x"}"#, true),
            (r#"{}"#, true),
            (r#"true"#, true),
            (r#"{"type":["string","null"]}"#, true),
            (r#"{"type":"string","maxLength":20}"#, true),
            (r#"{"type":"string","maxLength":5}"#, false),
            (r#"{"type":"string","minLength":50}"#, false),
            (r#"{"type":"string","pattern":"^S"}"#, false),
            (r#"{"enum":["SECRET"]}"#, false),
            (r#"{"const":"SECRET"}"#, false),
            (r#"{"type":"string","format":"uri"}"#, false),
            (r#"{"anyOf":[{"type":"string"}]}"#, false),
            (r#"{"type":"integer"}"#, false),
            (r#"false"#, false),
            (r##"{"$ref":"#/nowhere"}"##, false),
            (r##"{"$ref":"#"}"##, false),
        ] {
            assert_eq!(
                allowed(&property(schema), r#"{"a":"SECRET"}"#, "[redacted:token]"),
                expected,
                "{schema}"
            );
        }
    }

    #[test]
    fn the_place_is_followed_through_lists_references_and_other_members() {
        let schema = r##"{"type":"object","properties":{"rows":{"items":{"$ref":"#/$defs/row"}}},
            "additionalProperties":{"enum":["SECRET"]},"$defs":{"row":{"properties":{"v":{"type":"string"}}}}}"##;
        assert!(allowed(schema, r#"{"rows":[1,{"v":"SECRET"}]}"#, "x"));
        assert!(!allowed(schema, r#"{"other":"SECRET"}"#, "x"));
        assert!(!allowed(schema, r#"{"SECRET":1}"#, "x"), "a key is part of the form");
        assert!(!allowed("{", r#"{"a":"SECRET"}"#, "x"), "a schema that cannot be read allows nothing");
    }

    #[test]
    fn what_stands_elsewhere_is_free() {
        let mut parser = Parser::default();
        let root = parser.parse(br#"[{"a":1},"SECRET"]"#, &Limits::DEFAULT).unwrap().root();
        let mut elements = root.elements();
        let (structured, other) = (elements.next().unwrap(), elements.next().unwrap());
        assert!(admits(r#"{"enum":[1]}"#, structured, other, "x"));
        let _: Value<'_> = structured;
    }
}
