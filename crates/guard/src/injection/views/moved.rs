//! Small words in a moved alphabet or read backwards, found in one walk over the words of a line.

use std::sync::OnceLock;

use super::language::small_words;

/// How letters may have been moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By so many letters; undone by as many again forwards.
    Shifted(u8),
    Reversed,
}

pub(super) const WAYS: [Way; 5] =
    [Way::Shifted(13), Way::Shifted(23), Way::Shifted(3), Way::Shifted(1), Way::Reversed];

/// The small words as they are and as each way leaves them, packed into numbers.
#[derive(Debug)]
pub(super) struct Moved {
    /// Sorted: the word, and a bit for each way; the highest bit is for the word as it is.
    words: Vec<(u64, u8)>,
    /// One bit for each hash that a word has: most words of a text need no search.
    sieve: Vec<u64>,
    /// The same for words that are none as they stand.
    hidden: Vec<u64>,
}

/// The small words of a line.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// As they stand.
    plain: usize,
    /// In each way: how many, and the most that a stretch of words weighs.
    ways: [(usize, i32); WAYS.len()],
}

impl Count {
    /// The way in which the line, or a stretch of it, reads better than as it stands.
    pub(super) fn way(&self) -> Option<Way> {
        let reads =
            |(hits, best): (usize, i32)| hits >= MOVED_MIN && (hits > self.plain * 2 || best >= DENSE_MIN);
        WAYS.iter().zip(self.ways).find(|(_, way)| reads(*way)).map(|(way, _)| *way)
    }

    /// How many there are in each way.
    #[cfg(test)]
    pub(super) fn ways(&self) -> impl Iterator<Item = usize> {
        self.ways.into_iter().map(|(hits, _)| hits)
    }
}

/// What a word weighs in a stretch: a hidden small one, one that is plain, and any other. Plain words beside a stretch take
/// nothing from it; those among its words do.
const DENSE_HIDDEN: i32 = 4;
const DENSE_PLAIN: i32 = -8;
const DENSE_OTHER: i32 = -1;
/// Three hidden words near each other; two are never enough.
const DENSE_MIN: i32 = 2 * DENSE_HIDDEN + 1;

const PLAIN: u8 = 1 << 7;
const SIEVE_BITS: u64 = 1 << 14;
/// Longer words are not small.
const WORD_MAX: usize = 7;

impl Moved {
    pub(super) fn table() -> &'static Moved {
        static TABLE: OnceLock<Moved> = OnceLock::new();
        TABLE.get_or_init(|| {
            let mut words: Vec<(u64, u8)> = Vec::new();
            for word in small_words() {
                words.push((pack(word.as_bytes()), PLAIN));
                for (bit, way) in WAYS.iter().enumerate() {
                    let moved = match way {
                        // Undoing is moving by `by`; so the hidden form is moved by the rest of the alphabet.
                        Way::Shifted(by) => shifted(word, 26 - by),
                        Way::Reversed => word.chars().rev().collect(),
                    };
                    // One letter proves nothing.
                    if moved.len() > 1 && moved != *word {
                        words.push((pack(moved.as_bytes()), 1 << bit));
                    }
                }
            }
            words.sort_unstable();
            words.dedup_by(|next, kept| {
                next.0 == kept.0 && {
                    kept.1 |= next.1;
                    true
                }
            });
            let sieve = self::sieve(words.iter());
            let hidden = self::sieve(words.iter().filter(|(_, ways)| ways & PLAIN == 0));
            Moved { words, sieve, hidden }
        })
    }

    /// What the small words of the line say.
    pub(super) fn count(&self, line: &str) -> Count {
        let mut count = Count::default();
        let mut sums = [0_i32; WAYS.len()];
        let (mut word, mut length) = (0_u64, 0_usize);
        // Words that say nothing, since one that does.
        let mut others = 0_i32;
        for byte in line.bytes().chain([b' ']) {
            let lower = byte | 0x20;
            if lower.is_ascii_lowercase() && byte.is_ascii_alphabetic() {
                word = (word << 8) | u64::from(lower);
                length += 1;
                continue;
            }
            let ways = if (1..=WORD_MAX).contains(&length) { self.ways(word) } else { 0 };
            if length > 0 && ways == 0 {
                others = others.saturating_add(1);
            } else if length > 0 {
                let plain = ways & PLAIN != 0;
                count.plain += usize::from(plain);
                let passed = others.saturating_mul(DENSE_OTHER);
                others = 0;
                for (way, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.saturating_add(passed).max(0);
                    // A word that is one as it stands is no sign of another alphabet.
                    let hidden = !plain && ways >> way & 1 == 1;
                    *sum += match (hidden, plain) {
                        (true, _) => DENSE_HIDDEN,
                        (false, true) => DENSE_PLAIN,
                        (false, false) => DENSE_OTHER,
                    };
                    *sum = (*sum).max(0);
                    if let Some((hits, best)) = count.ways.get_mut(way) {
                        *hits += usize::from(hidden);
                        *best = (*best).max(*sum);
                    }
                }
            }
            (word, length) = (0, 0);
        }
        count
    }

    fn ways(&self, word: u64) -> u8 {
        if passes(&self.sieve, word) { self.search(word) } else { 0 }
    }

    fn search(&self, word: u64) -> u8 {
        let found = self.words.binary_search_by_key(&word, |(known, _)| *known);
        found.ok().and_then(|at| self.words.get(at)).map_or(0, |(_, ways)| *ways)
    }
}

