//! A cheap look before the real one: could the rules reach the threshold in this text at all?
//!
//! Normalising printable ASCII text only folds its letters and joins its white space. So one pass over the text itself that
//! collects which concepts have a phrase in it bounds the sum of the weights from above, and most texts need nothing more.
//! Concepts whose words stand in every text are taken for granted instead.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

use super::concept::Phrase;
use super::phrases::Concept;
use super::rule::{self, THRESHOLD};

#[derive(Debug)]
pub(super) struct Screen {
    automaton: DFA,
    start: StateID,
    anchors: Vec<Anchor>,
    anchor_bytes_max: usize,
}

/// The start of a phrase.
#[derive(Debug)]
struct Anchor {
    /// What it may mean.
    concepts: u64,
    length: usize,
    /// It stands as a whole word: no letter or digit before, and none behind.
    bounded: (bool, bool),
}

/// Concepts that nearly every text has a word of (`to`, `all`, `not`, `show`). Alone they satisfy no rule.
const COMMON: [Concept; 7] = [
    Concept::Action,
    Concept::Send,
    Concept::Urge,
    Concept::Tell,
    Concept::Prior,
    Concept::WeakObject,
    Concept::Negation,
];

/// So much of a phrase is looked for: enough to tell most of them apart, in a table that the cache holds.
const PREFIX_BYTES: usize = 9;
/// Walks in step through so many parts of a text: a table look-up waits for the one before it, but not for its neighbours.
const LANES: usize = 4;
/// A shorter text is walked in one lane.
const LANES_FROM_BYTES: usize = 256;

impl Screen {
    /// The screen of these phrases.
    pub(super) fn new<'a>(phrases: impl Iterator<Item = &'a Phrase>) -> Screen {
        let mut words: Vec<&str> = Vec::new();
        let mut anchors: Vec<Anchor> = Vec::new();
        // What is not ASCII does not stand in ASCII text.
        for phrase in phrases.filter(|phrase| phrase.text.is_ascii() && !COMMON.contains(&phrase.concept)) {
            let whole = phrase.text.trim();
            let word = whole.get(..PREFIX_BYTES).unwrap_or(whole);
            words.push(word);
            let bounded = (phrase.bounded_before, phrase.bounded_after && word.len() == whole.len());
            anchors.push(Anchor { concepts: bit(phrase.concept), length: word.len(), bounded });
        }
        let built = DFA::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(&words);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of some thousand"
        )]
        let automaton = built.expect("a small constant table");
        #[expect(
            clippy::expect_used,
            reason = "the automaton is built with unanchored starts, as is the default"
        )]
        let start = automaton.start_state(Anchored::No).expect("an unanchored start");
        let anchor_bytes_max = words.iter().map(|word| word.len()).max().unwrap_or(0);
        Screen { automaton, start, anchors, anchor_bytes_max }
    }

    /// False only if no finding is possible. Texts that it does not understand may hold one.
    pub(super) fn may_match(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        if !is_plain(bytes) {
            return true;
        }
        let seen = if bytes.len() < LANES_FROM_BYTES || has_wide_space(bytes) {
            self.one_lane(bytes)
        } else {
            self.lanes(bytes)
        };
        let granted = COMMON.iter().fold(0, |granted, concept| granted | bit(*concept));
        rule::weight_possible(seen | granted) >= THRESHOLD
    }

    /// White space is one blank, however much of it there is.
    fn one_lane(&self, bytes: &[u8]) -> u64 {
        let mut state = self.start;
        let mut seen = 0;
        let mut wide = false;
        let mut space = false;
        for (at, byte) in bytes.iter().enumerate() {
            let blank = is_space(*byte);
            wide |= blank && space;
            if blank && space {
                continue;
            }
            space = blank;
            state = self.automaton.next_state(Anchored::No, state, folded(*byte));
            // Behind wide white space the start of a phrase is not known: it counts as a whole word.
            seen |= self.found(state, bytes, at, wide);
        }
        seen
    }

    /// The text in equal parts, each read a little into the next, so that no anchor is cut.
    fn lanes(&self, bytes: &[u8]) -> u64 {
        let part = bytes.len() / LANES;
        let starts = [0, part, 2 * part, 3 * part];
        let [a, b, c, d] = starts.map(|start| bytes.get(start..).unwrap_or_default());
        let mut states = [self.start; LANES];
        let mut seen = 0;
        let length = part + self.anchor_bytes_max;
        let step = |state, byte: u8| self.automaton.next_state(Anchored::No, state, folded(byte));
        for (at, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).take(length).enumerate() {
            let [one, two, three, four] = states;
            states = [step(one, *a), step(two, *b), step(three, *c), step(four, *d)];
            for (state, start) in states.iter().zip(starts) {
                seen |= self.found(*state, bytes, start + at, false);
            }
        }
        // The last part ends first, when the others still have their overlap to read, or has some bytes more.
        let walked = d.len().min(length);
        for (state, start) in states.iter_mut().zip(starts) {
            let rest = bytes.get(start + walked..(start + length.max(d.len())).min(bytes.len()));
            for (at, byte) in rest.unwrap_or_default().iter().enumerate() {
                *state = step(*state, *byte);
                seen |= self.found(*state, bytes, start + walked + at, false);
            }
        }
        seen
    }

    /// The concepts of the anchors that end at `at`.
    #[inline]
    fn found(&self, state: StateID, bytes: &[u8], at: usize, wide: bool) -> u64 {
        if self.automaton.is_special(state) && self.automaton.is_match(state) {
            return self.meant(state, bytes, at, wide);
        }
        0
    }

    #[inline(never)]
    fn meant(&self, state: StateID, bytes: &[u8], at: usize, wide: bool) -> u64 {
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        let mut seen = 0;
        for index in 0..self.automaton.match_len(state) {
            let pattern = self.automaton.match_pattern(state, index).as_usize();
            let Some(anchor) = self.anchors.get(pattern) else { return u64::MAX };
            let first = (at + 1).saturating_sub(anchor.length);
            let cut = |bounded: bool, inner: usize, outer: Option<usize>| {
                bounded && letter(inner) && outer.is_some_and(letter)
            };
            let before = !wide && cut(anchor.bounded.0, first, first.checked_sub(1));
            if !before && !cut(anchor.bounded.1, at, Some(at + 1)) {
                seen |= anchor.concepts;
            }
        }
        seen
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The blank that all white space is read as.
fn folded(byte: u8) -> u8 {
    if is_space(byte) { b' ' } else { byte }
}

/// True if white space stands beside white space; asked in wide steps.
fn has_wide_space(bytes: &[u8]) -> bool {
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    pairs.fold(false, |found, (one, two)| found | (is_space(*one) & is_space(*two)))
}

/// Only printable ASCII and ordinary white space; asked sixty-four bytes at a time, which the compiler vectorises.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    bytes.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte)))
}

