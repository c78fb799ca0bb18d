//! A log in a file, and what only a file can be asked: whether it is ours alone, and still where people look for it.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::AuditError;
use super::note::{read_note, write_note};
use super::store::{Held, Store};

#[derive(Debug)]
pub(super) struct LogFile {
    file: File,
    path: PathBuf,
    /// Bytes that are in it for certain, and those that may be while some are being written.
    least: AtomicU64,
    most: AtomicU64,
}

impl LogFile {
    /// The file at `path`, made if it is not there, and locked.
    pub(super) fn open(path: PathBuf) -> Result<LogFile, AuditError> {
        let mut how = fs::OpenOptions::new();
        // Appending only: with anything else a second writer would overwrite instead of leaving a trace.
        let file = how
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| AuditError::write(&path, source))?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(AuditError::NotAFile { path });
        }
        match file.try_lock() {
            Ok(()) => Ok(LogFile { file, path, least: AtomicU64::new(0), most: AtomicU64::new(0) }),
            Err(fs::TryLockError::WouldBlock) => Err(AuditError::Locked { path }),
            Err(fs::TryLockError::Error(source)) => Err(AuditError::write(&path, source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> Result<u64, AuditError> {
        Ok(self.file.metadata().map_err(|source| AuditError::read(&self.path, source))?.len())
    }

    /// The first `length` bytes; `None` if they cannot be read.
    pub(super) fn head(&self, length: usize) -> Option<Vec<u8>> {
        let mut head = vec![0; length];
        self.file.read_exact_at(&mut head, 0).ok()?;
        Some(head)
    }

    /// Leaves nothing behind the first `bytes` bytes.
    pub(super) fn cut(&self, bytes: u64) -> Result<(), AuditError> {
        self.file.set_len(bytes).map_err(|source| AuditError::write(&self.path, source))
    }
}

impl Store for LogFile {
    fn append(&self, offset: u64, lines: &[u8]) -> Result<usize, AuditError> {
        self.most.store(offset + lines.len() as u64, Ordering::SeqCst);
        let written = loop {
            match (&self.file).write(lines) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                other => break other,
            }
        };
        let bytes = offset + written.as_ref().map_or(0, |count| *count as u64);
        self.least.store(bytes, Ordering::SeqCst);
        self.most.store(bytes, Ordering::SeqCst);
        written.map_err(|source| AuditError::write(&self.path, source))
    }

    fn sync(&self) -> Result<(), AuditError> {
        // A failed flush may have dropped the pages and a second would succeed for nothing, so it is final.
        let failed = |source| AuditError::Sync { path: self.path.clone(), source: Arc::new(source) };
        self.file.sync_data().map_err(failed)?;
        // A log that was renamed or replaced is no longer where people look for it.
        let there = fs::metadata(&self.path);
        // Of what is being written now some may be there already: the bounds are read on both sides of the length.
        let least = self.least.load(Ordering::SeqCst);
        let ours = self.file.metadata().map_err(failed)?;
        let most = self.most.load(Ordering::SeqCst);
        let same = there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
        match same && (least..=most).contains(&ours.len()) {
            true => Ok(()),
            false => Err(AuditError::Meddled { path: self.path.clone() }),
        }
    }

    fn checkpoint(&self, note: &str) -> Result<(), AuditError> {
        write_note(&self.path, note)
    }

    fn held(&self) -> Result<Option<Held<'_>>, AuditError> {
        if self.length()? == 0 {
            return Ok(None);
        }
        let lines = Box::new(BufReader::with_capacity(READ_BYTES, &self.file));
        Ok(Some(Held { lines, checkpoint: read_note(&self.path)? }))
    }

    fn close(&self) -> Result<(), AuditError> {
        self.file.unlock().map_err(|source| AuditError::write(&self.path, source))
    }
}

const READ_BYTES: usize = 256 * 1024;
