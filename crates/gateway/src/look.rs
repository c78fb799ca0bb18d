//! A look at what a server sends, before the engine is locked.

use std::cell::RefCell;

use bailiwick_engine::Scanner;
use bailiwick_mcp::{Packet, Value};

/// True only if no guard finds anything in the message. Batches and long messages are left to the engine.
pub(crate) fn is_clear(scanner: &Scanner, packet: &Packet<'_>) -> bool {
    let Packet::One(message) = packet else { return false };
    if message.raw().len() > CLEAR_BYTES_MAX {
        return false;
    }
    ROOM.with_borrow_mut(|room| {
        let clear = |value: Value<'_>| value.text_in(room).is_none_or(|text| scanner.is_clear(text));
        message.value().descendants().all(clear)
    })
}

thread_local! {
    /// For texts with escapes, one after the other: no longer than the messages that are looked at.
    static ROOM: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Longer messages are mostly lists, which are looked at item by item, in bytes.
const CLEAR_BYTES_MAX: usize = 64 << 10;
