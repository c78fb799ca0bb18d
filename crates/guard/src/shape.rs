//! What stands in sixty-four bytes of a text, asked once for all that looks at them.

use std::ops::ControlFlow;

use crate::block::{BLOCK, Block, places};

/// The bytes of a block, by class: the lowest bit is the first byte. Behind the end of a text stand blanks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub letters: u64,
    pub digits: u64,
    pub spaces: u64,
    /// Line ends.
    pub ends: u64,
    /// Bytes of characters that are not ASCII.
    pub wide: u64,
    /// Everything else: few bytes in most texts, so that each is asked what it is.
    pub odd: u64,
    signs: [u64; SIGNS],
    /// A bit for each [`Sign`] that is among the odd ones.
    kinds: u32,
}

/// What an odd byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// What is none of the others, and shown.
    Other,
    /// `_` and `-`
    Dash,
    /// `+` and `/`
    Plus,
    /// `%`, `\` and `&`
    Escape,
    /// `*`, `<`, `` ` `` and `~`
    Cut,
    /// `@`, `$` and `!`
    Letter,
    /// `"` and `'`
    Quote,
    Dot,
    Equals,
    /// White space that is neither blank nor line end.
    Tab,
    /// Control characters.
    Control,
}

/// A power of two, so that a mask tells what lies in the table.
const SIGNS: usize = 16;

impl Shape {
    /// A block of blanks.
    pub(crate) const BLANK: Shape = Shape {
        letters: 0,
        digits: 0,
        spaces: u64::MAX,
        ends: 0,
        wide: 0,
        odd: 0,
        signs: [0; SIGNS],
        kinds: 0,
    };

    /// Becomes the shape of this block, in its place: it is too large to be handed round.
    #[inline]
    fn fill(&mut self, bytes: &[u8; BLOCK]) {
        let block = Block::of(bytes);
        (self.letters, self.digits) = (block.letters(), block.digits());
        (self.spaces, self.ends, self.wide) = (block.any_of(*b" "), block.any_of(*b"\n"), block.wide());
        self.odd = !(self.letters | self.digits | self.spaces | self.ends | self.wide);
        (self.signs, self.kinds) = ([0; SIGNS], 0);
        for (count, at) in places(self.odd).enumerate() {
            if count == FEW {
                (self.signs, self.kinds) = dense(block, self.odd);
                return;
            }
            let sign = sign(bytes.get(at % BLOCK).copied().unwrap_or(0));
            self.kinds |= 1 << sign as u32;
            if let Some(places) = self.signs.get_mut(sign as usize % SIGNS) {
                *places |= 1 << at;
            }
        }
    }

    /// Calls `look` with every shape of a text, its place, and the one behind it, until it breaks.
    #[inline]
    pub(crate) fn each(
        bytes: &[u8],
        mut look: impl FnMut(usize, &Shape, &Shape) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (whole, rest) = bytes.as_chunks::<BLOCK>();
        let mut filled = [b' '; BLOCK];
        filled.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        let rest = if rest.is_empty() { [].as_slice() } else { std::slice::from_ref(&filled) };
        let Some(first) = whole.iter().chain(rest).next() else { return ControlFlow::Continue(()) };
        let mut rooms = [Shape::BLANK; 2];
        let [here, next] = &mut rooms;
        let (mut here, mut next) = (here, next);
        here.fill(first);
        let last = bytes.len().saturating_sub(1) / BLOCK * BLOCK;
        for start in (0..last).step_by(BLOCK) {
            next.fill(whole.get(start / BLOCK + 1).unwrap_or(&filled));
            look(start, here, next)?;
            std::mem::swap(&mut here, &mut next);
        }
        look(last, here, &Shape::BLANK)
    }

    /// Letters and digits.
    #[inline]
    pub(crate) fn word(&self) -> u64 {
        self.letters | self.digits
    }

    /// The bytes that are this sign.
    #[inline]
    pub(crate) fn is(&self, sign: Sign) -> u64 {
        self.signs.get(sign as usize % SIGNS).copied().unwrap_or(0)
    }

    /// True if there is one of these signs.
    #[inline]
    pub(crate) fn has<const N: usize>(&self, signs: [Sign; N]) -> bool {
        self.kinds & signs.into_iter().fold(0, |set, sign| set | 1 << sign as u32) != 0
    }

    /// White space of every kind.
    #[inline]
    pub(crate) fn blanks(&self) -> u64 {
        self.spaces | self.ends | self.is(Sign::Tab)
    }
}

/// More odd bytes cost less when they are asked all at once.
const FEW: usize = 12;

