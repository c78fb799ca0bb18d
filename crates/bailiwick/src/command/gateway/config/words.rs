//! The keys of a gateway's file, and what its numbers may be.

use std::time::Duration;

pub(super) const FILE: [&str; 12] = [
    "version",
    "admin",
    "audit",
    "durability",
    "trace",
    "policy",
    "mode",
    "lock",
    "limits",
    "listeners",
    "upstreams",
    "routes",
];
pub(super) const LISTENER: [&str; 5] = ["address", "tls", "hosts", "origins", "insecure-no-authentication"];
pub(super) const TLS: [&str; 2] = ["certificate", "key"];
pub(super) const UPSTREAM: [&str; 15] = [
    "url",
    "transport",
    "command",
    "processes",
    "headers",
    "forward-headers",
    "run-by",
    "ca",
    "policy",
    "mode",
    "lock",
    "answer-timeout",
    "stream-idle",
    "session-idle",
    "sessions",
];
pub(super) const ROUTE: [&str; 5] = ["path", "listeners", "upstream", "upstreams", "sse"];
pub(super) const LIMITS: [&str; 14] = [
    "message-bytes",
    "depth",
    "values",
    "batch",
    "pending",
    "connections",
    "sessions",
    "session-idle",
    "answer-timeout",
    "stream-idle",
    "process-idle",
    "unread-timeout",
    "request-timeout",
    "grace",
];

/// Longest times; the same as those of the flags.
pub(super) const WEEK: Duration = Duration::from_secs(604_800);
pub(super) const DAY: Duration = Duration::from_secs(86_400);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
/// Listeners, upstreams and routes of one file, of each kind.
pub(super) const ENTRIES_MAX: usize = 256;
