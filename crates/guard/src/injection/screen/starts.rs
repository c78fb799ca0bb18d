//! Where in a plain text a phrase may begin: asked of every word and of every sign, so that the automaton walks only from
//! there and over a few bytes.

use super::automaton::HIT;
use super::{Anchor, Screen};

/// How anchors begin.
#[derive(Debug)]
pub(in crate::injection) struct Starts {
    letters: Box<Letters>,
    /// By the first byte that is no letter a bit for each that stands behind it.
    signs: Box<[u128; 128]>,
    /// How far before such a byte an anchor begins.
    leads: Vec<usize>,
    /// The first two letters of anchors that stand inside of words, and the length of the shortest.
    inner: Vec<[u8; 2]>,
    inner_bytes_min: u32,
}

/// Those that begin with a letter.
#[derive(Debug)]
struct Letters {
    /// The first eight bytes.
    heads: Hashes<1024>,
    /// The first five of those that are shorter and more than one word.
    fives: Hashes<128>,
    /// Those that are one short word.
    words: Hashes<256>,
}

/// So many bytes of an anchor are asked for at once, or so many of a shorter one.
const HEAD_BYTES: usize = 8;
const FIVE: usize = 5;

impl Starts {
    pub(super) fn new<'w>(anchors: impl Iterator<Item = (&'w str, &'w Anchor)>) -> Starts {
        let mut starts = Starts {
            letters: Box::new(Letters { heads: Hashes::NONE, fives: Hashes::NONE, words: Hashes::NONE }),
            signs: Box::new([0; 128]),
            leads: vec![0],
            inner: Vec::new(),
            inner_bytes_min: u32::MAX,
        };
        anchors.for_each(|(word, anchor)| starts.add(word.as_bytes(), anchor.bounded));
        starts
    }

    fn add(&mut self, word: &[u8], (before, after): (bool, bool)) {
        let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let one = letters == word.len();
        if one && !before {
            self.inner.extend(word.first_chunk::<2>());
            self.inner_bytes_min = self.inner_bytes_min.min(u32::try_from(letters).unwrap_or(0));
        } else if letters == 0 || !before {
            self.add_sign(word, letters);
        } else if word.len() >= HEAD_BYTES {
            self.letters.heads.add(word.get(..HEAD_BYTES).unwrap_or_default(), 0);
        } else if one && after {
            self.letters.words.add(word, 0);
        } else if word.len() >= FIVE {
            self.letters.fives.add(word.get(..FIVE).unwrap_or_default(), 24);
        } else if one {
            // A word of few letters that may go on: every word is asked.
            self.letters.fives = Hashes::ALL;
        } else {
            self.letters.words.add(word.get(..letters).unwrap_or_default(), 0);
        }
    }

    /// An anchor of which the byte at `lead` is the first that is no letter.
    fn add_sign(&mut self, word: &[u8], lead: usize) {
        let set = match word.get(lead + 1) {
            // In a text it may be any white space.
            Some(b' ') => 1 << b' ' | 1 << b'\n' | 1 << b'\r' | 1 << b'\t',
            Some(byte) => 1 << byte.to_ascii_lowercase() | 1 << byte.to_ascii_uppercase(),
            None => u128::MAX,
        };
        if let Some(behind) = word.get(lead).and_then(|byte| self.signs.get_mut(usize::from(*byte))) {
            *behind |= set;
        }
        if !self.leads.contains(&lead) {
            self.leads.push(lead);
        }
    }

    /// False only if no anchor begins with a word of so many letters, which begins these eight bytes, nor stands inside of it.
    /// Of tabs among them, and of white space that is more than one blank or line end, the answer says nothing.
    #[inline]
    pub(in crate::injection) fn may_be(&self, head: u64, letters: u32) -> bool {
        self.letters.may_be(head, letters) | (letters >= self.inner_bytes_min)
    }

    /// False only if no anchor has a first byte that is no letter here, with this one behind it.
    #[inline]
    pub(super) fn may_sign(&self, sign: u8, behind: u8) -> bool {
        self.signs.get(usize::from(sign & 127)).copied().unwrap_or(0) >> (behind & 127) & 1 == 1
    }

    pub(super) fn leads(&self) -> &[usize] {
        &self.leads
    }

    /// Calls `found` with every place in a word where an anchor may begin.
    pub(super) fn inside(&self, word: &[u8], mut found: impl FnMut(usize)) {
        let places = (word.len() + 1).saturating_sub(self.inner_bytes_min as usize);
        for (at, pair) in word.windows(2).enumerate().take(places) {
            if self.inner.iter().any(|inner| inner.eq_ignore_ascii_case(pair)) {
                found(at);
            }
        }
    }
}

