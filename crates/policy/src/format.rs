//! The canonical layout of a policy file. Comments stay where they are, and no value changes: the result is read again and
//! compared, and a file for which that fails is left alone.

mod comments;
mod scalar;

use std::collections::BTreeMap;

use comments::{Comment, comments};

use crate::problem::{Pending, Problems};
use crate::source::Source;
use crate::tree::{self, Form, Node};

/// Longest line of a map or list that is written in braces or brackets, in characters.
pub const WIDTH: usize = 120;
/// Steps of indentation.
const STEP: usize = 2;

/// Lays `source` out anew.
///
/// # Errors
/// What is wrong with its YAML, or that it cannot be laid out without changing what it says.
pub fn format(source: &Source) -> Result<String, Problems> {
    let text = source.text.replace("\r\n", "\n");
    let (root, faults) = tree::parse(&text);
    let source = Source { text: text.clone(), ..source.clone() };
    if !faults.is_empty() {
        return Err(Problems::of(source, faults));
    }
    let Some(root) = root else { return Ok(text) };
    let made = Printer::new(&text, &root).print(&root);
    let (again, faults) = tree::parse(&made);
    if faults.is_empty() && again.is_some_and(|again| says_the_same(&root, &again)) {
        return Ok(made);
    }
    let message = "this text cannot be laid out without changing what it says";
    let help =
        "write texts over several lines in quotes, or as a block (`>-`) without an indentation of its own";
    Err(Problems::new(vec![source], vec![Pending::nowhere(message, help)]))
}

/// True if both nodes mean the same to every reader of this crate.
fn says_the_same(one: &Node, other: &Node) -> bool {
    match (&one.form, &other.form) {
        (Form::Scalar { text, plain }, Form::Scalar { text: again, plain: plain_again }) => {
            // A text over several lines is no number, truth value or null, with quotes or without.
            text == again && (plain == plain_again || text.contains('\n'))
        }
        (Form::List(items), Form::List(again)) => {
            items.len() == again.len()
                && items.iter().zip(again).all(|(one, other)| says_the_same(one, other))
        }
        (Form::Map(pairs), Form::Map(again)) => {
            let same = |((key, value), (key_again, value_again)): (&(Node, Node), &(Node, Node))| {
                says_the_same(key, key_again) && says_the_same(value, value_again)
            };
            pairs.len() == again.len() && pairs.iter().zip(again).all(same)
        }
        _ => false,
    }
}

struct Printer<'t> {
    text: &'t str,
    comments: Vec<Comment>,
    /// Start of each scalar to its end.
    scalars: BTreeMap<usize, usize>,
    /// Comments that are written already.
    done: usize,
    out: String,
}

impl<'t> Printer<'t> {
    fn new(text: &'t str, root: &Node) -> Printer<'t> {
        let scalars = comments::scalars(root).into_iter().filter(|(start, end)| start < end).collect();
        Printer { text, comments: comments(text, root), scalars, done: 0, out: String::new() }
    }

    fn print(mut self, root: &Node) -> String {
        match &root.form {
            Form::Map(pairs) if !pairs.is_empty() => self.map(pairs, 0, true),
            Form::List(items) if !items.is_empty() => self.list(items, 0),
            Form::Scalar { .. } | Form::Map(_) | Form::List(_) => {
                self.above(root.span.start, 0, true);
                self.value(root, 0);
                self.beside(self.end(root));
                self.end_line();
            }
        }
        self.above(usize::MAX, 0, false);
        self.out
    }

    /// `first`: nothing stands above the first pair.
    fn map(&mut self, pairs: &[(Node, Node)], indent: usize, first: bool) {
        for (index, (key, value)) in pairs.iter().enumerate() {
            if index > 0 || first {
                self.above(key.span.start, indent, index == 0);
                self.indent(indent);
            }
            self.pair(key, value, indent);
        }
    }

    fn list(&mut self, items: &[Node], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            self.above(item.span.start, indent, index == 0);
            self.indent(indent);
            self.out.push('-');
            let inner = indent.saturating_add(STEP);
            match &item.form {
                Form::Map(pairs) if !self.stays(item, inner) => {
                    self.out.push(' ');
                    self.map(pairs, inner, false);
                }
                Form::List(items) if !self.stays(item, inner) => {
                    self.end_line();
                    self.list(items, inner);
                }
                Form::Scalar { .. } | Form::Map(_) | Form::List(_) => {
                    if !self.is_empty(item) {
                        self.out.push(' ');
                    }
                    self.value(item, indent);
                    self.beside(self.end(item));
                    self.end_line();
                }
            }
        }
    }

