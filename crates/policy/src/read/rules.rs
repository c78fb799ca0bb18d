//! `rules`.

use std::ops::Range;
use std::sync::Arc;

use super::Reader;
use super::units::duration_ms;
use crate::bounds::APPROVERS_MAX;
use crate::glob::Name;
use crate::model::{Consent, Effect, Rule};
use crate::scope::{Scope, Senses, Unless, Who};
use crate::taint::{Taint, Taints};
use crate::target::TargetPattern;
use crate::tree::{Form, Node};
use crate::words;

/// A rule with its compiled conditions and the place of its id.
#[derive(Debug)]
pub(crate) struct Ruled<T> {
    pub(crate) about: T,
    pub(crate) scope: Scope,
    pub(crate) source: usize,
    pub(crate) id_span: Range<usize>,
}

pub(crate) const EFFECTS: [(&str, Effect); 4] =
    [("allow", Effect::Allow), ("ask", Effect::Ask), ("deny", Effect::Deny), ("require", Effect::Require)];

pub(super) fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    text.len() <= ID_BYTES_MAX && text.chars().all(allowed)
}

impl Reader<'_> {
    /// The elements of a list of maps.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.form {
            Form::List(nodes) => nodes,
            Form::Scalar { .. } | Form::Map(_) => {
                self.wrong(
                    node,
                    format!("`{what}` must be a list, not {}", node.kind()),
                    "begin each entry with `- id: …`",
                );
                &[]
            }
        }
    }

    pub(super) fn rule(&mut self, node: &Node) -> Option<Ruled<Rule>> {
        let members = self.members(node, &words::RULE, "a rule")?;
        let id = self.id(node, members.get("id").copied(), "rule");
        let effect = match members.get("effect") {
            Some(effect) => self.choice(effect, "effect", &EFFECTS),
            None => {
                self.wrong(node, "a rule without `effect`", "add `effect: deny`, or allow, ask, require");
                None
            }
        };
        // An effect that is not known still lets the rest of the rule be checked.
        let kind = effect.unwrap_or(Effect::Deny);
        let senses = Senses::of(kind);
        let scope = self.scope(node, &members, senses);
        let speaks_of = |key| members.contains_key(key);
        if effect == Some(Effect::Require) && !speaks_of("args") && !speaks_of("if") {
            self.wrong(
                node,
                "a `require` without `args` and `if` requires nothing",
                "add what must hold, or use `effect: deny`",
            );
        }
        let approval =
            members.get("approval").map(|approval| self.approval(approval, effect)).unwrap_or_default();
        let reason =
            members.get("reason").and_then(|reason| self.word(reason, "`reason`")).map(str::to_owned);
        let overrides = members.get("override").is_some_and(|node| self.overrides(node, effect));
        let (id, id_node) = id?;
        Some(Ruled {
            about: Rule {
                overrides,
                id,
                effect: effect?,
                file: Arc::clone(&self.file),
                line: self.line(id_node),
                reason,
                approval,
            },
            scope: scope?,
            source: self.source,
            id_span: id_node.span.clone(),
        })
    }

    /// Two rules with one id both speak, so an override that denies or requires can only tighten.
    fn overrides(&mut self, node: &Node, effect: Option<Effect>) -> bool {
        self.choice(node, "value of `override`", &[("true", ())]);
        if matches!(effect, Some(Effect::Allow | Effect::Ask)) {
            let help = "use `effect: deny` or `require`, or another id";
            self.wrong(node, "`override` in a rule that may let more through", help);
        }
        true
    }

    pub(super) fn id<'n>(
        &mut self,
        node: &Node,
        id: Option<&'n Node>,
        what: &str,
    ) -> Option<(String, &'n Node)> {
        let Some(id) = id else {
            self.wrong(
                node,
                format!("a {what} without `id`"),
                "add `id: some-name`; the audit log refers to it",
            );
            return None;
        };
        let text = self.word(id, "`id`")?;
        if !is_id(text) {
            self.wrong(
                id,
                format!("`{text}` is not an id"),
                "use letters, digits, `-`, `_`, `.`; at most 64",
            );
            return None;
        }
        Some((text.to_owned(), id))
    }

    pub(super) fn scope(
        &mut self,
        node: &Node,
        members: &std::collections::BTreeMap<&str, &Node>,
        senses: Senses,
    ) -> Option<Scope> {
        let labels = members.get("labels").map(|labels| self.labels(labels));
        let on = match (members.get("on"), labels) {
            (Some(on), _) => Some(self.targets(on, senses.on == crate::args::Sense::Any)),
            (None, Some(_)) => Some(TargetPattern::tools_and_resources()),
            (None, None) => {
                self.wrong(node, "no `on`", "name the targets: `on: [\"*/*\"]` is every tool");
                None
            }
        };
        let args = members.get("args").map(|args| self.conditions(args, senses.args));
        let condition = members.get("if").and_then(|condition| self.condition(condition));
        let unless = members.get("unless").and_then(|unless| self.unless(unless, senses));
        let who = members.get("for").map(|who| self.who(who)).unwrap_or_default();
        let tainted = members.get("tainted").map(|tainted| self.tainted(tainted, senses)).unwrap_or_default();
        let scope = Scope {
            tainted,
            on: on?,
            labels: labels.unwrap_or_default(),
            file: self.source,
            senses,
            who,
            args,
            condition,
            unless,
        };
        self.check_types(members, &scope);
        Some(scope)
    }

    /// Marks of a run; they are asked for by rules that tighten, since every run begins without.
    fn tainted(&mut self, node: &Node, senses: Senses) -> Taints {
        if senses.on != crate::args::Sense::Any {
            let help = "a run without marks would be denied; use `effect: ask`, `deny` or `require`";
            self.wrong(node, "`tainted` in a rule that allows", help);
        }
        let items = self.items(node, "`tainted`");
        items.into_iter().filter_map(|item| self.choice(item, "mark of a run", &Taint::ALL)).collect()
    }

    fn unless(&mut self, node: &Node, senses: Senses) -> Option<Unless> {
        let members = self.members(node, &words::UNLESS, "`unless`")?;
        if members.is_empty() {
            self.wrong(node, "`unless` without `args` and `if`", "write `unless: { args: { … } }`");
            return None;
        }
        let args = members.get("args").map(|args| self.conditions(args, senses.unless));
        let condition = members.get("if").and_then(|condition| self.condition(condition));
        Some(Unless { args, condition })
    }

    pub(super) fn who(&mut self, node: &Node) -> Who {
        let Some(members) = self.members(node, &words::WHO, "`for`") else { return Who::default() };
        if members.is_empty() {
            self.wrong(node, "`for` names nobody", "add `principals`, `roles`, `scopes` or `claims`");
        }
        let principals = members.get("principals").map(|node| self.names(node, "a principal"));
        let roles = members.get("roles").map(|node| self.texts(node, "a role"));
        for key in ["roles", "scopes"] {
            for item in members.get(key).map(|node| self.items(node, key)).unwrap_or_default() {
                self.blanks(item, "the name", item.scalar().unwrap_or_default());
            }
        }
        if let (Some(node), Some(roles)) = (members.get("roles"), &roles) {
            self.name_roles(node, roles);
        }
        let scopes = members.get("scopes").map(|node| self.texts(node, "a scope"));
        let claims = members.get("claims").map(|node| self.claims(node));
        Who { principals, roles, scopes, claims }
    }

    /// Names of claims with the values that fit, as globs.
    fn claims(&mut self, node: &Node) -> Vec<(String, Vec<Name>)> {
        let Form::Map(pairs) = &node.form else {
            let help = "write `claims: { team: [payments, \"core-*\"] }`";
            self.wrong(node, format!("`claims` must be a map, not {}", node.kind()), help);
            return Vec::new();
        };
        if pairs.is_empty() {
            self.wrong(node, "`claims` is empty", "leave the key out, or name a claim");
        }
        let mut out = Vec::new();
        for (key, value) in pairs {
            let Some(name) = key.scalar() else { continue };
            out.push((name.to_owned(), self.names(value, "the value of a claim")));
        }
        out
    }

    pub(super) fn names(&mut self, node: &Node, what: &str) -> Vec<Name> {
        let mut out = Vec::new();
        for item in self.items(node, what) {
            let Some(text) = self.word(item, what) else { continue };
            self.blanks(item, what, text);
            match Name::new(text, false) {
                Ok(name) => out.push(name),
                Err(cause) => self.wrong(item, format!("{cause} in {what}"), "`*` is any text"),
            }
        }
        out
    }

    fn name_roles(&mut self, node: &Node, roles: &[String]) {
        self.roles_named.extend(roles.iter().map(|role| (role.clone(), node.span.clone())));
    }

    fn approval(&mut self, node: &Node, effect: Option<Effect>) -> Consent {
        if effect.is_some_and(|effect| effect != Effect::Ask) {
            self.wrong(node, "`approval` in a rule that does not ask", "it belongs to `effect: ask`");
        }
        let Some(members) = self.members(node, &words::APPROVAL, "`approval`") else {
            return Consent::default();
        };
        let from = members.get("from").map(|from| self.texts(from, "a role")).unwrap_or_default();
        if let Some(node) = members.get("from") {
            self.name_roles(node, &from);
        }
        let ttl_ms = members.get("ttl").and_then(|ttl| self.duration(ttl));
        let min = members.get("min").and_then(|min| self.people(min)).unwrap_or(1);
        // Nothing to keep: whoever approves does it by hand, on this machine, for one call.
        for (key, words) in [("assurance", &words::ASSURANCE), ("scope", &words::CONSENT_SCOPE)] {
            if let Some(node) = members.get(key) {
                self.meets(node, key, words);
            }
        }
        Consent { ttl_ms, min, from }
    }

    /// A demand that every approval of this version meets; of a further one it is said that none does.
    fn meets(&mut self, node: &Node, key: &str, words: &words::Words) {
        let Some(word) = self.word(node, &format!("`{key}`")) else { return };
        if !words.valid.contains(&word) {
            let (message, help) = words.about(word, &format!("value of `{key}`"));
            self.wrong(
                node,
                message,
                help.unwrap_or_else(|| format!("valid here: {}", words.valid.join(", "))),
            );
        }
    }

    fn people(&mut self, node: &Node) -> Option<u8> {
        let text = self.word(node, "`min`")?;
        let found = text.parse().ok().filter(|people| (1..=APPROVERS_MAX).contains(people));
        if found.is_none() {
            let message = format!("`min` must be a whole number from 1 to {APPROVERS_MAX}, not `{text}`");
            self.wrong(node, message, "write `2`");
        }
        found
    }

    pub(crate) fn duration(&mut self, node: &Node) -> Option<u64> {
        let text = self.word(node, "a duration")?;
        let found = duration_ms(text);
        if found.is_none() {
            self.wrong(
                node,
                format!("`{text}` is not a duration"),
                "write a number with s, m, h or d: `3m`, `1h30m`",
            );
        }
        found
    }
}

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 64;
