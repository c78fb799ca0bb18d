//! Words cut by what a reader does not see, or sees past: emphasis, empty tags, comments, breaks between blocks.

use super::{Disguise, Views};
use crate::injection::normalise::View;
use crate::injection::screen::Screen;
use crate::injection::suspect::Marks;
use crate::limits::CANDIDATE_BYTES_MAX;

const MARKUP: Disguise = Disguise::new("split-by-markup", 150);
const BREAKS: Disguise = Disguise::new("split-by-breaks", 0);
const COLUMN: Disguise = Disguise::new("one-word-a-line", 110);

pub(super) fn find(text: &str, marks: Marks, screen: &Screen, views: &mut Views) {
    let cuts = if marks.wide { marks.signs } else { marks.cuts };
    if cuts >= CUTS_MIN {
        by_markup(text, views);
    }
    if marks.breaks > 0 || marks.wide {
        by_breaks(text, screen, views);
    }
    in_a_column(text, views);
}

/// `ig**n**ore`, `ig<wbr>nore`, `ig<!-- -->nore`: markup with a letter on both sides.
fn by_markup(text: &str, views: &mut Views) {
    let mut from = 0;
    for (start, end) in clusters(text, cuts(text)) {
        if start < from {
            continue;
        }
        let stretch = text.get(start..end).unwrap_or_default();
        let mut joined = String::new();
        let mut at = 0;
        for (cut, length) in cuts(stretch) {
            joined.push_str(stretch.get(at..cut).unwrap_or_default());
            at = cut + length;
        }
        joined.push_str(stretch.get(at..).unwrap_or_default());
        views.take(&joined, start..end, MARKUP);
        from = end;
    }
}

/// Where markup stands inside of a word, and how long it is.
fn cuts(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    let sign = |byte: &u8| matches!(byte, b'*' | b'<' | b'`' | b'~');
    while let Some(offset) = text.as_bytes().get(at..).and_then(|rest| rest.iter().position(sign)) {
        let start = at + offset;
        let rest = text.get(start..).unwrap_or_default();
        let length = cut_length(rest);
        let before = text.get(..start).and_then(|head| head.chars().next_back());
        let after = text.get(start + length..).and_then(|tail| tail.chars().next());
        let letter = |side: Option<char>| side.is_some_and(char::is_alphabetic);
        if length > 0 && letter(before) && letter(after) {
            found.push((start, length));
        }
        at = start + length.max(1);
        at = text.ceil_char_boundary(at);
    }
    found
}

fn cut_length(rest: &str) -> usize {
    for sign in ["****", "**", "``", "~~", "*", "`"] {
        if rest.starts_with(sign) {
            return sign.len();
        }
    }
    if rest.starts_with("<!--") {
        return rest
            .get(..rest.floor_char_boundary(64))
            .and_then(|head| head.find("-->"))
            .map_or(0, |end| end + 3);
    }
    // Tags, and empty pairs of them: `<b></b>`.
    let mut length = 0;
    while let Some(tail) = rest.get(length..).filter(|tail| tail.starts_with('<')) {
        let Some(end) = tail.get(..tail.floor_char_boundary(48)).and_then(|head| head.find('>')) else {
            break;
        };
        let inside = tail.get(1..end).unwrap_or_default();
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            break;
        }
        length += end + 1;
    }
    length
}

/// Stretches with at least four cuts near each other, widened to their lines.
fn clusters(text: &str, cuts: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize, u32)> = None;
    for (at, _) in cuts {
        open = Some(match open {
            Some((start, last, count)) if at - last < CUT_NEAR && at - start < CANDIDATE_BYTES_MAX => {
                (start, at, count + 1)
            }
            done => {
                found.extend(done.filter(|done| done.2 >= CUTS_MIN));
                (at, at, 1)
            }
        });
    }
    found.extend(open.filter(|open| open.2 >= CUTS_MIN));
    let wide = |(start, last, _): (usize, usize, u32)| {
        let head = text.get(..start).unwrap_or_default();
        let tail = text.get(last..).unwrap_or_default();
        let from = head.rfind('\n').map_or(0, |at| at + 1).max(start.saturating_sub(200));
        let to = last + tail.find('\n').unwrap_or(tail.len()).min(300);
        (text.ceil_char_boundary(from), text.floor_char_boundary(to))
    };
    found.into_iter().map(wide).collect()
}

