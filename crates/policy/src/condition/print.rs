//! Expressions as text, in one way: with the fewest brackets that read back as the same expression.

use super::tree::{Arithmetic, Comparison, Condition, Expression, Id, Key, Quantifier, Test, word};

/// How tightly an expression binds; a looser one inside of a tighter one needs brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bind {
    Choice,
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Unary,
    Member,
    /// Tighter than everything: brackets, always.
    Literal,
}

impl Condition {
    /// The expression as this language writes it.
    pub(crate) fn print(&self, id: Id) -> String {
        let mut out = String::new();
        self.write(id, Bind::Choice, &mut out);
        out
    }

    fn write(&self, id: Id, outside: Bind, out: &mut String) {
        let expression = self.expression(id);
        let bracketed = binding(expression) < outside;
        if bracketed {
            out.push('(');
        }
        self.bare(expression, out);
        if bracketed {
            out.push(')');
        }
    }

    fn bare(&self, expression: &Expression, out: &mut String) {
        match expression {
            Expression::Null => out.push_str("null"),
            Expression::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Expression::Integer(value) => out.push_str(&value.to_string()),
            Expression::Double(value) => out.push_str(&double(*value)),
            Expression::Text(text) => quote(text, out),
            Expression::Root(root) => out.push_str(root.written()),
            Expression::Variable { name, .. } => out.push_str(name),
            Expression::List(ids) => {
                out.push('[');
                self.joined(ids, ", ", Bind::Choice, out);
                out.push(']');
            }
            Expression::And(ids) => self.joined(ids, " && ", Bind::Comparison, out),
            Expression::Or(ids) => self.joined(ids, " || ", Bind::And, out),
            Expression::Field(of, key) => self.field(*of, key, out),
            Expression::Has(of, key) => {
                out.push_str("has(");
                self.field(*of, key, out);
                out.push(')');
            }
            Expression::Index(of, index) => {
                self.write(*of, Bind::Member, out);
                out.push('[');
                self.write(*index, Bind::Choice, out);
                out.push(']');
            }
            Expression::Not(of) => {
                out.push('!');
                self.write(*of, Bind::Unary, out);
            }
            Expression::Negate(of) => {
                // `-1.size()` is about the number -1.
                let outside = if self.begins_with_number(*of) { Bind::Literal } else { Bind::Unary };
                out.push('-');
                self.write(*of, outside, out);
            }
            Expression::Choose(condition, then, otherwise) => {
                self.choice((*condition, *then, *otherwise), out);
            }
            Expression::Compare(comparison, left, right) => {
                self.infix((*left, word(&Comparison::ALL, *comparison), *right), Bind::Comparison, out);
            }
            Expression::In(left, right) => self.infix((*left, "in", *right), Bind::Comparison, out),
            Expression::Arithmetic(arithmetic, left, right) => {
                self.infix((*left, word(&Arithmetic::ALL, *arithmetic), *right), binding(expression), out);
            }
            Expression::Test(test, of, with) => {
                self.method(*of, word(&Test::ALL, *test), out);
                self.write(*with, Bind::Choice, out);
                out.push(')');
            }
            Expression::Matches(of, _, pattern) => {
                self.method(*of, "matches", out);
                quote(pattern, out);
                out.push(')');
            }
            Expression::Size(of) => {
                out.push_str("size(");
                self.write(*of, Bind::Choice, out);
                out.push(')');
            }
            Expression::Each { quantifier, range, name, body, .. } => {
                self.method(*range, word(&Quantifier::ALL, *quantifier), out);
                out.push_str(&format!("{name}, "));
                self.write(*body, Bind::Choice, out);
                out.push(')');
            }
        }
    }

    fn choice(&self, (condition, then, otherwise): (Id, Id, Id), out: &mut String) {
        self.write(condition, Bind::Or, out);
        out.push_str(" ? ");
        self.write(then, Bind::Or, out);
        out.push_str(" : ");
        self.write(otherwise, Bind::Choice, out);
    }

    fn begins_with_number(&self, id: Id) -> bool {
        match self.expression(id) {
            Expression::Integer(_) | Expression::Double(_) => true,
            Expression::Field(of, _)
            | Expression::Index(of, _)
            | Expression::Test(_, of, _)
            | Expression::Matches(of, ..)
            | Expression::Each { range: of, .. } => self.begins_with_number(*of),
            _ => false,
        }
    }

    /// `of.name(`
    fn method(&self, of: Id, name: &str, out: &mut String) {
        self.write(of, Bind::Member, out);
        out.push_str(&format!(".{name}("));
    }

    fn joined(&self, ids: &[Id], between: &str, inside: Bind, out: &mut String) {
        for (index, id) in ids.iter().enumerate() {
            if index > 0 {
                out.push_str(between);
            }
            self.write(*id, inside, out);
        }
    }

    /// Operators of one strength are read from the left.
    fn infix(&self, (left, sign, right): (Id, &str, Id), bind: Bind, out: &mut String) {
        let tighter = match bind {
            Bind::Comparison => Bind::Sum,
            Bind::Sum => Bind::Product,
            _ => Bind::Unary,
        };
        self.write(left, bind, out);
        out.push_str(&format!(" {sign} "));
        self.write(right, tighter, out);
    }

    fn field(&self, of: Id, key: &Key, out: &mut String) {
        self.write(of, Bind::Member, out);
        let mut characters = key.exact.chars();
        let first = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if first && characters.all(|other| other.is_ascii_alphanumeric() || other == '_') {
            out.push('.');
            out.push_str(&key.exact);
        } else {
            out.push('[');
            quote(&key.exact, out);
            out.push(']');
        }
    }
}

fn binding(expression: &Expression) -> Bind {
    match expression {
        Expression::Choose(..) => Bind::Choice,
        Expression::Or(_) => Bind::Or,
        Expression::And(_) => Bind::And,
        Expression::Compare(..) | Expression::In(..) => Bind::Comparison,
        Expression::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..) => Bind::Sum,
        Expression::Arithmetic(Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder, ..) => {
            Bind::Product
        }
        Expression::Not(_) | Expression::Negate(_) => Bind::Unary,
        Expression::Null
        | Expression::Boolean(_)
        | Expression::Integer(_)
        | Expression::Double(_)
        | Expression::Text(_)
        | Expression::List(_)
        | Expression::Root(_)
        | Expression::Variable { .. }
        | Expression::Field(..)
        | Expression::Has(..)
        | Expression::Index(..)
        | Expression::Test(..)
        | Expression::Matches(..)
        | Expression::Size(_)
        | Expression::Each { .. } => Bind::Member,
    }
}

/// With a point or an exponent, so that it is read as a double again.
pub(super) fn double(value: f64) -> String {
    let text = format!("{value}");
    if text.contains(['.', 'e', 'E']) { text } else { format!("{text}.0") }
}

/// In double quotes, with everything escaped that would not read back, or not show.
pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("${") {
            out.push_str("$${");
            rest = behind;
            continue;
        }
        match next {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if next.escape_debug().count() > 1 && next != '\'' => {
                out.push_str(&format!("\\U{:08x}", u32::from(next)));
            }
            _ => out.push(next),
        }
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    out.push('"');
}
