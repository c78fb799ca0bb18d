//! A folder of traces, and what those of one process share: not more open files than there may be.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::Scanner;
use bailiwick_mcp::Timestamp;

use super::{About, PART_BYTES_MAX, PARTS_KEPT, Trace};

/// Files that stay open between two writes. Those of further runs are opened for each, so that ten thousand sessions do
/// not take ten thousand descriptors.
pub(super) const OPEN_MAX: usize = 128;

/// What runs of this process that are over hold at most, in bytes and in number: as much as one run may. The oldest goes.
pub(super) const OVER_MAX: (u64, usize) = (PART_BYTES_MAX.saturating_mul(PARTS_KEPT as u64), 10_000);

/// Where traces are written.
pub struct Shelf {
    pub(super) folder: PathBuf,
    pub(super) scanner: Arc<Scanner>,
    /// By which traces of runs that counted together are known.
    pub(super) process: String,
    alarm: Box<dyn Fn(&io::Error) + Send + Sync>,
    alarmed: AtomicBool,
    /// A reference for each open file, and one of its own.
    open: Arc<()>,
    over: Mutex<Over>,
    over_max: (u64, usize),
}

/// The files of runs that are over, the oldest first.
#[derive(Default)]
struct Over {
    runs: VecDeque<(Vec<PathBuf>, u64)>,
    bytes: u64,
}

/// A file that counts while it is open.
pub(super) struct Kept {
    pub(super) file: File,
    _counted: Arc<()>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shelf").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Shelf {
    /// Makes `folder` for its owner alone, if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(
        folder: &Path,
        scanner: Arc<Scanner>,
        alarm: Box<dyn Fn(&io::Error) + Send + Sync>,
    ) -> io::Result<Shelf> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (folder, alarmed) = (folder.to_owned(), AtomicBool::new(false));
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let process = data_encoding::HEXLOWER.encode(&random);
        let (open, over, over_max) = (Arc::default(), Mutex::default(), OVER_MAX);
        Ok(Shelf { folder, scanner, process, alarm, alarmed, open, over, over_max })
    }

    #[cfg(test)]
    pub(super) fn keeping(self, over_max: (u64, usize)) -> Shelf {
        Shelf { over_max, ..self }
    }

    /// A run is over.
    pub(super) fn over(&self, files: Vec<PathBuf>, bytes: u64) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        over.bytes = over.bytes.saturating_add(bytes);
        over.runs.push_back((files, bytes));
        self.clear(over);
    }

    /// A run that is over has more. False if it was cleared away before; then so is what was made since.
    pub(super) fn grew(&self, files: Vec<PathBuf>, bytes: u64) -> bool {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let at = over.runs.iter().rposition(|(known, _)| known.first() == files.first());
        let Some(run) = at.and_then(|at| over.runs.get_mut(at)) else {
            drop(over);
            self.remove(files);
            return false;
        };
        let (_, before) = std::mem::replace(run, (files, bytes));
        over.bytes = over.bytes.saturating_sub(before).saturating_add(bytes);
        self.clear(over);
        true
    }

    /// Removes the oldest where there is too much, but never the newest.
    fn clear(&self, mut over: MutexGuard<'_, Over>) {
        let (bytes_max, runs_max) = self.over_max;
        let mut gone = Vec::new();
        while over.runs.len() > 1 && (over.bytes > bytes_max || over.runs.len() > runs_max) {
            let Some((files, bytes)) = over.runs.pop_front() else { break };
            over.bytes = over.bytes.saturating_sub(bytes);
            gone.extend(files);
        }
        drop(over);
        self.remove(gone);
    }

    fn remove(&self, files: Vec<PathBuf>) {
        for file in files {
            match fs::remove_file(&file) {
                // Somebody took it away before.
                Err(error) if error.kind() != io::ErrorKind::NotFound => self.sound(&error),
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// The trace of a run that begins now. One that cannot be written is given up and said once; the audit log is what
    /// messages wait for.
    pub fn begin(self: &Arc<Shelf>, about: About, at: Timestamp) -> Option<Trace> {
        Trace::on(Arc::clone(self), about, at).inspect_err(|error| self.sound(error)).ok()
    }

    /// Says it once, whichever trace it is.
    pub(super) fn sound(&self, error: &io::Error) {
        if !self.alarmed.swap(true, Ordering::Relaxed) {
            (self.alarm)(error);
        }
    }

    pub(super) fn kept(&self, file: File) -> Kept {
        Kept { file, _counted: Arc::clone(&self.open) }
    }

    pub(super) fn has_room(&self) -> bool {
        Arc::strong_count(&self.open) <= OPEN_MAX + 1
    }
}