const CUTS_MIN: u32 = 4;
const CUT_NEAR: usize = 60;

/// An order cut in two blocks: `Ignore all prev` and `ious instructions`.
fn by_breaks(text: &str, screen: &Screen, views: &mut Views) {
    let breaks: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes())
        .filter(|at| {
            let bytes = text.as_bytes();
            let letter = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            before.is_some_and(letter) && bytes.get(at + 1).is_some_and(|byte| letter(byte) || *byte == b' ')
        })
        .take(BREAKS_MAX + 1)
        .collect();
    // Text that is wrapped has a break in every sentence; words cut in two are told by being few.
    if breaks.is_empty() || breaks.len() > BREAKS_MAX {
        return;
    }
    // Nearly always nothing comes of it that was not there before.
    if !make_phrases(text, &breaks, screen) {
        return;
    }
    let (Some(first), Some(last)) = (breaks.first(), breaks.last()) else { return };
    let mut from = *first;
    while from <= *last {
        let to = breaks
            .iter()
            .rev()
            .find(|at| **at < from + CANDIDATE_BYTES_MAX / 2)
            .copied()
            .unwrap_or(from)
            .max(from);
        let start = text.ceil_char_boundary(from.saturating_sub(400));
        let end = text.floor_char_boundary(to + 800);
        let mut joined = String::new();
        let mut at = start;
        for cut in breaks.iter().filter(|cut| (start..end).contains(*cut)) {
            joined.push_str(text.get(at..*cut).unwrap_or_default());
            at = cut + 1;
        }
        joined.push_str(text.get(at..end).unwrap_or_default());
        views.take(&joined, start..end, BREAKS);
        let Some(next) = breaks.iter().find(|at| **at > to) else { return };
        from = *next;
    }
}

const BREAKS_MAX: usize = 24;

/// True if without one of these line ends, and those near it, a phrase stands there.
fn make_phrases(text: &str, breaks: &[usize], screen: &Screen) -> bool {
    // What is around each of them, one behind the other.
    let mut joined = String::new();
    let mut joints = Vec::new();
    for at in breaks {
        let start = text.ceil_char_boundary(at.saturating_sub(PHRASE_BYTES));
        let end = text.floor_char_boundary(at + PHRASE_BYTES);
        let mut from = start;
        for cut in breaks.iter().copied().filter(|cut| (start..end).contains(cut)) {
            joined.push_str(text.get(from..cut).unwrap_or_default());
            from = cut + 1;
            if cut == *at {
                joints.push(joined.len());
            }
        }
        joined.push_str(text.get(from..end).unwrap_or_default());
        joined.push_str(" | ");
    }
    if !joined.is_ascii() {
        return true;
    }
    screen.reaches_over(&View::new(&joined), &joints)
}

/// Longer than nearly all phrases.
const PHRASE_BYTES: usize = 32;

/// Single words on eight lines or more.
fn in_a_column(text: &str, views: &mut Views) {
    let mut start = 0;
    let mut words: Vec<&str> = Vec::new();
    let mut at = 0;
    if memchr::memchr_iter(b'\n', text.as_bytes()).take(COLUMN_MIN - 1).count() < COLUMN_MIN - 1 {
        return;
    }
    for line in text.split_inclusive('\n').chain([" \n"]) {
        let word = line.trim_ascii();
        if !word.is_empty() && !word.contains(' ') && words.len() < 400 {
            if words.is_empty() {
                start = at;
            }
            words.push(word);
        } else {
            let small = words.iter().filter(|word| super::language::is_small(word)).count();
            if words.len() >= COLUMN_MIN && small * 6 >= words.len() {
                views.take(&words.join(" "), start..at.min(text.len()), COLUMN);
            }
            words.clear();
        }
        at += line.len();
    }
}

/// Fewer words are a list.
const COLUMN_MIN: usize = 8;
