//! What an attacker can do: the format written a second time from its description, with any key or none.

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

/// The part of a line before its hash.
pub(crate) fn body(line: &str) -> &str {
    &line[..line.len() - r#","hash":""}"#.len() - 64]
}

/// Bodies as lines whose hashes are right.
pub(crate) fn chain<T: AsRef<str>>(bodies: &[T]) -> Vec<String> {
    let mut previous = Sha256::digest(b"bailiwick.audit/1").to_vec();
    let mut lines = Vec::new();
    for body in bodies {
        previous = Sha256::new().chain_update(&previous).chain_update(body.as_ref()).finalize().to_vec();
        lines.push(format!("{},\"hash\":\"{}\"}}", body.as_ref(), HEXLOWER.encode(&previous)));
    }
    lines
}

/// Lines with the sequence numbers and hashes that they should have in this order.
pub(crate) fn rechain<T: AsRef<str>>(lines: &[T]) -> Vec<String> {
    let renumbered = lines.iter().enumerate().map(|(seq, line)| {
        let (_, rest) = body(line.as_ref()).split_once(',').unwrap();
        format!("{{\"seq\":{seq},{rest}")
    });
    chain(&renumbered.collect::<Vec<_>>())
}

/// A header body of our own making, signed with `key`.
pub(crate) fn header(key: &SigningKey, members: &str) -> String {
    let typed = [&[1][..], key.verifying_key().as_bytes()].concat();
    let named = [b"bailiwick.audit\n", &typed[..]].concat();
    let id = &Sha256::digest(named)[..4];
    let public_key = format!("bailiwick.audit+{}+{}", HEXLOWER.encode(id), BASE64.encode(&typed));
    let unsigned = format!(
        r#"{{"seq":0,"time":"2026-11-21T02:45:00.000000Z","kind":"header",{members},"log":"{LOG}","public_key":"{public_key}""#
    );
    sign(key, 0, &Sha256::digest(b"bailiwick.audit/1"), &unsigned)
}

/// `unsigned` with the signature of a signed record.
pub(crate) fn sign(key: &SigningKey, seq: u64, previous: &[u8], unsigned: &str) -> String {
    let hash = Sha256::new().chain_update(previous).chain_update(unsigned).finalize();
    let text = format!("bailiwick.audit/{LOG} signed record\n{seq}\n{}\n", BASE64.encode(&hash));
    format!("{unsigned},\"signature\":\"{}\"", BASE64.encode(&key.sign(text.as_bytes()).to_bytes()))
}

pub(crate) const LOG: &str = "00112233445566778899aabbccddeeff";
