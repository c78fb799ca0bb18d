//! The part of the grammar that has names in it: fields, functions and quantifiers.

use std::ops::Range;

use super::Fault;
use super::lex::Token;
use super::parse::Parser;
use super::tree::{Expression, Id, Key, Quantifier, Root, Test};
use crate::bounds::CONDITION_VARIABLES_MAX;
use crate::set::{Set, Syntax};
use crate::words::Words;

/// What a condition can begin a name with.
const ROOTS: Words = Words {
    valid: &["args", "principal", "tool", "server", "labels"],
    later: &["run", "now"],
    elsewhere: &[
        ("arguments", "args"),
        ("params", "args"),
        ("input", "args"),
        ("user", "principal"),
        ("subject", "principal"),
        ("role", "principal.roles"),
        ("roles", "principal.roles"),
        ("name", "tool"),
        ("label", "labels"),
    ],
};

const PRINCIPAL: Words = Words {
    valid: &["id", "roles", "scopes", "claims"],
    later: &[],
    elsewhere: &[
        ("name", "id"),
        ("sub", "id"),
        ("role", "roles"),
        ("scope", "scopes"),
        ("attributes", "claims"),
    ],
};

const FUNCTIONS: Words = Words {
    valid: &["size", "has", "startsWith", "endsWith", "contains", "matches", "all", "exists", "exists_one"],
    later: &["map", "filter"],
    elsewhere: &[
        ("len", "size"),
        ("length", "size"),
        ("any", "exists"),
        ("every", "all"),
        ("match", "matches"),
        ("beginsWith", "startsWith"),
        ("includes", "contains"),
        ("exists_all", "all"),
    ],
};

impl Parser {
    pub(super) fn primary(&mut self) -> Result<Id, Fault> {
        let span = self.place();
        let start = span.start;
        let expression = match self.peek().clone() {
            Token::Name(name) => return self.named(&name, span),
            Token::Integer(integer) => Expression::Integer(integer),
            Token::Double(double) => Expression::Double(double),
            Token::Text { text, .. } => Expression::Text(text.into()),
            Token::Sign("(") => {
                self.next();
                let inside = self.expression()?;
                self.expect(")")?;
                return Ok(inside);
            }
            Token::Sign("[") => {
                self.next();
                let elements = self.arguments("]")?;
                return self.add(start, Expression::List(elements.into()));
            }
            Token::Sign(_) | Token::End => return self.unexpected("a value"),
        };
        self.next();
        self.add(start, expression)
    }

    /// Values with commas between them, up to `close`.
    fn arguments(&mut self, close: &str) -> Result<Vec<Id>, Fault> {
        let mut out = Vec::new();
        while !self.take(close) {
            out.push(self.expression()?);
            if !self.take(",") && !self.is_next(close) {
                return self.unexpected(&format!("`,` or `{close}`"));
            }
        }
        Ok(out)
    }

