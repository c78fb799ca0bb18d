//! A directory with a log and a key, and the steps that most tests take in it.

use std::fs;
use std::path::PathBuf;

use bailiwick_record::audit::{
    Checkpoint, PublicKey, Record, Records, Report, VerifyOptions, note_path, read_note, verify, verify_file,
};
use bailiwick_record::{AuditError, AuditLog, Durability, OpenOptions, Opened, Timestamp};

pub(crate) struct Site {
    pub(crate) root: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Site {
        Site { root: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("audit.jsonl")
    }

    pub(crate) fn note_path(&self) -> PathBuf {
        note_path(&self.path())
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub(crate) fn try_open(&self, durability: Durability) -> Result<(AuditLog, Opened), AuditError> {
        let options = OpenOptions { path: self.path(), durability, key_directory: self.state() };
        AuditLog::open(options, at(0))
    }

    pub(crate) fn open(&self) -> AuditLog {
        self.try_open(Durability::Batched).unwrap().0
    }

    /// A closed log with `count` decisions.
    pub(crate) fn closed(count: u64) -> Site {
        let site = Site::new();
        let log = site.open();
        append(&log, count);
        log.close(at(999)).unwrap();
        site
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        lines(&self.bytes())
    }

    pub(crate) fn note(&self) -> Vec<u8> {
        read_note(&self.path()).unwrap().unwrap()
    }

    pub(crate) fn key(&self) -> PublicKey {
        PublicKey::load(&self.state()).unwrap()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        Records::new(&self.bytes()[..]).map(Result::unwrap).collect()
    }

    pub(crate) fn verify(&self) -> Report {
        verify_file(&self.path(), Some(self.key())).unwrap()
    }

    /// Verifies `bytes` as if they were this log.
    pub(crate) fn verify_bytes(&self, bytes: &[u8], note: &[u8]) -> Report {
        let checkpoint = Checkpoint::Content(note.to_vec());
        verify(bytes, VerifyOptions { trusted: Some(self.key()), checkpoint })
    }
}

pub(crate) fn lines(bytes: &[u8]) -> Vec<String> {
    str::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

pub(crate) fn join<T: AsRef<str>>(lines: &[T]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_ref(), "\n"]).collect::<String>().into_bytes()
}

/// A time some seconds after a fixed one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(1_763_693_100_000_000 + seconds * 1_000_000)
}

pub(crate) fn append(log: &AuditLog, count: u64) {
    for number in 0..count {
        let seconds = i64::try_from(number).unwrap();
        log.append(at(seconds), "decision", |record| {
            record.string("method", "tools/call").string("verdict", "allow").number("id", number);
        })
        .unwrap();
    }
    log.commit().unwrap();
}

/// The errors and warnings of a report, as they are shown.
pub(crate) fn found(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}
