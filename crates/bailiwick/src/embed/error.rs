//! Why nothing was started.

use std::io;

use bailiwick_record::AuditError;
use bailiwick_sandbox::LaunchError;

/// Why a gateway or a bridge did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A policy has mistakes or cannot be read; all that are known, in lines.
    #[error("{0}")]
    Policy(String),
    /// What was set up cannot be served.
    #[error("{0}")]
    Setup(String),
    /// The audit log cannot be opened, written or closed. [`AuditError::help`] says what can be done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The server's command does not run.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was wanted of it.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::System { what, source }
    }
}
