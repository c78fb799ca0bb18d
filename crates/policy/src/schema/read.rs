//! From the JSON of a schema to a [`Shape`]. A server wrote it: depth and size are bounded, and what is beyond says nothing.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_mcp::{Kind, Value};

use super::{Shape, Sorts};
use crate::args::{Scalar, exact_number};
use crate::bounds::{SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX};

/// The arguments of a tool: always an object.
pub(super) fn arguments(schema: Value<'_>) -> Shape {
    let mut reader = Reader { root: schema, nodes: 0 };
    let read = reader.shape(schema, 0);
    Shape { sorts: Sorts::MAP, values: None, ..read }
}

/// Keywords that may bring members which `properties` does not list.
const OPENING: [&str; 8] = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "anyOf",
    "oneOf",
    "if",
    "dependentSchemas",
    "propertyNames",
];

/// Servers rarely forbid other members, and mean it all the same: the model knows those that are listed.
fn is_open(schema: Value<'_>, listed: usize) -> bool {
    let says = |key: &str| schema.get(key).map(|value| value.boolean() != Some(false));
    let opened = OPENING.iter().any(|key| says(key) == Some(true));
    let closed = says("additionalProperties") == Some(false) || says("unevaluatedProperties") == Some(false);
    opened || (listed == 0 && !closed)
}

struct Reader<'s> {
    root: Value<'s>,
    nodes: usize,
}

impl<'s> Reader<'s> {
    fn shape(&mut self, schema: Value<'s>, depth: usize) -> Shape {
        self.nodes = self.nodes.saturating_add(1);
        if depth >= SCHEMA_DEPTH_MAX || self.nodes > SCHEMA_NODES_MAX || !schema.is_object() {
            return Shape::ANY;
        }
        let deeper = depth.saturating_add(1);
        if let Some(reference) = schema.get("$ref") {
            // Beside a reference, other keywords only narrow.
            let target = reference.text().and_then(|reference| self.resolve(&reference));
            return target.map_or(Shape::ANY, |target| self.shape(target, deeper));
        }
        if schema.get("allOf").is_some() || schema.get("$dynamicRef").is_some() {
            return Shape::ANY;
        }
        let own = self.own(schema, deeper);
        let choices =
            schema.get("anyOf").or_else(|| schema.get("oneOf")).filter(|choices| choices.is_array());
        let Some(choices) = choices else { return own };
        let shapes: Vec<Shape> = choices.elements().map(|choice| self.shape(choice, deeper)).collect();
        match shapes.into_iter().reduce(Shape::or) {
            // What is said beside the choices narrows them; of both, the types are what can be said simply.
            Some(choice) if own == Shape::ANY => choice,
            Some(choice) if own.properties.is_empty() => {
                Shape { sorts: own.sorts.and(choice.sorts), ..choice }
            }
            Some(choice) => Shape { sorts: own.sorts.and(choice.sorts), open: true, ..own },
            None => own,
        }
    }

    /// What a schema says itself.
    fn own(&mut self, schema: Value<'s>, depth: usize) -> Shape {
        let mut shape = Shape { sorts: sorts(schema.get("type")), ..Shape::ANY };
        let listed = schema.get("enum").filter(|list| list.is_array());
        let values: Option<Vec<Scalar>> = match (schema.get("const"), listed) {
            (Some(only), _) => scalar(only).map(|only| vec![only]),
            (None, Some(list)) => list.elements().map(scalar).collect(),
            (None, None) => None,
        };
        if let Some(values) = &values {
            let possible = values.iter().map(Sorts::of).fold(Sorts::NONE, Sorts::or);
            shape.sorts = shape.sorts.and(possible);
        }
        shape.values = values;
        let mut properties = BTreeMap::new();
        for (name, property) in schema.get("properties").into_iter().flat_map(Value::members) {
            if let Some(name) = name.text() {
                properties.insert(name.into_owned(), self.shape(property, depth));
            }
        }
        let required = schema.get("required").into_iter().flat_map(Value::elements);
        let required: BTreeSet<String> =
            required.filter_map(Value::text).map(std::borrow::Cow::into_owned).collect();
        shape.open = is_open(schema, properties.len());
        shape.properties = properties;
        shape.required = required;
        // `prefixItems` says more about the first ones; then `items` is about the others only.
        if let Some(items) = schema.get("items").filter(|_| schema.get("prefixItems").is_none()) {
            shape.items = Some(Box::new(self.shape(items, depth)));
        }
        shape
    }

