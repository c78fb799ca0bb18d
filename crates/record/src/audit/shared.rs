//! What the threads of an open log share: one of them at a time writes for all, outside the lock.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::chain::Position;
use super::error::AuditError;
use super::log::{Durability, FLUSH_INTERVAL, PENDING_BYTES_MAX};
use super::note::{Note, write_note};
use super::writer::Writer;
use crate::json::Object;
use crate::time::Timestamp;

#[derive(Debug)]
pub(crate) struct Shared {
    file: File,
    path: PathBuf,
    durability: Durability,
    state: Mutex<State>,
    /// The thread that wrote for others is done.
    progress: Condvar,
    /// There is something for the flusher.
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    writer: Writer,
    /// An empty buffer, swapped with the writer's so that neither is allocated again.
    spare: Vec<u8>,
    file_bytes: u64,
    written: Position,
    durable: Position,
    noted: Position,
    /// A thread is writing outside the lock.
    busy: bool,
    waiting: u32,
    flusher_idle: bool,
    phase: Phase,
    /// The last write failed; the next is a new attempt.
    failure: Option<AuditError>,
    /// The last side file could not be written; the flusher tries again.
    note_failure: Option<AuditError>,
    /// Nothing about the file is certain any more; only a new start, which verifies it, can go on.
    fatal: Option<AuditError>,
    /// Records whose commit failed.
    late: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Stopping,
    /// The closing checkpoint is made, but not yet written.
    Ended,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Written,
    Durable,
}

type Guard<'a> = MutexGuard<'a, State>;

impl State {
    fn new(writer: Writer, file_bytes: u64) -> State {
        let head = writer.head();
        State {
            writer,
            spare: Vec::new(),
            file_bytes,
            written: head,
            durable: head,
            noted: head,
            busy: false,
            waiting: 0,
            flusher_idle: false,
            phase: Phase::Open,
            failure: None,
            note_failure: None,
            fatal: None,
            late: None,
        }
    }

    fn usable(&self) -> Result<(), AuditError> {
        match (&self.fatal, &self.note_failure) {
            (Some(error), _) | (None, Some(error)) => Err(error.clone()),
            (None, None) if self.phase == Phase::Open => Ok(()),
            (None, None) => Err(AuditError::Closed),
        }
    }

    fn reached(&self, reach: Reach) -> u64 {
        match reach {
            Reach::Written => self.written.seq,
            Reach::Durable => self.durable.seq,
        }
    }

    /// Records that some records were written only after their commit had failed.
    fn admit_late(&mut self, at: Timestamp) -> Result<(), AuditError> {
        if let Some((first, last)) = self.late {
            self.writer.record(at, "repair", |repair| {
                repair.string("cause", "late").number("late_first", first).number("late_last", last);
            })?;
            self.late = None;
        }
        Ok(())
    }

    fn failed(&mut self, end: Position, error: AuditError) -> AuditError {
        let first = self.late.map_or(self.written.seq + 1, |(first, _)| first);
        self.late = Some((first, end.seq));
        self.failure = Some(error.clone());
        error
    }
}

impl Shared {
    /// A log of `bytes` whole bytes, whose last line is the writer's head, durable and noted.
    pub(crate) fn new(
        file: File,
        path: PathBuf,
        durability: Durability,
        writer: Writer,
        bytes: u64,
    ) -> Shared {
        let state = Mutex::new(State::new(writer, bytes));
        Shared { file, path, durability, state, progress: Condvar::new(), wake: Condvar::new() }
    }

