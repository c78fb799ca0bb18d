//! Roles: who has them, and which follow from others.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::glob::Name;
use crate::model::Principal;

/// Most roles in one policy.
pub(crate) const ROLES_MAX: usize = 512;

/// One entry of a `roles` section.
#[derive(Debug)]
pub(crate) struct RoleEntry {
    pub(crate) name: String,
    /// Ids of principals, or roles, with wildcards.
    pub(crate) members: Vec<Name>,
    /// Roles that whoever has this one has too.
    pub(crate) inherits: Vec<String>,
    pub(crate) source: usize,
    pub(crate) span: Range<usize>,
}

/// The roles of all files.
#[derive(Debug, Default)]
pub(crate) struct RoleBook {
    roles: BTreeMap<String, (Vec<Name>, Vec<String>)>,
}

impl RoleBook {
    pub(crate) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    pub(crate) fn new(entries: impl Iterator<Item = RoleEntry>) -> RoleBook {
        let mut roles: BTreeMap<String, (Vec<Name>, Vec<String>)> = BTreeMap::new();
        for entry in entries {
            let (members, inherits) = roles.entry(entry.name).or_default();
            members.extend(entry.members);
            inherits.extend(entry.inherits);
        }
        RoleBook { roles }
    }

    /// The principal's own roles, those that the policy gives it, and all that follow from these.
    pub(crate) fn of<'p>(&'p self, principal: &'p Principal) -> Vec<&'p str> {
        let mut held: Vec<&str> = principal.roles.iter().map(String::as_str).collect();
        if self.roles.is_empty() {
            return held;
        }
        let is = |member: &Name, who: &str| member.matches(who, who, false);
        for (role, (members, _)) in &self.roles {
            if members.iter().any(|member| is(member, &principal.id)) {
                held.push(role);
            }
        }
        // Each role is taken up once, so this ends after as many rounds as there are roles.
        let mut next = 0;
        while let Some(role) = held.get(next).copied() {
            next = next.saturating_add(1);
            let inherited = self.roles.get(role).into_iter().flat_map(|(_, inherits)| inherits);
            let granted =
                self.roles.iter().filter(|(_, (members, _))| members.iter().any(|member| is(member, role)));
            for more in inherited.chain(granted.map(|(role, _)| role)) {
                if !held.contains(&more.as_str()) {
                    held.push(more);
                }
            }
        }
        held
    }
}

/// The first role that follows from itself, as an index into `entries`.
pub(crate) fn circle(entries: &[&RoleEntry]) -> Option<usize> {
    let follows = |from: &str| {
        let inherited =
            entries.iter().filter(move |entry| entry.name == from).flat_map(|entry| &entry.inherits);
        let from = from.to_owned();
        let granted = entries.iter().filter(move |entry| {
            let names =
                |member: &Name| matches!(member, Name::Literal(_)) && member.matches(&from, &from, false);
            entry.members.iter().any(names)
        });
        inherited.map(String::as_str).chain(granted.map(|entry| entry.name.as_str())).collect::<Vec<&str>>()
    };
    entries.iter().position(|entry| {
        let mut reached = follows(&entry.name);
        let mut next = 0;
        while let Some(role) = reached.get(next).copied() {
            next = next.saturating_add(1);
            for more in follows(role) {
                if !reached.contains(&more) {
                    reached.push(more);
                }
            }
        }
        reached.contains(&entry.name.as_str())
    })
}
