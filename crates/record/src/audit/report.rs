//! What a verification found, as data.

use std::fmt;

use super::chain::Position;
use super::key::PublicKey;

/// The most findings that a report lists; the rest is counted.
pub const FINDINGS_MAX: usize = 100;

/// The result of a verification.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The id of the log, 32 hexadecimal digits, from its header.
    pub log: Option<String>,
    /// The key that signed the header.
    pub key: Option<PublicKey>,
    /// Lines that have the shape of a record, the header among them.
    pub records: u64,
    /// The last record of the chain.
    pub last: Option<Position>,
    /// The last record that a valid signature vouches for.
    pub signed_up_to: Option<u64>,
    /// The time of the first record, RFC 3339.
    pub first_time: Option<String>,
    /// The time of the last record, RFC 3339.
    pub last_time: Option<String>,
    /// Records of kind `repair`: each marks a crash, a failed write or a tail that nobody had signed.
    pub repairs: u64,
    /// The log ends with the checkpoint that closes it.
    pub closed: bool,
    /// An unterminated last line.
    pub torn: Option<Torn>,
    /// What was found, in the order of the log, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub findings_left_out: u64,
    pub(crate) errors: u64,
    pub(crate) whole_bytes: u64,
}

impl Report {
    /// No finding is an error.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.errors == 0
    }

    /// The first error.
    #[must_use]
    pub fn first_error(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity() == Severity::Error)
    }

    pub(crate) fn add(&mut self, line: Option<u64>, fault: Fault) {
        let finding = Finding { line, fault };
        if finding.severity() == Severity::Error {
            self.errors += 1;
        }
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// An unterminated last line: what a crash in the middle of a write leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The log is not what was written, or that cannot be shown.
    Error,
    /// A reader should know it, but a crash or a log in use explains it.
    Warning,
}

/// One thing that a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, counted from 1; none if it is about the file as a whole.
    pub line: Option<u64>,
    /// What it is.
    pub fault: Fault,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let explained = matches!(
            self.fault,
            Fault::KeyNotCompared
                | Fault::CheckpointNotChecked
                | Fault::CheckpointBehind { .. }
                | Fault::UnsignedTail { .. }
                | Fault::TornTail { .. }
        );
        if explained { Severity::Warning } else { Severity::Error }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.fault),
            None => write!(f, "{}", self.fault),
        }
    }
}

/// What can be wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each means; sequence numbers and counts need no more")]
pub enum Fault {
    #[error("the file is empty, so it is not an audit log")]
    Empty,
    #[error("the first line is not the header of an audit log; the rest was not checked")]
    NoHeader,
    #[error("the log is of version {version}, which this program cannot read; a newer one can")]
    Version { version: String },
    #[error("the header's signature is wrong: somebody without the key wrote or changed it")]
    HeaderForged,
    #[error("the log is signed by key `{found}`, not by the trusted key `{trusted}`")]
    WrongKey { found: String, trusted: String },
    #[error("no trusted public key was given: whoever made the log chose the key that it is checked with")]
    KeyNotCompared,
    #[error("not the shape of a record (expected record {expected})")]
    Malformed { expected: u64 },
    #[error("record {seq} is longer than a line may be")]
    TooLong { seq: u64 },
    #[error("records {first} to {last} are missing before this one")]
    Missing { first: u64, last: u64 },
    #[error("record {seq} is out of place (expected record {expected}): inserted, repeated or moved")]
    OutOfPlace { seq: u64, expected: u64 },
    #[error("record {seq} was changed, or does not follow the one before it: its hash should be {expected}")]
    Changed { seq: u64, expected: String },
    #[error(
        "the signature of checkpoint {seq} is wrong: somebody without the key changed records after {signed}"
    )]
    SignatureForged { seq: u64, signed: u64 },
    #[error("record {seq} should be a signed checkpoint: somebody without the key wrote it")]
    SignatureMissing { seq: u64 },
    #[error("record {seq} follows the checkpoint that closed the log, but is not signed")]
    AfterClose { seq: u64 },
    #[error("there is no checkpoint file, so that a cut end would not show")]
    CheckpointMissing,
    #[error("the checkpoint file was not looked at, so that a cut end would not show")]
    CheckpointNotChecked,
    #[error("the checkpoint file is not signed by the key of this log")]
    CheckpointForged,
    #[error("the checkpoint file belongs to another log, `{log}`")]
    CheckpointForeign { log: String },
    #[error(
        "the checkpoint file says that record {seq} has the hash {expected}, but it has not: records up to it were changed"
    )]
    CheckpointContradicts { seq: u64, expected: String },
    #[error(
        "the end was cut: the log stops at record {last}, but its checkpoint vouches for records up to {signed}"
    )]
    Cut { last: u64, signed: u64 },
    #[error(
        "the checkpoint file stops at record {note}, before the signed record {signed}: it is older than the log"
    )]
    CheckpointBehind { note: u64, signed: u64 },
    #[error("records {first} to {last} are not signed yet: the log is in use, or the program was killed")]
    UnsignedTail { first: u64, last: u64 },
    #[error("the last line is torn after {bytes} bytes: the log is in use, or the program was killed")]
    TornTail { bytes: u64 },
    #[error("the last line is torn after {bytes} bytes, though the log was closed")]
    TornAfterClose { bytes: u64 },
    #[error("cannot read on: {reason}")]
    Unreadable { reason: String },
}
