//! The pre-filter: the literals that every secret has one of, and what to check where one stands.

use std::ops::Range;

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, Input, MatchKind, Span};

use super::assignment::{KEYWORDS, Keyword};
use super::token::{RULES, TokenRule};

/// What a literal announces.
#[derive(Debug, Clone, Copy)]
pub(super) enum Literal {
    Token(&'static TokenRule),
    Keyword(&'static Keyword),
    /// `Bearer` or `Basic` in front of credentials.
    Credentials,
    PrivateKey,
    Telegram,
    Url,
}

/// A literal and where it stands.
#[derive(Debug)]
pub(super) struct Place {
    pub span: Range<usize>,
    pub literal: Literal,
}

#[derive(Debug)]
pub(super) struct Literals {
    searcher: Searcher,
    meanings: Vec<Literal>,
}

#[derive(Debug)]
enum Searcher {
    /// SIMD; where the processor has it.
    Packed(Box<packed::Searcher>),
    Automaton(Box<AhoCorasick>),
}

impl Literals {
    pub(super) fn new() -> Literals {
        let mut texts: Vec<String> = Vec::new();
        let mut meanings = Vec::new();
        let mut add = |text: &str, meaning| {
            texts.push(text.to_ascii_lowercase());
            meanings.push(meaning);
        };
        for rule in RULES {
            rule.prefixes.iter().for_each(|prefix| add(prefix, Literal::Token(rule)));
        }
        for keyword in KEYWORDS {
            keyword.spellings.iter().for_each(|spelling| add(spelling, Literal::Keyword(keyword)));
        }
        add("bearer", Literal::Credentials);
        add("basic ", Literal::Credentials);
        add("-----begin", Literal::PrivateKey);
        add(":aa", Literal::Telegram);
        add("://", Literal::Url);
        Literals { searcher: Searcher::new(&texts), meanings }
    }

    /// The first place at or behind `at` in text that is lower-cased already.
    pub(super) fn next(&self, lower: &str, at: usize) -> Option<Place> {
        let (pattern, span) = self.searcher.find(lower, at)?;
        Some(Place { span, literal: *self.meanings.get(pattern)? })
    }
}

impl Searcher {
    fn new(texts: &[String]) -> Searcher {
        let mut config = packed::Config::new();
        config.match_kind(packed::MatchKind::LeftmostLongest).heuristic_pattern_limits(false);
        if let Some(searcher) = config.builder().extend(texts).build() {
            return Searcher::Packed(Box::new(searcher));
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of a few hundred"
        )]
        Searcher::Automaton(Box::new(automaton.expect("a small constant table")))
    }

    fn find(&self, lower: &str, at: usize) -> Option<(usize, Range<usize>)> {
        let end = lower.len();
        if at >= end {
            return None;
        }
        let found = match self {
            Searcher::Packed(searcher) => searcher.find_in(lower, Span { start: at, end })?,
            Searcher::Automaton(automaton) => automaton.find(Input::new(lower).span(at..end))?,
        };
        Some((found.pattern().as_usize(), found.start()..found.end()))
    }
}
