//! A compiled condition: expressions in one arena, so that evaluating follows indices and allocates nothing.

use std::ops::Range;

use bailiwick_mcp::json::fold_key;

use crate::set::Set;

/// Index of a node in its condition.
pub(crate) type Id = u32;

/// A condition that is understood to the last word.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: Id,
    pub(crate) patterns: Vec<Set>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Byte offsets in the text of the condition.
    pub(crate) span: Range<usize>,
    pub(crate) expression: Expression,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(Box<str>),
    List(Box<[Id]>),
    Root(Root),
    /// The variable of an enclosing `all`, `exists` or `exists_one`.
    Variable {
        slot: usize,
        name: Box<str>,
    },
    Field(Id, Key),
    Has(Id, Key),
    Index(Id, Id),
    Not(Id),
    Negate(Id),
    /// Two or more, joined by AND.
    And(Box<[Id]>),
    /// Two or more, joined by OR.
    Or(Box<[Id]>),
    Choose(Id, Id, Id),
    Compare(Comparison, Id, Id),
    In(Id, Id),
    Arithmetic(Arithmetic, Id, Id),
    Test(Test, Id, Id),
    /// A text and the index of a pattern, written as the text beside it.
    Matches(Id, usize, Box<str>),
    Size(Id),
    Each {
        quantifier: Quantifier,
        range: Id,
        slot: usize,
        name: Box<str>,
        body: Id,
    },
}

/// What a condition can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Args,
    PrincipalId,
    PrincipalRoles,
    PrincipalScopes,
    PrincipalClaims,
    Tool,
    Server,
    Labels,
}

impl Root {
    pub(crate) fn written(self) -> &'static str {
        match self {
            Root::Args => "args",
            Root::PrincipalId => "principal.id",
            Root::PrincipalRoles => "principal.roles",
            Root::PrincipalScopes => "principal.scopes",
            Root::PrincipalClaims => "principal.claims",
            Root::Tool => "tool",
            Root::Server => "server",
            Root::Labels => "labels",
        }
    }
}

/// The name of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) exact: Box<str>,
    pub(crate) folded: Box<str>,
}

impl Key {
    pub(crate) fn new(exact: &str) -> Key {
        Key { exact: exact.into(), folded: fold_key(exact).into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) const ALL: [(&'static str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<", Comparison::Less),
        ("<=", Comparison::LessOrEqual),
        (">", Comparison::Greater),
        (">=", Comparison::GreaterOrEqual),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    pub(crate) const ALL: [(&'static str, Arithmetic); 5] = [
        ("+", Arithmetic::Add),
        ("-", Arithmetic::Subtract),
        ("*", Arithmetic::Multiply),
        ("/", Arithmetic::Divide),
        ("%", Arithmetic::Remainder),
    ];
}

/// Tests of one text with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    StartsWith,
    EndsWith,
    Contains,
}

impl Test {
    pub(crate) const ALL: [(&'static str, Test); 3] =
        [("startsWith", Test::StartsWith), ("endsWith", Test::EndsWith), ("contains", Test::Contains)];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Exists,
    ExistsOne,
}

impl Quantifier {
    pub(crate) const ALL: [(&'static str, Quantifier); 3] =
        [("all", Quantifier::All), ("exists", Quantifier::Exists), ("exists_one", Quantifier::ExistsOne)];
}

/// The word of one of the tables above.
pub(crate) fn word<T: Copy + PartialEq>(table: &[(&'static str, T)], of: T) -> &'static str {
    table.iter().find(|(_, candidate)| *candidate == of).map_or("", |(word, _)| word)
}

impl Condition {
    pub(crate) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(crate) fn expression(&self, id: Id) -> &Expression {
        // INVARIANT: ids come from the parser that wrote the arena; null is what an impossible one reads as, and no condition
        // is true by a null.
        self.node(id).map_or(&Expression::Null, |node| &node.expression)
    }
}

impl Expression {
    /// The expressions right below this one, in their order.
    pub(crate) fn children(&self) -> Vec<Id> {
        match self {
            Expression::Null
            | Expression::Boolean(_)
            | Expression::Integer(_)
            | Expression::Double(_)
            | Expression::Text(_)
            | Expression::Root(_)
            | Expression::Variable { .. } => Vec::new(),
            Expression::List(ids) | Expression::And(ids) | Expression::Or(ids) => ids.to_vec(),
            Expression::Field(id, _)
            | Expression::Has(id, _)
            | Expression::Not(id)
            | Expression::Negate(id)
            | Expression::Size(id)
            | Expression::Matches(id, ..) => vec![*id],
            Expression::Index(left, right)
            | Expression::Compare(_, left, right)
            | Expression::In(left, right)
            | Expression::Arithmetic(_, left, right)
            | Expression::Test(_, left, right)
            | Expression::Each { range: left, body: right, .. } => vec![*left, *right],
            Expression::Choose(condition, then, otherwise) => vec![*condition, *then, *otherwise],
        }
    }

    pub(crate) fn is_literal(&self) -> bool {
        match self {
            Expression::Null
            | Expression::Boolean(_)
            | Expression::Integer(_)
            | Expression::Double(_)
            | Expression::Text(_) => true,
            Expression::List(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Root(_)
            | Expression::Variable { .. }
            | Expression::Field(..)
            | Expression::Has(..)
            | Expression::Index(..)
            | Expression::Not(_)
            | Expression::Negate(_)
            | Expression::Choose(..)
            | Expression::Compare(..)
            | Expression::In(..)
            | Expression::Arithmetic(..)
            | Expression::Test(..)
            | Expression::Matches(..)
            | Expression::Size(_)
            | Expression::Each { .. } => false,
        }
    }
}
