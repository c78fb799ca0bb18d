//! Named limits. What is longer or more is not read on, and counts as a doubt.

/// Longest text that is read as a host, in bytes; the longest name has 253 characters, each of which may be percent-encoded.
pub const HOST_BYTES_MAX: usize = 1_024;
/// How often percent-encoding within percent-encoding is taken off.
pub const DECODINGS_MAX: usize = 4;
/// Longest text that is read as one URL, in bytes.
pub const URL_BYTES_MAX: usize = 8_192;
/// Most ways in which one URL is read; one with more is unreadable.
pub const URL_READINGS_MAX: usize = 24;
/// Most bytes of URLs that are read within one text, counted anew for URLs within URLs.
pub const FOUND_BYTES_MAX: usize = 128 << 10;
