//! Could anything in this text be encoded or disguised, and how? Asked of every text, so it has to be cheap: sixty-four bytes
//! at a time, each class of bytes as one number.

use super::views::{self, Ends, Tally};
use crate::block::{self, BLOCK, count, places};

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
        let bytes = text.as_bytes();
        let mut walk = Walk { before: b' ', ..Walk::default() };
        let (mut tally, ends) = (Tally::new(), Ends::table());
        let mut lines = 0;
        for (index, chunk) in block::Block::each(bytes).enumerate() {
            let start = index * BLOCK;
            let next = bytes.get(start + BLOCK).copied().unwrap_or(b' ');
            let block = Block::of(chunk, walk.before, next);
            walk.note(&block, bytes.get(start..).unwrap_or_default());
            let marks = &mut walk.marks;
            let inside = bytes.get(start..).unwrap_or_default();
            block.words(|at, length| {
                // What reaches to the end of the block may go on.
                let length = if at + length < BLOCK {
                    length
                } else {
                    whole(inside, at, length, u8::is_ascii_alphabetic)
                };
                let letter = |at: usize| inside.get(at).copied().unwrap_or(0);
                // One letter alone is no word that is looked for.
                if length > 1 && ends.may_be(letter(at), letter(at + length - 1), length) {
                    let line = lines + count(block.ends & !(u64::MAX << at));
                    let word = inside.get(at..at + length).unwrap_or_default();
                    marks.moved = marks.moved || tally.word(inside, (at, length), line);
                    marks.shuffled += u32::from(views::is_shuffled(word));
                }
            });
            block.mixtures(|at, length| {
                let length = if at + length < BLOCK { length } else { whole(inside, at, length, is_made_of) };
                marks.made += u32::from(views::is_made(inside.get(at..at + length).unwrap_or_default()));
            });
            lines += count(block.ends);
            walk.before = bytes.get(start + BLOCK - 1).copied().unwrap_or(b' ');
        }
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
}

/// The length of the word at `at`, of which `known` bytes stand in its block.
fn whole(bytes: &[u8], at: usize, known: usize, belongs: fn(&u8) -> bool) -> usize {
    let rest = bytes.get(at + known..).unwrap_or_default().iter();
    known + rest.take(LETTERS_MAX).take_while(|byte| belongs(byte)).count()
}

/// Longer words are not asked about.
const LETTERS_MAX: usize = 16;

/// What stands for letters in words of letters and digits.
fn is_made_of(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'!')
}

/// False only if nothing is likely to be there, and no word is disguised by its letters.
pub(super) fn is_suspect(text: &str) -> bool {
    let marks = Marks::of(text);
    marks.is_suspect()
        || marks.singles >= views::SINGLES_MIN
        || marks.shuffled >= views::SHUFFLED_MIN
        || marks.made >= views::MADE_MIN
}

/// Longer mixtures of letters and digits are no words.
const MADE_MAX: u32 = 7;

/// The bytes of a block, by class: the lowest bit is the first byte.
struct Block {
    letters: u64,
    digits: u64,
    joiners: u64,
    escapes: u64,
    cuts: u64,
    signs: u64,
    dots: u64,
    ends: u64,
    /// Whether the neighbours are letters, and letters or digits.
    letter_before: u64,
    letter_behind: u64,
    word_before: u64,
    word_behind: u64,
}

impl Block {
    #[inline]
    fn of(bytes: block::Block, before: u8, next: u8) -> Block {
        let (letters, digits) = (bytes.letters(), bytes.digits());
        let word = letters | digits;
        let (dots, ends) = (bytes.any_of(*b"."), bytes.any_of(*b"\n"));
        let last = |is: bool| u64::from(is) << (BLOCK - 1);
        // Half of the blocks of a text hold nothing but words and what stands between sentences.
        let calm = word | dots | ends | bytes.any_of(*b" ,") == u64::MAX;
        let [joiners, escapes, cuts, signs] = if calm {
            [0; 4]
        } else {
            [*b"+/-_", *b"%\\&&", *b"*<`~", *b"@$!!"].map(|signs| bytes.any_of(signs))
        };
        Block {
            letters,
            digits,
            joiners,
            escapes,
            cuts,
            signs,
            dots,
            ends,
            letter_before: letters << 1 | u64::from(before.is_ascii_alphabetic()),
            letter_behind: letters >> 1 | last(next.is_ascii_alphabetic()),
            word_before: word << 1 | u64::from(before.is_ascii_alphanumeric()),
            word_behind: word >> 1 | last(next.is_ascii_alphanumeric()),
        }
    }

    /// Calls `look` with the place of every word that starts here and how much of it does.
    #[inline]
    fn words(&self, mut look: impl FnMut(usize, usize)) {
        // Where a word begins, and behind it where it is over.
        let mut edges = self.letters ^ self.letter_before;
        if self.letter_before & 1 == 1 {
            edges &= edges.wrapping_sub(1);
        }
        let mut edges = places(edges);
        while let Some(at) = edges.next() {
            look(at, edges.next().unwrap_or(BLOCK) - at);
        }
    }

    /// The same of words of letters, digits and signs that have more than one of these.
    fn mixtures(&self, mut look: impl FnMut(usize, usize)) {
        let odd = self.digits | self.signs;
        if odd == 0 || self.letters == 0 {
            return;
        }
        let token = odd | self.letters;
        for at in places(token & !(token << 1)) {
            let length = (token >> at).trailing_ones();
            let inside = (u64::MAX >> (u64::BITS - length)) << at;
            // What reaches to the end of the block may go on.
            if length <= MADE_MAX && (inside & odd != 0 || inside >> 63 == 1) {
                look(at, usize::try_from(length).unwrap_or(0));
            }
        }
    }
}

/// What was counted so far.
#[derive(Default)]
struct Walk {
    marks: Marks,
    /// Letters and digits since something else than a joiner.
    run: u32,
    single: u32,
    digits: u32,
    /// The byte before the block.
    before: u8,
}

impl Walk {
    /// `bytes` begin with the block.
    fn note(&mut self, block: &Block, bytes: &[u8]) {
        let word = block.letters | block.digits;
        let marks = &mut self.marks;
        marks.mixed += count(block.digits & block.letter_before & block.letter_behind);
        marks.signs += count(block.cuts);
        marks.cuts += count(block.cuts & block.letter_before);
        marks.breaks += count(block.ends & block.word_before);
        marks.escapes += count(block.escapes);
        for at in places(block.dots) {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at)).unwrap_or(&self.before);
            marks.dots += u32::from(matches!(before, b'.' | b'-' | b' '));
        }
        self.runs(word, block.joiners);
        self.singles(word, block);
        self.numbers(word, block.digits);
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

    fn singles(&mut self, word: u64, block: &Block) {
        let single = word & !block.word_before & !block.word_behind;
        if single == 0 {
            self.single = if word == 0 { self.single } else { 0 };
            return;
        }
        for at in places(word & !block.word_before) {
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
