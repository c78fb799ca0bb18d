//! The `hidden-text` guard: characters that a person does not see and a model reads.
//!
//! The unit is a *hidden run*: neighbouring invisible characters and terminal escapes. A run is kept or reported as a
//! whole, judged by its own content and the visible characters around it, so that stripping never makes a new run.

mod character;
mod escape;

use std::borrow::Cow;
use std::ops::Range;

use self::character::{Hidden, classify, joins_letters, takes_variation};
use crate::guard::{Finding, Guard};
use crate::scanner::Detector;

/// The guard has no automaton: it reads characters.
#[derive(Debug)]
pub(crate) struct HiddenText;

impl Detector for HiddenText {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Option<&'static str> {
        each_run(text, &mut |span, code| {
            report(Finding::certain(Guard::HiddenText, code, span, message(code)));
        });
        None
    }
}

/// Removes what the `hidden-text` guard reports, and nothing else: emoji sequences, flags, and the joiners of Indic and
/// Arabic text stay. Idempotent.
#[must_use]
pub fn strip_hidden(text: &str) -> Cow<'_, str> {
    let mut stripped = strip_once(text);
    // What goes may have been all that excused an isolate or a joiner; each round takes at least a character.
    while let Cow::Owned(kept) = &stripped {
        match strip_once(kept) {
            Cow::Borrowed(_) => break,
            Cow::Owned(less) => stripped = Cow::Owned(less),
        }
    }
    stripped
}

