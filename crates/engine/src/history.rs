//! The stage between rules and limits: what the run's past says of a call. It can only tighten.

mod granted;
mod track;

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_mcp::{Body, Message, Timestamp, Value};
use bailiwick_policy::{
    Automaton, Call, Condition, Count, Effect, Gate, Grant, HistoryRule, Marks, Policy, Precondition,
    StepMark, Verdict, span,
};

use crate::decision::{Completion, Reason};
use crate::engine::Engine;
use granted::{Granted, is_young};
use track::{Taken, Track};

/// Everything that history rules remember of a run. Its size is bounded by the policy, not by what happens.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Beside [`Policy::automata`].
    tracks: Vec<Track>,
    /// Beside [`Policy::preconditions`].
    granted: Vec<Granted>,
    /// When a person last approved what was asked, by the id of what asked.
    approvals: BTreeMap<String, Timestamp>,
    /// What the call that is being decided is to the rules.
    marks: Option<Marks>,
    /// What the answer to the call that goes on now will mean.
    pub(crate) sent: Option<Box<Sent>>,
    calls: u64,
    /// Counts reloads: what was sent under another policy means nothing to this one.
    generation: u64,
}

/// A call that went on, for when its answer comes.
#[derive(Debug)]
pub(crate) struct Sent {
    call: u64,
    generation: u64,
    automata: Vec<u32>,
    grants: Vec<Grant>,
}

impl History {
    pub(crate) fn new(policy: &Policy) -> History {
        History { tracks: tracks(policy), granted: granted(policy), ..History::default() }
    }

    /// Another policy decides. What tightens is kept as far as its steps are the same; what loosens is forgotten.
    pub(crate) fn adopt(&mut self, old: &Policy, new: &Policy) {
        if old.digest() == new.digest() {
            return;
        }
        let mut adopted = tracks(new);
        for (track, automaton) in adopted.iter_mut().zip(new.automata()) {
            let same = |other: &&Automaton| other.id == automaton.id && other.count == automaton.count;
            let Some(place) = old.automata().iter().position(|other| same(&other)) else { continue };
            let (Some(before), Some(old)) = (old.automata().get(place), self.tracks.get(place)) else {
                continue;
            };
            let kept = before.digests.iter().zip(&automaton.digests).take_while(|(one, other)| one == other);
            track.inherit(old, kept.count(), within_us(automaton.within_ms));
        }
        self.tracks = adopted;
        self.granted = granted(new);
        self.approvals.clear();
        self.generation += 1;
    }

    /// A person approved what `id` asked about.
    fn approve(&mut self, id: &str, at: Timestamp) {
        self.approvals.insert(id.to_owned(), at);
    }
}

fn tracks(policy: &Policy) -> Vec<Track> {
    let track = |automaton: &Automaton| Track::new(usize::from(automaton.steps), automaton.conditional);
    policy.automata().iter().map(track).collect()
}

