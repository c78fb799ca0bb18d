//! A configuration as a tree of nodes with their places, the same for JSON with comments, TOML and YAML.
//!
//! The tree is only read. An edit is a splice of the text between the places, so that every byte outside of it survives.

mod json;
mod toml;
mod yaml;

use std::ops::Range;

use thiserror::Error;

/// How a configuration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// JSON; comments and trailing commas are taken, because most clients take them.
    Json,
    Toml,
    Yaml,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Json, Format::Toml, Format::Yaml];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Toml => "toml",
            Format::Yaml => "yaml",
        }
    }

    /// The format that a file's name speaks of; JSON where it speaks of none.
    #[must_use]
    pub fn of_name(name: &str) -> Format {
        match name.rsplit('.').next() {
            Some("toml") => Format::Toml,
            Some("yaml" | "yml") => Format::Yaml,
            _ => Format::Json,
        }
    }
}

/// One value of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Byte offsets in the text, without a byte order mark.
    pub span: Range<usize>,
    pub form: Form,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    Text(String),
    Truth(bool),
    /// A number or a date, as it is written.
    Number(String),
    Nothing,
    List(Layout, Vec<Node>),
    Map(Layout, Vec<Member>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub key: String,
    pub key_span: Range<usize>,
    pub value: Node,
}

/// How a list or map is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Between brackets.
    Flow,
    /// By lines: YAML's indentation, TOML's headers.
    Block,
}

/// Why a text is no tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    /// Where, as a byte offset.
    pub at: usize,
    pub message: String,
}

/// Deepest nesting that is read.
pub const DEPTH_MAX: usize = 128;
/// A configuration above this is refused, in bytes. Claude Code keeps its history in the same file.
pub const CONFIG_BYTES_MAX: usize = 64 << 20;

/// Reads a text without its byte order mark. An empty text is an empty map.
///
/// # Errors
/// If it is not in that format, too long or too deep.
pub fn parse(text: &str, format: Format) -> Result<Node, Fault> {
    if text.len() > CONFIG_BYTES_MAX {
        return Err(Fault { at: 0, message: format!("longer than {CONFIG_BYTES_MAX} bytes") });
    }
    let parsed = match format {
        Format::Json => json::parse(text)?,
        Format::Toml => toml::parse(text)?,
        Format::Yaml => yaml::parse(text)?,
    };
    Ok(parsed.unwrap_or(Node { span: 0..text.len(), form: Form::Map(Layout::Block, Vec::new()) }))
}

impl Node {
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.form {
            Form::Text(text) => Some(text),
            Form::Truth(_) | Form::Number(_) | Form::Nothing | Form::List(..) | Form::Map(..) => None,
        }
    }

    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match self.form {
            Form::Truth(truth) => Some(truth),
            Form::Text(_) | Form::Number(_) | Form::Nothing | Form::List(..) | Form::Map(..) => None,
        }
    }

    /// The members of a map; none of anything else.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.form {
            Form::Map(_, members) => members,
            Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing | Form::List(..) => &[],
        }
    }

    /// The elements of a list.
    #[must_use]
    pub fn elements(&self) -> Option<&[Node]> {
        match &self.form {
            Form::List(_, elements) => Some(elements),
            Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing | Form::Map(..) => None,
        }
    }

    /// The last member of that key, as most readers take it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Member> {
        self.members().iter().rev().find(|member| member.key == key)
    }

    /// What errors call it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.form {
            Form::Text(_) => "a text",
            Form::Truth(_) => "a truth value",
            Form::Number(_) => "a number",
            Form::Nothing => "nothing",
            Form::List(..) => "a list",
            Form::Map(..) => "a map",
        }
    }

    /// True if both say the same, wherever it stands and however it is laid out.
    #[must_use]
    pub fn same(&self, other: &Node) -> bool {
        match (&self.form, &other.form) {
            (Form::List(_, own), Form::List(_, theirs)) => {
                own.len() == theirs.len() && own.iter().zip(theirs).all(|(own, theirs)| own.same(theirs))
            }
            (Form::Map(_, own), Form::Map(_, theirs)) => {
                let alike = |(own, theirs): (&Member, &Member)| {
                    own.key == theirs.key && own.value.same(&theirs.value)
                };
                own.len() == theirs.len() && own.iter().zip(theirs).all(alike)
            }
            (own, theirs) => own == theirs,
        }
    }
}
