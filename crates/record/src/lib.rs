//! What is on disk: the audit log, traces and the lock file, as versioned formats.

pub mod audit;
pub mod entry;
pub mod json;
pub mod lock;
pub mod time;
pub mod trace;

pub use audit::{AuditError, AuditLog, Durability, OpenOptions, Opened};
pub use json::{Array, Object};
pub use time::Timestamp;
