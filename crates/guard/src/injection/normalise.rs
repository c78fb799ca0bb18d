//! The normalised view that concepts are searched in, with the way back to the original offsets.

mod latin;

use std::cell::OnceCell;

use self::latin::{WORD_MAX, is_accent, latin, leads_to_latin};
use super::screen::{Folded, is_plain};

/// Lower-cased text without accents, invisible characters and repeated white space; look-alike letters inside Latin words
/// are Latin, and text written in tag characters or variation selectors is spelled out.
#[derive(Debug)]
pub(super) struct View<'t> {
    pub text: String,
    pub source: &'t str,
    /// Of plain text it is made when something asks for it: most texts hold nothing that is told.
    map: OnceCell<Map>,
}

/// The way back.
#[derive(Debug, Default)]
struct Map {
    /// Normalised offset → original offset, wherever the distance between the two changes.
    anchors: Vec<(usize, usize)>,
    /// Normalised stretches that were invisible.
    hidden: Vec<(usize, usize)>,
    /// Normalised offsets where a line starts.
    lines: Vec<usize>,
}

impl<'t> View<'t> {
    pub(super) fn new(source: &'t str) -> View<'t> {
        if is_plain(source.as_bytes()) {
            return View::plain(source, &Folded::new(source));
        }
        let Builder { text, map, .. } = Builder::read(source);
        View { text, source, map: OnceCell::from(map) }
    }

    /// The view of a plain text that is folded already: folding is all that normalising does to it.
    pub(super) fn plain(source: &'t str, folded: &Folded) -> View<'t> {
        // Plain text is ASCII.
        let text = String::from_utf8(folded.bytes().to_vec()).unwrap_or_default();
        View { text, source, map: OnceCell::new() }
    }

    fn map(&self) -> &Map {
        self.map.get_or_init(|| Builder::read(self.source).map)
    }

    /// The original bytes of a normalised stretch, on character boundaries.
    pub(super) fn original(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let text = self.source;
        let from = text.floor_char_boundary(self.origin(start));
        let to = text.ceil_char_boundary((self.origin(end.saturating_sub(1)) + 1).min(text.len()));
        from..to.max(from)
    }

    fn origin(&self, at: usize) -> usize {
        let anchors = &self.map().anchors;
        let index = anchors.partition_point(|anchor| anchor.0 <= at);
        let (normalised, original) =
            index.checked_sub(1).and_then(|last| anchors.get(last)).copied().unwrap_or((0, 0));
        original + (at - normalised)
    }

    pub(super) fn starts_line(&self, at: usize) -> bool {
        self.map().lines.binary_search(&at).is_ok()
    }

    /// True if any of the stretch was invisible in the original.
    pub(super) fn is_hidden(&self, start: usize, end: usize) -> bool {
        // Of a plain text nothing was invisible.
        let Some(map) = self.map.get() else { return false };
        let index = map.hidden.partition_point(|hidden| hidden.1 <= start);
        map.hidden.get(index).is_some_and(|hidden| hidden.0 < end)
    }

    /// True if the stretch is a quotation inside a sentence: in backticks or typographic quotes, or in straight ones that
    /// follow a word (the quotes of a JSON value follow a colon).
    pub(super) fn is_quoted(&self, start: usize, end: usize) -> bool {
        let before = self.text.get(..start).unwrap_or_default();
        let after = self.text.get(end..).unwrap_or_default();
        let mut near = before.chars().rev().take(QUOTE_NEAR).skip_while(|c| !OPENING_QUOTES.contains(c));
        let Some(quote) = near.next() else { return false };
        let (space, word) = (near.next(), near.next());
        let follows_word =
            space == Some(' ') && word.is_some_and(|c| c.is_alphanumeric() || matches!(c, '(' | ','));
        let in_sentence = follows_word || !matches!(quote, '"' | '\'');
        in_sentence && after.chars().take(QUOTE_NEAR * 2).any(|c| CLOSING_QUOTES.contains(&c))
    }
}

/// How far from a match its quotation marks may stand, in characters.
const QUOTE_NEAR: usize = 24;
const OPENING_QUOTES: &[char] = &['"', '\'', '`', '“', '‘', '«', '„'];
const CLOSING_QUOTES: &[char] = &['"', '\'', '`', '”', '’', '»', '“'];

/// Fewer variation selectors in a row are not a message.
const SELECTORS_MIN: usize = 4;

#[derive(Default)]
struct Builder {
    text: String,
    map: Map,
    /// Bytes spelled by the current run of variation selectors.
    selectors: Vec<u8>,
    selectors_at: usize,
}

impl Builder {
    fn read(source: &str) -> Builder {
        let mut builder = Builder { text: String::with_capacity(source.len()), ..Builder::default() };
        builder.map.lines.push(0);
        let mut at = 0;
        while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
            let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            if ascii > 0 {
                builder.flush_selectors();
                builder.ascii(rest.get(..ascii).unwrap_or_default(), at);
                at += ascii;
            } else if let Some(character) = rest.chars().next() {
                let behind = rest.get(character.len_utf8()..).unwrap_or_default();
                builder.character(character, behind, at);
                at += character.len_utf8();
            }
        }
        builder.flush_selectors();
        builder
    }

    fn ascii(&mut self, run: &str, from: usize) {
        let bytes = run.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            // Letters are taken a word at a time.
            let word =
                bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_graphic()).count();
            if word > 0 {
                self.anchor(from + at);
                let start = self.text.len();
                self.text.push_str(run.get(at..at + word).unwrap_or_default());
                if let Some(added) = self.text.get_mut(start..) {
                    added.make_ascii_lowercase();
                }
                at += word;
                continue;
            }
            if byte.is_ascii_whitespace() {
                self.space(byte == b'\n');
            }
            at += 1;
        }
    }

    fn space(&mut self, line: bool) {
        if !self.text.ends_with(' ') && !self.text.is_empty() {
            self.text.push(' ');
        }
        if line {
            self.map.lines.push(self.text.len());
        }
    }

    /// What is pushed next comes from `original`.
    fn anchor(&mut self, original: usize) {
        let at = self.text.len();
        let expected = self.map.anchors.last().map_or(usize::MAX, |anchor| anchor.1 + (at - anchor.0));
        if expected != original {
            self.map.anchors.push((at, original));
        }
    }

    fn push(&mut self, character: char, original: usize) {
        self.anchor(original);
        self.text.push(character);
    }

    fn character(&mut self, character: char, behind: &str, at: usize) {
        let code = u32::from(character);
        match code {
            0xFE00..=0xFE0F => return self.selector(code - 0xFE00, at),
            0xE0100..=0xE01EF => return self.selector(code - 0xE0100 + 16, at),
            _ => self.flush_selectors(),
        }
        match code {
            0xE0020..=0xE007E => {
                let letter = u8::try_from(code - 0xE0000).map_or(' ', char::from);
                self.hide(letter, at);
            }
            // Combining accents go, so that accented and plain spellings are one; invisible characters too.
            0x300..=0x36F | 0x483..=0x489 | 0x20D0..=0x20FF => {}
            0xAD | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F => {}
            0x200B..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFEFF
            | 0xFFA0
            | 0xE0000..=0xE0FFF => {}
            0x80..=0x9F if code != 0x85 => {}
            0x85 | 0x2028 | 0x2029 => self.space(true),
            0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0x3040..=0x30FF => self.push(character, at),
            _ => self.compatible(character, behind, at),
        }
    }

    fn compatible(&mut self, character: char, behind: &str, at: usize) {
        unicode_normalization::char::decompose_compatible(character, |part| {
            if part.is_whitespace() {
                self.space(false);
            } else if part.is_ascii() {
                self.push(part.to_ascii_lowercase(), at);
            } else if !is_accent(part) {
                for lower in part.to_lowercase().filter(|lower| !is_accent(*lower)) {
                    let drawn = latin(lower);
                    // Whole words of other scripts stay as they are.
                    let mixed = drawn != lower && (self.follows_latin() || leads_to_latin(behind));
                    self.push(if mixed { drawn } else { lower }, at);
                }
            }
        });
    }

    /// True if the word that is being written has a Latin letter.
    fn follows_latin(&self) -> bool {
        let word = self.text.chars().rev().take(WORD_MAX).take_while(|c| c.is_alphabetic());
        word.into_iter().any(|c| c.is_ascii_alphabetic())
    }

    fn hide(&mut self, letter: char, at: usize) {
        if self.map.hidden.last().is_none_or(|last| last.1 != self.text.len()) {
            self.space(true);
            let start = self.text.len();
            self.map.hidden.push((start, start));
        }
        match letter {
            ' ' => self.space(false),
            _ => self.push(letter.to_ascii_lowercase(), at),
        }
        let end = self.text.len();
        if let Some(last) = self.map.hidden.last_mut() {
            last.1 = end;
        }
    }

    fn selector(&mut self, byte: u32, at: usize) {
        if self.selectors.is_empty() {
            self.selectors_at = at;
        }
        self.selectors.push(u8::try_from(byte).unwrap_or(b' '));
    }

    fn flush_selectors(&mut self) {
        if self.selectors.len() >= SELECTORS_MIN {
            let bytes = std::mem::take(&mut self.selectors);
            for byte in bytes.into_iter().filter(u8::is_ascii) {
                self.hide(if byte.is_ascii_graphic() { char::from(byte) } else { ' ' }, self.selectors_at);
            }
        }
        self.selectors.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::View;
    use proptest::prelude::*;

    /// What normalising changes, and what stands beside it in ways that matter.
    const PIECES: &[&str] = &[
        "раyп",
        "аb",
        "ра",
        "Ра",
        "ра1",
        "αβ",
        "aβ",
        "Α",
        "ω",
        "ﬁ",
        "Ａ",
        "İ",
        "ß",
        "é",
        "e\u{301}",
        " ",
        "  ",
        "\n",
        "\u{1}",
        "\u{200b}",
        "\u{e0061}",
        "\u{e0020}",
        "\u{e007f}",
        "\u{fe01}",
        "\u{fe0f}",
        "\u{ad}",
        "℀",
        "…",
        "¨",
        "ͺ",
        "ϒ",
        "ı",
        "K",
        "중",
        "ｶﾞ",
        "क्",
        "ا",
        "\u{2028}",
        "\u{a0}",
        "_",
        "-",
        "7",
        "x",
        "q",
        "T",
        "ѕ",
        "Ѕ",
        "і",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_normal_stays_as_it_is(
            pieces in prop::collection::vec(prop_oneof![4 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)], 0..24),
        ) {
            let text = pieces.concat();
            let once = View::new(&text).text;
            let twice = View::new(&once).text;
            prop_assert_eq!(&twice, &once, "{:?}", text);
        }
    }

    #[test]
    fn letters_drawn_alike_are_latin_in_the_whole_word_and_words_of_other_scripts_stay() {
        for (text, normal) in [
            ("раypal", "paypal"),
            ("раурaл и мир", "paypaл и мир"),
            ("распоряжение", "распоряжение"),
            ("ѕсоре of WORK", "ѕсоре of work"),
            ("ｓсope", "scope"),
        ] {
            assert_eq!(View::new(text).text, normal);
        }
    }
}
