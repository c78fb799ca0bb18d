//! Opening an audit log: a new one, or one that verifies and is then continued.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::chain::digest;
use super::error::AuditError;
use super::key::{AuditKey, PublicKey, random, sync_directory};
use super::log::{AuditLog, Durability};
use super::note::{Note, read_note, write_note};
use super::report::Torn;
use super::verify::{Checkpoint, VerifyOptions, verify};
use super::writer::Writer;
use crate::time::Timestamp;

/// How to open an audit log.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The log; its side file `….checkpoint` is put beside it.
    pub path: PathBuf,
    /// What a commit promises.
    pub durability: Durability,
    /// Where the signing key is kept; made, with the key, if it is not there.
    pub key_directory: PathBuf,
}

/// What opening a log found and did.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The id of the log, 32 hexadecimal digits.
    pub log: String,
    /// The key that signs it.
    pub key: PublicKey,
    /// Records that were in it before, 0 for a new log.
    pub records: u64,
    /// A torn last line that a crash left: it was taken out and a `repair` record names it.
    pub torn: Option<Torn>,
    /// The first and last record that a crash left unsigned; a `repair` record names them.
    pub unsigned: Option<(u64, u64)>,
}

impl AuditLog {
    /// Begins the log, with mode 0600, or continues one that verifies against its side file and our key. What
    /// was written by opening is on the disk when this returns.
    ///
    /// # Errors
    /// If a file cannot be used, the key is not private, another process has the log open, or an existing
    /// log does not verify. See [`AuditError::help`].
    pub fn open(options: OpenOptions, at: Timestamp) -> Result<(AuditLog, Opened), AuditError> {
        let key = AuditKey::load_or_create(&options.key_directory)?;
        let path = options.path;
        let file = open_locked(&path)?;
        let length = file.metadata().map_err(|source| AuditError::read(&path, source))?.len();
        let note = read_note(&path)?;
        let torn = half_born(&file, length, note.as_deref(), &key);
        let opening = Opening { path: &path, file: &file, key, note, at };
        let (writer, bytes, opened) =
            if length == 0 || torn.is_some() { opening.begin(torn)? } else { opening.resume()? };
        let log = AuditLog::start(file, path, options.durability, writer, bytes)?;
        Ok((log, opened))
    }
}

fn open_locked(path: &Path) -> Result<File, AuditError> {
    let mut how = fs::OpenOptions::new();
    // Appending only: with anything else a second writer would overwrite instead of leaving a trace.
    let file = how
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| AuditError::write(path, source))?;
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return Err(AuditError::NotAFile { path: path.into() });
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(AuditError::Locked { path: path.into() }),
        Err(fs::TryLockError::Error(source)) => Err(AuditError::write(path, source)),
    }
}

/// What is left of a header after a crash in the very first write; the side file, written before, says the same.
/// Anything else that is not a log is left alone.
fn half_born(file: &File, length: u64, note: Option<&[u8]>, key: &AuditKey) -> Option<Torn> {
    let length = usize::try_from(length).ok().filter(|length| (1..HEADER_BYTES_MAX).contains(length))?;
    let mut head = vec![0; length];
    file.read_exact_at(&mut head, 0).ok()?;
    let begins = head.iter().zip(HEADER_BEGINS).all(|(found, wanted)| found == wanted);
    let unborn = begins && !head.contains(&b'\n') && note.is_some_and(|note| is_birth_note(note, key));
    unborn.then(|| Torn { bytes: length as u64, sha256: digest(&head).to_string() })
}

fn is_birth_note(note: &[u8], key: &AuditKey) -> bool {
    Note::open(note, &key.public()).is_some_and(|note| note.position.seq == 0)
}

struct Opening<'a> {
    path: &'a Path,
    file: &'a File,
    key: AuditKey,
    note: Option<Vec<u8>>,
    at: Timestamp,
}

