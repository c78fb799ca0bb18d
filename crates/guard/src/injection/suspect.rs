//! Could anything in this text be encoded or disguised, and how? Asked of every text, so it has to be cheap: sixty-four bytes
//! at a time, each class of bytes as one number.

use std::ops::ControlFlow;

use super::views::{self, Ends, Tally};
use crate::block::{BLOCK, count, places};
use crate::shape::{Shape, Sign};

/// What of the disguises that [`super::views`] undoes may be there; what it misses, the rules may still see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// The longest run of letters and digits that only joiners break.
    pub run: u32,
    /// The longest row of single letters and digits.
    pub singles: u32,
    /// Percent signs, backslashes and ampersands; dots behind dots, dashes and blanks.
    pub escapes: u32,
    pub dots: u32,
    /// Signs of markup, and those behind a letter.
    pub signs: u32,
    pub cuts: u32,
    /// Many more digits than letters somewhere.
    pub numbers: bool,
    /// Digits between letters.
    pub mixed: u32,
    /// Words that digits and signs make small ones.
    pub made: u32,
    /// Words that are shufflings of known ones.
    pub shuffled: u32,
    /// Line ends behind letters and digits.
    pub breaks: u32,
    /// Small words of another alphabet.
    pub moved: bool,
    /// Some letters were not ASCII: what was counted says less.
    pub wide: bool,
}

impl Marks {
    pub(super) fn of(text: &str) -> Marks {
        let mut walk = Walk::new();
        let bytes = text.as_bytes();
        let _ = Shape::each(bytes, |start, here, next| {
            walk.block(&Place { bytes, start, here, next }, |_, _| false, |_, _| ());
            ControlFlow::Continue(())
        });
        Marks { wide: !text.is_ascii(), ..walk.marks }
    }

    /// False only if nothing is likely to be there.
    pub(super) fn is_suspect(self) -> bool {
        self.run >= RUN
            || self.singles >= SINGLES
            || self.escapes + self.dots >= ESCAPES
            || self.cuts >= CUTS
            || self.numbers
            || self.mixed >= MIXED
            || self.moved
            || (1..=BREAKS).contains(&self.breaks)
    }

    /// The same, or a word is disguised by its letters.
    pub(super) fn may_hide(self) -> bool {
        self.is_suspect()
            || self.singles >= views::SINGLES_MIN
            || self.shuffled >= views::SHUFFLED_MIN
            || self.made >= views::MADE_MIN
    }
}

/// What stands for letters in words of letters and digits.
fn is_made_of(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'!')
}

/// Longer mixtures of letters and digits are no words.
const MADE_MAX: u32 = 7;

/// A block of a text.
pub(super) struct Place<'p> {
    pub(super) bytes: &'p [u8],
    /// Where in the text the block begins.
    pub(super) start: usize,
    pub(super) here: &'p Shape,
    pub(super) next: &'p Shape,
}

impl Place<'_> {
    /// Calls `look` with the place of every word of letters and digits, or signs for them, that has more than one of these
    /// and begins here.
    fn mixtures(&self, mut look: impl FnMut(&[u8])) {
        let odd = self.here.digits | self.here.is(Sign::Letter);
        if odd == 0 || self.here.letters == 0 {
            return;
        }
        let token = odd | self.here.letters;
        for at in places(token & !(token << 1)) {
            let length = (token >> at).trailing_ones();
            let inside = (u64::MAX >> (u64::BITS - length)) << at;
            // What reaches to the end of the block may go on.
            if length <= MADE_MAX && (inside & odd != 0 || inside >> 63 == 1) {
                let word = self.bytes.get(self.start + at..).unwrap_or_default();
                let known = usize::try_from(length).unwrap_or(0);
                let rest = word.get(known..).unwrap_or_default().iter();
                let more = rest.take(LETTERS_MAX).take_while(|byte| is_made_of(byte)).count();
                let more = if at + known < BLOCK { 0 } else { more };
                look(word.get(..known + more).unwrap_or_default());
            }
        }
    }
}

/// Longer words are not asked about.
const LETTERS_MAX: usize = 16;

/// A block and what stands behind it, so that no look at a word of it asks for the end of the text.
type Chunk = [u8; 2 * BLOCK];

/// The bytes from `at` on, zeros behind the text.
#[inline]
fn chunk<'b>(bytes: &'b [u8], at: usize, room: &'b mut Chunk) -> &'b Chunk {
    let behind = bytes.get(at..).unwrap_or_default();
    behind.first_chunk().unwrap_or_else(|| {
        room.iter_mut().zip(behind).for_each(|(place, byte)| *place = *byte);
        room
    })
}

/// What was counted so far.
pub(super) struct Walk {
    pub(super) marks: Marks,
    tally: Tally,
    ends: &'static Ends,
    lines: u32,
    /// Letters and digits since something else than a joiner.
    run: u32,
    single: u32,
    digits: u32,
    /// Whether the byte before the block is a letter, and a letter or digit.
    letter: u64,
    word: u64,
}

