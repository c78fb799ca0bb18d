//! Letters that are drawn like Latin ones, and which words have any.

/// So many letters of a word are looked at to either side.
pub(super) const WORD_MAX: usize = 64;

pub(super) fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// True if a Latin letter stands further on in the word. White space ends one, and so do the signs of ASCII, by what is left
/// of them; nothing else does, for much of it vanishes.
pub(super) fn leads_to_latin(behind: &str) -> bool {
    let mut found = None;
    for c in behind.chars().filter(|c| !is_accent(*c)).take(WORD_MAX) {
        unicode_normalization::char::decompose_compatible(c, |part| match part {
            _ if found.is_some() => {}
            _ if part.is_ascii_alphabetic() => found = Some(true),
            _ if part.is_ascii_graphic() || is_space(part) => found = Some(false),
            _ => {}
        });
        if found.is_some() {
            break;
        }
    }
    found == Some(true)
}

/// What is written as a blank; other controls of ASCII vanish.
fn is_space(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_whitespace() } else { c.is_whitespace() }
}

/// The Latin letter that a Cyrillic, Greek or other letter is drawn like (after Unicode Technical Standard 39).
pub(super) fn latin(character: char) -> char {
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
