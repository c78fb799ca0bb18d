//! Evaluation: total, without allocation for usual calls, in time that the size of the call bounds.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::lookup::{element, length, member};
use super::tree::{Comparison, Condition, Expression, Id, Quantifier, Root, Test};
use super::value::{Blame, List, Map, Val};
use super::{Facts, arithmetic};
use crate::bounds::{CONDITION_STEPS, CONDITION_STEPS_PER_BYTE, CONDITION_VARIABLES_MAX};

/// One evaluation.
pub(super) struct Evaluation<'v> {
    pub(super) condition: &'v Condition,
    pub(super) facts: &'v Facts<'v>,
    /// Work that is left, in steps of a few nanoseconds.
    steps: usize,
    variables: [Option<Val<'v>>; CONDITION_VARIABLES_MAX],
}

type Answer<'v> = Result<Val<'v>, Blame>;

impl<'v> Evaluation<'v> {
    pub(super) fn new(condition: &'v Condition, facts: &'v Facts<'v>) -> Evaluation<'v> {
        let bytes = facts.input.arguments.map_or(0, |arguments| arguments.raw().len());
        let steps = bytes.saturating_mul(CONDITION_STEPS_PER_BYTE).saturating_add(CONDITION_STEPS);
        Evaluation { condition, facts, steps, variables: [const { None }; CONDITION_VARIABLES_MAX] }
    }

    /// Takes `steps` from what is left.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Blame> {
        self.steps = self.steps.checked_sub(steps).ok_or(Blame::Budget)?;
        Ok(())
    }

