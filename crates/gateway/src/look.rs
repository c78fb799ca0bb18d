//! A look at what a server sends, before the engine is locked.

use bailiwick_engine::Scanner;
use bailiwick_mcp::{Packet, Value};

/// True only if no guard finds anything in the message. Batches and long messages are left to the engine.
pub(crate) fn is_clear(scanner: &Scanner, packet: &Packet<'_>) -> bool {
    let Packet::One(message) = packet else { return false };
    let mut strings = message.value().descendants().filter_map(Value::text);
    message.raw().len() <= CLEAR_BYTES_MAX && strings.all(|text| scanner.is_clear(&text))
}

/// Longer messages are mostly lists, which are looked at item by item, in bytes.
const CLEAR_BYTES_MAX: usize = 64 << 10;
