//! Several expressions as one automaton: linear time, whatever the text.

use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternSet};

use crate::bounds::REGEX_BYTES_MAX;

/// Working memory of one set, in bytes. A text that needs more is matched more slowly, and as well.
const CACHE_BYTES_MAX: usize = 512 << 10;

/// Compiled expressions, joined by OR.
#[derive(Debug)]
pub(crate) struct Set {
    regex: Regex,
}

/// How expressions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Made by us from wildcards: bytes, `.` is anything. `fold`: ASCII case does not count.
    Glob { fold: bool },
    /// Written by a person: Unicode.
    Regex,
}

impl Set {
    /// # Errors
    /// What is wrong with an expression, or that the program would be too large.
    pub(crate) fn new(expressions: &[String], syntax: Syntax) -> Result<Set, String> {
        let syntax = match syntax {
            Syntax::Glob { fold } => {
                syntax::Config::new().unicode(false).case_insensitive(fold).dot_matches_new_line(true)
            }
            Syntax::Regex => syntax::Config::new(),
        };
        let config = Config::new()
            .match_kind(MatchKind::All)
            .utf8_empty(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(REGEX_BYTES_MAX))
            .hybrid_cache_capacity(CACHE_BYTES_MAX)
            .auto_prefilter(false)
            .dfa(false)
            .onepass(false)
            .backtrack(false);
        let built = Regex::builder().syntax(syntax.utf8(false)).configure(config).build_many(expressions);
        built.map(|regex| Set { regex }).map_err(|error| match error.syntax_error() {
            Some(error) => error.to_string(),
            None => error.to_string(),
        })
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The indices of all expressions that match, in their order.
    pub(crate) fn matches(&self, text: &str) -> PatternSet {
        let mut found = PatternSet::new(self.regex.pattern_len());
        self.regex.which_overlapping_matches(&Input::new(text), &mut found);
        found
    }
}
