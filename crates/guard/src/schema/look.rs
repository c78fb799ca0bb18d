//! Arguments held against the nodes of a schema, step by step, until the steps are used up.

use std::cmp::Ordering;

use bailiwick_mcp::{Document, Kind, Limits, Parser, Value};

use super::decimal::{compare, is_whole};
use super::pointer::At;
use super::{
    ALTERNATIVES, ANY, ARRAY, BOOLEAN, Code, ENUM, INTEGER, Id, LENGTH, Literal, Member, Members, Misfit,
    NEVER, NULL, NUMBER, Node, OBJECT, RANGE, REQUIRED, Rule, STRING, Schema, TOO_LARGE, TYPE, UNKNOWN,
};
use crate::guard::Level;
use crate::limits::{SCHEMA_LOOK_DEPTH_MAX, SCHEMA_STEPS_MAX};

pub(super) fn look(schema: &Schema, arguments: Option<Value<'_>>, take: &mut dyn FnMut(Misfit)) {
    let Some(arguments) = arguments else {
        let mut parser = Parser::default();
        let nothing = parser.parse(b"{}", &Limits::DEFAULT).map(Document::root);
        return nothing.into_iter().for_each(|nothing| look(schema, Some(nothing), take));
    };
    let earned = u64::try_from(arguments.raw().len()).unwrap_or(u64::MAX).saturating_mul(2);
    let left = SCHEMA_STEPS_MAX.saturating_add(earned);
    let mut look = Look { nodes: &schema.nodes, left, is_over: false, depth: 0, tries: 0, take };
    look.node(schema.top, arguments, &At::Top);
    if look.is_over {
        (look.take)(Misfit::new(TOO_LARGE, Level::Certain, String::new()));
    }
}

struct Look<'s, 'f> {
    nodes: &'s [Node],
    left: u64,
    /// The steps or the depth were not enough.
    is_over: bool,
    depth: usize,
    /// Alternatives around that are tried: what does not fit there need not be wrong.
    tries: usize,
    take: &'f mut dyn FnMut(Misfit),
}

/// How sure the surest misfit is; `None`: it fits.
type Misfits = Option<Level>;

/// Bytes of a text that are read in one step.
const TEXT_BYTES_A_STEP: usize = 1_024;

/// Most bytes of JSON for one character: two escapes for one beyond U+FFFF.
const BYTES_A_CHARACTER_MAX: usize = 12;

impl Look<'_, '_> {
    fn spend(&mut self, steps: usize) -> bool {
        let left = u64::try_from(steps).ok().and_then(|steps| self.left.checked_sub(steps));
        self.is_over |= left.is_none();
        self.left = left.unwrap_or(0);
        !self.is_over
    }

    /// Reading a text is work, too.
    fn spend_reading(&mut self, value: Value<'_>) -> bool {
        self.spend(steps_of(value))
    }

    fn found(&mut self, code: Code, level: Level, at: &At<'_>) -> Misfits {
        if self.tries == 0 && !self.is_over {
            (self.take)(Misfit::new(code, level, at.pointer()));
        }
        Some(level)
    }

    /// An alternative that surely does not fit need not be looked through.
    fn is_decided(&self, misfits: Misfits) -> bool {
        self.is_over || (self.tries > 0 && misfits == Some(Level::Certain))
    }

    fn node(&mut self, id: Id, value: Value<'_>, at: &At<'_>) -> Misfits {
        if id == ANY || !self.spend(1) {
            return None;
        }
        if id == NEVER {
            return self.found(UNKNOWN, Level::Likely, at);
        }
        let nodes = self.nodes;
        let node = nodes.get(usize::from(id))?;
        if node.or_null && value.is_null() {
            return None;
        }
        if self.depth >= SCHEMA_LOOK_DEPTH_MAX {
            self.is_over = true;
            return None;
        }
        let mut misfits = None;
        if !has_type(node.types, value) {
            misfits = self.found(TYPE, certainty(node.types, value), at);
        }
        self.depth = self.depth.saturating_add(1);
        for rule in &node.rules {
            if self.is_decided(misfits) {
                break;
            }
            misfits = misfits.max(self.rule(rule, value, at));
        }
        self.depth = self.depth.saturating_sub(1);
        misfits
    }

