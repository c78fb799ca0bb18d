//! Looking back and around: what is wrong with clients' servers, what policy recorded calls need, and what a policy makes of
//! attacks and of recorded calls.
//!
//! Pure: what lies on the disk, what servers offer and what the time is come in as arguments.

mod count;
pub mod infer;
pub mod render;
pub mod replay;
pub mod resolved;
pub mod scan;
pub mod schema;
pub mod suite;

pub use count::counted;
