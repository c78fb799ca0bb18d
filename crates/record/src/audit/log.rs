//! The writing end of a log, for many threads at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::error::AuditError;
use super::shared::Shared;
use super::source::Source;
use super::store::Store;
use super::writer::Writer;
use crate::json::Object;
use crate::time::Timestamp;

/// How long a record may stay in memory without a commit, a written one unsynced (batched) and a synced one
/// unsigned: at most this and one flush of the disk.
pub const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// How many bytes of records are kept in memory; then an append writes first.
pub const PENDING_BYTES_MAX: usize = 1024 * 1024;

/// What a commit promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On the disk (of a [`Store`]: synced): survives a power cut. Callers that commit at the same time share one flush.
    Strict,
    /// With the operating system: survives the end of this process; a power cut may lose what was committed
    /// in the last [`FLUSH_INTERVAL`] and one flush of the disk.
    Batched,
}

/// An open audit log. All methods may be called from any thread.
#[derive(Debug)]
pub struct AuditLog {
    shared: Arc<Shared>,
    flusher: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    /// Starts the flusher on a log of `bytes` whole bytes, whose last line is the writer's head, durable and noted.
    pub(crate) fn start(
        store: Box<dyn Store>,
        durability: Durability,
        writer: Writer,
        bytes: u64,
    ) -> Result<AuditLog, AuditError> {
        let shared = Arc::new(Shared::new(store, durability, writer, bytes));
        let for_thread = Arc::clone(&shared);
        let flusher = thread::Builder::new()
            .name("audit-flusher".into())
            .spawn(move || for_thread.run())
            .map_err(|source| AuditError::Thread { source: Arc::new(source) })?;
        Ok(AuditLog { shared, flusher: Mutex::new(Some(flusher)) })
    }

    /// Adds a record of `kind` (lower-case letters and `_`) and gives its sequence number. It is chained now, and
    /// written by the next [`commit`](AuditLog::commit) of anybody or within [`FLUSH_INTERVAL`].
    ///
    /// # Errors
    /// If the log is closed, if earlier records could not be written and still cannot, or if the record is
    /// too long. Then nothing was added.
    pub fn append(
        &self,
        at: Timestamp,
        kind: &'static str,
        write: impl FnOnce(&mut Object<'_>),
    ) -> Result<u64, AuditError> {
        self.shared.append(at, kind, write)
    }

    /// From now on what `source` holds is made into lines before anything else.
    pub(crate) fn feed_from(&self, source: Arc<dyn Source>) {
        self.shared.feed_from(source);
    }

    /// Whether the source may take a record now.
    pub(crate) fn admit(&self) -> Result<(), AuditError> {
        self.shared.admit()
    }

    /// The source took a record: it is written by the next commit, or within [`FLUSH_INTERVAL`].
    pub(crate) fn handed_in(&self) {
        self.shared.handed_in();
    }

    /// Makes lines of what the source holds; `wait`: even if another thread is at it. False if it was left to that one.
    pub(crate) fn keep_up(&self, wait: bool) -> bool {
        self.shared.keep_up(wait)
    }

    /// Sees to it that everything appended so far, by anybody, is written (with [`Durability::Strict`]: is on the
    /// disk).
    ///
    /// # Errors
    /// If that failed: no effect of those records may take place. They stay in memory, are written as soon as
    /// that works again, and a `repair` record then names them.
    pub fn commit(&self) -> Result<(), AuditError> {
        self.shared.commit()
    }

    /// As [`AuditLog::commit`], but `None`, and nothing promised, if another thread is making lines or writing. Waits for
    /// the disk like that one.
    pub fn try_commit(&self) -> Option<Result<(), AuditError>> {
        self.shared.try_commit()
    }

    /// Ends the log with a signed checkpoint, durable, and lets go of its place. Closing twice is harmless.
    ///
    /// # Errors
    /// If something could not be written; closing may be tried again.
    pub fn close(&self, at: Timestamp) -> Result<(), AuditError> {
        self.stop_flusher();
        self.shared.finish(at)
    }

    fn stop_flusher(&self) {
        self.shared.stop();
        let flusher = self.flusher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(flusher) = flusher {
            // The flusher does not panic; if it did, there is nothing left to wait for.
            let _ = flusher.join();
        }
    }
}

impl Drop for AuditLog {
    /// Ends the flusher thread, which writes what is pending and then lets go of the file and its lock. A log that
    /// was not closed is left as after a crash.
    fn drop(&mut self) {
        self.stop_flusher();
    }
}
