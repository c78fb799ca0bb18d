//! The types of a condition's parts: what can have no answer, whatever the call, is a mistake.
//!
//! A part has the set of types that it may have. Only what is impossible for all of them is reported.

use std::borrow::Cow;

use super::Fault;
use super::tree::{Arithmetic, Comparison, Condition, Expression, Id, Key, Root};
use crate::args::Scalar;
use crate::bounds::CONDITION_VARIABLES_MAX;
use crate::labels::Label;
use crate::schema::{Shape, Sorts};
use crate::words::nearest;

/// What is wrong with a condition over calls of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    pub(crate) kind: FindingKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FindingKind {
    /// It is an error, or always the same, whatever the call.
    Certain,
    /// It is an error, because there is no such argument.
    Unknown,
    /// It asks with `has` for an argument that there is not.
    Absent,
    /// It is an error for a call that leaves an optional argument out.
    Optional,
}

impl Condition {
    /// Checks the types; `arguments` is what is known of `args`.
    pub(crate) fn check(&self, arguments: Option<&Shape>) -> Vec<Finding> {
        let asked = self.nodes.iter().filter_map(|node| match &node.expression {
            Expression::Has(of, key) => Some((self.print(*of), key.clone())),
            _ => None,
        });
        let mut checker = Checker {
            condition: self,
            arguments: arguments.unwrap_or(&NOTHING_KNOWN),
            known: arguments.is_some(),
            asked: asked.collect(),
            variables: [const { None }; CONDITION_VARIABLES_MAX],
            findings: Vec::new(),
        };
        checker.want(self.root, Sorts::BOOLEAN, "`if` is true or false");
        checker.findings
    }
}

/// The arguments of any tool.
static NOTHING_KNOWN: Shape = Shape::of_sorts(Sorts::MAP);

struct Checker<'c> {
    condition: &'c Condition,
    arguments: &'c Shape,
    known: bool,
    /// The members that the condition asks for with `has`.
    asked: Vec<(String, Key)>,
    variables: [Option<Cow<'c, Shape>>; CONDITION_VARIABLES_MAX],
    findings: Vec<Finding>,
}

fn plain<'c>(sorts: Sorts) -> Cow<'c, Shape> {
    Cow::Owned(Shape::of_sorts(sorts))
}

fn literal<'c>(scalar: Scalar) -> Cow<'c, Shape> {
    Cow::Owned(Shape { values: Some(vec![scalar.clone()]), ..Shape::of_sorts(Sorts::of(&scalar)) })
}

impl<'c> Checker<'c> {
    fn certain(&mut self, id: Id, message: String, help: Option<String>) {
        self.find(id, message, help, FindingKind::Certain);
    }

    fn find(&mut self, id: Id, message: String, help: Option<String>, kind: FindingKind) {
        let span = self.condition.node(id).map_or(0..0, |node| node.span.clone());
        self.findings.push(Finding { fault: Fault { span, message, help }, kind });
    }

