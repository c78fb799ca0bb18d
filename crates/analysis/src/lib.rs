//! Looking back and around: what is wrong with the servers that clients are configured to use.
//!
//! Pure: what lies on the disk, what servers offer and what the time is come in as arguments.

pub mod render;
pub mod scan;
