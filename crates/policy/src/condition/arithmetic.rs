//! Arithmetic. JSON has one kind of number, so an integer beside a double counts as a double; the result is always finite.

use std::borrow::Cow;

use super::tree::Arithmetic;
use super::value::{Blame, Val};

pub(super) fn negate<'v>(of: &Val<'_>) -> Result<Val<'v>, Blame> {
    match of {
        Val::Integer(value) => value.checked_neg().map(Val::Integer).ok_or(Blame::Overflow),
        Val::Double(value) => Ok(Val::Double(-value)),
        other => Err(Blame::NoNumber(other.sort())),
    }
}

pub(super) fn apply<'v>(operator: Arithmetic, left: &Val<'_>, right: &Val<'_>) -> Result<Val<'v>, Blame> {
    match (left, right) {
        (Val::Integer(left), Val::Integer(right)) => integers(operator, *left, *right).map(Val::Integer),
        (Val::Text(left), Val::Text(right)) if operator == Arithmetic::Add => {
            Ok(Val::Text(Cow::Owned([&**left, &**right].concat())))
        }
        (left, right) => {
            let (left, right) = (as_double(left)?, as_double(right)?);
            doubles(operator, left, right).map(Val::Double)
        }
    }
}

fn integers(operator: Arithmetic, left: i64, right: i64) -> Result<i64, Blame> {
    let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && right == 0 {
        return Err(Blame::DivisionByZero);
    }
    let result = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    };
    result.ok_or(Blame::Overflow)
}

fn doubles(operator: Arithmetic, left: f64, right: f64) -> Result<f64, Blame> {
    let result = match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide if right == 0.0 => return Err(Blame::DivisionByZero),
        Arithmetic::Divide => left / right,
        // CEL has it for integers only.
        Arithmetic::Remainder => return Err(Blame::NoInteger),
    };
    // NaN is neither below nor above anything, so every comparison with it would be a surprise.
    if result.is_finite() { Ok(result) } else { Err(Blame::Overflow) }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 it would, and is refused")]
fn as_double(value: &Val<'_>) -> Result<f64, Blame> {
    match value {
        Val::Integer(value) if value.unsigned_abs() < 1 << 53 => Ok(*value as f64),
        Val::Integer(_) => Err(Blame::Inexact),
        Val::Double(value) => Ok(*value),
        other => Err(Blame::NoNumber(other.sort())),
    }
}
