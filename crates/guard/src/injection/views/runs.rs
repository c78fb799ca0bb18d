//! Long runs without blanks: base64 in its alphabets, base32, hexadecimal, and gzip inside of them.

mod code;

use std::ops::{ControlFlow, Range};

use self::code::{Codes, Found};
use super::{Disguise, Views};
use crate::limits::{CANDIDATE_BYTES_MAX, CANDIDATES_MAX, INFLATED_BYTES_MAX};
use crate::runs::{is_of, length_of};

const BASE64: Disguise = Disguise::new("base64", 100);
const GZIP: Disguise = Disguise::new("gzip", 180);
const BASE32: Disguise = Disguise::new("base32", 180);
const HEX: Disguise = Disguise::new("hex", 120);

/// Shorter runs hold no sentence.
const RUN_MIN: usize = 24;
/// Rows of more letters than are read at once overlap by so many.
const OVERLAP: usize = 1 << 10;

pub(super) fn find(text: &str, views: &mut Views) {
    let mut left = CANDIDATES_MAX;
    let mut at = 0;
    let bytes = text.as_bytes();
    let _ = crate::runs::runs::<true>(bytes, |piece| {
        // What belongs to a wrapped run was read with it.
        while piece.end.saturating_sub(piece.start.max(at)) >= RUN_MIN {
            let row = Row::read(bytes, piece.start.max(at));
            at = if row.is_cut() { row.end - OVERLAP } else { row.end };
            if !row.is_mixed() {
                continue;
            }
            if left == 0 {
                views.full = true;
                return ControlFlow::Break(());
            }
            left -= 1;
            decode(&row, &mut left, views);
        }
        ControlFlow::Continue(())
    });
}

/// Encoding letters, and those of the lines below: a wrapped text, or lines that have nothing to do with each other.
struct Row {
    letters: Vec<u8>,
    /// Where each line begins, among the letters and in the text.
    lines: Vec<(usize, usize)>,
    end: usize,
}

impl Row {
    /// What stands from `start` on.
    fn read(bytes: &[u8], start: usize) -> Row {
        let mut row = Row { letters: Vec::new(), lines: Vec::new(), end: start };
        loop {
            row.lines.push((row.letters.len(), row.end));
            let rest = bytes.get(row.end..).unwrap_or_default();
            let room = CANDIDATE_BYTES_MAX - row.letters.len();
            let piece = length_of::<true>(rest.get(..room).unwrap_or(rest));
            row.letters.extend_from_slice(bytes.get(row.end..row.end + piece).unwrap_or_default());
            row.end += piece;
            // A wrapped line is long, and so is what went before.
            let rest = bytes.get(row.end..).unwrap_or_default();
            let skip = match rest {
                [b'\\', b'n', b' ', ..] | [b'\r', b'\n', b' ', ..] => 3,
                [b'\\', b'n', ..] | [b'\r', b'\n', ..] | [b'\n', b' ', ..] => 2,
                [b'\n', ..] => 1,
                _ => 0,
            };
            let goes_on = rest.get(skip).is_some_and(|byte| is_of::<true>(*byte));
            if skip == 0 || piece < WRAPPED_MIN || !goes_on || row.is_cut() {
                return row;
            }
            row.end += skip;
        }
    }

    /// True if there may be more of it.
    fn is_cut(&self) -> bool {
        self.letters.len() >= CANDIDATE_BYTES_MAX
    }

    /// False if it is words, paths and dashes, wherever one looks.
    fn is_mixed(&self) -> bool {
        let mut stretches = self.letters.chunks(STRETCH);
        is_mixed(&self.letters) || stretches.any(|stretch| stretch.len() >= RUN_MIN && is_mixed(stretch))
    }

    /// Where these letters stand in the text.
    fn span(&self, letters: &Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let line = self.lines.partition_point(|(from, _)| *from <= at).saturating_sub(1);
            self.lines.get(line).map_or(at, |(from, start)| start + (at - from))
        };
        place(letters.start)..place(letters.end.saturating_sub(1)) + 1
    }
}

/// Fewer letters of base32 in a row are no twelve bytes; of hexadecimal it takes more.
const LETTERS_MIN: usize = 19;
/// Lines of fewer letters are words.
const WRAPPED_MIN: usize = 30;
/// So many letters are asked for being an encoding: of a short text some stretch is whole.
const STRETCH: usize = 32;

/// Words, paths and dashes are not encodings: letters of both cases or digits among them, in no order of words.
fn is_mixed(run: &[u8]) -> bool {
    let count = |test: fn(&u8) -> bool| run.iter().filter(|byte| test(byte)).count();
    let (upper, lower, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    let signs = run.len() - upper - lower - digits;
    signs * 8 <= run.len() && ((upper > 2 && lower > 2) || digits * 12 >= run.len() || lower == 0)
}

fn decode(row: &Row, left: &mut usize, views: &mut Views) {
    let starts: Vec<usize> = row.lines.iter().map(|(from, _)| *from).collect();
    let mut beyond = false;
    let mut unpack = |bytes: &[u8]| {
        beyond |= *left == 0;
        *left = left.checked_sub(1)?;
        inflate(bytes)
    };
    let mut take = |found: Found, disguise: Disguise| {
        let disguise = if found.packed { GZIP } else { disguise };
        // Pictures have texts in their midst, too: such weigh what they say.
        let points = if found.leads { disguise.points } else { 0 };
        views.take_bytes(&found.text, row.span(&found.letters), Disguise { points, ..disguise });
    };
    let codes = Codes::table();
    let holds = |letter: fn(&u8) -> bool| {
        row.letters.split(|byte| !letter(byte)).any(|letters| letters.len() >= LETTERS_MIN)
    };
    if holds(u8::is_ascii_hexdigit) {
        codes.hex.each(&row.letters, &starts, &mut unpack, &mut |found| take(found, HEX));
    }
    // Nothing that people write has only such letters in the other codes; digests and UUIDs have.
    if row.letters.iter().fold(true, |all, byte| all & (byte.is_ascii_hexdigit() | (*byte == b'-'))) {
        views.full |= beyond;
        return;
    }
    if holds(|letter| letter.is_ascii_alphabetic() || matches!(letter, b'2'..=b'7')) {
        codes.base32.each(&row.letters, &starts, &mut unpack, &mut |found| take(found, BASE32));
    }
    codes.base64.each(&row.letters, &starts, &mut unpack, &mut |found| take(found, BASE64));
    views.full |= beyond;
}

/// What a gzip (RFC 1952) or zlib (RFC 1950) stream holds, up to a bound; of one that is cut what there is.
fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let body = match bytes {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => gzip_body(*flags, rest)?,
        [0x78, _, rest @ ..] => rest,
        _ => return None,
    };
    let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(body, INFLATED_BYTES_MAX);
    let mut inflated = inflated.unwrap_or_else(|error| error.output);
    let valid = std::str::from_utf8(&inflated).map_or_else(|error| error.valid_up_to(), str::len);
    inflated.truncate(valid);
    (valid > 0).then_some(inflated)
}

/// Behind the optional fields of the header.
fn gzip_body(flags: u8, mut rest: &[u8]) -> Option<&[u8]> {
    if flags & 4 != 0 {
        let [low, high, tail @ ..] = rest else { return None };
        rest = tail.get(usize::from(u16::from_le_bytes([*low, *high]))..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    rest.get(usize::from(flags & 2 != 0) * 2..)
}
