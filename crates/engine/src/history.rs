//! The stage between rules and limits: what the run's past says of a call. It can only tighten.

mod granted;
mod past;
mod track;

use std::sync::Arc;

use bailiwick_mcp::{Body, Message, Timestamp, Value};
use bailiwick_policy::{
    Call, Condition, Count, Effect, Gate, Grant, HistoryRule, Marks, Per, Policy, Precondition, StepMark,
    Verdict, span,
};

use crate::decision::{Completion, Reason};
use crate::engine::Engine;
use granted::is_young;
pub(crate) use past::Past;
use track::Taken;

/// The call that is being decided.
#[derive(Debug, Default)]
pub(crate) struct Present {
    /// What it is to the rules.
    marks: Option<Marks>,
    /// What its answer will mean, once it goes on.
    pub(crate) sent: Option<Box<Sent>>,
}

/// A call that went on, for when its answer comes.
#[derive(Debug)]
pub(crate) struct Sent {
    policy: Arc<Policy>,
    /// Its number in the past of the run, and in that of the principal.
    calls: [u64; 2],
    automata: Vec<u32>,
    grants: Vec<Grant>,
}

/// How a call ended, to the rules that wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Succeeded,
    Failed,
    /// It goes on elsewhere, or nobody was told: done, but no success.
    Open,
}

impl Engine {
    /// What the past says of a call that rules gave `verdict`; adds its reasons.
    pub(crate) fn look_back(
        &mut self,
        at: Timestamp,
        call: &Call<'_>,
        verdict: Verdict,
        reasons: &mut Vec<Reason>,
    ) -> Verdict {
        self.present.marks = None;
        if !self.policy.looks_back() || (verdict == Verdict::Deny && !self.policy.counts_attempts()) {
            return verdict;
        }
        self.align();
        let marks = self.policy.marks(call);
        let verdict = if verdict == Verdict::Deny {
            verdict
        } else {
            verdict.max(self.judge_past(at, &marks, reasons))
        };
        self.present.marks = Some(marks);
        verdict
    }

    /// Every history rule that speaks about a call; the reasons before it say what a person is asked about anyway.
    fn judge_past(&self, at: Timestamp, marks: &Marks, reasons: &mut Vec<Reason>) -> Verdict {
        let mut verdict = Verdict::Allow;
        for mark in &marks.steps {
            if let Some((found, reason)) = self.completed(at, mark) {
                verdict = verdict.max(found);
                reasons.push(reason);
            }
        }
        // Those that ask come first: what they ask about may be the approval that another one needs.
        for asks in [true, false] {
            for gate in &marks.gates {
                let Some(precondition) = self.policy.preconditions().get(gate.precondition as usize) else {
                    continue;
                };
                if (precondition.effect == Effect::Ask) != asks
                    || self.is_met(at, gate, precondition, reasons)
                {
                    continue;
                }
                verdict = verdict.max(spoken(precondition.effect));
                let wanted = format!("needs {}", precondition.wanted());
                let message = with_reason(precondition.reason.as_deref(), &wanted);
                reasons.push(Reason::Precondition { index: gate.precondition, message });
            }
        }
        verdict
    }

    /// What an automaton says of a call that takes its last step.
    fn completed(&self, at: Timestamp, mark: &StepMark) -> Option<(Verdict, Reason)> {
        let automaton = self.policy.automata().get(mark.automaton as usize)?;
        if u32::from(mark.step) + 1 != u32::from(automaton.steps) {
            return None;
        }
        let track = self.past(automaton.per).tracks.get(mark.automaton as usize)?;
        let began = track.completes(&mark.same, within_us(automaton.within_ms), at)?;
        let ago = span(at.micros_since(began) / 1_000);
        Some(match automaton.rule {
            HistoryRule::Sequence(index) => {
                let sequence = self.policy.sequences().get(index as usize)?;
                let what = format!("completes its steps, which began {ago} ago");
                let message = with_reason(sequence.reason.as_deref(), &what);
                (spoken(sequence.effect), Reason::Sequence { index, message })
            }
            HistoryRule::Precondition(index) => {
                let precondition = self.policy.preconditions().get(index as usize)?;
                let what = format!("needs {}; one was {ago} ago", precondition.wanted());
                let message = with_reason(precondition.reason.as_deref(), &what);
                (spoken(precondition.effect), Reason::Precondition { index, message })
            }
        })
    }

