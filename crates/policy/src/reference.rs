//! The tables of the reference, made from those that the parser reads with.

use crate::words;
pub use crate::words::{Key, Map, Value};

/// Every map of the language and of test files.
pub const MAPS: [&Map; 30] = [
    &words::FILE,
    &words::ROLE,
    &words::GUARDS,
    &words::GUARD,
    &words::SUPPRESSION,
    &words::GUARD_PATTERN,
    &words::CLASSIFIER,
    &words::REQUESTS,
    &words::PACE,
    &words::PINS,
    &words::DISCOVERY,
    &words::RULE,
    &words::WHO,
    &words::UNLESS,
    &words::APPROVAL,
    &words::MATCHER,
    &words::URL,
    &words::SQL,
    &words::COMMAND,
    &words::FLAGS,
    &words::LIMIT,
    &words::SEQUENCE,
    &words::STEP,
    &words::PRECONDITION,
    &words::NEEDS,
    &words::NEEDED,
    &words::HOURS,
    &words::SUITE,
    &words::TEST,
    &words::BEFORE,
];

/// Name and Markdown table of each map.
#[must_use]
pub fn tables() -> Vec<(&'static str, String)> {
    MAPS.iter().map(|map| (map.name, table(map))).collect()
}

fn table(map: &Map) -> String {
    let mut out = String::from("| key | value |\n|---|---|\n");
    for key in map.keys {
        out.push_str(&format!("| `{}` | {} |\n", key.name, key.about));
    }
    out
}
