//! The decoder of server-sent events: where the bytes are cut on their way changes nothing, no event breaks its limits,
//! and what is written again reads the same.
#![no_main]

use bailiwick_mcp::Limits;
use bailiwick_mcp::framing::{Part, Sse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // The first byte says how long the pieces are; 0 is all at once.
    let Some((size, bytes)) = input.split_first() else { return };
    let (whole, written) = parts(bytes, bytes.len().max(1));
    let (pieces, _) = parts(bytes, usize::from(*size).max(1));
    assert_eq!(whole, pieces, "pieces of {size} bytes");
    let events: Vec<_> = whole.into_iter().filter(|part| part.starts_with("Event")).collect();
    assert_eq!(parts(&written, written.len().max(1)).0, events, "written again");
});

/// All parts as text, so that two runs can be compared and shown; and the events written again.
fn parts(bytes: &[u8], size: usize) -> (Vec<String>, Vec<u8>) {
    let mut sse = Sse::new(&LIMITS);
    let (mut seen, mut written) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(size) {
        sse.extend(piece);
        while let Some(part) = sse.next() {
            if let Part::Event(event) = &part {
                let data = event.data.as_deref();
                assert!(
                    data.is_none_or(|data| data.len() <= LIMITS.message_bytes_max && !data.contains(&b'\r'))
                );
                event.write(data, &mut written);
            }
            seen.push(format!("{part:?}"));
        }
    }
    (seen, written)
}

/// Small, so that a short input already reaches them.
const LIMITS: Limits = Limits { message_bytes_max: 48, id_bytes_max: 16, ..Limits::DEFAULT };