    fn is_met(&self, at: Timestamp, gate: &Gate, precondition: &Precondition, reasons: &[Reason]) -> bool {
        let within = within_us(precondition.within_ms);
        let past = self.past(precondition.per);
        let open = precondition.hours.as_ref().is_none_or(|hours| hours.contain(at.as_micros()));
        open && match &precondition.condition {
            Some(Condition::Approval(id)) => {
                // Whoever approves this very call approves what it needs.
                let asked =
                    || reasons.iter().any(|reason| self.asker(reason).is_some_and(|asker| asker == id));
                is_young(past.approvals.get(id).copied(), within, at) || asked()
            }
            Some(Condition::Call(_)) => {
                let granted = past.granted.get(gate.precondition as usize);
                granted.is_some_and(|granted| granted.holds(&gate.same, within, at))
            }
            // A cool-down is an automaton.
            Some(Condition::NotAfter(_)) | None => true,
        }
    }

    /// The id of what asks a person, if `reason` is such.
    fn asker(&self, reason: &Reason) -> Option<&str> {
        let policy = &self.policy;
        let (id, effect) = match reason {
            Reason::Rule { index, failed_require: false } => {
                policy.rules().get(*index as usize).map(|rule| (&rule.id, rule.effect))
            }
            Reason::Sequence { index, .. } => {
                policy.sequences().get(*index as usize).map(|sequence| (&sequence.id, sequence.effect))
            }
            Reason::Precondition { index, .. } => policy
                .preconditions()
                .get(*index as usize)
                .map(|precondition| (&precondition.id, precondition.effect)),
            Reason::Rule { .. }
            | Reason::Limit { .. }
            | Reason::Default(_)
            | Reason::Hidden(_)
            | Reason::Link(_)
            | Reason::Guard { .. }
            | Reason::Pin { .. }
            | Reason::Protocol(_)
            | Reason::Approval(_) => None,
        }?;
        (effect == Effect::Ask).then_some(id)
    }

    /// Remembers a call whose last word is `verdict`.
    pub(crate) fn remember_call(&mut self, at: Timestamp, call: &Call<'_>, verdict: Verdict) {
        self.present.sent = None;
        if !self.policy.looks_back() {
            return;
        }
        // Shadow sends on what would ask.
        let goes = verdict == Verdict::Allow || (verdict == Verdict::Ask && !self.enforces());
        if !goes && !self.policy.counts_attempts() {
            return;
        }
        self.align();
        let known = self.present.marks.take();
        let marks = known.unwrap_or_else(|| self.policy.marks(call));
        self.take_steps(at, marks, goes, true);
    }

    fn take_steps(&mut self, at: Timestamp, marks: Marks, goes: bool, tried: bool) {
        let policy = Arc::clone(&self.policy);
        let calls = [Per::Run, Per::Principal].map(|per| self.past_mut(per).next_call());
        let mut automata = Vec::new();
        for of_one in marks.steps.chunk_by(|one, other| one.automaton == other.automaton) {
            let Some(index) = of_one.first().map(|mark| mark.automaton) else { continue };
            let Some(automaton) = policy.automata().get(index as usize) else { continue };
            let counts = match automaton.count {
                Count::Forwarded => goes,
                Count::Attempts => tried,
            };
            if !counts {
                continue;
            }
            let Some(track) = self.past_mut(automaton.per).tracks.get_mut(index as usize) else { continue };
            let taken: Taken =
                of_one.iter().map(|mark| (usize::from(mark.step), mark.same.clone())).collect();
            track.take(number_in(calls, automaton.per), taken, within_us(automaton.within_ms), at);
            if automaton.conditional != 0 {
                automata.push(index);
            }
        }
        if goes && !(marks.grants.is_empty() && automata.is_empty()) {
            self.present.sent = Some(Box::new(Sent { policy, calls, automata, grants: marks.grants }));
        }
    }

