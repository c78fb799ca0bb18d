//! Keys that a decision reads must have no double in another spelling.
//!
//! Parsers that match field names without regard to case (Go's `encoding/json`, cJSON, several .NET and Java settings)
//! would read `Name` where we read `name`, and act on what no rule has seen.

use super::{META_VERSION, Malformation, Message};
use crate::json::{Kind, Value, same_key_folded};
use crate::method::{Item, Method};

impl Message<'_> {
    /// Checks that no key of `params`, of the governed objects inside of it, or of `_meta` is a governed field's name in
    /// another spelling, and that a version named in `_meta` is a string.
    ///
    /// # Errors
    /// [`Malformation::ParamCase`]; [`Malformation::Params`] for a version that is no string, because its sender means
    /// to be modern and would be taken for legacy.
    pub fn governed_fields_clear(&self, method: &Method) -> Result<(), Malformation> {
        let Some(params) = self.params() else { return Ok(()) };
        if !keys_clear(params, method.fields) {
            return Err(Malformation::ParamCase);
        }
        for (key, value) in params.members() {
            let inner = NESTED.iter().find(|(field, _)| key.is_text(field));
            if let Some((_, fields)) = inner
                && !keys_clear(value, fields)
            {
                return Err(Malformation::ParamCase);
            }
        }
        let version = params.get("_meta").and_then(|meta| meta.get(META_VERSION));
        if version.is_some_and(|version| version.kind() != Kind::Text) {
            return Err(Malformation::Params);
        }
        Ok(())
    }
}

/// True if no key of `object` is one of `governed` in another spelling. The rest of its keys may be anything; a value
/// that is no object has no keys.
#[must_use]
pub fn keys_clear(object: Value<'_>, governed: &[&str]) -> bool {
    object.members().all(|(key, _)| {
        let key = key.text().unwrap_or_default();
        governed.contains(&&*key) || !governed.iter().any(|field| same_key_folded(field, &key))
    })
}

/// True if neither the result that holds a list nor any of its items has a governed key in another spelling: such a key
/// would bring a lenient client what a filter has not seen.
#[must_use]
pub fn listing_clear(result: Value<'_>, item: Item) -> bool {
    let list = result.get(item.member());
    keys_clear(result, LISTS)
        && list.is_none_or(|list| list.elements().all(|element| keys_clear(element, item.fields())))
}

/// Members of results that lists and the protocol stand in. All lists, because a client picks by what it asked.
const LISTS: &[&str] = &[
    "tools",
    "prompts",
    "resources",
    "resourceTemplates",
    "tasks",
    "skills",
    "nextCursor",
    "resultType",
    "inputRequests",
    "requestState",
    "_meta",
];

/// Keys of `_meta` that decide over the message, and those with which the protocol ties it to others.
pub const META_FIELDS: &[&str] = &[
    "progressToken",
    META_VERSION,
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel",
    "io.modelcontextprotocol/subscriptionId",
    "io.modelcontextprotocol/related-task",
];

/// Members of `params` whose own keys are read too.
const NESTED: &[(&str, &[&str])] = &[
    ("_meta", META_FIELDS),
    ("ref", &["type", "name", "uri"]),
    ("argument", &["name", "value"]),
    ("context", &["arguments"]),
    (
        "notifications",
        &[
            "toolsListChanged",
            "promptsListChanged",
            "resourcesListChanged",
            "resourceSubscriptions",
            "taskIds",
        ],
    ),
    ("task", &["taskId", "ttl", "status"]),
];