    pub(super) fn value(&mut self, id: Id) -> Answer<'v> {
        self.spend(1)?;
        let condition = self.condition;
        match condition.expression(id) {
            Expression::Null => Ok(Val::Null),
            Expression::Boolean(value) => Ok(Val::Boolean(*value)),
            Expression::Integer(value) => Ok(Val::Integer(*value)),
            Expression::Double(value) => Ok(Val::Double(*value)),
            Expression::Text(text) => Ok(Val::Text(Cow::Borrowed(text))),
            Expression::List(ids) => self.list(ids),
            Expression::Root(root) => self.root(*root),
            Expression::Variable { slot, .. } => {
                self.variables.get(*slot).cloned().flatten().ok_or(Blame::Missing)
            }
            Expression::Field(of, key) => {
                let of = self.value(*of)?;
                member(self, &of, &key.exact)?.ok_or(Blame::Missing)
            }
            Expression::Has(of, key) => {
                let of = self.value(*of)?;
                Ok(Val::Boolean(member(self, &of, &key.exact)?.is_some()))
            }
            Expression::Index(of, index) => self.index(*of, *index),
            Expression::Not(of) => Ok(Val::Boolean(!self.truth(*of)?)),
            Expression::Negate(of) => arithmetic::negate(&self.value(*of)?),
            Expression::And(ids) => self.joined(ids, false),
            Expression::Or(ids) => self.joined(ids, true),
            Expression::Choose(condition, then, otherwise) => {
                let chosen = if self.truth(*condition)? { then } else { otherwise };
                self.value(*chosen)
            }
            Expression::Compare(comparison, left, right) => self.compare(*comparison, *left, *right),
            Expression::In(left, right) => self.is_in(*left, *right),
            Expression::Arithmetic(operator, left, right) => {
                let (left, right) = (self.value(*left)?, self.value(*right)?);
                if let (Val::Text(left), Val::Text(right)) = (&left, &right) {
                    // Joining copies.
                    self.spend(left.len().saturating_add(right.len()))?;
                }
                arithmetic::apply(*operator, &left, &right)
            }
            Expression::Test(test, of, with) => self.test(*test, *of, *with),
            Expression::Matches(of, pattern, _) => {
                let of = self.value(*of)?;
                let text = of.text()?;
                self.spend(text.len() / 2)?;
                let set = condition.patterns.get(*pattern).ok_or(Blame::Missing)?;
                Ok(Val::Boolean(set.is_match(text)))
            }
            Expression::Size(of) => self.size(*of),
            Expression::Each { quantifier, range, slot, body, .. } => {
                self.each(*quantifier, *range, *slot, *body)
            }
        }
    }

    pub(super) fn truth(&mut self, id: Id) -> Result<bool, Blame> {
        self.value(id)?.truth()
    }

    fn root(&self, root: Root) -> Answer<'v> {
        let facts = self.facts;
        Ok(match root {
            Root::Args => {
                if !facts.known {
                    return Err(Blame::Unknown);
                }
                Val::Map(Map::Arguments(facts.input))
            }
            Root::PrincipalId => Val::Text(Cow::Borrowed(&facts.principal.id)),
            Root::PrincipalRoles => Val::List(facts.roles),
            Root::PrincipalScopes => Val::List(List::Texts(&facts.principal.scopes)),
            Root::PrincipalClaims => Val::Map(Map::Claims(&facts.principal.claims)),
            Root::Tool => Val::Text(Cow::Borrowed(facts.tool.ok_or(Blame::Missing)?)),
            Root::Server => Val::Text(Cow::Borrowed(facts.server)),
            Root::Labels => Val::List(List::Labels(facts.labels?)),
        })
    }

    /// A list without a value for each element has none itself.
    fn list(&mut self, ids: &'v [Id]) -> Answer<'v> {
        for id in ids {
            if !self.condition.expression(*id).is_literal() {
                self.value(*id)?;
            }
        }
        Ok(Val::List(List::Written(ids)))
    }

    fn index(&mut self, of: Id, index: Id) -> Answer<'v> {
        let (of, index) = (self.value(of)?, self.value(index)?);
        match (&of, &index) {
            (Val::List(list), Val::Integer(index)) => {
                let index = usize::try_from(*index).map_err(|_| Blame::OutOfRange)?;
                self.spend(index)?;
                element(self, *list, index)?.ok_or(Blame::OutOfRange)
            }
            (Val::Map(_), Val::Text(key)) => member(self, &of, key)?.ok_or(Blame::Missing),
            (Val::List(_) | Val::Map(_), index) => Err(Blame::NoIndex(index.sort())),
            (of, _) => Err(Blame::NoMembers(of.sort())),
        }
    }

    /// `decisive` is the operand that decides, whatever the others are, errors included.
    fn joined(&mut self, ids: &[Id], decisive: bool) -> Answer<'v> {
        let mut blame = None;
        for id in ids {
            match self.truth(*id) {
                Ok(value) if value == decisive => return Ok(Val::Boolean(decisive)),
                Ok(_) => {}
                Err(found) => blame = Some(worse(blame, found)?),
            }
        }
        blame.map_or(Ok(Val::Boolean(!decisive)), Err)
    }

    fn compare(&mut self, comparison: Comparison, left: Id, right: Id) -> Answer<'v> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        if let (Val::Text(left), Val::Text(right)) = (&left, &right) {
            self.spend(left.len().min(right.len()) / 16)?;
        }
        Ok(Val::Boolean(match comparison {
            Comparison::Equal => self.equal(&left, &right)?,
            Comparison::Unequal => !self.equal(&left, &right)?,
            Comparison::Less => left.order(&right)? == Ordering::Less,
            Comparison::LessOrEqual => left.order(&right)? != Ordering::Greater,
            Comparison::Greater => left.order(&right)? == Ordering::Greater,
            Comparison::GreaterOrEqual => left.order(&right)? != Ordering::Less,
        }))
    }

    /// Lists element by element. Depth is bounded by that of the call and of the condition.
    fn equal(&mut self, left: &Val<'v>, right: &Val<'v>) -> Result<bool, Blame> {
        self.spend(1)?;
        if let Some(equal) = left.equal_scalar(right)? {
            return Ok(equal);
        }
        let (Val::List(left), Val::List(right)) = (left, right) else {
            return Err(Blame::NoOrder(left.sort()));
        };
        let size = length(self, *left)?;
        if size != length(self, *right)? {
            return Ok(false);
        }
        let mut all = true;
        for index in 0..size {
            self.spend(index)?;
            let (Some(left), Some(right)) = (element(self, *left, index)?, element(self, *right, index)?)
            else {
                return Err(Blame::OutOfRange);
            };
            all &= self.equal(&left, &right)?;
        }
        Ok(all)
    }

    /// A list that holds nothing of the value's type is a mistake of the call, not an answer.
    fn is_in(&mut self, left: Id, right: Id) -> Answer<'v> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        match &right {
            Val::Map(_) => {
                let key = left.text().map_err(|_| Blame::NoKey(left.sort()))?;
                Ok(Val::Boolean(member(self, &right, key)?.is_some()))
            }
            Val::List(list) => {
                let (mut compared, mut blame) = (false, None);
                let found = self.walk(*list, &mut |evaluation, element| {
                    match element.and_then(|element| evaluation.equal(&left, &element)) {
                        Ok(true) => return Ok(true),
                        Ok(false) => compared = true,
                        Err(found @ (Blame::Budget | Blame::Inexact)) => return Err(found),
                        Err(found) => blame = Some(found),
                    }
                    Ok(false)
                })?;
                match blame {
                    Some(blame) if !found && !compared => Err(blame),
                    _ => Ok(Val::Boolean(found)),
                }
            }
            other => Err(Blame::NoList(other.sort())),
        }
    }

    fn test(&mut self, test: Test, of: Id, with: Id) -> Answer<'v> {
        let (of, with) = (self.value(of)?, self.value(with)?);
        let (of, with) = (of.text()?, with.text()?);
        let work = if test == Test::Contains { of.len() / 2 } else { with.len().min(of.len()) / 16 };
        self.spend(work)?;
        Ok(Val::Boolean(match test {
            Test::StartsWith => of.starts_with(with),
            Test::EndsWith => of.ends_with(with),
            Test::Contains => of.contains(with),
        }))
    }

    fn size(&mut self, of: Id) -> Answer<'v> {
        let of = self.value(of)?;
        let size = match &of {
            Val::Text(text) => {
                self.spend(text.len() / 16)?;
                text.chars().count()
            }
            Val::List(list) => length(self, *list)?,
            Val::Map(map) => super::lookup::members(self, *map)?,
            Val::Null | Val::Boolean(_) | Val::Integer(_) | Val::Double(_) => {
                return Err(Blame::NoSize(of.sort()));
            }
        };
        Ok(Val::Integer(i64::try_from(size).unwrap_or(i64::MAX)))
    }

    fn each(&mut self, quantifier: Quantifier, range: Id, slot: usize, body: Id) -> Answer<'v> {
        let range = self.value(range)?;
        let (mut blame, mut count) = (None, 0_usize);
        let decided = {
            let mut look = |evaluation: &mut Self, element: Answer<'v>| {
                let truth = element.and_then(|element| {
                    *evaluation.variables.get_mut(slot).ok_or(Blame::Missing)? = Some(element);
                    evaluation.truth(body)
                });
                match (truth, quantifier) {
                    (Ok(true), Quantifier::Exists) | (Ok(false), Quantifier::All) => return Ok(true),
                    (Ok(true), Quantifier::ExistsOne) => count = count.saturating_add(1),
                    (Ok(_), _) => {}
                    // One error spoils "exactly one", whatever the others are.
                    (Err(found), Quantifier::ExistsOne) => return Err(found),
                    (Err(found), _) => blame = Some(worse(blame, found)?),
                }
                Ok(false)
            };
            match &range {
                Val::List(list) => self.walk(*list, &mut look)?,
                Val::Map(map) => self.walk_keys(*map, &mut look)?,
                other => return Err(Blame::NoList(other.sort())),
            }
        };
        match (decided, blame, quantifier) {
            (true, _, _) => Ok(Val::Boolean(quantifier == Quantifier::Exists)),
            (false, Some(blame), _) => Err(blame),
            (false, None, Quantifier::ExistsOne) => Ok(Val::Boolean(count == 1)),
            (false, None, _) => Ok(Val::Boolean(quantifier == Quantifier::All)),
        }
    }
}

/// Of two reasons the one that says more: what is not known may still turn out well, what cost too much ends it all.
fn worse(before: Option<Blame>, now: Blame) -> Result<Blame, Blame> {
    match (before, now) {
        (_, Blame::Budget) => Err(Blame::Budget),
        (Some(Blame::Unknown), _) => Ok(Blame::Unknown),
        (_, Blame::Unknown) => Ok(Blame::Unknown),
        (Some(before), _) => Ok(before),
        (None, now) => Ok(now),
    }
}
