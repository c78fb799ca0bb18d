//! Policies of Cedar as they are read.

/// One policy.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) at: usize,
    pub(super) id: Option<String>,
    pub(super) permits: bool,
    pub(super) who: Who,
    /// `None`: any.
    pub(super) actions: Option<Vec<String>>,
    pub(super) resource: Option<Entity>,
    pub(super) resource_type: Option<String>,
    /// `true`: `when`; `false`: `unless`.
    pub(super) conditions: Vec<(bool, Expression)>,
}

#[derive(Debug)]
pub(super) enum Who {
    Anybody,
    Is(Entity),
    In(Entity),
}

/// `Tool::"weather"`, without the namespaces before its kind.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) kind: String,
    pub(super) id: String,
}

#[derive(Debug)]
pub(super) enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    Compare(&'static str, Box<Expression>, Box<Expression>),
    /// `set.contains(value)`
    Contains(Box<Expression>, Box<Expression>),
    Like(Box<Expression>, String),
    Has(Attribute),
    Attribute(Attribute),
    Text(String),
    Number(i64),
    Boolean(bool),
    Set(Vec<Expression>),
}

/// `context.arg_city`
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) root: String,
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) length: usize,
}
