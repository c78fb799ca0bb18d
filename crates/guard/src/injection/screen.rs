//! One look at a text: which concepts have a phrase in it, and where.
//!
//! Words that stand in every text are left to a second look, which is taken only where the others could come together to
//! something. So a text of every day costs one walk over it, and one that holds a few words of orders little more.

mod automaton;
mod folded;
mod foreign;
mod near;
mod starts;

use std::ops::Range;
use std::sync::OnceLock;

use self::automaton::{Automaton, HIT};
pub(super) use self::folded::Folded;
pub(crate) use self::folded::is_plain;
use self::foreign::Foreign;
pub(super) use self::near::Window;
use self::starts::Starts;
use super::concept::{self, Phrase};
use super::normalise::View;
use super::phrases::Concept;
use super::rule::{self, Hit, THRESHOLD};

#[derive(Debug)]
pub(super) struct Screen {
    rare: Automaton,
    starts: Starts,
    anchors: Vec<Anchor>,
    /// By the number of their anchor.
    phrases: Vec<Phrase>,
    /// The phrases of [`COMMON`] concepts. Built for the first text that needs them: most runs never see one.
    common: OnceLock<(Automaton, Vec<Phrase>)>,
    foreign: OnceLock<Foreign>,
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
pub(super) const COMMON: [Concept; 8] = [
    Concept::Action,
    Concept::Send,
    Concept::Urge,
    Concept::Hint,
    Concept::Tell,
    Concept::Prior,
    Concept::WeakObject,
    Concept::Negation,
];

/// Every common concept.
pub(super) fn granted() -> u64 {
    COMMON.iter().fold(0, |granted, concept| granted | bit(*concept))
}

/// So much of a phrase is looked for: enough to tell most of them apart, in a table that the cache holds.
const PREFIX_BYTES: usize = 9;
/// Walks in step through so many parts of a text: a table look-up waits for the one before it, but not for its neighbours.
const LANES: usize = 8;
/// The parts of a long text, in bytes; those of what is left of it are as short as can be.
const LONG: usize = 128;
/// What is no longer than this is walked in one lane.
const SHORT: usize = 32;
/// Each part is read so far into the next that no anchor is cut.
const OVERLAP: usize = PREFIX_BYTES - 1;

impl Screen {
    /// The screen of these phrases.
    pub(super) fn new(phrases: Vec<Phrase>) -> Screen {
        // What is not ASCII does not stand in ASCII text.
        let rare = |phrase: &Phrase| phrase.text.is_ascii() && !COMMON.contains(&phrase.concept);
        let phrases: Vec<Phrase> = phrases.into_iter().filter(rare).collect();
        let words: Vec<&str> = phrases.iter().map(prefix).collect();
        let anchors = phrases.iter().zip(&words).map(|(phrase, word)| Anchor {
            concepts: bit(phrase.concept),
            length: word.len(),
            bounded: (phrase.bounded_before, phrase.bounded_after && word.len() == phrase.text.len()),
        });
        let anchors: Vec<Anchor> = anchors.collect();
        let rare = Automaton::new(&words);
        let starts = Starts::new(words.iter().copied().zip(&anchors));
        Screen { rare, starts, anchors, phrases, common: OnceLock::new(), foreign: OnceLock::new() }
    }

    /// False only if no finding is possible. Texts that it does not understand may hold one.
    pub(super) fn may_match(&self, text: &str) -> bool {
        !is_plain(text.as_bytes()) || self.may_match_folded(&Folded::new(text))
    }

    /// The same of a plain text that is folded already.
    pub(super) fn may_match_folded(&self, text: &Folded) -> bool {
        Screen::is_enough(self.lanes(text))
    }

    /// False only if these concepts and the common ones come together to nothing.
    pub(super) fn is_enough(seen: u64) -> bool {
        seen != 0 && rule::weight_possible(seen | granted()) >= THRESHOLD
    }

