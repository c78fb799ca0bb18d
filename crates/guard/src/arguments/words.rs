//! Looking for words in a text without regular expressions.

/// Offsets where `word` stands in `text` as a word of its own: no letter, digit or `_` beside it.
pub(super) fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    let letter = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let first = word.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    let last = word.as_bytes().last().is_some_and(u8::is_ascii_alphanumeric);
    memchr::memmem::find_iter(bytes, word.as_bytes()).filter(move |at| {
        let before = first && at.checked_sub(1).is_some_and(letter);
        !(before || last && letter(at + word.len()))
    })
}

pub(super) fn has(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| has(text, word))
}

/// The first word of a text: letters, digits, `_`, `-`, `.` and `/`.
pub(super) fn first(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || "_-./".contains(c))).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}