/// Phrases of a plain text that is not folded, by where they begin.
impl Screen {
    /// Which words an anchor may begin with, or stand inside of.
    #[inline]
    pub(in crate::injection) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// The concepts of the anchors that begin with the word at `from`, of so many letters, or stand inside of it.
    #[inline(never)]
    pub(in crate::injection) fn word(&self, bytes: &[u8], from: usize, letters: u32) -> u64 {
        let mut seen = self.begins(bytes, from);
        let word = bytes.get(from..from + letters as usize).unwrap_or_default();
        self.starts.inside(word, |at| seen |= self.begins(bytes, from + at));
        seen
    }

    /// The concepts of the anchors of which the byte at `at` is the first that is no letter.
    #[inline]
    pub(in crate::injection) fn sign(&self, bytes: &[u8], at: usize) -> u64 {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        if !self.starts.may_sign(byte(at), byte(at + 1)) {
            return 0;
        }
        let starts = self.starts.leads().iter().filter_map(|lead| at.checked_sub(*lead));
        starts.fold(0, |seen, start| seen | self.begins(bytes, start))
    }

    /// The concepts of the anchors that begin at `from` of a plain text that is not folded.
    #[inline(never)]
    pub(in crate::injection) fn begins(&self, bytes: &[u8], from: usize) -> u64 {
        let (mut state, mut length, mut blank, mut seen) = (0, 0, false, 0);
        for (at, byte) in bytes.get(from..).unwrap_or_default().iter().enumerate() {
            let white = *byte <= b' ';
            if white && blank {
                continue;
            }
            blank = white;
            state = self.rare.step(state, *byte);
            length += 1;
            if !self.rare.is_of_all(state, length) {
                break;
            }
            if state & HIT != 0 {
                seen |= self.whole(state, bytes, (from, from + at), length);
            }
        }
        seen
    }

    /// The concepts of the anchors of this length that end in this state, and stand between these places, the last one included.
    fn whole(&self, state: u16, bytes: &[u8], (first, last): (usize, usize), length: usize) -> u64 {
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        let before = letter(first) && first.checked_sub(1).is_some_and(letter);
        let behind = letter(last) && letter(last + 1);
        let anchors = self.rare.ends(state).iter().filter_map(|end| self.anchors.get(usize::from(*end)));
        let stands = |anchor: &&Anchor| {
            let cut = anchor.bounded.0 && before || anchor.bounded.1 && behind;
            anchor.length == length && !cut
        };
        anchors.filter(stands).fold(0, |seen, anchor| seen | anchor.concepts)
    }
}

impl Letters {
    #[inline]
    fn may_be(&self, head: u64, letters: u32) -> bool {
        let folded = head | FOLD;
        // Of eight letters and more the head says the same.
        let others = u64::MAX.wrapping_shl(letters.wrapping_mul(8)) & u64::from(letters > 7).wrapping_sub(1);
        (self.heads.ask(folded) | self.fives.ask(folded << 24) | self.words.ask(folded & !others)) & 1 == 1
    }
}

/// Makes capital letters small ones; signs and white space become others, each its own.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// A bit for each hash of up to eight bytes, folded; `N` is a power of two.
#[derive(Debug)]
struct Hashes<const N: usize>([u64; N]);

impl<const N: usize> Hashes<N> {
    const NONE: Hashes<N> = Hashes([0; N]);
    const ALL: Hashes<N> = Hashes([u64::MAX; N]);

    /// Adds what begins with these bytes, of which each blank may be a line end in the text.
    fn add(&mut self, bytes: &[u8], shift: usize) {
        let keys = bytes.iter().enumerate().fold(vec![0_u64], |keys, (at, byte)| {
            let others: &[u8] = if *byte == b' ' { b" \n" } else { std::slice::from_ref(byte) };
            let with = |other: &u8| {
                let byte = u64::from(other | 0x20) << (8 * at);
                keys.iter().map(move |key| key | byte)
            };
            others.iter().flat_map(with).collect()
        });
        for key in keys {
            let hash = Hashes::<N>::hash(key << shift);
            if let Some(place) = self.0.get_mut((hash >> 6) as usize % N) {
                *place |= 1 << (hash % 64);
            }
        }
    }

    /// The lowest bit is set if the hash of this is.
    #[inline]
    fn ask(&self, key: u64) -> u64 {
        let hash = Hashes::<N>::hash(key);
        self.0.get((hash >> 6) as usize % N).copied().unwrap_or(0) >> (hash % 64)
    }

    /// Its lower six bits choose a bit, those above a number. The upper bits of a product know of every bit of the key.
    #[inline]
    fn hash(key: u64) -> u64 {
        key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - 6 - N.ilog2())
    }
}
