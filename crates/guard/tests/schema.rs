//! Laws of the `schema` guard over schemas and arguments that nobody thought of.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bailiwick_guard::Schema;
use bailiwick_mcp::{Limits, Parser};
use proptest::prelude::*;

/// What is found in `arguments`, as `code pointer`.
fn found(schema: &str, arguments: &str) -> Vec<String> {
    let (mut parser, mut other) = (Parser::default(), Parser::default());
    let schema = parser.parse(schema.as_bytes(), &Limits::DEFAULT).unwrap().root();
    let arguments = other.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap().root();
    let mut out = Vec::new();
    if let Some(schema) = Schema::of(schema) {
        schema.each_misfit(Some(arguments), &mut |misfit| {
            out.push(format!("{} {}", misfit.finding.code, misfit.pointer));
        });
    }
    out
}

/// A schema, and a value made to fit it.
fn fitting() -> impl Strategy<Value = (String, String)> {
    let leaf = prop_oneof![
        (-50..50_i64, 0..50_i64, any::<bool>()).prop_map(|(value, room, point)| {
            let (least, most) = (value - room, value + room + 1);
            let schema = format!(r#"{{"type":"integer","minimum":{least},"exclusiveMaximum":{most}}}"#);
            (schema, if point { format!("{value}.0") } else { value.to_string() })
        }),
        ("[a-zéß😀]{0,6}", 0..3_usize, any::<bool>()).prop_map(|(text, room, escaped)| {
            let length = text.chars().count();
            let bounds =
                format!(r#""minLength":{},"maxLength":{}"#, length.saturating_sub(room), length + room);
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            let written = if escaped { units } else { text };
            (format!(r#"{{"type":["null","string"],{bounds}}}"#), format!("\"{written}\""))
        }),
        prop::sample::select(vec!["15e-1", r#""\u0078""#, r#"{ "a" : [1.0] }"#, "null"])
            .prop_map(|same| (r#"{"enum":[1.50,"x",{"a":[1]},null]}"#.to_owned(), same.to_owned())),
        Just(("true".to_owned(), "[{}]".to_owned())),
        Just((r#"{"type":"boolean","const":false}"#.to_owned(), "false".to_owned())),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec((inner.clone(), any::<bool>(), any::<bool>()), 0..4).prop_map(|members| {
                let name = |at: usize| format!("\"p{at}\"");
                let (mut own, mut required, mut values) = (Vec::new(), Vec::new(), Vec::new());
                for (at, ((schema, value), is_required, is_there)) in members.into_iter().enumerate() {
                    own.push(format!("{}:{schema}", name(at)));
                    if is_required {
                        required.push(name(at));
                    }
                    if is_required || is_there {
                        values.push(format!("{}:{value}", name(at)));
                    }
                }
                let (own, required) = (own.join(","), required.join(","));
                let schema = format!(
                    r#"{{"type":"object","properties":{{{own}}},"required":[{required}],"additionalProperties":false}}"#
                );
                (schema, format!("{{{}}}", values.join(",")))
            }),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| {
                let count = elements.len();
                let (schemas, values): (Vec<String>, Vec<String>) = elements.into_iter().unzip();
                let schema = format!(
                    r#"{{"prefixItems":[{}],"items":false,"minItems":{count},"maxItems":{count}}}"#,
                    schemas.join(",")
                );
                (schema, format!("[{}]", values.join(",")))
            }),
            (inner.clone(), 0..4_usize).prop_map(|((schema, value), count)| {
                let values = vec![value; count].join(",");
                (format!(r#"{{"type":"array","items":{schema}}}"#), format!("[{values}]"))
            }),
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|((schema, value), (other, _), first)| {
                let (left, right) = if first { (&schema, &other) } else { (&other, &schema) };
                let word = if first { "anyOf" } else { "oneOf" };
                (format!(r#"{{"{word}":[{left},{right}]}}"#), value)
            }),
            inner.prop_map(|(schema, value)| {
                (format!(r#"{{"allOf":[{schema},{{"description":"x"}}],"title":"y"}}"#), value)
            }),
        ]
    })
}

/// Any JSON, with words of schemas as keys and values.
fn anything() -> impl Strategy<Value = String> {
    let words = [
        "type",
        "string",
        "object",
        "integer",
        "properties",
        "required",
        "items",
        "prefixItems",
        "anyOf",
        "allOf",
        "oneOf",
        "enum",
        "const",
        "additionalProperties",
        "minimum",
        "maxLength",
        "minItems",
        "$ref",
        "#",
        "$defs",
        "#/properties/a",
        "#/$defs/items",
        "a",
        "$id",
        "nullable",
    ];
    let word = prop::sample::select(words.to_vec()).prop_map(|word| format!("\"{word}\""));
    let leaf = prop_oneof![
        4 => word.clone(),
        1 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        1 => Just("null".to_owned()),
        2 => (-3..9_i64).prop_map(|number| number.to_string()),
        1 => Just("1e-30".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 5, move |inner| {
        prop_oneof![
            3 => prop::collection::btree_map(word.clone(), inner.clone(), 0..5).prop_map(|members| {
                let members: Vec<String> = members.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            1 => prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_made_to_fit_has_no_finding((schema, value) in fitting()) {
        let schema = format!(r#"{{"properties":{{"a":{schema}}}}}"#);
        let arguments = format!(r#"{{"a":{value}}}"#);
        prop_assert_eq!(found(&schema, &arguments), Vec::<String>::new(), "{} {}", schema, arguments);
    }

    #[test]
    fn what_is_written_elsewhere_leads_to_the_same(
        (schema, value) in fitting(),
        (_, other) in fitting(),
    ) {
        let plain = format!(r#"{{"properties":{{"a":{schema}}}}}"#);
        let away = format!(r##"{{"properties":{{"a":{{"$ref":"#/$defs/x"}}}},"$defs":{{"x":{schema}}}}}"##);
        for value in [value, other] {
            let arguments = format!(r#"{{"a":{value}}}"#);
            prop_assert_eq!(found(&plain, &arguments), found(&away, &arguments), "{} {}", schema, arguments);
        }
    }

    #[test]
    fn any_schema_and_any_arguments_have_the_same_findings_twice(schema in anything(), arguments in anything()) {
        prop_assert_eq!(found(&schema, &arguments), found(&schema, &arguments));
    }
}
