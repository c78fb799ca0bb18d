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
    /// By state and class of byte, the next state; [`HIT`] marks one in which something ends. Our own copy of the
    /// automaton's table: half as large, and white space and case are folded into the classes.
    table: Vec<u16>,
    classes: [u8; 256],
    /// By state, the anchors that end in it.
    ends: Vec<Vec<u16>>,
    anchors: Vec<Anchor>,
}

/// Set in a table entry whose state ends an anchor.
const HIT: u16 = 1 << 15;
/// Classes of bytes, at most; a power of two, so that a row starts at a shift.
const CLASSES: usize = 64;

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
const LANES: usize = 8;
/// The parts of a long text and of a short one, in bytes; what is no longer than that is walked in one lane.
const LONG: usize = 128;
const SHORT: usize = 32;
/// So much is walked in short parts.
const MIDDLE: usize = LANES * LONG / 2;
/// Each part is read so far into the next that no anchor is cut.
const OVERLAP: usize = PREFIX_BYTES - 1;
const ZEROS: usize = LANES * LONG + OVERLAP;

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
        let built = DFA::builder().match_kind(MatchKind::Standard).build(&words);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of some thousand"
        )]
        let automaton = built.expect("a small constant table");
        let (classes, bytes) = classes(&words);
        let mut screen = Screen { table: Vec::new(), classes, ends: Vec::new(), anchors };
        screen.copy(&automaton, &bytes);
        screen
    }

    /// Numbers the states in the order in which they are reached, and copies their rows.
    fn copy(&mut self, automaton: &DFA, bytes: &[u8]) {
        let Ok(start) = automaton.start_state(Anchored::No) else { return };
        // By the automaton's own number of a state, ours; a table, since it is asked for every entry of every row.
        let mut numbers: Vec<u16> = Vec::new();
        let mut number_of = |state: StateID, fresh: u16| {
            if numbers.len() <= state.as_usize() {
                numbers.resize(state.as_usize() + 1, HIT);
            }
            let Some(number) = numbers.get_mut(state.as_usize()) else { return (HIT, false) };
            let is_new = *number == HIT;
            if is_new {
                *number = fresh;
            }
            (*number, is_new)
        };
        number_of(start, 0);
        let mut states = vec![start];
        let mut index = 0;
        while let Some(state) = states.get(index).copied() {
            index += 1;
            let ends = |state| -> Vec<u16> {
                let count = if automaton.is_match(state) { automaton.match_len(state) } else { 0 };
                let pattern = |at| automaton.match_pattern(state, at).as_usize();
                (0..count).filter_map(|at| u16::try_from(pattern(at)).ok()).collect()
            };
            self.ends.push(ends(state));
            let mut row = [0; CLASSES];
            for (entry, byte) in row.iter_mut().zip(bytes) {
                let next = automaton.next_state(Anchored::No, state, *byte);
                let fresh = u16::try_from(states.len()).unwrap_or(HIT);
                let (number, is_new) = number_of(next, fresh);
                if is_new {
                    states.push(next);
                }
                *entry = if automaton.is_match(next) { number | HIT } else { number };
            }
            self.table.extend_from_slice(&row);
        }
        debug_assert!(states.len() < usize::from(HIT), "the numbers of the states reach into the mark");
    }

    /// False only if no finding is possible. Texts that it does not understand may hold one.
    pub(super) fn may_match(&self, text: &str) -> bool {
        !is_plain(text.as_bytes()) || self.may_match_folded(&Folded::new(text))
    }

    /// The same of a plain text that is folded already.
    pub(super) fn may_match_folded(&self, text: &Folded) -> bool {
        let seen = self.lanes(text);
        if seen == 0 {
            return false;
        }
        let granted = COMMON.iter().fold(0, |granted, concept| granted | bit(*concept));
        rule::weight_possible(seen | granted) >= THRESHOLD
    }

    #[inline]
    fn step(&self, state: u16, byte: u8) -> u16 {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let row = usize::from(state & !HIT) * CLASSES;
        self.table.get(row | usize::from(class)).copied().unwrap_or(0)
    }

    /// The concepts that have a phrase in the text.
    fn lanes(&self, text: &Folded) -> u64 {
        let (mut at, mut seen) = (0, 0);
        loop {
            // What is longer than one part is worth the zeros behind it.
            let left = text.length.saturating_sub(at);
            if left <= SHORT {
                return seen | self.one_lane(text.bytes(), at);
            }
            if left <= MIDDLE {
                seen |= self.block::<SHORT>(&text.padded, at);
                at += LANES * SHORT;
            } else {
                seen |= self.block::<LONG>(&text.padded, at);
                at += LANES * LONG;
            }
        }
    }

    /// What stands in `bytes` from `start` on.
    fn one_lane(&self, bytes: &[u8], start: usize) -> u64 {
        let (mut state, mut seen) = (0, 0);
        for (at, byte) in bytes.get(start..).unwrap_or_default().iter().enumerate() {
            state = self.step(state, *byte);
            if state & HIT != 0 {
                seen |= self.meant(state, bytes, start + at);
            }
        }
        seen
    }

    /// What stands in the [`LANES`] parts of `PART` bytes from `start` on.
    fn block<const PART: usize>(&self, bytes: &[u8], start: usize) -> u64 {
        let block = bytes.get(start..start + LANES * PART + OVERLAP).unwrap_or_default();
        let mut states = [0_u16; LANES];
        let mut seen = 0;
        for at in 0..PART + OVERLAP {
            let mut met = 0;
            for (lane, state) in states.iter_mut().enumerate() {
                *state = self.step(*state, block.get(at + lane * PART).copied().unwrap_or(0));
                met |= *state;
            }
            if met & HIT != 0 {
                for (lane, state) in states.iter().enumerate().filter(|(_, state)| **state & HIT != 0) {
                    seen |= self.meant(*state, bytes, start + lane * PART + at);
                }
            }
        }
        seen
    }

    /// The concepts of the anchors that end at `at`.
    #[inline(never)]
    fn meant(&self, state: u16, bytes: &[u8], at: usize) -> u64 {
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        let mut seen = 0;
        let ends = self.ends.get(usize::from(state & !HIT));
        for end in ends.into_iter().flatten() {
            let Some(anchor) = self.anchors.get(usize::from(*end)) else { return u64::MAX };
            let first = (at + 1).saturating_sub(anchor.length);
            let cut = |bounded: bool, inner: usize, outer: Option<usize>| {
                bounded && letter(inner) && outer.is_some_and(letter)
            };
            let before = cut(anchor.bounded.0, first, first.checked_sub(1));
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

/// The class of each byte, and a byte of each class: letters of either case are one, white space is one, and so is all
/// that stands in no word.
fn classes(words: &[&str]) -> ([u8; 256], Vec<u8>) {
    let mut used = [false; 256];
    for byte in words.iter().flat_map(|word| word.bytes()) {
        if let Some(used) = used.get_mut(usize::from(byte)) {
            *used = true;
        }
    }
    // Class 0 is every byte that no word has; 0x7F is none, since what is screened is printable.
    let mut bytes = vec![0x7f];
    let mut classes = [0; 256];
    for byte in (0..=255_u8).filter(|byte| used.get(usize::from(*byte)) == Some(&true)) {
        let class = u8::try_from(bytes.len()).unwrap_or(0);
        bytes.push(byte);
        let same = |other: u8| other.to_ascii_lowercase() == byte || (byte == b' ' && is_space(other));
        for (other, place) in (0..=255_u8).zip(&mut classes) {
            if same(other) {
                *place = class;
            }
        }
    }
    debug_assert!(bytes.len() <= CLASSES, "more classes than a row has");
    (classes, bytes)
}

/// A plain text in lower case, every stretch of white space one blank, with zeros behind it to walk into.
#[derive(Debug)]
pub(crate) struct Folded {
    padded: Vec<u8>,
    length: usize,
}

impl Folded {
    /// `text` is plain: see [`is_plain`].
    pub(crate) fn new(text: &str) -> Folded {
        let bytes = text.as_bytes();
        let fold = |byte: &u8| if *byte < b' ' { b' ' } else { byte.to_ascii_lowercase() };
        let mut padded = Vec::with_capacity(bytes.len() + ZEROS);
        padded.extend(bytes.iter().map(fold));
        // Asked in wide steps before it is done.
        let pairs = padded.iter().zip(padded.get(1..).unwrap_or_default());
        if pairs.fold(false, |found, (one, two)| found | ((*one == b' ') & (*two == b' '))) {
            padded.dedup_by(|next, before| *next == b' ' && *before == b' ');
        }
        let length = padded.len();
        padded.resize(length + ZEROS, 0);
        Folded { padded, length }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.padded.get(..self.length).unwrap_or_default()
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
    use super::super::phrases::{ENGLISH, MANNERS};
    use super::Folded;
    use crate::guard::Guard;

    #[test]
    fn the_lanes_see_what_one_lane_sees() {
        let injection = Injection::new();
        let screen = &injection.screen;
        for (_, phrases) in ENGLISH.iter().chain(MANNERS) {
            for phrase in *phrases {
                let phrase = phrase.trim_matches(['*', '^']);
                for at in (0..1_500).step_by(37) {
                    let text = format!(
                        "{}{}  {}",
                        "x ".repeat(at / 2),
                        phrase.to_uppercase(),
                        "y\n".repeat((1_500 - at) / 2)
                    );
                    let folded = Folded::new(&text);
                    assert_eq!(screen.lanes(&folded), screen.one_lane(folded.bytes(), 0), "{phrase} at {at}");
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
        let words: Vec<&str> =
            ENGLISH.iter().chain(MANNERS).flat_map(|(_, phrases)| *phrases).copied().collect();
        // A walk over all pairs of phrases, with ordinary text between them.
        for (index, first) in words.iter().enumerate() {
            for second in words.iter().skip(index % 7).step_by(7) {
                let text = format!(
                    "Well, {} my  {} and so on",
                    first.trim_matches(['*', '^']),
                    second.trim_matches(['*', '^'])
                );
                let mut found = false;
                let _ = injection.plain(&text, &mut |finding| found |= finding.guard == Guard::Injection);
                assert!(!found || injection.screen.may_match(&text), "{text}");
            }
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

        #[test]
        fn no_mixture_of_phrases_and_words_is_passed_over(parts in proptest::collection::vec((0..10_000_usize, 0..12_usize), 1..14)) {
            static INJECTION: std::sync::LazyLock<Injection> = std::sync::LazyLock::new(Injection::new);
            let phrases: Vec<&str> = ENGLISH.iter().chain(MANNERS).flat_map(|(_, phrases)| *phrases).copied().collect();
            let words = ["and", "the  ", "x", "\n", "so-", "\t", "THE user", ". ", "2", "_", "\"", "your"];
            let phrase = |index: usize| phrases.get(index % phrases.len()).copied().unwrap_or_default();
            let text: String = parts.iter().map(|(at, word)| format!("{} {} ", phrase(*at).trim_matches(['*', '^']), words[*word])).collect();
            let mut found = false;
            INJECTION.plain(&text, &mut |_| found = true);
            proptest::prop_assert!(!found || INJECTION.screen.may_match(&text), "{text}");
        }
    }
}
