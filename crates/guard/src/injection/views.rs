//! What a text says once it is decoded, put together again, or read the other way round.
//!
//! Each disguise has a finder that looks for its own shape, undoes it within bounds and hands on what reads as language.
//! Hiding an order takes effort that honest texts do not make, so what was hidden weighs by itself.

mod ends;
mod escapes;
mod invisible;
mod language;
mod letters;
mod markup;
mod moved;
mod numbers;
mod runs;
mod typos;

use std::ops::Range;

pub(super) use self::ends::Ends;
pub(super) use self::letters::is_made;
#[cfg(test)]
pub(super) use self::letters::is_moved;
pub(super) use self::letters::{MADE_MIN, SINGLES_MIN};
pub(super) use self::moved::Tally;
pub(super) use self::typos::is_shuffled;

use super::screen::Screen;
use super::suspect::Marks;
use crate::guard::Via;
use crate::limits::{DECODED_BYTES_MAX, DECODED_VIEWS_MAX};

/// A piece of the text in plain letters.
#[derive(Debug)]
pub(super) struct Piece {
    pub text: String,
    /// The bytes of the original that it was made from.
    pub span: Range<usize>,
    pub via: Via,
    /// What the disguise weighs by itself, in hundredths of a point.
    pub points: i32,
}

/// A disguise and what it weighs when it hides language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disguise {
    name: &'static str,
    points: i32,
}

impl Disguise {
    const fn new(name: &'static str, points: i32) -> Disguise {
        Disguise { name, points }
    }
}

/// Collects pieces within the bounds.
#[derive(Debug)]
pub(super) struct Views {
    pub pieces: Vec<Piece>,
    bytes: usize,
    /// What encloses the text that is being read, when that is a piece itself.
    outer: Option<(Disguise, Range<usize>)>,
    /// Pieces that were left out.
    pub full: bool,
}

impl Views {
    /// Every piece of `text`, and of the pieces that are encoded once more. What the marks exclude is not looked for.
    pub(super) fn of(text: &str, marks: Marks, screen: &Screen) -> Views {
        let mut views = Views { pieces: Vec::new(), bytes: 0, outer: None, full: false };
        views.find(text, marks, screen);
        // One level deeper: base64 in base64, percent signs in base64.
        let first = views.pieces.len();
        for index in 0..first {
            let Some(piece) = views.pieces.get(index) else { break };
            let name = piece.via.outer.unwrap_or_default();
            let (text, span) = (piece.text.clone(), piece.span.clone());
            views.outer = Some((Disguise::new(name, piece.points), span));
            runs::find(&text, &mut views);
            escapes::find(&text, &mut views);
        }
        views.pieces.retain(|piece| piece.points >= 0);
        views
    }

    fn find(&mut self, text: &str, marks: Marks, screen: &Screen) {
        if marks.run >= RUN_MIN {
            runs::find(text, self);
        }
        if marks.escapes >= FEW {
            escapes::find(text, self);
        }
        if marks.numbers || marks.dots >= FEW {
            numbers::find(text, self);
        }
        letters::find(text, marks, self);
        markup::find(text, marks, screen, self);
        if marks.wide {
            invisible::find(text, self);
        }
        if marks.shuffled >= SHUFFLED_MIN {
            typos::find(text, self);
        }
    }

    /// Takes decoded bytes if they read as language, or may be encoded once more.
    fn take_bytes(&mut self, bytes: &[u8], span: Range<usize>, disguise: Disguise) {
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.take(text, span, disguise);
        }
    }

    fn take(&mut self, text: &str, span: Range<usize>, disguise: Disguise) {
        if !is_printable(text) {
            return;
        }
        let readable = language::words(text) >= WORDS_MIN || language::is_other_script(text);
        // A long word may be another encoding, whatever a line above or below it made of its neighbours.
        let has_long = || text.split(' ').any(|word| word.len() >= LONG_WORD);
        if !readable && (self.outer.is_some() || !has_long()) {
            return;
        }
        if self.pieces.len() >= DECODED_VIEWS_MAX || self.bytes + text.len() > DECODED_BYTES_MAX {
            self.full = true;
            return;
        }
        self.bytes += text.len();
        let (via, span, points) = match &self.outer {
            Some((outer, outer_span)) => (
                Via { outer: Some(outer.name), inner: Some(disguise.name) },
                outer_span.clone(),
                disguise.points + DOUBLE_POINTS,
            ),
            None => (Via { outer: Some(disguise.name), inner: None }, span, disguise.points),
        };
        let points = if readable { points } else { -1 };
        self.pieces.push(Piece { text: text.to_owned(), span, via, points });
    }
}

/// Letters and digits that the shortest run has at least: some of it are joiners.
const RUN_MIN: u32 = 20;
/// Fewer signs are punctuation; so many cuts or escapes every finder asks for.
const FEW: u32 = 4;
/// One word with two letters changed is a slip.
pub(super) const SHUFFLED_MIN: u32 = 2;
/// Shorter words hold no sentence in another encoding.
const LONG_WORD: usize = 24;
/// Fewer function words are chance.
const WORDS_MIN: usize = 2;
/// What a second layer weighs more.
const DOUBLE_POINTS: i32 = 80;

/// At least nineteen in twenty characters are such as people write.
fn is_printable(text: &str) -> bool {
    let (mut all, mut odd) = (0_usize, 0_usize);
    for character in text.chars() {
        all += 1;
        odd += usize::from(is_odd(character));
    }
    all >= 8 && odd * ODD_SHARE <= all
}

/// A text with more odd characters than one in so many is none.
const ODD_SHARE: usize = 20;

/// What people do not write.
fn is_odd(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t') || character == '\u{fffd}'
}
