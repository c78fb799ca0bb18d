//! Secrets that were encoded, turned round, spread out or cut: put together again, and looked at once more.
//!
//! Only tokens with a prefix and private keys count here: what stands behind a name is judged where it stands.

mod cut;
mod spread;

use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use memchr::memmem::Finder;

use self::cut::joined;
pub(super) use self::cut::{is_cut_at, is_glued_at, may_begin_at};
use self::spread::spread;
use super::glance::Glance;
use super::{Secret, Secrets};
use crate::guard::Via;
use crate::limits::CANDIDATE_BYTES_MAX;
use crate::runs::{QUADS_BEHIND_STRAY, STRAY_LETTERS_MAX, is_hex, may_hold_text};

/// A secret in the original text, and how it was hidden.
pub(super) type Hidden = (Secret, Via);

impl Secrets {
    /// False only if there is none: not in the text, nor in a part of it between two quotes.
    pub(super) fn may_hide(&self, text: &str, glance: &Glance) -> bool {
        let mut any = glance.cut;
        let look: &mut Look<'_> = &mut |_, _, _| any = true;
        if glance.code || glance.frame {
            runs(text, look);
        }
        if glance.row {
            spread(text, look);
        }
        if glance.escape {
            escaped(text, look);
        }
        if glance.wide {
            joined(text, look);
        }
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

#[cfg(test)]
pub(super) fn has_candidates(text: &str) -> bool {
    let mut any = false;
    candidates(text, &mut |_, _, _| any = true);
    any
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
