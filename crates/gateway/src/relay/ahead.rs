//! What a reader needs to do as much as it can before the engine is locked.

use std::sync::Arc;

use bailiwick_engine::Foresight;
use bailiwick_mcp::Parser;

#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// One for each text that is read at once.
    pub(super) parsers: Vec<Parser>,
    /// What the rules look at besides a call, when the engine was locked last. For what a client sends.
    pub(super) foresight: Option<Arc<Foresight>>,
}
