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
            if let Some(right) = right(word) {
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

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| (5..=14).contains(&word.len()))
        .map(move |word| (word.as_ptr() as usize - base, word))
}

/// One bit for each first letter, last letter and length that a known word has.
fn may_be(word: &str) -> bool {
    static SIEVE: OnceLock<Vec<u16>> = OnceLock::new();
    let sieve = SIEVE.get_or_init(|| {
        let mut sieve = vec![0_u16; 32 * 32];
        for known in WORDS {
            if let Some(place) = sieve.get_mut(ends(known)) {
                *place |= 1 << known.len();
            }
        }
        sieve
    });
    sieve.get(ends(word)).is_some_and(|lengths| lengths >> word.len() & 1 == 1)
}

/// The first and the last letter as a number.
fn ends(word: &str) -> usize {
    let letter = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or(0) & 31);
    letter(word.as_bytes().first()) << 5 | letter(word.as_bytes().last())
}

/// The word that this one is a shuffling of; none if it is spelled right.
fn right(word: &str) -> Option<&'static str> {
    if !may_be(word) {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let (first, last) = (lower.as_bytes().first()?, lower.as_bytes().last()?);
    let fits = |known: &&&str| {
        known.len() == lower.len()
            && known.as_bytes().first() == Some(first)
            && known.as_bytes().last() == Some(last)
    };
    let mut candidates = WORDS.iter().filter(fits).peekable();
    candidates.peek()?;
    let letters = sorted(&lower);
    candidates.find(|known| sorted(known) == letters && **known != lower).copied()
}

fn sorted(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}
