//! The reading end of one direction: bytes to lines, lines to whatever they lead to.

use std::sync::atomic::Ordering;

use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::{Direction, Limits};

use super::ahead::{Ahead, emptied};
use super::batch::Batch;
use super::{Relay, now};

/// Reads one direction: its framer, parsers and buffers, reused for every chunk.
#[derive(Debug)]
pub struct Reader {
    direction: Direction,
    lines: Lines,
    ahead: Ahead,
    batch: Batch,
    /// Room for what comes together; empty.
    frames: Vec<Frame<'static>>,
}

/// So many lines that came together are decided together: the engine is locked once for them.
const TOGETHER: usize = 64;

impl Reader {
    #[must_use]
    pub fn new(direction: Direction, limits: &Limits) -> Reader {
        Reader {
            direction,
            lines: Lines::new(limits),
            ahead: Ahead::default(),
            batch: Batch::default(),
            frames: Vec::new(),
        }
    }

    /// Takes bytes as they came and does all that they lead to.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn take(&mut self, relay: &Relay, bytes: &[u8]) -> std::io::Result<()> {
        self.lines.extend(bytes);
        relay.in_hand.fetch_add(1, Ordering::SeqCst);
        let about = (now(), self.direction);
        loop {
            let mut frames: Vec<Frame<'_>> = std::mem::take(&mut self.frames);
            self.lines.next_lines(TOGETHER, &mut frames);
            let none = frames.is_empty();
            if !none {
                relay.frames(about, &mut frames, &mut self.ahead, &mut self.batch);
            }
            self.frames = emptied(frames);
            if none {
                break;
            }
        }
        relay.carry_out(self.direction, &mut self.batch)
    }

    /// The stream ended; a last line without its end is decided like any other.
    ///
    /// # Errors
    /// If the client does not read any more.
    pub fn finish(&mut self, relay: &Relay) -> std::io::Result<()> {
        relay.in_hand.fetch_add(1, Ordering::SeqCst);
        while let Some(frame) = self.lines.finish() {
            let about = (now(), self.direction);
            relay.frames(about, &mut vec![frame], &mut self.ahead, &mut self.batch);
        }
        relay.carry_out(self.direction, &mut self.batch)
    }
}
