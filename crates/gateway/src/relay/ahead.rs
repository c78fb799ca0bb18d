//! What a reader needs to do as much as it can before the engine is locked.

use std::sync::Arc;

use bailiwick_engine::{Foreseen, Foresight};
use bailiwick_mcp::{Id, Malformed, Packet, Parser};

#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// One for each text that is read at once.
    pub(super) parsers: Vec<Parser>,
    /// Room for those texts; empty.
    pub(super) texts: Vec<Text<'static>>,
    /// What the rules look at besides a call, when the engine was locked last. For what a client sends.
    pub(super) foresight: Option<Arc<Foresight>>,
}

/// One text before it is decided.
#[derive(Debug)]
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

/// The memory of a list for another that borrows from elsewhere: the library collects in place where both are of one layout.
pub(super) fn emptied<From, To>(list: Vec<From>) -> Vec<To> {
    list.into_iter().filter_map(|_| None).collect()
}
