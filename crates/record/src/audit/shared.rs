//! What the threads of an open log share: one of them at a time makes lines and writes for all, the latter outside the lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use super::error::AuditError;
use super::log::{Durability, FLUSH_INTERVAL, PENDING_BYTES_MAX};
use super::note::Note;
use super::source::Source;
use super::state::{Phase, Reach, State};
use super::store::{Store, append, guarded};
use super::writer::Writer;
use crate::json::Object;
use crate::time::Timestamp;

#[derive(Debug)]
pub(crate) struct Shared {
    store: Box<dyn Store>,
    durability: Durability,
    state: Mutex<State>,
    /// Records that were handed in and are not lines yet.
    source: OnceLock<Arc<dyn Source>>,
    /// Something is wrong or over: whoever hands in asks first. Follows the state.
    troubled: AtomicBool,
    /// The flusher sleeps until somebody hands something in.
    idle: AtomicBool,
    /// The thread that wrote for others is done.
    progress: Condvar,
    /// There is something for the flusher.
    wake: Condvar,
}

/// What is kept of a buffer whose lines were written, in bytes.
const SPARE_BYTES_MAX: usize = 128 << 10;

type Guard<'a> = MutexGuard<'a, State>;

impl Shared {
    /// A log of `bytes` whole bytes, whose last line is the writer's head, durable and noted.
    pub(crate) fn new(store: Box<dyn Store>, durability: Durability, writer: Writer, bytes: u64) -> Shared {
        let state = Mutex::new(State::new(writer, bytes));
        Shared {
            store,
            durability,
            state,
            source: OnceLock::new(),
            troubled: AtomicBool::new(false),
            idle: AtomicBool::new(false),
            progress: Condvar::new(),
            wake: Condvar::new(),
        }
    }

    /// From now on what `source` holds is made into lines before anything else. A log has one source.
    pub(crate) fn feed_from(&self, source: Arc<dyn Source>) {
        // A second one would lose what the first holds.
        let _ = self.source.set(source);
    }

    /// Whether a record may be handed in now: asked before it is, since nobody hears of it afterwards.
    pub(crate) fn admit(&self) -> Result<(), AuditError> {
        if !self.troubled.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut state = self.lock();
        state.usable()?;
        if state.failure.is_some() {
            state = self.flush(state, Reach::Written)?;
        }
        state.usable()
    }

    /// Something was handed in: the flusher sees to it if nobody else does.
    pub(crate) fn handed_in(&self) {
        // Most of the time it is awake, and a look is cheaper than a write to what others look at.
        if self.idle.load(Ordering::SeqCst) && self.idle.swap(false, Ordering::SeqCst) {
            // It holds the lock until it sleeps.
            drop(self.lock());
            self.wake.notify_one();
        }
    }

