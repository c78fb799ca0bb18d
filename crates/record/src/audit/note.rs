//! The side file `LOG.checkpoint`: a signed note that says how far the log reaches, so that a cut tail shows.
//!
//! The text has the shape of a C2SP signed note (<https://c2sp.org/signed-note>): origin, sequence number and
//! base64 hash, an empty line, and signature lines. The chain is not a Merkle tree, so the second line is the
//! last record's sequence number, not a tree size.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

use super::chain::{ChainHash, FORMAT, Position, canonical_number};
use super::error::AuditError;
use super::key::{AuditKey, PublicKey, no_follow};

/// The most bytes that are read of a side file.
pub const NOTE_BYTES_MAX: u64 = 16 * 1024;

/// What a valid note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) log: String,
    pub(crate) position: Position,
}

impl Note {
    pub(crate) fn sign(log: &str, position: Position, key: &AuditKey) -> String {
        let text = text(log, position);
        let mut named = key.public().id().to_vec();
        named.extend_from_slice(&key.sign(&text));
        format!("{text}\n— {FORMAT} {}\n", BASE64.encode(&named))
    }

    /// The note in `bytes` if `key` has signed it. Signatures of other keys, such as witnesses, are passed over.
    pub(crate) fn open(bytes: &[u8], key: &PublicKey) -> Option<Note> {
        let (head, signatures) = str::from_utf8(bytes).ok()?.rsplit_once("\n\n")?;
        let mut lines = head.split('\n');
        let log = lines.next()?.strip_prefix(FORMAT)?.strip_prefix('/')?;
        let seq = canonical_number(lines.next()?)?;
        let hash = ChainHash(BASE64.decode(lines.next()?.as_bytes()).ok()?.try_into().ok()?);
        let position = Position { seq, hash };
        let signed = format!("{head}\n");
        // Written out again it must be the same text: there is one way to say a thing.
        let same = signed == text(log, position);
        let vouched = signatures.strip_suffix('\n')?.split('\n').any(|line| is_signed(line, &signed, key));
        (same && vouched).then(|| Note { log: log.to_owned(), position })
    }
}

fn text(log: &str, position: Position) -> String {
    format!("{FORMAT}/{log}\n{}\n{}\n", position.seq, BASE64.encode(&position.hash.0))
}

fn is_signed(line: &str, text: &str, key: &PublicKey) -> bool {
    let signature = || {
        let encoded = line.strip_prefix("— ")?.strip_prefix(FORMAT)?.strip_prefix(' ')?;
        let named = BASE64.decode(encoded.as_bytes()).ok()?;
        <[u8; 64]>::try_from(named.strip_prefix(&key.id())?).ok()
    };
    signature().is_some_and(|signature| key.verifies(text, &signature))
}

/// The path of the side file of the log at `path`.
#[must_use]
pub fn note_path(path: &Path) -> PathBuf {
    with_suffix(path, ".checkpoint")
}

/// The bytes of the side file of the log at `path`; `None` if there is none.
///
/// # Errors
/// If it cannot be read, or is longer than [`NOTE_BYTES_MAX`].
pub fn read_note(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    let path = note_path(path);
    let read = |source| AuditError::read(&path, source);
    // A pipe would be waited for.
    if fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
        return Err(read(io::Error::other("it is not a file")));
    }
    let file = match fs::File::open(&path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(read)?,
    };
    let mut bytes = Vec::new();
    file.take(NOTE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > NOTE_BYTES_MAX {
        return Err(read(io::Error::new(io::ErrorKind::InvalidData, "too long for a checkpoint")));
    }
    Ok(Some(bytes))
}

/// Replaces the side file of the log at `path` in one step. Its bytes reach the disk before its name does, so
/// that a crash leaves the old note or the new one.
pub(crate) fn write_note(path: &Path, note: &str) -> Result<(), AuditError> {
    let draft = with_suffix(path, ".checkpoint.new");
    let place = note_path(path);
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(no_follow());
        let mut file = options.open(&draft)?;
        file.write_all(note.as_bytes())?;
        file.sync_data()?;
        fs::rename(&draft, &place)
    };
    write().map_err(|source| AuditError::write(&place, source))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::super::chain::digest;
    use super::*;

    fn key() -> (tempfile::TempDir, AuditKey) {
        let root = tempfile::tempdir().unwrap();
        let key = AuditKey::load_or_create(root.path()).unwrap();
        (root, key)
    }

    #[test]
    fn a_note_reads_back() {
        let (_root, key) = key();
        let position = Position { seq: 7, hash: digest(b"x") };
        let note = Note::sign("ab12", position, &key);
        assert_eq!(Note::open(note.as_bytes(), &key.public()), Some(Note { log: "ab12".into(), position }));
        let lines: Vec<_> = note.split('\n').collect();
        assert_eq!(
            lines[..4],
            ["bailiwick.audit/ab12", "7", "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=", ""][..]
        );
        assert!(lines[4].starts_with("— bailiwick.audit "));
        assert_eq!(lines[5..], [""]);
    }

    #[test]
    fn any_changed_bit_is_found() {
        let (_root, key) = key();
        let note = Note::sign("ab12", Position { seq: 12, hash: digest(b"x") }, &key);
        for at in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[at / 8] ^= 1 << (at % 8);
            assert_eq!(Note::open(&bytes, &key.public()), None, "bit {at}");
        }
        for length in 0..note.len() {
            assert_eq!(Note::open(&note.as_bytes()[..length], &key.public()), None, "cut at {length}");
        }
    }

    #[test]
    fn a_witness_may_add_its_signature_but_not_stand_for_ours() {
        let (_root, ours) = key();
        let (_other, witness) = key();
        let position = Position { seq: 1, hash: digest(b"x") };
        let note = Note::sign("ab", position, &ours);
        let theirs = Note::sign("ab", position, &witness);
        let line = theirs.lines().last().unwrap();
        assert!(Note::open(format!("{note}{line}\n").as_bytes(), &ours.public()).is_some());
        assert!(Note::open(theirs.as_bytes(), &ours.public()).is_none());
    }
}
