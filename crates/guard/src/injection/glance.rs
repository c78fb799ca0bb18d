//! The first look at a plain text: one walk over its blocks, in which a text of every day shows that it is one.

use super::screen::Screen;
use super::suspect::{Place, Walk};
use crate::block::places;
use crate::shape::{Shape, Sign};

/// What was seen so far.
pub(crate) struct Glance<'s> {
    screen: &'s Screen,
    walk: Walk,
    /// Concepts that have a phrase in the text.
    seen: u64,
}

impl<'s> Glance<'s> {
    pub(super) fn new(screen: &'s Screen) -> Glance<'s> {
        Glance { screen, walk: Walk::new(), seen: 0 }
    }

    /// Looks at the block of a plain text that begins at `start`.
    #[inline]
    pub(crate) fn block(&mut self, bytes: &[u8], start: usize, here: &Shape, next: &Shape) {
        let (screen, mut seen) = (self.screen, 0);
        for at in places(self.walk.starts(here) & before_white(here, next)) {
            seen |= screen.begins(bytes, start + at);
        }
        for at in places(here.odd | here.digits) {
            seen |= screen.sign(bytes, start + at);
        }
        let place = Place { bytes, start, here, next };
        let starts = screen.starts();
        self.walk.block(
            &place,
            |head, letters| starts.may_be(head, letters),
            |from, letters| {
                seen |= screen.word(bytes, from, letters);
            },
        );
        self.seen |= seen;
    }

    /// False only if there is no finding in the text.
    pub(crate) fn may_find(&self) -> bool {
        self.walk.marks.may_hide() || Screen::is_enough(self.seen)
    }
}

/// The bytes that are, or one of the seven that follow them, white space that is not one blank or line end.
#[inline]
fn before_white(here: &Shape, next: &Shape) -> u64 {
    let rough = |shape: &Shape, behind: u64| {
        let blanks = shape.blanks();
        shape.is(Sign::Tab) | (blanks & (blanks >> 1 | behind << 63))
    };
    let (here, next) = (rough(here, next.blanks()), rough(next, 0));
    let mut near = here;
    for by in [1, 2, 4] {
        near |= near >> by;
    }
    // What the next block begins with is near to the end of this one.
    let behind = next.trailing_zeros();
    near | if behind < 7 { u64::MAX << (57 + behind) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::Injection;
    use super::super::phrases::{ENGLISH, LANGUAGES, MANNERS};
    use super::super::screen::Folded;
    use super::{Glance, Shape};
    use std::ops::ControlFlow;
    use std::sync::LazyLock;

    static INJECTION: LazyLock<Injection> = LazyLock::new(Injection::new);
    static PHRASES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let all = ENGLISH.iter().chain(MANNERS).chain(LANGUAGES);
        let all = all.flat_map(|(_, phrases)| *phrases).map(|phrase| phrase.trim_matches(['*', '^']));
        all.filter(|phrase| phrase.is_ascii()).collect()
    });

    fn seen(text: &str) -> u64 {
        let mut glance = Glance::new(&INJECTION.screen);
        let _ = Shape::each(text.as_bytes(), |start, here, next| {
            glance.block(text.as_bytes(), start, here, next);
            ControlFlow::Continue(())
        });
        glance.seen
    }

    #[test]
    fn every_phrase_is_seen_wherever_it_stands() {
        for (number, phrase) in PHRASES.iter().enumerate() {
            let spellings = [
                (*phrase).to_owned(),
                phrase.to_uppercase(),
                phrase.replace(' ', "\n"),
                phrase.replace(' ', " \t "),
                phrase.replace(' ', "   \r\n"),
            ];
            for (at, spelling) in spellings.iter().enumerate() {
                let lead = (number * 7 + at * 13) % 70;
                for (before, behind) in
                    [(" ", " "), ("", ""), ("x", " "), (" ", "x"), ("3", "4"), ("\"", "'")]
                {
                    for lead in [lead, 63, 60, 55] {
                        let text = format!("{}{before}{spelling}{behind}", ".".repeat(lead));
                        assert_eq!(seen(&text), INJECTION.screen.lanes(&Folded::new(&text)), "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_phrase_begins_with_white_space() {
        assert!(PHRASES.iter().all(|phrase| !phrase.starts_with(char::is_whitespace)));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(6_000))]

        #[test]
        fn a_glance_sees_what_the_lanes_see(
            parts in proptest::collection::vec((0..10_000_usize, 0..10_000_usize, 0..16_usize, "[ -~\n\t]{0,9}"), 1..14),
        ) {
            const JOINTS: [&str; 16] =
                ["", " ", "  ", "\n", "\t", " \n ", "-", "_", "x", "2", ".", ". ", "\"", "://", "        ", "\r\n\r\n"];
            let phrase = |index: usize| PHRASES[index % PHRASES.len()];
            // Pieces of phrases too, joined to what may be others.
            let text: String = parts
                .iter()
                .map(|(one, cut, joint, noise)| {
                    let one = phrase(*one);
                    let piece = if cut % 3 == 0 { one.get(..cut % (one.len() + 1)).unwrap_or_default() } else { one };
                    let joint = JOINTS[*joint];
                    let piece = piece.replace(' ', if cut % 5 == 0 { joint } else { " " });
                    format!("{piece}{joint}{noise}")
                })
                .collect();
            proptest::prop_assert_eq!(seen(&text), INJECTION.screen.lanes(&Folded::new(&text)), "{:?}", text);
        }
    }
}
