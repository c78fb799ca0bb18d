//! YAML as a tree of nodes with their places, of the plain part of YAML that reads the same to everybody.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::bounds::TREE_DEPTH_MAX;

/// One node of the text.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte offsets in the text.
    pub span: Range<usize>,
    pub form: Form,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Form {
    /// `plain` is a scalar without quotes, which may be a number, a truth value or null.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match &self.form {
            Form::Scalar { text, .. } => Some(text),
            Form::List(_) | Form::Map(_) => None,
        }
    }

    /// The text of a scalar, whatever it is.
    #[must_use]
    pub fn scalar_text(&self) -> Option<&str> {
        self.scalar()
    }

    /// What errors call it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.form {
            Form::Scalar { plain: true, text } if is_null(text) => "nothing",
            Form::Scalar { .. } => "a text",
            Form::List(_) => "a list",
            Form::Map(_) => "a map",
        }
    }

    /// True for nothing at all, `~` and `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.form, Form::Scalar { plain: true, text } if is_null(text))
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null")
}

/// A mistake with its place.
#[derive(Debug, Clone)]
pub struct Fault {
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// Parses one document. `None` without a fault is a text without any node.
#[must_use]
pub fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut builder = Builder {
        offsets: Offsets::new(text),
        open: Vec::new(),
        root: None,
        documents: 0,
        faults: Vec::new(),
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let span = builder.offsets.byte(span.start.index())..builder.offsets.byte(span.end.index());
                if builder.event(event, span).is_err() {
                    return (None, builder.faults);
                }
            }
            Err(error) => {
                let at = builder.offsets.byte(error.marker().index());
                builder.fault(at..at, format!("not valid YAML: {}", error.info()), None);
                return (None, builder.faults);
            }
        }
    }
    (builder.root, builder.faults)
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

struct Builder {
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    faults: Vec<Fault>,
}

struct Open {
    start: Range<usize>,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Vec<(Node, Node)>, Option<Node>),
}

struct Stop;

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents > 1 {
                    self.fault(
                        span,
                        "more than one document in the file".into(),
                        Some("one file is one policy".into()),
                    );
                    return Err(Stop);
                }
            }
            Event::Alias(_) => {
                let help = "write the value out, or use `vars`";
                self.fault(span.clone(), "aliases are not part of the language".into(), Some(help.into()));
                self.add(Node { span, form: Form::Scalar { text: String::new(), plain: false } });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_yaml(&span, anchor, tag.is_some());
                let form = Form::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.add(Node { span, form });
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain_yaml(&span, anchor, tag.is_some());
                self.enter(span, Items::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.plain_yaml(&span, anchor, tag.is_some());
                self.enter(span, Items::Map(Vec::new(), None))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(&span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Anchors and tags make one text mean another elsewhere; a policy is read by people.
    fn plain_yaml(&mut self, span: &Range<usize>, anchor: usize, tagged: bool) {
        if anchor != 0 {
            let help = "write the value out, or use `vars`";
            self.fault(span.clone(), "anchors are not part of the language".into(), Some(help.into()));
        }
        if tagged {
            let help = "quote a value to make it a text";
            self.fault(span.clone(), "tags are not part of the language".into(), Some(help.into()));
        }
    }

    fn enter(&mut self, start: Range<usize>, items: Items) -> Result<(), Stop> {
        if self.open.len() >= TREE_DEPTH_MAX {
            self.fault(start, format!("nested deeper than {TREE_DEPTH_MAX} levels"), None);
            return Err(Stop);
        }
        self.open.push(Open { start, items });
        Ok(())
    }

    fn leave(&mut self, end: &Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        let span = open.start.start..end.end.max(open.start.end);
        let form = match open.items {
            Items::List(nodes) => Form::List(nodes),
            Items::Map(pairs, _) => Form::Map(pairs),
        };
        self.add(Node { span, form });
    }

    fn add(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.items {
            Items::List(nodes) => nodes.push(node),
            Items::Map(pairs, key) => match key.take() {
                None => *key = Some(node),
                Some(name) => {
                    let fault = key_fault(pairs, &name);
                    pairs.push((name, node));
                    self.faults.extend(fault);
                }
            },
        }
    }

    fn fault(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.faults.push(Fault { span, message, help });
    }
}

fn key_fault(pairs: &[(Node, Node)], name: &Node) -> Option<Fault> {
    let fault =
        |message: String, help: Option<String>| Some(Fault { span: name.span.clone(), message, help });
    let Some(text) = name.scalar() else {
        return fault(format!("a key must be a text, not {}", name.kind()), None);
    };
    if text == "<<" {
        return fault(
            "merge keys are not part of the language".into(),
            Some("use `extends` or `vars`".into()),
        );
    }
    if pairs.iter().any(|(earlier, _)| earlier.scalar() == Some(text)) {
        return fault(format!("duplicate key `{text}`"), Some("keep one of the two".into()));
    }
    None
}
