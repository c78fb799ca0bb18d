//! Finding the concepts: one automaton over all their phrases.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::normalise::View;
use super::phrases::{Concept, ENGLISH, LANGUAGES, MANNERS};
use super::rule::Hit;

#[derive(Debug)]
pub(super) struct Concepts {
    automaton: AhoCorasick,
    meanings: Vec<Meaning>,
}

/// What a phrase stands for and what must stand around it.
#[derive(Debug)]
struct Meaning {
    concept: Concept,
    bounded_before: bool,
    bounded_after: bool,
    line_start: bool,
}

impl Concepts {
    pub(super) fn new() -> Concepts {
        let mut texts = Vec::new();
        let mut meanings = Vec::new();
        for (concept, phrases) in ENGLISH.iter().chain(MANNERS).chain(LANGUAGES) {
            for phrase in *phrases {
                let (text, meaning) = read(*concept, phrase);
                texts.push(text);
                meanings.push(meaning);
            }
        }
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(texts);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of some thousand"
        )]
        let automaton = automaton.expect("a small constant table");
        Concepts { automaton, meanings }
    }

    /// Every concept in the view, by its start.
    pub(super) fn hits(&self, view: &View) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for found in self.automaton.find_overlapping_iter(&view.text) {
            let Some(meaning) = self.meanings.get(found.pattern().as_usize()) else { continue };
            if meaning.fits(view, found.start(), found.end()) {
                hits.push(Hit { concept: meaning.concept, start: found.start(), end: found.end() });
            }
        }
        hits.sort_by_key(|hit| (hit.start, hit.end));
        hits
    }
}

/// A phrase, normalised, and whether it ends at word boundaries.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) concept: Concept,
    pub(super) text: String,
    pub(super) bounded_before: bool,
    pub(super) bounded_after: bool,
}

/// All phrases.
pub(super) fn phrases() -> Vec<Phrase> {
    let phrase = |concept: &Concept, written: &str| {
        let (text, Meaning { bounded_before, bounded_after, .. }) = read(*concept, written);
        Phrase { concept: *concept, text, bounded_before, bounded_after }
    };
    let all = ENGLISH.iter().chain(MANNERS).chain(LANGUAGES);
    all.flat_map(|(concept, phrases)| phrases.iter().map(move |written| phrase(concept, written))).collect()
}

/// `*` before or behind a phrase drops the word boundary there, `^` asks for the start of a line.
fn read(concept: Concept, phrase: &str) -> (String, Meaning) {
    let line_start = phrase.starts_with('^');
    let phrase = phrase.trim_start_matches('^');
    let bounded_before = !phrase.starts_with('*');
    let bounded_after = !phrase.ends_with('*');
    let text = View::new(phrase.trim_matches('*')).text;
    (text, Meaning { concept, bounded_before, bounded_after, line_start })
}

impl Meaning {
    fn fits(&self, view: &View, start: usize, end: usize) -> bool {
        let bytes = view.text.as_bytes();
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        // Scripts without spaces have no word boundaries; the check is about ASCII letters only.
        let before = self.bounded_before && letter(start) && start.checked_sub(1).is_some_and(letter);
        let after = self.bounded_after && letter(end.saturating_sub(1)) && letter(end);
        !before && !after && (!self.line_start || view.starts_line(start))
    }
}
