//! What a report says, as data. Every text in it may be a stranger's.

use bailiwick_analysis::scan;

/// One report.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// When it was made, RFC 3339.
    pub made: String,
    /// The program and its version.
    pub program: String,
    /// Configurations that were looked at.
    pub files: usize,
    pub servers: Vec<Server>,
    pub findings: scan::Report,
    pub policy: Option<Policy>,
    pub tools: Vec<Tool>,
    /// Decisions over time, in the order of time.
    pub timeline: Vec<Slice>,
    /// Present if attacks were replayed.
    pub attacks: Option<Vec<Pack>>,
    /// Present if there was a lock file to compare with.
    pub drift: Option<Vec<Drift>>,
    pub approvals: Vec<Approval>,
    pub logs: Vec<Log>,
    /// What was not looked at, and why (law 10).
    pub not_inspected: Vec<(String, String)>,
}

/// What stands before a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A policy decides.
    Enforced,
    /// Everything passes and is recorded.
    Recorded,
    Bare,
    /// Known from records alone: no configuration that was looked at names it.
    Unlisted,
}

/// A server in a configuration, or in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The client's id; empty for one that only records know.
    pub client: String,
    pub name: String,
    pub standing: Standing,
    /// Policies that its entry names.
    pub policies: Vec<String>,
}

/// The policy that the report speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub layers: Vec<String>,
    pub digest: String,
    pub rules: usize,
}

/// What became of the calls of one tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tool {
    pub server: String,
    pub name: String,
    pub allowed: u64,
    pub asked: u64,
    pub denied: u64,
    /// Of those that went on, how many the server failed.
    pub failed: u64,
    /// It stands in the lock file.
    pub is_locked: bool,
}

/// The decisions of one stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slice {
    /// Its beginning, for people.
    pub from: String,
    pub allowed: u64,
    pub asked: u64,
    pub denied: u64,
}

/// One pack of attacks, replayed against the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pack {
    pub name: String,
    pub denied: usize,
    /// A person would have been asked.
    pub asked: usize,
    /// The policy governs no server of their kind.
    pub not_exercised: usize,
    pub passing: Vec<Attack>,
}

/// An attack that passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attack {
    pub name: String,
    /// The call, for people.
    pub call: String,
    pub why: String,
}

/// Something that differs from what was locked, or was seen to differ while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub server: String,
    pub what: String,
    /// When a run saw it, RFC 3339; none for a difference between files.
    pub at: Option<String>,
}

/// A question that a person was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub at: String,
    pub server: String,
    pub tool: String,
    pub is_approved: bool,
    pub why: String,
}

/// How far a log can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    Verified,
    /// Nothing is wrong, but something could not be shown.
    Warned,
    Broken,
}

/// One audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub path: String,
    pub trust: Trust,
    pub records: u64,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The last record that a signature vouches for.
    pub signed_up_to: Option<u64>,
    /// What the verification says.
    pub findings: Vec<String>,
}

impl Standing {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Enforced => "enforced",
            Standing::Recorded => "recorded",
            Standing::Bare => "bare",
            Standing::Unlisted => "in records only",
        }
    }
}

impl Trust {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Trust::Verified => "verified",
            Trust::Warned => "verified, with warnings",
            Trust::Broken => "not verified",
        }
    }
}

impl Tool {
    /// Calls that were decided over.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.allowed.saturating_add(self.asked).saturating_add(self.denied)
    }

    /// One word for what is known of it.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.allowed, self.asked, self.denied) {
            (0, 0, 0) => "never seen",
            (0, 0, _) => "denied",
            (0, _, _) => "asked about",
            (_, _, 0) => "used",
            (_, _, _) => "used, in part denied",
        }
    }
}

impl Pack {
    /// Attacks that were tried against a server of their kind.
    #[must_use]
    pub fn exercised(&self) -> usize {
        self.denied.saturating_add(self.asked).saturating_add(self.passing.len())
    }
}
