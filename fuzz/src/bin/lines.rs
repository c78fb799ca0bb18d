//! The line framer: where the bytes are cut on their way changes nothing, and no line breaks its limits.
#![no_main]

use bailiwick_mcp::Limits;
use bailiwick_mcp::framing::{Frame, Lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // The first byte says how long the pieces are; 0 is all at once.
    let Some((size, bytes)) = input.split_first() else { return };
    let whole = frames(bytes, bytes.len().max(1));
    let pieces = frames(bytes, usize::from(*size).max(1));
    assert_eq!(whole, pieces, "pieces of {size} bytes");
});

/// All frames as text, so that two runs can be compared and shown.
fn frames(bytes: &[u8], size: usize) -> Vec<String> {
    let mut lines = Lines::new(&LIMITS);
    let mut seen = Vec::new();
    for piece in bytes.chunks(size) {
        lines.extend(piece);
        while let Some(frame) = lines.next() {
            seen.push(checked(&frame));
        }
    }
    seen.extend(lines.finish().as_ref().map(checked));
    seen
}

fn checked(frame: &Frame<'_>) -> String {
    if let Frame::Line(line) | Frame::CarriageReturn(line) = frame {
        assert!(line.len() <= LIMITS.message_bytes_max);
        assert!(!line.contains(&b'\n'));
    }
    if let Frame::Line(line) = frame {
        assert!(!line.contains(&b'\r'), "one line to us, two to Python");
    }
    format!("{frame:?}")
}

/// Small, so that a short input already reaches them.
const LIMITS: Limits = Limits { message_bytes_max: 48, id_bytes_max: 16, ..Limits::DEFAULT };
