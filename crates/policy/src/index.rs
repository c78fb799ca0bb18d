//! The index from a target to the rules that may be about it, so that a thousand rules cost what the few that matter do.

use std::collections::HashMap;

use bailiwick_mcp::json::fold_key;
use rustc_hash::FxBuildHasher;

use crate::glob::Name;
use crate::scope::{Aimed, Scope};
use crate::set::{Set, Syntax};
use crate::target::{Aim, Object, TargetPattern};

/// Candidates by target. A candidate may still not cover the target; what is no candidate does not.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rows: [Row; 8],
}

type Table = HashMap<Box<str>, Vec<u32>, FxBuildHasher>;

/// The rules about one kind of target.
#[derive(Debug, Default)]
struct Row {
    /// By the folded name of a tool or prompt.
    by_object: Table,
    /// By the folded name of a server, for rules about all its objects.
    by_server: Table,
    /// By a wildcard over names.
    wild: Vec<u32>,
    wild_set: Option<Set>,
    /// About everything of this kind.
    all: Vec<u32>,
}

/// With fewer wildcards, looking at each is faster than the set.
const SET_MIN: usize = 16;

impl Index {
    pub(crate) fn new<'s>(scopes: impl Iterator<Item = &'s Scope>) -> Index {
        let mut index = Index::default();
        let mut expressions: [Vec<String>; 8] = Default::default();
        for (rule, scope) in scopes.enumerate() {
            let rule = u32::try_from(rule).unwrap_or(u32::MAX);
            for pattern in &scope.on {
                let place = place(pattern.aim);
                let (Some(row), Some(expressions)) = (index.rows.get_mut(place), expressions.get_mut(place))
                else {
                    continue;
                };
                row.add(rule, pattern, expressions);
            }
        }
        for (row, expressions) in index.rows.iter_mut().zip(&expressions) {
            if expressions.len() >= SET_MIN {
                row.wild_set = Set::new(expressions, Syntax::Glob { fold: true }).ok();
            }
        }
        index
    }

    /// Calls `candidate` with each rule that may cover `aimed`; with some more than once.
    pub(crate) fn candidates(&self, aimed: Aimed<'_>, mut candidate: impl FnMut(u32)) {
        let Some(row) = self.rows.get(place(aimed.target.aim())) else { return };
        let named = row.by_object.get(aimed.object_folded).into_iter().flatten();
        let served = row.by_server.get(aimed.server_folded).into_iter().flatten();
        named.chain(served).chain(&row.all).for_each(|rule| candidate(*rule));
        match &row.wild_set {
            Some(set) => {
                let found = set.matches(aimed.target.object());
                found
                    .iter()
                    .filter_map(|index| row.wild.get(index.as_usize()))
                    .for_each(|rule| candidate(*rule));
            }
            None => row.wild.iter().for_each(|rule| candidate(*rule)),
        }
    }
}

impl Row {
    fn add(&mut self, rule: u32, pattern: &TargetPattern, expressions: &mut Vec<String>) {
        match (&pattern.object, &pattern.server) {
            (Object::Name(Name::Literal(name)), _) => push(&mut self.by_object, name, rule),
            (Object::Name(Name::Glob { expression, .. } | Name::Stars { expression, .. }), _) => {
                self.wild.push(rule);
                expressions.push(expression.clone());
            }
            (object, Name::Literal(server)) if object.is_any() => push(&mut self.by_server, server, rule),
            // Patterns over URIs are few, and read the URI in several ways: each is looked at.
            (Object::Name(Name::Any) | Object::Uri(_), _) => self.all.push(rule),
        }
    }
}

fn push(table: &mut Table, name: &str, rule: u32) {
    table.entry(fold_key(name).into()).or_default().push(rule);
}

fn place(aim: Aim) -> usize {
    match aim {
        Aim::Tool => 0,
        Aim::Resource => 1,
        Aim::Prompt => 2,
        Aim::Completion => 3,
        Aim::Sampling => 4,
        Aim::Elicitation => 5,
        Aim::Roots => 6,
        Aim::Task => 7,
    }
}
