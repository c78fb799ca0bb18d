//! What a human is asked, and what can come back.

use std::sync::Arc;

use bailiwick_mcp::Direction;
use bailiwick_policy::{Consent, Derived, Policy};

use crate::approval::ApprovedBy;
use crate::decision::Reason;

/// Number of a question in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub u64);

/// What a human is asked. Secrets in it are already masked.
#[derive(Debug, Clone)]
pub struct Question {
    pub id: QuestionId,
    pub direction: Direction,
    /// What waits is the answer to a request of this method and target.
    pub is_answer: bool,
    pub method: String,
    pub target: String,
    /// The arguments as JSON, in full.
    pub arguments: String,
    /// What the policy derives from them: programs, paths, hosts, kinds of statements.
    pub derived: Vec<Derived>,
    pub reasons: Vec<Reason>,
    pub policy: Arc<Policy>,
    /// What the client calls itself; empty if it did not say.
    pub client: String,
    /// The requests before this one, oldest first, a line each.
    pub history: Vec<String>,
    /// How long an answer is waited for, in seconds.
    pub ttl_s: u32,
    /// What the rules that ask take for a yes.
    pub consents: Vec<Consent>,
    /// It is put to the external classifier and to nobody else: no person's answer settles it.
    pub consult: Option<Consult>,
}

/// What an external classifier is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consult {
    /// The stretches of the answer in which the guards see something, secrets masked.
    pub text: String,
    /// How long an opinion is waited for, in milliseconds.
    pub within_ms: u64,
}

/// What an external classifier thinks of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// How much it takes the text for an attack, in thousandths.
    pub score: u16,
    /// What it calls itself; empty if it does not say.
    pub by: String,
}

/// What came back from outside: a human's answer, or the lack of one; for a question to the classifier its opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// One person does not mind. It may take more than one.
    Approve(ApprovedBy),
    /// Why not; the words reach the agent and the record.
    Deny(String),
    /// What the external classifier says, or why it says nothing.
    Opinion(Result<Opinion, String>),
}
