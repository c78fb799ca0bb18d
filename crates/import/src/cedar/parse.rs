//! From tokens to policies.

use super::Wrong;
use super::lex::{Placed, Token, tokens};
use super::tree::{Attribute, Entity, Expression, Policy, Who};

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

pub(super) fn policies(text: &str) -> Result<Vec<Policy>, Wrong> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let mut out = Vec::new();
    while *parser.peek() != Token::End {
        out.push(parser.policy()?);
    }
    if out.is_empty() {
        return Err(Wrong {
            at: 0,
            length: 0,
            message: "no policy".to_owned(),
            help: "write `permit(…);`".to_owned(),
        });
    }
    Ok(out)
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, ..)| token)
    }

    fn place(&self) -> (usize, usize) {
        self.tokens.get(self.next).or(self.tokens.last()).map_or((0, 0), |(_, at, length)| (*at, *length))
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = self.next.saturating_add(1);
        token
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Token::Sign(next) if *next == sign);
        self.next = self.next.saturating_add(usize::from(is));
        is
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Token::Name(next) if next == word);
        self.next = self.next.saturating_add(usize::from(is));
        is
    }

    fn fail<T>(&self, message: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
        let (at, length) = self.place();
        Err(Wrong { at, length, message: message.into(), help: help.into() })
    }

    fn expect(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.sign(sign) { Ok(()) } else { self.unexpected(&format!("`{sign}` belongs here")) }
    }

    fn unexpected<T>(&self, help: &str) -> Result<T, Wrong> {
        let found = match self.peek() {
            Token::Name(name) => format!("unexpected `{name}`"),
            Token::Text(..) => "unexpected text".to_owned(),
            Token::Number(number) => format!("unexpected `{number}`"),
            Token::Sign(sign) => format!("unexpected `{sign}`"),
            Token::End => "the text ends".to_owned(),
        };
        self.fail(found, help)
    }

    fn policy(&mut self) -> Result<Policy, Wrong> {
        let mut id = None;
        while self.sign("@") {
            let Token::Name(name) = self.take() else { return self.unexpected("the name of an annotation") };
            if self.sign("(") {
                let Token::Text(text, _) = self.take() else { return self.unexpected("a text") };
                self.expect(")")?;
                if name == "id" {
                    id = Some(text);
                }
            }
        }
        let (at, _) = self.place();
        let permits = self.word("permit");
        if !permits && !self.word("forbid") {
            return self.unexpected("`permit` or `forbid` belongs here");
        }
        self.expect("(")?;
        let who = self.principal()?;
        self.expect(",")?;
        let actions = self.actions()?;
        self.expect(",")?;
        let (resource, resource_type) = self.resource()?;
        self.sign(",");
        self.expect(")")?;
        let mut conditions = Vec::new();
        loop {
            let when = self.word("when");
            if !when && !self.word("unless") {
                break;
            }
            self.expect("{")?;
            conditions.push((when, self.or()?));
            self.expect("}")?;
        }
        self.expect(";")?;
        Ok(Policy { at, id, permits, who, actions, resource, resource_type, conditions })
    }

    fn named(&mut self, word: &str) -> Result<(), Wrong> {
        if self.word(word) { Ok(()) } else { self.unexpected(&format!("`{word}` belongs here")) }
    }

    fn principal(&mut self) -> Result<Who, Wrong> {
        self.named("principal")?;
        if self.sign("==") {
            return Ok(Who::Is(self.entity()?));
        }
        if self.word("in") {
            let (at, length) = self.place();
            let entity = self.entity()?;
            if !["Role", "Group", "THVGroup"].contains(&entity.kind.as_str()) {
                let message =
                    format!("`principal in {}` is about entities that are not known here", entity.kind);
                return Err(Wrong {
                    at,
                    length,
                    message,
                    help: "a role or a group: `principal in Role::\"dev\"`".to_owned(),
                });
            }
            return Ok(Who::In(entity));
        }
        if self.word("is") {
            let (at, length) = self.place();
            let kind = self.kind()?;
            if kind != "Client" && kind != "User" {
                let help = "callers are `Client`".to_owned();
                return Err(Wrong {
                    at,
                    length,
                    message: format!("principals of the kind `{kind}` are not known"),
                    help,
                });
            }
            if matches!(self.peek(), Token::Name(word) if word == "in") {
                return self.unexpected("write `principal in …` alone");
            }
        }
        Ok(Who::Anybody)
    }

    fn actions(&mut self) -> Result<Option<Vec<String>>, Wrong> {
        self.named("action")?;
        if self.sign("==") {
            return Ok(Some(vec![self.action()?]));
        }
        if !self.word("in") {
            return Ok(None);
        }
        if !self.sign("[") {
            return Ok(Some(vec![self.action()?]));
        }
        let mut out = Vec::new();
        while !self.sign("]") {
            out.push(self.action()?);
            self.sign(",");
        }
        Ok(Some(out))
    }

    fn action(&mut self) -> Result<String, Wrong> {
        let (at, length) = self.place();
        let entity = self.entity()?;
        if entity.kind != "Action" {
            let message = format!("`{}` is no action", entity.kind);
            return Err(Wrong { at, length, message, help: "write `Action::\"call_tool\"`".to_owned() });
        }
        Ok(entity.id)
    }

    fn resource(&mut self) -> Result<(Option<Entity>, Option<String>), Wrong> {
        self.named("resource")?;
        if self.sign("==") {
            return Ok((Some(self.entity()?), None));
        }
        if self.word("is") {
            return Ok((None, Some(self.kind()?)));
        }
        if matches!(self.peek(), Token::Name(word) if word == "in") {
            return self.unexpected("`resource ==` or `resource is`: what lies in what is not known here");
        }
        Ok((None, None))
    }

    /// `A::B`, of which the last counts.
    fn kind(&mut self) -> Result<String, Wrong> {
        let Token::Name(mut kind) = self.take() else { return self.unexpected("the name of a kind") };
        while self.sign("::") {
            let Token::Name(more) = self.take() else { return self.unexpected("the name of a kind") };
            kind = more;
        }
        Ok(kind)
    }

    fn entity(&mut self) -> Result<Entity, Wrong> {
        let Token::Name(mut kind) = self.take() else {
            return self.unexpected("an entity: `Tool::\"name\"`");
        };
        loop {
            self.expect("::")?;
            match self.take() {
                Token::Name(more) => kind = more,
                Token::Text(id, _) => return Ok(Entity { kind, id }),
                _ => return self.unexpected("an entity: `Tool::\"name\"`"),
            }
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Parser) -> Result<T, Wrong>) -> Result<T, Wrong> {
        if self.depth >= DEPTH_MAX {
            return self.fail(format!("nested deeper than {DEPTH_MAX} levels"), "write several policies");
        }
        self.depth = self.depth.saturating_add(1);
        let out = parse(self);
        self.depth = self.depth.saturating_sub(1);
        out
    }

    fn or(&mut self) -> Result<Expression, Wrong> {
        self.deeper(|parser| {
            let mut all = vec![parser.and()?];
            while parser.sign("||") {
                all.push(parser.and()?);
            }
            Ok(if all.len() == 1 { all.remove(0) } else { Expression::Or(all) })
        })
    }

    fn and(&mut self) -> Result<Expression, Wrong> {
        let mut all = vec![self.relation()?];
        while self.sign("&&") {
            all.push(self.relation()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn relation(&mut self) -> Result<Expression, Wrong> {
        let left = self.unary()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                return Ok(Expression::Compare(sign, Box::new(left), Box::new(self.unary()?)));
            }
        }
        if self.word("like") {
            let Token::Text(_, pattern) = self.take() else { return self.unexpected("a pattern") };
            return Ok(Expression::Like(Box::new(left), pattern));
        }
        if self.word("has") {
            let Expression::Attribute(of) = left else { return self.has(left) };
            return self.fail(format!("`has` inside of `{}`", of.name), "write `context has arg_name`");
        }
        if let Token::Name(word) = self.peek()
            && ["in", "is"].contains(&word.as_str())
        {
            return self.unexpected("in conditions: comparisons, `like`, `has` and `contains`");
        }
        Ok(left)
    }

    /// `context has arg_city`; the root came as a text that nothing else makes.
    fn has(&mut self, left: Expression) -> Result<Expression, Wrong> {
        let Expression::Text(root) = left else { return self.unexpected("`context has name`") };
        let Some(root) = root.strip_prefix(ROOT) else { return self.unexpected("`context has name`") };
        let (at, length) = self.place();
        let name = match self.take() {
            Token::Name(name) | Token::Text(name, _) => name,
            _ => return self.unexpected("the name of an attribute"),
        };
        Ok(Expression::Has(Attribute { root: root.to_owned(), name, at, length }))
    }

    fn unary(&mut self) -> Result<Expression, Wrong> {
        if self.sign("!") {
            return self.deeper(|parser| Ok(Expression::Not(Box::new(parser.unary()?))));
        }
        if self.sign("-") {
            let Token::Number(number) = self.take() else { return self.unexpected("a number") };
            return Ok(Expression::Number(number.saturating_neg()));
        }
        let mut value = self.primary()?;
        while self.sign(".") {
            let Token::Name(method) = self.take() else { return self.unexpected("`contains`") };
            if method != "contains" {
                return self.fail(
                    format!("`{method}` is not translated"),
                    "write `.contains(value)`, or several policies",
                );
            }
            self.expect("(")?;
            let with = self.or()?;
            self.expect(")")?;
            value = Expression::Contains(Box::new(value), Box::new(with));
        }
        Ok(value)
    }

    fn primary(&mut self) -> Result<Expression, Wrong> {
        let (at, length) = self.place();
        match self.peek().clone() {
            Token::Text(text, _) => {
                self.take();
                Ok(Expression::Text(text))
            }
            Token::Number(number) => {
                self.take();
                Ok(Expression::Number(number))
            }
            Token::Sign("(") => {
                self.take();
                let inside = self.or()?;
                self.expect(")")?;
                Ok(inside)
            }
            Token::Sign("[") => {
                self.take();
                let mut all = Vec::new();
                while !self.sign("]") {
                    all.push(self.or()?);
                    self.sign(",");
                }
                Ok(Expression::Set(all))
            }
            Token::Name(name) => {
                self.take();
                match name.as_str() {
                    "true" => return Ok(Expression::Boolean(true)),
                    "false" => return Ok(Expression::Boolean(false)),
                    "context" | "principal" | "resource" => {}
                    other => {
                        let message = format!("`{other}` is not translated");
                        let help =
                            "attributes of `context`, `principal` and `resource`, texts, whole numbers"
                                .to_owned();
                        return Err(Wrong { at, length, message, help });
                    }
                }
                self.attribute(name, at)
            }
            Token::Sign(_) | Token::End => self.unexpected("a value"),
        }
    }

    fn attribute(&mut self, root: String, at: usize) -> Result<Expression, Wrong> {
        let name = if self.sign("[") {
            let Token::Text(name, _) = self.take() else {
                return self.unexpected("the name of an attribute");
            };
            self.expect("]")?;
            name
        } else if self.sign(".") {
            let Token::Name(name) = self.take() else { return self.unexpected("the name of an attribute") };
            name
        } else if matches!(self.peek(), Token::Name(word) if word == "has") {
            return Ok(Expression::Text(format!("{ROOT}{root}")));
        } else {
            let message = format!("`{root}` as a whole is not translated");
            return Err(Wrong {
                at,
                length: root.len(),
                message,
                help: "name one of its attributes".to_owned(),
            });
        };
        let (end, _) = self.place();
        Ok(Expression::Attribute(Attribute { root, name, at, length: end.saturating_sub(at) }))
    }
}

/// Marks the root of `has`; no text holds a NUL.
const ROOT: &str = "\0";
/// Deepest nesting of a condition, so that it fits the bounds of ours.
const DEPTH_MAX: usize = 8;