    /// Every concept of the view that can be part of a finding, by its start; nothing if there can be none.
    pub(super) fn hits(&self, view: &View<'_>) -> Vec<Hit> {
        let text = Folded::of(&view.text);
        let mut hits: Vec<Hit> = Vec::new();
        let mut sorted = 0;
        self.each_end(&text, &mut |state, at| {
            for number in self.rare.ends(state) {
                let number = usize::from(*number);
                let known = self.phrases.get(number).zip(self.anchors.get(number));
                let Some((phrase, anchor)) = known else { continue };
                hits.extend(phrase.hit(view, at + 1 - anchor.length));
            }
            if state == 0 {
                // One block behind the other: nothing is sorted twice.
                hits.get_mut(sorted..).unwrap_or_default().sort_unstable_by_key(Hit::key);
                sorted = hits.len();
            }
        });
        if foreign::is_foreign(&view.text) {
            self.foreign.get_or_init(Foreign::new).find(view, &mut |hit| hits.push(hit));
            hits.sort_unstable_by_key(Hit::key);
        }
        settle(&mut hits);
        hits.dedup_by_key(|hit| hit.key());
        let near = near::ranges(&hits);
        if near.is_empty() {
            return Vec::new();
        }
        let rare = hits.len();
        near.iter().for_each(|range| self.common(view, range, &mut |hit| hits.push(hit)));
        settle(hits.get_mut(rare..).unwrap_or_default());
        // Two rows, each in order: the stable sort joins them in one walk.
        hits.sort_by_key(Hit::key);
        hits
    }

    /// True if a phrase of the view reaches over one of these places of its text, which are in order.
    pub(super) fn reaches_over(&self, view: &View<'_>, places: &[usize]) -> bool {
        let mut found = false;
        let mut take = |hit: Hit| {
            let phrase = view.original(hit.start, hit.end);
            let next = places.get(places.partition_point(|place| *place <= phrase.start));
            found |= next.is_some_and(|place| *place < phrase.end);
        };
        let text = Folded::of(&view.text);
        self.each_anchor(&text, &mut |number, end| {
            let Some((phrase, anchor)) = self.phrases.get(number).zip(self.anchors.get(number)) else {
                return;
            };
            phrase.hit(view, end - anchor.length).into_iter().for_each(&mut take);
        });
        self.common(view, &(0..view.text.len()), &mut take);
        found
    }

    /// The common concepts that start in `range`.
    fn common(&self, view: &View<'_>, range: &Range<usize>, found: &mut dyn FnMut(Hit)) {
        let (automaton, phrases) = self.common.get_or_init(|| {
            let is_common = |phrase: &Phrase| COMMON.contains(&phrase.concept);
            let phrases: Vec<Phrase> = concept::phrases().into_iter().filter(is_common).collect();
            let words: Vec<&str> = phrases.iter().map(|phrase| phrase.text.as_str()).collect();
            (Automaton::new(&words), phrases)
        });
        let mut state = 0;
        let bytes = view.text.as_bytes();
        let bytes = bytes.get(range.start..range.end.min(bytes.len())).unwrap_or_default();
        for (at, byte) in bytes.iter().enumerate() {
            state = automaton.step(state, *byte);
            if state & HIT == 0 {
                continue;
            }
            for number in automaton.ends(state) {
                let Some(phrase) = phrases.get(usize::from(*number)) else { continue };
                let start = range.start + at + 1 - phrase.text.len();
                phrase.hit(view, start).into_iter().for_each(&mut *found);
            }
        }
    }

    /// The concepts that have a phrase in the text.
    pub(super) fn lanes(&self, text: &Folded) -> u64 {
        let mut seen = 0;
        let bytes = text.bytes();
        self.each_end(text, &mut |state, at| seen |= self.meant(state, bytes, at));
        seen
    }

    /// Calls `found` with the number of every anchor and where it ends, in no order; the same one may come twice.
    fn each_anchor(&self, text: &Folded, found: &mut dyn FnMut(usize, usize)) {
        self.each_end(text, &mut |state, at| {
            self.rare.ends(state).iter().for_each(|number| found(usize::from(*number), at + 1));
        });
    }

    /// Calls `found` with every state in which something ends, and the byte that it ends with. Where two lanes meet, both tell.
    /// Behind each block it is called with the first state, in which nothing ends.
    fn each_end(&self, text: &Folded, found: &mut impl FnMut(u16, usize)) {
        let mut at = 0;
        loop {
            let left = text.bytes().len().saturating_sub(at);
            let behind = text.padded().get(at..).unwrap_or_default();
            if left <= SHORT {
                self.one_lane(text.bytes(), at, found);
                return found(0, at);
            }
            at += match left {
                ..=128 => self.block::<16, { LANES * 16 + OVERLAP }>(behind, at, found),
                129..=256 => self.block::<32, { LANES * 32 + OVERLAP }>(behind, at, found),
                257..=384 => self.block::<48, { LANES * 48 + OVERLAP }>(behind, at, found),
                385..=512 => self.block::<64, { LANES * 64 + OVERLAP }>(behind, at, found),
                513..=768 => self.block::<96, { LANES * 96 + OVERLAP }>(behind, at, found),
                1025..=1152 => self.block::<144, { LANES * 144 + OVERLAP }>(behind, at, found),
                _ => self.block::<LONG, { LANES * LONG + OVERLAP }>(behind, at, found),
            };
            found(0, at);
        }
    }

