//! Several expressions as one automaton: linear time, whatever the text.

use std::sync::OnceLock;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, PatternSet};

use crate::bounds::REGEX_BYTES_MAX;
use crate::glob::Symbol;

/// Working memory of one set, in bytes. A text that needs more is matched more slowly, and as well.
const CACHE_BYTES_MAX: usize = 512 << 10;

/// Expressions that are built later have at most so many bytes together, which is far from [`REGEX_BYTES_MAX`] when compiled.
const LATER_BYTES_MAX: usize = 8 << 10;

/// Compiled expressions, joined by OR.
#[derive(Debug)]
pub(crate) struct Set {
    /// `None`: it could not be built when it was needed, which [`Set::later`] excludes.
    regex: OnceLock<Option<Regex>>,
    expressions: Box<[String]>,
    syntax: Syntax,
    /// What is said of a text while there is no automaton.
    doubt: bool,
    /// Made when somebody first asks how a text may begin. `None`: it cannot be made.
    beginnings: OnceLock<Option<Box<DFA>>>,
}

/// How expressions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Made by us from wildcards: bytes, `.` is anything. `fold`: ASCII case does not count.
    Glob { fold: bool },
    /// Written by a person: Unicode.
    Regex,
}

impl Syntax {
    fn config(self) -> syntax::Config {
        let config = match self {
            Syntax::Glob { fold } => {
                syntax::Config::new().unicode(false).case_insensitive(fold).dot_matches_new_line(true)
            }
            Syntax::Regex => syntax::Config::new(),
        };
        config.utf8(false)
    }
}

impl Set {
    /// # Errors
    /// What is wrong with an expression, or that the program would be too large.
    pub(crate) fn new(expressions: &[String], syntax: Syntax) -> Result<Set, String> {
        let built = build(expressions, syntax)?;
        Ok(Set { regex: OnceLock::from(Some(built)), ..Set::unbuilt(expressions, syntax, false) })
    }

    /// Globs whose automaton is built when the first text comes: building takes longer than reading the policy. `None`: they
    /// are of a form that may turn out not to compile, so that it has to be tried now.
    ///
    /// `doubt` is what a set answers that has no automaton all the same.
    pub(crate) fn later(globs: &[&[Symbol]], expressions: &[String], fold: bool, doubt: bool) -> Option<Set> {
        // A class may be out of order (`[z-a]`); all else is made by us.
        let classes = globs.iter().any(|glob| glob.iter().any(|symbol| symbol.is('[')));
        let bytes: usize = expressions.iter().map(String::len).sum();
        (!classes && bytes <= LATER_BYTES_MAX)
            .then(|| Set::unbuilt(expressions, Syntax::Glob { fold }, doubt))
    }

    fn unbuilt(expressions: &[String], syntax: Syntax, doubt: bool) -> Set {
        let (regex, beginnings) = (OnceLock::new(), OnceLock::new());
        Set { regex, expressions: expressions.into(), syntax, doubt, beginnings }
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| build(&self.expressions, self.syntax).ok()).as_ref()
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex().map_or(self.doubt, |regex| regex.is_match(text))
    }

    /// The indices of all expressions that match, in their order.
    pub(crate) fn matches(&self, text: &str) -> PatternSet {
        let mut found = PatternSet::new(self.expressions.len());
        if let Some(regex) = self.regex() {
            regex.which_overlapping_matches(&Input::new(text), &mut found);
        }
        found
    }

    /// False only if no text that begins with `start` matches. For anchored expressions.
    pub(crate) fn could_begin(&self, start: &str) -> bool {
        let dfa = self.beginnings.get_or_init(|| {
            let config = DFA::config().match_kind(MatchKind::All);
            DFA::builder()
                .syntax(self.syntax.config())
                .configure(config)
                .build_many(&self.expressions)
                .ok()
                .map(Box::new)
        });
        dfa.as_ref().is_none_or(|dfa| walk(dfa, start).unwrap_or(true))
    }
}

fn build(expressions: &[String], syntax: Syntax) -> Result<Regex, String> {
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
    let built = Regex::builder().syntax(syntax.config()).configure(config).build_many(expressions);
    built.map_err(|error| match error.syntax_error() {
        Some(error) => error.to_string(),
        None => error.to_string(),
    })
}

/// Whether anything can still match behind `start`. `None`: not known.
fn walk(dfa: &DFA, start: &str) -> Option<bool> {
    let mut cache = dfa.create_cache();
    let mut state = dfa.start_state_forward(&mut cache, &Input::new(start).anchored(Anchored::Yes)).ok()?;
    for byte in start.bytes() {
        state = dfa.next_state(&mut cache, state, byte).ok()?;
        if state.is_dead() {
            return Some(false);
        }
        if state.is_quit() {
            return None;
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::Set;
    use crate::glob::{Star, Symbol, symbols, text_expression, translate};
    use crate::path::{Base, expression};

    fn later(glob: &[Symbol], expression: String, fold: bool) {
        let Some(set) = Set::later(&[glob], &[expression], fold, false) else { return };
        assert!(set.regex().is_some(), "{:?}", set.expressions);
    }

    proptest::proptest! {
        #[test]
        fn what_is_built_later_can_be_built(text in "[-a-zA-Z0-9/*?{},.~\\\\ é日$^()+|#&]{1,60}", fold: bool) {
            let glob: Vec<Symbol> = symbols(&text, false).collect();
            let base = Base { workspace: "/work".into(), workspace_known: true, home: Some("/home/ana".into()) };
            if let Ok(text) = text_expression(&glob) {
                later(&glob, text, fold);
            }
            if let Ok(path) = expression(&glob, &base, fold) {
                later(&glob, path, fold);
            }
        }
    }

    #[test]
    fn the_largest_that_are_built_later_can_be_built() {
        for piece in ["?", "é", "日?", "*?", "{a,?}", "aZ", "/?*"] {
            for star in [Star::Everything, Star::Segment] {
                let mut glob: Vec<Symbol> = Vec::new();
                let mut written = String::new();
                while written.len() < super::LATER_BYTES_MAX - 64 {
                    let piece: Vec<Symbol> = symbols(piece, false).collect();
                    translate(&piece, star, &mut written).unwrap();
                    glob.extend(piece);
                }
                later(&glob, written, true);
            }
        }
    }
}