    /// `#/$defs/name` and the like.
    fn resolve(&self, reference: &str) -> Option<Value<'s>> {
        let path = reference.strip_prefix('#')?;
        let mut at = self.root;
        for step in path.split('/').skip(1) {
            at = at.get(&step.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(at)
    }
}

fn sorts(kind: Option<Value<'_>>) -> Sorts {
    let one = |kind: Value<'_>| match kind.text().as_deref() {
        Some("string") => Sorts::TEXT,
        Some("number" | "integer") => Sorts::NUMBER,
        Some("boolean") => Sorts::BOOLEAN,
        Some("array") => Sorts::LIST,
        Some("object") => Sorts::MAP,
        Some("null") => Sorts::NULL,
        Some(_) | None => Sorts::ALL,
    };
    match kind {
        None => Sorts::ALL,
        Some(list) if list.is_array() => list.elements().map(one).fold(Sorts::NONE, Sorts::or),
        Some(kind) => one(kind),
    }
}

fn scalar(value: Value<'_>) -> Option<Scalar> {
    match value.kind() {
        Kind::Null => Some(Scalar::Null),
        Kind::True => Some(Scalar::Boolean(true)),
        Kind::False => Some(Scalar::Boolean(false)),
        Kind::Text => value.text().map(|text| Scalar::Text(text.into_owned())),
        Kind::Number => exact_number(value).map(Scalar::Number),
        Kind::Array | Kind::Object => None,
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser};

    use super::{Shape, Sorts, arguments};
    use crate::args::Scalar;

    fn read(schema: &str) -> Shape {
        let mut parser = Parser::default();
        arguments(parser.parse(schema.as_bytes(), &Limits::DEFAULT).unwrap().root())
    }

    #[test]
    fn types_values_and_members_are_read() {
        let shape = read(
            r##"{"type":"object","required":["path"],"properties":{
                "path":{"type":"string"},"mode":{"enum":["text","raw"]},"n":{"type":["integer","null"]},
                "edits":{"type":"array","items":{"$ref":"#/$defs/edit"}},
                "any":{},"either":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"number"}}]}},
                "$defs":{"edit":{"type":"object","properties":{"old":{"const":"x"}},"additionalProperties":false}}}"##,
        );
        let at = |name: &str| &shape.properties[name];
        assert!(!shape.open && shape.required.contains("path"));
        assert_eq!(at("path").sorts, Sorts::TEXT);
        assert_eq!(at("mode").values, Some(vec![Scalar::Text("text".into()), Scalar::Text("raw".into())]));
        assert_eq!(at("mode").sorts, Sorts::TEXT);
        assert_eq!(at("n").sorts, Sorts::NUMBER.or(Sorts::NULL));
        let edit = at("edits").element();
        assert!(!edit.open && edit.properties["old"].values == Some(vec![Scalar::Text("x".into())]));
        assert_eq!(*at("any"), Shape::ANY);
        assert_eq!(at("either").sorts, Sorts::TEXT.or(Sorts::LIST));
        assert_eq!(at("either").element().sorts, Sorts::NUMBER);
    }

    #[test]
    fn what_is_not_understood_says_nothing() {
        for schema in [
            "true",
            "[]",
            "{}",
            r#"{"allOf":[{"properties":{"a":{"type":"string"}}}]}"#,
            r#"{"properties":{"a":{"type":"string"}},"additionalProperties":true}"#,
            r#"{"properties":{"a":{}},"patternProperties":{"^b":{}}}"#,
            r#"{"$ref":"https://example.com/schema"}"#,
            r##"{"$ref":"#"}"##,
            r##"{"anyOf":[{"$ref":"#/anyOf/0"},{"$ref":"#/anyOf/0"}]}"##,
        ] {
            assert!(read(schema).open, "{schema}");
        }
        assert_eq!(read(r#"{"properties":{"a":{"type":"file"}}}"#).properties["a"], Shape::ANY);
        assert_eq!(read(r#"{"properties":{"a":{"enum":["x",{}]}}}"#).properties["a"], Shape::ANY);
    }

    #[test]
    fn choices_are_joined() {
        let shape = read(
            r#"{"properties":{"a":{"oneOf":[
                {"type":"object","properties":{"k":{"type":"string"}},"required":["k"],"additionalProperties":false},
                {"type":"object","properties":{"k":{"type":"number"},"l":{"type":"null"}},"required":["k","l"],"additionalProperties":false},
                {"type":"null"}]}}}"#,
        );
        let a = &shape.properties["a"];
        assert_eq!(a.properties["k"].sorts, Sorts::TEXT.or(Sorts::NUMBER));
        assert!(!a.open && a.required.contains("k") && !a.required.contains("l"));
        assert_eq!(a.sorts, Sorts::MAP.or(Sorts::NULL));
    }
}
