//! Bodies of messages, piece by piece as they come in.

use thiserror::Error;

use super::Extent;

/// Why what follows a head is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyError {
    #[error("not a chunk")]
    Malformed,
    #[error("extensions of chunks, or fields behind the last one, are longer than the limit")]
    TooLong,
}

/// What chunks may carry besides their data, in a whole body: nobody reads it.
const EXTRAS_BYTES_MAX: usize = 16 << 10;
/// A chunk has less than 2^60 bytes.
const DIGITS_MAX: u8 = 15;

/// Finds the data of a body in the bytes that come after its head, and where it ends.
#[derive(Debug, Clone)]
pub struct BodyReader {
    place: Place,
    extras: usize,
}

/// Where in a body the next byte stands (RFC 9112, section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Bytes(u64),
    UntilClose,
    Size { bytes: u64, digits: u8 },
    Extension { bytes: u64 },
    SizeEnd { bytes: u64 },
    Chunk(u64),
    ChunkReturn,
    ChunkEnd,
    Trailer,
    TrailerName,
    TrailerLine,
    TrailerEnd,
    LastEnd,
    Over,
}

impl BodyReader {
    #[must_use]
    pub fn new(extent: Extent) -> BodyReader {
        let place = match extent {
            Extent::Bytes(0) => Place::Over,
            Extent::Bytes(bytes) => Place::Bytes(bytes),
            Extent::Chunks => SIZE,
            Extent::UntilClose => Place::UntilClose,
        };
        BodyReader { place, extras: 0 }
    }

    /// Of `bytes`, which come next: how many are to be left out, and how many of those behind them are data. It wants more
    /// bytes where there are none of the latter and it is not over. Those that it spoke of are gone the next time.
    ///
    /// # Errors
    /// If they are no body; then it stays where it is.
    pub fn next(&mut self, bytes: &[u8]) -> Result<(usize, usize), BodyError> {
        let mut left_out = 0;
        loop {
            let here = bytes.get(left_out..).unwrap_or_default();
            let data = match &mut self.place {
                Place::Over => return Ok((left_out, 0)),
                Place::UntilClose => here.len(),
                Place::Bytes(left) | Place::Chunk(left) => {
                    let data = usize::try_from(*left).unwrap_or(usize::MAX).min(here.len());
                    *left -= data as u64;
                    data
                }
                place => {
                    let Some(byte) = here.first() else { return Ok((left_out, 0)) };
                    let (next, is_extra) = place.after(*byte).ok_or(BodyError::Malformed)?;
                    if is_extra && self.extras == EXTRAS_BYTES_MAX {
                        return Err(BodyError::TooLong);
                    }
                    self.extras += usize::from(is_extra);
                    *place = next;
                    left_out += 1;
                    continue;
                }
            };
            self.place = match self.place {
                Place::Bytes(0) => Place::Over,
                Place::Chunk(0) => Place::ChunkReturn,
                place => place,
            };
            return Ok((left_out, data));
        }
    }

    /// All of it came.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.place == Place::Over
    }

    /// All of it came if nothing more does: the connection was closed.
    #[must_use]
    pub fn ends_at_close(&self) -> bool {
        matches!(self.place, Place::Over | Place::UntilClose)
    }

    /// At least so many bytes of data are to come; and no more, if that is known.
    #[must_use]
    pub fn left(&self) -> (u64, bool) {
        match self.place {
            Place::Over => (0, true),
            Place::Bytes(left) => (left, true),
            Place::Chunk(left) => (left, false),
            _ => (0, false),
        }
    }
}

const SIZE: Place = Place::Size { bytes: 0, digits: 0 };

impl Place {
    /// Where it goes on after a byte that is no data, and whether that is one which chunks need not have.
    fn after(self, byte: u8) -> Option<(Place, bool)> {
        let next = match (self, byte) {
            (Place::Size { bytes, digits: 1.. }, b'\r') => Place::SizeEnd { bytes },
            (Place::Size { bytes, digits: 1.. }, b';') => return Some((Place::Extension { bytes }, true)),
            (Place::Size { bytes, digits }, digit) if digits < DIGITS_MAX => {
                let digit = char::from(digit).to_digit(16)?;
                Place::Size { bytes: bytes << 4 | u64::from(digit), digits: digits + 1 }
            }
            (Place::Extension { bytes }, b'\r') => Place::SizeEnd { bytes },
            (Place::Extension { bytes }, byte) if is_text(byte) => {
                return Some((Place::Extension { bytes }, true));
            }
            (Place::SizeEnd { bytes: 0 }, b'\n') | (Place::TrailerEnd, b'\n') => Place::Trailer,
            (Place::SizeEnd { bytes }, b'\n') => Place::Chunk(bytes),
            (Place::ChunkReturn, b'\r') => Place::ChunkEnd,
            (Place::ChunkEnd, b'\n') => SIZE,
            (Place::Trailer, b'\r') => Place::LastEnd,
            (Place::TrailerLine, b'\r') => Place::TrailerEnd,
            (Place::TrailerName, b':') => return Some((Place::TrailerLine, true)),
            (Place::Trailer | Place::TrailerName, byte) if is_of_name(byte) => {
                return Some((Place::TrailerName, true));
            }
            (Place::TrailerLine, byte) if is_text(byte) => return Some((Place::TrailerLine, true)),
            (Place::LastEnd, b'\n') => Place::Over,
            _ => return None,
        };
        Some((next, false))
    }
}