    /// The shape of a part that must have one of `sorts`.
    fn want(&mut self, id: Id, sorts: Sorts, help: &str) -> Cow<'c, Shape> {
        let found = self.shape(id);
        if !found.sorts.has(sorts) && found.sorts != Sorts::NONE {
            let message = format!("`{}` is {}", self.condition.print(id), found.sorts);
            self.certain(id, message, Some(help.to_owned()));
            // Said once is enough.
            return plain(Sorts::ALL);
        }
        found
    }

    fn shape(&mut self, id: Id) -> Cow<'c, Shape> {
        let condition = self.condition;
        match condition.expression(id) {
            Expression::Null => literal(Scalar::Null),
            Expression::Boolean(value) => literal(Scalar::Boolean(*value)),
            Expression::Integer(value) => match i32::try_from(*value) {
                Ok(value) => literal(Scalar::Number(value.into())),
                Err(_) => plain(Sorts::NUMBER),
            },
            Expression::Double(value) => literal(Scalar::Number(*value)),
            Expression::Text(text) => literal(Scalar::Text(text.as_ref().to_owned())),
            Expression::List(ids) => {
                let shapes: Vec<Shape> = ids.iter().map(|id| self.shape(*id).into_owned()).collect();
                let items = shapes.into_iter().reduce(Shape::or).map(Box::new);
                Cow::Owned(Shape { items, ..Shape::of_sorts(Sorts::LIST) })
            }
            Expression::Root(root) => self.root(*root),
            Expression::Variable { slot, .. } => {
                self.variables.get(*slot).cloned().flatten().unwrap_or(plain(Sorts::ALL))
            }
            Expression::Field(of, key) => self.member(id, *of, key),
            Expression::Has(of, key) => {
                let of = self.want(*of, Sorts::MAP, "only objects have members");
                self.known_member(id, &of, key, FindingKind::Absent);
                plain(Sorts::BOOLEAN)
            }
            Expression::Index(of, index) => {
                let of = self.want(*of, Sorts::LIST.or(Sorts::MAP), "only lists and objects have elements");
                self.want(
                    *index,
                    Sorts::NUMBER.or(Sorts::TEXT),
                    "an index is a number or the name of a member",
                );
                if of.sorts.has(Sorts::MAP) { plain(Sorts::ALL) } else { element(of) }
            }
            Expression::Negate(of) => {
                self.want(*of, Sorts::NUMBER, "`-` is about numbers");
                plain(Sorts::NUMBER)
            }
            Expression::Choose(asked, then, otherwise) => {
                self.want(*asked, Sorts::BOOLEAN, "what stands before `?` is true or false");
                let (then, otherwise) = (self.shape(*then), self.shape(*otherwise));
                Cow::Owned(then.into_owned().or(otherwise.into_owned()))
            }
            Expression::Arithmetic(arithmetic, left, right) => {
                self.arithmetic(id, *arithmetic, *left, *right)
            }
            Expression::Size(of) => {
                self.want(
                    *of,
                    Sorts::TEXT.or(Sorts::LIST).or(Sorts::MAP),
                    "texts, lists and objects have a size",
                );
                plain(Sorts::NUMBER)
            }
            Expression::Not(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Compare(..)
            | Expression::In(..)
            | Expression::Test(..)
            | Expression::Matches(..)
            | Expression::Each { .. } => {
                self.truth(id);
                plain(Sorts::BOOLEAN)
            }
        }
    }

    /// What is true or false, looked into.
    fn truth(&mut self, id: Id) {
        let condition = self.condition;
        match condition.expression(id) {
            Expression::Not(of) => {
                self.want(*of, Sorts::BOOLEAN, "`!` is about what is true or false");
            }
            Expression::And(ids) | Expression::Or(ids) => {
                for id in ids {
                    self.want(*id, Sorts::BOOLEAN, "`&&` and `||` are about what is true or false");
                }
            }
            Expression::Compare(comparison, left, right) => {
                self.compare(id, *comparison, *left, *right);
            }
            Expression::In(left, right) => {
                self.is_in(id, *left, *right);
            }
            Expression::Test(_, of, with) => {
                self.want(*of, Sorts::TEXT, "only texts are looked into");
                self.want(*with, Sorts::TEXT, "only texts are looked for");
            }
            Expression::Matches(of, ..) => {
                self.want(*of, Sorts::TEXT, "a regex is about a text");
            }
            Expression::Each { range, slot, body, .. } => {
                let range =
                    self.want(*range, Sorts::LIST.or(Sorts::MAP), "only lists and objects are gone through");
                let each = if !range.sorts.has(Sorts::MAP) {
                    element(range)
                } else if range.sorts.has(Sorts::LIST) {
                    plain(Sorts::ALL)
                } else {
                    plain(Sorts::TEXT)
                };
                if let Some(variable) = self.variables.get_mut(*slot) {
                    *variable = Some(each);
                }
                self.want(*body, Sorts::BOOLEAN, "what is asked of each is true or false");
            }
            _ => {}
        }
    }

    fn root(&self, root: Root) -> Cow<'c, Shape> {
        let texts = || {
            let items = Some(Box::new(Shape::of_sorts(Sorts::TEXT)));
            Cow::Owned(Shape { items, ..Shape::of_sorts(Sorts::LIST) })
        };
        match root {
            Root::Args => Cow::Borrowed(self.arguments),
            Root::PrincipalId | Root::Tool | Root::Server => plain(Sorts::TEXT),
            Root::PrincipalRoles | Root::PrincipalScopes => texts(),
            Root::PrincipalClaims => plain(Sorts::MAP),
            Root::Labels => {
                let words = Label::ALL.iter().map(|(word, _)| Scalar::Text((*word).to_owned())).collect();
                let one = Shape { values: Some(words), ..Shape::of_sorts(Sorts::TEXT) };
                Cow::Owned(Shape { items: Some(Box::new(one)), ..Shape::of_sorts(Sorts::LIST) })
            }
        }
    }

    fn member(&mut self, id: Id, of: Id, key: &Key) -> Cow<'c, Shape> {
        let printed = self.condition.print(of);
        let of = self.want(of, Sorts::MAP, "only objects have members");
        let asked = self.asked.iter().any(|(of, asked)| *of == printed && asked == key);
        if !asked && !self.known_member(id, &of, key, FindingKind::Unknown) {
            return plain(Sorts::ALL);
        }
        let required = of.required.contains(&*key.exact);
        let Some(found) = property(of, key) else { return plain(Sorts::ALL) };
        if self.known && !asked && !required {
            let whole = self.condition.print(id);
            let message = format!("`{whole}` is optional: without it the condition is an error");
            self.find(id, message, Some(format!("write `has({whole}) && …`")), FindingKind::Optional);
        }
        found
    }

    /// False if no call has this member.
    fn known_member(&mut self, id: Id, of: &Shape, key: &Key, kind: FindingKind) -> bool {
        if of.open || !of.sorts.has(Sorts::MAP) || of.properties.contains_key(&*key.exact) {
            return true;
        }
        let names = of.properties.keys().map(String::as_str);
        let help = unknown_help(&key.exact, names);
        self.find(id, format!("no argument `{}`", key.exact), Some(help), kind);
        false
    }

    fn compare(&mut self, id: Id, comparison: Comparison, left: Id, right: Id) {
        let equality = matches!(comparison, Comparison::Equal | Comparison::Unequal);
        let ordered = Sorts::NUMBER.or(Sorts::TEXT);
        let (left_shape, right_shape) = if equality {
            (self.shape(left), self.shape(right))
        } else {
            let help = "only numbers and texts are in an order";
            (self.want(left, ordered, help), self.want(right, ordered, help))
        };
        if equality && (left_shape.sorts.has(Sorts::NULL) || right_shape.sorts.has(Sorts::NULL)) {
            return;
        }
        if !left_shape.sorts.has(right_shape.sorts) {
            self.mixed(id, (left, &left_shape), (right, &right_shape));
        } else if equality {
            self.possible(id, (left, &left_shape), (right, &right_shape));
            self.possible(id, (right, &right_shape), (left, &left_shape));
        }
    }

    fn mixed(&mut self, id: Id, left: (Id, &Shape), right: (Id, &Shape)) {
        let (left, right) =
            ((self.condition.print(left.0), left.1.sorts), (self.condition.print(right.0), right.1.sorts));
        let message = format!("`{}` is {}, and `{}` is {}", left.0, left.1, right.0, right.1);
        self.certain(id, message, Some("values of two types are not compared".to_owned()));
    }

    /// A value that stands in the condition and cannot be the other side's.
    fn possible(&mut self, id: Id, (written, own): (Id, &Shape), (other, listed): (Id, &Shape)) {
        let (Some([value]), Some(values)) = (own.values.as_deref(), listed.values.as_deref()) else { return };
        if self.condition.expression(written).is_literal() && !values.contains(value) {
            let message =
                format!("`{}` is never {}", self.condition.print(other), self.condition.print(written));
            let help = values_help(value, values);
            self.certain(id, message, Some(help));
        }
    }

    fn is_in(&mut self, id: Id, left: Id, right: Id) {
        let left_shape = self.shape(left);
        let range = self.want(right, Sorts::LIST.or(Sorts::MAP), "`in` looks into lists and objects");
        if let Expression::List(ids) = self.condition.expression(right) {
            for element in ids {
                let shape = self.shape(*element);
                if !shape.sorts.has(left_shape.sorts) {
                    self.mixed(*element, (left, &left_shape), (*element, &shape));
                } else {
                    self.possible(*element, (*element, &shape), (left, &left_shape));
                }
            }
            return;
        }
        if !range.sorts.has(Sorts::LIST) {
            if let Expression::Text(key) = self.condition.expression(left) {
                self.known_member(id, &range, &Key::new(key), FindingKind::Absent);
            } else {
                self.want(left, Sorts::TEXT, "the name of a member is a text");
            }
        } else if !range.sorts.has(Sorts::MAP) {
            let items = range.element();
            if !items.sorts.has(left_shape.sorts) {
                let items = items.clone();
                self.mixed(id, (left, &left_shape), (right, &items));
            }
        }
    }

    fn arithmetic(&mut self, id: Id, arithmetic: Arithmetic, left: Id, right: Id) -> Cow<'c, Shape> {
        let (sorts, help) = match arithmetic {
            Arithmetic::Add => (Sorts::NUMBER.or(Sorts::TEXT), "numbers are added, and texts are joined"),
            _ => (Sorts::NUMBER, "arithmetic is about numbers"),
        };
        let (left_shape, right_shape) = (self.want(left, sorts, help), self.want(right, sorts, help));
        let both = left_shape.sorts.and(right_shape.sorts).and(sorts);
        if both == Sorts::NONE {
            self.mixed(id, (left, &left_shape), (right, &right_shape));
        }
        plain(if both == Sorts::NONE { sorts } else { both })
    }
}

