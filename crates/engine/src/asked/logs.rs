//! Log lines of a server: which a client may ask for, and which it gets.

use bailiwick_mcp::{Message, Value};
use bailiwick_policy::{GuardAction, LogLevel, Verdict};

use crate::decision::Reason;
use crate::engine::{Engine, Judgement};
use crate::reply::{DENIED, Refusal};
use crate::run::Pending;

impl Engine {
    /// `logging/setLevel`: refused where the policy lets no lines of that level through.
    pub(crate) fn set_level<'a>(&self, params: Option<Value<'a>>) -> Judgement<'a> {
        let level = params.and_then(|params| params.get("level")).and_then(Value::text);
        let mut judgement = Judgement::allow();
        if let Some(reason) = self.too_slight(level.as_deref(), "`params.level`") {
            judgement = Judgement::deny(reason, Refusal::Silent);
            judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        }
        judgement.target = level;
        judgement
    }

    /// A log line goes on if it is as severe as the policy wants.
    pub(crate) fn log_line(&self, message: &Message<'_>, judgement: &mut Judgement<'_>) {
        let level = message.params().and_then(|params| params.get("level")).and_then(Value::text);
        if let Some(reason) = self.too_slight(level.as_deref(), "a log line") {
            judgement.verdict = Verdict::Deny;
            judgement.reasons.push(reason);
        }
    }

    /// In 2026-07-28 log lines are for requests that ask for them; before, as severe as the client asked for, if it did.
    pub(super) fn unasked_log(&self, message: &Message<'_>, modern: bool) -> Option<&'static str> {
        let logs = |pending: &Pending| pending.asked.logs;
        let unasked = if modern {
            !self.run.to_server.here().any(logs)
        } else {
            let level = message.params().and_then(|params| params.get("level")).and_then(Value::text);
            let own = level.and_then(|level| LogLevel::of(&level));
            matches!((own, self.run.log_level), (Some(own), Some(least)) if own < least)
        };
        unasked.then_some("log lines that nobody asked for")
    }

    /// A level below the policy's, and what is none.
    fn too_slight(&self, level: Option<&str>, place: &str) -> Option<Reason> {
        let (least, said) = self.policy.guards().logs()?;
        let own = level.and_then(LogLevel::of);
        (own.is_none_or(|own| own < *least)).then(|| Reason::Guard {
            guard: "logs",
            code: if own.is_none() { "unknown" } else { "level" }.into(),
            place: place.to_owned(),
            message: match own {
                Some(_) => format!("a level below `{}`", least.word()).into(),
                None => "no level of the protocol".into(),
            },
            action: GuardAction::Block,
            detail: String::new(),
            said: Some(said.clone()),
        })
    }
}
