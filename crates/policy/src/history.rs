//! Rules over a run's past: sequences and preconditions, and what one call is to them. What has happened is the engine's to
//! remember; this says what it means.

mod hours;
mod marks;
mod same;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use hours::Hours;
pub(crate) use hours::{DAY, Days, Window, nearest_zone, zone};
pub use marks::{Gate, Grant, Marks, StepMark};
pub(crate) use same::SameKey;
pub use same::{Key, Same};

use crate::index::Index;
use crate::model::{Effect, Per};
use crate::scope::{Scope, Who};

/// Calls that together do harm: the call that would complete the steps gets the effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    pub id: String,
    /// Name of the source that it stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub reason: Option<String>,
    /// [`Effect::Deny`] or [`Effect::Ask`].
    pub effect: Effect,
    pub per: Per,
    /// Longest time from the first step to the last, in milliseconds. `None`: ever.
    pub within_ms: Option<u64>,
    pub count: Count,
    pub steps: Vec<Step>,
}

/// Which calls are taken for done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Those that were sent on.
    Forwarded,
    /// Denied ones too.
    Attempts,
}

/// One step of a sequence, for reports. How it matches is compiled beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Targets and labels, as the policy writes them.
    pub written: String,
    /// A call that failed is not taken for done. Until its answer comes it is.
    pub succeeded: bool,
    /// Digest of the step's text: a reload keeps what was remembered of steps that stay as they are.
    pub digest: u64,
}

/// What must be so before a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Precondition {
    pub id: String,
    /// Name of the source that it stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub reason: Option<String>,
    /// [`Effect::Deny`] or [`Effect::Ask`], where it is not so.
    pub effect: Effect,
    /// Whose calls and approvals count.
    pub per: Per,
    /// How long ago at most (`needs`) or at least (`not-after`) something was, in milliseconds. `None`: ever in the run.
    pub within_ms: Option<u64>,
    /// Which calls `not-after` speaks of.
    pub count: Count,
    pub condition: Option<Condition>,
    /// The times in which the call may be made.
    pub hours: Option<Hours>,
}

/// What a precondition is about, besides hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A human approved what this rule, limit, sequence or precondition asked about.
    Approval(String),
    /// A call succeeded.
    Call(Step),
    /// No such call was made.
    NotAfter(Step),
}

impl Precondition {
    /// What it wants, in words.
    #[must_use]
    pub fn wanted(&self) -> String {
        let within =
            self.within_ms.map(|millis| format!(" in the last {}", span(millis))).unwrap_or_default();
        let condition = self.condition.as_ref().map(|condition| match condition {
            Condition::Approval(id) => format!("a person's approval of `{id}`{within}"),
            Condition::Call(step) => format!("a call of {} that succeeded{within}", step.written),
            Condition::NotAfter(step) => format!("no call of {}{within}", step.written),
        });
        let hours = self.hours.as_ref().map(|hours| format!("a time in {}", hours.written()));
        let parts: Vec<String> = condition.into_iter().chain(hours).collect();
        parts.join(", and ")
    }
}

/// A duration as the policy writes it.
#[must_use]
pub fn span(millis: u64) -> String {
    let seconds = millis.div_euclid(1_000);
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let unit = units.iter().find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length));
    match unit {
        Some((length, word)) => format!("{}{word}", seconds.checked_div(*length).unwrap_or(seconds)),
        None => format!("{seconds}s"),
    }
}

/// What the engine keeps a state for: the steps of a sequence, or of the cool-down of a precondition.
#[derive(Debug, Clone, PartialEq)]
pub struct Automaton {
    pub rule: HistoryRule,
    pub id: String,
    /// How many steps; the call that matches the last is the one that gets the effect.
    pub steps: u8,
    /// Steps that a failed call does not take, as bits.
    pub conditional: u16,
    pub count: Count,
    /// Whose calls count.
    pub per: Per,
    pub within_ms: Option<u64>,
    /// Digests of the steps.
    pub digests: Vec<u64>,
}

/// Whose automaton it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryRule {
    /// Index in [`crate::Policy::sequences`].
    Sequence(u32),
    /// Index in [`crate::Policy::preconditions`].
    Precondition(u32),
}

/// All history rules of a policy, compiled.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) preconditions: Vec<Precondition>,
    pub(crate) automata: Vec<Automaton>,
    /// Beside `scopes`, which the index counts.
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) index: Index,
    /// Ids whose approvals a precondition needs.
    pub(crate) approvals: BTreeSet<String>,
    /// Some automaton counts denied calls too.
    pub(crate) attempts: bool,
}

/// What a call that matches one scope is.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) who: Arc<Who>,
    pub(crate) roles: Vec<Role>,
}

/// One meaning of a call.
#[derive(Debug)]
pub(crate) enum Role {
    /// A step of an automaton.
    Step { automaton: u32, step: u8, same: Option<SameKey> },
    /// In the scope of a precondition; `same` names the argument that must be that of the call that it needs.
    Gate { precondition: u32, same: Option<SameKey> },
    /// The call that a precondition needs.
    Grant { precondition: u32, same: Option<SameKey> },
}

