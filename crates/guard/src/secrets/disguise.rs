//! Secrets that were encoded, turned round, spread out or cut: put together again, and looked at once more.
//!
//! Only tokens with a prefix and private keys count here: what stands behind a name is judged where it stands.

use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use memchr::memmem::Finder;

use super::{Secret, Secrets};
use crate::block::Block;
use crate::guard::Via;
use crate::limits::CANDIDATE_BYTES_MAX;
use crate::runs::{QUADS_BEHIND_STRAY, STRAY_LETTERS_MAX, is_hex, may_hold_text};

/// A secret in the original text, and how it was hidden.
pub(super) type Hidden = (Secret, Via);

impl Secrets {
    /// False only if there is none: not in the text, nor in a part of it between two quotes.
    pub(super) fn may_hide(&self, text: &str) -> bool {
        let mut any = false;
        candidates(text, &mut |_, _, _| any = true);
        any
    }

    /// Every secret of `text` that only shows when a disguise is undone. However many there may be, no byte stands in more
    /// than a few.
    pub(super) fn hidden(&self, text: &str) -> Vec<Hidden> {
        let mut found = Vec::new();
        let mut look = |plain: &str, place: Place<'_>, name: &'static str| {
            for secret in self.find(plain).into_iter().filter(|secret| is_token(secret.code)) {
                let span = place.original(&secret.span);
                found.push((Secret::new(span, secret.code), Via { outer: Some(name), inner: None }));
            }
        };
        candidates(text, &mut look);
        found
    }
}

/// Calls `look` with everything that may be a disguise, undone.
fn candidates(text: &str, look: &mut Look<'_>) {
    runs(text, look);
    spread(text, look);
    escaped(text, look);
    joined(text, look);
}

/// Codes that a prefix or a frame proves.
fn is_token(code: &str) -> bool {
    !matches!(
        code,
        "password"
            | "secret"
            | "token"
            | "api-key"
            | "credential"
            | "authorization"
            | "url-password"
            | "jwt"
            | "aws-secret-key"
    )
}

type Look<'l> = dyn FnMut(&str, Place<'_>, &'static str) + 'l;

/// Where in the original a plain text comes from.
#[derive(Debug)]
enum Place<'p> {
    /// All of it from here.
    Whole(Range<usize>),
    /// Each byte from its own place.
    Each(&'p [usize]),
}

impl Place<'_> {
    fn original(&self, span: &Range<usize>) -> Range<usize> {
        match self {
            Place::Whole(whole) => whole.clone(),
            Place::Each(places) => {
                let at = |index: usize| places.get(index).copied();
                let start = at(span.start).unwrap_or(0);
                // Tokens are ASCII: their last byte is one.
                start..at(span.end.saturating_sub(1)).map_or(start, |last| last + 1)
            }
        }
    }
}

/// Runs of letters and digits: base64, hexadecimal, and read backwards.
fn runs(text: &str, look: &mut Look<'_>) {
    let bytes = text.as_bytes();
    let _ = crate::runs::runs::<true>(bytes, |whole| {
        // Behind the backslash of an escape stands a letter of the escape, with which no text in base64 begins.
        let escape = whole.start.checked_sub(1).and_then(|before| bytes.get(before..=whole.start));
        let mut start = whole.start + usize::from(matches!(escape, Some([b'\\', b'n' | b'r' | b't'])));
        while start < whole.end {
            let end = whole.end.min(start + CANDIDATE_BYTES_MAX);
            run(text.get(start..end).unwrap_or_default(), start, look);
            start = next(end, whole.end, PIECE_OVERLAP_BYTES);
        }
        ControlFlow::Continue(())
    });
    // A key's frame reads backwards too.
    static FRAME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"-----YEK ETAVIRP"));
    if let Some(at) = FRAME.find(bytes) {
        let end = text.len();
        let backwards: String = text
            .get(at.saturating_sub(0)..end)
            .unwrap_or_default()
            .chars()
            .take(CANDIDATE_BYTES_MAX)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        look(&backwards, Place::Whole(at..end), "reversed");
    }
}

/// Where the piece behind the one that ends at `end` begins: nothing is cut in two.
fn next(end: usize, last: usize, overlap: usize) -> usize {
    if end < last { end.saturating_sub(overlap) } else { end }
}

/// Longer tokens are not put together from two pieces, in bytes of what they are written in; a multiple of what base64 and
/// hexadecimal write together.
const PIECE_OVERLAP_BYTES: usize = 1 << 10;

