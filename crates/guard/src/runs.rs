//! Runs of letters and digits, found as fast as the vector unit goes.

use std::ops::{ControlFlow, Range};

use crate::block::{BLOCK, Block, places};

/// Shorter runs are words; every token with a prefix has one so long.
pub(crate) const RUN_BYTES_MIN: usize = 16;

/// Every maximal run of at least [`RUN_BYTES_MIN`] token characters: such a run fills an aligned block of eight. With `CODE`
/// the signs of base64 belong to it.
pub(crate) fn runs<const CODE: bool>(
    bytes: &[u8],
    mut look: impl FnMut(Range<usize>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let in_run = |byte: &&u8| is_of::<CODE>(**byte);
    let mut done = 0;
    for (index, block) in Block::each(bytes).enumerate() {
        let mask = mask_of::<CODE>(block);
        let pairs = mask & mask >> 1;
        let fours = pairs & pairs >> 2;
        for at in places(fours & fours >> 4 & FIRST_OF_EIGHT) {
            let start = index * BLOCK + at;
            if start < done {
                continue;
            }
            // What the block tells is not asked byte by byte.
            let before = if at == 0 { 0 } else { count((mask << (BLOCK - at)).leading_ones()) };
            let behind = count((mask >> at).trailing_ones());
            let mut from = start - before;
            if before == at {
                let rest = bytes.get(done..from).unwrap_or_default().iter();
                from -= rest.rev().take_while(in_run).count();
            }
            done = start + behind;
            if at + behind == BLOCK {
                done += length_of::<CODE>(bytes.get(done..).unwrap_or_default());
            }
            if done - from >= RUN_BYTES_MIN {
                look(from..done)?;
            }
        }
    }
    ControlFlow::Continue(())
}

#[inline]
fn mask_of<const CODE: bool>(block: Block) -> u64 {
    if CODE { block.word_or(*b"_-+/") } else { block.word_or(*b"_-") }
}

/// How many bytes of a run the bytes begin with.
pub(crate) fn length_of<const CODE: bool>(bytes: &[u8]) -> usize {
    let mut length = 0;
    for block in Block::each(bytes) {
        let ones = count(mask_of::<CODE>(block).trailing_ones());
        length += ones;
        if ones < BLOCK {
            break;
        }
    }
    length
}

/// True if all are hexadecimal digits; without branches, so that the vector unit is used.
pub(crate) fn is_hex(run: &[u8]) -> bool {
    run.iter().fold(true, |all, byte| all & byte.is_ascii_hexdigit())
}

fn count(bits: u32) -> usize {
    usize::try_from(bits).unwrap_or(0)
}

/// The first byte of every aligned eight.
const FIRST_OF_EIGHT: u64 = 0x0101_0101_0101_0101;

/// True if the byte belongs to a run.
pub(crate) fn is_of<const CODE: bool>(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (CODE && matches!(byte, b'+' | b'/'))
}

/// The first of four letters of base64 holds the upper six bits of a byte: of those of ASCII text there are few. Looks at the
/// first `quads` of the run.
pub(crate) fn may_hold_text(run: &[u8], quads: usize) -> bool {
    run.iter().step_by(4).take(quads).all(|letter| matches!(letter, b'I'..=b'Z' | b'a'..=b'f' | b'C' | b'D'))
}

/// Letters that may stand before a text in base64 and are none of it; four are a part of it again.
pub(crate) const STRAY_LETTERS_MAX: usize = 3;
/// So many quads are looked at behind stray letters: of letters at random four in ten would pass one by one.
pub(crate) const QUADS_BEHIND_STRAY: usize = 8;

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::{RUN_BYTES_MIN, runs};

    #[test]
    fn runs_are_found_at_every_offset_and_length() {
        for lead in 0..140 {
            for length in 0..40 {
                let text = format!("{}{} x", " ".repeat(lead), "a".repeat(length));
                let mut found = Vec::new();
                let _ = runs::<false>(text.as_bytes(), |run| {
                    found.push(run);
                    ControlFlow::Continue(())
                });
                let expected = (length >= RUN_BYTES_MIN).then_some(lead..lead + length);
                assert_eq!(found, Vec::from_iter(expected), "{lead} {length}");
            }
        }
    }
}