    fn rule(&mut self, rule: &Rule, value: Value<'_>, at: &At<'_>) -> Misfits {
        let wrong = match rule {
            Rule::Members(members) => return self.members(members, value, at),
            Rule::Elements { first, rest } => return self.elements(first, *rest, value, at),
            Rule::All(ids) => {
                let mut misfits = None;
                for id in ids {
                    if self.is_decided(misfits) {
                        break;
                    }
                    misfits = misfits.max(self.node(*id, value, at));
                }
                return misfits;
            }
            Rule::Any(ids) => return self.alternatives(ids, value, at),
            Rule::Count { least, most } => {
                // One more than may be is enough to know.
                let limit = (*most as usize).saturating_add(1).max(*least as usize);
                let count = value.elements().take(limit).count();
                let outside = value.is_array() && !within(*least, *most, count);
                (self.spend(count / 16) && outside).then_some(LENGTH)
            }
            Rule::Length { least, most } => self.length(*least, *most, value).then_some(LENGTH),
            Rule::Bound { number, is_least, is_exclusive } => {
                let outside = value.kind() == Kind::Number
                    && match compare(value.raw(), number) {
                        Ordering::Equal => *is_exclusive,
                        Ordering::Less => *is_least,
                        Ordering::Greater => !*is_least,
                    };
                (self.spend_reading(value) && outside).then_some(RANGE)
            }
            Rule::OneOf(literals) => self.is_none_of(literals, value).then_some(ENUM),
        };
        wrong.filter(|_| !self.is_over).and_then(|code| self.found(code, Level::Certain, at))
    }

    fn members(&mut self, members: &Members, value: Value<'_>, at: &At<'_>) -> Misfits {
        let (mut misfits, mut there) = (None, 0_u32);
        for (key, own) in value.members() {
            if self.is_decided(misfits) || !self.spend_reading(key) {
                return misfits;
            }
            let name = key.text().unwrap_or_default();
            let member = members.find(&name);
            there = there.saturating_add(u32::from(member.is_some_and(|(_, member)| member.is_required)));
            let id = member.and_then(|(_, member)| member.schema).unwrap_or(members.others);
            misfits = misfits.max(self.node(id, own, &At::Member(at, &name)));
        }
        if value.is_object() && there < members.required && self.spend(members.named.len()) {
            misfits = misfits.max(self.missing(members, value, at));
        }
        misfits
    }

    fn missing(&mut self, members: &Members, value: Value<'_>, at: &At<'_>) -> Misfits {
        let mut there = vec![false; members.named.len()];
        for (key, _) in value.members() {
            let found = members.find(&key.text().unwrap_or_default());
            if let Some(place) = found.and_then(|(index, _)| there.get_mut(index)) {
                *place = true;
            }
        }
        let mut misfits = None;
        for (member, there) in members.named.iter().zip(there) {
            if member.is_required && !there {
                misfits = misfits.max(self.found(REQUIRED, Level::Certain, &At::Member(at, &member.name)));
            }
        }
        misfits
    }

    fn elements(&mut self, first: &[Id], rest: Id, value: Value<'_>, at: &At<'_>) -> Misfits {
        let mut misfits = None;
        for (index, element) in value.elements().enumerate() {
            let id = first.get(index).copied().unwrap_or(rest);
            if self.is_decided(misfits) || (index >= first.len() && rest == ANY) {
                break;
            }
            let at = At::Element(at, index);
            // A list that is closed behind its first elements is one of a certain length.
            misfits = misfits.max(match id {
                NEVER if self.spend(1) => self.found(LENGTH, Level::Certain, &at),
                id => self.node(id, element, &at),
            });
        }
        misfits
    }

