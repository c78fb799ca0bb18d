//! Opening an audit log: a new one, or one that verifies and is then continued.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::chain::digest;
use super::error::AuditError;
use super::file::LogFile;
use super::key::{AuditKey, PublicKey, random, sync_directory};
use super::log::{AuditLog, Durability};
use super::note::{Note, read_note};
use super::report::Torn;
use super::store::{Held, Store, append, guarded};
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

/// How to open an audit log in a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreOptions {
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
        let file = LogFile::open(options.path)?;
        let length = file.length()?;
        let note = read_note(file.path())?;
        let torn = half_born(&file, length, note.as_deref(), &key);
        let (writer, bytes, opened) = if length == 0 || torn.is_some() {
            if torn.is_none() && note.is_some_and(|note| !is_birth_note(&note, &key)) {
                return Err(AuditError::Vanished { path: file.path().into() });
            }
            file.cut(0)?;
            let begun = Opening { store: &file, key, at }.begin(torn)?;
            sync_directory(directory(file.path()))?;
            begun
        } else {
            // A file that is not empty holds something.
            let held = file.held()?.ok_or_else(|| AuditError::NotAFile { path: file.path().into() })?;
            Opening { store: &file, key, at }.resume(held, Some(&file))?
        };
        let log = AuditLog::start(Box::new(file), options.durability, writer, bytes)?;
        Ok((log, opened))
    }

    /// Begins a log in `store`, or continues the one that it holds, if that verifies. What was added by opening is synced when this
    /// returns.
    ///
    /// # Errors
    /// If the store fails, the key is not private, or what the store holds does not verify or ends within a line.
    pub fn open_in(
        store: Box<dyn Store>,
        options: &StoreOptions,
        at: Timestamp,
    ) -> Result<(AuditLog, Opened), AuditError> {
        let key = AuditKey::load_or_create(&options.key_directory)?;
        let opening = Opening { store: &*store, key, at };
        let (writer, bytes, opened) = match guarded(|| store.held())? {
            None => opening.begin(None)?,
            Some(held) => opening.resume(held, None)?,
        };
        let log = AuditLog::start(store, options.durability, writer, bytes)?;
        Ok((log, opened))
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// What is left of a header after a crash in the very first write; the side file, written before, says the same.
/// Anything else that is not a log is left alone.
fn half_born(file: &LogFile, length: u64, note: Option<&[u8]>, key: &AuditKey) -> Option<Torn> {
    let length = usize::try_from(length).ok().filter(|length| (1..HEADER_BYTES_MAX).contains(length))?;
    let head = file.head(length)?;
    let begins = head.iter().zip(HEADER_BEGINS).all(|(found, wanted)| found == wanted);
    let unborn = begins && !head.contains(&b'\n') && note.is_some_and(|note| is_birth_note(note, key));
    unborn.then(|| Torn { bytes: length as u64, sha256: digest(&head).to_string() })
}

fn is_birth_note(note: &[u8], key: &AuditKey) -> bool {
    Note::open(note, &key.public()).is_some_and(|note| note.position.seq == 0)
}

struct Opening<'a> {
    store: &'a dyn Store,
    key: AuditKey,
    at: Timestamp,
}

impl Opening<'_> {
    fn begin(self, torn: Option<Torn>) -> Result<(Writer, u64, Opened), AuditError> {
        let log = HEXLOWER.encode(&random::<16>()?);
        let key = self.key.public();
        let mut writer = Writer::begin(log.clone(), self.key, self.at);
        // The checkpoint comes first, so that a log without one never is the work of a crash.
        note(self.store, &writer)?;
        let opened = Opened { log, key, records: 0, torn, unsigned: None };
        if opened.torn.is_some() {
            repair(&mut writer, self.at, &opened)?;
        }
        let bytes = flush(self.store, &mut writer, 0)?;
        Ok((writer, bytes, opened))
    }

    /// Goes on with what is held, in `file` if it is one: only there a torn tail is the work of a crash.
    fn resume(self, held: Held<'_>, file: Option<&LogFile>) -> Result<(Writer, u64, Opened), AuditError> {
        let key = self.key.public();
        let checkpoint = held.checkpoint.map_or(Checkpoint::Missing, Checkpoint::Content);
        let options = VerifyOptions { trusted: Some(key.clone()), checkpoint };
        let report = verify(held.lines, options);
        if let Some(finding) = report.first_error() {
            return Err(match file {
                Some(file) => {
                    AuditError::Broken { path: file.path().into(), finding: Box::new(finding.clone()) }
                }
                None => AuditError::store(format!("it holds what does not verify: {finding}")),
            });
        }
        // A report without an error has seen a header.
        let (Some(head), Some(log)) = (report.last, report.log.clone()) else {
            return Err(AuditError::store("it holds no log"));
        };
        let signed = report.signed_up_to.unwrap_or(0);
        let unsigned = (head.seq > signed).then_some((signed + 1, head.seq));
        let opened = Opened { log: log.clone(), key, records: report.records, torn: report.torn, unsigned };
        match (&opened.torn, file) {
            (None, _) => {}
            (Some(_), Some(file)) => file.cut(report.whole_bytes)?,
            (Some(_), None) => return Err(AuditError::store("what it holds ends within a line")),
        }
        let mut writer = Writer::resume(log, self.key, head);
        if opened.torn.is_some() || opened.unsigned.is_some() {
            repair(&mut writer, self.at, &opened)?;
        }
        // After the checkpoint that closed a log only a signed record may follow.
        writer.checkpoint(self.at, false);
        let bytes = flush(self.store, &mut writer, report.whole_bytes)?;
        note(self.store, &writer)?;
        Ok((writer, bytes, opened))
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

/// Brings what is pending to a store of `bytes` bytes for good, and gives how many it holds then.
fn flush(store: &dyn Store, writer: &mut Writer, bytes: u64) -> Result<u64, AuditError> {
    let pending = writer.take(Vec::new());
    append(store, bytes, &pending).1?;
    guarded(|| store.sync())?;
    Ok(bytes + pending.len() as u64)
}

fn note(store: &dyn Store, writer: &Writer) -> Result<(), AuditError> {
    let note = Note::sign(writer.log(), writer.head(), writer.key());
    guarded(|| store.checkpoint(&note))
}

/// A header is some 400 bytes.
const HEADER_BYTES_MAX: usize = 4096;
const HEADER_BEGINS: &[u8] = b"{\"seq\":0,\"time\":\"";