    /// Decides again over a call that a person approved, and remembers it; words if the past forbids it by now.
    pub(crate) fn look_back_approved(
        &mut self,
        at: Timestamp,
        call: &Call<'_>,
        asked: &[Reason],
    ) -> Result<(), String> {
        self.present.sent = None;
        if !self.policy.looks_back() {
            return Ok(());
        }
        self.align();
        let marks = self.policy.marks(call);
        let mut reasons = asked.to_vec();
        self.judge_past(at, &marks, &mut reasons);
        let new = reasons.iter().skip(asked.len()).find(|reason| !self.was_asked(reason, asked));
        if let Some(reason) = new {
            let described = reason.describe(&self.policy);
            return Err(format!("{} `{}`: {}", described.source, described.id, described.message));
        }
        let needed = |id: &&str| self.policy.needs_approval_of(id);
        let approved = asked.iter().filter_map(|reason| self.asker(reason)).filter(needed);
        let approved: Vec<String> = approved.map(str::to_owned).collect();
        for id in &approved {
            self.past_mut(Per::Run).approve(id, at);
            self.past_mut(Per::Principal).approve(id, at);
        }
        // It was tried when it came.
        self.take_steps(at, marks, true, false);
        Ok(())
    }

    /// True if a person was asked because of the same rule.
    fn was_asked(&self, reason: &Reason, asked: &[Reason]) -> bool {
        let id = self.asker(reason);
        id.is_some() && asked.iter().any(|other| self.asker(other) == id)
    }

    /// The answer to a call came, and was dealt with as `verdict`.
    pub(crate) fn answered(
        &mut self,
        at: Timestamp,
        sent: &Sent,
        message: &Message<'_>,
        completion: Option<Completion>,
        verdict: Verdict,
    ) {
        let ending = ending(message, completion, verdict == Verdict::Allow || !self.enforces());
        for index in &sent.automata {
            let Some(automaton) = sent.policy.automata().get(*index as usize) else { continue };
            let past = self.past_mut(automaton.per);
            if let (true, Some(track)) = (past.is_of(&sent.policy), past.tracks.get_mut(*index as usize)) {
                let call = number_in(sent.calls, automaton.per);
                track.resolve(call, ending == Ending::Failed, within_us(automaton.within_ms));
            }
        }
        if ending != Ending::Succeeded {
            return;
        }
        for grant in &sent.grants {
            let Some(precondition) = sent.policy.preconditions().get(grant.precondition as usize) else {
                continue;
            };
            let past = self.past_mut(precondition.per);
            if let (true, Some(granted)) =
                (past.is_of(&sent.policy), past.granted.get_mut(grant.precondition as usize))
            {
                granted.note(&grant.same, at);
            }
        }
    }

    /// Brings both pasts into the terms of the policy that decides.
    fn align(&mut self) {
        self.counters.past.align(&self.policy);
        self.principal_counters.past.align(&self.policy);
    }

    fn past(&self, per: Per) -> &Past {
        match per {
            Per::Run => &self.counters.past,
            Per::Principal => &self.principal_counters.past,
        }
    }

    fn past_mut(&mut self, per: Per) -> &mut Past {
        match per {
            Per::Run => &mut self.counters.past,
            Per::Principal => &mut self.principal_counters.past,
        }
    }
}

fn number_in(calls: [u64; 2], per: Per) -> u64 {
    let [run, principal] = calls;
    match per {
        Per::Run => run,
        Per::Principal => principal,
    }
}

/// A success is a result that says no other, is all there is to come, and was delivered.
fn ending(message: &Message<'_>, completion: Option<Completion>, delivered: bool) -> Ending {
    let Body::Result { result, .. } = &message.body else { return Ending::Failed };
    let goes_on = result.get("resultType").is_some_and(|kind| !kind.is_text("complete"))
        || result.get("inputRequests").is_some()
        || result.get("task").is_some()
        || result.get("taskId").is_some();
    match completion {
        // `isError` of another type is no clear word.
        Some(Completion::Succeeded) if is_clear(*result) && !goes_on && delivered => Ending::Succeeded,
        Some(Completion::Failed) => Ending::Failed,
        Some(Completion::Succeeded | Completion::Unknown | Completion::Refused) | None => Ending::Open,
    }
}

fn is_clear(result: Value<'_>) -> bool {
    result.is_object() && result.get("isError").is_none_or(|error| error.boolean() == Some(false))
}

fn spoken(effect: Effect) -> Verdict {
    match effect {
        Effect::Ask => Verdict::Ask,
        Effect::Allow | Effect::Require | Effect::Deny => Verdict::Deny,
    }
}

fn within_us(within_ms: Option<u64>) -> Option<i64> {
    within_ms.map(|millis| i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX))
}

fn with_reason(reason: Option<&str>, what: &str) -> String {
    match reason {
        Some(reason) => format!("{reason} ({what})"),
        None => what.to_owned(),
    }
}
