//! MCP clients as data: where their configurations lie, what servers stand in them, and edits that change nothing else.
//!
//! [`table`] says which clients there are, [`config`] reads a text's servers, [`wrap`] plans edits of it. Pure: the crate
//! `disk` is what touches files.

pub mod config;
pub mod paths;
pub mod place;
pub mod table;
pub mod tree;
pub mod wrap;
