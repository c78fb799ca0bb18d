//! A log in a place of somebody else's: what it gets is a log, and when it fails nothing is recorded.

use std::fs;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use bailiwick_record::audit::{Held, Store, StoreOptions};
use bailiwick_record::{AuditError, AuditLog, Durability, Opened};

use super::site::{Site, append, at, found};

/// A log in memory, which fails when it is told to.
#[derive(Debug, Clone, Default)]
struct Memory(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    bytes: Vec<u8>,
    note: Option<Vec<u8>>,
    /// How much had come when it was synced last.
    synced: usize,
    closed: bool,
    /// Most bytes that it takes at once; 0: all.
    at_once: usize,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Append,
    Sync,
    Checkpoint,
    /// Says that it took more than there was.
    Lies,
    Panics,
}

impl Memory {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(|inside| inside.into_inner())
    }

    fn fails(&self, fault: Option<Fault>) {
        self.inside().fault = fault;
    }

    fn open(&self, site: &Site, durability: Durability) -> Result<(AuditLog, Opened), AuditError> {
        let options = StoreOptions { durability, key_directory: site.state() };
        AuditLog::open_in(Box::new(self.clone()), &options, at(0))
    }

    /// Puts all of it into files, and gives what `audit verify` finds there.
    fn in_files(&self, site: &Site) -> Vec<String> {
        let inside = self.inside();
        fs::write(site.path(), &inside.bytes).unwrap();
        fs::write(site.note_path(), inside.note.as_deref().unwrap()).unwrap();
        found(&site.verify())
    }
}

impl Store for Memory {
    fn append(&self, offset: u64, lines: &[u8]) -> Result<usize, AuditError> {
        let mut inside = self.inside();
        match inside.fault {
            Some(Fault::Append) => return Err(AuditError::store("no room")),
            Some(Fault::Lies) => return Ok(lines.len() + 1),
            Some(Fault::Panics) => std::panic::resume_unwind(Box::new("on purpose")),
            Some(Fault::Sync | Fault::Checkpoint) | None => {}
        }
        assert_eq!(offset, inside.bytes.len() as u64, "it comes where the last one ended");
        let count = match inside.at_once {
            0 => lines.len(),
            most => lines.len().min(most),
        };
        inside.bytes.extend_from_slice(&lines[..count]);
        Ok(count)
    }

    fn sync(&self) -> Result<(), AuditError> {
        let mut inside = self.inside();
        if inside.fault == Some(Fault::Sync) {
            return Err(AuditError::store("not certain"));
        }
        inside.synced = inside.bytes.len();
        Ok(())
    }

    fn checkpoint(&self, note: &str) -> Result<(), AuditError> {
        let mut inside = self.inside();
        if inside.fault == Some(Fault::Checkpoint) {
            return Err(AuditError::store("no place for notes"));
        }
        inside.note = Some(note.as_bytes().to_vec());
        Ok(())
    }

    fn held(&self) -> Result<Option<Held<'_>>, AuditError> {
        let inside = self.inside();
        let lines = Box::new(std::io::Cursor::new(inside.bytes.clone()));
        Ok((!inside.bytes.is_empty()).then(|| Held { lines, checkpoint: inside.note.clone() }))
    }

    fn close(&self) -> Result<(), AuditError> {
        self.inside().closed = true;
        Ok(())
    }
}

fn record(log: &AuditLog) -> Result<(), AuditError> {
    log.append(at(7), "decision", |record| {
        record.string("method", "tools/call");
    })?;
    log.commit()
}

