//! Does this read as language? Small words that no sentence does without.

/// How many of its words are small words, up to a hundred words of it; of the languages of most attacks.
pub(in crate::injection) fn words(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    words.take(WORDS_MAX).filter(|word| is_small(word)).count()
}

const WORDS_MAX: usize = 100;

pub(super) fn is_small(word: &str) -> bool {
    word.len() <= SMALL_BYTES_MAX && super::moved::is_plain(word.as_bytes())
}

/// All of them, lower case.
pub(super) fn small_words() -> impl Iterator<Item = &'static str> {
    SMALL.iter().copied()
}

const SMALL_BYTES_MAX: usize = 7;

/// At least eight letters of a script without the Latin alphabet.
pub(super) fn is_other_script(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic() && *c > '\u{370}').take(8).count() >= 8
}

/// Sorted.
const SMALL: &[&str] = &[
    "a", "after", "all", "an", "and", "any", "are", "as", "at", "auf", "be", "before", "but", "by", "can",
    "con", "das", "de", "del", "der", "des", "die", "do", "du", "ein", "el", "en", "et", "for", "from",
    "has", "have", "het", "i", "if", "il", "in", "into", "is", "ist", "it", "its", "la", "las", "le", "les",
    "los", "me", "mit", "must", "my", "new", "no", "not", "now", "of", "on", "once", "only", "or", "para",
    "please", "pour", "que", "so", "than", "that", "the", "their", "them", "then", "there", "these", "this",
    "to", "un", "una", "und", "une", "van", "von", "was", "we", "when", "will", "with", "without", "you",
    "your", "zu",
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_words_are_sorted() {
        assert!(super::SMALL.is_sorted());
    }

    #[test]
    fn language_is_told_from_noise() {
        assert!(super::words("please send the file to me") >= 3);
        assert_eq!(super::words("x9 qq zz 12 ab/cd"), 0);
    }
}
