//! From the tree of one text to the parts of a policy. Nothing is skipped: what is not understood is a problem.

mod args;
mod classifier;
mod command;
mod condition;
mod doubts;
mod file;
mod guards;
mod hours;
mod labels;
mod limits;
mod net;
mod pace;
mod preconditions;
mod requests;
mod rules;
mod sequences;
mod settings;
mod shapes;
mod sql;
mod suspects;
mod targets;
mod types;
pub(crate) mod units;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub(crate) use args::{TRAPS, TYPES, is_numeric};
pub(crate) use command::{TRUTH, UNKNOWN};
pub(crate) use file::{DEFAULTS, FilePart, read};
pub(crate) use guards::{LEVELS, TAKES_PATTERNS};
pub(crate) use limits::{COUNTED, EFFECTS as LATER_EFFECTS, PARTS, PER};
pub(crate) use net::PRESENCES;
pub(crate) use pace::OFF;
pub(crate) use rules::EFFECTS;
pub(crate) use sequences::{COUNTS, RESULTS};
pub(crate) use settings::{DRIFTS, HIDES};

use crate::bounds::{PATTERN_BYTES_MAX, PATTERNS_MAX};
use crate::glob::{Symbol, symbols};
use crate::model::Place;
use crate::path::Base;
use crate::problem::{INVALID, Pending, Severity};
use crate::schema::Catalog;
use crate::tree::{Form, Node};
use crate::words::{Map, nearest};

/// Reads one text; problems are collected, not returned, so that all of them are found.
pub(crate) struct Reader<'r> {
    pub(crate) source: usize,
    pub(crate) file: Arc<str>,
    pub(crate) text: &'r str,
    /// Byte offsets of the line ends of `text`.
    pub(crate) line_ends: Vec<usize>,
    pub(crate) base: &'r Base,
    /// What `${name}` stands for in this text.
    pub(crate) vars: BTreeMap<String, String>,
    /// The roles that `for` names so far.
    pub(crate) roles_named: Vec<(String, Range<usize>)>,
    pub(crate) problems: &'r mut Vec<Pending>,
    /// What is known of the tools that rules are about.
    pub(crate) catalog: Option<&'r Catalog>,
    /// Patterns over tools of servers that the catalog does not know, so far.
    pub(crate) unchecked: &'r mut usize,
    /// Patterns of the whole policy so far.
    pub(crate) patterns: &'r mut usize,
}

impl<'r> Reader<'r> {
    pub(crate) fn problem(&mut self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Pending {
            severity: Severity::Error,
            code: INVALID,
            source: self.source,
            span: span.clone(),
            message: message.into(),
            help,
        });
    }

    /// Something that can be used and may not do what it looks like.
    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.problems.push(Pending {
            severity: Severity::Warning,
            code,
            source: self.source,
            span: span.clone(),
            message: message.into(),
            help,
        });
    }

    pub(crate) fn wrong(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.problem(&node.span, message, Some(help.into()));
    }

    /// File and line of a node.
    pub(crate) fn place(&self, node: &Node) -> Place {
        Place { file: Arc::clone(&self.file), line: self.line(node) }
    }

    pub(crate) fn line(&self, node: &Node) -> u32 {
        let before = self.line_ends.partition_point(|end| *end < node.span.start);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The members of a map, which has the keys of its kind; every other key is a problem.
    pub(crate) fn members<'n>(
        &mut self,
        node: &'n Node,
        map: &Map,
        what: &str,
    ) -> Option<BTreeMap<&'n str, &'n Node>> {
        let Form::Map(pairs) = &node.form else {
            let help = format!("its keys are {}", map.words.valid.join(", "));
            self.wrong(node, format!("{what} must be a map, not {}", node.kind()), help);
            return None;
        };
        let mut out = BTreeMap::new();
        for (key, value) in pairs {
            let Some(name) = key.scalar() else { continue };
            if map.words.valid.contains(&name) {
                out.insert(name, value);
            } else {
                let (message, help) = map.words.about(name, "key");
                self.problem(&key.span, message, help);
            }
        }
        Some(out)
    }

    /// A scalar that is not null, as text.
    pub(crate) fn word<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match node.scalar() {
            Some(text) if !node.is_null() => Some(text),
            _ => {
                self.wrong(node, format!("{what} must be a text, not {}", node.kind()), "write one text");
                None
            }
        }
    }

    /// One of a few words, exactly; anything else is a problem that names the nearest.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node, what: &str, valid: &[(&str, T)]) -> Option<T> {
        let word = self.word(node, what)?;
        if let Some((_, value)) = valid.iter().find(|(name, _)| *name == word) {
            return Some(*value);
        }
        let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
        let help = crate::words::suggestion(word, &names);
        self.wrong(node, format!("unknown {what} `{word}`"), help);
        None
    }

    /// A list of nodes, or one node that stands for a list of one. An empty list is a problem: it matches nothing.
    pub(crate) fn items<'n>(&mut self, node: &'n Node, what: &str) -> Vec<&'n Node> {
        match &node.form {
            Form::List(nodes) if nodes.is_empty() => {
                self.wrong(node, format!("{what} is an empty list"), "leave the key out, or name something");
                Vec::new()
            }
            Form::List(nodes) => nodes.iter().collect(),
            Form::Scalar { .. } | Form::Map(_) => vec![node],
        }
    }

    /// A list of texts with their variables filled in.
    pub(crate) fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        let items = self.items(node, what);
        let filled = items.into_iter().filter_map(|item| self.pattern(item, what));
        filled.map(|symbols| symbols.iter().map(|symbol| symbol.character).collect()).collect()
    }

    /// A pattern with its variables filled in. What a variable stands for is never a wildcard.
    pub(crate) fn pattern(&mut self, node: &Node, what: &str) -> Option<Vec<Symbol>> {
        let text = self.word(node, what)?;
        *self.patterns = self.patterns.saturating_add(1);
        if *self.patterns == PATTERNS_MAX {
            self.wrong(node, format!("more than {PATTERNS_MAX} patterns"), "split the policy");
        }
        let filled = self.fill(node, text)?;
        if filled.len() > PATTERN_BYTES_MAX {
            self.wrong(node, format!("a pattern longer than {PATTERN_BYTES_MAX} characters"), "shorten it");
            return None;
        }
        Some(filled)
    }

    /// Fills in `${name}`; `$${` is a dollar sign and a brace.
    pub(crate) fn fill(&mut self, node: &Node, text: &str) -> Option<Vec<Symbol>> {
        let mut out = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                out.extend(symbols(before, false));
                out.extend(symbols("${", true));
                rest = behind;
                continue;
            }
            out.extend(symbols(before, false));
            let Some((name, after)) = behind.split_once('}') else {
                self.wrong(
                    node,
                    format!("`${{` without `}}` in `{text}`"),
                    "write `$${` for the characters themselves",
                );
                return None;
            };
            let Some(value) = self.vars.get(name) else {
                let help = match (name, nearest(name, self.vars.keys().map(String::as_str))) {
                    ("home", _) => "no home directory is known here".to_owned(),
                    (_, Some(near)) => format!("did you mean `${{{near}}}`?"),
                    (_, None) => "declare it under `vars` of this file".to_owned(),
                };
                self.wrong(node, format!("unknown variable `{name}`"), help);
                return None;
            };
            out.extend(symbols(value, true));
            rest = after;
        }
        out.extend(symbols(rest, false));
        Some(out)
    }
}
