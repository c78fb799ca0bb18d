//! What was seen, sorted: by what was used, and by the set of keys it was used with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::value::Shape;
use super::{Kind, Use, write};
use crate::scan::danger;

/// What a rule is about: one tool, one prompt, or all resources of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) server: String,
    pub(super) kind: Kind,
    /// Empty of resources.
    pub(super) name: String,
}

/// What was seen with one set of keys.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) uses: usize,
    pub(super) runs: BTreeSet<String>,
    /// By the way to them: `options.path`.
    pub(super) values: BTreeMap<String, Shape>,
    /// The keys of the arguments (under the empty way) and of the objects in them.
    pub(super) objects: BTreeMap<String, BTreeSet<String>>,
    /// Objects that some calls did not have.
    pub(super) optional: BTreeSet<String>,
    /// URIs that were read.
    pub(super) uris: BTreeSet<String>,
}

pub(super) type Variants = BTreeMap<Vec<String>, Seen>;

/// Everything that was needed, in a fixed order.
#[derive(Debug, Default)]
pub(super) struct Needs(BTreeMap<Key, Variants>);

/// Sets of keys that one tool's rules tell apart; beyond, one rule holds for all of them.
const VARIANTS_MAX: usize = 6;
/// Objects in each other whose keys are told.
const DEPTH_MAX: usize = 4;

impl Key {
    pub(super) fn of(used: &Use) -> Key {
        let name = if used.kind == Kind::Resource { String::new() } else { used.name.clone() };
        Key { server: used.server.clone(), kind: used.kind, name }
    }

    /// For people, and as `on` would name it.
    pub(super) fn written(&self) -> String {
        match self.kind {
            Kind::Tool => format!("{}/{}", self.server, self.name),
            Kind::Prompt => format!("prompt:{}/{}", self.server, self.name),
            Kind::Resource => format!("resource:{}", self.server),
        }
    }
}

impl Needs {
    pub(super) fn of(uses: &[&Use]) -> Needs {
        let mut needs: BTreeMap<Key, Variants> = BTreeMap::new();
        for used in uses {
            let mut flat = Flat::default();
            if used.kind != Kind::Resource {
                flat.object("", &used.arguments, 0);
            }
            let variants = needs.entry(Key::of(used)).or_default();
            let seen = variants.entry(flat.keys()).or_default();
            seen.uses = seen.uses.saturating_add(1);
            if !seen.runs.contains(&used.run) {
                seen.runs.insert(used.run.clone());
            }
            for (way, value) in &flat.leaves {
                match seen.values.get_mut(way) {
                    Some(shape) => shape.add(way, value),
                    None => seen.values.entry(way.clone()).or_default().add(way, value),
                }
            }
            for (way, keys) in flat.objects {
                seen.objects.entry(way).or_default().extend(keys);
            }
            if used.kind == Kind::Resource {
                seen.uris.insert(used.name.clone());
            }
        }
        for (key, variants) in &mut needs {
            // Rules that ask take what is doubtful too: two of one tool would say the same.
            if variants.len() > VARIANTS_MAX || variants.len() > 1 && is_risky(key, variants) {
                *variants = merged(std::mem::take(variants));
            }
        }
        Needs(needs)
    }

    /// Those that were used often enough, and those that were not.
    pub(super) fn split(self, least: usize) -> (Needs, Needs) {
        let (open, closed) = self.0.into_iter().partition(|(_, variants)| count(variants) >= least);
        (Needs(open), Needs(closed))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Variants)> {
        self.0.iter()
    }

    /// The way to a value of this use that its rule could not say beside the others; none if there is no such value.
    pub(super) fn unsaid(&self, used: &Use) -> Option<(String, String)> {
        let mut flat = Flat::default();
        flat.object("", &used.arguments, 0);
        let seen: Vec<&Seen> = self.0.get(&Key::of(used))?.values().collect();
        let unsaid = |(way, value): &&(String, &Value)| {
            let shapes = || seen.iter().filter_map(|seen| seen.values.get(way));
            shapes().count() > 0 && !shapes().any(|shape| shape.says(value))
        };
        flat.leaves.iter().find(unsaid).map(|(way, value)| (way.clone(), value.to_string()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, used: &Use) -> bool {
        self.0.contains_key(&Key::of(used))
    }

    pub(super) fn has_tool(&self, server: &str, tool: &str) -> bool {
        let key = Key { server: server.to_owned(), kind: Kind::Tool, name: tool.to_owned() };
        self.0.contains_key(&key)
    }
}

pub(super) fn count(variants: &Variants) -> usize {
    variants.values().map(|seen| seen.uses).sum()
}

/// True if a person is asked: by its name it cannot be undone, or it runs commands.
pub(super) fn is_risky(key: &Key, variants: &Variants) -> bool {
    let commands = || variants.values().flat_map(|seen| seen.values.values()).any(Shape::is_command);
    key.kind == Kind::Tool && (danger(&key.name).is_some() || commands())
}

/// What a use was given, with the way to each value.
pub(super) fn leaves(used: &Use) -> Vec<(String, &Value)> {
    let mut flat = Flat::default();
    flat.object("", &used.arguments, 0);
    flat.leaves
}

/// Arguments as leaves with the way to each.
#[derive(Debug, Default)]
struct Flat<'a> {
    leaves: Vec<(String, &'a Value)>,
    objects: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Flat<'a> {
    fn object(&mut self, way: &str, members: &'a Map<String, Value>, depth: usize) {
        self.objects.entry(way.to_owned()).or_default().extend(members.keys().cloned());
        for (key, value) in members {
            let inner = if way.is_empty() { key.clone() } else { format!("{way}.{key}") };
            match value {
                Value::Object(members)
                    if depth < DEPTH_MAX
                        && write::is_key(key)
                        && members.keys().all(|key| write::is_key(key)) =>
                {
                    self.object(&inner, members, depth.saturating_add(1));
                }
                value => self.leaves.push((inner, value)),
            }
        }
    }

    fn keys(&self) -> Vec<String> {
        let leaves = self.leaves.iter().map(|(way, _)| way.clone());
        let objects = self.objects.keys().map(|way| format!("{way}.")); // told apart from a leaf of that name
        leaves.chain(objects).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// One variant for all: only what every call had is narrowed.
fn merged(variants: Variants) -> Variants {
    let mut all = Seen::default();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut common: Option<BTreeSet<String>> = None;
    for (own, seen) in variants {
        let own: BTreeSet<String> = own.into_iter().collect();
        common = Some(match common {
            None => own.clone(),
            Some(common) => common.intersection(&own).cloned().collect(),
        });
        keys.extend(own);
        all.uses = all.uses.saturating_add(seen.uses);
        all.runs.extend(seen.runs);
        for (way, shape) in seen.values {
            all.values.entry(way).or_default().join(shape);
        }
        for (way, keys) in seen.objects {
            all.objects.entry(way).or_default().extend(keys);
        }
        all.uris.extend(seen.uris);
    }
    let common = common.unwrap_or_default();
    // A way that is an object in one call and a leaf in another is neither.
    let leaf = |way: &String| common.contains(way) && !all.objects.contains_key(way);
    all.values.retain(|way, _| leaf(way));
    all.optional = all.objects.keys().filter(|way| !common.contains(&format!("{way}."))).cloned().collect();
    BTreeMap::from([(keys.into_iter().collect(), all)])
}