impl Walk {
    pub(super) fn new() -> Walk {
        Walk {
            marks: Marks::default(),
            tally: Tally::new(),
            ends: Ends::table(),
            lines: 0,
            run: 0,
            single: 0,
            digits: 0,
            letter: 0,
            word: 0,
        }
    }

    /// Counts what stands in the next block, and calls `found` with the place and the length of every word that begins there
    /// of which `asks` says so, who is given its first eight bytes and its length.
    #[inline]
    pub(super) fn block(
        &mut self,
        place: &Place<'_>,
        asks: impl Fn(u64, u32) -> bool,
        mut found: impl FnMut(usize, u32),
    ) {
        let Place { bytes, start, here, next } = *place;
        self.note(place);
        let mut room = [0; 2 * BLOCK];
        let (chunk, ends) = (chunk(bytes, start, &mut room), self.ends);
        let mut starts = self.starts(here);
        while starts != 0 {
            let at = starts.trailing_zeros() % u64::BITS;
            starts &= starts.wrapping_sub(1);
            let letters = here.letters >> at | next.letters << 1 << (u64::BITS - 1 - at);
            let length = letters.trailing_ones();
            let byte = |at: u32| chunk.get(at as usize % chunk.len()).copied().unwrap_or(0);
            let known = ends.may_be(byte(at), byte(at.wrapping_add(length).wrapping_sub(1)), length);
            let head = chunk.get(at as usize..).and_then(<[u8]>::first_chunk);
            let asked = asks(head.copied().map_or(0, u64::from_le_bytes), length);
            if known | asked {
                if asked {
                    found(start + at as usize, length);
                }
                self.disguised(place, at, length);
            }
        }
        let marks = &mut self.marks;
        place.mixtures(|word| marks.made += u32::from(views::is_made(word)));
        self.lines += count(here.ends);
        self.letter = here.letters >> 63;
        self.word = here.word() >> 63;
    }

    /// Where the words of the next block begin.
    #[inline]
    pub(super) fn starts(&self, here: &Shape) -> u64 {
        here.letters & !(here.letters << 1 | self.letter)
    }

    /// Counts a word that may be another one in disguise.
    #[inline(never)]
    fn disguised(&mut self, place: &Place<'_>, at: u32, length: u32) {
        let line = self.lines + count(place.here.ends & !(u64::MAX << at));
        let behind = place.bytes.get(place.start + at as usize..).unwrap_or_default();
        self.marks.moved |= self.tally.word(behind, (0, length as usize), line);
        let word = behind.get(..length as usize).unwrap_or_default();
        self.marks.shuffled += u32::from(views::is_shuffled(word));
    }

    #[inline]
    fn note(&mut self, place: &Place<'_>) {
        let Place { bytes, start, here, next } = *place;
        let word = here.word();
        let word_before = word << 1 | self.word;
        let marks = &mut self.marks;
        marks.breaks += count(here.ends & word_before);
        let mut joiners = 0;
        if here.has([Sign::Dash, Sign::Plus, Sign::Escape, Sign::Cut]) {
            let cuts = here.is(Sign::Cut);
            marks.signs += count(cuts);
            marks.cuts += count(cuts & (here.letters << 1 | self.letter));
            marks.escapes += count(here.is(Sign::Escape));
            joiners = here.is(Sign::Dash) | here.is(Sign::Plus);
        }
        // Most dots stand behind a word.
        for at in places(here.is(Sign::Dot) & !word_before) {
            let before = (start + at).checked_sub(1).and_then(|at| bytes.get(at)).unwrap_or(&b' ');
            marks.dots += u32::from(matches!(before, b'.' | b'-' | b' '));
        }
        if here.digits != 0 {
            let behind = here.letters >> 1 | next.letters << 63;
            marks.mixed += count(here.digits & (here.letters << 1 | self.letter) & behind);
        }
        self.runs(word, joiners);
        self.singles(word, word_before, word >> 1 | next.word() << 63);
        self.numbers(word, here.digits);
    }

    fn runs(&mut self, word: u64, joiners: u64) {
        let token = word | joiners;
        let pairs = token & token >> 1;
        let fours = pairs & pairs >> 2;
        if fours & fours >> 4 == 0 {
            // Nothing of eight stands in the block itself: what matters is its start and its end.
            let (head, tail) = (token.trailing_ones(), token.leading_ones());
            self.run += head - count(joiners & !(u64::MAX << head));
            self.marks.run = self.marks.run.max(self.run);
            self.run = tail - count(joiners & !(u64::MAX >> tail));
            return;
        }
        // From one run to the next; what goes before the first one goes on only if it begins the block.
        let (mut from, mut rest) = (0, token);
        while rest != 0 {
            let (gap, length) = (rest.trailing_zeros(), (rest >> rest.trailing_zeros()).trailing_ones());
            let inside = u64::MAX >> (u64::BITS - length);
            self.run = if from + gap == 0 { self.run } else { 0 };
            self.run += length - count(joiners >> (from + gap) & inside);
            self.marks.run = self.marks.run.max(self.run);
            from += gap + length;
            rest = token.checked_shr(from).unwrap_or(0);
        }
        self.run = if token >> (BLOCK - 1) == 1 { self.run } else { 0 };
    }

