//! Rules with the past and limits: the policy's answer about one call.

use std::sync::Arc;

use bailiwick_mcp::{Timestamp, Value};
use bailiwick_policy::{Call, Counted, Each, Limit, Per, Target, Verdict};

use crate::counters::{Counters, Spending};
use crate::decision::Reason;
use crate::engine::Engine;
use crate::pins;

impl Engine {
    /// Rules, the past and limits, whatever the first of them say: each is a reason. Spends nothing: see [`Engine::spend_allowed`].
    pub(crate) fn decide(
        &mut self,
        at: Timestamp,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
    ) -> (Verdict, Vec<Reason>) {
        self.charges.clear();
        self.same.clear();
        let (mut verdict, mut reasons) = self.rules(target, arguments);
        if self.policy.looks_back() {
            let principal = Arc::clone(&self.settings.principal);
            let call = Call { target: *target, arguments, principal: &principal };
            verdict = self.look_back(at, &call, verdict, &mut reasons);
        }
        if self.policy.limits().is_empty() {
            return (verdict, reasons);
        }
        let policy = Arc::clone(&self.policy);
        let principal = Arc::clone(&self.settings.principal);
        let call = Call { target: *target, arguments, principal: &principal };
        for (index, limit, amount) in policy.limits_for(&call) {
            self.charges.push((index, amount.as_ref().copied().unwrap_or(0.0)));
            self.know(limit, &call);
            let checked = match amount {
                Ok(amount) => self.check(limit, target, amount, at).map_err(|words| (over(limit), words)),
                // What cannot be counted is over every limit.
                Err(error) => Err((Verdict::Deny, error.to_string())),
            };
            if let Err((effect, message)) = checked {
                verdict = verdict.max(effect);
                reasons.push(Reason::Limit { index: u32::try_from(index).unwrap_or(u32::MAX), message });
            }
        }
        (verdict, reasons)
    }

    /// Spends the limits of the call that was decided last, whose last word is `verdict`, and remembers it.
    pub(crate) fn spend_allowed(
        &mut self,
        at: Timestamp,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
        verdict: Verdict,
    ) {
        let verdict = self.floor.map_or(verdict, |floor| verdict.max(floor));
        let spends = self.policy.limits().iter().any(|limit| counts(limit.count, verdict));
        if !spends && !self.policy.looks_back() {
            return;
        }
        let principal = Arc::clone(&self.settings.principal);
        let call = Call { target: *target, arguments, principal: &principal };
        self.remember_call(at, &call, verdict);
        if !spends {
            return;
        }
        if verdict != Verdict::Allow {
            // What rules denied was held against no limit.
            self.spend(at, &call, |count| counts(count, verdict));
            return;
        }
        let policy = Arc::clone(&self.policy);
        let charges = std::mem::take(&mut self.charges);
        for (index, amount) in &charges {
            if let Some(limit) = policy.limits().get(*index).filter(|limit| counts(limit.count, verdict)) {
                self.charge(limit, target, *amount, at);
            }
        }
        self.charges = charges;
    }

    /// Spends the limits of an approved call and remembers it, if all but what asked for the approval still lets it pass.
    pub(crate) fn spend_if_room(
        &mut self,
        at: Timestamp,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
        asked: &[Reason],
    ) -> Option<String> {
        let policy = Arc::clone(&self.policy);
        let principal = Arc::clone(&self.settings.principal);
        let call = Call { target: *target, arguments, principal: &principal };
        self.same.clear();
        for (index, limit, amount) in policy.limits_for(&call) {
            let asker = |reason: &Reason| matches!(reason, Reason::Limit { index: own, .. } if *own as usize == index);
            if asked.iter().any(asker) {
                continue;
            }
            self.know(limit, &call);
            let room = match amount {
                // It was counted when it was tried.
                Ok(_) if limit.count == Counted::Attempts => self.check(limit, target, 0.0, at),
                Ok(amount) => self.check(limit, target, amount, at),
                Err(error) => Err(error.to_string()),
            };
            if let Err(message) = room {
                return Some(format!("limit `{}`: {message}", limit.id));
            }
        }
        if let Err(message) = self.look_back_approved(at, &call, asked) {
            return Some(message);
        }
        self.spend(at, &call, |count| count == Counted::Forwarded);
        None
    }

