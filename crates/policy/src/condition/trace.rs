//! A condition with the value of each of its parts, for explanations.

use super::evaluate::Evaluation;
use super::tree::{Condition, Expression, Id};
use super::value::{Blame, List, Map, Val};
use super::{Facts, print};

/// One part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The part, as the language writes it.
    pub(crate) part: String,
    /// Its value, or why it has none.
    pub(crate) value: Result<String, Blame>,
    /// How far it is inside of others.
    pub(crate) depth: usize,
}

/// Most parts that are shown.
const STEPS_MAX: usize = 64;
/// Most elements of a list that are shown.
const ELEMENTS_MAX: usize = 8;

impl Condition {
    /// Every part whose value is not plain to see, the whole first. Parts below `all` and `exists` are shown for no element:
    /// which one decided is for the reader to see in the list itself.
    pub(crate) fn trace(&self, facts: &Facts<'_>) -> Vec<Step> {
        let mut out = Vec::new();
        self.look(self.root, 0, facts, &mut out);
        out
    }

    fn look(&self, id: Id, depth: usize, facts: &Facts<'_>, out: &mut Vec<Step>) {
        let expression = self.expression(id);
        let constant = expression.is_literal() || matches!(expression, Expression::List(_));
        if constant || out.len() >= STEPS_MAX {
            return;
        }
        let mut evaluation = Evaluation::new(self, facts);
        let value = evaluation.value(id).map(|value| show(&mut evaluation, &value));
        out.push(Step { part: self.print(id), value, depth });
        match expression {
            Expression::Each { range, .. } => {
                self.look(*range, depth.saturating_add(1), facts, out);
            }
            // The way to a member says nothing that the member does not; where it is broken is worth a line.
            Expression::Field(of, _) | Expression::Has(of, _) => {
                let broken = Evaluation::new(self, facts).value(*of).is_err();
                if broken {
                    self.look(*of, depth.saturating_add(1), facts, out);
                }
            }
            other => {
                for below in other.children() {
                    self.look(below, depth.saturating_add(1), facts, out);
                }
            }
        }
    }
}

/// The value as the language would write it, objects as JSON.
fn show<'v>(evaluation: &mut Evaluation<'v>, value: &Val<'v>) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Boolean(value) => value.to_string(),
        Val::Integer(value) => value.to_string(),
        Val::Double(value) => print::double(*value),
        Val::Text(text) => {
            let mut out = String::new();
            print::quote(text, &mut out);
            out
        }
        Val::List(List::Json(value)) | Val::Map(Map::Json(value)) => value.raw().to_owned(),
        Val::List(list) => {
            let mut shown = Vec::new();
            // An element that has no value was an error of the list already.
            let _ = evaluation.walk(*list, &mut |evaluation, element| {
                if let Ok(element) = element {
                    shown.push(show(evaluation, &element));
                }
                Ok(shown.len() > ELEMENTS_MAX)
            });
            let more = if shown.len() > ELEMENTS_MAX { ", …" } else { "" };
            shown.truncate(ELEMENTS_MAX);
            format!("[{}{more}]", shown.join(", "))
        }
        Val::Map(Map::Arguments(input)) => {
            input.arguments.map_or("{}", |arguments| arguments.raw()).to_owned()
        }
        Val::Map(Map::Claims(claims)) => {
            let names: Vec<&str> = claims.keys().map(String::as_str).collect();
            format!("claims {}", names.join(", "))
        }
    }
}
