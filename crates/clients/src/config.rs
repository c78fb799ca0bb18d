//! The servers in a configuration. One broken entry never hides its siblings.

mod entry;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::table::{Dialect, FileKind};
use crate::tree::{Fault, Form, Format, Layout, Member, Node, parse};

/// What a configuration says.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub servers: Vec<Server>,
    pub broken: Vec<Broken>,
    pub(crate) root: Node,
}

/// How a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub format: Format,
    pub keys: Vec<Vec<String>>,
    pub is_flat: bool,
    pub dialect: Dialect,
}

/// One entry of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    pub name: String,
    /// The keys above the entry: where the map of servers stands.
    pub container: Vec<String>,
    /// The name in the text.
    pub name_span: Range<usize>,
    /// The whole entry in the text.
    pub span: Range<usize>,
    pub is_enabled: bool,
    pub launch: Launch,
    pub environment: Vec<Setting>,
    pub headers: Vec<Setting>,
    /// Another entry in the same map has the same name.
    pub is_twice: bool,
    /// The way to the entry in the tree, as positions.
    pub(crate) way: Vec<usize>,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Launch {
    Stdio(Stdio),
    Remote {
        url: Word,
        /// A key by which the client brings what nobody else could: a sign-in of its own, an older transport.
        needs: Option<String>,
    },
}

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Stdio {
    pub program: Word,
    pub arguments: Vec<Word>,
    pub(crate) shape: Shape,
}

/// Where command and arguments stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// The command is a text; its arguments stand beside it, if there are any.
    Apart {
        key_span: Range<usize>,
        around: Layout,
        arguments_key: String,
        list: Option<(Range<usize>, Layout)>,
    },
    /// One list of words.
    Joined { list: Range<usize>, layout: Layout },
}

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub span: Range<usize>,
}

/// A variable of the environment, or a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: Word,
}

/// An entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub name: String,
    pub at: usize,
    pub why: String,
}

impl FileKind {
    /// How files of this kind are read.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading {
            format: self.format,
            keys: self.keys.clone(),
            is_flat: self.is_flat,
            dialect: self.dialect.clone(),
        }
    }
}

/// Most entries that are read of one file.
pub const SERVERS_MAX: usize = 10_000;

/// Reads the servers of a text without its byte order mark.
///
/// # Errors
/// If the text is not in its format.
pub fn read(text: &str, reading: &Reading) -> Result<Config, Fault> {
    let root = parse(text, reading.format)?;
    let mut reader = Reader { reading, servers: Vec::new(), broken: Vec::new(), found: false };
    for keys in &reading.keys {
        reader.descend(&root, keys, &mut Vec::new(), &mut Vec::new());
    }
    if reading.is_flat && !reader.found {
        reader.servers_of(&root, true, &[], &[]);
    }
    Ok(Config { servers: reader.servers, broken: reader.broken, root })
}

struct Reader<'r> {
    reading: &'r Reading,
    servers: Vec<Server>,
    broken: Vec<Broken>,
    found: bool,
}

impl Reader<'_> {
    fn descend(&mut self, node: &Node, keys: &[String], names: &mut Vec<String>, way: &mut Vec<usize>) {
        let Some((key, rest)) = keys.split_first() else {
            self.found = true;
            self.servers_of(node, false, names, way);
            return;
        };
        for (at, member) in node.members().iter().enumerate() {
            if key == "*" || *key == member.key {
                names.push(member.key.clone());
                way.push(at);
                self.descend(&member.value, rest, names, way);
                names.pop();
                way.pop();
            }
        }
    }

    fn servers_of(&mut self, node: &Node, is_flat: bool, names: &[String], way: &[usize]) {
        let deeper = |at: usize| way.iter().copied().chain([at]).collect::<Vec<usize>>();
        match &node.form {
            Form::Map(_, members) => {
                let twice = repeated(members.iter().map(|member| member.key.as_str()));
                for (at, member) in members.iter().enumerate() {
                    let is_twice = twice.contains(member.key.as_str());
                    let named = Named { name: &member.key, span: &member.key_span, is_twice, is_flat };
                    self.entry(&named, &member.value, names, deeper(at));
                }
            }
            Form::List(_, elements) => {
                let twice = repeated(elements.iter().filter_map(|element| name_of(element)?.value.text()));
                for (at, element) in elements.iter().enumerate() {
                    let Some((name, span)) =
                        name_of(element).and_then(|name| Some((name.value.text()?, &name.value.span)))
                    else {
                        self.breaks(String::new(), element, "the entry has no `name`");
                        continue;
                    };
                    let named = Named { name, span, is_twice: twice.contains(name), is_flat };
                    self.entry(&named, element, names, deeper(at));
                }
            }
            Form::Nothing => {}
            Form::Text(_) | Form::Truth(_) | Form::Number(_) => {
                let why = format!("servers must be a map, not {}", node.kind());
                self.breaks(names.last().cloned().unwrap_or_default(), node, &why);
            }
        }
    }

    fn entry(&mut self, named: &Named<'_>, node: &Node, container: &[String], way: Vec<usize>) {
        if self.servers.len().saturating_add(self.broken.len()) >= SERVERS_MAX {
            if self.broken.last().is_none_or(|last| last.why != TOO_MANY) {
                self.breaks(named.name.to_owned(), node, TOO_MANY);
            }
            return;
        }
        let dialect = &self.reading.dialect;
        match entry::read(node, dialect, named.is_flat) {
            Ok(Some(entry)) => self.servers.push(Server {
                name: named.name.to_owned(),
                container: container.to_vec(),
                name_span: named.span.clone(),
                span: node.span.clone(),
                is_enabled: entry.is_enabled,
                launch: entry.launch,
                environment: entry.environment,
                headers: entry.headers,
                is_twice: named.is_twice,
                way,
            }),
            Ok(None) => {}
            Err((at, why)) => self.broken.push(Broken { name: named.name.to_owned(), at, why }),
        }
    }

    fn breaks(&mut self, name: String, node: &Node, why: &str) {
        self.broken.push(Broken { name, at: node.span.start, why: why.to_owned() });
    }
}

/// The names that stand more than once.
fn repeated<'n>(names: impl Iterator<Item = &'n str>) -> BTreeSet<&'n str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).collect()
}

fn name_of(element: &Node) -> Option<&Member> {
    element.get("name")
}

struct Named<'n> {
    name: &'n str,
    span: &'n Range<usize>,
    is_twice: bool,
    is_flat: bool,
}

const TOO_MANY: &str = "too many servers in one file; the rest is not read";

impl Server {
    /// Command and arguments; nothing for a remote server.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        match &self.launch {
            Launch::Stdio(stdio) => stdio.words().map(|word| word.text.as_str()).collect(),
            Launch::Remote { .. } => Vec::new(),
        }
    }
}

impl Stdio {
    /// Program and arguments, with their places.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        std::iter::once(&self.program).chain(&self.arguments)
    }
}

/// The first member that has one of these keys.
pub(crate) fn first<'n>(node: &'n Node, keys: &[String]) -> Option<&'n Member> {
    keys.iter().find_map(|key| node.get(key))
}

#[cfg(test)]
mod tests;
