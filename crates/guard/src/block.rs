//! Sixty-four bytes at a time: the answer to a question about bytes is a number with a bit for each, the lowest for the first.

use std::num::NonZeroU64;

use wide::u8x16;

pub(crate) const BLOCK: usize = 64;

/// Sixty-four bytes of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block([u8x16; 4]);

impl Block {
    #[inline]
    pub(crate) fn of(bytes: &[u8; BLOCK]) -> Block {
        let mut parts = [u8x16::ZERO; 4];
        let (quarters, _) = bytes.as_chunks::<16>();
        parts.iter_mut().zip(quarters).for_each(|(part, quarter)| *part = u8x16::new(*quarter));
        Block(parts)
    }

    /// The block of what is left of a text, with zeros behind it.
    #[inline]
    fn last(rest: &[u8]) -> Block {
        let mut filled = [0; BLOCK];
        filled.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        Block::of(&filled)
    }

    /// The blocks of a text; the last one has zeros behind the text.
    #[inline]
    pub(crate) fn each(bytes: &[u8]) -> impl Iterator<Item = Block> {
        let (whole, rest) = bytes.as_chunks::<BLOCK>();
        let last = (!rest.is_empty()).then(|| Block::last(rest));
        whole.iter().map(Block::of).chain(last)
    }

    /// The bytes of which `holds` sets all bits; of the others it sets none.
    #[inline]
    fn ask(self, holds: impl Fn(u8x16) -> u8x16) -> u64 {
        let [one, two, three, four] = self.0.map(|part| u64::from(holds(part).to_bitmask()));
        one | two << 16 | three << 32 | four << 48
    }

    /// The bytes that are one of these.
    #[inline]
    pub(crate) fn any_of<const N: usize>(self, bytes: [u8; N]) -> u64 {
        self.ask(|part| bytes.iter().fold(u8x16::ZERO, |any, byte| any | part.simd_eq(u8x16::splat(*byte))))
    }

    /// ASCII letters.
    #[inline]
    pub(crate) fn letters(self) -> u64 {
        self.ask(letters)
    }

    /// ASCII digits.
    #[inline]
    pub(crate) fn digits(self) -> u64 {
        self.ask(digits)
    }

    /// Bytes of characters that are not ASCII.
    #[inline]
    pub(crate) fn wide(self) -> u64 {
        self.ask(|part| part.max(u8x16::splat(0x80)).simd_eq(part))
    }

    /// What ASCII shows, and the blank.
    pub(crate) fn shown(self) -> u64 {
        self.ask(|part| below(part, b' ', 95))
    }

    /// Letters, digits, and what else is one of these.
    #[inline]
    pub(crate) fn word_or<const N: usize>(self, bytes: [u8; N]) -> u64 {
        let others = |part: u8x16| bytes.iter().map(move |byte| part.simd_eq(u8x16::splat(*byte)));
        self.ask(|part| others(part).fold(letters(part) | digits(part), |any, other| any | other))
    }
}

#[inline]
fn letters(part: u8x16) -> u8x16 {
    below(part | u8x16::splat(0x20), b'a', 26)
}

#[inline]
fn digits(part: u8x16) -> u8x16 {
    below(part, b'0', 10)
}

/// The bytes from `first` on, of which there are `count`.
#[inline]
fn below(part: u8x16, first: u8, count: u8) -> u8x16 {
    let from = part - u8x16::splat(first);
    from.min(u8x16::splat(count - 1)).simd_eq(from)
}

/// The places of the bits that are set, from the lowest.
#[inline]
pub(crate) fn places(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = NonZeroU64::new(mask)?.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        usize::try_from(at).ok()
    })
}

/// How many bits are set. Most masks have none, and most processors are not asked for an instruction that counts.
#[inline]
pub(crate) fn count(mask: u64) -> u32 {
    match (mask, mask & mask.wrapping_sub(1)) {
        (0, _) => 0,
        (_, 0) => 1,
        (_, _) => many(mask),
    }
}

#[cold]
fn many(mask: u64) -> u32 {
    mask.count_ones()
}

#[cfg(test)]
mod tests {
    use super::Block;

    proptest::proptest! {
        #[test]
        fn a_bit_says_what_its_byte_is(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let blocks: Vec<Block> = Block::each(&bytes).collect();
            proptest::prop_assert_eq!(blocks.len(), bytes.len().div_ceil(64));
            for at in 0..blocks.len() * 64 {
                let byte = bytes.get(at).copied().unwrap_or(0);
                let (block, bit) = (blocks[at / 64], at % 64);
                let is = |mask: u64| mask >> bit & 1 == 1;
                proptest::prop_assert_eq!(is(block.letters()), byte.is_ascii_alphabetic());
                proptest::prop_assert_eq!(is(block.digits()), byte.is_ascii_digit());
                proptest::prop_assert_eq!(is(block.any_of(*b" \xff\0")), matches!(byte, b' ' | 0xff | 0));
                proptest::prop_assert_eq!(
                    is(block.word_or(*b"+~")),
                    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'~')
                );
            }
        }
    }
}