    fn pair(&mut self, key: &Node, value: &Node, indent: usize) {
        let name = self.scalar(key, indent);
        self.out.push_str(&name);
        self.out.push(':');
        let inner = indent.saturating_add(STEP);
        let column = indent.saturating_add(name.chars().count()).saturating_add(2);
        match &value.form {
            Form::Map(pairs) if !self.stays(value, column) => {
                self.beside_key(key.span.end, value.span.start);
                self.end_line();
                self.map(pairs, inner, true);
            }
            Form::List(items) if !self.stays(value, column) => {
                self.beside_key(key.span.end, value.span.start);
                self.end_line();
                self.list(items, inner);
            }
            Form::Scalar { .. } | Form::Map(_) | Form::List(_) => {
                if !self.is_empty(value) {
                    self.out.push(' ');
                }
                self.value(value, indent);
                let end = if self.is_empty(value) { key.span.end } else { self.end(value) };
                self.beside(end);
                self.end_line();
            }
        }
    }

    /// True for a collection that stands in one line and may: it did so, no comment is in it, and it is not too long.
    fn stays(&self, node: &Node, column: usize) -> bool {
        if matches!(&node.form, Form::Map(pairs) if pairs.is_empty())
            || matches!(&node.form, Form::List(items) if items.is_empty())
        {
            return true;
        }
        let flow = self.text.get(node.span.start..).is_some_and(|text| text.starts_with(['{', '[']));
        let end = self.end(node);
        let inside = |comment: &Comment| node.span.start < comment.at && comment.at < end;
        if !flow || self.comments.iter().any(inside) {
            return false;
        }
        let line = self.flow(node);
        !line.contains('\n') && column.saturating_add(line.chars().count()) <= WIDTH
    }

    /// Where a node ends: the parser has looked further when it says that a collection in brackets is over.
    fn end(&self, node: &Node) -> usize {
        if node.scalar().is_some() {
            return node.span.end;
        }
        let (mut at, mut depth) = (node.span.start, 0_usize);
        while let Some(character) = self.text.get(at..).and_then(|rest| rest.chars().next()) {
            if let Some(end) = self.scalars.get(&at) {
                at = *end;
                continue;
            }
            match character {
                '#' => {
                    let line = self.text.get(at..).and_then(|rest| rest.find('\n'));
                    at = at.saturating_add(line.unwrap_or(usize::MAX));
                    continue;
                }
                '{' | '[' => depth = depth.saturating_add(1),
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at = at.saturating_add(character.len_utf8());
            if depth == 0 {
                break;
            }
        }
        at.min(self.text.len())
    }

    fn value(&mut self, node: &Node, indent: usize) {
        let text = match &node.form {
            Form::Scalar { .. } => self.scalar(node, indent),
            Form::Map(_) | Form::List(_) => self.flow(node),
        };
        self.out.push_str(&text);
    }

    fn flow(&self, node: &Node) -> String {
        match &node.form {
            Form::Scalar { .. } => self.scalar(node, 0),
            Form::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Form::Map(pairs) if pairs.is_empty() => "{}".to_owned(),
            Form::Map(pairs) => {
                let pair = |(key, value): &(Node, Node)| {
                    let blank = if self.is_empty(value) { "" } else { " " };
                    format!("{}:{blank}{}", self.scalar(key, 0), self.flow(value))
                };
                let pairs: Vec<String> = pairs.iter().map(pair).collect();
                format!("{{ {} }}", pairs.join(", "))
            }
        }
    }

    fn scalar(&self, node: &Node, indent: usize) -> String {
        scalar::written(self.text, node, indent.saturating_add(STEP))
    }

    fn is_empty(&self, node: &Node) -> bool {
        matches!(&node.form, Form::Scalar { text, plain: true } if text.is_empty())
    }

    /// Comments that stand in lines of their own above what begins at `at`, and one empty line where there were some.
    fn above(&mut self, at: usize, indent: usize, first: bool) {
        let mut first = first && indent > 0 || self.out.is_empty();
        while let Some(comment) = self.comments.get(self.done).filter(|comment| comment.at < at).cloned() {
            self.done = self.done.saturating_add(1);
            if comment.blank_above && !first {
                self.out.push('\n');
            }
            first = false;
            self.indent(indent);
            self.out.push_str(&comment.text);
            self.end_line();
        }
        if at != usize::MAX && !first && comments::blank_above(self.text, at) {
            self.out.push('\n');
        }
    }

    /// The comment behind what ended at `end`, in the same line.
    fn beside(&mut self, end: usize) {
        let Some(comment) = self.comments.get(self.done).filter(|comment| !comment.alone) else { return };
        let between = self.text.get(end..comment.at);
        if between.is_some_and(|between| !between.contains('\n')) {
            self.out.push(' ');
            self.out.push_str(&comment.text);
            self.done = self.done.saturating_add(1);
        }
    }

    /// The comment behind a key, above the lines of its value.
    fn beside_key(&mut self, end: usize, value: usize) {
        if self.comments.get(self.done).is_some_and(|comment| comment.at < value) {
            self.beside(end);
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn end_line(&mut self) {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }
}
