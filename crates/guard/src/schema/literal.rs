//! Values that `enum` and `const` name, compared by value.

use std::cmp::Ordering;

use bailiwick_mcp::{Kind, Value};

use super::decimal::compare;
use super::look::steps_of;

/// Asked for steps; false when there are none left.
type Spend<'s> = &'s mut dyn FnMut(usize) -> bool;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(Box<str>),
    Text(Box<str>),
    Array(Box<[Literal]>),
    /// In the order of the names.
    Object(Box<[(Box<str>, Literal)]>),
}

impl Literal {
    /// Copies a value; `keep` is asked for room for each part with its length, and `None` is returned where there is none.
    pub(super) fn of(value: Value<'_>, depth: usize, keep: &mut dyn FnMut(usize) -> bool) -> Option<Literal> {
        if !keep(value.raw().len()) || depth > crate::limits::SCHEMA_DEPTH_MAX {
            return None;
        }
        let below = depth.saturating_add(1);
        Some(match value.kind() {
            Kind::Null => Literal::Null,
            Kind::False => Literal::Boolean(false),
            Kind::True => Literal::Boolean(true),
            Kind::Number => Literal::Number(value.raw().into()),
            Kind::Text => Literal::Text(value.text()?.as_ref().into()),
            Kind::Array => {
                let elements = value.elements().map(|element| Literal::of(element, below, keep));
                Literal::Array(elements.collect::<Option<_>>()?)
            }
            Kind::Object => {
                let pair = |(name, member): (Value<'_>, Value<'_>)| {
                    Some((name.text()?.as_ref().into(), Literal::of(member, below, keep)?))
                };
                let mut members: Vec<(Box<str>, Literal)> =
                    value.members().map(pair).collect::<Option<_>>()?;
                members.sort_by(|(left, _), (right, _)| left.cmp(right));
                Literal::Object(members.into())
            }
        })
    }

    /// True if `value` is the same; `text` is what it unescapes to. `spend` is asked for the steps of what is below it.
    pub(super) fn is(&self, value: Value<'_>, text: Option<&str>, spend: Spend<'_>) -> bool {
        match self {
            Literal::Null => value.is_null(),
            Literal::Boolean(own) => value.boolean() == Some(*own),
            Literal::Text(own) => text == Some(&**own),
            Literal::Number(own) => {
                value.kind() == Kind::Number && compare(own, value.raw()) == Ordering::Equal
            }
            Literal::Array(own) => {
                let mut elements = value.elements();
                value.is_array()
                    && own.iter().all(|own| elements.next().is_some_and(|value| own.is_below(value, spend)))
                    && elements.next().is_none()
            }
            Literal::Object(own) => {
                let mut count = 0_usize;
                let same = value.members().all(|(name, member)| {
                    count = count.saturating_add(1);
                    if !spend(steps_of(name)) {
                        return false;
                    }
                    let name = name.text().unwrap_or_default();
                    let found = own.binary_search_by(|(own, _)| (**own).cmp(&*name)).ok();
                    let found = found.and_then(|at| own.get(at));
                    found.is_some_and(|(_, own)| own.is_below(member, spend))
                });
                value.is_object() && same && count == own.len()
            }
        }
    }

    fn is_below(&self, value: Value<'_>, spend: Spend<'_>) -> bool {
        spend(steps_of(value)) && self.is(value, value.text().as_deref(), spend)
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let below = match self {
            Literal::Null | Literal::Boolean(_) => 0,
            Literal::Number(text) | Literal::Text(text) => text.len(),
            Literal::Array(elements) => elements.iter().map(Literal::bytes).sum(),
            Literal::Object(members) => {
                let one = |(name, value): &(Box<str>, Literal)| {
                    value.bytes().saturating_add(name.len()).saturating_add(size_of::<Box<str>>())
                };
                members.iter().map(one).sum()
            }
        };
        size_of::<Literal>().saturating_add(below)
    }
}
