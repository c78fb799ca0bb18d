//! Tokens whose characters were spread out.

use super::super::glance::FIRST_OR_SECOND;
use super::{Look, PIECE_OVERLAP_BYTES, PREFIXES, Place, RUN_MIN, next};
use crate::block::Block;
use crate::limits::CANDIDATE_BYTES_MAX;

/// `A K I A …`: single characters with a blank between them.
pub(super) fn spread(text: &str, look: &mut Look<'_>) {
    let bytes = text.as_bytes();
    if !has_row(bytes) {
        return;
    }
    let mut at = 0;
    while at + 2 < bytes.len() {
        // The last letter of a word is none of the row.
        if at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric) {
            at += 1;
            continue;
        }
        let mut end = at;
        let mut letters = String::new();
        while let (Some(byte), next) = (bytes.get(end), bytes.get(end + 1)) {
            if !byte.is_ascii_graphic() || next.is_some_and(u8::is_ascii_alphanumeric) {
                break;
            }
            letters.push(char::from(*byte));
            // The last one may stand before a quote.
            let last = next.is_some_and(|next| *next != b' ');
            end += if last { 1 } else { 2 };
            if last || letters.len() >= CANDIDATE_BYTES_MAX {
                break;
            }
        }
        if letters.len() >= RUN_MIN {
            let place = at..end.min(text.len());
            if let Some(token) = behind_a_letter(&letters, last_of_word(bytes, at)) {
                look(&token, Place::Whole(place.clone()), "spread-letters");
            }
            look(&letters, Place::Whole(place), "spread-letters");
        }
        let cut = letters.len() >= CANDIDATE_BYTES_MAX;
        at = if cut { next(end, bytes.len(), PIECE_OVERLAP_BYTES) } else { end.max(at + 1) };
    }
}

/// The letter of a word that stands before the row at `at`, as if it were of the row.
fn last_of_word(bytes: &[u8], at: usize) -> Option<char> {
    match bytes.get(at.checked_sub(2)?..at)? {
        [letter, b' '] if letter.is_ascii_graphic() => Some(char::from(*letter)),
        _ => None,
    }
}

/// The token in a row of `letters` behind `before` that other letters stand before, so that it is none by itself.
fn behind_a_letter(letters: &str, before: Option<char>) -> Option<String> {
    let row: String = before.into_iter().chain(letters.chars()).collect();
    let from = usize::from(before.is_none());
    let at = PREFIXES.iter().filter_map(|prefix| row.get(from..)?.find(prefix)).min()? + from;
    // What stands by itself is found as it is.
    let joined = row.get(..at)?.chars().last().is_none_or(|last| last.is_ascii_alphanumeric());
    joined.then(|| row.get(at..).unwrap_or_default().to_owned())
}

/// A cheap look: a row of single characters between blanks.
fn has_row(bytes: &[u8]) -> bool {
    // Wherever a row begins, one of its eights is whole, with a blank at every second place.
    let alternates = |block: Block| {
        let blanks = block.any_of(*b" ");
        let two = blanks & blanks >> 2;
        two & two >> 4 & FIRST_OR_SECOND != 0
    };
    if !Block::each(bytes).any(alternates) {
        return false;
    }
    let mut row = 0;
    for window in bytes.windows(3) {
        if let [before, one, b' '] = window {
            row = if *before == b' ' && one.is_ascii_graphic() { row + 1 } else { 0 };
            if row >= RUN_MIN - 2 {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{RUN_MIN, has_row};

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_row_is_seen_wherever_it_begins(
            before in "[a-z ]{0,20}", row in "( [!-~]){10,18} ?", after in "[a-z ]{0,20}",
        ) {
            let text = format!("{before}{row}{after}");
            let mut longest = 0;
            let mut singles = 0;
            for word in text.split(' ').skip(1) {
                singles = if word.len() == 1 { singles + 1 } else { 0 };
                longest = longest.max(singles);
            }
            // The last word of a text has no blank behind it.
            let open = text.len() > 1 && text.as_bytes()[text.len() - 2] == b' ' && !text.ends_with(' ');
            let closed = longest - usize::from(open && singles == longest);
            proptest::prop_assert_eq!(has_row(text.as_bytes()), closed >= RUN_MIN - 2, "{:?}", text);
        }
    }
}
