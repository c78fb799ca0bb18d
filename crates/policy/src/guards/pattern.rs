//! Patterns of the operator: what a guard shall find besides, and where a suppression holds.

use std::ops::Range;
use std::sync::Arc;

use regex_automata::meta::Regex;

use super::{GuardLevel, GuardName};
use crate::bounds::REGEX_BYTES_MAX;

/// A pattern whose matches are findings of a guard.
#[derive(Debug)]
pub struct GuardPattern {
    /// Also the code of its findings.
    pub id: Arc<str>,
    /// Name of the source that it stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub guard: GuardName,
    pub level: GuardLevel,
    /// What it finds, in words.
    pub message: Arc<str>,
    pub(crate) text: Spotted,
}

impl GuardPattern {
    /// Where it matches, in order; empty matches are none.
    pub fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        self.text.0.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

/// A regular expression that knows where it matches.
#[derive(Debug)]
pub(crate) struct Spotted(Regex);

impl Spotted {
    /// # Errors
    /// What is wrong with the expression, or that its program would be too large.
    pub(crate) fn new(expression: &str) -> Result<Spotted, String> {
        let config = Regex::config().nfa_size_limit(Some(REGEX_BYTES_MAX));
        let built = Regex::builder().configure(config).build(expression);
        built.map(Spotted).map_err(|error| match error.syntax_error() {
            Some(error) => error.to_string(),
            None => error.to_string(),
        })
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}
