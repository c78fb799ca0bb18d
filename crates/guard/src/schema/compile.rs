//! A schema as a server wrote it becomes nodes and rules, within bounds. Level by level, so that what is cut lies deepest.

use std::collections::{BTreeMap, VecDeque};

use bailiwick_mcp::{Kind, Value};

use super::{
    ALL, ANY, ARRAY, BOOLEAN, INTEGER, Id, Literal, Member, Members, NEVER, NULL, NUMBER, Node, OBJECT, Rule,
    STRING, Schema,
};
use crate::limits::{
    SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX, SCHEMA_REFERENCES_MAX, SCHEMA_SOURCE_BYTES_MAX,
    SCHEMA_TEXT_BYTES_MAX, SCHEMA_WORDS_MAX,
};

pub(super) fn compile(schema: Value<'_>) -> Option<Schema> {
    let unread = || Schema { top: ANY, nodes: Box::new([]), is_cut: true };
    let Some(dialect) = Dialect::of(schema).filter(|_| schema.raw().len() <= SCHEMA_SOURCE_BYTES_MAX) else {
        return Some(unread());
    };
    let mut draft = Draft {
        root: schema,
        dialect,
        nodes: vec![Node::any(), Node::any()],
        known: BTreeMap::new(),
        references: BTreeMap::new(),
        queue: VecDeque::new(),
        words: 0,
        text_bytes: 0,
        is_cut: false,
    };
    let top = draft.id(schema, 0);
    while let Some((id, schema, depth)) = draft.queue.pop_front() {
        let node = draft.node(schema, depth);
        if let Some(place) = draft.nodes.get_mut(usize::from(id)) {
            *place = node;
        }
    }
    let says = draft.nodes.iter().skip(2).any(|node| node.types != ALL || !node.rules.is_empty());
    let nodes = draft.nodes.into_boxed_slice();
    (says || top == NEVER || draft.is_cut).then_some(Schema { top, nodes, is_cut: draft.is_cut })
}

/// Which words of a schema mean what.
#[derive(Debug, Clone, Copy)]
struct Dialect {
    /// What stands beside `$ref` counts (2019-09 and later).
    reads_beside: bool,
    /// Where a `$ref` leads is certain.
    follows: bool,
}

impl Dialect {
    /// `None`: a dialect that is not known.
    fn of(schema: Value<'_>) -> Option<Dialect> {
        // Below another base a reference leads elsewhere.
        let mut below = schema.members().filter(|(name, _)| !name.is_text("$id"));
        let is_base = |value: Value<'_>| value.is_text("$id");
        let follows = !below.any(|(_, value)| value.descendants().any(is_base));
        let Some(named) = schema.get("$schema") else {
            return Some(Dialect { reads_beside: true, follows });
        };
        let named = named.text()?;
        let is = |known: &[&str]| known.iter().any(|known| named.contains(known));
        match () {
            () if is(&["/2020-12/schema", "/2019-09/schema"]) => {
                Some(Dialect { reads_beside: true, follows })
            }
            () if is(&["/draft-07/schema", "/draft-06/schema"]) => {
                Some(Dialect { reads_beside: false, follows })
            }
            // There `id` is a base, which is a usual name, too.
            () if is(&["/draft-04/schema"]) => Some(Dialect { reads_beside: false, follows: false }),
            () => None,
        }
    }
}

struct Draft<'a> {
    root: Value<'a>,
    dialect: Dialect,
    nodes: Vec<Node>,
    /// Nodes by the place of their schema.
    known: BTreeMap<usize, Id>,
    references: BTreeMap<String, Option<Value<'a>>>,
    queue: VecDeque<(Id, Value<'a>, usize)>,
    words: usize,
    text_bytes: usize,
    is_cut: bool,
}

impl<'a> Draft<'a> {
    /// The node of a schema, which is read later.
    fn id(&mut self, schema: Value<'a>, depth: usize) -> Id {
        match schema.kind() {
            Kind::False => return NEVER,
            Kind::Object => {}
            Kind::Null | Kind::True | Kind::Number | Kind::Text | Kind::Array => return ANY,
        }
        let (start, _) = schema.span();
        if let Some(id) = self.known.get(&start) {
            return *id;
        }
        if depth > SCHEMA_DEPTH_MAX || self.nodes.len() >= SCHEMA_NODES_MAX {
            self.is_cut = true;
            return ANY;
        }
        let Ok(id) = Id::try_from(self.nodes.len()) else { return ANY };
        self.nodes.push(Node::any());
        self.known.insert(start, id);
        self.queue.push_back((id, schema, depth));
        id
    }