/// A concept's place in a set.
pub(super) fn bit(concept: Concept) -> u64 {
    1 << (concept as u32)
}

#[cfg(test)]
mod tests {
    use super::super::Injection;
    use super::super::phrases::ENGLISH;
    use crate::guard::Guard;

    #[test]
    fn the_lanes_see_what_one_lane_sees() {
        let injection = Injection::new();
        let screen = &injection.screen;
        for (_, phrases) in ENGLISH {
            for phrase in *phrases {
                let phrase = phrase.trim_matches(['*', '^']);
                for at in (0..700).step_by(37) {
                    let text = format!(
                        "{}{} {}",
                        "x ".repeat(at / 2),
                        phrase.to_uppercase(),
                        "y ".repeat((700 - at) / 2)
                    );
                    assert_eq!(
                        screen.lanes(text.as_bytes()),
                        screen.one_lane(text.as_bytes()),
                        "{phrase} at {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_taken_for_granted_satisfies_no_rule() {
        let granted = super::COMMON.iter().fold(0, |granted, concept| granted | super::bit(*concept));
        assert_eq!(super::rule::weight_possible(granted), 0);
    }

    #[test]
    fn what_the_screen_passes_over_has_no_finding() {
        let injection = Injection::new();
        let words: Vec<&str> = ENGLISH.iter().flat_map(|(_, phrases)| *phrases).copied().collect();
        // A walk over all pairs of phrases, with ordinary text between them.
        for (index, first) in words.iter().enumerate() {
            for second in words.iter().skip(index % 7).step_by(7) {
                let text = format!(
                    "Well, {} my  {} and so on",
                    first.trim_matches(['*', '^']),
                    second.trim_matches(['*', '^'])
                );
                let mut found = false;
                injection.part(&text, &mut |finding| found |= finding.guard == Guard::Injection);
                assert!(!found || injection.screen.may_match(&text), "{text}");
            }
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_mixture_of_phrases_and_words_is_passed_over(parts in proptest::collection::vec((0..10_000_usize, 0..12_usize), 1..14)) {
            static INJECTION: std::sync::LazyLock<Injection> = std::sync::LazyLock::new(Injection::new);
            let phrases: Vec<&str> = ENGLISH.iter().flat_map(|(_, phrases)| *phrases).copied().collect();
            let words = ["and", "the  ", "x", "\n", "so-", "\t", "THE user", ". ", "2", "_", "\"", "your"];
            let phrase = |index: usize| phrases.get(index % phrases.len()).copied().unwrap_or_default();
            let text: String = parts.iter().map(|(at, word)| format!("{} {} ", phrase(*at).trim_matches(['*', '^']), words[*word])).collect();
            let mut found = false;
            INJECTION.part(&text, &mut |_| found = true);
            proptest::prop_assert!(!found || INJECTION.screen.may_match(&text), "{text}");
        }
    }
}
