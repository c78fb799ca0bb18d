//! What calls of tools are held against: the `inputSchema` of each definition that is as it was pinned, compiled.
//!
//! Kept whether or not the policy names the guard, so that a reload that turns it on finds them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_guard::Schema;
use bailiwick_mcp::Value;

use super::ITEMS_MAX;

/// The schemas by tool, of those that say something.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Schemas {
    of: Arc<BTreeMap<String, Arc<Schema>>>,
    bytes: usize,
    /// Not all are kept.
    is_full: bool,
}

/// All schemas of one run together, in bytes of memory.
const SCHEMAS_BYTES_MAX: usize = 4 << 20;

/// What a call is held against.
#[derive(Debug)]
pub(crate) enum Known<'s> {
    Schema(&'s Schema),
    /// Nothing is kept that it could be held against, and something may have been said.
    Lost,
    Nothing,
}

impl Schemas {
    pub(crate) fn of(&self, tool: &str) -> Known<'_> {
        match self.of.get(tool) {
            Some(schema) => Known::Schema(schema),
            None if self.is_full => Known::Lost,
            None => Known::Nothing,
        }
    }

    /// Keeps what `tool`, a definition that is as it was pinned, says of its arguments. What is pinned does not change.
    pub(crate) fn keep(&mut self, name: &str, tool: Value<'_>) {
        if self.of.contains_key(name) {
            return;
        }
        let Some(schema) = tool.get("inputSchema").and_then(Schema::of) else { return };
        let own = schema.bytes().saturating_add(name.len());
        let bytes = self.bytes.saturating_add(own);
        if self.of.len() >= ITEMS_MAX || bytes > SCHEMAS_BYTES_MAX {
            self.is_full = true;
            return;
        }
        self.bytes = bytes;
        Arc::make_mut(&mut self.of).insert(name.to_owned(), Arc::new(schema));
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser};

    use super::{Known, SCHEMAS_BYTES_MAX, Schemas};

    fn keep(schemas: &mut Schemas, name: &str, schema: &str) {
        let mut parser = Parser::default();
        let tool = format!(r#"{{"inputSchema":{schema}}}"#);
        schemas.keep(name, parser.parse(tool.as_bytes(), &Limits::DEFAULT).unwrap().root());
    }

    #[test]
    fn what_was_pinned_stays_and_what_says_nothing_takes_no_room() {
        let mut schemas = Schemas::default();
        keep(&mut schemas, "a", r#"{"required":["x"]}"#);
        let before = schemas.of.get("a").cloned();
        assert!(before.is_some());
        keep(&mut schemas, "a", r#"{"required":["y"]}"#);
        assert_eq!(schemas.of.get("a"), before.as_ref());
        keep(&mut schemas, "b", "{}");
        assert!(matches!(schemas.of("b"), Known::Nothing));
        assert_eq!(schemas.of.len(), 1);
    }

    #[test]
    fn no_list_takes_more_than_its_room() {
        let mut schemas = Schemas::default();
        let long = format!(r#"{{"const":"{}"}}"#, "x".repeat(60_000));
        for tool in 0..200 {
            keep(&mut schemas, &format!("t{tool}"), &long);
        }
        assert!((60..80).contains(&schemas.of.len()) && schemas.bytes <= SCHEMAS_BYTES_MAX);
        assert!(matches!(schemas.of("t0"), Known::Schema(_)));
        assert!(matches!(schemas.of("t199"), Known::Lost));
    }
}
