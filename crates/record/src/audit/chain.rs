//! The hash chain and the shape of a line, shared by the writer and the verifier.
//! [`super`] describes both.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};

use crate::time::TIME_TEXT_BYTES;

/// The name of the format, in every header.
pub const FORMAT: &str = "bailiwick.audit";
/// The version that is written; a reader takes every minor version of this major one.
pub const VERSION: (u32, u32) = (1, 0);
/// The longest line that is written or read, without its line end.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Every record whose sequence number is a multiple of this is a signed checkpoint.
pub const CHECKPOINT_EVERY: u64 = 1_024;

const DOMAIN: &[u8] = b"bailiwick.audit/1";
const HASH_OPENS: &[u8] = b",\"hash\":\"";
const HASH_CLOSES: &[u8] = b"\"}";
const SIGNATURE_OPENS: &[u8] = b",\"signature\":\"";
const SIGNATURE_TEXT_BYTES: usize = 88;

/// A SHA-256 value of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainHash(pub(crate) [u8; 32]);

impl ChainHash {
    /// The hash that comes before the header's.
    pub(crate) fn origin() -> ChainHash {
        digest(DOMAIN)
    }

    /// The hash of a line with `body` that follows a line with this hash.
    pub(crate) fn then(&self, body: &[u8]) -> ChainHash {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(body);
        ChainHash(hasher.finalize().into())
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The plain SHA-256 of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> ChainHash {
    ChainHash(Sha256::digest(bytes).into())
}

/// A record's place: its sequence number and its hash, which commits to all records up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The sequence number; the header's is 0.
    pub seq: u64,
    /// The hash at the end of the line.
    pub hash: ChainHash,
}

/// Ends the line whose body is `out[start..]`, and gives its hash.
pub(crate) fn seal(out: &mut Vec<u8>, start: usize, previous: &ChainHash) -> ChainHash {
    let hash = previous.then(out.get(start..).unwrap_or_default());
    let mut text = [0; 64];
    HEXLOWER.encode_mut(&hash.0, &mut text);
    out.extend_from_slice(HASH_OPENS);
    out.extend_from_slice(&text);
    out.extend_from_slice(HASH_CLOSES);
    out.push(b'\n');
    hash
}

/// Adds the signature to a body.
pub(crate) fn push_signature(out: &mut Vec<u8>, signature: &[u8; 64]) {
    out.extend_from_slice(SIGNATURE_OPENS);
    out.extend_from_slice(BASE64.encode(signature).as_bytes());
    out.push(b'"');
}

/// The text that a signed line signs: the log, the place, and through the hash all that came before.
/// `unsigned` is the body without its signature.
pub(crate) fn statement(log: &str, seq: u64, previous: &ChainHash, unsigned: &[u8]) -> String {
    let hash = BASE64.encode(&previous.then(unsigned).0);
    format!("{FORMAT}/{log} signed record\n{seq}\n{hash}\n")
}

/// A line taken apart; nothing in it is trusted before its hash is compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) stated: ChainHash,
    pub(crate) seq: u64,
    pub(crate) time: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> Line<'a> {
    /// Takes a line without its line end apart; `None` if it has not the exact shape of one.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Line<'a>> {
        let (body, stated) = split_hash(line)?;
        let text = str::from_utf8(body).ok()?;
        let rest = text.strip_prefix("{\"seq\":")?;
        let (digits, rest) = rest.split_once(',')?;
        let (time, rest) = rest.strip_prefix("\"time\":\"")?.split_once('"')?;
        let (kind, rest) = rest.strip_prefix(",\"kind\":\"")?.split_once('"')?;
        let whole = rest.is_empty() || rest.starts_with(',');
        (time.len() == TIME_TEXT_BYTES && is_kind(kind) && whole).then_some(())?;
        Some(Line { body, stated, seq: canonical_number(digits)?, time, kind })
    }

    /// The body without its signature, and the signature.
    pub(crate) fn split_signature(&self) -> Option<(&'a [u8], [u8; 64])> {
        let length = SIGNATURE_OPENS.len() + SIGNATURE_TEXT_BYTES + 1;
        let (unsigned, tail) = self.body.split_at_checked(self.body.len().checked_sub(length)?)?;
        let text = tail.strip_prefix(SIGNATURE_OPENS)?.strip_suffix(b"\"")?;
        Some((unsigned, BASE64.decode(text).ok()?.try_into().ok()?))
    }
}

/// A kind is a word of lower-case letters and `_`.
pub(crate) fn is_kind(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The body of a line and the hash that it states.
pub(crate) fn split_hash(line: &[u8]) -> Option<(&[u8], ChainHash)> {
    let length = HASH_OPENS.len() + 64 + HASH_CLOSES.len();
    let (body, tail) = line.split_at_checked(line.len().checked_sub(length)?)?;
    let text = tail.strip_prefix(HASH_OPENS)?.strip_suffix(HASH_CLOSES)?;
    Some((body, ChainHash(HEXLOWER.decode(text).ok()?.try_into().ok()?)))
}

/// A decimal number in its only permitted spelling: no sign, no leading zero.
pub(crate) fn canonical_number(digits: &str) -> Option<u64> {
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}
