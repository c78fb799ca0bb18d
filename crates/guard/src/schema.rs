//! The `schema` guard: arguments of a call held against the `inputSchema` of its tool.
//!
//! A schema is compiled once, when its definition is pinned, into a bounded form: whatever a server writes, no call costs more than
//! the steps in [`limits`](crate::limits). Keywords that are not known, and what lies beyond a bound, let everything pass: what
//! is found is wrong by the server's own word, what is not found need not be right.
//!
//! A crate such as `jsonschema` was considered: it checks trees of its own value type, which would be an allocation of the whole
//! call, has no bound on its work, and brings a dozen of crates. Here the bytes that were validated already are read where they are.

mod compile;
mod decimal;
mod literal;
mod look;
mod pointer;
#[cfg(test)]
mod tests;

use bailiwick_mcp::Value;

use self::literal::Literal;
use crate::guard::{Finding, Guard, Level, Via};

/// What the arguments of one tool may be.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    top: Id,
    nodes: Box<[Node]>,
    is_cut: bool,
}

/// Where arguments do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Its span is that of the whole pointer.
    pub finding: Finding,
    /// The place in the arguments (RFC 6901), up to 200 bytes, with characters escaped that are not seen; empty: all of them.
    pub pointer: String,
}

impl Schema {
    /// Reads a schema; `None` if it says nothing that is looked at.
    #[must_use]
    pub fn of(schema: Value<'_>) -> Option<Schema> {
        compile::compile(schema)
    }

    /// True if parts lie beyond a bound or are in an unknown dialect: they are not looked at.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.nodes.iter().map(Node::bytes).sum::<usize>().saturating_add(size_of::<Schema>())
    }

    /// Tells `take` each place in which `arguments` do not fit; none at all are `{}`.
    pub fn each_misfit(&self, arguments: Option<Value<'_>>, take: &mut dyn FnMut(Misfit)) {
        look::look(self, arguments, take);
    }
}

/// Index of a node.
type Id = u16;

/// What fits everything, and what fits nothing. Both stand first.
const ANY: Id = 0;
const NEVER: Id = 1;

/// One schema. `$ref` may lead around in circles.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    types: u8,
    /// `nullable` of OpenAPI, which is no word of JSON Schema, and which servers mean.
    or_null: bool,
    rules: Box<[Rule]>,
}

/// A set of types.
const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const INTEGER: u8 = 4;
const NUMBER: u8 = 8;
const STRING: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;
const ALL: u8 = 127;

#[derive(Debug, PartialEq, Eq)]
enum Rule {
    Members(Box<Members>),
    Elements {
        first: Box<[Id]>,
        rest: Id,
    },
    /// How many elements there are.
    Count {
        least: u32,
        most: u32,
    },
    /// How many characters a text has.
    Length {
        least: u32,
        most: u32,
    },
    Bound {
        number: Box<str>,
        is_least: bool,
        is_exclusive: bool,
    },
    OneOf(Box<[Literal]>),
    Any(Box<[Id]>),
    All(Box<[Id]>),
}

#[derive(Debug, PartialEq, Eq)]
struct Members {
    /// In the order of their names.
    named: Box<[Member]>,
    /// How many of them are required.
    required: u32,
    others: Id,
}

#[derive(Debug, PartialEq, Eq)]
struct Member {
    name: Box<str>,
    /// `None`: it is only required.
    schema: Option<Id>,
    is_required: bool,
}

impl Node {
    fn any() -> Node {
        Node { types: ALL, or_null: false, rules: Box::default() }
    }

    fn bytes(&self) -> usize {
        let below: usize = self.rules.iter().map(Rule::bytes).sum();
        size_of::<Node>().saturating_add(below)
    }
}

impl Rule {
    fn bytes(&self) -> usize {
        let below = match self {
            Rule::Members(members) => {
                let names: usize = members.named.iter().map(|member| member.name.len()).sum();
                names.saturating_add(size_of_val(&*members.named)).saturating_add(size_of::<Members>())
            }
            Rule::Elements { first, .. } => size_of_val(&**first),
            Rule::Count { .. } | Rule::Length { .. } => 0,
            Rule::Bound { number, .. } => number.len(),
            Rule::OneOf(literals) => literals.iter().map(Literal::bytes).sum(),
            Rule::Any(ids) | Rule::All(ids) => size_of_val(&**ids),
        };
        size_of::<Rule>().saturating_add(below)
    }
}

/// A code with its words.
type Code = (&'static str, &'static str);

const TYPE: Code = ("type", "a value of another type than the tool's schema names");
const REQUIRED: Code = ("required", "an argument that the tool's schema requires is missing");
const UNKNOWN: Code = ("unknown-argument", "an argument that the tool's schema does not have");
const ENUM: Code = ("enum", "a value that is none of those in the tool's schema");
const RANGE: Code = ("range", "a number that is out of the bounds of the tool's schema");
const LENGTH: Code = ("length", "a text or list whose length is out of the bounds of the tool's schema");
const ALTERNATIVES: Code =
    ("alternatives", "a value that fits none of the alternatives of the tool's schema");
const TOO_LARGE: Code =
    ("too-large", "holding it against the tool's schema takes more work than a call is given");

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    [TYPE, REQUIRED, UNKNOWN, ENUM, RANGE, LENGTH, ALTERNATIVES, TOO_LARGE]
        .into_iter()
        .map(|(code, message)| ((Guard::Schema, code), message))
}

impl Misfit {
    fn new((code, message): Code, level: Level, pointer: String) -> Misfit {
        let finding = Finding {
            guard: Guard::Schema,
            code,
            span: 0..pointer.len(),
            message,
            level,
            points: level.argument_points(),
            via: Via::default(),
            parts: None,
        };
        Misfit { finding, pointer }
    }
}