    /// What ends in `bytes` from `start` on.
    fn one_lane(&self, bytes: &[u8], start: usize, found: &mut impl FnMut(u16, usize)) {
        let mut state = 0;
        for (at, byte) in bytes.iter().enumerate().skip(start) {
            state = self.rare.step(state, *byte);
            if state & HIT != 0 {
                found(state, at);
            }
        }
    }

    /// What ends in the first `ALL` bytes of `behind`, which begin at `start`: [`LANES`] parts of `PART` bytes, each of which
    /// is walked into the next. How far the parts reach.
    fn block<const PART: usize, const ALL: usize>(
        &self,
        behind: &[u8],
        start: usize,
        found: &mut impl FnMut(u16, usize),
    ) -> usize {
        // INVARIANT: there are more zeros behind a text than any block has bytes.
        let bytes = behind.first_chunk::<ALL>().unwrap_or(&[0; ALL]);
        let mut states = [0_u16; LANES];
        for at in 0..PART + OVERLAP {
            let mut met = 0;
            for (lane, state) in states.iter_mut().enumerate() {
                *state = self.rare.step(*state, bytes.get(lane * PART + at).copied().unwrap_or(0));
                met |= *state;
            }
            if met & HIT != 0 {
                tell(states, start + at, PART, found);
            }
        }
        LANES * PART
    }

    /// The concepts of the anchors that end at `at`.
    #[inline(never)]
    fn meant(&self, state: u16, bytes: &[u8], at: usize) -> u64 {
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        let mut seen = 0;
        for end in self.rare.ends(state) {
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

/// Calls `found` with the states of those lanes in which something ends. Apart from the walk, which keeps its states in registers.
#[cold]
fn tell(states: [u16; LANES], first: usize, part: usize, found: &mut impl FnMut(u16, usize)) {
    for (lane, state) in states.into_iter().enumerate().filter(|(_, state)| state & HIT != 0) {
        found(state, first + lane * part);
    }
}

/// Brings into order what stands a few places from where it belongs.
fn settle(hits: &mut [Hit]) {
    for from in 1..hits.len() {
        let mut at = from;
        while let Some([before, here]) = at.checked_sub(1).and_then(|before| hits.get(before..=at)) {
            if before.key() <= here.key() {
                break;
            }
            hits.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// As much of the phrase as is looked for.
fn prefix(phrase: &Phrase) -> &str {
    phrase.text.get(..PREFIX_BYTES).unwrap_or(&phrase.text)
}

/// A concept's place in a set.
pub(super) fn bit(concept: Concept) -> u64 {
    1 << (concept as u32)
}

#[cfg(test)]
mod tests {
    use super::super::Injection;
    use super::super::phrases::{ENGLISH, MANNERS};
    use super::{Folded, View};
    use crate::guard::Guard;

    const LENGTHS: [usize; 9] = [20, 70, 160, 280, 400, 600, 950, 1_060, 1_500];

    #[test]
    fn the_lanes_see_what_one_lane_sees() {
        let injection = Injection::new();
        let screen = &injection.screen;
        for (_, phrases) in ENGLISH.iter().chain(MANNERS) {
            for phrase in *phrases {
                let phrase = phrase.trim_matches(['*', '^']);
                // One length for every size of the parts.
                for (at, length) in
                    LENGTHS.iter().flat_map(|all| (0..7).map(move |part| (all * part / 6, *all)))
                {
                    let text = format!(
                        "{}{}  {}",
                        "x ".repeat(at / 2),
                        phrase.to_uppercase(),
                        "y\n".repeat((length - at) / 2)
                    );
                    let folded = Folded::new(&text);
                    let mut one = 0;
                    screen.one_lane(folded.bytes(), 0, &mut |state, at| {
                        one |= screen.meant(state, folded.bytes(), at);
                    });
                    assert_eq!(screen.lanes(&folded), one, "{phrase} at {at}");
                }
            }
        }
    }

    #[test]
    fn what_is_taken_for_granted_satisfies_no_rule() {
        assert_eq!(super::rule::weight_possible(super::granted()), 0);
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
                let view = View::new(&text);
                let _ = injection.plain(&view, &mut |finding| found |= finding.guard == Guard::Injection);
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
            INJECTION.plain(&View::new(&text), &mut |_| found = true);
            proptest::prop_assert!(!found || INJECTION.screen.may_match(&text), "{text}");
        }
    }
}
