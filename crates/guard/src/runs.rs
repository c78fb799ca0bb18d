//! Runs of letters and digits, found as fast as the vector unit goes.

use std::ops::{ControlFlow, Range};

/// Shorter runs are words; every token with a prefix has one so long.
pub(crate) const RUN_BYTES_MIN: usize = 16;

/// What a text is cut into for the vector unit, and the size of the pieces that a run has to fill.
const CHUNK: usize = 64;
const BLOCK: usize = 8;

/// Every maximal run of at least [`RUN_BYTES_MIN`] token characters: such a run fills an aligned block of eight. With `CODE`
/// the signs of base64 belong to it.
pub(crate) fn runs<const CODE: bool>(
    bytes: &[u8],
    mut look: impl FnMut(Range<usize>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let in_run = |byte: &&u8| mask_of::<CODE>(**byte) != 0;
    let mut done = 0;
    for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
        let mut mask = [0_u8; CHUNK];
        match <&[u8; CHUNK]>::try_from(chunk) {
            Ok(chunk) => mask_into::<CODE>(chunk, &mut mask),
            Err(_) => mask.iter_mut().zip(chunk).for_each(|(mask, byte)| *mask = mask_of::<CODE>(*byte)),
        }
        for (block, bits) in mask.as_chunks::<BLOCK>().0.iter().enumerate() {
            let start = index * CHUNK + block * BLOCK;
            if u64::from_ne_bytes(*bits) != u64::MAX || start < done {
                continue;
            }
            let before = bytes.get(done..start).unwrap_or_default().iter().rev();
            let from = start - before.take_while(in_run).count();
            let rest = bytes.get(start..).unwrap_or_default().iter();
            done = start + rest.take_while(in_run).count();
            if done - from >= RUN_BYTES_MIN {
                look(from..done)?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// Without branches and of fixed length, so that the compiler uses the vector unit.
fn mask_into<const CODE: bool>(chunk: &[u8; CHUNK], mask: &mut [u8; CHUNK]) {
    for (mask, byte) in mask.iter_mut().zip(chunk) {
        *mask = mask_of::<CODE>(*byte);
    }
}

fn mask_of<const CODE: bool>(byte: u8) -> u8 {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    let code = CODE & ((byte == b'+') | (byte == b'/'));
    0_u8.wrapping_sub(u8::from(letter | digit | code | (byte == b'_') | (byte == b'-')))
}

/// True if the byte belongs to a run.
pub(crate) fn is_of<const CODE: bool>(byte: u8) -> bool {
    mask_of::<CODE>(byte) != 0
}

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
