//! Framing: cutting a stream of bytes into texts.

pub mod lines;

pub use lines::{Frame, Lines};