impl Opening<'_> {
    fn begin(self, torn: Option<Torn>) -> Result<(Writer, u64, Opened), AuditError> {
        if torn.is_none() && self.note.as_deref().is_some_and(|note| !is_birth_note(note, &self.key)) {
            return Err(AuditError::Vanished { path: self.path.into() });
        }
        self.cut(0)?;
        let log = HEXLOWER.encode(&random::<16>()?);
        let key = self.key.public();
        let mut writer = Writer::begin(log.clone(), self.key, self.at);
        // The side file comes first, so that a log without one never is the work of a crash.
        write_note(self.path, &Note::sign(writer.log(), writer.head(), writer.key()))?;
        let opened = Opened { log, key, records: 0, torn, unsigned: None };
        if opened.torn.is_some() {
            repair(&mut writer, self.at, &opened)?;
        }
        let bytes = flush(self.path, self.file, &mut writer, 0)?;
        sync_directory(
            self.path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")),
        )?;
        Ok((writer, bytes, opened))
    }

    fn resume(self) -> Result<(Writer, u64, Opened), AuditError> {
        let key = self.key.public();
        let checkpoint = self.note.clone().map_or(Checkpoint::Missing, Checkpoint::Content);
        let options = VerifyOptions { trusted: Some(key.clone()), checkpoint };
        let report = verify(BufReader::with_capacity(READ_BYTES, self.file), options);
        if let Some(finding) = report.first_error() {
            return Err(AuditError::Broken { path: self.path.into(), finding: Box::new(finding.clone()) });
        }
        // A report without an error has seen a header.
        let (Some(head), Some(log)) = (report.last, report.log.clone()) else {
            return Err(AuditError::NotAFile { path: self.path.into() });
        };
        let signed = report.signed_up_to.unwrap_or(0);
        let unsigned = (head.seq > signed).then_some((signed + 1, head.seq));
        let opened = Opened { log: log.clone(), key, records: report.records, torn: report.torn, unsigned };
        if opened.torn.is_some() {
            self.cut(report.whole_bytes)?;
        }
        let mut writer = Writer::resume(log, self.key, head);
        if opened.torn.is_some() || opened.unsigned.is_some() {
            repair(&mut writer, self.at, &opened)?;
        }
        // After the checkpoint that closed a log only a signed record may follow.
        writer.checkpoint(self.at, false);
        let bytes = flush(self.path, self.file, &mut writer, report.whole_bytes)?;
        write_note(self.path, &Note::sign(writer.log(), writer.head(), writer.key()))?;
        Ok((writer, bytes, opened))
    }

    fn cut(&self, bytes: u64) -> Result<(), AuditError> {
        self.file.set_len(bytes).map_err(|source| AuditError::write(self.path, source))
    }
}

/// Says in the log what a crash left and what was done about it.
fn repair(writer: &mut Writer, at: Timestamp, opened: &Opened) -> Result<u64, AuditError> {
    writer.record(at, "repair", |repair| {
        repair.string("cause", "crash");
        if let Some(torn) = &opened.torn {
            repair.number("torn_bytes", torn.bytes).string("torn_sha256", &torn.sha256);
        }
        if let Some((first, last)) = opened.unsigned {
            repair.number("unsigned_first", first).number("unsigned_last", last);
        }
    })
}

/// Writes what is pending to a file of `bytes` bytes, to the disk, and gives its new length.
fn flush(path: &Path, mut file: &File, writer: &mut Writer, bytes: u64) -> Result<u64, AuditError> {
    let pending = writer.take(Vec::new());
    file.write_all(&pending)
        .and_then(|()| file.sync_data())
        .map_err(|source| AuditError::write(path, source))?;
    Ok(bytes + pending.len() as u64)
}

/// A header is some 400 bytes.
const HEADER_BYTES_MAX: usize = 4096;
const HEADER_BEGINS: &[u8] = b"{\"seq\":0,\"time\":\"";
const READ_BYTES: usize = 256 * 1024;
