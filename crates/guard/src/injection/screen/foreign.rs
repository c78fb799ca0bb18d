//! Phrases in other scripts than the Latin one, for texts that hold such letters.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::injection::concept::{self, Phrase};
use crate::injection::normalise::View;
use crate::injection::rule::Hit;

#[derive(Debug)]
pub(super) struct Foreign {
    automaton: AhoCorasick,
    phrases: Vec<Phrase>,
}

impl Foreign {
    pub(super) fn new() -> Foreign {
        let phrases: Vec<Phrase> =
            concept::phrases().into_iter().filter(|phrase| !phrase.text.is_ascii()).collect();
        let texts = phrases.iter().map(|phrase| phrase.text.as_str());
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(texts);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of some hundred"
        )]
        let automaton = automaton.expect("a small constant table");
        Foreign { automaton, phrases }
    }

    pub(super) fn find(&self, view: &View<'_>, found: &mut dyn FnMut(Hit)) {
        for place in self.automaton.find_overlapping_iter(&view.text) {
            let phrase = self.phrases.get(place.pattern().as_usize());
            phrase.and_then(|phrase| phrase.hit(view, place.start())).into_iter().for_each(&mut *found);
        }
    }
}

/// True if there are letters that are not Latin: two of them, for every phrase has more. Punctuation, signs and pictures
/// are none.
pub(super) fn is_foreign(text: &str) -> bool {
    let letter =
        |c: &char| matches!(c, '\u{370}'..='\u{1fff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{fdff}');
    !text.is_ascii() && text.chars().filter(letter).take(2).count() == 2
}

#[cfg(test)]
mod tests {
    use super::is_foreign;
    use crate::injection::concept;

    #[test]
    fn every_phrase_that_is_not_ascii_is_foreign() {
        for phrase in concept::phrases().iter().filter(|phrase| !phrase.text.is_ascii()) {
            assert!(is_foreign(&phrase.text), "{}", phrase.text);
        }
        assert!(!is_foreign("naïve – “quoted” … 🙂"));
    }
}
