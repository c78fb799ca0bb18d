//! What several layers must keep to, so that none of them widens another.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Gathering;
use crate::model::Effect;
use crate::problem::{Pending, Severity};
use crate::roles::{ROLES_MAX, RoleEntry, circle};
use crate::voices::{LAYERS_MAX, LayerSet, bit};
use crate::words::nearest;

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
        self.find_circles(&mut found);
        self.warn_of_unknown_roles();
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

    fn find_circles(&self, found: &mut Vec<Found>) {
        let all: Vec<&RoleEntry> = self.parts.iter().flat_map(|part| &part.roles).collect();
        if all.len() > ROLES_MAX {
            found.push((
                0,
                0..0,
                format!("more than {ROLES_MAX} roles"),
                "use wildcards among the members".into(),
            ));
            return;
        }
        if let Some(entry) = circle(&all).and_then(|at| all.get(at)) {
            let message = format!("the role `{}` follows from itself", entry.name);
            found.push((
                entry.source,
                entry.span.clone(),
                message,
                "remove one of the roles on the way".into(),
            ));
        }
    }

    /// Where roles are defined at all, one that is not is mostly misspelt. It may come from a token, so it is no error.
    fn warn_of_unknown_roles(&mut self) {
        let known: BTreeSet<&str> =
            self.parts.iter().flat_map(|part| &part.roles).map(|role| role.name.as_str()).collect();
        if known.is_empty() {
            return;
        }
        let mut found: Vec<Pending> = Vec::new();
        for (source, part) in self.parts.iter().enumerate() {
            for (role, span) in part.roles_named.iter().filter(|(role, _)| !known.contains(role.as_str())) {
                let same = known.iter().find(|known| known.eq_ignore_ascii_case(role)).copied();
                let near = same.or_else(|| nearest(role, known.iter().copied()));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                found.push(Pending {
                    code: "unknown-role",
                    source,
                    span: span.clone(),
                    message: format!("no file says who has the role `{role}`"),
                    help: help.or(Some("it must come with the principal, or be under `roles`".to_owned())),
                    severity: Severity::Warning,
                });
            }
        }
        self.problems.extend(found);
    }

    /// A role's members in one layer must not open a rule of another.
    fn find_foreign_roles(&self, sets: &[LayerSet], found: &mut Vec<Found>) {
        for (at, (part, set)) in self.parts.iter().zip(sets).enumerate() {
            let asked = part.roles_asked();
            for (defined, other) in self.parts.iter().zip(sets) {
                let missing = set & !other;
                let names: BTreeSet<&str> = defined.roles.iter().map(|role| role.name.as_str()).collect();
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
