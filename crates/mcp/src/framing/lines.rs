//! Newline-delimited messages, as stdio carries them (MCP specification, transports, stdio).
//!
//! A line ends at `\n` alone. A carriage return is taken off only directly before it: Python reads a bare one as a line
//! end and would execute two messages where others see one. Blank lines are passed over. A line above the limit is
//! discarded up to its end while the scanner keeps the id, so that the stream stays in step and the peer gets an answer.

use std::ops::Range;

use crate::limits::Limits;
use crate::message::Id;
use crate::message::id_scan::IdScan;

/// What the framer found.
#[derive(Debug)]
pub enum Frame<'a> {
    /// One line without its end.
    Line(&'a [u8]),
    /// A line that held a carriage return anywhere but at its end.
    CarriageReturn(&'a [u8]),
    /// A line longer than the limit, gone; its id where one stood at the top level, and whether a method stood there
    /// too, so that its sender waits for an answer.
    TooLong { bytes: u64, id: Option<Id<'static>>, request: bool },
}

/// Buffers bytes and cuts them into lines.
///
/// ```
/// # use bailiwick_mcp::{Limits, framing::{Frame, Lines}};
/// let mut lines = Lines::new(&Limits::DEFAULT);
/// lines.extend(b"{\"a\":1}\n{\"b\"");
/// assert!(matches!(lines.next(), Some(Frame::Line(line)) if line == b"{\"a\":1}"));
/// assert!(lines.next().is_none());
/// ```
#[derive(Debug)]
pub struct Lines {
    buffer: Vec<u8>,
    /// Where the first line not yet given out starts, and up to where no line end was found.
    start: usize,
    searched: usize,
    /// Bytes of a line above the limit that were dropped so far.
    discarded: Option<(u64, IdScan)>,
    line_bytes_max: usize,
    id_bytes_max: usize,
    /// Room for [`Lines::next_lines`].
    cuts: Vec<Range<usize>>,
}

/// A buffer that grew beyond this for a long line is given back afterwards, in bytes.
const BUFFER_KEPT_BYTES_MAX: usize = 256 << 10;

impl Lines {
    #[must_use]
    pub fn new(limits: &Limits) -> Lines {
        Lines {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            discarded: None,
            line_bytes_max: limits.message_bytes_max,
            id_bytes_max: limits.id_bytes_max,
            cuts: Vec::new(),
        }
    }

    /// Adds bytes as they came from the peer. Between two calls, [`Lines::next`] must be called until it gives nothing,
    /// or the buffer grows.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete line, if there is one. Blank lines are passed over.
    #[expect(
        clippy::should_implement_trait,
        reason = "the frame borrows the buffer, which Iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Frame<'_>> {
        if let Some(line) = self.cut() {
            return Some(self.frame(line));
        }
        self.shed();
        None
    }

    /// The next complete lines, `most` of them or fewer, put behind what is in `frames`; nothing if there is none.
    pub fn next_lines<'s>(&'s mut self, most: usize, frames: &mut Vec<Frame<'s>>) {
        self.cuts.clear();
        while self.cuts.len() < most {
            let Some(line) = self.cut() else { break };
            if self.discarded.is_none() && line.len() <= self.line_bytes_max {
                self.cuts.push(line);
            } else if self.cuts.is_empty() {
                return frames.push(self.frame(line));
            } else {
                // It comes alone, next time.
                self.start = line.start;
                self.searched = line.start;
                break;
            }
        }
        if self.cuts.is_empty() {
            return self.shed();
        }
        let Lines { buffer, cuts, .. } = self;
        frames.extend(cuts.drain(..).map(|line| whole(buffer.get(line).unwrap_or_default())));
    }

    /// What is left at the end of the stream, frame by frame: at last a line without its end, which some peers would
    /// execute.
    pub fn finish(&mut self) -> Option<Frame<'_>> {
        if let Some(line) = self.cut() {
            return Some(self.frame(line));
        }
        let rest = self.start..self.buffer.len();
        self.start = rest.end;
        self.searched = rest.end;
        if self.is_blank(&rest) { None } else { Some(self.frame(rest)) }
    }

    /// Takes the next line with an end out of the buffer, blank ones aside.
    fn cut(&mut self) -> Option<Range<usize>> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(found) = memchr::memchr(b'\n', rest) else {
                self.searched = self.buffer.len();
                return None;
            };
            let line = self.start..self.searched + found;
            self.start = line.end + 1;
            self.searched = line.end + 1;
            if !self.is_blank(&line) {
                return Some(line);
            }
        }
    }

    /// A line above the limit is never blank, whatever it held.
    fn is_blank(&self, line: &Range<usize>) -> bool {
        let bytes = self.buffer.get(line.clone()).unwrap_or_default();
        let blank = bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        blank && self.discarded.is_none() && line.len() <= self.line_bytes_max
    }

    fn frame(&mut self, line: Range<usize>) -> Frame<'_> {
        let bytes = self.buffer.get(line).unwrap_or_default();
        if self.discarded.is_some() || bytes.len() > self.line_bytes_max {
            let (dropped, mut scan) = self.discarded.take().unwrap_or((0, IdScan::new(self.id_bytes_max)));
            scan.extend(bytes);
            let bytes = dropped + bytes.len() as u64;
            return Frame::TooLong { bytes, id: scan.id(), request: scan.is_request() };
        }
        whole(bytes)
    }

    /// Drops what was buffered of a line that is already too long, so that it costs no memory.
    fn shed(&mut self) {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        if self.discarded.is_none() && rest.len() <= self.line_bytes_max {
            return;
        }
        let (dropped, scan) = self.discarded.get_or_insert_with(|| (0, IdScan::new(self.id_bytes_max)));
        *dropped += rest.len() as u64;
        scan.extend(rest);
        self.start = self.buffer.len();
        self.searched = self.start;
    }

    fn compact(&mut self) {
        if self.start == 0 {
            return;
        }
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        if self.buffer.capacity() > BUFFER_KEPT_BYTES_MAX && self.buffer.len() < BUFFER_KEPT_BYTES_MAX {
            self.buffer.shrink_to(BUFFER_KEPT_BYTES_MAX);
        }
    }
}