/// One run from `start` on.
fn run(run: &str, start: usize, look: &mut Look<'_>) {
    let (length, end) = (run.len(), start + run.len());
    if length < RUN_MIN {
        return;
    }
    let hex = length.is_multiple_of(2) && is_hex(run.as_bytes());
    if hex && length >= 2 * RUN_MIN {
        if may_be_hex_of_text(run.as_bytes())
            && let Ok(plain) = HEXLOWER_PERMISSIVE.decode(run.as_bytes())
        {
            decoded(&plain, start..end, "hex", look);
        }
    } else if !hex {
        for stray in 0..=STRAY_LETTERS_MAX {
            let quads = if stray == 0 { 4 } else { QUADS_BEHIND_STRAY };
            let whole = run.get(stray..).unwrap_or_default().as_bytes();
            let whole = whole.get(..whole.len() - usize::from(whole.len() % 4 == 1)).unwrap_or_default();
            if may_hold_text(whole, quads)
                && let Ok(plain) = BASE64_NOPAD.decode(whole).or_else(|_| BASE64URL_NOPAD.decode(whole))
            {
                decoded(&plain, start..end, "base64", look);
            }
        }
        let last = run.bytes().next_back().unwrap_or(0);
        let starts = |prefix: &&&str| prefix.bytes().next() == Some(last);
        if PREFIXES.iter().filter(starts).any(|prefix| ends_backwards(run, prefix)) {
            let backwards: String = run.chars().rev().collect();
            look(&backwards, Place::Whole(start..end), "reversed");
        }
    }
}

/// False only if the first bytes are none of a text in UTF-8.
fn may_be_hex_of_text(run: &[u8]) -> bool {
    let mut head = [0_u8; 8];
    let digit =
        |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    for (place, pair) in head.iter_mut().zip(run.as_chunks::<2>().0) {
        let [high, low] = pair.map(digit);
        *place = high << 4 | low;
        if matches!(*place, 0..=8 | 0xb | 0xe..=0x1f | 0x7f) {
            return false;
        }
    }
    std::str::from_utf8(&head).map_or_else(|error| error.error_len().is_none(), |_| true)
}

const RUN_MIN: usize = crate::runs::RUN_BYTES_MIN;

/// True if `run` read backwards begins with `prefix`.
fn ends_backwards(run: &str, prefix: &str) -> bool {
    run.len() >= prefix.len() && run.bytes().rev().zip(prefix.bytes()).all(|(one, other)| one == other)
}

fn decoded(plain: &[u8], span: Range<usize>, name: &'static str, look: &mut Look<'_>) {
    let Ok(text) = std::str::from_utf8(plain) else { return };
    if !text.is_empty() && text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()) {
        look(text, Place::Whole(span), name);
    }
}

/// How tokens begin that are worth turning round for.
const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "ASIA",
    "sk-",
    "sk_",
    "rk_",
    "AIza",
    "npm_",
    "pypi-",
    "hf_",
    "SG.",
    "dop_v1_",
    "hvs.",
    "eyJ",
    "dapi",
    "shpat_",
    "gsk_",
    "xai-",
    "lin_api_",
    "AGE-SECRET-KEY-",
];

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

/// `A K I A …`: single characters with a blank between them.
fn spread(text: &str, look: &mut Look<'_>) {
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

/// The first and second of every aligned eight bytes.
const FIRST_OR_SECOND: u64 = 0x0303_0303_0303_0303;

/// `%41%4B…`: eight percent escapes or more in a row.
fn escaped(text: &str, look: &mut Look<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'%', bytes.get(at..).unwrap_or_default()) {
        let start = at + offset;
        let mut plain = Vec::new();
        let mut end = start;
        while let Some([b'%', high, low]) = bytes.get(end..end + 3) {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { break };
            plain.push(high << 4 | low);
            end += 3;
        }
        if plain.len() >= RUN_MIN {
            decoded(&plain, start..end, "percent", look);
        }
        at = end.max(start + 1);
    }
}

/// False only if there is no secret of which halves stand in the text.
pub(super) fn is_cut(text: &str) -> bool {
    let mut any = false;
    joined(text, &mut |_, _, _| any = true);
    any
}

/// What stands between the halves of a token: a line end, `" + "`, characters without width.
fn joined(text: &str, look: &mut Look<'_>) {
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
    let bytes = text.as_bytes();
    // A line is read at most twice, from its end and from its start.
    for at in memchr::memchr_iter(b'\n', bytes) {
        let code = |byte: &&u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'.')
        };
        let (head, tail) = (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default());
        let before = head.iter().rev().take_while(code).count();
        if before < HALF_MIN {
            continue;
        }
        let start = at - before;
        let first = text.get(start..at).unwrap_or_default();
        if !may_begin(first.as_bytes()) || !PREFIXES.iter().any(|prefix| first.starts_with(prefix)) {
            continue;
        }
        let after = tail.iter().take_while(code).count();
        if after >= HALF_MIN && before + after >= RUN_MIN {
            let rest = text.get(at + 1..at + 1 + after).unwrap_or_default();
            look(&format!("{first}{rest}"), Place::Whole(start..at + 1 + after), "cut-in-lines");
        }
    }
}

/// What joins two texts in code; each begins with a quote.
const GLUES: [&str; 8] = ["\" + \"", "' + '", "\"+\"", "'+'", "\" . \"", "\"\n  \"", "\" \\\n\"", "\" \""];

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
