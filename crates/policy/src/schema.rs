//! What is known of the tools that a lock file names: the types of their arguments.
//!
//! Of JSON Schema 2020-12 the part that says which values are possible: `type`, `properties`, `required`, `enum`, `const`,
//! `items`, `anyOf`, `oneOf`, `additionalProperties`, and `$ref` into the same document. Whatever else a schema says is not
//! understood, and where that could matter everything counts as possible: a mistake is reported only where it is certain.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_mcp::Value;
use bailiwick_mcp::json::fold_key;

use crate::args::Scalar;

/// The tools of some servers, with the schemas of their arguments.
#[derive(Debug, Default)]
pub struct Catalog {
    tools: Vec<Tool>,
    servers: BTreeSet<String>,
}

/// One tool of a lock file.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) server: String,
    pub(crate) name: String,
    /// Folded as keys are.
    pub(crate) server_folded: String,
    pub(crate) name_folded: String,
    /// `None`: nobody recorded its arguments.
    pub(crate) arguments: Option<Shape>,
}

impl Catalog {
    /// A server that is known, whatever it offers.
    pub fn add_server(&mut self, server: &str) {
        self.servers.insert(server.to_owned());
    }

    /// A tool with its `inputSchema`, if that was recorded. A schema that cannot be read says nothing.
    pub fn add_tool(&mut self, server: &str, name: &str, schema: Option<Value<'_>>) {
        self.add_server(server);
        self.tools.push(Tool {
            server: server.to_owned(),
            name: name.to_owned(),
            server_folded: fold_key(server).into_owned(),
            name_folded: fold_key(name).into_owned(),
            arguments: schema.map(|schema| read::arguments(schema)),
        });
    }

    /// Server, name and the names of the arguments of every tool; `None` where it may take others.
    pub fn listed(&self) -> impl Iterator<Item = (&str, &str, Option<Vec<&str>>)> {
        self.tools.iter().map(|tool| {
            let closed = tool.arguments.as_ref().filter(|shape| !shape.open);
            let names = closed.map(|shape| shape.properties.keys().map(String::as_str).collect());
            (tool.server.as_str(), tool.name.as_str(), names)
        })
    }

    pub(crate) fn tools(&self) -> &[Tool] {
        &self.tools
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(String::as_str)
    }
}

/// What values are possible in one place. Everything beyond what is said here is possible.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) sorts: Sorts,
    /// The only values, where they are listed.
    pub(crate) values: Option<Vec<Scalar>>,
    pub(crate) properties: BTreeMap<String, Shape>,
    pub(crate) required: BTreeSet<String>,
    /// Other properties are possible.
    pub(crate) open: bool,
    pub(crate) items: Option<Box<Shape>>,
}

/// A set of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sorts(pub(crate) u8);

impl Sorts {
    pub(crate) const NULL: Sorts = Sorts(1);
    pub(crate) const BOOLEAN: Sorts = Sorts(2);
    pub(crate) const NUMBER: Sorts = Sorts(4);
    pub(crate) const TEXT: Sorts = Sorts(8);
    pub(crate) const LIST: Sorts = Sorts(16);
    pub(crate) const MAP: Sorts = Sorts(32);
    pub(crate) const ALL: Sorts = Sorts(63);
    pub(crate) const NONE: Sorts = Sorts(0);

    pub(crate) const fn or(self, other: Sorts) -> Sorts {
        Sorts(self.0 | other.0)
    }

    pub(crate) const fn and(self, other: Sorts) -> Sorts {
        Sorts(self.0 & other.0)
    }

    pub(crate) const fn without(self, other: Sorts) -> Sorts {
        Sorts(self.0 & !other.0)
    }

    pub(crate) const fn has(self, other: Sorts) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn of(scalar: &Scalar) -> Sorts {
        match scalar {
            Scalar::Text(_) => Sorts::TEXT,
            Scalar::Number(_) => Sorts::NUMBER,
            Scalar::Boolean(_) => Sorts::BOOLEAN,
            Scalar::Null => Sorts::NULL,
        }
    }
}

impl std::fmt::Display for Sorts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = [
            (Sorts::TEXT, "a text"),
            (Sorts::NUMBER, "a number"),
            (Sorts::BOOLEAN, "a truth value"),
            (Sorts::LIST, "a list"),
            (Sorts::MAP, "an object"),
            (Sorts::NULL, "null"),
        ];
        let found: Vec<&str> =
            names.iter().filter(|(sort, _)| self.has(*sort)).map(|(_, name)| *name).collect();
        out.write_str(&found.join(" or "))
    }
}

impl Shape {
    /// Nothing is known.
    pub(crate) const ANY: Shape = Shape::of_sorts(Sorts::ALL);

    pub(crate) const fn of_sorts(sorts: Sorts) -> Shape {
        Shape {
            sorts,
            values: None,
            properties: BTreeMap::new(),
            required: BTreeSet::new(),
            open: true,
            items: None,
        }
    }

    /// What a list of it holds.
    pub(crate) fn element(&self) -> &Shape {
        static ANY: Shape = Shape::ANY;
        self.items.as_deref().unwrap_or(&ANY)
    }

    /// What is possible here or there.
    pub(crate) fn or(mut self, other: Shape) -> Shape {
        // Where one side has no object, only the other says what members there are.
        let (own, others) = (self.sorts.has(Sorts::MAP), other.sorts.has(Sorts::MAP));
        let (mut properties, mut required) = (BTreeMap::new(), BTreeSet::new());
        match (own, others) {
            (true, true) => {
                required = self.required.intersection(&other.required).cloned().collect();
                let mut rest = other.properties;
                for (name, shape) in self.properties {
                    let both = match rest.remove(&name) {
                        Some(there) => shape.or(there),
                        None if other.open => Shape::ANY,
                        None => shape,
                    };
                    properties.insert(name, both);
                }
                properties.extend(
                    rest.into_iter().map(|(name, shape)| (name, if self.open { Shape::ANY } else { shape })),
                );
                self.open |= other.open;
            }
            (true, false) => (properties, required) = (self.properties, self.required),
            (false, true) => {
                (properties, required) = (other.properties, other.required);
                self.open = other.open;
            }
            (false, false) => {}
        }
        let items = match (self.sorts.has(Sorts::LIST), other.sorts.has(Sorts::LIST)) {
            (true, true) => self.items.zip(other.items).map(|(own, there)| Box::new(own.or(*there))),
            (true, false) => self.items,
            (false, true) => other.items,
            (false, false) => None,
        };
        let values = self.values.zip(other.values).map(|(own, there)| [own, there].concat());
        Shape { sorts: self.sorts.or(other.sorts), values, properties, required, open: self.open, items }
    }
}
