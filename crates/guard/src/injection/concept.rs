//! The phrases as they are looked for, and what must stand around them.

use super::normalise::View;
use super::phrases::{Concept, ENGLISH, LANGUAGES, MANNERS};
use super::rule::Hit;

/// A phrase, normalised, what it stands for, and whether it ends at word boundaries.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) concept: Concept,
    pub(super) text: String,
    pub(super) bounded_before: bool,
    pub(super) bounded_after: bool,
    line_start: bool,
}

/// All phrases.
pub(super) fn phrases() -> Vec<Phrase> {
    let all = ENGLISH.iter().chain(MANNERS).chain(LANGUAGES);
    all.flat_map(|(concept, phrases)| phrases.iter().map(move |written| read(*concept, written))).collect()
}

/// `*` before or behind a phrase drops the word boundary there, `^` asks for the start of a line.
fn read(concept: Concept, phrase: &str) -> Phrase {
    let line_start = phrase.starts_with('^');
    let phrase = phrase.trim_start_matches('^');
    let bounded_before = !phrase.starts_with('*');
    let bounded_after = !phrase.ends_with('*');
    let text = View::new(phrase.trim_matches('*')).text;
    Phrase { concept, text, bounded_before, bounded_after, line_start }
}

impl Phrase {
    /// The phrase where it starts at `start`, if it stands there as it should.
    pub(super) fn hit(&self, view: &View<'_>, start: usize) -> Option<Hit> {
        let bytes = view.text.as_bytes();
        let end = start + self.text.len();
        if bytes.get(start..end) != Some(self.text.as_bytes()) {
            return None;
        }
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        // Scripts without spaces have no word boundaries; the check is about ASCII letters only.
        let before = self.bounded_before && letter(start) && start.checked_sub(1).is_some_and(letter);
        let after = self.bounded_after && letter(end.saturating_sub(1)) && letter(end);
        let stands = !before && !after && (!self.line_start || view.starts_line(start));
        stands.then_some(Hit { concept: self.concept, start, end })
    }
}
