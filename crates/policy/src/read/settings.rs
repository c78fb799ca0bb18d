//! The parts of a file that are not rules: vars, roles, guards, pins, discovery.

use super::Reader;
use crate::model::{Drift, GuardAction, Hide};
use crate::roles::RoleEntry;
use crate::tree::{Form, Node};
use crate::words;

/// What one file says about the guards; `None` where it is silent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GuardPart {
    pub(crate) injection: Option<GuardAction>,
    pub(crate) hidden_text: Option<GuardAction>,
    pub(crate) secrets: Option<GuardAction>,
}

const OFF: (&str, GuardAction) = ("off", GuardAction::Off);
const LOG: (&str, GuardAction) = ("log", GuardAction::Log);
const STRIP: (&str, GuardAction) = ("strip", GuardAction::Strip);
const REDACT: (&str, GuardAction) = ("redact", GuardAction::Redact);
const BLOCK: (&str, GuardAction) = ("block", GuardAction::Block);

/// What each guard can do.
pub(crate) const INJECTION: [(&str, GuardAction); 3] = [OFF, LOG, BLOCK];
pub(crate) const HIDDEN_TEXT: [(&str, GuardAction); 4] = [OFF, LOG, STRIP, BLOCK];
pub(crate) const SECRETS: [(&str, GuardAction); 4] = [OFF, LOG, REDACT, BLOCK];

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

    pub(super) fn read_guards(&mut self, node: &Node) -> GuardPart {
        let Some(members) = self.members(node, &words::GUARDS, "`guards`") else {
            return GuardPart::default();
        };
        let mut action = |name: &str, valid: &[(&str, GuardAction)]| {
            members.get(name).and_then(|node| self.choice(node, &format!("action of `{name}`"), valid))
        };
        GuardPart {
            injection: action("injection", &INJECTION),
            hidden_text: action("hidden-text", &HIDDEN_TEXT),
            secrets: action("secrets", &SECRETS),
        }
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