    /// True if there is room for another name, alternative or value of so many bytes.
    fn keep(&mut self, bytes: usize) -> bool {
        let text_bytes = self.text_bytes.saturating_add(bytes);
        let fits = self.words < SCHEMA_WORDS_MAX && text_bytes <= SCHEMA_TEXT_BYTES_MAX;
        if fits {
            self.words = self.words.saturating_add(1);
            self.text_bytes = text_bytes;
        }
        self.is_cut |= !fits;
        fits
    }

    fn node(&mut self, schema: Value<'a>, depth: usize) -> Node {
        let mut rules = Vec::new();
        if let Some(reference) = schema.get("$ref") {
            if let Some(target) = self.referred(reference) {
                rules.push(Rule::All(Box::new([self.id(target, depth)])));
            }
            if !self.dialect.reads_beside {
                return Node { rules: rules.into(), ..Node::any() };
            }
        }
        let below = depth.saturating_add(1);
        rules.extend(self.members(schema, below));
        rules.extend(self.elements(schema, below));
        rules.extend(self.values(schema));
        rules.extend(lengths(schema));
        rules.extend(self.bounds(schema));
        // An alternative that is left out would be missed: only all of them are a rule.
        for word in ["anyOf", "oneOf"] {
            let ids = schema.get(word).and_then(|all| self.each(all, below));
            rules.extend(ids.filter(|ids| !ids.is_empty() && !ids.contains(&ANY)).map(Rule::Any));
        }
        let all = schema.get("allOf").and_then(|all| self.each(all, below));
        rules.extend(all.filter(|ids| ids.iter().any(|id| *id != ANY)).map(Rule::All));
        let or_null = schema.get("nullable").and_then(Value::boolean) == Some(true);
        Node { types: types(schema), or_null, rules: rules.into() }
    }

    /// `None` where not all of them are kept.
    fn each(&mut self, schemas: Value<'a>, depth: usize) -> Option<Box<[Id]>> {
        let one = |schema| self.keep(0).then(|| self.id(schema, depth));
        schemas.elements().map(one).collect()
    }

    fn members(&mut self, schema: Value<'a>, depth: usize) -> Option<Rule> {
        let mut named: BTreeMap<Box<str>, (Option<Id>, bool)> = BTreeMap::new();
        let mut is_whole = true;
        for (name, own) in schema.get("properties").into_iter().flat_map(Value::members) {
            let name = name.text().unwrap_or_default();
            is_whole = self.keep(name.len());
            if !is_whole {
                break;
            }
            named.insert(name.as_ref().into(), (Some(self.id(own, depth)), false));
        }
        let required = schema.get("required").into_iter().flat_map(Value::elements);
        for name in required.filter_map(Value::text) {
            if !self.keep(name.len()) {
                break;
            }
            named.entry(name.as_ref().into()).or_insert((None, false)).1 = true;
        }
        // What patterns name is no other member, and patterns are not read.
        let others = schema
            .get("additionalProperties")
            .filter(|_| is_whole && schema.get("patternProperties").is_none())
            .map_or(ANY, |others| self.id(others, depth));
        let member = |(name, (schema, is_required))| Member { name, schema, is_required };
        let named: Box<[Member]> = named.into_iter().map(member).collect();
        let required = named.iter().filter(|member| member.is_required).count();
        let says = |member: &Member| member.is_required || member.schema.is_some_and(|id| id != ANY);
        (others != ANY || named.iter().any(says)).then(|| {
            let required = u32::try_from(required).unwrap_or(u32::MAX);
            Rule::Members(Box::new(Members { named, required, others }))
        })
    }

    fn elements(&mut self, schema: Value<'a>, depth: usize) -> Option<Rule> {
        let items = schema.get("items");
        // Before 2020-12 a list of schemas was what `prefixItems` is now, which was no word then.
        let (first, rest) = match items.filter(|items| items.is_array()) {
            Some(first) => (Some(first), None),
            None => (schema.get("prefixItems").filter(|_| self.dialect.reads_beside), items),
        };
        let first = match first {
            None => Box::default(),
            Some(first) => self.each(first, depth)?,
        };
        let rest = rest.map_or(ANY, |rest| self.id(rest, depth));
        let says = rest != ANY || first.iter().any(|id| *id != ANY);
        says.then_some(Rule::Elements { first, rest })
    }

