//! The arguments of a call against the `args` of a rule: which values a key pattern names, and in which sense they match.

mod command;
mod matcher;
mod measure;
mod net;
mod scalar;
mod sql;
mod walk;

use bailiwick_mcp::Value;

pub(crate) use command::{
    CommandList, Commands, Entry as CommandEntry, Flag as CommandFlag, Flags as CommandFlags,
    Paths as CommandPaths, commanded, plain_program,
};
pub(crate) use matcher::{Kinds, Matcher, Patterns, URI_PLACE, joined};
pub(crate) use measure::exact_number;
pub(crate) use net::{HostList, Nets, Presence, Query, UrlList, UrlPattern, hosted};
pub(crate) use scalar::Scalar;
pub(crate) use sql::{FunctionPattern, Scripts, SqlPattern, TablePattern, stated};
pub(crate) use walk::{KeyPattern, Leaf, Place, Reach};

use crate::path::Scratch;
use std::ops::ControlFlow;

/// The two senses of matching. A doubt never opens a door: it makes the first true and the second false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    /// One plausible reading of one value suffices, and so does a value of the wrong type: deny, ask, scopes of limits.
    Any,
    /// Every reading of every value, and at least one value: allow.
    Every,
    /// As `Every`, but a wildcard key over nothing holds: require.
    Holds,
}

/// What a call brings: its arguments, and the URI of a resource as if it were an argument `uri`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) arguments: Option<Value<'a>>,
    pub(crate) uri: Option<&'a str>,
}

/// All conditions of one `args` map; they are joined by AND.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) keys: Vec<Condition>,
}

/// One key with its matchers; they are joined by AND.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) key: KeyPattern,
    pub(crate) matchers: Vec<Matcher>,
}

impl Conditions {
    pub(crate) fn hold(&self, input: Input<'_>, sense: Sense, scratch: &mut Scratch<'_>) -> bool {
        self.keys.iter().all(|condition| condition.holds(input, sense, scratch))
    }
}

impl Condition {
    pub(crate) fn holds(&self, input: Input<'_>, sense: Sense, scratch: &mut Scratch<'_>) -> bool {
        self.matchers.iter().all(|matcher| self.one(matcher, input, sense, scratch))
    }

    /// One matcher over all values that the key names.
    pub(crate) fn one(
        &self,
        matcher: &Matcher,
        input: Input<'_>,
        sense: Sense,
        scratch: &mut Scratch<'_>,
    ) -> bool {
        let mut matched = false;
        let mut failed = false;
        let flow = self.key.places(input, sense, &mut |place| {
            match matcher.answer(place, sense, scratch) {
                Answer::Yes => matched = true,
                Answer::No => failed = true,
                Answer::Skip => {}
            }
            let decided = if sense == Sense::Any { matched } else { failed };
            if decided { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        matched = matched
            || self
                .whole(matcher, input, sense)
                .is_some_and(|place| matcher.answer(place, sense, scratch) == Answer::Yes);
        match sense {
            Sense::Any => matched,
            Sense::Every => flow.is_continue() && matched,
            Sense::Holds => flow.is_continue() && (matched || self.key.is_wild()),
        }
    }
}

impl Condition {
    /// The arguments as a whole: `{"command": "rm", "args": ["x"]}` is a command, and `**` names only what is inside.
    pub(crate) fn whole<'a>(&self, matcher: &Matcher, input: Input<'a>, sense: Sense) -> Option<Place<'a>> {
        let looks = matches!(matcher, Matcher::Command(_)) && sense == Sense::Any && self.key.is_everything();
        let arguments = input.arguments.filter(|_| looks)?;
        Some(Place { leaf: Leaf::Value(arguments), reach: Reach::Deep, holder: None })
    }
}

/// What one matcher says about one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// A wildcard key met a value that the matcher is not about.
    Skip,
}
