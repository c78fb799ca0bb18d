//! The names of tools' parameters. A key of a call that is one of them is a word of the server's, not a name of the agent's
//! choice: nobody need ask the disk whether there is a link of that name.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_mcp::Value;

use super::ITEMS_MAX;

/// The names by tool, of those that have any. Shared with whoever looks ahead.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Parameters {
    of: Arc<BTreeMap<String, Box<[Box<str>]>>>,
}

/// Names of one tool that are kept, and the longest in bytes; further ones are treated as names of the agent's choice.
const NAMES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 64;

impl Parameters {
    pub(crate) fn of(&self, tool: &str) -> &[Box<str>] {
        self.of.get(tool).map_or(&[], |names| names)
    }

    /// True if both are the same list, not only equal ones.
    pub(crate) fn is(&self, other: &Parameters) -> bool {
        Arc::ptr_eq(&self.of, &other.of)
    }

    /// Notes what `tool`, the definition under `name`, declares, in place of what it declared before.
    pub(crate) fn keep(&mut self, name: &str, tool: Value<'_>) {
        let names: Box<[Box<str>]> = declared(tool).collect();
        if names.is_empty() {
            self.forget(name);
        } else if self.of(name) != &*names && (self.of.len() < ITEMS_MAX || self.of.contains_key(name)) {
            Arc::make_mut(&mut self.of).insert(name.to_owned(), names);
        }
    }

    /// Every key is followed again.
    pub(crate) fn forget(&mut self, name: &str) {
        if self.of.contains_key(name) {
            Arc::make_mut(&mut self.of).remove(name);
        }
    }
}

/// What stands under `properties` at the top. What a schema puts together from parts is not looked for.
fn declared<'a>(tool: Value<'a>) -> impl Iterator<Item = Box<str>> + 'a {
    let properties = tool.get("inputSchema").and_then(|schema| schema.get("properties"));
    let names = properties.into_iter().flat_map(Value::members).filter_map(|(name, _)| name.text());
    names.filter(|name| name.len() <= NAME_BYTES_MAX).take(NAMES_MAX).map(|name| name.as_ref().into())
}
