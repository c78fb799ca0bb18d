//! What a person is asked, and what can come back.

use std::time::Duration;

/// A question to a person: may this message pass? All text comes as it is; making it safe to show is done here.
#[derive(Debug, Clone)]
pub struct Question {
    /// The caller's name for this question; its answer comes back under it.
    pub id: u64,
    /// The client program, as it calls itself.
    pub client: String,
    /// On whose behalf.
    pub principal: String,
    /// The server that the message is for.
    pub server: String,
    /// The method, such as `tools/call`.
    pub method: String,
    /// The tool, prompt or resource.
    pub target: String,
    /// The arguments: the original JSON text.
    pub arguments: String,
    /// Why policy asks.
    pub reasons: Vec<Reason>,
    /// What was derived from the arguments, by label: the resolved path, the host, the parsed command.
    pub facts: Vec<(String, String)>,
    /// What happened before in this run, oldest first, a line each.
    pub history: Vec<String>,
    /// How long the question is good for, from the moment it is put to the desk.
    pub ttl: Duration,
}

/// One rule that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule's id.
    pub id: String,
    /// The policy file; empty when no rule asks, but the policy's default does.
    pub file: String,
    /// The line in it, from 1.
    pub line: u32,
    /// What the rule says to people.
    pub message: String,
}

/// A person's answer, or what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This one message may pass.
    Approve,
    /// It may not.
    Deny(DenyCause),
}

/// Why a message was not approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DenyCause {
    /// A person said no, or anything but yes.
    #[error("denied at the terminal")]
    Person,
    /// Ctrl-D, which also stands for the end of a file where nobody types.
    #[error("the input at the terminal ended")]
    NoMoreKeys,
    /// Nobody answered in time.
    #[error("nobody answered in time")]
    TimedOut,
    /// The terminal was closed while the question stood on it.
    #[error("the terminal was closed")]
    EndOfInput,
    /// There is no terminal to ask on.
    #[error("nobody can be asked: {0}")]
    NoTerminal(#[from] NoTerminal),
    /// The question is longer than a person could read.
    #[error("the arguments are too long for a person to review ({rows} rows, at most {rows_max})")]
    TooLong {
        /// What it would take on this terminal.
        rows: usize,
        /// The limit.
        rows_max: usize,
    },
    /// Too many questions wait already.
    #[error("too many questions wait for an answer")]
    DeskFull,
    /// The client no longer wants the call.
    #[error("the client withdrew the call")]
    Withdrawn,
    /// We are ending.
    #[error("shutting down")]
    ShuttingDown,
    /// Our own fault.
    #[error("the question could not be shown")]
    Failed,
}

impl DenyCause {
    /// What the operator can do so that such a call can be approved; `None` where a person decided, or nobody waits.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            DenyCause::Person | DenyCause::Withdrawn | DenyCause::ShuttingDown => None,
            DenyCause::NoMoreKeys => Some(
                "answer at the terminal when the call is repeated, or add an `allow` rule for it (for a pin: `bailiwick lock`)",
            ),
            DenyCause::TimedOut => Some(
                "watch the terminal and repeat the call, or add an `allow` rule for it (for a pin: `bailiwick lock`)",
            ),
            DenyCause::EndOfInput | DenyCause::NoTerminal(_) => Some(
                "start the client in the foreground of a terminal that it does not draw on, or add an `allow` rule for this call (for a pin: `bailiwick lock`)",
            ),
            DenyCause::TooLong { .. } => {
                Some("split the call, or add an `allow` rule for it (for a pin: `bailiwick lock`)")
            }
            DenyCause::DeskFull => Some("answer the questions on the terminal and repeat the call"),
            DenyCause::Failed => Some("repeat the call; if it fails again, report a bug"),
        }
    }
}

/// Why there is no terminal to ask on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTerminal {
    /// The process has no controlling terminal, as below an editor or a service manager.
    #[error("there is no terminal")]
    None,
    /// Another job has the terminal.
    #[error("this job is in the background of its terminal")]
    Background,
    /// Another program reads single keys from it, such as a client with a full-screen interface.
    #[error("another program is reading the terminal's keys")]
    Taken,
    /// Another bailiwick held the terminal all the time.
    #[error("another bailiwick was asking on this terminal")]
    Busy,
    /// It cannot be used.
    #[error("the terminal cannot be used ({0})")]
    Unusable(String),
}
