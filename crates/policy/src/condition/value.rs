//! What expressions stand for while one call is looked at: views into the call and the policy, and numbers.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use bailiwick_mcp::{Kind, Value};

use super::tree::Id;
use crate::args::{Input, exact_number};
use crate::labels::Labels;
use crate::model::Claim;

/// One value.
#[derive(Debug, Clone)]
pub(crate) enum Val<'v> {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(Cow<'v, str>),
    List(List<'v>),
    Map(Map<'v>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum List<'v> {
    Json(Value<'v>),
    Texts(&'v [String]),
    Names(&'v [&'v str]),
    Labels(Certain),
    /// Of the condition itself; its elements are evaluated where they are looked at.
    Written(&'v [Id]),
}

/// What is known of a target's labels, in the sense of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Certain {
    /// Those that it has.
    pub(crate) labels: Labels,
    /// Those that others say it has: whether it has them is an error.
    pub(crate) doubted: Labels,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Map<'v> {
    Json(Value<'v>),
    Arguments(Input<'v>),
    Claims(&'v BTreeMap<String, Claim>),
}

/// Why an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Blame {
    /// The arguments are not known yet: anything may come out.
    #[error("the arguments are not known")]
    Unknown,
    #[error("missing")]
    Missing,
    #[error("nothing is known of what the target does")]
    Unlabelled,
    #[error("others say otherwise of what the target does")]
    Doubted,
    #[error("another key is the same to lenient peers")]
    Ambiguous,
    #[error("the arguments are no object")]
    NoObject,
    #[error("{0} has no members")]
    NoMembers(Sort),
    #[error("{0} cannot be counted through")]
    NoList(Sort),
    #[error("no such element")]
    OutOfRange,
    #[error("{0} cannot be an index")]
    NoIndex(Sort),
    #[error("{0} is compared with {1}")]
    Mixed(Sort, Sort),
    #[error("{0} is neither true nor false")]
    NoTruth(Sort),
    #[error("{0} is not a number")]
    NoNumber(Sort),
    #[error("{0} is not a text")]
    NoText(Sort),
    #[error("{0} is not the name of a member")]
    NoKey(Sort),
    #[error("{0} has no size")]
    NoSize(Sort),
    #[error("{0} is compared with another")]
    NoOrder(Sort),
    #[error("`%` takes whole numbers")]
    NoInteger,
    #[error("a number that peers read differently")]
    Inexact,
    #[error("the result is out of range")]
    Overflow,
    #[error("division by zero")]
    DivisionByZero,
    #[error("too much work for one condition")]
    Budget,
}

/// The types, as messages call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Map,
}

impl std::fmt::Display for Sort {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Sort::Null => "null",
            Sort::Boolean => "a truth value",
            Sort::Number => "a number",
            Sort::Text => "a text",
            Sort::List => "a list",
            Sort::Map => "an object",
        })
    }
}

impl<'v> Val<'v> {
    /// # Errors
    /// A number that peers read differently.
    pub(crate) fn of(value: Value<'v>) -> Result<Val<'v>, Blame> {
        Ok(match value.kind() {
            Kind::Null => Val::Null,
            Kind::True => Val::Boolean(true),
            Kind::False => Val::Boolean(false),
            Kind::Text => Val::Text(value.text().unwrap_or_default()),
            Kind::Array => Val::List(List::Json(value)),
            Kind::Object => Val::Map(Map::Json(value)),
            Kind::Number => {
                let number = exact_number(value).ok_or(Blame::Inexact)?;
                value.integer().map_or(Val::Double(number), Val::Integer)
            }
        })
    }

    pub(crate) fn of_claim(claim: &'v Claim) -> Val<'v> {
        match claim {
            Claim::Text(text) => Val::Text(Cow::Borrowed(text)),
            Claim::Integer(integer) => Val::Integer(*integer),
            Claim::Boolean(value) => Val::Boolean(*value),
            Claim::Texts(texts) => Val::List(List::Texts(texts)),
        }
    }

    pub(crate) fn sort(&self) -> Sort {
        match self {
            Val::Null => Sort::Null,
            Val::Boolean(_) => Sort::Boolean,
            Val::Integer(_) | Val::Double(_) => Sort::Number,
            Val::Text(_) => Sort::Text,
            Val::List(_) => Sort::List,
            Val::Map(_) => Sort::Map,
        }
    }

    pub(crate) fn truth(&self) -> Result<bool, Blame> {
        match self {
            Val::Boolean(value) => Ok(*value),
            Val::Null | Val::Integer(_) | Val::Double(_) | Val::Text(_) | Val::List(_) | Val::Map(_) => {
                Err(Blame::NoTruth(self.sort()))
            }
        }
    }

    pub(crate) fn text(&self) -> Result<&str, Blame> {
        match self {
            Val::Text(text) => Ok(text),
            Val::Null | Val::Boolean(_) | Val::Integer(_) | Val::Double(_) | Val::List(_) | Val::Map(_) => {
                Err(Blame::NoText(self.sort()))
            }
        }
    }

    /// True if the two are the same scalar. `None`: lists and objects, which are compared element by element, or not at all.
    ///
    /// # Errors
    /// Values of different types, unless one of them is null. CEL calls those unequal; here a call that brings `["raw"]` must
    /// not pass a rule that says `mode != "raw"`.
    pub(crate) fn equal_scalar(&self, other: &Val<'_>) -> Result<Option<bool>, Blame> {
        Ok(Some(match (self, other) {
            (Val::Null, Val::Null) => true,
            (Val::Null, _) | (_, Val::Null) => false,
            (Val::Boolean(left), Val::Boolean(right)) => left == right,
            (Val::Text(left), Val::Text(right)) => left == right,
            (Val::List(_), Val::List(_)) | (Val::Map(_), Val::Map(_)) => return Ok(None),
            (left, right) => match order_numbers(left, right) {
                Some(order) => order == Ordering::Equal,
                None => return Err(Blame::Mixed(left.sort(), right.sort())),
            },
        }))
    }

    /// # Errors
    /// Anything but two numbers or two texts.
    pub(crate) fn order(&self, other: &Val<'_>) -> Result<Ordering, Blame> {
        match (self, other) {
            // By code points, which is the order of UTF-8 too.
            (Val::Text(left), Val::Text(right)) => Ok(left.cmp(right)),
            (left, right) if left.sort() == Sort::Number && right.sort() == Sort::Number => {
                order_numbers(left, right).ok_or(Blame::Inexact)
            }
            (left, right) if left.sort() == right.sort() => Err(Blame::NoOrder(left.sort())),
            (left, right) => Err(Blame::Mixed(left.sort(), right.sort())),
        }
    }
}

/// On one number line; nothing here is NaN.
fn order_numbers(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Integer(left), Val::Integer(right)) => Some(left.cmp(right)),
        (Val::Double(left), Val::Double(right)) => left.partial_cmp(right),
        (Val::Integer(left), Val::Double(right)) => order_mixed(*left, *right),
        (Val::Double(left), Val::Integer(right)) => order_mixed(*right, *left).map(Ordering::reverse),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the loss is what is made up for"
)]
fn order_mixed(integer: i64, double: f64) -> Option<Ordering> {
    // Rounding may have made them equal; then the double is an integer below 2^64, and the two compare exactly.
    match (integer as f64).partial_cmp(&double)? {
        Ordering::Equal => Some(i128::from(integer).cmp(&(double as i128))),
        order => Some(order),
    }
}
