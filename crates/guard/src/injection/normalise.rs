//! The normalised view that concepts are searched in, with the way back to the original offsets.

use unicode_normalization::UnicodeNormalization;

/// Lower-cased text without accents, invisible characters and repeated white space; look-alike letters inside Latin words
/// are Latin, and text written in tag characters or variation selectors is spelled out.
#[derive(Debug)]
pub(super) struct View {
    pub text: String,
    /// Normalised offset → original offset, wherever the distance between the two changes.
    anchors: Vec<(usize, usize)>,
    /// Normalised stretches that were invisible.
    hidden: Vec<(usize, usize)>,
    /// Normalised offsets where a line starts.
    lines: Vec<usize>,
}

impl View {
    pub(super) fn new(text: &str) -> View {
        let mut builder = Builder {
            view: View {
                text: String::with_capacity(text.len()),
                anchors: vec![(0, 0)],
                hidden: Vec::new(),
                lines: vec![0],
            },
            selectors: Vec::new(),
            selectors_at: 0,
        };
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let ascii = rest.bytes().take_while(u8::is_ascii).count();
            if ascii > 0 {
                builder.flush_selectors();
                builder.ascii(rest.get(..ascii).unwrap_or_default(), at);
                at += ascii;
            } else if let Some(character) = rest.chars().next() {
                let next = rest.chars().nth(1);
                builder.character(character, next, at);
                at += character.len_utf8();
            }
        }
        builder.flush_selectors();
        builder.view
    }

    /// The original bytes of a normalised stretch, on character boundaries.
    pub(super) fn original(&self, start: usize, end: usize, text: &str) -> std::ops::Range<usize> {
        let from = text.floor_char_boundary(self.origin(start));
        let to = text.ceil_char_boundary((self.origin(end.saturating_sub(1)) + 1).min(text.len()));
        from..to.max(from)
    }

    fn origin(&self, at: usize) -> usize {
        let index = self.anchors.partition_point(|anchor| anchor.0 <= at);
        let (normalised, original) =
            index.checked_sub(1).and_then(|last| self.anchors.get(last)).copied().unwrap_or((0, 0));
        original + (at - normalised)
    }

    pub(super) fn starts_line(&self, at: usize) -> bool {
        self.lines.binary_search(&at).is_ok()
    }

    /// True if any of the stretch was invisible in the original.
    pub(super) fn is_hidden(&self, start: usize, end: usize) -> bool {
        let index = self.hidden.partition_point(|hidden| hidden.1 <= start);
        self.hidden.get(index).is_some_and(|hidden| hidden.0 < end)
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

struct Builder {
    view: View,
    /// Bytes spelled by the current run of variation selectors.
    selectors: Vec<u8>,
    selectors_at: usize,
}

impl Builder {
    fn ascii(&mut self, run: &str, from: usize) {
        for (index, byte) in run.bytes().enumerate() {
            if byte.is_ascii_whitespace() {
                self.space(byte == b'\n');
            } else if byte >= b' ' && byte != 0x7f {
                self.push(char::from(byte.to_ascii_lowercase()), from + index);
            }
        }
    }

    fn space(&mut self, line: bool) {
        if !self.view.text.ends_with(' ') && !self.view.text.is_empty() {
            self.view.text.push(' ');
        }
        if line {
            self.view.lines.push(self.view.text.len());
        }
    }

    fn push(&mut self, character: char, original: usize) {
        let at = self.view.text.len();
        let expected = self.view.anchors.last().map_or(0, |anchor| anchor.1 + (at - anchor.0));
        if expected != original {
            self.view.anchors.push((at, original));
        }
        self.view.text.push(character);
    }

    fn character(&mut self, character: char, next: Option<char>, at: usize) {
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
            _ => self.compatible(character, next, at),
        }
    }

    fn compatible(&mut self, character: char, next: Option<char>, at: usize) {
        for part in std::iter::once(character).nfkd() {
            if part.is_whitespace() {
                self.space(false);
            } else if !matches!(part, '\u{300}'..='\u{36f}') {
                let in_latin = self.view.text.ends_with(|c: char| c.is_ascii_alphabetic())
                    || next.is_some_and(|c| c.is_ascii_alphabetic());
                for lower in part.to_lowercase() {
                    self.push(if in_latin { latin(lower) } else { lower }, at);
                }
            }
        }
    }

    fn hide(&mut self, letter: char, at: usize) {
        let start = self.view.text.len();
        match self.view.hidden.last_mut() {
            Some(last) if last.1 == start => last.1 = start + 1,
            _ => {
                self.space(true);
                let start = self.view.text.len();
                self.view.hidden.push((start, start + 1));
            }
        }
        if letter == ' ' {
            self.view.text.push(' ');
        } else {
            self.push(letter.to_ascii_lowercase(), at);
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

/// The Latin letter that a Cyrillic, Greek or other letter is drawn like (after Unicode Technical Standard 39).
fn latin(character: char) -> char {
    match character {
        'а' | 'α' | 'ɑ' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' | 'ҽ' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ι' | 'ı' | 'ɩ' => 'i',
        'ј' => 'j',
        'κ' | 'к' => 'k',
        'ӏ' | 'ǀ' | 'ⅼ' => 'l',
        'м' => 'm',
        'η' | 'ո' => 'n',
        'о' | 'ο' | 'օ' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'τ' | 'т' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ᴢ' => 'z',
        other => other,
    }
}