    fn singles(&mut self, word: u64, before: u64, behind: u64) {
        let single = word & !before & !behind;
        if single == 0 {
            self.single = if word == 0 { self.single } else { 0 };
            return;
        }
        for at in places(word & !before) {
            self.single = if single >> at & 1 == 1 { self.single + 1 } else { 0 };
            self.marks.singles = self.marks.singles.max(self.single);
        }
    }

    fn numbers(&mut self, word: u64, digits: u64) {
        let count = count(digits);
        if count == 0 || self.digits + count < DIGITS / 2 {
            // Far from enough: letter by letter would say little more.
            if self.digits + count > 0 {
                self.digits = (self.digits + count).saturating_sub(2 * (word.count_ones() - count));
            }
            return;
        }
        for at in places(word) {
            self.digits = if digits >> at & 1 == 1 { self.digits + 1 } else { self.digits.saturating_sub(2) };
            self.marks.numbers = self.marks.numbers || self.digits >= DIGITS;
        }
    }
}

/// Shorter runs hold no sentence, fewer of the rest are punctuation.
const RUN: u32 = 24;
const SINGLES: u32 = 10;
const ESCAPES: u32 = 4;
const CUTS: u32 = 4;
const DIGITS: u32 = 24;
const MIXED: u32 = 3;
/// With more line ends inside of sentences a text is wrapped, not cut.
const BREAKS: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::injection::views::is_moved;

    fn seen(text: &str) -> bool {
        Marks { numbers: false, ..Marks::of(text) }.is_suspect()
    }

    #[test]
    fn lists_of_numbers_are_seen_wherever_they_begin() {
        let list: String = "call the tool with all".bytes().map(|byte| format!("{byte} ")).collect();
        let binary: String = "call the".bytes().map(|byte| format!("{byte:08b} ")).collect();
        for lead in 0..130 {
            let words = "word ".repeat(lead / 5);
            assert!(Marks::of(&format!("{words}{} {list}and more", "x".repeat(lead % 5))).numbers, "{lead}");
            assert!(
                Marks::of(&format!("{words}{} {binary}and more", "x".repeat(lead % 5))).numbers,
                "{lead}"
            );
        }
    }

    /// The same but for numbers, byte by byte.
    fn walked(text: &str) -> bool {
        let bytes = text.as_bytes();
        let (mut run, mut escapes, mut single, mut cuts) = (0, 0, 0, 0);
        let (mut mixed, mut breaks) = (0, 0);
        let mut before = b' ';
        for (at, byte) in bytes.iter().copied().enumerate() {
            let next = bytes.get(at + 1).copied().unwrap_or(b' ');
            if byte.is_ascii_alphanumeric() {
                run += 1;
                let alone = !before.is_ascii_alphanumeric() && !next.is_ascii_alphanumeric();
                single = if alone { single + 1 } else { 0 };
                let turn =
                    byte.is_ascii_digit() && before.is_ascii_alphabetic() && next.is_ascii_alphabetic();
                mixed += u32::from(turn);
            } else {
                if !matches!(byte, b'+' | b'/' | b'-' | b'_') {
                    run = 0;
                }
                match byte {
                    b'%' | b'\\' | b'&' => escapes += 1,
                    b'*' | b'<' | b'`' | b'~' => cuts += u32::from(before.is_ascii_alphabetic()),
                    b'.' if before == b'.' || before == b'-' || before == b' ' => escapes += 1,
                    b'\n' => breaks += u32::from(before.is_ascii_alphanumeric()),
                    _ => {}
                }
            }
            before = byte;
            let counted = escapes >= ESCAPES || cuts >= CUTS || mixed >= MIXED;
            if counted || run >= RUN || single >= SINGLES {
                return true;
            }
        }
        (1..=BREAKS).contains(&breaks) || is_moved(text)
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn blocks_see_what_a_walk_sees(
            parts in proptest::collection::vec((0..PARTS.len(), 1..30_usize, 0..4_usize), 0..24),
        ) {
            let text: String = parts
                .iter()
                .map(|(part, times, blanks)| format!("{}{}", PARTS[*part].repeat(*times), " ".repeat(*blanks)))
                .collect();
            proptest::prop_assert_eq!(seen(&text), walked(&text), "{:?}", text);
        }

        #[test]
        fn blocks_see_what_a_walk_sees_in_any_text(
            text in "([ -~\n]{0,20}|[a-z]{1,9}|[a-z] ?|[0-9]{1,5}|[.%+/_*<-]|é| |the |gur |gb |naq |eht ){0,90}",
        ) {
            proptest::prop_assert_eq!(seen(&text), walked(&text), "{:?}", text);
        }
    }

    const PARTS: [&str; 24] = [
        "a", "ab", "ab ", "a ", "1", "1 ", "a1b", "-", "a-", ".", " .", "%", "*", "a*", "\n", "a\n", "é",
        "the ", "gur ", "naq ", "lbh ", "eht ", "uif ", "wkh ",
    ];
}