    fn values(&mut self, schema: Value<'a>) -> Vec<Rule> {
        let named = schema.get("enum").filter(|named| named.is_array());
        let named = named.map(|named| named.elements().collect::<Vec<_>>());
        let alone = schema.get("const").map(|value| vec![value]);
        let mut rules = Vec::new();
        for values in [named, alone].into_iter().flatten() {
            let literals =
                values.into_iter().map(|value| Literal::of(value, 0, &mut |bytes| self.keep(bytes)));
            match literals.collect::<Option<Box<[Literal]>>>() {
                Some(literals) => rules.push(Rule::OneOf(literals)),
                None => self.is_cut = true,
            }
        }
        rules
    }

    fn bounds(&mut self, schema: Value<'a>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (word, is_least, is_exclusive) in BOUNDS {
            let number = schema.get(word).filter(|bound| bound.kind() == Kind::Number);
            if let Some(number) = number.filter(|number| self.keep(number.raw().len())) {
                rules.push(Rule::Bound { number: number.raw().into(), is_least, is_exclusive });
            }
        }
        rules
    }

    /// What a pointer into this very schema leads to.
    fn referred(&mut self, reference: Value<'_>) -> Option<Value<'a>> {
        let reference = reference.text()?;
        let Some(path) = reference.strip_prefix('#').filter(|_| self.dialect.follows) else {
            self.is_cut = true;
            return None;
        };
        if let Some(known) = self.references.get(path) {
            return *known;
        }
        if self.references.len() >= SCHEMA_REFERENCES_MAX {
            self.is_cut = true;
            return None;
        }
        let found = walk(self.root, path);
        self.is_cut |= found.is_none();
        self.references.insert(path.to_owned(), found);
        found
    }
}

const BOUNDS: [(&str, bool, bool); 4] = [
    ("minimum", true, false),
    ("maximum", false, false),
    ("exclusiveMinimum", true, true),
    ("exclusiveMaximum", false, true),
];

/// Follows a JSON pointer; `None` for anchors, and for percent signs, which are not undone.
fn walk<'a>(root: Value<'a>, path: &str) -> Option<Value<'a>> {
    if path.is_empty() {
        return Some(root);
    }
    let steps = path.strip_prefix('/').filter(|path| !path.contains('%'))?;
    let mut at = root;
    for step in steps.split('/').take(SCHEMA_DEPTH_MAX.saturating_mul(2)) {
        at = match at.kind() {
            Kind::Array => at.elements().nth(step.parse().ok()?)?,
            _ => at.get(&step.replace("~1", "/").replace("~0", "~"))?,
        };
    }
    (steps.split('/').count() <= SCHEMA_DEPTH_MAX.saturating_mul(2)).then_some(at)
}

/// The types that are let through. A type that is none says nothing.
fn types(schema: Value<'_>) -> u8 {
    let Some(named) = schema.get("type") else { return ALL };
    let mut all = if named.is_array() { named.elements() } else { return one_type(named) };
    all.try_fold(0, |types, named| Some(types | Some(one_type(named)).filter(|own| *own != ALL)?))
        .filter(|types| *types != 0)
        .unwrap_or(ALL)
}

fn one_type(named: Value<'_>) -> u8 {
    let known = TYPES.iter().find(|(word, _)| named.is_text(word));
    known.map_or(ALL, |(_, own)| *own)
}

const TYPES: [(&str, u8); 7] = [
    ("string", STRING),
    ("object", OBJECT),
    ("array", ARRAY),
    ("integer", INTEGER),
    ("number", NUMBER),
    ("boolean", BOOLEAN),
    ("null", NULL),
];

fn lengths(schema: Value<'_>) -> impl Iterator<Item = Rule> {
    let bounds = |least, most| {
        let (least, most) = (count(schema, least).unwrap_or(0), count(schema, most).unwrap_or(u32::MAX));
        (least > 0 || most < u32::MAX).then_some((least, most))
    };
    let texts = bounds("minLength", "maxLength").map(|(least, most)| Rule::Length { least, most });
    let lists = bounds("minItems", "maxItems").map(|(least, most)| Rule::Count { least, most });
    texts.into_iter().chain(lists)
}

/// A bound of a length; no message is as long as the greatest.
fn count(schema: Value<'_>, word: &str) -> Option<u32> {
    let value = schema.get(word)?;
    match value.integer() {
        Some(number) if number >= 0 => Some(u32::try_from(number).unwrap_or(u32::MAX)),
        // `5.0` is a bound, `5.5` and what is below zero is none.
        _ => {
            let number = value.number().filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
            Some(number.min(f64::from(u32::MAX)) as u32)
        }
    }
}
