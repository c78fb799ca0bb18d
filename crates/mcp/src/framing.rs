//! Framing: cutting a stream of bytes into texts.

pub mod http1;
pub mod lines;
pub mod sse;

pub use lines::{Frame, Lines};
pub use sse::{Event, Part, Sse};
