//! TOML, read by `toml_edit`.

use std::ops::Range;

use toml_edit::{Document, InlineTable, Item, Key, Table, Value};

use super::{DEPTH_MAX, Fault, Form, Layout, Member, Node};

pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let document = Document::parse(text).map_err(|error| Fault {
        at: error.span().map_or(0, |span| span.start),
        message: format!("not valid TOML: {}", error.message().lines().next().unwrap_or_default()),
    })?;
    let mut root = table(document.as_table(), 0)?;
    root.span = 0..text.len();
    Ok(Some(root))
}

fn table(table: &Table, depth: usize) -> Result<Node, Fault> {
    let pairs = table.iter().filter_map(|(name, item)| table.key(name).map(|key| (key, item)));
    let members: Vec<Member> =
        pairs.map(|(key, value)| member(key, item(value, depth)?)).collect::<Result<_, _>>()?;
    Ok(Node { span: span_of(table.span(), &members), form: Form::Map(Layout::Block, members) })
}

fn inline(table: &InlineTable, depth: usize) -> Result<Node, Fault> {
    let pairs = table.iter().filter_map(|(name, value)| table.key(name).map(|key| (key, value)));
    let members: Vec<Member> =
        pairs.map(|(key, found)| member(key, value(found, depth)?)).collect::<Result<_, _>>()?;
    // `a.b = 1` makes a table without brackets.
    let layout = if table.is_dotted() { Layout::Block } else { Layout::Flow };
    Ok(Node { span: span_of(table.span(), &members), form: Form::Map(layout, members) })
}

fn member(key: &Key, value: Node) -> Result<Member, Fault> {
    let key_span = key.span().unwrap_or(value.span.start..value.span.start);
    Ok(Member { key: key.get().to_owned(), key_span, value })
}

fn item(item: &Item, depth: usize) -> Result<Node, Fault> {
    let inner = deeper(depth, item.span())?;
    match item {
        Item::None => Ok(Node { span: item.span().unwrap_or_default(), form: Form::Nothing }),
        Item::Value(found) => value(found, depth),
        Item::Table(found) => table(found, inner),
        Item::ArrayOfTables(tables) => {
            let elements: Vec<Node> =
                tables.iter().map(|found| table(found, inner)).collect::<Result<_, _>>()?;
            let first = elements.first().map_or(0, |node| node.span.start);
            let last = elements.last().map_or(0, |node| node.span.end);
            Ok(Node { span: first..last, form: Form::List(Layout::Block, elements) })
        }
    }
}

fn value(value: &Value, depth: usize) -> Result<Node, Fault> {
    let span = value.span().unwrap_or_default();
    let inner = deeper(depth, value.span())?;
    let form = match value {
        Value::String(text) => Form::Text(text.value().clone()),
        Value::Integer(number) => Form::Number(number.value().to_string()),
        Value::Float(number) => Form::Number(number.value().to_string()),
        Value::Boolean(truth) => Form::Truth(*truth.value()),
        Value::Datetime(date) => Form::Number(date.value().to_string()),
        Value::Array(array) => {
            let elements = array.iter().map(|element| self::value(element, inner));
            Form::List(Layout::Flow, elements.collect::<Result<_, _>>()?)
        }
        Value::InlineTable(table) => return inline(table, inner),
    };
    Ok(Node { span, form })
}

fn deeper(depth: usize, span: Option<Range<usize>>) -> Result<usize, Fault> {
    if depth >= DEPTH_MAX {
        let at = span.map_or(0, |span| span.start);
        return Err(Fault { at, message: format!("nested deeper than {DEPTH_MAX} levels") });
    }
    Ok(depth.saturating_add(1))
}

/// A table that was never opened by a header reaches from its first member to its last.
fn span_of(own: Option<Range<usize>>, members: &[Member]) -> Range<usize> {
    let start = members.iter().map(|member| member.key_span.start).min();
    let end = members.iter().map(|member| member.value.span.end).max();
    let own = own.unwrap_or_else(|| start.unwrap_or(0)..end.unwrap_or(0));
    own.start..own.end.max(end.unwrap_or(0))
}
