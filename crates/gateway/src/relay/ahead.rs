//! What a reader needs to do as much as it can before the engine is locked.

use std::sync::Arc;

use bailiwick_engine::{Foreseen, Foresight};
use bailiwick_mcp::{Id, Malformed, Packet, Parser};

#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// One for each text that is read at once.
    pub(super) parsers: Vec<Parser>,
    /// What the rules look at besides a call, when the engine was locked last. For what a client sends.
    pub(super) foresight: Option<Arc<Foresight>>,
}

/// One text before it is decided.
pub(super) enum Text<'a> {
    Read {
        packet: Result<Packet<'a>, Malformed>,
        line: Option<&'a [u8]>,
        /// No guard finds anything in it.
        clear: bool,
        /// What the rules say of it.
        foreseen: Option<Foreseen>,
    },
    TooLong {
        id: Option<Id<'static>>,
        request: bool,
    },
}
