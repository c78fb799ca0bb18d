//! Regular expressions of Python's `re`, said in the dialect here.
//!
//! The two spell most things alike and mean some of them otherwise: what a word is, what a blank is, what stands between
//! brackets. So an expression is read as Python reads it and written anew. What cannot be said exactly is said twice: once so
//! that it matches at least what Python's would, for what closes, and once so that it matches at most that, for what opens.

mod class;
mod parse;
mod tree;
mod write;

use regex_automata::meta::Regex;

use crate::expression::valid;
use tree::Node;
use write::{Bound, Writer};

/// An expression of Python in the dialect here.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// Matches at least what Python's matches.
    pub(crate) least: String,
    /// Matches at most that; `None`: nothing that does can be said.
    pub(crate) most: Option<Most>,
    /// What is not exact, in words; empty: both are what Python's is.
    pub(crate) inexact: Vec<&'static str>,
    /// A text that `least` matches, for people.
    pub(crate) sample: Option<String>,
    /// True if the text that Python makes of a list may match where no element does.
    pub(crate) sees_lists: bool,
}

/// What an expression opens.
#[derive(Debug, Clone)]
pub(crate) struct Most {
    pub(crate) expression: String,
    /// True if that holds for texts of ASCII alone.
    pub(crate) ascii: bool,
    /// True if it matches the text that holds nothing, which mcpfw does not look at.
    pub(crate) empty: bool,
}

/// # Errors
/// What Python or the dialect here does not take.
pub(crate) fn read(written: &str) -> Result<Expression, String> {
    if written.len() > PATTERN_BYTES_MAX {
        return Err(format!("longer than {PATTERN_BYTES_MAX} bytes"));
    }
    let tree = parse::parse(written)?;
    let mut writer = Writer::new(Bound::Least);
    let least = writer.whole(&tree).unwrap_or_default();
    valid(&least)?;
    let inexact = writer.inexact;
    let most = if inexact.is_empty() {
        Some((least.clone(), false))
    } else {
        Writer::new(Bound::Most).whole(&tree).map(|expression| (expression, true))
    };
    let most = most.filter(|(expression, _)| valid(expression).is_ok()).map(|(expression, ascii)| {
        let empty = Regex::new(&expression).is_ok_and(|regex| regex.is_match(""));
        Most { expression, ascii, empty }
    });
    let mut sample = String::new();
    tree.sample(&mut sample);
    let matches = !sample.is_empty() && Regex::new(&least).is_ok_and(|regex| regex.is_match(&sample));
    let sample = Some(sample).filter(|_| matches);
    Ok(Expression { sample, least, most, inexact, sees_lists: sees_lists(&tree) })
}

/// True if brackets, quotes or separators may take part in a match: Python writes a list with them.
fn sees_lists(node: &Node) -> bool {
    match node {
        Node::Char(character, _) => STRUCTURE.contains(*character),
        Node::Class(class, _) => class.negated || class.has_any_of(STRUCTURE),
        Node::Dot(_) => true,
        Node::Repeat(inner, 0 | 1, None) if matches!(**inner, Node::Dot(_)) => false,
        Node::Repeat(inner, ..) | Node::Wide(_, inner) => sees_lists(inner),
        Node::Cat(nodes) | Node::Alt(nodes) => nodes.iter().any(sees_lists),
        Node::Start(_) | Node::End(_) | Node::TextEnd | Node::Edge { .. } => false,
    }
}

/// What Python writes around and between the elements of lists and maps.
pub(crate) const STRUCTURE: &str = "[]{}'\",:\\";
/// Longest expression that is read.
const PATTERN_BYTES_MAX: usize = 2_000;