fn granted(policy: &Policy) -> Vec<Granted> {
    policy.preconditions().iter().map(|_| Granted::default()).collect()
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
        self.history.marks = None;
        if !self.policy.looks_back() || (verdict == Verdict::Deny && !self.policy.counts_attempts()) {
            return verdict;
        }
        let marks = self.policy.marks(call);
        let verdict = if verdict == Verdict::Deny {
            verdict
        } else {
            verdict.max(self.judge_past(at, &marks, reasons))
        };
        self.history.marks = Some(marks);
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
        let track = self.history.tracks.get(mark.automaton as usize)?;
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
        let open = precondition.hours.as_ref().is_none_or(|hours| hours.contain(at.as_micros()));
        open && match &precondition.condition {
            Some(Condition::Approval(id)) => {
                // Whoever approves this very call approves what it needs.
                let asked =
                    || reasons.iter().any(|reason| self.asker(reason).is_some_and(|asker| asker == id));
                is_young(self.history.approvals.get(id).copied(), within, at) || asked()
            }
            Some(Condition::Call(_)) => {
                let granted = self.history.granted.get(gate.precondition as usize);
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
            | Reason::Default
            | Reason::Guard { .. }
            | Reason::Pin { .. }
            | Reason::Protocol(_)
            | Reason::Approval(_) => None,
        }?;
        (effect == Effect::Ask).then_some(id)
    }

    /// Remembers a call whose last word is `verdict`.
    pub(crate) fn remember_call(&mut self, at: Timestamp, call: &Call<'_>, verdict: Verdict) {
        self.history.sent = None;
        if !self.policy.looks_back() {
            return;
        }
        // Shadow sends on what would ask.
        let goes = verdict == Verdict::Allow || (verdict == Verdict::Ask && !self.enforces());
        if !goes && !self.policy.counts_attempts() {
            return;
        }
        let known = self.history.marks.take();
        let marks = known.unwrap_or_else(|| self.policy.marks(call));
        self.take_steps(at, marks, goes, true);
    }

    fn take_steps(&mut self, at: Timestamp, marks: Marks, goes: bool, tried: bool) {
        let history = &mut self.history;
        history.calls += 1;
        let mut sent = Sent {
            call: history.calls,
            generation: history.generation,
            automata: Vec::new(),
            grants: Vec::new(),
        };
        for of_one in marks.steps.chunk_by(|one, other| one.automaton == other.automaton) {
            let Some(index) = of_one.first().map(|mark| mark.automaton) else { continue };
            let (Some(automaton), Some(track)) =
                (self.policy.automata().get(index as usize), history.tracks.get_mut(index as usize))
            else {
                continue;
            };
            let counts = match automaton.count {
                Count::Forwarded => goes,
                Count::Attempts => tried,
            };
            if counts {
                let taken: Taken =
                    of_one.iter().map(|mark| (usize::from(mark.step), mark.same.clone())).collect();
                track.take(sent.call, taken, within_us(automaton.within_ms), at);
                if automaton.conditional != 0 {
                    sent.automata.push(index);
                }
            }
        }
        if goes {
            sent.grants = marks.grants;
            let matters = !sent.grants.is_empty() || !sent.automata.is_empty();
            history.sent = matters.then(|| Box::new(sent));
        }
    }

    /// Decides again over a call that a person approved, and remembers it; words if the past forbids it by now.
    pub(crate) fn look_back_approved(
        &mut self,
        at: Timestamp,
        call: &Call<'_>,
        asked: &[Reason],
    ) -> Result<(), String> {
        self.history.sent = None;
        if !self.policy.looks_back() {
            return Ok(());
        }
        let marks = self.policy.marks(call);
        let mut reasons = asked.to_vec();
        self.judge_past(at, &marks, &mut reasons);
        let new = reasons.iter().skip(asked.len()).find(|reason| !self.was_asked(reason, asked));
        if let Some(reason) = new {
            let described = reason.describe(&self.policy);
            return Err(format!("{} `{}`: {}", described.source, described.id, described.message));
        }
        let asking: Vec<String> =
            asked.iter().filter_map(|reason| self.asker(reason)).map(str::to_owned).collect();
        for id in asking.iter().filter(|id| self.policy.needs_approval_of(id)) {
            self.history.approve(id, at);
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
        if sent.generation != self.history.generation {
            return;
        }
        let ending = ending(message, completion, verdict == Verdict::Allow || !self.enforces());
        let policy = Arc::clone(&self.policy);
        for index in &sent.automata {
            let track = self.history.tracks.get_mut(*index as usize);
            if let (Some(automaton), Some(track)) = (policy.automata().get(*index as usize), track) {
                track.resolve(sent.call, ending == Ending::Failed, within_us(automaton.within_ms));
            }
        }
        if ending == Ending::Succeeded {
            for grant in &sent.grants {
                if let Some(granted) = self.history.granted.get_mut(grant.precondition as usize) {
                    granted.note(&grant.same, at);
                }
            }
        }
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
        Some(Completion::Succeeded | Completion::Unknown) | None => Ending::Open,
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
