//! For tests only: real MCP peers, a raw client that keeps every byte, process watching, comparison, hostile lines.
//!
//! Everything here ends a test that cannot go on by a panic that says why.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, and a panic is how a test says so"
)]

pub use serde_json;

pub mod audit;
pub mod cases;
pub mod compare;
pub mod gateway;
pub mod hostile;
pub mod http;
pub mod patience;
pub mod process;
pub mod recorder;
pub mod route;
pub mod script;
pub mod served;
pub mod servers;
pub mod terminal;
pub mod tools;
pub mod wire;
pub mod workplace;

#[cfg(feature = "rmcp")]
mod rmcp_client;