    /// Makes lines of what was handed in, unless another thread is at it; `wait`: then afterwards. Writes what is too
    /// much to keep. False if it was left to the other thread.
    pub(crate) fn keep_up(&self, wait: bool) -> bool {
        let mut state = match (self.state.try_lock(), wait) {
            (Ok(state), _) => state,
            (Err(TryLockError::WouldBlock), false) => return false,
            (Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)), _) => self.lock(),
        };
        self.take_in(&mut state);
        if state.writer.pending_bytes() >= PENDING_BYTES_MAX && state.usable().is_ok() {
            // A failure is kept in the state, where the next record or commit meets it.
            drop(self.flush(state, Reach::Written));
        }
        true
    }

    /// Makes lines of everything that was handed in.
    fn take_in(&self, state: &mut State) {
        let Some(source) = self.source.get() else { return };
        if !matches!(state.phase, Phase::Open | Phase::Stopping) {
            return;
        }
        source.drain(&mut |at, kind, write| {
            if state.failure.is_none() {
                // Fails for lines that are too long, which this one is not.
                let _ = state.admit_late(at);
            }
            let made = state.writer.record(at, kind, |object| write(object));
            if let Err(AuditError::TooLong { bytes }) = made {
                // INVARIANT: every part of a record is bounded; even so, none goes without a trace.
                let _ = state.writer.record(at, kind, |object| {
                    object.number("too_long_bytes", bytes as u64);
                });
            }
        });
    }

    fn is_settled(&self, state: &State) -> bool {
        state.writer.head() == state.noted && self.source.get().is_none_or(|source| source.is_empty())
    }

    /// Tells those who hand in what they have to know of the state.
    fn tell(&self, state: &State) {
        let troubled = state.failure.is_some() || state.usable().is_err();
        self.troubled.store(troubled, Ordering::Release);
    }

    pub(crate) fn append(
        &self,
        at: Timestamp,
        kind: &'static str,
        write: impl FnOnce(&mut Object<'_>),
    ) -> Result<u64, AuditError> {
        let mut state = self.lock();
        state.usable()?;
        self.take_in(&mut state);
        if state.failure.is_some() || state.writer.pending_bytes() >= PENDING_BYTES_MAX {
            state = self.flush(state, Reach::Written)?;
            state.usable()?;
        }
        state.admit_late(at)?;
        let seq = state.writer.record(at, kind, write)?;
        drop(state);
        self.handed_in();
        Ok(seq)
    }

    pub(crate) fn commit(&self) -> Result<(), AuditError> {
        let mut state = self.lock();
        self.made(&mut state)?;
        self.flush(state, self.reach()).map(drop)
    }

    /// The same, or nothing if another thread is at it: `None`.
    pub(crate) fn try_commit(&self) -> Option<Result<(), AuditError>> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
        };
        if let Err(error) = self.made(&mut state) {
            return Some(Err(error));
        }
        let others_write = state.writing && state.written != state.writer.head();
        (!others_write).then(|| self.flush(state, self.reach()).map(drop))
    }

    /// Makes lines of everything that was handed in, for a commit.
    fn made(&self, state: &mut State) -> Result<(), AuditError> {
        self.take_in(state);
        state.usable().inspect_err(|_| state.mark_late())
    }

    fn reach(&self) -> Reach {
        match self.durability {
            Durability::Strict => Reach::Durable,
            Durability::Batched => Reach::Written,
        }
    }

    /// Takes no more records; the flusher thread ends once it has settled.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Stopping;
        }
        self.tell(&state);
        drop(state);
        self.wake.notify_one();
    }

    /// Ends a stopped log with a signed checkpoint, and lets go of its place.
    pub(crate) fn finish(&self, at: Timestamp) -> Result<(), AuditError> {
        let mut state = self.lock();
        if state.phase == Phase::Closed {
            return Ok(());
        }
        if state.phase == Phase::Stopping {
            self.take_in(&mut state);
            state.admit_late(at)?;
            state.writer.checkpoint(at, true);
            state.phase = Phase::Ended;
        }
        drop(state);
        self.settle()?;
        self.lock().phase = Phase::Closed;
        guarded(|| self.store.close())
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
            let unwritten = state.written.seq < target;
            state = match unwritten {
                true if state.writing => self.wait(state),
                false if state.syncing => self.wait(state),
                true => self.write(state)?,
                false => self.sync(state)?,
            };
        }
        Ok(state)
    }

    fn wait<'a>(&'a self, mut state: Guard<'a>) -> Guard<'a> {
        state.waiting += 1;
        let mut state = self.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    /// Writes all pending lines, for everybody, without holding the lock meanwhile.
    fn write<'a>(&'a self, mut state: Guard<'a>) -> Result<Guard<'a>, AuditError> {
        let end = state.writer.head();
        let spare = std::mem::take(&mut state.spare);
        let mut batch = state.writer.take(spare);
        let offset = state.bytes;
        state.writing = true;
        drop(state);

        let (done, written) = append(&*self.store, offset, &batch);

        let mut state = self.lock();
        state.writing = false;
        state.bytes += done as u64;
        batch.drain(..done);
        let result = match written {
            Ok(()) => {
                batch.shrink_to(SPARE_BYTES_MAX);
                state.spare = batch;
                state.written = end;
                state.failure = None;
                Ok(())
            }
            Err(error) => {
                state.writer.put_back(batch);
                Err(state.failed(end, error))
            }
        };
        self.progressed(&state);
        result.map(|()| state)
    }

    /// Brings what is written to the disk, without holding the lock meanwhile: a disk takes its time, in which others write on.
    fn sync<'a>(&'a self, mut state: Guard<'a>) -> Result<Guard<'a>, AuditError> {
        let end = state.written;
        state.syncing = true;
        drop(state);

        let synced = guarded(|| self.store.sync());

        let mut state = self.lock();
        state.syncing = false;
        match &synced {
            Ok(()) => state.durable = end,
            Err(error) => state.fatal = Some(error.clone()),
        }
        self.progressed(&state);
        synced.map(|()| state)
    }

    fn progressed(&self, state: &State) {
        self.tell(state);
        if state.waiting > 0 {
            self.progress.notify_all();
        }
    }

    /// Brings everything to the disk and then says so in the side file, never the other way round: a note ahead of
    /// its log would look like a cut.
    fn settle(&self) -> Result<(), AuditError> {
        let mut state = self.lock();
        self.take_in(&mut state);
        let state = self.flush(state, Reach::Durable)?;
        let position = state.durable;
        if position == state.noted {
            return Ok(());
        }
        let note = Note::sign(state.writer.log(), position, state.writer.key());
        drop(state);
        let written = guarded(|| self.store.checkpoint(&note));
        let mut state = self.lock();
        match &written {
            Ok(()) => {
                state.noted = position;
                state.note_failure = None;
            }
            Err(error) => state.note_failure = Some(error.clone()),
        }
        self.tell(&state);
        written
    }

    /// The flusher thread: sleeps while nothing happens, settles at most every [`FLUSH_INTERVAL`] while it does.
    pub(crate) fn run(&self) {
        let mut state = self.lock();
        while state.phase == Phase::Open {
            // Said before it is looked: who hands in after the look finds it said.
            self.idle.store(true, Ordering::SeqCst);
            if state.fatal.is_some() || self.is_settled(&state) {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            self.idle.store(false, Ordering::SeqCst);
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
