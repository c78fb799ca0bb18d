//! Keys: that no object holds one twice, compared after unescaping.

use std::borrow::Cow;

use super::super::{Node, text};

/// What is remembered of an object's keys: enough to say for most objects that none repeats.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// A bit of each word per key, chosen by its bytes and length.
    seen: (u64, u64),
    /// The lowest bit says that two keys may be the same.
    suspect: u64,
}

impl Names {
    pub(super) const NONE: Names = Names { seen: (0, 0), suspect: 0 };

    /// True unless all keys are certainly different.
    #[inline(always)]
    pub(super) fn may_repeat(self) -> bool {
        self.suspect != 0
    }

    /// Adds a key that only [`repeat`] can judge.
    #[inline(always)]
    pub(super) fn add_escaped(&mut self) {
        self.suspect = 1;
    }

    /// Adds the key `start..end`, without its quotes and without escapes.
    #[inline(always)]
    pub(super) fn add(&mut self, bytes: &[u8], start: usize, end: usize) {
        let Some(word) = bytes.get(start..).and_then(<[u8]>::first_chunk::<8>) else {
            self.suspect = 1;
            return;
        };
        let length = end - start;
        let word = u64::from_le_bytes(*word);
        let mixed = if length < 8 {
            // The key up to its closing quote, which says where it ends; what follows is shifted out.
            word << (56 - 8 * length)
        } else {
            let last = bytes.get(start..end).and_then(<[u8]>::last_chunk::<8>).copied().unwrap_or_default();
            word ^ u64::from_le_bytes(last).rotate_left(23) ^ length as u64
        };
        let mixed = mixed.wrapping_mul(MIX);
        let bits = (mixed >> 58, mixed >> 52 & 63);
        self.suspect |= self.seen.0 >> bits.0 & self.seen.1 >> bits.1 & 1;
        self.seen.0 |= 1 << bits.0;
        self.seen.1 |= 1 << bits.1;
    }
}

/// True if a key stands twice among `members` of an object; the first of them is node number `base` of the tape.
#[inline(never)]
pub(super) fn repeat(bytes: &[u8], members: &[Node], base: u32) -> bool {
    let keys = Keys { members, base, next: 0 };
    let mut seen: [&[u8]; PAIRWISE_MAX] = [b""; PAIRWISE_MAX];
    let mut count = 0;
    for key in keys.clone() {
        let (Some(place), false) = (seen.get_mut(count), key.escaped) else {
            return repeat_sorted(bytes, keys);
        };
        *place = inner(bytes, key);
        count += 1;
    }
    let seen = seen.get(..count).unwrap_or_default();
    seen.iter().enumerate().any(|(index, key)| seen.get(..index).unwrap_or_default().contains(key))
}

/// Sorting, not hashing: no input makes it slower than n log n.
#[cold]
fn repeat_sorted(bytes: &[u8], keys: Keys<'_>) -> bool {
    let name = |key: Node| {
        let inner = inner(bytes, key);
        match std::str::from_utf8(inner) {
            Ok(text) if key.escaped => Cow::Owned(text::unescape(text).into_bytes()),
            Ok(_) | Err(_) => Cow::Borrowed(inner),
        }
    };
    let mut names: Vec<Cow<'_, [u8]>> = keys.map(name).collect();
    names.sort_unstable();
    names.iter().zip(names.iter().skip(1)).any(|(left, right)| left == right)
}

fn inner(bytes: &[u8], key: Node) -> &[u8] {
    bytes.get(key.start as usize + 1..(key.end as usize).saturating_sub(1)).unwrap_or_default()
}

/// The keys of an object, over its members on the tape.
#[derive(Clone)]
struct Keys<'a> {
    members: &'a [Node],
    base: u32,
    next: usize,
}

impl Iterator for Keys<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        let key = *self.members.get(self.next)?;
        let value = self.members.get(self.next + 1)?;
        self.next = value.next.saturating_sub(self.base) as usize;
        Some(key)
    }
}

/// Objects with more keys than this are checked by sorting.
const PAIRWISE_MAX: usize = 24;

/// 2^64 over the golden ratio: spreads the bits of a product into its highest ones.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