/// A line within the limit.
fn whole(bytes: &[u8]) -> Frame<'_> {
    // One `\r` before the end is a part of it; any other is a trap.
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if memchr::memchr(b'\r', bytes).is_some() { Frame::CarriageReturn(bytes) } else { Frame::Line(bytes) }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Lines};
    use crate::limits::Limits;
    use crate::message::Id;

    #[test]
    fn a_line_of_a_hundred_megabytes_costs_no_more_than_the_limit() {
        let limits = Limits { message_bytes_max: 1 << 20, ..Limits::DEFAULT };
        let piece = vec![b'x'; 64 << 10];
        let mut lines = Lines::new(&limits);
        let mut most = 0;
        lines.extend(br#"{"jsonrpc":"2.0","id":"big","method":"m","params":{"x":""#);
        for _ in 0..1_600 {
            lines.extend(&piece);
            assert!(lines.next().is_none());
            most = most.max(lines.buffer.capacity());
        }
        lines.extend(b"\"}}\n{\"next\":1}\n");
        assert!(most <= 2 * limits.message_bytes_max + piece.len(), "{most} bytes");
        match lines.next() {
            Some(Frame::TooLong { bytes, id, request }) => {
                assert_eq!(bytes, 1_600 * (64 << 10) + 59);
                assert_eq!((id, request), (Some(Id::Text("big".into())), true));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(lines.next(), Some(Frame::Line(b"{\"next\":1}"))), "the stream is in step again");
        lines.extend(b"");
        assert!(lines.buffer.capacity() <= super::BUFFER_KEPT_BYTES_MAX, "and the memory is given back");
    }

    #[test]
    fn several_lines_at_once_are_the_same_lines() {
        let limits = Limits { message_bytes_max: 4, ..Limits::DEFAULT };
        let text = b"one\n\ntwo\r\nth\rr\nlonger\n\n  \nlonger still\nfour\nfive\nsix\nhalf a line";
        let told = |frame: Frame<'_>| format!("{frame:?}");
        for most in 1..8 {
            for cut in 0..text.len() {
                let (mut one, mut many) = (Lines::new(&limits), Lines::new(&limits));
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                for part in [&text[..cut], &text[cut..]] {
                    one.extend(part);
                    while let Some(frame) = one.next() {
                        expected.push(told(frame));
                    }
                    many.extend(part);
                    loop {
                        let mut frames = Vec::new();
                        many.next_lines(most, &mut frames);
                        assert!(frames.len() <= most);
                        if frames.is_empty() {
                            break;
                        }
                        found.extend(frames.into_iter().map(told));
                    }
                }
                assert_eq!(found, expected, "{most} at once, cut at {cut}");
                assert_eq!(expected.len(), 8);
            }
        }
    }

    #[test]
    fn what_was_not_asked_for_before_the_end_still_comes() {
        let mut lines = Lines::new(&Limits::DEFAULT);
        lines.extend(b"one\n\n \ntwo\nthree");
        let mut found = Vec::new();
        while let Some(Frame::Line(line)) = lines.finish() {
            found.push(line.to_vec());
        }
        assert_eq!(found, [b"one".as_slice(), b"two", b"three"]);
        assert!(lines.finish().is_none());
    }

    #[test]
    fn the_limit_counts_the_carriage_return_and_not_the_line_feed() {
        let limits = Limits { message_bytes_max: 3, ..Limits::DEFAULT };
        let mut lines = Lines::new(&limits);
        lines.extend(b"abc\nab\r\nabc\r\nabcd\n");
        assert!(matches!(lines.next(), Some(Frame::Line(b"abc"))));
        assert!(matches!(lines.next(), Some(Frame::Line(b"ab"))));
        assert!(matches!(lines.next(), Some(Frame::TooLong { bytes: 4, .. })));
        assert!(matches!(lines.next(), Some(Frame::TooLong { bytes: 4, .. })));
        assert!(lines.next().is_none());
    }
}
