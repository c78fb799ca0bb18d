//! A cheap look before the real one: could the rules reach the threshold in this text at all?
//!
//! Normalising printable ASCII text only folds its letters and joins its white space. So one pass over the text itself that
//! collects which concepts have a phrase in it bounds the sum of the weights from above, and most texts need nothing more.
//! Concepts whose words stand in every text are taken for granted instead.

use super::concept::Phrase;
use super::phrases::Concept;
use super::rule::{self, THRESHOLD};

#[derive(Debug)]
pub(super) struct Screen {
    /// By state and class of byte, the next state; [`HIT`] marks one in which something ends. White space and case are folded
    /// into the classes.
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
        let classes = classes(&words);
        let (table, ends) = automaton(&words, &classes);
        Screen { table, classes, ends, anchors }
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
                seen |= self.block::<{ SHORT + OVERLAP }>(&text.padded, at);
                at += LANES * SHORT;
            } else {
                seen |= self.block::<{ LONG + OVERLAP }>(&text.padded, at);
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

    /// What stands in the [`LANES`] parts of the text from `start` on, each of which is walked `SPAN` bytes far.
    fn block<const SPAN: usize>(&self, bytes: &[u8], start: usize) -> u64 {
        let part = SPAN - OVERLAP;
        let lane = |lane: usize| {
            let bytes = bytes.get(start + lane * part..).and_then(<[u8]>::first_chunk::<SPAN>);
            bytes.unwrap_or(&[0; SPAN])
        };
        let lanes: [&[u8; SPAN]; LANES] = std::array::from_fn(lane);
        let mut states = [0_u16; LANES];
        let mut seen = 0;
        for at in 0..SPAN {
            let mut met = 0;
            for (bytes, state) in lanes.iter().zip(&mut states) {
                // INVARIANT: `at` is below SPAN.
                *state = self.step(*state, bytes.get(at).copied().unwrap_or(0));
                met |= *state;
            }
            if met & HIT != 0 {
                for (lane, state) in states.iter().enumerate().filter(|(_, state)| **state & HIT != 0) {
                    seen |= self.meant(*state, bytes, start + lane * part + at);
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

/// The automaton of Aho and Corasick over classes: its table, and what ends in each state. A table of its own is made in a
/// tenth of the time that a general one takes to be made and translated, and every run begins with it.
fn automaton(words: &[&str], classes: &[u8; 256]) -> (Vec<u16>, Vec<Vec<u16>>) {
    let mut table = vec![0_u16; CLASSES];
    let mut ends: Vec<Vec<u16>> = vec![Vec::new()];
    let class = |byte: u8| usize::from(classes.get(usize::from(byte)).copied().unwrap_or(0));
    // A tree of the words, level by level: the states that every text visits lie together.
    let mut reached = vec![0_u16; words.len()];
    for depth in 0..PREFIX_BYTES {
        for (number, (word, at)) in words.iter().zip(&mut reached).enumerate() {
            let Some(byte) = word.as_bytes().get(depth) else { continue };
            let fresh = u16::try_from(ends.len()).unwrap_or(HIT);
            let Some(next) = table.get_mut(usize::from(*at) * CLASSES + class(*byte)) else { continue };
            if *next == 0 {
                *next = fresh;
                table.resize(table.len() + CLASSES, 0);
                ends.push(Vec::new());
            }
            *at = table.get(usize::from(*at) * CLASSES + class(*byte)).copied().unwrap_or(0);
            if depth + 1 == word.len()
                && let Some(ends) = ends.get_mut(usize::from(*at))
            {
                ends.extend(u16::try_from(number));
            }
        }
    }
    debug_assert!(ends.len() < usize::from(HIT), "the numbers of the states reach into the mark");
    table.shrink_to_fit();
    complete(&mut table, &mut ends);
    (table, ends)
}

/// Gives every state its way for every class: where the tree has none, that of the longest end of it which is a start too.
fn complete(table: &mut [u16], ends: &mut [Vec<u16>]) {
    let mut shorter = vec![0_u16; ends.len()];
    // States are numbered by their depth, so that what is shorter is complete already.
    for state in 0..ends.len() {
        let fall = shorter.get(state).copied().unwrap_or(0);
        for class in 0..CLASSES {
            // The start itself falls nowhere.
            let instead = match state {
                0 => 0,
                _ => table.get(usize::from(fall) * CLASSES + class).copied().unwrap_or(0),
            };
            let Some(next) = table.get_mut(state * CLASSES + class) else { continue };
            if *next == 0 {
                *next = instead;
            } else if let Some(fall) = shorter.get_mut(usize::from(*next)) {
                *fall = instead;
            }
        }
        let inherited =
            if state == 0 { Vec::new() } else { ends.get(usize::from(fall)).cloned().unwrap_or_default() };
        if let Some(own) = ends.get_mut(state) {
            own.extend(inherited);
        }
    }
    for next in table {
        if ends.get(usize::from(*next)).is_some_and(|ends| !ends.is_empty()) {
            *next |= HIT;
        }
    }
}

/// The class of each byte: letters of either case are one, white space is one, and so is all that stands in no word.
fn classes(words: &[&str]) -> [u8; 256] {
    let mut used = [false; 256];
    for byte in words.iter().flat_map(|word| word.bytes()) {
        if let Some(used) = used.get_mut(usize::from(byte)) {
            *used = true;
        }
    }
    // Class 0 is every byte that no word has.
    let mut count = 1_u8;
    let mut classes = [0; 256];
    for byte in (0..=255_u8).filter(|byte| used.get(usize::from(*byte)) == Some(&true)) {
        let same = |other: u8| other.to_ascii_lowercase() == byte || (byte == b' ' && is_space(other));
        for (other, place) in (0..=255_u8).zip(&mut classes) {
            if same(other) {
                *place = count;
            }
        }
        count += 1;
    }
    debug_assert!(usize::from(count) <= CLASSES, "more classes than a row has");
    classes
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
    fn every_word_ends_where_it_stands() {
        let words = ["he", "she", "his", "hers", "is", "a b", "e h", "shehishe"];
        let classes = super::classes(&words);
        let (table, ends) = super::automaton(&words, &classes);
        for text in ["ushers", "SHE his a\tb", "shehishershe h", "xx", "hhehhersshis"] {
            let folded = text.to_ascii_lowercase().replace('\t', " ");
            let mut state = 0;
            for at in 0..text.len() {
                let class = classes[usize::from(text.as_bytes()[at])];
                state = table[usize::from(state & !super::HIT) * super::CLASSES + usize::from(class)];
                let mut found = ends[usize::from(state & !super::HIT)].clone();
                found.sort_unstable();
                let expected = (0..words.len())
                    .filter(|word| folded.as_bytes()[..=at].ends_with(words[*word].as_bytes()));
                let expected: Vec<u16> = expected.map(|word| u16::try_from(word).unwrap()).collect();
                assert_eq!(found, expected, "{text} at {at}");
                assert_eq!(state & super::HIT != 0, !expected.is_empty(), "{text} at {at}");
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
