//! What sequences and preconditions say of a call, before anything has happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evaluate::Call;
use crate::history::{HistoryRule, Same, span};
use crate::model::Effect;
use crate::policy::Policy;

/// One sequence or precondition that the call means something to.
#[derive(Debug, Clone, PartialEq)]
pub struct LookedBack {
    pub id: String,
    /// `sequence` or `precondition`.
    pub kind: &'static str,
    pub effect: Effect,
    /// Name of the source that it stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    /// What the call is to it, one sentence each.
    pub says: Vec<String>,
}

impl Policy {
    /// Every sequence and precondition to which `call` means something, in the order of the policy.
    pub(super) fn looked_back(&self, call: &Call<'_>) -> Vec<LookedBack> {
        let marks = self.marks(call);
        let mut says: BTreeMap<(bool, u32), Vec<String>> = BTreeMap::new();
        for mark in &marks.steps {
            let Some(automaton) = self.automata().get(mark.automaton as usize) else { continue };
            let unknown =
                if mark.same == Same::Unknown { ", of any value: its own cannot be told" } else { "" };
            match automaton.rule {
                HistoryRule::Sequence(index) => {
                    let step = u32::from(mark.step).saturating_add(1);
                    let last = if step == u32::from(automaton.steps) {
                        self.completes(index)
                    } else {
                        String::new()
                    };
                    let line = format!("takes step {step} of {}{last}{unknown}", automaton.steps);
                    says.entry((false, index)).or_default().push(line);
                }
                HistoryRule::Precondition(index) if mark.step == 0 => {
                    let within = automaton.within_ms.map(|millis| format!(" for {}", span(millis)));
                    let line = format!("holds it back{}{unknown}", within.unwrap_or_default());
                    says.entry((true, index)).or_default().push(line);
                }
                // The gate says the same.
                HistoryRule::Precondition(_) => {}
            }
        }
        for gate in &marks.gates {
            let Some(precondition) = self.preconditions().get(gate.precondition as usize) else { continue };
            let unknown = if gate.same == Same::Unknown {
                "; the value that must be the same cannot be told"
            } else {
                ""
            };
            let line = format!("needs {}{unknown}", precondition.wanted());
            says.entry((true, gate.precondition)).or_default().push(line);
        }
        for grant in &marks.grants {
            let useless = grant.same == Same::Unknown;
            let line = if useless {
                "is such a call, but of no certain value"
            } else {
                "is the call that it needs, once it succeeds"
            };
            says.entry((true, grant.precondition)).or_default().push(line.to_owned());
        }
        says.into_iter().filter_map(|((gate, index), says)| self.looked(gate, index, says)).collect()
    }

    /// What makes the last step of a sequence speak.
    fn completes(&self, index: u32) -> String {
        let Some(sequence) = self.sequences().get(index as usize) else { return String::new() };
        let before: Vec<&str> = sequence.steps.iter().map(|step| step.written.as_str()).collect();
        let before = before.split_last().map(|(_, before)| before.join(", then ")).unwrap_or_default();
        let within =
            sequence.within_ms.map(|millis| format!(" in the last {}", span(millis))).unwrap_or_default();
        format!(": speaks after {before}{within}")
    }

    fn looked(&self, gate: bool, index: u32, says: Vec<String>) -> Option<LookedBack> {
        let index = index as usize;
        let (kind, id, effect, file, line) = if gate {
            let rule = self.preconditions().get(index)?;
            ("precondition", &rule.id, rule.effect, &rule.file, rule.line)
        } else {
            let rule = self.sequences().get(index)?;
            ("sequence", &rule.id, rule.effect, &rule.file, rule.line)
        };
        Some(LookedBack { id: id.clone(), kind, effect, file: Arc::clone(file), line, says })
    }
}
