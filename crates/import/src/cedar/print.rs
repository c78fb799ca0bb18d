//! Conditions of Cedar as conditions of ours.
//!
//! Cedar stops at the first part that cannot be evaluated, and leaves the policy out. Of a `permit` the same is said by `?:`,
//! since `||` and `&&` of ours may still be decided by the other side. In a `forbid` every part first asks whether there is such
//! an attribute, so that a missing one makes the part false.

use super::Wrong;
use super::tree::{Attribute, Expression, Policy};
use crate::expression::{CONDITION_BYTES_MAX, is_name, quote, valid};
use crate::fnmatch::escape;

/// The parts of `if`, and whether one of them is about the tool's name.
pub(super) fn conditions(policy: &Policy) -> Result<(Vec<String>, bool), Wrong> {
    let mut printer = Printer { permits: policy.permits, uses_tool: false, at: policy.at };
    let mut parts = Vec::new();
    for (when, expression) in &policy.conditions {
        match expression {
            Expression::And(all) if *when => {
                for one in all {
                    parts.push(printer.truth(one, false)?);
                }
            }
            one if *when => parts.push(printer.truth(one, false)?),
            one => parts.push(format!("!{}", printer.truth(one, true)?)),
        }
    }
    if parts.iter().map(String::len).sum::<usize>() > CONDITION_BYTES_MAX {
        return printer.fail("conditions that are too long to be said here", "write several policies");
    }
    Ok((parts, printer.uses_tool))
}

struct Printer {
    permits: bool,
    uses_tool: bool,
    at: usize,
}

impl Printer {
    fn fail<T>(&self, message: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
        Err(Wrong { at: self.at, length: 6, message: message.into(), help: help.into() })
    }

    /// An expression that is true or false, in brackets where it has parts. `nested`: below `!` or `||`, where it matters whether a
    /// part is false or cannot be evaluated.
    fn truth(&mut self, expression: &Expression, nested: bool) -> Result<String, Wrong> {
        Ok(match expression {
            Expression::Boolean(value) => value.to_string(),
            Expression::Not(inner) => format!("!{}", self.truth(inner, true)?),
            Expression::Or(all) => self.joined(all, nested, true)?,
            Expression::And(all) => self.joined(all, nested, false)?,
            Expression::Has(attribute) => {
                let at = self.place(attribute)?;
                if at == "tool" { "true".to_owned() } else { format!("has({at})") }
            }
            Expression::Compare(sign, left, right) => {
                let test = format!("{} {sign} {}", self.value(left)?, self.value(right)?);
                self.guarded(&[left, right], test)?
            }
            Expression::Contains(set, value) => {
                let test = format!("{} in {}", self.value(value)?, self.value(set)?);
                self.guarded(&[set, value], test)?
            }
            Expression::Like(left, pattern) => {
                let expression = wildcards(pattern);
                if valid(&expression).is_err() {
                    return self.fail("a pattern that is too long", "shorten it");
                }
                let test = format!("{}.matches({})", self.value(left)?, quote(&expression));
                self.guarded(&[left], test)?
            }
            Expression::Attribute(_) => {
                let test = format!("{} == true", self.value(expression)?);
                self.guarded(&[expression], test)?
            }
            Expression::Text(_) | Expression::Number(_) | Expression::Set(_) => {
                return self.fail("a value where something true or false belongs", "compare it");
            }
        })
    }

    fn joined(&mut self, all: &[Expression], nested: bool, or: bool) -> Result<String, Wrong> {
        let mut parts = Vec::new();
        for one in all {
            parts.push(self.truth(one, nested || or)?);
        }
        // Where what comes first may fail, the rest must not decide. Joined by `&&`, both mean that a permit is silent.
        let first_counts = self.permits && (or || nested) && all.iter().any(may_fail);
        if !first_counts {
            return Ok(format!("({})", parts.join(if or { " || " } else { " && " })));
        }
        let mut out = parts.pop().unwrap_or_default();
        while let Some(part) = parts.pop() {
            out = if or { format!("({part} ? true : {out})") } else { format!("({part} ? {out} : false)") };
        }
        Ok(out)
    }

    /// A test, behind the question whether its attributes are there, where that matters.
    fn guarded(&mut self, of: &[&Expression], test: String) -> Result<String, Wrong> {
        let mut parts = Vec::new();
        if !self.permits {
            for one in of {
                if let Expression::Attribute(attribute) = one {
                    let at = self.place(attribute)?;
                    if at != "tool" {
                        parts.push(format!("has({at})"));
                    }
                }
            }
        }
        parts.push(test);
        Ok(format!("({})", parts.join(" && ")))
    }

    fn value(&mut self, expression: &Expression) -> Result<String, Wrong> {
        Ok(match expression {
            Expression::Text(text) if !text.starts_with('\0') => quote(text),
            Expression::Number(number) => number.to_string(),
            Expression::Boolean(value) => value.to_string(),
            Expression::Attribute(attribute) => self.place(attribute)?,
            Expression::Set(all) => {
                let mut values = Vec::new();
                for one in all {
                    values.push(self.value(one)?);
                }
                format!("[{}]", values.join(", "))
            }
            _ => {
                return self.fail(
                    "a part of a comparison that is not translated",
                    "compare attributes, texts and whole numbers",
                );
            }
        })
    }

    /// What an attribute is called here.
    fn place(&mut self, attribute: &Attribute) -> Result<String, Wrong> {
        let fail = |message: String, help: &str| {
            Err(Wrong { at: attribute.at, length: attribute.length, message, help: help.to_owned() })
        };
        let name = attribute.name.as_str();
        if let Some(claim) = name.strip_prefix("claim_").filter(|_| attribute.root != "resource") {
            return Ok(member("principal.claims", claim));
        }
        if let Some(argument) = name.strip_prefix("arg_").filter(|_| attribute.root != "principal") {
            if argument.ends_with("_present") {
                return fail(
                    format!("`{name}`, which stands for an argument that is no plain value"),
                    "ask for the argument itself, in `args`",
                );
            }
            return Ok(member("args", argument));
        }
        if attribute.root == "resource" && name == "name" {
            self.uses_tool = true;
            return Ok("tool".to_owned());
        }
        fail(
            format!("the attribute `{}.{name}` is not known", attribute.root),
            "`context.arg_…`, `resource.arg_…`, `principal.claim_…`, `context.claim_…`, `resource.name`",
        )
    }
}

fn member(of: &str, name: &str) -> String {
    if is_name(name) { format!("{of}.{name}") } else { format!("{of}[{}]", quote(name)) }
}

/// True if evaluating it may fail: it looks at an attribute.
fn may_fail(expression: &Expression) -> bool {
    match expression {
        Expression::Or(all) | Expression::And(all) | Expression::Set(all) => all.iter().any(may_fail),
        Expression::Not(inner) | Expression::Like(inner, _) => may_fail(inner),
        Expression::Compare(_, left, right) | Expression::Contains(left, right) => {
            may_fail(left) || may_fail(right)
        }
        Expression::Attribute(_) => true,
        Expression::Has(_) | Expression::Text(_) | Expression::Number(_) | Expression::Boolean(_) => false,
    }
}

/// A pattern of `like` as an expression over the whole text.
fn wildcards(pattern: &str) -> String {
    let mut out = String::from("(?s:^");
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => out.push_str(".*"),
            '\0' => {
                rest.next();
                out.push_str("\\*");
            }
            other => escape(other, &mut out),
        }
    }
    out.push_str("$)");
    out
}
