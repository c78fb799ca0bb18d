//! Flags: which of them stand among the words of a command, in every way to write them.

mod synonyms;

use bailiwick_semantic::command::{Simple, Word};

use crate::glob::Name;

#[derive(Debug, Default)]
pub(crate) struct Flags {
    pub(crate) any: Vec<Flag>,
    pub(crate) none: Vec<Flag>,
    pub(crate) only: Option<Vec<Flag>>,
}

/// A pattern for one flag.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) name: Name,
    pub(crate) written: String,
}

impl Flag {
    /// In any writing.
    pub(super) fn stands_in(&self, simple: &Simple) -> bool {
        stands(&self.name, &self.written, simple)
    }

    /// As the entry writes it, or with other letters in the same word: an abbreviation may stand for another flag.
    pub(super) fn is_written_in(&self, simple: &Simple) -> bool {
        is_written(&self.name, simple) || has_letters(&self.written, |letter| has_letter(letter, simple))
    }
}

/// True if a flag stands among the words: `-r` in `-fr`, `--force` as `--force=x`, `--for` and, of programs whose flags are
/// known, `-f`.
pub(super) fn stands(name: &Name, written: &str, simple: &Simple) -> bool {
    is_written(name, simple)
        || is_abbreviated(written, simple)
        || has_synonym(written, simple)
        || has_letters(written, |letter| {
            has_letter(letter, simple) || has_synonym(&format!("-{letter}"), simple)
        })
}

fn texts(simple: &Simple) -> impl Iterator<Item = &str> {
    simple.arguments().iter().flat_map(Word::texts)
}

fn stem(text: &str) -> &str {
    text.split_once('=').map_or(text, |(stem, _)| stem)
}

fn is_written(name: &Name, simple: &Simple) -> bool {
    texts(simple).any(|text| name.matches(text, text, false) || name.matches(stem(text), stem(text), false))
}

fn is_abbreviated(written: &str, simple: &Simple) -> bool {
    written.starts_with("--")
        && texts(simple).map(stem).any(|stem| stem.len() >= ABBREVIATION_MIN && written.starts_with(stem))
}

/// True if `is` holds for all letters of `-rf`.
fn has_letters(written: &str, is: impl Fn(char) -> bool) -> bool {
    let Some(letters) = written.strip_prefix('-').filter(|letters| !letters.starts_with('-')) else {
        return false;
    };
    let all = |letter: char| letter.is_ascii_alphanumeric() && is(letter);
    !letters.is_empty() && letters.len() <= CLUSTER_MAX && letters.chars().all(all)
}

fn has_letter(letter: char, simple: &Simple) -> bool {
    texts(simple).any(|text| text.starts_with('-') && !text.starts_with("--") && text.contains(letter))
}

/// True if another name of the flag stands there.
fn has_synonym(written: &str, simple: &Simple) -> bool {
    simple.names().any(|program| {
        synonyms::of(&program, written).any(|other| match other.strip_prefix('-') {
            Some(long) if long.starts_with('-') => is_abbreviated(other, simple),
            Some(letter) if letter.len() == 1 => has_letters(other, |letter| has_letter(letter, simple)),
            Some(_) | None => texts(simple).any(|text| text == other),
        })
    })
}

/// `--` and this many letters less two: programs take every beginning that is the only one, `rm --r`.
const ABBREVIATION_MIN: usize = 3;
/// Longer words behind one `-` are names, not letters.
const CLUSTER_MAX: usize = 4;

/// True if a word that is not known may be a flag, or hold one.
pub(super) fn may_hold_flag(word: &Word) -> bool {
    // The name of `--name=$x` is known.
    let named =
        word.text.starts_with('-') && !word.text.split(['$', '`']).next().unwrap_or_default().contains('=');
    word.may_be_option() || (word.unknown.is_some() && (named || !word.is_one()))
}

/// True if every flag is in the list, whole or letter by letter.
pub(super) fn all_flags(simple: &Simple, only: &[Flag]) -> bool {
    let listed = |text: &str| only.iter().any(|flag| flag.name.matches(text, text, false));
    simple.arguments().iter().filter(|word| is_flag(word)).flat_map(Word::texts).all(|text| {
        let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-') && !rest.is_empty());
        listed(text)
            || listed(stem(text))
            || letters.is_some_and(|letters| letters.chars().all(|letter| listed(&format!("-{letter}"))))
    })
}

pub(super) fn is_flag(word: &Word) -> bool {
    word.texts().any(|text| text.len() > 1 && text.starts_with('-'))
}
