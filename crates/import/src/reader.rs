//! Reading a text of theirs: every mistake with its place, nothing taken for granted.

mod yaml;

use std::ops::Range;

use bailiwick_policy::tree::{Fault, Form, Node, parse};

/// A text and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    pub(crate) text: &'t str,
    pub(crate) faults: Vec<Fault>,
}

/// The members of a map, in their order.
pub(crate) type Members<'n> = Vec<(&'n str, &'n Node, &'n Node)>;

/// Finds a member.
pub(crate) fn member<'n>(members: &Members<'n>, key: &str) -> Option<&'n Node> {
    members.iter().find(|(name, ..)| *name == key).map(|(_, _, value)| *value)
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Reader<'t> {
        Reader { text, faults: Vec::new() }
    }

    pub(crate) fn fault(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { span, message: message.into(), help: Some(help.into()) });
        }
    }

    pub(crate) fn wrong(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.fault(node.span.clone(), message, help);
    }

    /// The line of a node, from 1.
    pub(crate) fn line(&self, node: &Node) -> u32 {
        self.line_at(node.span.start)
    }

    pub(crate) fn line_at(&self, offset: usize) -> u32 {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The text as YAML, of which JSON is a part.
    pub(crate) fn root(&mut self) -> Option<Node> {
        // JSON may be indented by tabs, which YAML does not know; in JSON they stand between tokens only.
        let spaced = self.text.trim_start().starts_with('{').then(|| self.text.replace('\t', " "));
        let (root, faults) = parse(spaced.as_deref().unwrap_or(self.text));
        if root.is_none() && faults.is_empty() {
            self.fault(0..0, "the file is empty", "an empty file decides nothing");
        }
        self.faults.extend(faults.into_iter().take(FAULTS_MAX));
        root.iter().for_each(|root| self.plain_scalars(root));
        root
    }

    /// Reports scalars that the original, which reads YAML 1.1, takes for something else.
    fn plain_scalars(&mut self, node: &Node) {
        match &node.form {
            Form::Scalar { text, plain: true } => {
                if let Some(what) = yaml::otherwise(text) {
                    let help =
                        "write the number in plain digits, `true` or `false`, or put quotes around a text";
                    self.wrong(
                        node,
                        format!("`{text}` is {what} in YAML 1.1, which the original reads"),
                        help,
                    );
                }
            }
            Form::Scalar { plain: false, .. } => {}
            Form::List(items) => items.iter().for_each(|item| self.plain_scalars(item)),
            Form::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                self.plain_scalars(key);
                // Words for people decide nothing, whatever they are there.
                if !key.scalar().is_some_and(|key| WORDS.contains(&key))
                    || !matches!(value.form, Form::Scalar { .. })
                {
                    self.plain_scalars(value);
                }
            }),
        }
    }

    /// The members of a map; nothing at all is a map without any.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Members<'n> {
        match &node.form {
            Form::Map(pairs) => {
                let pair = |(key, value): &'n (Node, Node)| key.scalar().map(|name| (name, key, value));
                pairs.iter().filter_map(pair).collect()
            }
            Form::Scalar { .. } if node.is_null() => Vec::new(),
            Form::Scalar { .. } | Form::List(_) => {
                self.wrong(node, format!("{what} must be a map, not {}", node.kind()), "write `key: value`");
                Vec::new()
            }
        }
    }

    /// Reports members that the format does not have: a misspelt word would leave something undecided.
    pub(crate) fn known(&mut self, members: &Members<'_>, valid: &[&str], what: &str) {
        for (name, key, _) in members.iter().filter(|(name, ..)| !valid.contains(name)) {
            let message = format!("unknown key `{name}` in {what}");
            self.wrong(key, message, nearest(name, valid));
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.form {
            Form::List(items) => items,
            Form::Scalar { .. } if node.is_null() => &[],
            Form::Scalar { .. } | Form::Map(_) => {
                let message = format!("{what} must be a list, not {}", node.kind());
                self.wrong(node, message, "write `[…]`, or each element behind a `-`");
                &[]
            }
        }
    }

    pub(crate) fn word<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = node.scalar().filter(|_| !node.is_null());
        if text.is_none() {
            self.wrong(node, format!("{what} must be a text, not {}", node.kind()), "write a text");
        }
        text
    }

    /// A list of texts, each with its node.
    pub(crate) fn words<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n str, &'n Node)> {
        let items = self.list(node, what);
        items.iter().filter_map(|item| self.word(item, "an element").map(|word| (word, item))).collect()
    }

    /// A number that is not negative.
    pub(crate) fn number(&mut self, node: &Node, what: &str) -> Option<f64> {
        let text = self.word(node, what)?;
        // To readers of YAML 1.1 `1e3` is a text, to those of JSON a number.
        if text.contains(['e', 'E']) && !self.text.trim_start().starts_with('{') {
            self.wrong(node, format!("{what} must be a number without an exponent"), "write `1000`");
            return None;
        }
        let number = text.parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite() && *number >= 0.0 && *number <= NUMBER_MAX);
        if number.is_none() {
            self.wrong(node, format!("{what} must be a number that is not negative"), "write `10`");
        }
        number
    }

    /// A whole number.
    pub(crate) fn count(&mut self, node: &Node, what: &str) -> Option<u64> {
        let number = self.number(node, what)?;
        if number.fract() != 0.0 {
            self.wrong(node, format!("{what} must be a whole number"), "write `10`");
            return None;
        }
        format!("{number:.0}").parse().ok()
    }

    /// One of `valid`.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node, what: &str, valid: &[(&str, T)]) -> Option<T> {
        let word = self.word(node, what)?;
        let found = valid.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
            self.wrong(node, format!("`{word}` is no {what}"), nearest(word, &names));
        }
        found
    }
}

/// The help for a word that is not valid.
pub(crate) fn nearest(word: &str, valid: &[&str]) -> String {
    let close = |known: &&&str| {
        word.len() <= WORD_BYTES_MAX && strsim::damerau_levenshtein(&word.to_ascii_lowercase(), known) <= 2
    };
    match valid.iter().find(close) {
        Some(known) => format!("did you mean `{known}`?"),
        _ => format!("one of: {}", valid.join(", ")),
    }
}

/// Keys of texts for people.
const WORDS: [&str; 3] = ["message", "description", "reason"];
/// Longest word that is compared with others.
const WORD_BYTES_MAX: usize = 64;
/// Most mistakes that are reported.
const FAULTS_MAX: usize = 200;
/// Greatest number in a policy.
const NUMBER_MAX: f64 = 1e12;
