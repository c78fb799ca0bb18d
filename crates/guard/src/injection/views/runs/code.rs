//! Letters that stand for bits: base64 in both alphabets, base32, hexadecimal. A text in them is read wherever it begins.

use std::ops::Range;

use crate::runs::STRAY_LETTERS_MAX;

/// How letters stand for bytes.
#[derive(Debug)]
pub(super) struct Code {
    /// Bits of one letter.
    bits: usize,
    /// So many letters are whole bytes.
    group: usize,
    value: fn(u8) -> Option<u8>,
}

pub(super) const BASE64: Code = Code { bits: 6, group: 4, value: base64 };
pub(super) const BASE32: Code = Code { bits: 5, group: 8, value: base32 };
pub(super) const HEX: Code = Code { bits: 4, group: 2, value: hex };

/// What letters stand for.
#[derive(Debug)]
pub(super) struct Found {
    pub text: Vec<u8>,
    /// Where the letters stand.
    pub letters: Range<usize>,
    /// Nothing but a few stray letters stands before it in its line.
    pub leads: bool,
    /// It was a packed stream.
    pub packed: bool,
}

/// The letters of one group, at most.
const GROUP_MAX: usize = 8;
/// Fewer bytes of text in a row are chance.
const BYTES_MIN: usize = 12;
/// Letters that are read at once: whole groups of every code.
const CHUNK: usize = 48;

impl Code {
    /// Calls `found` with every text in `run`, whatever stands before or behind it; `starts` are where its lines begin. What
    /// begins in the middle must begin with letters of ASCII. Linear: a letter is read once for each place in a group.
    pub(super) fn each(
        &self,
        run: &[u8],
        starts: &[usize],
        unpack: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
        found: &mut dyn FnMut(Found),
    ) {
        // By the place in a group: groups of text so far, and where the last text ended.
        let (mut texts, mut done) = ([0_usize; GROUP_MAX], [0_usize; GROUP_MAX]);
        let mut starts = starts.iter().copied().peekable();
        let (mut value, mut known, mut line) = (0_u64, 0_usize, 0_usize);
        for (at, letter) in run.iter().enumerate() {
            if starts.next_if_eq(&at).is_some() {
                line = at;
                self.start(run, at, &mut done, unpack, found);
            }
            let Some(bits) = (self.value)(*letter) else {
                (known, texts, line) = (0, [0; GROUP_MAX], at + 1);
                continue;
            };
            value = value << self.bits | u64::from(bits);
            known += 1;
            let end = at + 1;
            let place = end % self.group;
            let Some((texts, done)) = texts.get_mut(place).zip(done.get_mut(place)) else { continue };
            if known < self.group || !self.is_text(value) {
                *texts = 0;
                continue;
            }
            *texts += 1;
            if *texts * self.group_bytes() < BYTES_MIN {
                continue;
            }
            let begin = end - *texts * self.group;
            *texts = 0;
            if begin >= *done {
                let (text, letters) = self.text(run.get(begin..).unwrap_or_default());
                let letters = begin..begin + letters;
                *done = letters.end;
                let leads = begin.saturating_sub(line) <= STRAY_LETTERS_MAX;
                found(Found { text, letters, leads, packed: false });
            }
        }
    }

    /// What begins with the line at `at`: a text of any script, or one that is packed, which stray letters may stand before.
    fn start(
        &self,
        run: &[u8],
        at: usize,
        done: &mut [usize; GROUP_MAX],
        unpack: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
        found: &mut dyn FnMut(Found),
    ) {
        let Some(done) = done.get_mut(at % self.group).filter(|done| **done <= at) else { return };
        for at in at..=at + STRAY_LETTERS_MAX {
            let rest = run.get(at..).unwrap_or_default();
            let mut head = Vec::new();
            self.decode(rest.get(..GROUP_MAX).unwrap_or_default(), &mut head);
            if is_packed(&head) {
                let mut bytes = Vec::new();
                let letters = self.decode(rest, &mut bytes);
                if let Some(text) = unpack(&bytes) {
                    *done = at + letters;
                    return found(Found { text, letters: at..at + letters, leads: true, packed: true });
                }
            }
        }
        let rest = run.get(at..).unwrap_or_default();
        let (text, letters) = self.text(rest);
        if text.len() >= BYTES_MIN {
            *done = at + letters;
            found(Found { text, letters: at..at + letters, leads: true, packed: false });
        }
    }

    fn group_bytes(&self) -> usize {
        self.group * self.bits / 8
    }

    /// True if the last group in `value` is such ASCII as people write.
    fn is_text(&self, value: u64) -> bool {
        let bytes = value.to_be_bytes();
        let group = bytes.get(bytes.len() - self.group_bytes()..).unwrap_or_default();
        group.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'))
    }

    /// The text that the letters begin with, and how many of them it takes; one chunk more is read at most.
    fn text(&self, run: &[u8]) -> (Vec<u8>, usize) {
        let (mut bytes, mut valid) = (Vec::new(), 0);
        for chunk in run.chunks(CHUNK) {
            let read = self.decode(chunk, &mut bytes);
            let new = bytes.get(valid..).unwrap_or_default();
            let odd =
                new.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
            if odd * ODD_SHARE > new.len() {
                break;
            }
            let cut = match std::str::from_utf8(new) {
                Ok(_) => {
                    valid = bytes.len();
                    false
                }
                Err(error) => {
                    valid += error.valid_up_to();
                    error.error_len().is_some()
                }
            };
            if cut || read < chunk.len() {
                break;
            }
        }
        bytes.truncate(valid);
        (bytes, (valid * 8).div_ceil(self.bits))
    }

    /// Appends the bytes of the letters up to the first that is none; returns how many letters there were. The last ones may
    /// carry bits that no encoder leaves.
    fn decode(&self, letters: &[u8], bytes: &mut Vec<u8>) -> usize {
        let (mut value, mut have, mut count) = (0_u64, 0, 0);
        for bits in letters.iter().map_while(|letter| (self.value)(*letter)) {
            value = value << self.bits | u64::from(bits);
            have += self.bits;
            count += 1;
            if have >= 8 {
                have -= 8;
                bytes.push(u8::try_from(value >> have & 0xff).unwrap_or(0));
            }
        }
        count
    }
}

/// A chunk with more control characters than one in so many is no text.
const ODD_SHARE: usize = 4;

/// The head of a gzip (RFC 1952) or zlib (RFC 1950) stream.
fn is_packed(head: &[u8]) -> bool {
    match head {
        [0x1f, 0x8b, 8, ..] => true,
        [0x78, second, ..] => (0x7800 + u16::from(*second)).is_multiple_of(31),
        _ => false,
    }
}

fn base64(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn base32(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a'),
        b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    }
}

fn hex(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
