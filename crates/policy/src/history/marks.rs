//! What one call is to the history rules.

use super::{Role, Same, SameKey};
use crate::args::Input;
use crate::evaluate::Call;
use crate::history::{Automaton, Precondition, Sequence};
use crate::model::Per;
use crate::path::Scratch;
use crate::policy::Policy;
use crate::scope::{Aimed, folded};
use crate::subject::Subject;

/// Everything that one call is to the history rules of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Steps that it takes, those of one automaton from the last to the first.
    pub steps: Vec<StepMark>,
    /// Preconditions that it must fulfil.
    pub gates: Vec<Gate>,
    /// Preconditions whose needed call it is.
    pub grants: Vec<Grant>,
}

/// A step of [`Policy::automata`] that the call takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMark {
    pub automaton: u32,
    pub step: u8,
    pub same: Same,
}

/// A precondition in whose scope the call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    pub precondition: u32,
    /// What the needed call must share.
    pub same: Same,
}

/// A precondition that needs such a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub precondition: u32,
    pub same: Same,
}

impl Marks {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.gates.is_empty() && self.grants.is_empty()
    }
}

impl Policy {
    /// All sequences; [`super::HistoryRule::Sequence`] is an index into them.
    #[must_use]
    pub fn sequences(&self) -> &[Sequence] {
        &self.history.sequences
    }

    /// All preconditions.
    #[must_use]
    pub fn preconditions(&self) -> &[Precondition] {
        &self.history.preconditions
    }

    /// What the engine keeps a state for.
    #[must_use]
    pub fn automata(&self) -> &[Automaton] {
        &self.history.automata
    }

    /// True if a precondition needs an approval of what `id` asks about.
    #[must_use]
    pub fn needs_approval_of(&self, id: &str) -> bool {
        self.history.approvals.contains(id)
    }

    /// False: no rule looks back, and nothing has to be remembered.
    #[must_use]
    pub fn looks_back(&self) -> bool {
        !self.history.patterns.is_empty()
    }

    /// True if something is counted or remembered for a principal over all its runs.
    #[must_use]
    pub fn counts_principals(&self) -> bool {
        self.limits().iter().any(|limit| limit.per == Per::Principal)
            || self.automata().iter().any(|automaton| automaton.per == Per::Principal)
            || self.preconditions().iter().any(|precondition| precondition.per == Per::Principal)
    }

    /// True if denied calls have to be remembered too.
    #[must_use]
    pub fn counts_attempts(&self) -> bool {
        self.history.attempts
    }

    /// What `call` is to the history rules.
    #[must_use]
    pub fn marks(&self, call: &Call<'_>) -> Marks {
        let mut marks = Marks::default();
        if !self.looks_back() {
            return marks;
        }
        let history = &self.history;
        let mut scratch = self.scratch(call.target.server());
        let (server, object) = (folded(call.target.server()), folded(call.target.object()));
        let aimed =
            Aimed { target: call.target, server_folded: &server, object_folded: &object, labels: None };
        let labelled = self.labels.look_up(aimed, &mut scratch);
        let aimed = Aimed { labels: labelled.as_ref(), ..aimed };
        let mut candidates = Vec::new();
        history.index.candidates(aimed, |pattern| candidates.push(pattern));
        candidates.sort_unstable();
        candidates.dedup();
        let subject = Subject::new(self, call, labelled.as_ref());
        let input = subject.input();
        for candidate in candidates {
            let index = candidate as usize;
            let (Some(pattern), Some(scope)) = (history.patterns.get(index), history.scopes.get(index))
            else {
                continue;
            };
            let matches = scope.covers(aimed, &mut scratch)
                && (pattern.who.is_everybody() || pattern.who.includes(&subject))
                && scope.args_match(&subject, &mut scratch)
                && !scope.excepted(&subject, &mut scratch);
            if matches {
                pattern.roles.iter().for_each(|role| marks.add(role, input, &mut scratch));
            }
        }
        // From the last step to the first, so that one call never takes two.
        marks.steps.sort_by_key(|mark| (mark.automaton, std::cmp::Reverse(mark.step)));
        marks
    }
}

impl Marks {
    fn add(&mut self, role: &Role, input: Input<'_>, scratch: &mut Scratch<'_>) {
        let mut read =
            |same: &Option<SameKey>| same.as_ref().map_or(Same::Whole, |same| same.of(input, scratch));
        match role {
            Role::Step { automaton, step, same } => {
                self.steps.push(StepMark { automaton: *automaton, step: *step, same: read(same) });
            }
            Role::Gate { precondition, same } => {
                self.gates.push(Gate { precondition: *precondition, same: read(same) });
            }
            Role::Grant { precondition, same } => {
                self.grants.push(Grant { precondition: *precondition, same: read(same) });
            }
        }
    }
}
