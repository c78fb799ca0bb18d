//! The digests that pins are made of.

use bailiwick_mcp::Value;
use sha2::{Digest as _, Sha256};

use super::Digest;

/// SHA-256 over the RFC 8785 form of a value.
#[must_use]
pub fn digest(value: Value<'_>) -> Digest {
    // Text that only our own parser could read has no canonical form: its bytes are its identity.
    let bytes = canonical(value).unwrap_or_else(|| value.raw().as_bytes().to_vec());
    let mut hash = Sha256::new();
    hash.update(bytes);
    hex(hash)
}

/// The same; all texts without a canonical form are one.
pub(crate) fn digest_of_arguments(value: Value<'_>) -> Digest {
    let mut hash = Sha256::new();
    hash.update(canonical(value).unwrap_or_default());
    hex(hash)
}

fn canonical(value: Value<'_>) -> Option<Vec<u8>> {
    let parsed: serde_json::Value = serde_json::from_str(value.raw()).ok()?;
    serde_json_canonicalizer::to_vec(&parsed).ok()
}

/// The digest of instructions that a server did not send.
#[must_use]
pub fn absent() -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"null");
    hex(hash)
}

pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
