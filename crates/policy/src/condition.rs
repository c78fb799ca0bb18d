//! `if`: a subset of CEL, compiled once and evaluated without allocation for usual calls.
//!
//! Total: a condition is true, false, or an error that says why, in time that the size of the call bounds. What an error means
//! is the rule's: a deny matches, an allow does not. Differences from CEL are in `docs/design/conditions.md`.

mod arithmetic;
#[cfg(test)]
mod differential;
mod evaluate;
#[cfg(test)]
mod laws;
mod lex;
mod lookup;
mod names;
mod parse;
mod print;
mod trace;
mod tree;
mod types;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;

use evaluate::Evaluation;
pub(crate) use trace::Step;
pub(crate) use tree::Condition;
use tree::{Expression, Root};
pub(crate) use types::{FindingKind, unknown_help, values_help};
pub(crate) use value::{Blame, Certain, List};

use crate::args::{Input, Sense};
use crate::model::Principal;

/// A mistake in the text of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Byte offsets in the text of the condition.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// What a condition can look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'v> {
    pub(crate) input: Input<'v>,
    /// False while a tool is only listed: then nothing about `args` is known.
    pub(crate) known: bool,
    pub(crate) principal: &'v Principal,
    /// All roles of the principal, if the condition asks for them.
    pub(crate) roles: List<'v>,
    /// The name of a tool; other targets have none.
    pub(crate) tool: Option<&'v str>,
    pub(crate) server: &'v str,
    /// What is known of the target's labels, or why nothing is.
    pub(crate) labels: Result<Certain, Blame>,
}

impl Condition {
    /// Compiles `text`; `vars` is what `${name}` inside of a quoted text stands for.
    ///
    /// # Errors
    /// All mistakes that were found.
    pub(crate) fn new(text: &str, vars: &BTreeMap<String, String>) -> Result<Condition, Vec<Fault>> {
        parse::parse(text, vars)
    }

    /// # Errors
    /// Why it is neither true nor false.
    pub(crate) fn judge(&self, facts: &Facts<'_>) -> Result<bool, Blame> {
        Evaluation::new(self, facts).truth(self.root)
    }

    /// Whether it holds; an error does where a doubt matches.
    pub(crate) fn holds(&self, facts: &Facts<'_>, sense: Sense) -> bool {
        self.judge(facts).unwrap_or(sense == Sense::Any)
    }

    /// Whether it holds whatever the arguments are. `None`: that depends on them.
    pub(crate) fn always(&self, facts: &Facts<'_>, sense: Sense) -> Option<bool> {
        match self.judge(facts) {
            Ok(holds) => Some(holds),
            // How much work is too much depends on the call too.
            Err(Blame::Unknown | Blame::Budget) => None,
            Err(_) => Some(sense == Sense::Any),
        }
    }

    /// True if the labels of the target must be known.
    pub(crate) fn needs_labels(&self) -> bool {
        self.nodes.iter().any(|node| node.expression == Expression::Root(Root::Labels))
    }

    /// True if the name of the tool is compared with a text that has a server in it.
    pub(crate) fn compares_tool_with_server(&self) -> bool {
        let tool = |id: tree::Id| *self.expression(id) == Expression::Root(Root::Tool);
        let whole =
            |id: tree::Id| matches!(self.expression(id), Expression::Text(text) if text.contains('/'));
        self.nodes.iter().any(|node| match node.expression {
            Expression::Compare(_, one, other) => (tool(one) && whole(other)) || (tool(other) && whole(one)),
            _ => false,
        })
    }

    /// True if nothing but arguments is asked about.
    pub(crate) fn asks_only_arguments(&self) -> bool {
        let other =
            |node: &tree::Node| matches!(node.expression, Expression::Root(root) if root != Root::Args);
        !self.nodes.iter().any(other)
    }

    /// True if the roles of the principal must be known.
    pub(crate) fn needs_roles(&self) -> bool {
        self.nodes.iter().any(|node| node.expression == Expression::Root(Root::PrincipalRoles))
    }
}
