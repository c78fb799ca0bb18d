//! The audit log from outside: what it writes, what it refuses, what damage it finds, what a crash leaves.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the helpers of the tests stop at what they do not expect, as the tests do"
)]

#[path = "audit/crash.rs"]
mod crash;
#[path = "audit/forge.rs"]
mod forge;
#[path = "audit/log.rs"]
mod log;
#[path = "audit/site.rs"]
mod site;
#[path = "audit/store.rs"]
mod store;
#[path = "audit/tamper.rs"]
mod tamper;
