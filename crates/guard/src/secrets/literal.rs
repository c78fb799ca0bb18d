//! The literals that every secret has one of, and what to check where one stands.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

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
    automaton: AhoCorasick,
    meanings: Vec<Literal>,
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
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::DFA)).match_kind(MatchKind::LeftmostLongest);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of a few hundred"
        )]
        let automaton = builder.build(texts).expect("a small constant table");
        Literals { automaton, meanings }
    }

    /// The first place inside `range` of text that is lower-cased already.
    pub(super) fn next(&self, lower: &str, range: Range<usize>) -> Option<Place> {
        if range.is_empty() {
            return None;
        }
        let found = self.automaton.find(Input::new(lower).span(range))?;
        Some(Place {
            span: found.start()..found.end(),
            literal: *self.meanings.get(found.pattern().as_usize())?,
        })
    }
}
