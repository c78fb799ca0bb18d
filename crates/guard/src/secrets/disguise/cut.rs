//! Tokens that were cut in two: by a line end, by what joins two texts in code, by characters without width.

use std::ops::Range;

use super::{Look, PREFIXES, Place, RUN_MIN};

/// What stands between the halves of a token: a line end, `" + "`, characters without width.
pub(super) fn joined(text: &str, look: &mut Look<'_>) {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{180e}');
    if !text.is_ascii() && text.contains(invisible) {
        let cuts = text.char_indices().filter(|(_, c)| invisible(*c)).map(|(at, c)| at..at + c.len_utf8());
        let (plain, places) = without(text, cuts);
        look(&plain, Place::Each(&places), "zero-width");
    }
    let glued = may_be_glued(text.as_bytes());
    for glue in GLUES.iter().filter(|_| glued) {
        if memchr::memmem::find(text.as_bytes(), glue.as_bytes()).is_some() {
            let cuts = text.match_indices(*glue).map(|(at, glue)| at..at + glue.len());
            let (plain, places) = without(text, cuts);
            look(&plain, Place::Each(&places), "cut-in-code");
        }
    }
    // A line is read at most twice, from its end and from its start.
    for at in memchr::memchr_iter(b'\n', text.as_bytes()) {
        let Some(halves) = halves_at(text, at) else { continue };
        let first = text.get(halves.start..at).unwrap_or_default();
        let rest = text.get(at + 1..halves.end).unwrap_or_default();
        look(&format!("{first}{rest}"), Place::Whole(halves), "cut-in-lines");
    }
}

/// True if halves of a token stand before and behind the line end at `at`.
pub(in crate::secrets) fn is_cut_at(text: &str, at: usize) -> bool {
    halves_at(text, at).is_some()
}

/// Where they stand.
fn halves_at(text: &str, at: usize) -> Option<Range<usize>> {
    let code =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'.');
    let bytes = text.as_bytes();
    let (head, tail) = (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default());
    let before = head.iter().rev().take_while(code).count();
    if before < HALF_MIN {
        return None;
    }
    let start = at - before;
    let first = text.get(start..at).unwrap_or_default();
    if !may_begin(first.as_bytes()) || !PREFIXES.iter().any(|prefix| first.starts_with(prefix)) {
        return None;
    }
    let after = tail.iter().take_while(code).count();
    (after >= HALF_MIN && before + after >= RUN_MIN).then_some(start..at + 1 + after)
}

/// What joins two texts in code; each begins with a quote.
const GLUES: [&str; 8] = ["\" + \"", "' + '", "\"+\"", "'+'", "\" . \"", "\"\n  \"", "\" \\\n\"", "\" \""];

/// True if what joins two texts in code begins with the quote at `at`.
pub(in crate::secrets) fn is_glued_at(bytes: &[u8], at: usize) -> bool {
    let behind = bytes.get(at..).unwrap_or_default();
    matches!(behind.get(1), Some(b' ' | b'+' | b'\n'))
        && GLUES.iter().any(|glue| behind.starts_with(glue.as_bytes()))
}

/// A cheap look: a quote, and behind it how one of them goes on.
fn may_be_glued(bytes: &[u8]) -> bool {
    let goes_on = |at: usize| matches!(bytes.get(at + 1), Some(b' ' | b'+' | b'\n'));
    memchr::memchr2_iter(b'"', b'\'', bytes).any(goes_on)
}

/// Shorter pieces of a token at a line's end or start are chance.
const HALF_MIN: usize = 4;

/// The text without these stretches, and where each of its bytes stood.
fn without(text: &str, cuts: impl Iterator<Item = Range<usize>>) -> (String, Vec<usize>) {
    let mut plain = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts.chain(std::iter::once(text.len()..text.len())) {
        plain.push_str(text.get(at..cut.start).unwrap_or_default());
        places.extend(at..cut.start.max(at));
        at = cut.end;
    }
    (plain, places)
}

/// False only if no token begins at `at`.
#[inline]
pub(in crate::secrets) fn may_begin_at(bytes: &[u8], at: usize) -> bool {
    may_begin(bytes.get(at..).unwrap_or_default())
}

/// False only if no token begins so: by the first two letters.
fn may_begin(text: &[u8]) -> bool {
    const FIRST: u128 = letters_at(0);
    const SECOND: u128 = letters_at(1);
    let is_of = |set: u128, byte: u8| set >> (byte & 0x7f) & 1 == 1;
    text.first_chunk::<2>().is_some_and(|[first, second]| is_of(FIRST, *first) & is_of(SECOND, *second))
}

/// The letters that a token has at this place of its prefix; a bit for each.
const fn letters_at(place: usize) -> u128 {
    let (mut set, mut rest) = (0, PREFIXES);
    while let [prefix, others @ ..] = rest {
        let (_, letters) = prefix.as_bytes().split_at(place);
        if let [letter, ..] = letters {
            set |= 1 << (*letter & 0x7f);
        }
        rest = others;
    }
    set
}
