//! The lines of a log as they are made: chained and signed in memory, without IO.

use super::chain::{
    CHECKPOINT_EVERY, ChainHash, FORMAT, LINE_BYTES_MAX, Position, VERSION, is_kind, push_signature, seal,
    statement,
};
use super::error::AuditError;
use super::key::AuditKey;
use super::verify::CLOSED;
use crate::json::{Object, decimal, word};
use crate::time::{TimeText, Timestamp};

/// Makes lines at the end of a chain. Each is whole and chained, or not there at all.
#[derive(Debug)]
pub(crate) struct Writer {
    log: String,
    key: AuditKey,
    clock: TimeText,
    head: Position,
    pending: Vec<u8>,
    /// How much of `pending` is whole lines; more than that only while a record is being made.
    sealed: usize,
}

impl Writer {
    /// A new log, with its header as the first pending line.
    pub(crate) fn begin(log: String, key: AuditKey, at: Timestamp) -> Writer {
        let origin = Position { seq: 0, hash: ChainHash::origin() };
        let mut writer = Writer::resume(log, key, origin);
        writer.open_line(0, at, "header");
        let (major, minor) = VERSION;
        let mut header = Object::resume(&mut writer.pending, false);
        header.string("format", FORMAT).string("version", &format!("{major}.{minor}"));
        header.string("log", &writer.log).string("public_key", &writer.key.public().to_string());
        writer.sign(0);
        writer.close_line(0);
        writer
    }

    /// An existing log that ends at `head`.
    pub(crate) fn resume(log: String, key: AuditKey, head: Position) -> Writer {
        Writer { log, key, clock: TimeText::new(), head, pending: Vec::new(), sealed: 0 }
    }

    pub(crate) fn log(&self) -> &str {
        &self.log
    }

    pub(crate) fn key(&self) -> &AuditKey {
        &self.key
    }

    /// The last line made.
    pub(crate) fn head(&self) -> Position {
        self.head
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.sealed
    }

    /// Adds a record, and before it a checkpoint where one is due.
    pub(crate) fn record(
        &mut self,
        at: Timestamp,
        kind: &'static str,
        write: impl FnOnce(&mut Object<'_>),
    ) -> Result<u64, AuditError> {
        if (self.head.seq + 1).is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoint(at, false);
        }
        debug_assert!(is_kind(kind), "a kind that no verifier would take");
        let seq = self.head.seq + 1;
        let start = self.open_line(seq, at, kind);
        write(&mut Object::resume(&mut self.pending, false));
        let bytes = self.pending.len() - start;
        if bytes > LINE_BYTES_MAX - HASH_BYTES {
            self.pending.truncate(self.sealed);
            return Err(AuditError::TooLong { bytes });
        }
        self.close_line(seq);
        Ok(seq)
    }

    /// Adds a signed checkpoint; `closed` says that nothing unsigned may follow it.
    pub(crate) fn checkpoint(&mut self, at: Timestamp, closed: bool) {
        let seq = self.head.seq + 1;
        self.open_line(seq, at, "checkpoint");
        if closed {
            self.pending.extend_from_slice(CLOSED);
        }
        self.sign(seq);
        self.close_line(seq);
    }

    /// Takes the pending lines, leaving `empty` to collect the next.
    pub(crate) fn take(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.pending.truncate(self.sealed);
        self.sealed = empty.len();
        std::mem::replace(&mut self.pending, empty)
    }

    /// Puts back what could not be written, in front of what was made since.
    pub(crate) fn put_back(&mut self, mut unwritten: Vec<u8>) {
        unwritten.extend_from_slice(self.pending.get(..self.sealed).unwrap_or_default());
        self.sealed = unwritten.len();
        self.pending = unwritten;
    }

    fn open_line(&mut self, seq: u64, at: Timestamp, kind: &'static str) -> usize {
        // A record whose writing was broken off, by a panic of the caller, leaves nothing behind.
        self.pending.truncate(self.sealed);
        self.pending.extend_from_slice(b"{\"seq\":");
        decimal(&mut self.pending, seq);
        self.pending.extend_from_slice(b",\"time\":\"");
        self.pending.extend_from_slice(self.clock.format(at).as_bytes());
        self.pending.extend_from_slice(b"\",\"kind\":");
        word(&mut self.pending, kind);
        self.sealed
    }

    fn sign(&mut self, seq: u64) {
        let unsigned = self.pending.get(self.sealed..).unwrap_or_default();
        let signature = self.key.sign(&statement(&self.log, seq, &self.head.hash, unsigned));
        push_signature(&mut self.pending, &signature);
    }

    fn close_line(&mut self, seq: u64) {
        let hash = seal(&mut self.pending, self.sealed, &self.head.hash);
        self.head = Position { seq, hash };
        self.sealed = self.pending.len();
    }
}

/// The length of `,"hash":"…"}`.
const HASH_BYTES: usize = 75;
