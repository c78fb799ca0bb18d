//! YAML 1.2, read by `saphyr-parser`.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{DEPTH_MAX, Fault, Form, Layout, Member, Node};

pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let offsets = Offsets::new(text);
    let mut builder = Builder { text, open: Vec::new(), root: None, documents: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Fault {
            at: offsets.byte(error.marker().index()),
            message: format!("not valid YAML: {}", error.info()),
        })?;
        builder.event(event, offsets.byte(span.start.index())..offsets.byte(span.end.index()))?;
    }
    Ok(builder.root)
}

/// The parser counts in characters.
struct Offsets {
    starts: Option<Vec<usize>>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Offsets {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Offsets { starts, length: text.len() }
    }

    fn byte(&self, index: usize) -> usize {
        match &self.starts {
            Some(starts) => starts.get(index).copied().unwrap_or(self.length),
            None => index.min(self.length),
        }
    }
}

struct Builder<'t> {
    text: &'t str,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

struct Open {
    start: Range<usize>,
    layout: Layout,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Vec<Member>, Option<Node>),
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents > 1 {
                    return fault(&span, "more than one document in the file");
                }
            }
            // What stands elsewhere cannot be edited here.
            Event::Alias(_) => self.add(Node { span, form: Form::Nothing })?,
            Event::Scalar(text, style, _, _) => {
                let form = scalar(text.into_owned(), style == ScalarStyle::Plain);
                self.add(Node { span, form })?;
            }
            Event::SequenceStart(..) => self.enter(span, Items::List(Vec::new()))?,
            Event::MappingStart(..) => self.enter(span, Items::Map(Vec::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => self.leave(&span)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn enter(&mut self, start: Range<usize>, items: Items) -> Result<(), Fault> {
        if self.open.len() >= DEPTH_MAX {
            return fault(&start, &format!("nested deeper than {DEPTH_MAX} levels"));
        }
        let bracket = self.text.as_bytes().get(start.start);
        let flow = matches!(bracket, Some(b'[' | b'{')) && !start.is_empty();
        let layout = if flow { Layout::Flow } else { Layout::Block };
        self.open.push(Open { start, layout, items });
        Ok(())
    }

    fn leave(&mut self, end: &Range<usize>) -> Result<(), Fault> {
        let Some(Open { start, layout, items }) = self.open.pop() else { return Ok(()) };
        // A block ends where its last part ends, not where the next token begins.
        let last = match &items {
            Items::List(elements) => elements.last().map(|node| node.span.end),
            Items::Map(members, _) => members.last().map(|member| member.value.span.end),
        };
        let end = match layout {
            Layout::Flow => end.end,
            Layout::Block => last.unwrap_or(start.end),
        };
        let form = match items {
            Items::List(elements) => Form::List(layout, elements),
            Items::Map(members, _) => Form::Map(layout, members),
        };
        self.add(Node { span: start.start..end.max(start.start), form })
    }

    fn add(&mut self, node: Node) -> Result<(), Fault> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.items {
            Items::List(elements) => elements.push(node),
            Items::Map(members, key) => match key.take() {
                None => *key = Some(node),
                Some(name) => {
                    let Some(key) = key_text(&name) else {
                        return fault(&name.span, &format!("a key must be a text, not {}", name.kind()));
                    };
                    members.push(Member { key, key_span: name.span, value: node });
                }
            },
        }
        Ok(())
    }
}

fn key_text(name: &Node) -> Option<String> {
    match &name.form {
        Form::Text(text) | Form::Number(text) => Some(text.clone()),
        Form::Truth(truth) => Some(truth.to_string()),
        Form::Nothing | Form::List(..) | Form::Map(..) => None,
    }
}

/// The core schema of YAML 1.2 as far as it matters here: truth values, null and numbers are no texts.
fn scalar(text: String, plain: bool) -> Form {
    if !plain {
        return Form::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Form::Nothing,
        "true" | "True" | "TRUE" => Form::Truth(true),
        "false" | "False" | "FALSE" => Form::Truth(false),
        number if is_number(number) => Form::Number(text),
        _ => Form::Text(text),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
}

fn fault<T>(span: &Range<usize>, message: &str) -> Result<T, Fault> {
    Err(Fault { at: span.start, message: message.to_owned() })
}
