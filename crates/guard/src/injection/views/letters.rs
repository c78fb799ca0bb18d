//! Letters moved, spread or replaced: rot13, Caesar, reversed lines, `l e t t e r s`, `d.o.t.s`, leet.

use super::language::is_small;
use super::moved::{self, Way};
use super::{Disguise, Views};
use crate::injection::suspect::Marks;
use crate::limits::CANDIDATE_BYTES_MAX;

const REVERSED: Disguise = Disguise::new("reversed", 170);
const SPREAD: Disguise = Disguise::new("spread-letters", 170);
const LEET: Disguise = Disguise::new("leet", 150);
const SHIFTED: Disguise = Disguise::new("shifted-letters", 170);
const ROT13: Disguise = Disguise::new("rot13", 170);

pub(super) fn find(text: &str, marks: Marks, views: &mut Views) {
    if marks.moved {
        lines(text, views);
    }
    if marks.singles >= SINGLES_MIN {
        spread(text, views);
    }
    if marks.made >= MADE_MIN {
        leet(text, views);
    }
}

/// So many single characters in a row are looked at.
pub(in crate::injection) const SINGLES_MIN: u32 = 5;
/// One less than is asked for of a line: `70` is counted only there.
pub(in crate::injection) const MADE_MIN: u32 = 2;

/// A look at the whole text: a line with enough small words of another alphabet.
#[cfg(test)]
pub(in crate::injection) fn is_moved(text: &str) -> bool {
    let moved = moved::Moved::table();
    text.split('\n').any(|line| moved.count(line).ways().any(|count| count >= moved::MOVED_MIN))
}

/// A line that another alphabet reads better than its own, all of it or a stretch of its words.
fn lines(text: &str, views: &mut Views) {
    let moved = moved::Moved::table();
    for (start, line) in pieces(text) {
        let Some(way) = moved.count(line).way() else { continue };
        let span = start..start + line.len();
        match way {
            Way::Reversed => views.take(&line.chars().rev().collect::<String>(), span, REVERSED),
            Way::Shifted(13) => views.take(&moved::shifted(line, 13), span, ROT13),
            Way::Shifted(by) => views.take(&moved::shifted(line, by), span, SHIFTED),
        }
    }
}

/// Lines, cut where they are long.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let bound = rest.floor_char_boundary(PIECE_BYTES);
        let line = rest.get(..bound).and_then(|head| head.find('\n')).map_or(bound, |end| end + 1);
        let start = at;
        at += line;
        Some((start, rest.get(..line).unwrap_or_default()))
    })
}

const PIECE_BYTES: usize = 2_048;

/// `i g n o r e   a l l`, `i.g.n.o.r.e._.a.l.l`: single characters with one sign between them.
fn spread(text: &str, views: &mut Views) {
    if !is_spread(text.as_bytes()) {
        return;
    }
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let mut at = 0;
    while at + 2 < characters.len() {
        let Some(sign) = characters.get(at + 1).map(|(_, c)| *c).filter(|c| SIGNS.contains(c)) else {
            at += 1;
            continue;
        };
        let mut joined = String::new();
        let mut next = at;
        let mut letters = 0;
        while let Some((_, character)) = characters.get(next).filter(|_| joined.len() < CANDIDATE_BYTES_MAX) {
            let behind = characters.get(next + 1).map(|(_, c)| *c);
            if behind.is_some_and(|c| c != sign) && letters == 0
                || *character == sign && sign != '.' && sign != ' '
            {
                break;
            }
            letters += usize::from(character.is_alphabetic());
            joined.push(if *character == '_' { ' ' } else { *character });
            if behind != Some(sign) {
                next += 1;
                break;
            }
            next += 2;
            // Two or more blanks are one between words.
            let mut gap = 0;
            while sign == ' ' && characters.get(next).is_some_and(|(_, c)| *c == ' ') && gap < 4 {
                next += 1;
                gap += 1;
            }
            if gap > 0 {
                joined.push(' ');
            }
        }
        if letters >= SPREAD_MIN {
            let start = characters.get(at).map_or(0, |(start, _)| *start);
            let end = characters.get(next).map_or(text.len(), |(end, _)| *end);
            let readable = if joined.contains(' ') { joined } else { format!("{joined} ") };
            views.take(&readable, start..end, SPREAD);
        }
        at = next.max(at + 1);
    }
}

/// A cheap look: five single letters or digits in a row, each with one of the signs behind it.
fn is_spread(bytes: &[u8]) -> bool {
    let mut single = 0_u32;
    let mut before = b' ';
    for pair in bytes.windows(2) {
        let [byte, next] = pair else { continue };
        if byte.is_ascii_alphanumeric() {
            let alone = !before.is_ascii_alphanumeric() && !next.is_ascii_alphanumeric();
            single = if alone { single + 1 } else { 0 };
            if single >= SINGLES_MIN {
                return true;
            }
        }
        before = *byte;
    }
    false
}

const SIGNS: &[char] = &[' ', '.', '-', '*', '|', '_', '/', '\u{b7}'];
const SPREAD_MIN: usize = 14;

/// Digits for letters, where that makes small words of what was none.
fn leet(text: &str, views: &mut Views) {
    for (start, line) in pieces(text) {
        if made(line.as_bytes()).take(LEET_MIN).count() == LEET_MIN {
            views.take(&plain(line), start..start + line.len(), LEET);
        }
    }
}

/// The words of a line that digits and signs make small ones.
fn made(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let cuts = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | b',' | b'.' | b';' | b':');
    line.split(cuts).filter(|word| is_made(word) || matches!(*word, b"70"))
}

/// True if it is letters with digits or signs among them that make a small word of it.
pub(in crate::injection) fn is_made(word: &[u8]) -> bool {
    let stands = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'$' | b'!');
    (2..=7).contains(&word.len())
        && word.iter().any(stands)
        && word.iter().any(u8::is_ascii_alphabetic)
        && std::str::from_utf8(word).is_ok_and(|word| is_small(&plain(word)))
}

const LEET_MIN: usize = 3;

fn plain(word: &str) -> String {
    let letter = |character: char| match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    };
    word.chars().map(letter).collect()
}