    /// Counts a call that waited and was refused then.
    pub(crate) fn spend_refused(&mut self, at: Timestamp, target: &Target<'_>, arguments: Option<Value<'_>>) {
        let principal = Arc::clone(&self.settings.principal);
        self.same.clear();
        let call = Call { target: *target, arguments, principal: &principal };
        self.spend(at, &call, |count| count == Counted::Denied);
    }

    fn spend(&mut self, at: Timestamp, call: &Call<'_>, counts: impl Fn(Counted) -> bool) {
        let policy = Arc::clone(&self.policy);
        for (_, limit, amount) in policy.limits_for(call).filter(|(_, limit, _)| counts(limit.count)) {
            self.know(limit, call);
            self.charge(limit, &call.target, amount.unwrap_or(0.0), at);
        }
    }

    /// Makes sure of what tells the call from others with other arguments, if `limit` wants to know.
    fn know(&mut self, limit: &Limit, call: &Call<'_>) {
        if limit.each == Each::Call && self.same.is_empty() {
            // Nothing at all is what a server makes of `{}`, too.
            self.same = call.arguments.map_or_else(|| EMPTY.to_owned(), pins::digest_of_arguments);
        }
    }

    fn check(
        &mut self,
        limit: &Limit,
        target: &Target<'_>,
        amount: f64,
        at: Timestamp,
    ) -> Result<(), String> {
        let same = std::mem::take(&mut self.same);
        let checked = self.counted(limit).check(limit, spending(target, &same, amount, at));
        self.same = same;
        checked
    }

    fn charge(&mut self, limit: &Limit, target: &Target<'_>, amount: f64, at: Timestamp) {
        let same = std::mem::take(&mut self.same);
        self.counted(limit).spend(limit, spending(target, &same, amount, at));
        self.same = same;
    }

    fn counted(&mut self, limit: &Limit) -> &mut Counters {
        match limit.per {
            Per::Run => &mut self.counters,
            Per::Principal => &mut self.principal_counters,
        }
    }

    /// True for a rule that denies.
    pub(crate) fn denies(&self, reason: &Reason) -> bool {
        let Reason::Rule { index, failed_require: false } = reason else { return false };
        let rule = self.policy.rules().get(*index as usize);
        rule.is_some_and(|rule| rule.effect == bailiwick_policy::Effect::Deny)
    }

    /// True for a rule that lets pass.
    pub(crate) fn allows(&self, reason: &Reason) -> bool {
        let Reason::Rule { index, failed_require: false } = reason else { return false };
        self.policy
            .rules()
            .get(*index as usize)
            .is_some_and(|rule| rule.effect == bailiwick_policy::Effect::Allow)
    }

    /// The words of a denial, as the agent reads them: rules and why, no paths of ours.
    pub(crate) fn denial(&self, reasons: &[Reason]) -> String {
        let mut text = String::from("Denied by bailiwick");
        for reason in reasons {
            // Where a link leads is not for the agent to learn.
            if self.allows(reason) || matches!(reason, Reason::Link(_)) {
                continue;
            }
            let described = reason.describe(&self.policy);
            text.push_str(&format!("; {} `{}`", described.source, described.id));
            if !described.message.is_empty() {
                text.push_str(&format!(": {}", described.message));
            }
        }
        text
    }
}

fn spending<'a>(target: &Target<'a>, same: &'a str, amount: f64, at: Timestamp) -> Spending<'a> {
    Spending { server: target.server(), name: target.object(), arguments: same, amount, at }
}

/// Whether a call whose word is `verdict` is one of those that a limit counts.
fn counts(count: Counted, verdict: Verdict) -> bool {
    match count {
        Counted::Forwarded => verdict == Verdict::Allow,
        Counted::Attempts => true,
        // What waits for a person is none yet.
        Counted::Denied => verdict == Verdict::Deny,
    }
}

/// The digest of `{}`.
const EMPTY: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// What a limit says when it is used up.
fn over(limit: &Limit) -> Verdict {
    match limit.effect {
        bailiwick_policy::Effect::Ask => Verdict::Ask,
        bailiwick_policy::Effect::Allow
        | bailiwick_policy::Effect::Require
        | bailiwick_policy::Effect::Deny => Verdict::Deny,
    }
}