/// Which of the odd bytes are which sign, and a bit for each sign that there is: sign by sign.
#[inline(never)]
fn dense(block: Block, odd: u64) -> ([u64; SIGNS], u32) {
    let known = [
        (Sign::Dash, block.any_of(*b"_-")),
        (Sign::Plus, block.any_of(*b"+/")),
        (Sign::Escape, block.any_of(*b"%\\&")),
        (Sign::Cut, block.any_of(*b"*<`~")),
        (Sign::Letter, block.any_of(*b"@$!")),
        (Sign::Quote, block.any_of(*b"\"'")),
        (Sign::Dot, block.any_of(*b".")),
        (Sign::Equals, block.any_of(*b"=")),
        (Sign::Tab, block.any_of(*b"\t\r")),
    ];
    let controls = odd & !block.shown() & !block.any_of(*b"\t\r");
    let others = known.iter().fold(odd & !controls, |others, (_, places)| others & !places);
    let (mut signs, mut kinds) = ([0; SIGNS], 0);
    for (sign, places) in known.into_iter().chain([(Sign::Control, controls), (Sign::Other, others)]) {
        kinds |= u32::from(places != 0) << sign as u32;
        if let Some(place) = signs.get_mut(sign as usize % SIGNS) {
            *place = places;
        }
    }
    (signs, kinds)
}

/// What a byte is that is no letter, digit, blank or line end.
#[inline]
fn sign(byte: u8) -> Sign {
    const TABLE: [Sign; 128] = table();
    TABLE.get(usize::from(byte)).copied().unwrap_or(Sign::Control)
}

const fn table() -> [Sign; 128] {
    let mut table = [Sign::Other; 128];
    let (mut rest, mut byte) = (table.as_mut_slice(), 0_u8);
    while let [place, others @ ..] = rest {
        *place = match byte {
            b'_' | b'-' => Sign::Dash,
            b'+' | b'/' => Sign::Plus,
            b'%' | b'\\' | b'&' => Sign::Escape,
            b'*' | b'<' | b'`' | b'~' => Sign::Cut,
            b'@' | b'$' | b'!' => Sign::Letter,
            b'"' | b'\'' => Sign::Quote,
            b'.' => Sign::Dot,
            b'=' => Sign::Equals,
            b'\t' | b'\r' => Sign::Tab,
            0..=0x09 | 0x0b..=0x1f | 0x7f => Sign::Control,
            _ => Sign::Other,
        };
        byte = byte.wrapping_add(1);
        rest = others;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{ControlFlow, Shape, Sign};

    proptest::proptest! {
        #[test]
        fn every_byte_has_one_class(bytes in proptest::collection::vec((0..4_u8, proptest::num::u8::ANY), 0..200), odd in 0..5_u8) {
            // Blocks with few and with many signs.
            let bytes: Vec<u8> = bytes.into_iter().map(|(kind, byte)| if kind < odd { byte } else { b'a' }).collect();
            let mut at = 0;
            let _ = Shape::each(&bytes, |start, shape, _| {
                assert_eq!(start, at);
                for bit in 0..64 {
                    let byte = bytes.get(at + bit).copied().unwrap_or(b' ');
                    let is = |mask: u64| mask >> bit & 1 == 1;
                    assert_eq!(is(shape.letters), byte.is_ascii_alphabetic());
                    assert_eq!(is(shape.digits), byte.is_ascii_digit());
                    assert_eq!(is(shape.spaces), byte == b' ');
                    assert_eq!(is(shape.ends), byte == b'\n');
                    assert_eq!(is(shape.blanks()), matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
                    assert_eq!(is(shape.wide), !byte.is_ascii());
                    let control = byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t');
                    assert_eq!(is(shape.is(Sign::Control)), control);
                    assert_eq!(is(shape.is(Sign::Escape)), matches!(byte, b'%' | b'\\' | b'&'));
                    assert_eq!(is(shape.is(Sign::Cut)), matches!(byte, b'*' | b'<' | b'`' | b'~'));
                    assert_eq!(is(shape.is(Sign::Dash)), matches!(byte, b'_' | b'-'));
                    assert_eq!(is(shape.is(Sign::Plus)), matches!(byte, b'+' | b'/'));
                    assert_eq!(is(shape.is(Sign::Letter)), matches!(byte, b'@' | b'$' | b'!'));
                    assert_eq!(is(shape.is(Sign::Quote)), matches!(byte, b'"' | b'\''));
                    assert_eq!(is(shape.is(Sign::Dot)), byte == b'.');
                    assert_eq!(is(shape.is(Sign::Equals)), byte == b'=');
                    assert_eq!(shape.has([Sign::Dot]), shape.is(Sign::Dot) != 0);
                    assert_eq!(shape.has([Sign::Other]), shape.is(Sign::Other) != 0);
                }
                at += 64;
                ControlFlow::Continue(())
            });
            proptest::prop_assert_eq!(at, bytes.len().div_ceil(64) * 64);
        }
    }
}
