//! What several layers must keep to, so that none of them widens another.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Gathering;
use crate::model::Effect;
use crate::voices::{LAYERS_MAX, LayerSet, bit};

/// Source, place, message and help of one problem.
type Found = (usize, Range<usize>, String, String);

impl Gathering<'_> {
    /// The layers of every source: its own, and those of whoever extends it.
    pub(super) fn sets(&self, given: usize) -> Vec<LayerSet> {
        let own = |source: usize| if source < given { bit(source) } else { 0 };
        let mut sets: Vec<LayerSet> = (0..self.sources.len()).map(own).collect();
        // Each round reaches one step further, and no way is longer than there are sources.
        for _ in 0..self.sources.len() {
            let before = sets.clone();
            for (from, to) in &self.edges {
                let more = sets.get(*from).copied().unwrap_or_default();
                if let Some(set) = sets.get_mut(*to) {
                    *set |= more;
                }
            }
            if sets == before {
                break;
            }
        }
        sets
    }

    pub(super) fn check_layers(&mut self, given: usize, sets: &[LayerSet]) {
        if given > LAYERS_MAX {
            self.problem(0, 0..0, format!("more than {LAYERS_MAX} layers"), "let one file extend the others");
            return;
        }
        let mut found: Vec<Found> = Vec::new();
        self.find_undecided(given, sets, &mut found);
        self.find_foreign_roles(sets, &mut found);
        for (source, span, message, help) in found {
            self.problem(source, span, message, help);
        }
    }

    /// A layer that allows nothing and does not say that it passes denies every call, which nobody means who adds limits.
    fn find_undecided(&self, given: usize, sets: &[LayerSet], found: &mut Vec<Found>) {
        for layer in 0..given {
            let own = || {
                self.parts.iter().zip(sets).filter(|(_, set)| **set & bit(layer) != 0).map(|(part, _)| part)
            };
            let default = own().filter_map(|part| part.default).max();
            let opens = |part: &crate::read::FilePart| {
                part.rules.iter().any(|rule| matches!(rule.about.effect, Effect::Allow | Effect::Ask))
            };
            if given > 1 && default.is_none() && !own().any(opens) {
                let help = "write `default: pass` if it only restricts the other layers, or `default: deny`";
                found.push((
                    layer,
                    0..0,
                    "this layer allows nothing, so it would deny every call".into(),
                    help.into(),
                ));
            }
        }
    }

    /// A role's members in one layer must not open a rule of another.
    fn find_foreign_roles(&self, sets: &[LayerSet], found: &mut Vec<Found>) {
        for (at, (part, set)) in self.parts.iter().zip(sets).enumerate() {
            let asked = part.roles_asked();
            for (defined, other) in self.parts.iter().zip(sets) {
                let missing = set & !other;
                let names: BTreeSet<&str> = defined.roles.iter().map(|(role, _)| role.as_str()).collect();
                let shared = asked.iter().find(|asked| asked.is_none_or(|asked| names.contains(asked)));
                if missing == 0 || names.is_empty() || shared.is_none() {
                    continue;
                }
                let role = shared.copied().flatten().or(names.first().copied()).unwrap_or_default();
                let message =
                    format!("another layer says who has the role `{role}`, which this one asks for");
                let help = "name its members in this layer, under another name, or extend the file instead of adding it";
                found.push((at, 0..0, message, help.into()));
                break;
            }
        }
    }
}
