//! What is thought of one message, before it becomes a decision and its effects.

use std::borrow::Cow;

use bailiwick_mcp::Splice;
use bailiwick_policy::Verdict;

use crate::approval::Doubt;
use crate::asked::Listening;
use crate::decision::{Arguments, Quarantined, Reason};
use crate::reply::Refusal;

/// What a stage made of one message.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<Reason>,
    /// How the sender is answered if the verdict is not allow.
    pub(crate) refusal: Refusal,
    /// The bytes to send instead of the original, and the edits that make them.
    pub(crate) changed: Option<Vec<u8>>,
    pub(crate) splice: Splice,
    pub(crate) target: Option<Cow<'a, str>>,
    pub(crate) arguments: Option<Arguments<'a>>,
    /// The record would mask nothing in them.
    pub(crate) maskless: bool,
    /// A task may come in place of the answer, if the request asks for one.
    pub(crate) may_be_task: bool,
    /// What `subscriptions/listen` listens to.
    pub(crate) listening: Option<Box<Listening>>,
    /// What is withheld and kept for a person.
    pub(crate) kept: Option<Box<Quarantined>>,
    /// An external classifier is asked before it goes on.
    pub(crate) doubt: Option<Box<Doubt>>,
}

impl<'a> Judgement<'a> {
    pub(crate) fn allow() -> Judgement<'a> {
        Judgement {
            verdict: Verdict::Allow,
            reasons: Vec::new(),
            refusal: Refusal::Silent,
            changed: None,
            splice: Splice::default(),
            target: None,
            arguments: None,
            maskless: false,
            may_be_task: true,
            listening: None,
            kept: None,
            doubt: None,
        }
    }

    pub(crate) fn deny(reason: Reason, refusal: Refusal) -> Judgement<'a> {
        Judgement { verdict: Verdict::Deny, reasons: vec![reason], refusal, ..Judgement::allow() }
    }

    /// Refused because the protocol says so, with a JSON-RPC error.
    pub(crate) fn protocol(code: i64, message: impl Into<Cow<'static, str>>) -> Judgement<'a> {
        let message = message.into();
        Judgement::deny(Reason::Protocol(message.clone()), Refusal::error(code, message.into_owned()))
    }

    /// Dropped without an answer.
    pub(crate) fn dropped(message: impl Into<Cow<'static, str>>) -> Judgement<'a> {
        Judgement::deny(Reason::Protocol(message.into()), Refusal::Silent)
    }
}
