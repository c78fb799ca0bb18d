//! An error is words for a person, and many hosts hand it to the model: one that is longer than that is withheld, unread.

use bailiwick_mcp::Value;
use bailiwick_policy::GuardAction;

use crate::decision::Reason;
use crate::engine::{Engine, Judgement};
use crate::reply::{Refusal, WITHHELD};

impl Engine {
    /// What the client gets in place of an error that is too long: one of ours, with the server's code.
    pub(crate) fn error_too_long<'a>(&self, error: Value<'a>) -> Option<Judgement<'a>> {
        let longest = self.policy.guards().error_bytes()?;
        let bytes = error.raw().len();
        if u64::try_from(bytes).is_ok_and(|bytes| bytes <= longest.bytes) {
            return None;
        }
        let reason = Reason::Guard {
            guard: "error-bytes",
            code: "long".into(),
            place: "the error".to_owned(),
            message: format!("{bytes} bytes, more than {},", longest.bytes).into(),
            action: GuardAction::Block,
            detail: if longest.place.is_some() { String::new() } else { "default".to_owned() },
            said: longest.place.clone(),
        };
        let described = reason.describe(&self.policy);
        let text = format!(
            "The server's error was withheld by bailiwick; guard `{}`: {}",
            described.id, described.message
        );
        let code = error.get("code").and_then(Value::integer).unwrap_or(WITHHELD);
        Some(Judgement::deny(reason, Refusal::error(code, text)))
    }
}