#[test]
fn what_a_store_got_verifies_as_a_file_does_and_is_continued() {
    let (site, memory) = (Site::new(), Memory::default());
    let (log, opened) = memory.open(&site, Durability::Batched).unwrap();
    assert_eq!(opened.records, 0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|_| record(&log).unwrap()));
        }
    });
    log.close(at(99)).unwrap();
    assert!(memory.inside().closed);
    assert_eq!(memory.in_files(&site), [""; 0]);

    // It takes a little at a time, which makes no difference.
    memory.inside().at_once = 7;
    let (log, again) = memory.open(&site, Durability::Batched).unwrap();
    assert_eq!((again.log, again.records > 2_000), (opened.log, true));
    append(&log, 20);
    log.close(at(999)).unwrap();
    assert_eq!(memory.in_files(&site), [""; 0]);
    let records = site.records();
    assert_eq!(records.iter().filter(|record| record.kind == "decision").count(), 2_020);
}

#[test]
fn a_strict_commit_returns_when_the_store_has_synced() {
    let (site, memory) = (Site::new(), Memory::default());
    let (log, _) = memory.open(&site, Durability::Strict).unwrap();
    for _ in 0..20 {
        record(&log).unwrap();
        let inside = memory.inside();
        assert_eq!(inside.synced, inside.bytes.len());
    }
}

#[test]
fn a_store_that_fails_refuses_and_the_chain_survives_it() {
    for fault in [Fault::Append, Fault::Lies, Fault::Panics] {
        let (site, memory) = (Site::new(), Memory::default());
        let (log, _) = memory.open(&site, Durability::Batched).unwrap();
        append(&log, 3);
        memory.fails(Some(fault));
        for _ in 0..3 {
            assert!(matches!(record(&log), Err(AuditError::Store { .. })), "{fault:?}");
        }
        memory.fails(None);
        append(&log, 3);
        log.close(at(99)).unwrap();
        assert_eq!(memory.in_files(&site), [""; 0], "{fault:?}");
        let late = site.records().iter().filter(|record| record.kind == "repair").count();
        assert_eq!(late, 1, "{fault:?}: what came too late is said to be");
    }
}

#[test]
fn a_sync_that_failed_is_the_end() {
    let (site, memory) = (Site::new(), Memory::default());
    let (log, _) = memory.open(&site, Durability::Strict).unwrap();
    append(&log, 1);
    memory.fails(Some(Fault::Sync));
    assert!(record(&log).is_err());
    memory.fails(None);
    assert!(record(&log).is_err());
    assert!(log.close(at(99)).is_err());
    drop(log);
    let (log, opened) = memory.open(&site, Durability::Strict).unwrap();
    assert!(opened.unsigned.is_some(), "whatever came before is verified, and said to be unsigned");
    log.close(at(99)).unwrap();
    let repaired = memory.in_files(&site);
    assert!(repaired.iter().all(|finding| finding.contains("unsigned")), "{repaired:?}");
}

#[test]
fn a_store_without_a_place_for_checkpoints_is_none() {
    let (site, memory) = (Site::new(), Memory::default());
    memory.fails(Some(Fault::Checkpoint));
    assert!(memory.open(&site, Durability::Batched).is_err());
    assert!(memory.inside().bytes.is_empty(), "nothing without a checkpoint before it");
}

#[test]
fn what_is_held_and_is_no_whole_log_is_not_continued() {
    let (site, memory) = (Site::new(), Memory::default());
    let (log, _) = memory.open(&site, Durability::Batched).unwrap();
    append(&log, 5);
    drop(log);
    let whole = memory.inside().bytes.clone();
    let refused = |change: &dyn Fn(&mut Inside), words: &str| {
        let other = Memory::default();
        *other.inside() =
            Inside { bytes: whole.clone(), note: memory.inside().note.clone(), ..Inside::default() };
        change(&mut other.inside());
        let error = other.open(&site, Durability::Batched).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(&|inside| inside.bytes[700] ^= 1, "does not verify");
    refused(&|inside| inside.note = None, "does not verify");
    refused(&|inside| inside.bytes.truncate(900), "does not verify");
    refused(&|inside| inside.bytes.extend_from_slice(b"{\"seq\":"), "ends within a line");
    refused(&|inside| inside.bytes = b"hello\n".to_vec(), "does not verify");
}
