//! Reading, by the rules of Python's `re`.

use super::class::{Escaped, class, escaped};
use super::tree::{Class, Flags, Item, Node};

pub(super) struct Parser<'t> {
    rest: &'t str,
    start: bool,
    flags: Flags,
    depth: usize,
}

pub(super) fn parse(written: &str) -> Result<Node, String> {
    let mut parser = Parser { rest: written, start: true, flags: Flags::default(), depth: 0 };
    let node = parser.alternatives()?;
    if parser.rest.is_empty() { Ok(node) } else { Err("a bracket `)` without its beginning".to_owned()) }
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to `most` characters of a kind.
    pub(super) fn run(&mut self, most: usize, of: impl Fn(char) -> bool) -> String {
        let run: String = self.rest.chars().take(most).take_while(|c| of(*c)).collect();
        self.rest = self.rest.get(run.len()..).unwrap_or_default();
        run
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(format!("brackets deeper than {DEPTH_MAX}"));
        }
        let mut branches = vec![self.branch()?];
        while self.take("|") {
            self.start = false;
            branches.push(self.branch()?);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alt(branches) })
    }

    fn branch(&mut self) -> Result<Node, String> {
        let mut nodes: Vec<Node> = Vec::new();
        loop {
            if self.flags.verbose {
                self.run(usize::MAX, |c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}'));
                if self.take("#") {
                    self.run(usize::MAX, |c| c != '\n');
                    continue;
                }
            }
            let Some(character) = self.peek().filter(|c| !matches!(c, '|' | ')')) else { break };
            if let Some(bounds) = self.quantifier(character)? {
                let Some(last) = nodes.pop().filter(is_repeatable) else {
                    return Err("nothing to repeat".to_owned());
                };
                nodes.push(self.repeated(last, bounds)?);
                continue;
            }
            nodes.extend(self.atom()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Cat(nodes) })
    }

    fn quantifier(&mut self, character: char) -> Result<Option<(u32, Option<u32>)>, String> {
        let simple = match character {
            '*' => Some((0, None)),
            '+' => Some((1, None)),
            '?' => Some((0, Some(1))),
            '{' => return self.counted(),
            _ => None,
        };
        if simple.is_some() {
            self.next();
        }
        Ok(simple)
    }

    /// `{2}`, `{2,}`, `{,3}`, `{2,3}`; everything else is a bracket as a character.
    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let inside = self.rest.get(1..).unwrap_or_default();
        let Some((inside, behind)) = inside.split_once('}') else { return Ok(None) };
        let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        if inside.is_empty() || !digits(low) || !digits(high) {
            return Ok(None);
        }
        let number = |text: &str| text.parse::<u32>().map_err(|_| "a great number of repetitions".to_owned());
        let low = if low.is_empty() { 0 } else { number(low)? };
        let high = if high.is_empty() { None } else { Some(number(high)?) };
        if high.is_some_and(|high| high < low) {
            return Err("repetitions that fall".to_owned());
        }
        self.rest = behind;
        Ok(Some((low, high)))
    }

    fn repeated(&mut self, node: Node, (low, high): (u32, Option<u32>)) -> Result<Node, String> {
        let repeat = Node::Repeat(Box::new(node), low, high);
        let node = if self.take("?") {
            repeat
        } else if self.take("+") {
            Node::Wide("repetitions that give nothing back", Box::new(repeat))
        } else {
            repeat
        };
        let again = matches!(self.peek(), Some('*' | '+' | '?'));
        if again || (self.peek() == Some('{') && self.counted()?.is_some()) {
            return Err("a repetition of a repetition".to_owned());
        }
        Ok(node)
    }

    fn atom(&mut self) -> Result<Option<Node>, String> {
        let flags = self.flags;
        let was_start = self.start;
        let node = match self.next() {
            None => return Ok(None),
            Some('.') => Node::Dot(flags.dot_all),
            Some('^') => Node::Start(flags.multi_line),
            Some('$') => Node::End(flags.multi_line),
            Some('[') => Node::Class(class(self)?, flags),
            Some('(') => return self.group(was_start),
            Some('\\') => match escaped(self, false)? {
                Escaped::Char(character) => Node::Char(character, flags),
                Escaped::Kind(kind, negated) => {
                    Node::Class(Class { negated: false, items: vec![Item::Kind(kind, negated)] }, flags)
                }
                Escaped::TextStart => Node::Start(false),
                Escaped::TextEnd => Node::TextEnd,
                Escaped::Edge(negated) => Node::Edge { negated, ascii: flags.ascii },
                Escaped::Back => Node::Wide("references back", Box::new(Node::anything())),
            },
            Some(other) => Node::Char(other, flags),
        };
        self.start = false;
        Ok(Some(node))
    }

    fn group(&mut self, was_start: bool) -> Result<Option<Node>, String> {
        if self.take("?#") {
            self.run(usize::MAX, |c| c != ')');
            return if self.take(")") { Ok(None) } else { Err("a comment without an end".to_owned()) };
        }
        if self.take("?P=") {
            self.run(usize::MAX, |c| c != ')');
            self.start = false;
            let back = Node::Wide("references back", Box::new(Node::anything()));
            return if self.take(")") { Ok(Some(back)) } else { Err("a name without an end".to_owned()) };
        }
        for look in ["?=", "?!", "?<=", "?<!"] {
            if self.take(look) {
                self.inside(self.flags)?;
                // A look around takes nothing; without it at least as much matches.
                return Ok(Some(Node::Wide("look-around", Box::new(Node::Cat(Vec::new())))));
            }
        }
        if self.take("?>") {
            let node = self.inside(self.flags)?;
            return Ok(Some(Node::Wide("groups that give nothing back", Box::new(node))));
        }
        if self.take("?(") {
            self.run(usize::MAX, |c| c != ')');
            let node = if self.take(")") { self.inside(self.flags)? } else { return Err(ENDLESS.to_owned()) };
            let either = Node::Alt(vec![node, Node::Cat(Vec::new())]);
            return Ok(Some(Node::Wide("conditions", Box::new(either))));
        }
        if self.take("?P<") {
            let name = self.run(usize::MAX, |c| c != '>' && c != ')');
            if name.is_empty() || !self.take(">") {
                return Err("a name of a group".to_owned());
            }
            return self.inside(self.flags).map(Some);
        }
        if self.take("?:") || !self.take("?") {
            return self.inside(self.flags).map(Some);
        }
        self.switches(was_start)
    }

    fn inside(&mut self, flags: Flags) -> Result<Node, String> {
        self.start = false;
        let around = std::mem::replace(&mut self.flags, flags);
        let node = self.alternatives()?;
        self.flags = around;
        // As a group, so that what stands beside it does not mix with its branches.
        if self.take(")") { Ok(Node::Alt(vec![node])) } else { Err(ENDLESS.to_owned()) }
    }

    /// `(?i)` for all of it, `(?i-s:…)` for a part.
    fn switches(&mut self, was_start: bool) -> Result<Option<Node>, String> {
        let mut flags = self.flags;
        let mut on = true;
        while let Some(character) = self.next() {
            match character {
                'i' => flags.ignore_case = on,
                'a' if on => flags.ascii = true,
                'u' if on => flags.ascii = false,
                'm' => flags.multi_line = on,
                's' => flags.dot_all = on,
                'x' => flags.verbose = on,
                '-' if on => on = false,
                ':' => return self.inside(flags).map(Some),
                ')' if on && was_start => {
                    self.flags = flags;
                    return Ok(None);
                }
                ')' if on => return Err("flags that do not stand at the beginning".to_owned()),
                other => return Err(format!("`(?{other}`")),
            }
        }
        Err(ENDLESS.to_owned())
    }
}

fn is_repeatable(node: &Node) -> bool {
    !matches!(node, Node::Start(_) | Node::End(_) | Node::TextEnd | Node::Edge { .. })
}

const ENDLESS: &str = "a bracket without its end";
/// Deepest brackets.
const DEPTH_MAX: usize = 40;