/// Small words as they are hidden, which are none as they stand; in lower case.
pub(super) fn hidden_words() -> impl Iterator<Item = Vec<u8>> {
    let hidden = Moved::table().words.iter().filter(|(_, ways)| ways & PLAIN == 0);
    hidden.map(|(word, _)| word.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect())
}

/// True if the word is a small one as it stands.
pub(super) fn is_plain(word: &[u8]) -> bool {
    let letters = word.len() <= WORD_MAX && word.iter().all(u8::is_ascii_alphabetic);
    letters && Moved::table().ways(pack(word)) & PLAIN != 0
}

/// Words of a whole text that are small words in each way, counted as they come.
pub(in crate::injection) struct Tally {
    table: &'static Moved,
    counts: [usize; WAYS.len()],
    /// The line that is counted.
    line: u32,
}

impl Tally {
    pub(in crate::injection) fn new() -> Tally {
        Tally { table: Moved::table(), counts: [0; WAYS.len()], line: 0 }
    }

    /// Counts the word of `length` letters at `at`, in this line; true if there are enough of one line in one way.
    pub(in crate::injection) fn word(
        &mut self,
        bytes: &[u8],
        (at, length): (usize, usize),
        line: u32,
    ) -> bool {
        if !(1..=WORD_MAX).contains(&length) {
            return false;
        }
        let behind = bytes.get(at..).unwrap_or_default();
        let mut eight = [0; 8];
        match behind.first_chunk::<8>() {
            Some(first) => eight = *first,
            None => eight.iter_mut().zip(behind).for_each(|(place, byte)| *place = *byte),
        }
        let word = (u64::from_be_bytes(eight) | 0x2020_2020_2020_2020) >> (64 - 8 * length);
        if !passes(&self.table.hidden, word) {
            return false;
        }
        let ways = self.table.search(word);
        if ways & PLAIN != 0 {
            return false;
        }
        if line != self.line {
            (self.line, self.counts) = (line, [0; WAYS.len()]);
        }
        let counts = self.counts.iter_mut().enumerate();
        counts.for_each(|(bit, count)| *count += usize::from(ways >> bit & 1 == 1));
        self.counts.iter().any(|count| *count >= MOVED_MIN)
    }
}

/// Fewer small words are chance.
pub(super) const MOVED_MIN: usize = 3;

fn sieve<'w>(words: impl Iterator<Item = &'w (u64, u8)>) -> Vec<u64> {
    let mut sieve = vec![0_u64; usize::try_from(SIEVE_BITS / 64).unwrap_or(0)];
    for (word, _) in words {
        let bit = hash(*word);
        if let Some(place) = sieve.get_mut(usize::try_from(bit / 64).unwrap_or(0)) {
            *place |= 1 << (bit % 64);
        }
    }
    sieve
}

/// False only if the word is not among those of the sieve.
fn passes(sieve: &[u64], word: u64) -> bool {
    let bit = hash(word);
    let place = sieve.get(usize::try_from(bit / 64).unwrap_or(0)).copied().unwrap_or(0);
    place >> (bit % 64) & 1 == 1
}

fn pack(word: &[u8]) -> u64 {
    word.iter().take(WORD_MAX).fold(0, |packed, byte| (packed << 8) | u64::from(byte.to_ascii_lowercase()))
}

fn hash(word: u64) -> u64 {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % SIEVE_BITS
}

pub(super) fn shifted(text: &str, by: u8) -> String {
    let turn = |character: char| match character {
        'a'..='z' => turned(character, b'a', by),
        'A'..='Z' => turned(character, b'A', by),
        other => other,
    };
    text.chars().map(turn).collect()
}

fn turned(character: char, base: u8, by: u8) -> char {
    u8::try_from(character).map_or(character, |byte| char::from((byte - base + by) % 26 + base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_counted() {
        let table = Moved::table();
        let line = "send the file to me and you will be the one";
        assert!(table.count(line).plain >= 6 && table.count(line).way().is_none());
        for (at, way) in WAYS.iter().enumerate() {
            let hidden = hidden(line, *way);
            let count = table.count(&hidden);
            assert!(count.ways[at].0 >= 4 && count.ways[at].0 > count.plain * 2, "{way:?}: {count:?}");
            // Plain words on both sides take nothing from it.
            for words in ["it is", "the", "a a a a a a", "hello to you and to all of them"] {
                let count = table.count(&format!("{words} {hidden} {words}"));
                assert_eq!(count.way(), Some(*way), "{words}: {count:?}");
            }
        }
    }

    fn hidden(line: &str, way: Way) -> String {
        match way {
            Way::Shifted(by) => shifted(line, 26 - by),
            Way::Reversed => line.chars().rev().collect(),
        }
    }
}
