//! Plain text in the form that is searched.

/// A plain text in lower case, every stretch of white space one blank, with zeros behind it to walk into.
#[derive(Debug)]
pub(crate) struct Folded {
    padded: Vec<u8>,
    length: usize,
}

impl Folded {
    /// `text` is plain: see [`is_plain`].
    pub(crate) fn new(text: &str) -> Folded {
        let text = text.trim_ascii_start();
        let mut padded = Vec::with_capacity(text.len() + CHUNK + ZEROS);
        let mut blank = false;
        let (chunks, rest) = text.as_bytes().as_chunks::<CHUNK>();
        let mut last = [0; CHUNK];
        last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        for chunk in chunks.iter().chain(std::iter::once(&last)) {
            let mut room = *chunk;
            room.iter_mut().for_each(|byte| *byte = fold(*byte));
            let pairs = room.iter().zip(room.get(1..).unwrap_or_default());
            let doubled = pairs.fold(false, |any, (one, two)| any | ((*one == b' ') & (*two == b' ')));
            if doubled || (blank && room.first() == Some(&b' ')) {
                let kept = squeeze(&mut room, &mut blank);
                padded.extend_from_slice(room.get(..kept).unwrap_or_default());
            } else {
                blank = room.last() == Some(&b' ');
                padded.extend_from_slice(&room);
            }
        }
        // The zeros of the last chunk are none of the text.
        let length = text_length(&padded);
        padded.resize(length + ZEROS, 0);
        Folded { padded, length }
    }

    /// A text that is in this form already.
    pub(in crate::injection) fn of(text: &str) -> Folded {
        let mut padded = Vec::with_capacity(text.len() + ZEROS);
        padded.extend_from_slice(text.as_bytes());
        padded.resize(text.len() + ZEROS, 0);
        Folded { padded, length: text.len() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.padded.get(..self.length).unwrap_or_default()
    }

    pub(super) fn padded(&self) -> &[u8] {
        &self.padded
    }
}

const CHUNK: usize = 64;

fn fold(byte: u8) -> u8 {
    // A zero is none of the text.
    if byte < b' ' && byte != 0 { b' ' } else { byte.to_ascii_lowercase() }
}

/// Joins blanks; how much is left.
fn squeeze(chunk: &mut [u8; CHUNK], blank: &mut bool) -> usize {
    let mut kept = 0;
    for byte in *chunk {
        if let Some(place) = chunk.get_mut(kept) {
            *place = byte;
        }
        kept += usize::from(!(*blank && byte == b' '));
        *blank = byte == b' ';
    }
    kept
}

/// Where the zeros begin.
fn text_length(padded: &[u8]) -> usize {
    padded.len() - padded.iter().rev().take_while(|byte| **byte == 0).count()
}

/// As far as a walk in lanes may read beyond the end.
const ZEROS: usize = super::LANES * super::LONG + super::OVERLAP;

/// Only printable ASCII and ordinary white space; asked sixty-four bytes at a time, which the compiler vectorises.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    bytes.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte)))
}

#[cfg(test)]
mod tests {
    use super::Folded;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

        #[test]
        fn white_space_is_one_blank(text in "[ \t\n\ra-cX-Z]{0,300}") {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            let mut joined = words.join(" ").to_ascii_lowercase();
            if !joined.is_empty() && text.ends_with(|c: char| c.is_ascii_whitespace()) {
                joined.push(' ');
            }
            let folded = Folded::new(&text);
            proptest::prop_assert_eq!(folded.bytes(), joined.as_bytes());
            proptest::prop_assert!(folded.padded[folded.length..].iter().all(|byte| *byte == 0));
        }
    }
}
