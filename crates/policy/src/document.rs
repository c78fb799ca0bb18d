//! Other files of the operator in the same plain YAML, with the same kind of errors: every mistake at once, each with its
//! place and the nearest valid word.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::bounds::TEXT_BYTES_MAX;
use crate::problem::{Pending, Problems, Severity};
use crate::read::units;
use crate::source::Source;
use crate::tree::{self, Form};
use crate::words::suggestion;

pub use crate::tree::Node;

/// One text and the mistakes that were found in it so far.
#[derive(Debug)]
pub struct Document {
    source: Source,
    problems: Vec<Pending>,
}

impl Document {
    /// Reads `source` as one document; `None` if there is nothing in it that could be read any further.
    #[must_use]
    pub fn parse(source: Source) -> (Document, Option<Node>) {
        let mut document = Document { source, problems: Vec::new() };
        if document.source.text.len() > TEXT_BYTES_MAX {
            document.add(0..0, format!("longer than {TEXT_BYTES_MAX} bytes"), None);
            return (document, None);
        }
        let (root, faults) = tree::parse(&document.source.text);
        for fault in faults {
            // What helps in a policy (`vars`, `extends`) does not exist here.
            let help = fault.help.filter(|help| !help.contains("vars"));
            document.add(fault.span, fault.message, help);
        }
        if root.is_none() && document.problems.is_empty() {
            document.add(0..0, "the file is empty", None);
        }
        (document, root)
    }

    fn add(&mut self, span: std::ops::Range<usize>, message: impl Into<String>, help: Option<String>) {
        let severity = Severity::Error;
        self.problems.push(Pending {
            severity,
            code: crate::problem::INVALID,
            source: 0,
            span,
            message: message.into(),
            help,
        });
    }

    /// A mistake at `node`.
    pub fn wrong(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.add(node.span.clone(), message, Some(help.into()));
    }

    /// The members of a map whose keys are all among `valid`; every other key is a mistake.
    pub fn members<'n>(&mut self, node: &'n Node, valid: &[&str], what: &str) -> BTreeMap<&'n str, &'n Node> {
        let mut out = BTreeMap::new();
        for (key, name, value) in self.pairs(node, what) {
            if valid.contains(&name) {
                out.insert(name, value);
            } else {
                self.wrong(key, format!("unknown key `{name}`"), suggestion(name, valid));
            }
        }
        out
    }

    /// The members of a map with keys of the operator's own.
    pub fn pairs<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n Node, &'n str, &'n Node)> {
        let Form::Map(pairs) = &node.form else {
            self.wrong(node, format!("{what} must be a map, not {}", node.kind()), "write `key: value`");
            return Vec::new();
        };
        pairs.iter().filter_map(|(key, value)| Some((key, key.scalar()?, value))).collect()
    }

    /// The elements of a list, which is not empty.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Vec<&'n Node> {
        match &node.form {
            Form::List(nodes) if !nodes.is_empty() => nodes.iter().collect(),
            Form::List(_) | Form::Scalar { .. } | Form::Map(_) => {
                self.wrong(node, format!("{what} must be a list, and not empty"), "write `[one, two]`");
                Vec::new()
            }
        }
    }

    /// A text.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match node.scalar() {
            Some(text) if !node.is_null() && !text.is_empty() => Some(text),
            Some(_) | None => {
                self.wrong(node, format!("{what} must be a text, not {}", node.kind()), "write one text");
                None
            }
        }
    }

    /// A list of texts, or one text that stands for a list of one.
    pub fn texts<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n Node, &'n str)> {
        let nodes = match &node.form {
            Form::Scalar { .. } => vec![node],
            Form::List(_) | Form::Map(_) => self.list(node, what),
        };
        nodes.into_iter().filter_map(|node| Some((node, self.text(node, what)?))).collect()
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, what: &str, valid: &[(&str, T)]) -> Option<T> {
        let word = self.text(node, what)?;
        if let Some((_, value)) = valid.iter().find(|(name, _)| *name == word) {
            return Some(*value);
        }
        let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
        self.wrong(node, format!("unknown {what} `{word}`"), suggestion(word, &names));
        None
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        self.choice(node, what, &[("true", true), ("false", false)])
    }

    /// A whole number within `range`.
    pub fn whole(&mut self, node: &Node, what: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let found = node.scalar().and_then(units::whole).filter(|number| range.contains(number));
        if found.is_none() {
            let help = format!("from {} to {}", range.start(), range.end());
            self.wrong(node, format!("{what} must be a whole number"), help);
        }
        found
    }

    /// Bytes, with a unit or without, within `range`.
    pub fn size(&mut self, node: &Node, what: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let found = node.scalar().and_then(units::size).filter(|number| range.contains(number));
        if found.is_none() {
            let help = format!("from {} to {} bytes, like `64KiB` or `16MiB`", range.start(), range.end());
            self.wrong(node, format!("{what} must be a number of bytes"), help);
        }
        found
    }

    /// A time with its unit, at most `most`.
    pub fn duration(&mut self, node: &Node, what: &str, most: Duration) -> Option<Duration> {
        let found = node.scalar().and_then(units::duration_ms).map(Duration::from_millis);
        let found = found.filter(|time| *time <= most);
        if found.is_none() {
            let help = format!("like `30s`, `5m` or `1h`, at most {} s", most.as_secs());
            self.wrong(node, format!("{what} must be a time"), help);
        }
        found
    }

    /// # Errors
    /// All mistakes, if there is one.
    pub fn finish(self) -> Result<(), Problems> {
        match self.problems.is_empty() {
            true => Ok(()),
            false => Err(Problems::new(vec![self.source], self.problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::source::Source;

    fn read(text: &str) -> String {
        let source = Source { name: "f.yaml".to_owned(), text: text.to_owned() };
        let (mut document, root) = Document::parse(source);
        if let Some(root) = root {
            let members = document.members(&root, &["listeners", "size", "time"], "the file");
            members.get("size").map(|node| document.size(node, "`size`", 1..=100));
            members
                .get("time")
                .map(|node| document.duration(node, "`time`", std::time::Duration::from_secs(60)));
        }
        document.finish().map_or_else(|problems| problems.render(false), |()| String::new())
    }

    #[test]
    fn every_mistake_is_found_where_it_is() {
        assert_eq!(read("size: 10\ntime: 5s\n"), "");
        let report = read("listener: {}\nsize: 1GiB\ntime: 90s\n");
        for words in ["f.yaml:1:1", "did you mean `listeners`?", "f.yaml:2:7", "f.yaml:3:7"] {
            assert!(report.contains(words), "{words}: {report}");
        }
    }

    #[test]
    fn nothing_and_two_documents_are_mistakes() {
        assert!(read("").contains("empty"));
        assert!(read("a: 1\n---\nb: 2\n").contains("more than one document"));
    }
}
