//! Where the lines of a log are kept: in a file, or in a place of whoever embeds us.

use std::fmt;
use std::io::BufRead;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::AuditError;

/// A place for the lines of an audit log, in a file's stead: memory, an object store, a system log.
///
/// The log chains and signs the lines; the place only keeps them. It is called by one thread at a time, but for `sync`, which
/// may run beside an `append`. It may wait, and then every message waits with it. An error refuses messages, as a full disk does.
///
/// Who must have a place for itself alone sees to that: a file has a lock. So do [`Held::lines`] of one log and no other.
pub trait Store: Send + Sync + fmt::Debug {
    /// Takes `lines`, which come behind the first `offset` bytes of the log, and says how many bytes of them it took, at least
    /// one. They are whole lines, unless part of one was taken before.
    ///
    /// # Errors
    /// If it took nothing. It is asked again with the same offset: a place that is not sure what it took knows it by that.
    fn append(&self, offset: u64, lines: &[u8]) -> Result<usize, AuditError>;

    /// Returns when all that was taken survives whatever the place promises to survive. Called before every effect where the log is
    /// strict, and within [`FLUSH_INTERVAL`](super::FLUSH_INTERVAL) otherwise.
    ///
    /// # Errors
    /// If that is not certain. It is final: nothing more is recorded until the log is opened anew.
    fn sync(&self) -> Result<(), AuditError>;

    /// Keeps `note` in place of the one before: signed, how far the log reaches, which is at most what was synced. `audit verify` wants it
    /// in the file `LOG.checkpoint`.
    ///
    /// # Errors
    /// If it is not kept. Messages are refused until it is.
    fn checkpoint(&self, note: &str) -> Result<(), AuditError>;

    /// What it holds of a log that is to be continued; `None`: a log begins. Asked once, before anything else.
    ///
    /// # Errors
    /// If it cannot be read: then the log is not opened.
    fn held(&self) -> Result<Option<Held<'_>>, AuditError> {
        Ok(None)
    }

    /// The log was closed, and nothing more comes.
    ///
    /// # Errors
    /// If the place cannot be let go of.
    fn close(&self) -> Result<(), AuditError> {
        Ok(())
    }
}

/// A log that a store holds.
pub struct Held<'s> {
    /// All of its lines, from the first; it is verified before it is continued.
    pub lines: Box<dyn BufRead + 's>,
    /// The last note that was given to [`Store::checkpoint`].
    pub checkpoint: Option<Vec<u8>>,
}

impl fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("checkpoint", &self.checkpoint).finish_non_exhaustive()
    }
}

/// Gives `lines` to the store, and says how many bytes it took.
pub(super) fn append(store: &dyn Store, offset: u64, lines: &[u8]) -> (usize, Result<(), AuditError>) {
    let mut done = 0;
    while let Some(rest) = lines.get(done..).filter(|rest| !rest.is_empty()) {
        match guarded(|| store.append(offset + done as u64, rest)) {
            Ok(0) => return (done, Err(AuditError::store("it took nothing and named no error"))),
            Ok(count) if count > rest.len() => {
                return (done, Err(AuditError::store("it says that it took more than it was given")));
            }
            Ok(count) => done += count,
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}

/// What another's code does, its panics as errors: others wait for the thread that is in it.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T, AuditError>) -> Result<T, AuditError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(AuditError::store("it panicked")))
}