fn strip_once(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut from = 0;
    each_run(text, &mut |span, _| {
        kept.push_str(text.get(from..span.start).unwrap_or_default());
        from = span.end;
    });
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// What one run holds.
#[derive(Default)]
struct Run {
    length: usize,
    tags: usize,
    flag_tags: usize,
    tag_end: bool,
    variations: usize,
    supplement: bool,
    joiners: usize,
    zero_width: usize,
    soft_hyphens: usize,
    fillers: usize,
    isolates: usize,
    overrides: usize,
    escapes: usize,
    styles: usize,
    controls: usize,
    others: usize,
    byte_order_marks: usize,
}

fn each_run(text: &str, report: &mut dyn FnMut(Range<usize>, &'static str)) {
    if plain(text) {
        return;
    }
    let right_to_left = text.chars().any(character::is_right_to_left);
    let mut before: Option<char> = None;
    let mut since = 0;
    let mut at = 0;
    while let Some(first) = char_at(text, at) {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let shown = rest.iter().position(|byte| !matches!(byte, b' '..=b'~')).unwrap_or(rest.len());
        if shown > 0 {
            at += shown;
            before = rest.get(shown - 1).copied().map(char::from);
            continue;
        }
        let start = at;
        let mut run = Run::default();
        while let Some(length) = step(text, at, &mut run) {
            at += length;
        }
        if at == start {
            before = Some(first);
            at += first.len_utf8();
            continue;
        }
        let around = Around { before, after: char_at(text, at), right_to_left, text, since, start, end: at };
        if let Some(code) = judge(&run, &around) {
            report(start..at, code);
        }
        since = at;
    }
}

/// Nothing in the text can be hidden: no control but white space, and only ASCII.
fn plain(text: &str) -> bool {
    crate::injection::is_plain(text.as_bytes())
        || text.is_ascii() && !text.bytes().any(|byte| (byte < b' ' && !is_layout(byte)) || byte == 0x7f)
}

fn is_layout(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Counts the invisible thing at `at` into `run` and returns its length in bytes; none if a visible character is there.
fn step(text: &str, at: usize, run: &mut Run) -> Option<usize> {
    let rest = text.get(at..)?;
    let character = rest.chars().next()?;
    let hidden = classify(character)?;
    run.length += 1;
    match hidden {
        Hidden::Escape => {
            run.escapes += 1;
            let length = escape::length(rest);
            run.styles += usize::from(rest.get(..length).is_some_and(escape::is_style));
            return Some(length);
        }
        Hidden::Tag(letter) => {
            run.tags += 1;
            run.flag_tags += usize::from(letter.is_ascii_lowercase() || letter.is_ascii_digit());
        }
        Hidden::TagEnd => {
            run.tags += 1;
            run.tag_end = true;
        }
        Hidden::Variation => run.variations += 1,
        Hidden::VariationSupplement => {
            run.variations += 1;
            run.supplement = true;
        }
        Hidden::Joiner => run.joiners += 1,
        Hidden::ZeroWidth => run.zero_width += 1,
        Hidden::ByteOrderMark => run.byte_order_marks += 1,
        Hidden::SoftHyphen => run.soft_hyphens += 1,
        Hidden::Filler => run.fillers += 1,
        Hidden::Isolate => run.isolates += 1,
        Hidden::Override => run.overrides += 1,
        Hidden::Control => run.controls += 1,
        Hidden::Other => run.others += 1,
    }
    Some(character.len_utf8())
}

/// The visible neighbours of a run.
struct Around<'a> {
    before: Option<char>,
    after: Option<char>,
    right_to_left: bool,
    text: &'a str,
    /// Where the run before ends: letters before it may belong to an escape.
    since: usize,
    start: usize,
    end: usize,
}

/// The finding that a run is, if it is one; the gravest first.
fn judge(run: &Run, around: &Around<'_>) -> Option<&'static str> {
    if run.escapes > 0 {
        return Some(if run.styles == run.length { "terminal-style" } else { "terminal-escape" });
    }
    if run.controls > 0 {
        return Some("control");
    }
    if run.tags > 0 {
        return (!is_flag(run, around)).then_some("tag-characters");
    }
    if run.overrides > 0 || (run.isolates > 0 && !around.right_to_left) {
        return Some("bidi");
    }
    if run.variations > 3 {
        return Some("variation-selectors");
    }
    if run.variations > 0 && !takes_variation(around.before, run.supplement) {
        return Some("variation-selectors");
    }
    if run.fillers > 0 {
        let hangul = |side: Option<char>| side.is_some_and(character::is_hangul);
        return (run.length > 2 || !(hangul(around.before) || hangul(around.after))).then_some("filler");
    }
    if run.soft_hyphens > 0 && !is_hyphenation(run, around) {
        return Some("soft-hyphen");
    }
    let invisible = run.joiners + run.zero_width + run.byte_order_marks + run.others;
    let at_start = around.start == 0 && run.byte_order_marks == 1 && run.length == 1;
    if invisible > RUN_KEPT_MAX || (invisible > 0 && !at_start && joins_letters(around.before, around.after))
    {
        return Some("zero-width");
    }
    None
}

/// Longer runs of zero-width characters carry bits; shorter ones come from copy and paste.
const RUN_KEPT_MAX: usize = 3;

/// A subdivision flag (Unicode Technical Standard 51, section 3.4): black flag, two to six tag letters, the end tag.
fn is_flag(run: &Run, around: &Around<'_>) -> bool {
    let letters = run.tags.saturating_sub(1);
    around.before == Some('\u{1f3f4}')
        && run.tag_end
        && run.length == run.tags
        && run.flag_tags == letters
        && (2..=6).contains(&letters)
}

/// A typesetter's break in a long word: at least two letters on each side, and six in all.
fn is_hyphenation(run: &Run, around: &Around<'_>) -> bool {
    let letters = |text: &mut dyn Iterator<Item = char>| {
        text.take_while(|c| c.is_alphabetic() && classify(*c).is_none()).take(8).count()
    };
    let before = letters(&mut around.text.get(around.since..around.start).unwrap_or_default().chars().rev());
    let after = letters(&mut around.text.get(around.end..).unwrap_or_default().chars());
    run.length == 1 && before >= 2 && after >= 2 && before + after >= 6
}

fn message(code: &str) -> &'static str {
    match code {
        "terminal-style" => "terminal colour or style",
        "terminal-escape" => "terminal escape sequence, which can hide or rewrite text",
        "control" => "control character that is not white space",
        "tag-characters" => "Unicode tag characters, an invisible copy of ASCII",
        "bidi" => "bidirectional control, which shows text in another order than it is read",
        "variation-selectors" => "variation selectors that select no variation and can carry bytes",
        "filler" => "invisible Hangul filler outside Hangul",
        "soft-hyphen" => "soft hyphens that split words",
        _ => "zero-width characters between letters, or a run of them",
    }
}

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    CODES.into_iter().map(|code| ((Guard::HiddenText, code), message(code)))
}

const CODES: [&str; 9] = [
    "bidi",
    "control",
    "filler",
    "soft-hyphen",
    "tag-characters",
    "terminal-escape",
    "terminal-style",
    "variation-selectors",
    "zero-width",
];
