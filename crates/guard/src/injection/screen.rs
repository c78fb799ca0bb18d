//! A cheap look before the real one: could the rules reach the threshold in this text at all?
//!
//! Every phrase has an anchor, its longest word. In printable ASCII text, which normalising only folds and whose white space
//! it only joins, a phrase cannot stand without its anchor. So one pass that collects which concepts have an anchor
//! somewhere bounds the sum of the weights from above, and most texts need nothing more. Concepts whose words stand in
//! every text are taken for granted instead.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

use super::phrases::Concept;
use super::rule::{self, THRESHOLD};

#[derive(Debug)]
pub(super) struct Screen {
    automaton: DFA,
    start: StateID,
    /// By anchor, the concepts that it may stand for.
    concepts: Vec<u64>,
    anchor_bytes_max: usize,
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

/// Walks in step through so many parts of a text: a table look-up waits for the one before it, but not for its neighbours.
const LANES: usize = 4;
/// A shorter text is walked in one lane.
const LANES_FROM_BYTES: usize = 256;

impl Screen {
    /// The screen of these phrases, normalised, with their concepts.
    pub(super) fn new<'a>(phrases: impl Iterator<Item = (Concept, &'a str)>) -> Screen {
        let mut anchors: Vec<&str> = Vec::new();
        let mut concepts: Vec<u64> = Vec::new();
        // What is not ASCII does not stand in ASCII text.
        for (concept, phrase) in
            phrases.filter(|(concept, phrase)| phrase.is_ascii() && !COMMON.contains(concept))
        {
            let anchor = phrase.split(' ').max_by_key(|word| word.len()).unwrap_or(phrase);
            let known = anchors.iter().position(|known| *known == anchor);
            match known.and_then(|index| concepts.get_mut(index)) {
                Some(concepts) => *concepts |= bit(concept),
                None => {
                    anchors.push(anchor);
                    concepts.push(bit(concept));
                }
            }
        }
        let built =
            DFA::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(&anchors);
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
        let anchor_bytes_max = anchors.iter().map(|anchor| anchor.len()).max().unwrap_or(0);
        Screen { automaton, start, concepts, anchor_bytes_max }
    }

    /// False only if no finding is possible. Texts that it does not understand may hold one.
    pub(super) fn may_match(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        if !is_plain(bytes) {
            return true;
        }
        let seen = if bytes.len() < LANES_FROM_BYTES { self.one_lane(bytes) } else { self.lanes(bytes) };
        let granted = COMMON.iter().fold(0, |granted, concept| granted | bit(*concept));
        rule::weight_possible(seen | granted) >= THRESHOLD
    }

    fn one_lane(&self, bytes: &[u8]) -> u64 {
        let mut state = self.start;
        let mut seen = 0;
        for byte in bytes {
            state = self.automaton.next_state(Anchored::No, state, *byte);
            seen |= self.found(state);
        }
        seen
    }

    /// The text in equal parts, each read a little into the next, so that no anchor is cut.
    fn lanes(&self, bytes: &[u8]) -> u64 {
        let part = bytes.len() / LANES;
        let mut lanes = [&[][..]; LANES];
        for (index, lane) in lanes.iter_mut().enumerate() {
            *lane = bytes.get(index * part..).unwrap_or_default();
        }
        let [a, b, c, d] = lanes;
        let (mut one, mut two, mut three, mut four) = (self.start, self.start, self.start, self.start);
        let mut seen = 0;
        let length = part + self.anchor_bytes_max;
        let step = |state, byte: u8| self.automaton.next_state(Anchored::No, state, byte);
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d).take(length) {
            one = step(one, *a);
            two = step(two, *b);
            three = step(three, *c);
            four = step(four, *d);
            seen |= self.found(one) | self.found(two) | self.found(three) | self.found(four);
        }
        // The last part ends first, when the others still have their overlap to read.
        let walked = d.len().min(length);
        for (mut state, lane) in [(one, a), (two, b), (three, c)] {
            for byte in lane.get(walked..length.min(lane.len())).unwrap_or_default() {
                state = step(state, *byte);
                seen |= self.found(state);
            }
        }
        for byte in d.get(walked..).unwrap_or_default() {
            four = step(four, *byte);
            seen |= self.found(four);
        }
        seen
    }

    fn found(&self, state: StateID) -> u64 {
        if !self.automaton.is_special(state) || !self.automaton.is_match(state) {
            return 0;
        }
        let anchors =
            (0..self.automaton.match_len(state)).map(|index| self.automaton.match_pattern(state, index));
        anchors
            .fold(0, |seen, anchor| seen | self.concepts.get(anchor.as_usize()).copied().unwrap_or(u64::MAX))
    }
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
}