    /// Something wrong that does not keep the rest from being read.
    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Fault { span, message: message.into(), help: Some(help.into()) });
    }

    fn unknown(&mut self, span: Range<usize>, words: &Words, name: &str, what: &str) {
        let (message, help) = words.about(name, what);
        self.faults.push(Fault { span, message, help });
    }

    fn named(&mut self, name: &str, span: Range<usize>) -> Result<Id, Fault> {
        let start = span.start;
        if name == "in" {
            return self.unexpected("a value");
        }
        self.next();
        match name {
            "true" => return self.add(start, Expression::Boolean(true)),
            "false" => return self.add(start, Expression::Boolean(false)),
            "null" => return self.add(start, Expression::Null),
            _ => {}
        }
        if self.is_next("(") {
            return self.function(name, span);
        }
        if let Some(slot) = self.variables.iter().rposition(|variable| variable == name) {
            return self.add(start, Expression::Variable { slot, name: name.into() });
        }
        let root = match name {
            "args" => Root::Args,
            "tool" => Root::Tool,
            "server" => Root::Server,
            "labels" => Root::Labels,
            "principal" => return self.principal(span),
            _ => {
                self.unknown(span, &ROOTS, name, "name");
                // What the name was meant for is not known, so neither are its members.
                Root::Args
            }
        };
        self.add(start, Expression::Root(root))
    }

    fn principal(&mut self, span: Range<usize>) -> Result<Id, Fault> {
        let start = span.start;
        if !self.take(".") {
            self.wrong(span, "`principal` is not a value", "write `principal.id`, or roles, scopes, claims");
            return self.add(start, Expression::Null);
        }
        let place = self.place();
        let Token::Name(field) = self.next() else { return self.unexpected("a name") };
        let root = match field.as_str() {
            "id" => Root::PrincipalId,
            "roles" => Root::PrincipalRoles,
            "scopes" => Root::PrincipalScopes,
            "claims" => Root::PrincipalClaims,
            _ => {
                self.unknown(place, &PRINCIPAL, &field, "field of `principal`");
                Root::PrincipalId
            }
        };
        self.add(start, Expression::Root(root))
    }

    /// `size(x)` and `has(x.y)`; the name is taken, the bracket is next.
    fn function(&mut self, name: &str, span: Range<usize>) -> Result<Id, Fault> {
        let start = span.start;
        self.take("(");
        let arguments = self.arguments(")")?;
        match (name, arguments.as_slice()) {
            ("size", [of]) => self.add(start, Expression::Size(*of)),
            ("has", [of]) => match self.nodes(*of).clone() {
                Expression::Field(of, key) => self.add(start, Expression::Has(of, key)),
                _ => {
                    self.wrong(
                        span,
                        "`has` is about a member",
                        "write `has(args.name)`, or `\"name\" in args`",
                    );
                    self.add(start, Expression::Boolean(false))
                }
            },
            ("size" | "has", _) => {
                self.wrong(span, format!("`{name}` takes one value"), format!("write `{name}(args.name)`"));
                self.add(start, Expression::Null)
            }
            _ => {
                if FUNCTIONS.valid.contains(&name) {
                    let help = format!("write `args.name.{name}(…)`");
                    self.wrong(span, format!("`{name}` stands behind a value"), help);
                } else {
                    self.unknown(span, &FUNCTIONS, name, "function");
                }
                self.add(start, Expression::Null)
            }
        }
    }

    /// What follows a value: `.name`, `.function(…)`, `[index]`.
    pub(super) fn members(&mut self, first: Id) -> Result<Id, Fault> {
        let mut of = first;
        loop {
            let start = self.start_of(of);
            if self.take("[") {
                let index = self.expression()?;
                self.expect("]")?;
                let expression = match self.nodes(index) {
                    Expression::Text(key) => Expression::Field(of, Key::new(key)),
                    _ => Expression::Index(of, index),
                };
                of = self.add(start, expression)?;
            } else if self.take(".") {
                let span = self.place();
                let Token::Name(name) = self.peek().clone() else { return self.unexpected("a name") };
                self.next();
                of = if self.take("(") {
                    self.method(of, &name, span)?
                } else {
                    self.add(start, Expression::Field(of, Key::new(&name)))?
                };
            } else {
                return Ok(of);
            }
        }
    }

    fn method(&mut self, of: Id, name: &str, span: Range<usize>) -> Result<Id, Fault> {
        let start = self.start_of(of);
        if let Some((_, quantifier)) = Quantifier::ALL.iter().find(|(word, _)| *word == name) {
            return self.each(of, *quantifier, name);
        }
        if FUNCTIONS.later.contains(&name) {
            self.unknown(span, &FUNCTIONS, name, "function");
            return self.skipped(start);
        }
        if name == "matches" {
            return self.matches(of);
        }
        let arguments = self.arguments(")")?;
        let test = Test::ALL.iter().find(|(word, _)| *word == name);
        match (name, test, arguments.as_slice()) {
            ("size", _, []) => self.add(start, Expression::Size(of)),
            (_, Some((_, test)), [with]) => self.add(start, Expression::Test(*test, of, *with)),
            (_, Some(_), _) => {
                self.wrong(span, format!("`{name}` takes one text"), format!("write `{name}('…')`"));
                self.add(start, Expression::Boolean(false))
            }
            ("size", ..) => {
                self.wrong(span, "`size` takes nothing here", "write `size(x)` or `x.size()`");
                self.add(start, Expression::Null)
            }
            _ => {
                self.unknown(span, &FUNCTIONS, name, "function");
                self.add(start, Expression::Null)
            }
        }
    }

    /// Goes behind the bracket that closes the one that is open, without looking at what is in it.
    fn skipped(&mut self, start: usize) -> Result<Id, Fault> {
        let mut open: usize = 1;
        while open > 0 {
            match self.next() {
                Token::Sign("(") => open = open.saturating_add(1),
                Token::Sign(")") => open = open.saturating_sub(1),
                Token::End => return self.unexpected("`)`"),
                _ => {}
            }
        }
        self.add(start, Expression::Null)
    }

    /// A pattern is a literal: it is compiled once, and no call can bring one.
    fn matches(&mut self, of: Id) -> Result<Id, Fault> {
        let (start, span) = (self.start_of(of), self.place());
        let Token::Text { pattern, .. } = self.peek().clone() else {
            return self.fail("`matches` takes a quoted regex", "write `matches('^[a-z]+$')`");
        };
        self.next();
        self.expect(")")?;
        match Set::new(std::slice::from_ref(&pattern), Syntax::Regex) {
            Ok(set) => self.patterns.push(set),
            Err(cause) => {
                let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let help = "look-around and back-references do not exist here; matching takes linear time";
                self.wrong(span, format!("not a valid regex: {cause}"), help);
            }
        }
        let index = self.patterns.len().saturating_sub(1);
        self.add(start, Expression::Matches(of, index, pattern.into()))
    }

    /// `range.all(x, …)`; the bracket is taken.
    fn each(&mut self, range: Id, quantifier: Quantifier, word: &str) -> Result<Id, Fault> {
        let (start, span) = (self.start_of(range), self.place());
        let help = format!("write `{word}(x, …)`, where x stands for each element");
        let Token::Name(name) = self.next() else {
            return Err(Fault { span, message: format!("`{word}` without a variable"), help: Some(help) });
        };
        if RESERVED.contains(&name.as_str()) {
            self.wrong(span.clone(), format!("`{name}` cannot be a variable"), "choose another name");
        }
        self.expect(",")?;
        if self.variables.len() >= CONDITION_VARIABLES_MAX {
            let message = format!("more than {CONDITION_VARIABLES_MAX} `all` and `exists` in each other");
            return Err(Fault { span, message, help: Some("write several rules".into()) });
        }
        let slot = self.variables.len();
        self.variables.push(name.clone());
        let body = self.expression();
        self.variables.pop();
        let body = body?;
        self.expect(")")?;
        self.add(start, Expression::Each { quantifier, range, slot, name: name.into(), body })
    }
}

/// A variable by one of these names would hide what everybody reads it as.
const RESERVED: [&str; 8] = ["args", "principal", "tool", "server", "labels", "true", "false", "null"];
