//! Moving bytes: reads from one peer, hands to the engine, records, and only then does what the engine said.

pub mod consult;
pub mod http;
mod look;
pub mod relay;
pub mod sink;
pub mod stdio;

pub use relay::{Asker, Relay};
pub use stdio::{Ended, Reload, Stdio};
