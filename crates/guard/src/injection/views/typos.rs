//! Words whose inner letters were shuffled: people read them, and so do models.

use std::sync::OnceLock;

use super::{Disguise, Views};

const TYPOS: Disguise = Disguise::new("shuffled-letters", 120);

/// Words that orders are made of, five letters or more; shuffled they are still read.
const WORDS: &[&str] = &[
    "ignore",
    "previous",
    "instructions",
    "instruction",
    "system",
    "prompt",
    "please",
    "password",
    "delete",
    "continue",
    "original",
    "following",
    "important",
    "message",
    "credentials",
    "secret",
    "forward",
    "repository",
    "instead",
    "because",
    "conversation",
    "everything",
    "assistant",
    "immediately",
    "execute",
    "command",
    "disregard",
    "override",
    "security",
    "environment",
    "variables",
    "contents",
    "containing",
    "include",
    "transfer",
    "account",
    "public",
    "private",
    "branch",
    "protection",
    "request",
    "response",
    "developer",
    "administrator",
    "authentication",
    "authorised",
    "authorized",
    "download",
    "customer",
    "document",
    "another",
    "without",
    "before",
    "should",
    "reveal",
    "confirm",
    "confirmation",
    "together",
    "through",
    "customers",
    "numbers",
    "released",
    "commit",
    "install",
    "dependency",
    "objective",
    "complete",
    "completed",
    "mandatory",
    "incorrect",
    "results",
    "participating",
    "penetration",
    "printed",
    "question",
    "followed",
    "database",
    "record",
    "records",
    "update",
    "create",
    "channel",
    "webhook",
    "upload",
    "attach",
    "integration",
    "debugging",
];

pub(super) fn find(text: &str, views: &mut Views) {
    let mut from = 0;
    while let Some(stretch) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let bound = stretch.floor_char_boundary(STRETCH_BYTES);
        let stretch = stretch.get(..bound).unwrap_or_default();
        let mut mended = String::new();
        let mut corrections = 0;
        let mut at = 0;
        for (start, word) in words(stretch) {
            if let Some(right) = right(word.as_bytes()) {
                mended.push_str(stretch.get(at..start).unwrap_or_default());
                mended.push_str(right);
                at = start + word.len();
                corrections += 1;
            }
        }
        if corrections >= CORRECTIONS_MIN {
            mended.push_str(stretch.get(at..).unwrap_or_default());
            views.take(&mended, from..from + bound, TYPOS);
        }
        from += bound.max(1);
    }
}

const STRETCH_BYTES: usize = 4_096;
const CORRECTIONS_MIN: usize = 2;

/// The words of five to fourteen letters.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let start = at;
            at += length.max(1);
            if (5..=14).contains(&length) {
                return Some((start, text.get(start..start + length)?));
            }
        }
    })
}

/// True if the word is a shuffling of a known one.
pub(in crate::injection) fn is_shuffled(word: &[u8]) -> bool {
    (5..=14).contains(&word.len()) && right(word).is_some()
}

/// The words that are known in every order.
pub(super) fn known_words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().copied()
}

/// The known words, by their first and last letter.
fn known(word: &[u8]) -> &'static [&'static str] {
    static TABLE: OnceLock<Vec<Vec<&str>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table = vec![Vec::new(); 32 * 32];
        for known in WORDS {
            if let Some(place) = table.get_mut(ends(known.as_bytes())) {
                place.push(*known);
            }
        }
        table
    });
    table.get(ends(word)).map_or(&[], Vec::as_slice)
}

/// The first and the last letter as a number.
fn ends(word: &[u8]) -> usize {
    let letter = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or(0) & 31);
    letter(word.first()) << 5 | letter(word.last())
}

/// The word that this one is a shuffling of; none if it is spelled right.
fn right(word: &[u8]) -> Option<&'static str> {
    let alike = known(word).iter().filter(|known| known.len() == word.len());
    let mut candidates = alike.filter(|known| sum(known.as_bytes()) == sum(word)).peekable();
    candidates.peek()?;
    if known(word).iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word)) {
        return None;
    }
    let letters = sorted(word);
    candidates.find(|known| sorted(known.as_bytes()) == letters).copied()
}

/// The same for all orders of the same letters.
fn sum(word: &[u8]) -> u32 {
    word.iter().map(|byte| u32::from(byte | 0x20)).sum()
}

fn sorted(word: &[u8]) -> Vec<u8> {
    let mut letters = word.to_ascii_lowercase();
    letters.sort_unstable();
    letters
}
