//! What a policy says of a target whatever the arguments are, kept for the tools that were asked about before: an agent calls
//! the same few again and again.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::labels::Labelled;
use crate::path::{Memory, Scratch};
use crate::policy::Policy;
use crate::scope::{Aimed, Scope, folded};
use crate::target::Target;

/// Room that one evaluation leaves to the next.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) memory: Memory,
    pub(crate) recall: Recall,
}

/// The tools that were asked about last.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// By the hash of their names; a further one with the same takes the place.
    slots: Vec<Option<Known>>,
    /// What is not kept: targets whose names are long, or read in several ways.
    other: Known,
}

/// What is known of one target.
#[derive(Debug, Default)]
pub(crate) struct Known {
    server: String,
    object: String,
    /// The rules and the limits that cover it, in their order.
    pub(crate) rules: Vec<u32>,
    pub(crate) limits: Vec<u32>,
    /// What it does with the world; `None` where no rule asks.
    pub(crate) labels: Option<Labelled>,
}

/// So many tools are kept; a power of two.
const SLOTS: usize = 64;
/// Of no longer names, in bytes, and that no more rules and limits speak about.
const NAME_BYTES_MAX: usize = 128;
const RULES_MAX: usize = 512;

impl Recall {
    /// What `policy` says of `target`. The same policy in every call.
    pub(crate) fn of(&mut self, policy: &Policy, target: Target<'_>, scratch: &mut Scratch<'_>) -> &Known {
        let (server, object) = (target.server(), target.object());
        let kept = matches!(target, Target::Tool { .. })
            && server.len() <= NAME_BYTES_MAX
            && object.len() <= NAME_BYTES_MAX;
        if !kept {
            self.other.find(policy, target, scratch);
            return &self.other;
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let Some(slot) = self.slots.get_mut(place(server, object)) else { return &self.other };
        if slot.as_ref().is_none_or(|known| known.object != object || known.server != server) {
            self.other.find(policy, target, scratch);
            if self.other.rules.len() + self.other.limits.len() > RULES_MAX {
                return &self.other;
            }
            let found = std::mem::take(&mut self.other);
            *slot = Some(Known { server: server.to_owned(), object: object.to_owned(), ..found });
        }
        slot.as_ref().unwrap_or(&self.other)
    }
}

fn place(server: &str, object: &str) -> usize {
    let mut hash = FxHasher::default();
    hash.write(object.as_bytes());
    hash.write(server.as_bytes());
    // The lower bits of this hash say little.
    usize::try_from(hash.finish() >> 32).unwrap_or(0) % SLOTS
}

impl Known {
    fn find(&mut self, policy: &Policy, target: Target<'_>, scratch: &mut Scratch<'_>) {
        let (server, object) = (folded(target.server()), folded(target.object()));
        let aimed = Aimed { target, server_folded: &server, object_folded: &object, labels: None };
        self.labels = policy.labels.look_up(aimed, scratch);
        let aimed = Aimed { labels: self.labels.as_ref(), ..aimed };
        let mut covering = |scopes: &[Scope], found: &mut Vec<u32>| {
            found.sort_unstable();
            found.dedup();
            found.retain(|index| {
                scopes.get(*index as usize).is_some_and(|scope| scope.covers(aimed, scratch))
            });
        };
        self.rules.clear();
        policy.index.candidates(aimed, |rule| self.rules.push(rule));
        covering(&policy.scopes, &mut self.rules);
        self.limits.clear();
        policy.limit_index.candidates(aimed, |limit| self.limits.push(limit));
        covering(&policy.limit_scopes, &mut self.limits);
    }
}
