//! What can go wrong with an audit log, said to the person who can mend it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::report::Finding;

/// Why an audit log could not be opened, written or read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// A file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// Written bytes may not have reached the disk; after that nothing about the file is certain.
    #[error("the disk did not take what was written to `{}`: {source}", path.display())]
    Sync {
        /// The audit log.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// Something else removed or changed the log while it was open.
    #[error("`{}` was removed or changed by something else while it was being written", path.display())]
    Meddled {
        /// The audit log.
        path: PathBuf,
    },
    /// The path is a directory, a device or a pipe.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Another process has the log open.
    #[error("another process is writing to `{}`", path.display())]
    Locked {
        /// The audit log.
        path: PathBuf,
    },
    /// The side file vouches for records, but the log is not there.
    #[error("`{}` is gone or empty, but the checkpoint file beside it says that there was a log", path.display())]
    Vanished {
        /// The audit log.
        path: PathBuf,
    },
    /// An existing log does not verify, so it is not continued.
    #[error("`{}` does not verify and is not continued: {finding}", path.display())]
    Broken {
        /// The audit log.
        path: PathBuf,
        /// The first thing found.
        finding: Box<Finding>,
    },
    /// The signing key cannot be used.
    #[error("cannot use the signing key `{}`: {fault}", path.display())]
    Key {
        /// The key file or its directory.
        path: PathBuf,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A [`Store`](super::Store) of somebody else's failed.
    #[error("the audit store failed: {source}")]
    Store {
        /// What it said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes for a new key or log: {source}")]
    Random {
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The flusher thread could not be started.
    #[error("cannot start the audit flusher: {source}")]
    Thread {
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// A record is longer than [`LINE_BYTES_MAX`](super::LINE_BYTES_MAX).
    #[error("an audit record of {bytes} bytes is too long")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The log was closed.
    #[error("the audit log is closed")]
    Closed,
}

impl AuditError {
    /// What a [`Store`](super::Store) says when it fails: a text, or an error of its own.
    #[must_use]
    pub fn store(cause: impl Into<Box<dyn Error + Send + Sync>>) -> AuditError {
        AuditError::Store { source: cause.into().into() }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> AuditError {
        AuditError::Read { path: path.into(), source: Arc::new(source) }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> AuditError {
        AuditError::Write { path: path.into(), source: Arc::new(source) }
    }

    /// What the person who runs Bailiwick can do next, where there is something.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            AuditError::Read { .. } => "check that the file exists and that you may read it",
            AuditError::Write { .. } => {
                "messages are refused until it can be written: free space, or check its permissions"
            }
            AuditError::Store { .. } => {
                "messages are refused until the store works; after a failed sync, start again"
            }
            AuditError::Sync { .. } => {
                "check the disk, then start again; `audit verify` says what the log holds"
            }
            AuditError::Meddled { .. } => "restore the file, check it with `audit verify`, then start again",
            AuditError::NotAFile { .. } => "name a file; Bailiwick creates it",
            AuditError::Locked { .. } => "give each run its own file, or wait for the other to end",
            AuditError::Vanished { .. } => {
                "put the log back; if it was removed on purpose, remove its `.checkpoint` file too"
            }
            AuditError::Broken { .. } => {
                "keep it as evidence: look with `audit verify`, move it and its `.checkpoint` away, and a new log is begun"
            }
            AuditError::Key { fault, .. } => fault.help(),
            AuditError::TooLong { .. } => "lower the longest permitted message",
            AuditError::Random { .. } | AuditError::Thread { .. } | AuditError::Closed => return None,
        })
    }
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// Group or others have permissions that they must not have.
    #[error("its mode {mode:04o} lets others in")]
    Mode {
        /// The permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("it belongs to user {owner}, and we are user {user}")]
    Owner {
        /// The user id of its owner.
        owner: u32,
        /// The effective user id of this process.
        user: u32,
    },
    /// It is not a file of 32 bytes.
    #[error("it is not a file of 32 bytes")]
    NotPrivate,
    /// It is not a public key of ours.
    #[error("it is not a public key of the form `bailiwick.audit+ID+BASE64`")]
    NotPublic,
}

impl KeyFault {
    fn help(&self) -> &'static str {
        match self {
            KeyFault::Mode { .. } => {
                "if nobody else can have used it: chmod 600 the file, 700 its directory; else make a new key"
            }
            KeyFault::Owner { .. } => "run as its owner, or give another key directory",
            KeyFault::NotPrivate => "restore it, or move it away and a new key is made",
            KeyFault::NotPublic => "give the text of the `audit.pub` file beside the signing key",
        }
    }
}
