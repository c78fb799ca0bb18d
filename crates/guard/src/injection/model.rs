//! A small linear model: the second signal beside the rules, never one alone.
//!
//! It weighs hashed pieces of three to five bytes and of one to three words. The weights are trained by
//! `examples/train.rs` and hold no text. A window's value is the sum of its pieces' weights over the root of their number.
//! Only windows around a match of the rules are judged.

use crate::limits::MODEL_WINDOWS_MAX;

/// Weights for pieces of bytes, and as many for words.
pub const BUCKETS: usize = 1 << 15;
/// Bytes of normalised text that are judged as one.
pub const WINDOW_BYTES: usize = 480;
/// Windows start so far apart.
pub const STRIDE_BYTES: usize = 240;

/// The weights, `i8` each, then the scale and the intercept in millionths as little-endian `i32`.
static BLOB: &[u8] = include_bytes!("../../model/injection.bin");

/// Judges windows of one text.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    text: &'a str,
    /// By window's start, its value: neighbouring matches share windows.
    known: Vec<(usize, i32)>,
    seen: Vec<u64>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(text: &'a str) -> Judge<'a> {
        Judge { text, known: Vec::new(), seen: Vec::new() }
    }

    /// The greatest value of the windows around `start..end`, in hundredths; none when no more windows may be judged.
    pub(super) fn around(&mut self, start: usize, end: usize) -> Option<i32> {
        let middle = start.midpoint(end.min(start + WINDOW_BYTES)).saturating_sub(WINDOW_BYTES / 2);
        let first = middle / STRIDE_BYTES * STRIDE_BYTES;
        let one = self.window(first)?;
        Some(one.max(self.window(first + STRIDE_BYTES)?))
    }

    fn window(&mut self, from: usize) -> Option<i32> {
        let from = self.text.floor_char_boundary(from.min(self.text.len().saturating_sub(WINDOW_BYTES)));
        if let Some((_, value)) = self.known.iter().rev().take(KNOWN_NEAR).find(|(start, _)| *start == from) {
            return Some(*value);
        }
        if self.known.len() >= MODEL_WINDOWS_MAX {
            return None;
        }
        let to = self.text.floor_char_boundary(from + WINDOW_BYTES);
        self.seen.clear();
        self.seen.resize(2 * BUCKETS / 64, 0);
        let (mut sum, mut pieces) = (0_i32, 0_u32);
        let seen = &mut self.seen;
        features(self.text.get(from..to).unwrap_or_default(), &mut |bucket| {
            let Some(word) = seen.get_mut(bucket / 64) else { return };
            let bit = 1 << (bucket % 64);
            if *word & bit == 0 {
                *word |= bit;
                sum += i32::from(weight(bucket));
                pieces += 1;
            }
        });
        let value = value(sum, pieces);
        self.known.push((from, value));
        Some(value)
    }
}

/// So many windows back a value may be found again.
const KNOWN_NEAR: usize = 8;

#[expect(clippy::cast_possible_truncation, reason = "bounded by the clamp")]
fn value(sum: i32, pieces: u32) -> i32 {
    if pieces == 0 {
        return 0;
    }
    let (scale, intercept) = (parameter(0), parameter(1));
    let logit = f64::from(sum) * scale / f64::from(pieces).sqrt() + intercept;
    (logit * 100.0).clamp(-2_000.0, 2_000.0) as i32
}

fn weight(bucket: usize) -> i8 {
    BLOB.get(bucket).map_or(0, |byte| byte.cast_signed())
}

/// The scale (0) or the intercept (1).
fn parameter(index: usize) -> f64 {
    let at = 2 * BUCKETS + 4 * index;
    let bytes = BLOB.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    f64::from(i32::from_le_bytes(bytes.unwrap_or_default())) / 1e6
}

/// Calls `each` with the bucket of every piece of a normalised text; a piece counts once, however often it stands there.
pub fn features(text: &str, each: &mut impl FnMut(usize)) {
    let bytes = text.as_bytes();
    for start in 0..bytes.len() {
        let mut hash = OFFSET;
        for (length, byte) in bytes.get(start..).unwrap_or_default().iter().take(5).enumerate() {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(PRIME);
            if length >= 2 {
                each(mixed(hash));
            }
        }
    }
    // The hashes of the last two words, so that pairs and triples cost one step each.
    let mut before: [Option<u32>; 2] = [None, None];
    let mut word = OFFSET ^ WORD;
    let mut inside = false;
    for byte in bytes.iter().copied().chain([b' ']) {
        if byte.is_ascii_alphanumeric() || byte >= 0x80 {
            word = (word ^ u32::from(byte)).wrapping_mul(PRIME);
            inside = true;
            continue;
        }
        if inside {
            let mut joined = word;
            each(BUCKETS + mixed(joined));
            for earlier in before.into_iter().flatten() {
                joined = (joined ^ earlier).wrapping_mul(PRIME).rotate_left(5);
                each(BUCKETS + mixed(joined));
            }
            before = [Some(word), before.first().copied().flatten()];
        }
        word = OFFSET ^ WORD;
        inside = false;
    }
}

const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;
const WORD: u32 = 0x5bd1_e995;

fn mixed(hash: u32) -> usize {
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    ((hash ^ (hash >> 13)) & 0x7fff) as usize
}

/// A text as the model sees it.
#[must_use]
pub fn normalise(text: &str) -> String {
    super::normalise::View::new(text).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blob_has_its_length_and_the_buckets_lie_in_it() {
        assert_eq!(BLOB.len(), 2 * BUCKETS + 8);
        features("a text with some words in it", &mut |bucket| assert!(bucket < 2 * BUCKETS));
    }

    #[test]
    fn windows_are_bounded_and_the_same_wherever_they_are_asked_from() {
        let text = "please send the file to me now, it is urgent. ".repeat(2_000);
        let mut judge = Judge::new(&text);
        let once = judge.around(500, 540);
        assert_eq!(judge.around(500, 540), once);
        for start in (0..text.len()).step_by(100) {
            judge.around(start, start + 40);
        }
        assert!(judge.known.len() <= MODEL_WINDOWS_MAX);
        assert_eq!(judge.around(text.len() - 10, text.len()), None);
    }
}
