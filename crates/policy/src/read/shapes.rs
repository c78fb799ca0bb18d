//! The matchers of `args` against the shape of a tool's arguments.

use std::ops::Range;

use crate::args::{KeyPattern, Scalar};
use crate::condition::{FindingKind, unknown_help, values_help};
use crate::schema::{Shape, Sorts};
use crate::tree::{Form, Node};

use super::units::number;

/// Something that is wrong with a rule over one tool.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) kind: FindingKind,
    /// True if it counts against every call of the tool.
    pub(super) fails: bool,
}

/// `args: { key: { matcher: value } }`; what is no such map was reported when it was read.
pub(super) fn about_args(node: &Node, shape: &Shape) -> Vec<Doubt> {
    let Form::Map(pairs) = &node.form else { return Vec::new() };
    pairs.iter().flat_map(|(key, matchers)| about_key(key, matchers, shape)).collect()
}

/// `args.NAME` must be a number.
pub(super) fn about_sum(node: &Node, shape: &Shape) -> Vec<Doubt> {
    let Some(name) = node.scalar().and_then(|text| text.strip_prefix("args.")) else { return Vec::new() };
    match reach(name, shape) {
        Ok(Some(found)) if !scalars(found).has(Sorts::NUMBER) => {
            let message = format!("`{name}` is {}, and `sum` adds numbers,", found.sorts);
            vec![doubt(node, message, None, FindingKind::Certain)]
        }
        Ok(_) => Vec::new(),
        Err((message, help)) => {
            vec![Doubt { fails: true, ..doubt(node, message, Some(help), FindingKind::Unknown) }]
        }
    }
}

fn doubt(node: &Node, message: String, help: Option<String>, kind: FindingKind) -> Doubt {
    Doubt { span: node.span.clone(), message, help, kind, fails: false }
}

fn about_key(key: &Node, matchers: &Node, shape: &Shape) -> Vec<Doubt> {
    let (Some(name), Form::Map(pairs)) = (key.scalar(), &matchers.form) else { return Vec::new() };
    match KeyPattern::new(name) {
        // Wildcards skip what a matcher is not about.
        Ok(pattern) if !pattern.is_wild() => {}
        _ => return Vec::new(),
    }
    match reach(name, shape) {
        Ok(None) => Vec::new(),
        Ok(Some(found)) => {
            let matcher = |(word, value): &(Node, Node)| about_matcher(name, word, value, found);
            pairs.iter().flat_map(matcher).collect()
        }
        Err((message, help)) => vec![doubt(key, message, Some(help), FindingKind::Unknown)],
    }
}

/// The shape that a dotted name leads to; `None` where that is not known.
fn reach<'s>(name: &str, shape: &'s Shape) -> Result<Option<&'s Shape>, (String, String)> {
    let mut at = shape;
    for step in name.split('.') {
        // Lists are walked at every step.
        while at.sorts.has(Sorts::LIST) && !at.sorts.has(Sorts::MAP) {
            at = at.element();
        }
        if !at.sorts.has(Sorts::MAP) {
            return Err((
                format!("no argument `{name}`"),
                format!("`{step}` would be inside of {}", at.sorts),
            ));
        }
        at = match at.properties.get(step) {
            Some(found) => found,
            None if at.open || at.sorts.has(Sorts::LIST) => return Ok(None),
            None => {
                let help = unknown_help(step, at.properties.keys().map(String::as_str));
                return Err((format!("no argument `{name}`"), help));
            }
        };
    }
    Ok(Some(at))
}

/// The types of a value, or of the elements of a list.
fn scalars(shape: &Shape) -> Sorts {
    if !shape.sorts.has(Sorts::LIST) {
        return shape.sorts;
    }
    let inner = shape.element();
    let inner = if inner.sorts.has(Sorts::LIST) { Sorts::ALL } else { inner.sorts };
    shape.sorts.without(Sorts::LIST).or(inner)
}

fn about_matcher(name: &str, word: &Node, value: &Node, shape: &Shape) -> Vec<Doubt> {
    let Some(matcher) = word.scalar() else { return Vec::new() };
    let (found, wanted) = match matcher {
        "path" | "url" | "host" | "sql" => (scalars(shape), Sorts::TEXT),
        // A list is also read as its elements with blanks between them.
        "glob" | "regex" | "prefix" | "command" => (shape.sorts, Sorts::TEXT.or(Sorts::LIST)),
        "range" => (scalars(shape), Sorts::NUMBER),
        "len" => (shape.sorts, Sorts::TEXT.or(Sorts::LIST).or(Sorts::MAP)),
        "type" => (shape.sorts, kinds(value)),
        "in" => return about_values(name, value, shape),
        _ => return Vec::new(),
    };
    if found.has(wanted) || found == Sorts::NONE {
        return Vec::new();
    }
    let message = format!("`{name}` is {}, and `{matcher}` is about {wanted},", shape.sorts);
    vec![doubt(word, message, None, FindingKind::Certain)]
}

fn items(node: &Node) -> Vec<&Node> {
    match &node.form {
        Form::List(nodes) => nodes.iter().collect(),
        Form::Scalar { .. } | Form::Map(_) => vec![node],
    }
}

fn kinds(node: &Node) -> Sorts {
    let one = |item: &Node| match item.scalar() {
        Some("string") => Sorts::TEXT,
        Some("number" | "integer") => Sorts::NUMBER,
        Some("boolean") => Sorts::BOOLEAN,
        Some("null") => Sorts::NULL,
        Some("array") => Sorts::LIST,
        Some("object") => Sorts::MAP,
        _ => Sorts::ALL,
    };
    items(node).into_iter().map(one).fold(Sorts::NONE, Sorts::or)
}

/// Each value that `in` names and that the argument never has.
fn about_values(name: &str, node: &Node, shape: &Shape) -> Vec<Doubt> {
    let mut out = Vec::new();
    let listed = shape.sorts.has(Sorts::LIST);
    let possible = scalars(shape);
    for item in items(node) {
        let Some(value) = written(item) else { continue };
        if !possible.has(Sorts::of(&value)) {
            let message = format!("`{name}` is {}, never `{}`,", shape.sorts, value.written());
            let help = "`in` compares values of one type; quote what is a text";
            out.push(doubt(item, message, Some(help.to_owned()), FindingKind::Certain));
        } else if let Some(values) =
            shape.values.as_ref().filter(|values| !listed && !values.contains(&value))
        {
            let message = format!("`{name}` is never `{}`", value.written());
            out.push(doubt(item, message, Some(values_help(&value, values)), FindingKind::Certain));
        }
    }
    out
}

/// The scalar as `in` reads it; nothing where a variable stands in it, or where it was a mistake.
fn written(node: &Node) -> Option<Scalar> {
    let Form::Scalar { text, plain } = &node.form else { return None };
    match text.as_str() {
        _ if text.contains("${") => None,
        "true" if *plain => Some(Scalar::Boolean(true)),
        "false" if *plain => Some(Scalar::Boolean(false)),
        "null" | "~" | "" if *plain => Some(Scalar::Null),
        word if *plain => Some(number(word).map_or_else(|| Scalar::Text(word.to_owned()), Scalar::Number)),
        word => Some(Scalar::Text(word.to_owned())),
    }
}
