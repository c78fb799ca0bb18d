//! The parts of a file that are not rules: vars, roles, pins, discovery.

use super::Reader;
use crate::model::{Drift, Hide};
use crate::roles::RoleEntry;
use crate::tree::{Form, Node};
use crate::words;

pub(crate) const DRIFTS: [(&str, Drift); 3] =
    [("deny", Drift::Deny), ("ask", Drift::Ask), ("warn", Drift::Warn)];
pub(crate) const HIDES: [(&str, Hide); 2] = [("denied", Hide::Denied), ("none", Hide::Nothing)];

impl Reader<'_> {
    /// `vars`, in their order: one may use those above it.
    pub(super) fn read_vars(&mut self, node: &Node) {
        let Form::Map(pairs) = &node.form else {
            self.wrong(
                node,
                format!("`vars` must be a map, not {}", node.kind()),
                "write `vars: { repo: \"${workspace}\" }`",
            );
            return;
        };
        for (key, value) in pairs {
            let Some(name) = key.scalar() else { continue };
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if name.is_empty() || !name.chars().all(plain) {
                self.wrong(
                    key,
                    format!("`{name}` is not the name of a variable"),
                    "use letters, digits, `-` and `_`",
                );
                continue;
            }
            if BUILT_IN.contains(&name) {
                self.wrong(key, format!("`{name}` is given by the program"), "choose another name");
                continue;
            }
            let Some(text) = self.word(value, "a variable") else { continue };
            let Some(filled) = self.fill(value, text) else { continue };
            if filled.is_empty() {
                let help =
                    format!("`${{{name}}}/**` would be everything; say what it stands for, or remove it");
                self.wrong(value, format!("the variable `{name}` is empty"), help);
                continue;
            }
            self.vars.insert(name.to_owned(), filled.iter().map(|symbol| symbol.character).collect());
        }
    }

    pub(super) fn read_roles(&mut self, node: &Node) -> Vec<RoleEntry> {
        let Form::Map(pairs) = &node.form else {
            let help = "write `roles: { lead: { members: [\"user:ana\"] } }`";
            self.wrong(node, format!("`roles` must be a map, not {}", node.kind()), help);
            return Vec::new();
        };
        let mut out = Vec::new();
        for (key, value) in pairs {
            let Some(name) = key.scalar() else { continue };
            let Some(members) = self.members(value, &words::ROLE, "a role") else { continue };
            if members.is_empty() {
                self.wrong(
                    key,
                    format!("the role `{name}` has no `members`"),
                    "list the principals, or what it `inherits`",
                );
            }
            out.push(RoleEntry {
                name: name.to_owned(),
                members: members.get("members").map(|node| self.names(node, "a member")).unwrap_or_default(),
                inherits: members.get("inherits").map(|node| self.texts(node, "a role")).unwrap_or_default(),
                source: self.source,
                span: key.span.clone(),
            });
        }
        out
    }

    pub(super) fn read_pins(&mut self, node: &Node) -> Option<Drift> {
        let members = self.members(node, &words::PINS, "`pins`")?;
        self.choice(members.get("drift")?, "value of `drift`", &DRIFTS)
    }

    pub(super) fn read_discovery(&mut self, node: &Node) -> Option<Hide> {
        let members = self.members(node, &words::DISCOVERY, "`discovery`")?;
        self.choice(members.get("hide")?, "value of `hide`", &HIDES)
    }
}

/// Variables that need no declaration.
pub(super) const BUILT_IN: [&str; 2] = ["workspace", "home"];
