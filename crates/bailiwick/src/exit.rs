//! Exit codes, the same for every command (`docs/reference/cli.md`). A wrapper passes the child's status.

use std::fmt;
use std::process::ExitCode;

pub(crate) const OK: i32 = 0;
pub(crate) const ERROR: i32 = 1;
pub(crate) const USAGE: i32 = 2;
/// There was nothing to look at.
pub(crate) const NOTHING: i32 = 3;
/// Findings at or above `--fail-on`, or warnings under `--strict`.
pub(crate) const FINDINGS: i32 = 10;
/// What is locked and what the server offers differ.
pub(crate) const DRIFT: i32 = 11;
/// An attack is not blocked.
pub(crate) const ATTACK: i32 = 12;
/// An audit log does not verify.
pub(crate) const NOT_VERIFIED: i32 = 13;
/// Refused to start: an invalid policy, a missing layer.
pub(crate) const REFUSED: i32 = 78;

/// Why a command failed, for a person.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: i32,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The message is a report with its own headings.
    pub(crate) is_report: bool,
}

impl Failure {
    pub(crate) fn new(status: i32, message: impl fmt::Display) -> Failure {
        Failure { status, message: message.to_string(), help: None, is_report: false }
    }

    pub(crate) fn error(message: impl fmt::Display) -> Failure {
        Failure::new(ERROR, message)
    }

    pub(crate) fn refused(message: impl fmt::Display) -> Failure {
        Failure::new(REFUSED, message)
    }

    pub(crate) fn report(status: i32, message: impl fmt::Display) -> Failure {
        Failure { is_report: true, ..Failure::new(status, message) }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Failure {
        Failure { help: Some(help.into()), ..self }
    }
}

pub(crate) fn code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status.clamp(0, 255)).unwrap_or(u8::MAX))
}
