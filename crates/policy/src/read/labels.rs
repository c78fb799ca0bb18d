//! `labels`: the section of a file, and the key of a rule.

use super::Reader;
use crate::labels::{Label, LabelEntry, Labels};
use crate::model::Effect;
use crate::scope::{Scope, Senses, Who};
use crate::taint::Taints;
use crate::tree::{Form, Node};

impl Reader<'_> {
    /// `{ target: labels }`.
    pub(super) fn read_labels(&mut self, node: &Node) -> Vec<LabelEntry> {
        let Form::Map(pairs) = &node.form else {
            let help = "write `labels: { \"crm/get_*\": [read, private] }`";
            self.wrong(node, format!("`labels` must be a map, not {}", node.kind()), help);
            return Vec::new();
        };
        let mut out = Vec::new();
        for (key, value) in pairs {
            let labels = if value.scalar() == Some(NOTHING) { Labels::NONE } else { self.labels(value) };
            // The same mistake is found twice; once is enough to say.
            let on = self.targets(key, true);
            let exact = if on.is_empty() { None } else { self.targets(key, false).pop() };
            let Some(exact) = exact else { continue };
            let senses = Senses::of(Effect::Deny);
            let who = Who::default();
            let scope = Scope {
                on,
                tainted: Taints::NONE,
                labels: Labels::NONE,
                file: self.source,
                senses,
                who,
                args: None,
                condition: None,
                unless: None,
            };
            out.push(LabelEntry { scope, exact, labels, source: self.source });
        }
        out
    }

    /// A label or a list of them.
    pub(super) fn labels(&mut self, node: &Node) -> Labels {
        let items = self.items(node, "`labels`");
        items.into_iter().filter_map(|item| self.choice(item, "label", &Label::ALL)).collect()
    }
}

/// In place of labels: the target is known, and does nothing that has a label.
const NOTHING: &str = "none";
