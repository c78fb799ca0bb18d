//! A folder of traces, and what those of one process share: not more open files than there may be.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick_engine::Scanner;
use bailiwick_mcp::Timestamp;

use super::{About, Trace, Whereabouts};

/// Files that stay open between two writes. Those of further runs are opened for each, so that ten thousand sessions do
/// not take ten thousand descriptors.
pub(super) const OPEN_MAX: usize = 128;

/// Where traces are written.
pub struct Shelf {
    pub(super) folder: PathBuf,
    pub(super) scanner: Arc<Scanner>,
    /// By which traces of runs that counted together are known.
    pub(super) process: String,
    /// Of all of its runs.
    pub(super) whereabouts: Whereabouts,
    alarm: Box<dyn Fn(&io::Error) + Send + Sync>,
    alarmed: AtomicBool,
    /// A reference for each open file, and one of its own.
    open: Arc<()>,
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
        whereabouts: Whereabouts,
        scanner: Arc<Scanner>,
        alarm: Box<dyn Fn(&io::Error) + Send + Sync>,
    ) -> io::Result<Shelf> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (folder, alarmed) = (folder.to_owned(), AtomicBool::new(false));
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let process = data_encoding::HEXLOWER.encode(&random);
        Ok(Shelf { folder, scanner, process, whereabouts, alarm, alarmed, open: Arc::default() })
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
