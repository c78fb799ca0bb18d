//! Looking back and around: what is wrong with clients' servers, and what policy recorded calls need.
//!
//! Pure: what lies on the disk, what servers offer and what the time is come in as arguments.

pub mod infer;
pub mod render;
pub mod scan;