    pub(crate) fn append(
        &self,
        at: Timestamp,
        kind: &str,
        write: impl FnOnce(&mut Object<'_>),
    ) -> Result<u64, AuditError> {
        let mut state = self.lock();
        state.usable()?;
        if state.failure.is_some() || state.writer.pending_bytes() >= PENDING_BYTES_MAX {
            state = self.flush(state, Reach::Written)?;
            state.usable()?;
        }
        state.admit_late(at)?;
        let seq = state.writer.record(at, kind, write)?;
        if std::mem::replace(&mut state.flusher_idle, false) {
            self.wake.notify_one();
        }
        Ok(seq)
    }

    pub(crate) fn commit(&self) -> Result<(), AuditError> {
        let state = self.lock();
        state.usable()?;
        let reach = match self.durability {
            Durability::Strict => Reach::Durable,
            Durability::Batched => Reach::Written,
        };
        self.flush(state, reach).map(drop)
    }

    /// Takes no more records; the flusher thread ends once it has settled.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Stopping;
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Ends a stopped log with a signed checkpoint, and lets go of the file.
    pub(crate) fn finish(&self, at: Timestamp) -> Result<(), AuditError> {
        let mut state = self.lock();
        if state.phase == Phase::Closed {
            return Ok(());
        }
        if state.phase == Phase::Stopping {
            state.admit_late(at)?;
            state.writer.checkpoint(at, true);
            state.phase = Phase::Ended;
        }
        drop(state);
        self.settle()?;
        self.lock().phase = Phase::Closed;
        self.file.unlock().map_err(|source| AuditError::write(&self.path, source))
    }

    // A panic while the lock is held can only come from a caller's `write`, and the writer drops what that left.
    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits or writes until all that is now appended has reached `reach`.
    fn flush<'a>(&'a self, mut state: Guard<'a>, reach: Reach) -> Result<Guard<'a>, AuditError> {
        let target = state.writer.head().seq;
        while state.reached(reach) < target {
            if let Some(error) = &state.fatal {
                return Err(error.clone());
            }
            if state.busy {
                state.waiting += 1;
                state = self.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.waiting -= 1;
            } else {
                state = self.lead(state, reach)?;
            }
        }
        Ok(state)
    }

    /// Writes all pending lines, for everybody, without holding the lock meanwhile.
    fn lead<'a>(&'a self, mut state: Guard<'a>, reach: Reach) -> Result<Guard<'a>, AuditError> {
        state.busy = true;
        let end = state.writer.head();
        let spare = std::mem::take(&mut state.spare);
        let mut batch = state.writer.take(spare);
        let expected_bytes = state.file_bytes + batch.len() as u64;
        drop(state);

        let (done, written) = write_counted(&self.file, &batch);
        let synced = match (&written, reach) {
            (Ok(()), Reach::Durable) => Some(self.sync(expected_bytes)),
            (Ok(()), Reach::Written) | (Err(_), _) => None,
        };

        let mut state = self.lock();
        state.busy = false;
        state.file_bytes += done as u64;
        batch.drain(..done);
        let result = match written {
            Ok(()) => {
                batch.shrink_to(PENDING_BYTES_MAX);
                state.spare = batch;
                state.written = end;
                state.failure = None;
                Ok(())
            }
            Err(source) => {
                state.writer.put_back(batch);
                Err(state.failed(end, AuditError::write(&self.path, source)))
            }
        };
        match synced {
            Some(Ok(())) => state.durable = end,
            Some(Err(error)) => state.fatal = Some(error),
            None => {}
        }
        if state.waiting > 0 {
            self.progress.notify_all();
        }
        result.map(|()| state)
    }

    fn sync(&self, expected_bytes: u64) -> Result<(), AuditError> {
        // A failed flush may have dropped the pages and a second would succeed for nothing, so it is final.
        let failed = |source| AuditError::Sync { path: self.path.clone(), source: Arc::new(source) };
        self.file.sync_data().map_err(failed)?;
        let about = self.file.metadata().map_err(failed)?;
        if about.nlink() == 0 || about.len() != expected_bytes {
            return Err(AuditError::Meddled { path: self.path.clone() });
        }
        Ok(())
    }

    /// Brings everything to the disk and then says so in the side file, never the other way round: a note ahead of
    /// its log would look like a cut.
    fn settle(&self) -> Result<(), AuditError> {
        let state = self.flush(self.lock(), Reach::Durable)?;
        let position = state.durable;
        if position == state.noted {
            return Ok(());
        }
        let note = Note::sign(state.writer.log(), position, state.writer.key());
        drop(state);
        let written = write_note(&self.path, &note);
        let mut state = self.lock();
        match &written {
            Ok(()) => {
                state.noted = position;
                state.note_failure = None;
            }
            Err(error) => state.note_failure = Some(error.clone()),
        }
        written
    }

    /// The flusher thread: sleeps while nothing happens, settles at most every [`FLUSH_INTERVAL`] while it does.
    pub(crate) fn run(&self) {
        let mut state = self.lock();
        while state.phase == Phase::Open {
            if state.fatal.is_some() || state.writer.head() == state.noted {
                state.flusher_idle = true;
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let open = |state: &mut State| state.phase == Phase::Open;
            let waited = self.wake.wait_timeout_while(state, FLUSH_INTERVAL, open);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            // A failure is kept in the state, where the next append or commit meets it.
            let _ = self.settle();
            state = self.lock();
        }
        drop(state);
        let _ = self.settle();
    }
}

fn write_counted(mut file: &File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (done, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}
