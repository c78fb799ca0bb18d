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
/// Longest script that is read as SQL, in bytes.
pub const SQL_BYTES_MAX: usize = 24 << 10;
/// Most words, signs and blanks of a script.
pub const SQL_TOKENS_MAX: usize = 8_000;
/// Deepest brackets of a script.
pub const SQL_BRACKETS_MAX: usize = 12;
/// Most keywords and operators of one statement: each may make its tree one deeper.
pub const SQL_CHAIN_MAX: usize = 400;
/// Deepest recursion of the parser.
pub const SQL_DEPTH_MAX: usize = 40;
/// Most `WITH`s within each other.
pub const SQL_WITHS_MAX: usize = 3;