/// One rule as a file says it, before all files are joined.
#[derive(Debug)]
pub(crate) struct Part<T> {
    pub(crate) about: T,
    pub(crate) who: Arc<Who>,
    pub(crate) steps: Vec<StepPart>,
    pub(crate) source: usize,
    pub(crate) id_span: std::ops::Range<usize>,
    /// Where an id that must be able to ask is named.
    pub(crate) approval_span: std::ops::Range<usize>,
}

/// A scope with what must be the same in it.
#[derive(Debug)]
pub(crate) struct StepPart {
    pub(crate) scope: Scope,
    pub(crate) same: Option<SameKey>,
    pub(crate) step: Step,
}

/// What an automaton counts.
#[derive(Debug, Clone, Copy)]
struct Kind {
    count: Count,
    per: Per,
    within_ms: Option<u64>,
}

impl History {
    pub(crate) fn new(sequences: Vec<Part<Sequence>>, preconditions: Vec<Part<Precondition>>) -> History {
        let mut history = History::default();
        for part in sequences {
            history.add_sequence(part);
        }
        for part in preconditions {
            history.add_precondition(part);
        }
        history.index = Index::new(history.scopes.iter());
        history.attempts = history.automata.iter().any(|automaton| automaton.count == Count::Attempts);
        history
    }

    fn add_sequence(&mut self, part: Part<Sequence>) {
        let rule = HistoryRule::Sequence(number(self.sequences.len()));
        let about = &part.about;
        let kind = Kind { count: about.count, per: about.per, within_ms: about.within_ms };
        let automaton = self.add_automaton(rule, &about.id, kind, &about.steps);
        for (step, StepPart { scope, same, .. }) in part.steps.into_iter().enumerate() {
            let step = u8::try_from(step).unwrap_or(u8::MAX);
            self.add_pattern(scope, &part.who, vec![Role::Step { automaton, step, same }]);
        }
        self.sequences.push(part.about);
    }

    /// The last step is the scope of the precondition; the one before it is the call that it speaks of.
    fn add_precondition(&mut self, part: Part<Precondition>) {
        let index = number(self.preconditions.len());
        let Part { about, who, mut steps, .. } = part;
        let (Some(own), event) = (steps.pop(), steps.pop()) else { return };
        let gate = |same| Role::Gate { precondition: index, same };
        match (&about.condition, event) {
            (Some(Condition::NotAfter(step)), Some(event)) => {
                let rule = HistoryRule::Precondition(index);
                let steps = [step.clone(), own.step];
                let kind = Kind { count: about.count, per: about.per, within_ms: about.within_ms };
                let automaton = self.add_automaton(rule, &about.id, kind, &steps);
                self.add_pattern(
                    event.scope,
                    &who,
                    vec![Role::Step { automaton, step: 0, same: event.same }],
                );
                let last = Role::Step { automaton, step: 1, same: own.same };
                self.add_pattern(own.scope, &who, vec![last, gate(None)]);
            }
            (Some(Condition::Call(_)), Some(event)) => {
                let grant = Role::Grant { precondition: index, same: event.same };
                self.add_pattern(event.scope, &who, vec![grant]);
                self.add_pattern(own.scope, &who, vec![gate(own.same)]);
            }
            (Some(Condition::Approval(id)), _) => {
                self.approvals.insert(id.clone());
                self.add_pattern(own.scope, &who, vec![gate(None)]);
            }
            (Some(Condition::Call(_) | Condition::NotAfter(_)) | None, _) => {
                self.add_pattern(own.scope, &who, vec![gate(None)]);
            }
        }
        self.preconditions.push(about);
    }

    fn add_automaton(&mut self, rule: HistoryRule, id: &str, kind: Kind, steps: &[Step]) -> u32 {
        let conditional = steps.iter().enumerate().filter(|(_, step)| step.succeeded);
        self.automata.push(Automaton {
            rule,
            id: id.to_owned(),
            steps: u8::try_from(steps.len()).unwrap_or(u8::MAX),
            conditional: conditional.fold(0, |bits, (step, _)| bits | step_bit(step)),
            count: kind.count,
            per: kind.per,
            within_ms: kind.within_ms,
            digests: steps.iter().map(|step| step.digest).collect(),
        });
        number(self.automata.len()).saturating_sub(1)
    }

    fn add_pattern(&mut self, scope: Scope, who: &Arc<Who>, roles: Vec<Role>) {
        self.scopes.push(scope);
        self.patterns.push(Pattern { who: Arc::clone(who), roles });
    }
}

/// The bit of a step.
#[must_use]
pub fn step_bit(step: usize) -> u16 {
    u32::try_from(step).ok().and_then(|step| 1_u16.checked_shl(step)).unwrap_or(0)
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