fn element<'c>(list: Cow<'c, Shape>) -> Cow<'c, Shape> {
    match list {
        Cow::Borrowed(shape) => Cow::Borrowed(shape.element()),
        Cow::Owned(shape) => Cow::Owned(shape.items.map_or(Shape::ANY, |items| *items)),
    }
}

fn property<'c>(of: Cow<'c, Shape>, key: &Key) -> Option<Cow<'c, Shape>> {
    match of {
        Cow::Borrowed(shape) => shape.properties.get(&*key.exact).map(Cow::Borrowed),
        Cow::Owned(mut shape) => shape.properties.remove(&*key.exact).map(Cow::Owned),
    }
}

/// The nearest of the arguments that there are, or all of them.
pub(crate) fn unknown_help<'n>(name: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    if let Some(near) = nearest(name, names.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<String> = names.take(12).map(|name| format!("`{name}`")).collect();
    if all.is_empty() { "there are none".to_owned() } else { format!("there are {}", all.join(", ")) }
}

pub(crate) fn values_help(value: &Scalar, values: &[Scalar]) -> String {
    let texts: Vec<&str> = values.iter().filter_map(Scalar::text).collect();
    if let Some(near) = value.text().and_then(|text| nearest(text, texts.iter().copied())) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<String> = values.iter().take(12).map(|value| format!("`{}`", value.written())).collect();
    format!("its values are {}", all.join(", "))
}
