//! Lines of bounded length out of a reader.

use std::io::{self, BufRead};

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineRead {
    /// A whole line; the buffer holds it without its line end.
    Line,
    /// The input ended before the line did; the buffer holds its beginning, empty at a clean end.
    Tail,
    /// The line was longer than permitted and was passed over, with this many bytes and its end.
    TooLong(u64),
}

/// Reads one line into `buffer`, which is cleared first. A line longer than `limit` bytes is passed over; if it
/// is the unterminated last, the buffer holds its first `limit` bytes.
pub(crate) fn read_line(
    reader: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> io::Result<LineRead> {
    buffer.clear();
    append_line(reader, buffer, limit)
}

/// Like [`read_line`], but goes on with the unterminated line that `buffer` holds already.
pub(crate) fn append_line(
    reader: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> io::Result<LineRead> {
    let mut skipped = 0_u64;
    loop {
        let available = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if available.is_empty() {
            return Ok(LineRead::Tail);
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let (part, used) = match end {
            Some(at) => (available.get(..at).unwrap_or_default(), at + 1),
            None => (available, available.len()),
        };
        let room = limit.saturating_sub(buffer.len());
        let kept = part.get(..room.min(part.len())).unwrap_or_default();
        skipped += (part.len() - kept.len()) as u64;
        buffer.extend_from_slice(kept);
        reader.consume(used);
        if end.is_some() {
            return Ok(match skipped {
                0 => LineRead::Line,
                _ => LineRead::TooLong(buffer.len() as u64 + skipped),
            });
        }
    }
}
