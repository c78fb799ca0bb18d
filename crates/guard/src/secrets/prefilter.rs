//! Is there anything in this text worth a look? Two vectorised questions, a quarter of a nanosecond per byte.
//!
//! Everything that [`super::literal`] knows has one of three marks: a run of sixteen or more letters, digits, `_` and `-`
//! (all tokens with a prefix), one of a few fragments of keywords, or an `@` (passwords in URLs). A test holds the tables to it.

use std::ops::{ControlFlow, Range};

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;

use super::url::USER_INFORMATION_BYTES_MAX;
use crate::runs::runs;

/// How far before a mark its literal may start, in bytes; `hooks.slack.com/services/T…/B…/` is the longest way.
pub(super) const LEAD_BYTES: usize = 80;

#[derive(Debug)]
pub(super) struct Prefilter {
    fragments: Fragments,
    /// `://`
    scheme: Finder<'static>,
    /// No fragment by itself; as a key it is a name whatever stands behind it.
    name: Finder<'static>,
}

#[derive(Debug)]
enum Fragments {
    /// SIMD, where the processor has it.
    Packed(Box<packed::Searcher>),
    Automaton(Box<AhoCorasick>),
}

impl Fragments {
    fn new(texts: &[&str]) -> Fragments {
        let mut config = packed::Config::new();
        config.match_kind(packed::MatchKind::LeftmostFirst).heuristic_pattern_limits(false);
        if let Some(searcher) = config.builder().extend(texts).build() {
            return Fragments::Packed(Box::new(searcher));
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of a few"
        )]
        let automaton = automaton.expect("a small constant table");
        Fragments::Automaton(Box::new(automaton))
    }
}

impl Prefilter {
    pub(super) fn new() -> Prefilter {
        Prefilter {
            fragments: Fragments::new(FRAGMENTS),
            scheme: Finder::new(b"://"),
            name: Finder::new(NAME),
        }
    }

    /// True if a fragment stands in the text, or what is a name only at the end of a key. Ends where it finds one.
    pub(super) fn has_fragment(&self, bytes: &[u8]) -> bool {
        let mut room = [0; PIECE_BYTES];
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let piece = rest.get(..PIECE_BYTES).unwrap_or(rest);
            room.iter_mut().zip(piece).for_each(|(place, byte)| *place = byte.to_ascii_lowercase());
            let lower = room.get(..piece.len()).unwrap_or_default();
            let fragment = match &self.fragments {
                Fragments::Packed(searcher) => searcher.find(lower).is_some(),
                Fragments::Automaton(automaton) => automaton.is_match(lower),
            };
            if fragment || self.name.find(lower).is_some() {
                return true;
            }
            if piece.len() == rest.len() {
                return false;
            }
            at += PIECE_BYTES - FRAGMENT_BYTES_MAX;
        }
    }

    /// True if a user and a password may stand before a host.
    pub(super) fn has_user(&self, bytes: &[u8]) -> bool {
        self.scheme.find_iter(bytes).any(|at| has_user(bytes, at))
    }

    /// Where a text in lower case holds what is a name only at the end of a key.
    pub(super) fn names(&self, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.name.find_iter(bytes).map(|at| at..at + 3)
    }

    /// Calls `look` with every stretch of a text in lower case that may hold a literal, in no order, until it breaks. True if it did.
    pub(super) fn any(&self, bytes: &[u8], mut look: impl FnMut(Range<usize>) -> ControlFlow<()>) -> bool {
        let near = |at: usize, end: usize| at.saturating_sub(LEAD_BYTES)..(end + LEAD_BYTES).min(bytes.len());
        let mut fragment = |start, end| look(near(start, end)).is_break();
        let fragments = match &self.fragments {
            Fragments::Packed(searcher) => {
                searcher.find_iter(bytes).any(|found| fragment(found.start(), found.end()))
            }
            Fragments::Automaton(found) => {
                found.find_iter(bytes).any(|found| fragment(found.start(), found.end()))
            }
        };
        fragments
            || self.scheme.find_iter(bytes).any(|at| has_user(bytes, at) && look(near(at, at + 3)).is_break())
            || runs::<false>(bytes, |run| look(run.start.saturating_sub(LEAD_BYTES)..run.end)).is_break()
    }

    /// The stretches of a text in lower case that may hold a literal, in order; what overlaps is one.
    pub(super) fn stretches(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.any(bytes, |stretch| {
            found.push(stretch);
            ControlFlow::Continue(())
        });
        found.sort_unstable_by_key(|stretch| stretch.start);
        found.dedup_by(|next, open| {
            let joins = next.start <= open.end;
            open.end = if joins { open.end.max(next.end) } else { open.end };
            joins
        });
        found
    }
}

