//! JSON with comments, read by `jsonc-parser`.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{DEPTH_MAX, Fault, Form, Layout, Member, Node};

pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    // Nothing that only one lax reader takes: what we read differently from the client is worse than what we refuse.
    let options = ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: true,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| Fault {
        at: error.range().start,
        message: format!("not valid JSON: {}", lower(&error.kind().to_string())),
    })?;
    parsed.value.map(|value| node(&value, 0)).transpose()
}

fn node(value: &Value<'_>, depth: usize) -> Result<Node, Fault> {
    let range = value.range();
    let span = range.start..range.end;
    if depth > DEPTH_MAX {
        return Err(Fault { at: span.start, message: format!("nested deeper than {DEPTH_MAX} levels") });
    }
    let form = match value {
        Value::StringLit(text) => Form::Text(text.value.clone().into_owned()),
        Value::NumberLit(number) => Form::Number(number.value.to_owned()),
        Value::BooleanLit(truth) => Form::Truth(truth.value),
        Value::NullKeyword(_) => Form::Nothing,
        Value::Array(array) => {
            let elements = array.elements.iter().map(|element| node(element, depth.saturating_add(1)));
            Form::List(Layout::Flow, elements.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let members = object.properties.iter().map(|property| {
                let range = property.name.range();
                Ok(Member {
                    key: property.name.as_str().to_owned(),
                    key_span: range.start..range.end,
                    value: node(&property.value, depth.saturating_add(1))?,
                })
            });
            Form::Map(Layout::Flow, members.collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { span, form })
}

fn lower(message: &str) -> String {
    let mut characters = message.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