/// What the name of a field is made of (RFC 9110, section 5.6.2).
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What may stand in a line.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

    use super::{BodyError, BodyReader, EXTRAS_BYTES_MAX};
    use crate::framing::http1::Extent;

    /// The data, whether it is over, and what stands behind it, of bytes that come in steps.
    fn read(
        extent: Extent,
        bytes: &[u8],
        mut steps: impl Iterator<Item = usize>,
    ) -> Result<(Vec<u8>, bool, Vec<u8>), BodyError> {
        let mut reader = BodyReader::new(extent);
        let (mut data, mut waits, mut rest) = (Vec::new(), Vec::new(), bytes);
        loop {
            let (left_out, taken) = reader.next(&waits)?;
            assert!(left_out + taken <= waits.len());
            data.extend_from_slice(&waits[left_out..left_out + taken]);
            waits.drain(..left_out + taken);
            if reader.is_over() || taken == 0 && rest.is_empty() {
                waits.extend_from_slice(rest);
                return Ok((data, reader.is_over(), waits));
            }
            let (now, later) = rest.split_at(steps.next().unwrap_or(usize::MAX).min(rest.len()));
            waits.extend_from_slice(now);
            rest = later;
        }
    }

    fn chunks(text: &str) -> Result<(String, bool, String), BodyError> {
        let whole = read(Extent::Chunks, text.as_bytes(), std::iter::empty());
        let bytewise = read(Extent::Chunks, text.as_bytes(), std::iter::repeat(1));
        assert_eq!(whole, bytewise, "{text:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        whole.map(|(data, over, rest)| (text(data), over, text(rest)))
    }

    #[test]
    fn chunks_are_read_in_one_way() {
        let good = |data: &str, rest: &str| Ok((data.to_owned(), true, rest.to_owned()));
        for (text, expected) in [
            ("0\r\n\r\n", good("", "")),
            ("3\r\nabc\r\n0\r\n\r\n", good("abc", "")),
            ("3\r\nabc\r\n02;a=\"b\"\r\nde\r\n00\r\nX: y\r\n\r\nGET", good("abcde", "GET")),
            ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", good("01234567890123456789", "")),
            ("3\r\nab", Ok(("ab".to_owned(), false, String::new()))),
            ("0\r\n", Ok((String::new(), false, String::new()))),
        ] {
            assert_eq!(chunks(text), expected, "{text:?}");
        }
        for text in [
            "\r\n",
            "\n",
            ";\r\n",
            "3\nabc\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "3\r\nabc0\r\n\r\n",
            "3 \r\nabc\r\n",
            " 3\r\nabc\r\n",
            "+3\r\nabc\r\n",
            "-1\r\n",
            "0x3\r\nabc\r\n",
            "3;a\nabc\r\n",
            "3;a\rb\r\nabc\r\n",
            "3;\0\r\nabc\r\n",
            "g\r\n",
            "1000000000000000\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\njunk\r\n\r\n",
            "0\r\nA: b\r\n c\r\n\r\n",
            "0\r\nGET / HTTP/1.1\r\n\r\n",
            "0\r\n: a\r\n\r\n",
            "0\r\n\n",
            "0\r\n\rX",
        ] {
            assert_eq!(chunks(text), Err(BodyError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn what_nobody_reads_is_bounded() {
        for text in [
            format!("3;{}\r\n", "a".repeat(EXTRAS_BYTES_MAX)),
            format!("0\r\n{}", "A: b\r\n".repeat(EXTRAS_BYTES_MAX / 4 + 1)),
        ] {
            assert_eq!(chunks(&text), Err(BodyError::TooLong));
        }
    }

    #[test]
    fn the_close_ends_only_what_has_no_length() {
        for (extent, ends) in [
            (Extent::UntilClose, true),
            (Extent::Bytes(1), false),
            (Extent::Chunks, false),
            (Extent::Bytes(0), true),
        ] {
            assert_eq!(BodyReader::new(extent).ends_at_close(), ends, "{extent:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_was_cut_into_chunks_comes_out_whole(pieces in vec(vec(any::<u8>(), 1..40), 0..8), behind in vec(any::<u8>(), 0..8), steps in vec(1_usize..20, 0..60)) {
            let mut text = Vec::new();
            for piece in &pieces {
                text.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                text.extend_from_slice(piece);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\n\r\n");
            text.extend_from_slice(&behind);
            let (data, over, rest) = read(Extent::Chunks, &text, steps.into_iter()).unwrap();
            prop_assert!(over);
            prop_assert_eq!((data, rest), (pieces.concat(), behind));
        }

        #[test]
        fn a_length_is_kept(bytes in vec(any::<u8>(), 0..60), length in 0_u64..60, steps in vec(1_usize..20, 0..60)) {
            let (data, over, rest) = read(Extent::Bytes(length), &bytes, steps.into_iter()).unwrap();
            let length = usize::try_from(length).unwrap();
            prop_assert_eq!(over, bytes.len() >= length);
            prop_assert_eq!(&data, &bytes[..length.min(bytes.len())]);
            prop_assert_eq!(rest, bytes[data.len()..].to_vec());
        }

        #[test]
        fn hostile_chunks_are_read_alike_in_all_steps(text in "[0-9a-f;\r\n]{0,30}|([0-4](;x)?\r\n[a-z\r\n]{0,5}){0,6}", steps in vec(1_usize..7, 0..40)) {
            prop_assert_eq!(read(Extent::Chunks, text.as_bytes(), std::iter::empty()), read(Extent::Chunks, text.as_bytes(), steps.into_iter()));
        }
    }
}
