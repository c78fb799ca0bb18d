//! Keys that are code: operators of a document database, the prototype of an object.

use super::Hit;
use crate::guard::{Guard, Level};

const OPERATOR: Hit =
    Hit::new(Guard::Sql, "operator", "query operator as a key of an argument", Level::Certain);
const PROTOTYPE: Hit =
    Hit::new(Guard::Template, "prototype", "key that changes the prototype of objects", Level::Certain);

pub(super) const HITS: &[Hit] = &[OPERATOR, PROTOTYPE];

/// Checks the key of a member; a query of a document database is made of operators.
pub(super) fn key(name: &str, in_query: bool) -> Option<Hit> {
    // Most keys are words.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.bytes().all(plain) && !(name.contains('_') && name.contains("__")) {
        return None;
    }
    let base = name.split(['.', '[']).next_back().unwrap_or(name);
    if matches!(name, "__proto__")
        || name.contains("__proto__")
        || name.contains("constructor.prototype")
        || name.contains("constructor[prototype]")
    {
        return Some(PROTOTYPE);
    }
    if in_query {
        return None;
    }
    OPERATORS.contains(&name).then_some(OPERATOR).or_else(|| {
        name.contains("[$")
            .then(|| base.trim_end_matches(']'))
            .filter(|base| OPERATORS.contains(base))
            .map(|_| OPERATOR)
    })
}

const OPERATORS: &[&str] = &[
    "$where",
    "$regex",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$nin",
    "$exists",
    "$expr",
    "$function",
    "$accumulator",
    "$or",
    "$not",
    "$nor",
];
/// True if a whole query is expected under this key.
pub(super) fn is_query(key: &str) -> bool {
    QUERIES.iter().any(|query| key.eq_ignore_ascii_case(query))
}

/// Keys under which a whole query is expected.
const QUERIES: &[&str] = &[
    "filter", "query", "pipeline", "selector", "match", "where", "update", "criteria", "$or", "$and", "$nor",
    "$match",
];