/// So much of a text is looked through at once, on the stack: most texts are one piece.
const PIECE_BYTES: usize = 2 << 10;
/// No fragment is longer.
const FRAGMENT_BYTES_MAX: usize = 16;

/// No fragment by itself; as a key it is a name whatever stands behind it.
const NAME: &str = "pwd";

/// True if an `@` follows the `://` at `at` closely enough for a user and a password between.
fn has_user(bytes: &[u8], at: usize) -> bool {
    let behind = bytes.get(at..).unwrap_or_default();
    memchr::memchr(b'@', behind.get(..behind.len().min(USER_INFORMATION_BYTES_MAX)).unwrap_or_default())
        .is_some()
}

/// More than 32, so that the vector search uses twice the buckets and has fewer false starts.
/// At least four bytes each, of which one is rare, so that few places match by chance; lower case.
pub(super) const FRAGMENTS: &[&str] = &[
    "assw",
    "assp",
    "asscode",
    "pwd\"",
    "pwd=",
    "pwd:",
    "pwd ",
    "pwd'",
    "pwd\\",
    "pwd_",
    "pwd-",
    "pwd]",
    "pwd)",
    "pwd>",
    "pwd,",
    "ecret",
    "token",
    "redential",
    "uthoriz",
    "cookie",
    "bearer",
    "basic ",
    "---begin",
    "_key",
    "-key",
    "ikey",
    "i key",
    "skey",
    "tkey",
    "ekey",
    "gkey",
    "nkey",
    "hkey",
    "&sig",
    "discord",
];

#[cfg(test)]
mod tests {
    use super::super::assignment::KEYWORDS;
    use super::super::token::RULES;
    use super::*;
    use crate::runs::{RUN_BYTES_MIN, is_of};

    #[test]
    fn every_keyword_holds_a_fragment() {
        for spelling in KEYWORDS.iter().flat_map(|keyword| keyword.spellings) {
            let followed = format!("{spelling}=");
            assert!(FRAGMENTS.iter().any(|fragment| followed.contains(fragment)), "{spelling}");
        }
    }

    #[test]
    fn a_fragment_is_found_wherever_a_text_is_cut() {
        let prefilter = Prefilter::new();
        for fragment in FRAGMENTS.iter().chain(&[NAME]) {
            assert!(fragment.len() <= FRAGMENT_BYTES_MAX, "{fragment}");
            for lead in (0..20).chain(PIECE_BYTES - 40..PIECE_BYTES + 10) {
                let text = format!("{}{}{}", ".".repeat(lead), fragment.to_uppercase(), ".".repeat(5_000));
                assert!(prefilter.has_fragment(text.as_bytes()), "{fragment} at {lead}");
            }
        }
        assert!(!prefilter.has_fragment("The key of the door. ".repeat(1_000).as_bytes()));
    }

    #[test]
    fn every_prefixed_token_is_a_run() {
        for rule in RULES {
            for prefix in rule.prefixes {
                let tail = prefix.bytes().rev().take_while(|byte| is_of::<false>(*byte)).count();
                assert!(tail + rule.body_min >= RUN_BYTES_MIN, "{prefix}");
            }
        }
    }
}
