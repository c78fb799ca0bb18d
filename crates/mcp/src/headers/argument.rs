//! Repeated of a tool that are headers too: which ones its schema says, and whether both say the same.

use super::{coded, decoded};
use crate::json::{Kind, Value};

/// One argument that is a header too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// In lower case, without the prefix.
    pub header: String,
    /// The keys that lead to it.
    path: Vec<String>,
}

impl Argument {
    /// What a call says; nothing for `null`.
    fn value<'a>(&self, arguments: Option<Value<'a>>) -> Option<Value<'a>> {
        let value = self.path.iter().try_fold(arguments?, |value, key| value.get(key))?;
        (!value.is_null()).then_some(value)
    }
}

/// Deepest property that is looked at, and most of one tool. What a schema marks beyond that is not compared.
const DEPTH_MAX: usize = 16;
const ARGUMENTS_MAX: usize = 64;
/// Longest name and path, in bytes.
const BYTES_MAX: usize = 1_024;

/// The arguments that `schema` marks by `x-mcp-header`. A mark that the protocol does not allow marks nothing: clients must
/// not use such a tool at all.
#[must_use]
pub fn arguments(schema: Value<'_>) -> Vec<Argument> {
    let mut found = Vec::new();
    walk(schema, &mut Vec::new(), &mut found);
    let names: Vec<String> = found.iter().map(|argument| argument.header.clone()).collect();
    let once = |header: &String| names.iter().filter(|name| *name == header).count() == 1;
    found.retain(|argument| once(&argument.header));
    found
}

fn walk(schema: Value<'_>, path: &mut Vec<String>, found: &mut Vec<Argument>) {
    if path.len() >= DEPTH_MAX {
        return;
    }
    for (key, property) in schema.get("properties").into_iter().flat_map(Value::members) {
        let Some(key) = key.text() else { continue };
        path.push(key.into_owned());
        if let Some(header) = marked(property)
            && found.len() < ARGUMENTS_MAX
            && path.iter().map(String::len).sum::<usize>() <= BYTES_MAX
        {
            found.push(Argument { header, path: path.clone() });
        }
        walk(property, path, found);
        path.pop();
    }
}

/// The header that a property's mark names.
fn marked(property: Value<'_>) -> Option<String> {
    let name = property.get("x-mcp-header")?.text()?;
    let kind = property.get("type")?;
    let simple = ["string", "integer", "boolean"].iter().any(|word| kind.is_text(word));
    let token = (1..=BYTES_MAX).contains(&name.len()) && name.bytes().all(is_token);
    (simple && token).then(|| name.to_ascii_lowercase())
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The headers that stand beside a message and repeat arguments: names in lower case without the prefix, values as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repeated(pub Vec<(String, Vec<u8>)>);

impl Repeated {
    fn get(&self, header: &str) -> Option<&[u8]> {
        self.0.iter().find(|(name, _)| name == header).map(|(_, value)| value.trim_ascii())
    }

    /// True if each argument that is a header too is the same in both, and in neither where it is `null` or absent.
    #[must_use]
    pub fn agree(&self, marked: &[Argument], arguments: Option<Value<'_>>) -> bool {
        marked.iter().all(|argument| same(self.get(&argument.header), argument.value(arguments)))
    }

    /// The headers that a call with these arguments has beside it; nothing of what no header can repeat.
    #[must_use]
    pub fn of(marked: &[Argument], arguments: Option<Value<'_>>) -> Repeated {
        let said = |argument: &Argument| {
            let value = argument.value(arguments)?;
            let text = match value.kind() {
                Kind::Text => value.text()?,
                Kind::True | Kind::False | Kind::Number => value.raw().into(),
                Kind::Null | Kind::Object | Kind::Array => return None,
            };
            Some((argument.header.clone(), coded(&text).into_owned().into_bytes()))
        };
        Repeated(marked.iter().filter_map(said).collect())
    }
}

fn same(header: Option<&[u8]>, value: Option<Value<'_>>) -> bool {
    let (header, value) = match (header, value) {
        (None, None) => return true,
        (Some(header), Some(value)) => (header, value),
        (Some(_), None) | (None, Some(_)) => return false,
    };
    let Some(said) = decoded(header) else { return false };
    match value.kind() {
        Kind::Text => value.text().is_some_and(|text| *text.as_bytes() == *said),
        Kind::True => *said == *b"true",
        Kind::False => *said == *b"false",
        Kind::Number => {
            let said = std::str::from_utf8(&said).ok();
            said.is_some_and(|said| {
                said == value.raw() || whole(said).is_some_and(|n| Some(n) == whole_of(value))
            })
        }
        Kind::Null | Kind::Object | Kind::Array => false,
    }
}

/// A whole number in decimal: 42 and 42.0 are one number.
fn whole(text: &str) -> Option<i64> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let bare = digits.strip_prefix('-').unwrap_or(digits);
    let plain = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let zero = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    (plain && zero).then(|| digits.parse().ok()).flatten()
}

fn whole_of(value: Value<'_>) -> Option<i64> {
    value.integer().or_else(|| whole(value.raw()))
}
