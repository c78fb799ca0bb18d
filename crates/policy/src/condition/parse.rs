//! From tokens to expressions, with the precedence of CEL. A mistake in the grammar ends a condition; unknown names do not, so
//! that all of them are found.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Fault;
use super::lex::{Token, tokens};
use super::tree::{Arithmetic, Comparison, Condition, Expression, Id, Node};
use crate::bounds::{CONDITION_BYTES_MAX, CONDITION_DEPTH_MAX, CONDITION_NODES_MAX};
use crate::set::Set;

/// Parses `text`.
///
/// # Errors
/// All mistakes that were found.
pub(super) fn parse(text: &str, vars: &BTreeMap<String, String>) -> Result<Condition, Vec<Fault>> {
    if text.len() > CONDITION_BYTES_MAX {
        let message = format!("a condition longer than {CONDITION_BYTES_MAX} bytes");
        return Err(vec![Fault { span: 0..0, message, help: Some("write several rules".into()) }]);
    }
    let tokens = tokens(text, vars).map_err(|fault| vec![fault])?;
    let mut parser = Parser {
        tokens,
        at: 0,
        nesting: 0,
        nodes: Vec::new(),
        heights: Vec::new(),
        patterns: Vec::new(),
        variables: Vec::new(),
        faults: Vec::new(),
    };
    let root = parser.whole();
    let Parser { nodes, patterns, mut faults, .. } = parser;
    match root {
        Ok(root) if faults.is_empty() => Ok(Condition { nodes, root, patterns }),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

pub(super) struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    nesting: usize,
    nodes: Vec<Node>,
    /// Of the tree below each node.
    heights: Vec<usize>,
    pub(super) patterns: Vec<Set>,
    /// The names of the enclosing quantifiers' variables.
    pub(super) variables: Vec<String>,
    pub(super) faults: Vec<Fault>,
}

impl Parser {
    fn whole(&mut self) -> Result<Id, Fault> {
        if self.peek() == &Token::End {
            return self.fail("an empty condition", "write what must be true: `args.amount <= 50`");
        }
        let root = self.expression()?;
        if self.peek() == &Token::End { Ok(root) } else { self.unexpected("an operator, or the end") }
    }

    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn place(&self) -> Range<usize> {
        let last = || self.tokens.last().map_or(0..0, |(_, span)| span.clone());
        self.tokens.get(self.at).map_or_else(last, |(_, span)| span.clone())
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = self.at.saturating_add(1);
        token
    }

    pub(super) fn is_next(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(next) if *next == sign)
    }

    /// Takes `sign`, if it is next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let is = self.is_next(sign);
        if is {
            self.at = self.at.saturating_add(1);
        }
        is
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.take(sign) { Ok(()) } else { self.unexpected(&format!("`{sign}`")) }
    }

    pub(super) fn fail<T>(&self, message: impl Into<String>, help: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { span: self.place(), message: message.into(), help: Some(help.into()) })
    }

    pub(super) fn unexpected<T>(&self, wanted: &str) -> Result<T, Fault> {
        let (found, help) = match self.peek() {
            Token::End => ("the condition ends".to_owned(), None),
            Token::Name(name) => {
                let word = match name.as_str() {
                    "and" | "AND" => Some("write `&&`"),
                    "or" | "OR" => Some("write `||`"),
                    "not" | "NOT" => Some("write `!`"),
                    _ => None,
                };
                (format!("unexpected `{name}`"), word)
            }
            Token::Integer(_) | Token::Double(_) => ("unexpected number".to_owned(), None),
            Token::Text { .. } => ("unexpected text".to_owned(), None),
            Token::Sign(sign) => (format!("unexpected `{sign}`"), None),
        };
        let help = help.map_or_else(|| format!("{wanted} belongs here"), str::to_owned);
        self.fail(found, help)
    }

    /// Adds a node that reaches from `start` to the last token.
    pub(super) fn add(&mut self, start: usize, expression: Expression) -> Result<Id, Fault> {
        let below = expression.children();
        let height = below.iter().filter_map(|id| self.heights.get(*id as usize)).max();
        let height = height.copied().unwrap_or(0).saturating_add(1);
        let end =
            self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |(_, span)| span.end);
        let span = start..end.max(start);
        if height > CONDITION_DEPTH_MAX {
            return Err(too_deep(span));
        }
        if self.nodes.len() >= CONDITION_NODES_MAX {
            let message = format!("a condition of more than {CONDITION_NODES_MAX} parts");
            return Err(Fault { span, message, help: Some("write several rules".into()) });
        }
        let id = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
        self.nodes.push(Node { span, expression });
        self.heights.push(height);
        Ok(id)
    }

    pub(super) fn nodes(&self, id: Id) -> &Expression {
        self.nodes.get(id as usize).map_or(&Expression::Null, |node| &node.expression)
    }

    pub(super) fn start_of(&self, id: Id) -> usize {
        self.nodes.get(id as usize).map_or(0, |node| node.span.start)
    }

    /// `a ? b : c`, and everything that binds tighter.
    pub(super) fn expression(&mut self) -> Result<Id, Fault> {
        self.deeper(|parser| {
            let start = parser.place().start;
            let condition = parser.joined("||")?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let then = parser.joined("||")?;
            parser.expect(":")?;
            let otherwise = parser.expression()?;
            parser.add(start, Expression::Choose(condition, then, otherwise))
        })
    }

    /// Bounds the recursion of the parser itself.
    fn deeper(&mut self, parse: impl FnOnce(&mut Parser) -> Result<Id, Fault>) -> Result<Id, Fault> {
        if self.nesting >= CONDITION_DEPTH_MAX {
            return Err(too_deep(self.place()));
        }
        self.nesting = self.nesting.saturating_add(1);
        let parsed = parse(self);
        self.nesting = self.nesting.saturating_sub(1);
        parsed
    }

    /// Operands of `||`, or of `&&` inside of them.
    fn joined(&mut self, sign: &'static str) -> Result<Id, Fault> {
        let start = self.place().start;
        let or = sign == "||";
        let mut operands = vec![if or { self.joined("&&")? } else { self.comparison()? }];
        while self.take(sign) {
            operands.push(if or { self.joined("&&")? } else { self.comparison()? });
        }
        match operands.as_slice() {
            [one] => Ok(*one),
            _ if or => self.add(start, Expression::Or(operands.into())),
            _ => self.add(start, Expression::And(operands.into())),
        }
    }

    fn comparison(&mut self) -> Result<Id, Fault> {
        let start = self.place().start;
        let mut left = self.sum()?;
        loop {
            if matches!(self.peek(), Token::Name(name) if name == "in") {
                self.next();
                let right = self.sum()?;
                left = self.add(start, Expression::In(left, right))?;
                continue;
            }
            let found = Comparison::ALL.iter().find(|(sign, _)| self.is_next(sign));
            let Some((_, comparison)) = found.copied() else { return Ok(left) };
            self.next();
            let right = self.sum()?;
            left = self.add(start, Expression::Compare(comparison, left, right))?;
        }
    }

    fn sum(&mut self) -> Result<Id, Fault> {
        self.chain(&["+", "-"], Parser::product)
    }

    fn product(&mut self) -> Result<Id, Fault> {
        self.chain(&["*", "/", "%"], Parser::unary)
    }

    fn chain(&mut self, signs: &[&str], operand: fn(&mut Parser) -> Result<Id, Fault>) -> Result<Id, Fault> {
        let start = self.place().start;
        let mut left = operand(self)?;
        loop {
            let found = Arithmetic::ALL.iter().find(|(sign, _)| signs.contains(sign) && self.is_next(sign));
            let Some((_, arithmetic)) = found.copied() else { return Ok(left) };
            self.next();
            let right = operand(self)?;
            left = self.add(start, Expression::Arithmetic(arithmetic, left, right))?;
        }
    }

    fn unary(&mut self) -> Result<Id, Fault> {
        let start = self.place().start;
        if self.take("!") {
            return self.deeper(|parser| {
                let operand = parser.unary()?;
                parser.add(start, Expression::Not(operand))
            });
        }
        if self.take("-") {
            // The sign belongs to a literal right behind it, as in CEL: what follows is about the negative number.
            let literal = match self.peek() {
                Token::Integer(integer) => Some(Expression::Integer(integer.saturating_neg())),
                Token::Double(double) => Some(Expression::Double(-double)),
                _ => None,
            };
            if let Some(literal) = literal {
                self.next();
                let literal = self.add(start, literal)?;
                return self.members(literal);
            }
            return self.deeper(|parser| {
                let operand = parser.unary()?;
                let negated = match parser.nodes(operand) {
                    Expression::Integer(integer) => Expression::Integer(integer.saturating_neg()),
                    Expression::Double(double) => Expression::Double(-double),
                    _ => Expression::Negate(operand),
                };
                parser.add(start, negated)
            });
        }
        let primary = self.primary()?;
        self.members(primary)
    }
}

fn too_deep(span: Range<usize>) -> Fault {
    let message = format!("a condition nested deeper than {CONDITION_DEPTH_MAX} levels");
    Fault { span, message, help: Some("write several rules".into()) }
}
