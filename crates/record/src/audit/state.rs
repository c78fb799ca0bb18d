//! What is known of an open log: what was made, what reached the file and the disk, and what went wrong.

use super::chain::Position;
use super::error::AuditError;
use super::writer::Writer;
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct State {
    pub(super) writer: Writer,
    /// An empty buffer, swapped with the writer's so that neither is allocated again.
    pub(super) spare: Vec<u8>,
    /// Bytes that the store took.
    pub(super) bytes: u64,
    pub(super) written: Position,
    pub(super) durable: Position,
    pub(super) noted: Position,
    /// A thread is writing outside the lock.
    pub(super) writing: bool,
    /// A thread waits for the disk outside the lock; others may write meanwhile.
    pub(super) syncing: bool,
    pub(super) waiting: u32,
    pub(super) phase: Phase,
    /// The last write failed; the next is a new attempt.
    pub(super) failure: Option<AuditError>,
    /// The last checkpoint could not be noted; the flusher tries again.
    pub(super) note_failure: Option<AuditError>,
    /// Nothing about the store is certain any more; only a new start, which verifies what it holds, can go on.
    pub(super) fatal: Option<AuditError>,
    /// Records whose commit failed.
    pub(super) late: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Stopping,
    /// The closing checkpoint is made, but not yet written.
    Ended,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Written,
    Durable,
}

impl State {
    pub(super) fn new(writer: Writer, bytes: u64) -> State {
        let head = writer.head();
        State {
            writer,
            spare: Vec::new(),
            bytes,
            written: head,
            durable: head,
            noted: head,
            writing: false,
            syncing: false,
            waiting: 0,
            phase: Phase::Open,
            failure: None,
            note_failure: None,
            fatal: None,
            late: None,
        }
    }

    pub(super) fn usable(&self) -> Result<(), AuditError> {
        match (&self.fatal, &self.note_failure) {
            (Some(error), _) | (None, Some(error)) => Err(error.clone()),
            (None, None) if self.phase == Phase::Open => Ok(()),
            (None, None) => Err(AuditError::Closed),
        }
    }

    /// What was made and not written may not count as written in time, whatever becomes of it.
    pub(super) fn mark_late(&mut self) {
        let (first, last) = (self.written.seq + 1, self.writer.head().seq);
        if first <= last {
            self.late = Some((self.late.map_or(first, |(first, _)| first), last));
        }
    }

    pub(super) fn reached(&self, reach: Reach) -> u64 {
        match reach {
            Reach::Written => self.written.seq,
            Reach::Durable => self.durable.seq,
        }
    }

    /// Records that some records were written only after their commit had failed.
    pub(super) fn admit_late(&mut self, at: Timestamp) -> Result<(), AuditError> {
        if let Some((first, last)) = self.late {
            self.writer.record(at, "repair", |repair| {
                repair.string("cause", "late").number("late_first", first).number("late_last", last);
            })?;
            self.late = None;
        }
        Ok(())
    }

    pub(super) fn failed(&mut self, end: Position, error: AuditError) -> AuditError {
        let first = self.late.map_or(self.written.seq + 1, |(first, _)| first);
        self.late = Some((first, end.seq.max(self.late.map_or(0, |(_, last)| last))));
        self.failure = Some(error.clone());
        error
    }
}
