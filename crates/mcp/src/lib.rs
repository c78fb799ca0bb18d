//! The Model Context Protocol as bytes: strict parser, typed view, method tables, framing.

pub mod framing;
pub mod headers;
pub mod json;
pub mod limits;
pub mod message;
pub mod method;
pub mod session;
pub mod splice;
pub mod time;
pub mod version;

pub use json::{Document, Kind, Parser, Value};
pub use limits::Limits;
pub use message::{Body, Direction, Id, Malformation, Malformed, Message, Packet};
pub use method::{Form, Governed, Item, Method};
pub use splice::Splice;
pub use time::Timestamp;
pub use version::Version;
