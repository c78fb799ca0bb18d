//! Text from outside, made safe to show: nothing invisible, nothing that the terminal would obey.

use std::fmt::Write;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

/// Shows every character that has no shape of its own as `⟨U+XXXX⟩`: control and format characters (terminal escapes,
/// bidirectional overrides, zero-width and tag characters), unusual spaces, fillers, unassigned and private ones, and
/// marks stacked on nothing or too high.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = MARKS_MAX;
    for character in text.chars() {
        let mark = is_mark(character);
        marks = if mark { marks.saturating_add(1) } else { 0 };
        if is_hidden(character) || (mark && marks > MARKS_MAX) {
            // Writing to a `String` cannot fail.
            let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(character));
            // What was replaced carries no mark.
            marks = MARKS_MAX;
        } else {
            shown.push(character);
        }
    }
    shown
}

/// What kind of text is looked at for look-alikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// A name that must be what it seems: a server, a tool, a key.
    Name,
    /// Prose or content, where whole words of other alphabets are normal.
    Content,
}

/// Says what in a text may not be what it seems, a line per word, already safe to show.
pub(crate) fn suspicions(text: &str, kind: Text) -> Vec<String> {
    let mut found = Vec::new();
    if text.is_ascii() {
        return found;
    }
    for word in text.split(|character: char| !character.is_alphanumeric() && !is_mark(character)) {
        if word.is_ascii() {
            continue;
        }
        let reads_like: String = skeleton(word).collect();
        let shown = visible(word);
        match (word.is_single_script(), reads_like.is_ascii()) {
            (false, true) => found.push(format!("`{shown}` mixes alphabets and reads like `{reads_like}`")),
            (false, false) => found.push(format!("`{shown}` mixes alphabets")),
            (true, true) if kind == Text::Name && reads_like != word => {
                found.push(format!("`{shown}` is not `{reads_like}`: its letters only look so"));
            }
            (true, _) => {}
        }
    }
    if text.chars().any(is_right_to_left) {
        found.push(
            "right-to-left letters: some terminals show what surrounds them in another order".to_owned(),
        );
    }
    if text.chars().any(is_hidden) {
        found.push("characters that are invisible, shown as ⟨U+…⟩".to_owned());
    }
    found
}

fn is_mark(character: char) -> bool {
    matches!(
        character.general_category(),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark | GeneralCategory::SpacingMark
    )
}

fn is_hidden(character: char) -> bool {
    if (' '..='~').contains(&character) {
        return false;
    }
    let by_category = matches!(
        character.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    );
    by_category || BLANK.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

fn is_right_to_left(character: char) -> bool {
    RIGHT_TO_LEFT.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// More marks than this on one letter belong to no language and hide their neighbours.
const MARKS_MAX: u8 = 2;

/// Characters of a visible category that show nothing (Unicode's Default_Ignorable_Code_Point and blank symbols), and
/// the bracket that this module itself writes.
const BLANK: [(char, char); 12] = [
    ('\u{34F}', '\u{34F}'),     // combining grapheme joiner
    ('\u{115F}', '\u{1160}'),   // Hangul fillers
    ('\u{17B4}', '\u{17B5}'),   // Khmer inherent vowels
    ('\u{180B}', '\u{180F}'),   // Mongolian selectors
    ('\u{2065}', '\u{2065}'),   // reserved, default ignorable
    ('\u{2800}', '\u{2800}'),   // braille blank
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{FE00}', '\u{FE0F}'),   // variation selectors
    ('\u{FFA0}', '\u{FFA0}'),   // halfwidth Hangul filler
    ('\u{1D159}', '\u{1D159}'), // musical null notehead
    ('\u{E0000}', '\u{E0FFF}'), // tags and variation selectors
    ('\u{27E8}', '\u{27E8}'),   // ⟨
];

/// The blocks of right-to-left scripts.
const RIGHT_TO_LEFT: [(char, char); 5] = [
    ('\u{590}', '\u{8FF}'),
    ('\u{FB1D}', '\u{FDFF}'),
    ('\u{FE70}', '\u{FEFE}'),
    ('\u{10800}', '\u{10FFF}'),
    ('\u{1E800}', '\u{1EFFF}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_stays() {
        for (text, shown) in [
            ("plain text, 100 % ~", "plain text, 100 % ~"),
            ("grüße, 日本語, привет, e\u{301}", "grüße, 日本語, привет, e\u{301}"),
            ("a\u{202E}txt.exe", "a⟨U+202E⟩txt.exe"),
            ("\u{1b}[2Jgone", "⟨U+001B⟩[2Jgone"),
            ("\u{9b}2J", "⟨U+009B⟩2J"),
            ("a\nb\r\tc\u{7f}\0", "a⟨U+000A⟩b⟨U+000D⟩⟨U+0009⟩c⟨U+007F⟩⟨U+0000⟩"),
            ("zero\u{200B}\u{200D}\u{2060}\u{FEFF}", "zero⟨U+200B⟩⟨U+200D⟩⟨U+2060⟩⟨U+FEFF⟩"),
            ("tag\u{E0041}", "tag⟨U+E0041⟩"),
            ("no\u{A0}break\u{3000}", "no⟨U+00A0⟩break⟨U+3000⟩"),
            ("fill\u{3164}\u{2800}\u{FE0F}", "fill⟨U+3164⟩⟨U+2800⟩⟨U+FE0F⟩"),
            ("own\u{E000}\u{10FFFF}", "own⟨U+E000⟩⟨U+10FFFF⟩"),
            ("line\u{2028}\u{2029}", "line⟨U+2028⟩⟨U+2029⟩"),
            ("\u{301}alone", "⟨U+0301⟩alone"),
            ("z\u{301}\u{302}\u{303}\u{304}", "z\u{301}\u{302}⟨U+0303⟩⟨U+0304⟩"),
            ("⟨U+202E⟩", "⟨U+27E8⟩U+202E⟩"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn look_alikes_are_named() {
        for (text, kind, expected) in [
            ("paypal.com/login", Text::Name, ""),
            ("p\u{430}ypal", Text::Content, "`p\u{430}ypal` mixes alphabets and reads like `paypal`"),
            (
                "\u{441}\u{43e}\u{440}",
                Text::Name,
                "`\u{441}\u{43e}\u{440}` is not `cop`: its letters only look so",
            ),
            ("\u{441}\u{43e}\u{440}", Text::Content, ""),
            ("привет, мир", Text::Content, ""),
            ("東京タワーで", Text::Name, ""),
            ("grüße", Text::Name, ""),
            ("Δabc", Text::Content, "`Δabc` mixes alphabets"),
            (
                "שלום",
                Text::Content,
                "right-to-left letters: some terminals show what surrounds them in another order",
            ),
            ("a\u{200B}b", Text::Name, "characters that are invisible, shown as ⟨U+…⟩"),
        ] {
            assert_eq!(suspicions(text, kind).join("; "), expected, "{text}");
        }
    }
}