    /// One that fits is enough, of `oneOf` too: of another that seems to fit it is not certain that it does.
    fn alternatives(&mut self, ids: &[Id], value: Value<'_>, at: &At<'_>) -> Misfits {
        let mut nearest = Level::Certain;
        self.tries = self.tries.saturating_add(1);
        let mut fits = false;
        for id in ids {
            match *id {
                NEVER => {}
                id => match self.node(id, value, at) {
                    None => fits = true,
                    Some(level) => nearest = nearest.min(level),
                },
            }
            if fits || self.is_over {
                break;
            }
        }
        self.tries = self.tries.saturating_sub(1);
        if fits || self.is_over { None } else { self.found(ALTERNATIVES, nearest, at) }
    }

    /// True if the text is too short or too long, in code points.
    fn length(&mut self, least: u32, most: u32, value: Value<'_>) -> bool {
        if value.kind() != Kind::Text {
            return false;
        }
        // Mostly the bytes tell: there are at most as many characters, and at least a twelfth.
        let bytes = value.raw().len().saturating_sub(2);
        let fewest = bytes / BYTES_A_CHARACTER_MAX;
        if fewest >= least as usize && bytes <= most as usize {
            return false;
        }
        if bytes < least as usize || fewest > most as usize {
            return true;
        }
        let Some(text) = self.spend_reading(value).then(|| value.text()).flatten() else { return false };
        !within(least, most, text.chars().count())
    }

    fn is_none_of(&mut self, literals: &[Literal], value: Value<'_>) -> bool {
        if !self.spend_reading(value) {
            return false;
        }
        let text = value.text();
        !literals.iter().any(|literal| {
            self.spend(1) && literal.is(value, text.as_deref(), &mut |steps| self.spend(steps))
        })
    }
}

impl Members {
    fn find(&self, name: &str) -> Option<(usize, &Member)> {
        let index = self.named.binary_search_by(|member| (*member.name).cmp(name)).ok()?;
        Some((index, self.named.get(index)?))
    }
}

/// Steps of reading the text of a value.
pub(super) fn steps_of(value: Value<'_>) -> usize {
    (value.raw().len() / TEXT_BYTES_A_STEP).saturating_add(1)
}

fn within(least: u32, most: u32, count: usize) -> bool {
    (least as usize..=most as usize).contains(&count)
}

fn has_type(types: u8, value: Value<'_>) -> bool {
    let own = match value.kind() {
        Kind::Null => NULL,
        Kind::False | Kind::True => BOOLEAN,
        Kind::Text => STRING,
        Kind::Array => ARRAY,
        Kind::Object => OBJECT,
        Kind::Number if types & (NUMBER | INTEGER) == INTEGER => {
            return is_whole(value.raw());
        }
        Kind::Number => NUMBER,
    };
    types & own != 0
}

/// A value that says the same in another type is taken by many servers: `"5"` for `5`, `5` for `"5"`.
fn certainty(types: u8, value: Value<'_>) -> Level {
    let is_same = match value.kind() {
        Kind::Number | Kind::True | Kind::False => types & STRING != 0,
        Kind::Text if value.raw().len() > WRITTEN_BYTES_MAX => false,
        Kind::Text => value.text().is_some_and(|text| reads_as(types, text.trim())),
        Kind::Null | Kind::Array | Kind::Object => false,
    };
    if is_same { Level::Likely } else { Level::Certain }
}

/// Longest text, with its quotes, that is taken for another value.
const WRITTEN_BYTES_MAX: usize = 64 << 10;

fn reads_as(types: u8, text: &str) -> bool {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    (is_number && types & (NUMBER | INTEGER) != 0)
        || (types & BOOLEAN != 0 && ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)))
        || (types & OBJECT != 0 && text.starts_with('{'))
        || (types & ARRAY != 0 && text.starts_with('['))
}
