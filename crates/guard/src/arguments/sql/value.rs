//! A value that stands inside of a query somewhere, and would change it.

use super::{Hit, INJECTED};
use crate::arguments::unescape::unescape;
use crate::arguments::words::{has, has_any, places};

/// Checks a value that stands inside of a query somewhere.
pub(in crate::arguments) fn in_value(text: &str) -> Vec<Hit> {
    if text.len() < 4 || !looks_worth(text) {
        return Vec::new();
    }
    let decoded = if text.contains('%') { unescape(text).text } else { text.to_owned() };
    let lower = unspaced(&decoded.to_lowercase());
    if is_injected(&lower) { vec![INJECTED] } else { Vec::new() }
}

fn looks_worth(text: &str) -> bool {
    text.contains(['\'', '"', ';', '=', '(', '#', '%', '|', '*', '<', '>', '@'])
        || text.contains("--")
        || text.to_ascii_lowercase().contains("select")
}

/// Inline comments and `+` used for blanks are blanks.
fn unspaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/*") {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push(' ');
        let behind = rest.get(at + 2..).unwrap_or_default();
        rest = behind.find("*/").and_then(|end| behind.get(end + 2..)).unwrap_or_default();
    }
    out.push_str(rest);
    let plus = !out.contains(' ') && out.contains('+');
    let out = if plus { out.replace('+', " ") } else { out };
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_injected(text: &str) -> bool {
    let quote = text.contains(['\'', '"', '`', '\u{2019}']);
    let ends_in_comment = ["--", "-- -", "--+", "#", "/*", "-- ", ";%00"]
        .iter()
        .any(|end| text.trim_end_matches(['+', '-', ' ']).is_empty() || text.ends_with(end));
    let clause = [
        "or", "and", "union", "having", "where", "order by", "group by", "select", "like", "xor", "in",
        "rlike", "||", "&&", "div",
    ]
    .iter()
    .any(|word| has(text, word));
    // A tautology, with or without quotes: `or 1=1`, `' or 'a'='a`, `and 1=0`, `or true`.
    let tautology = ["or", "and", "having", "xor", "where", "||", "&&", "if(", "when"].iter().any(|word| {
        places(text, word)
            .any(|at| text.get(at + word.len()..).is_some_and(|rest| is_comparison(rest, quote)))
    });
    let functions = has_any(text, FUNCTIONS) && text.contains('(');
    let select = (has(text, "select") || has(text, "selselectect"))
        && has_any(
            text,
            &["from", "@@version", "case", "current_setting", "null", "version()", "user()", "count", "if"],
        )
        && (quote || text.contains(['(', ';', '*', ',', '@']) || has(text, "union"));
    let stacked = text.split(';').any(|part| {
        let part = part.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<&str> = part.split_whitespace().take(3).collect();
        let (one, two) =
            (words.first().copied().unwrap_or_default(), words.get(1).copied().unwrap_or_default());
        STACKED.iter().any(|(verb, objects)| *verb == one && (objects.is_empty() || objects.contains(&two)))
    }) && (text.contains(';') || quote || ends_in_comment);
    let cut_short = quote && ends_in_comment && (clause || text.len() < 40 || text.contains([';', ')']));
    let closed =
        quote && (text.contains("';") || text.contains("\";") || text.contains("')") && text.contains("--"));
    let exists = quote && (text.contains("exists(") || text.contains("exists ("))
        || has(text, "is null;")
        || text.contains(" is null; --");
    let ordered = (text.contains("order by ") || text.contains("group by ")) && (ends_in_comment || quote);
    GLUED.iter().any(|word| text.contains(word))
        || unites(text)
        || tautology
        || functions
        || select
        || stacked
        || cut_short
        || (closed && clause)
        || exists
        || ordered
        || blind(text)
}

/// `' and x = 'y`: two sides compared behind a quote that was closed.
fn blind(text: &str) -> bool {
    let Some(at) = text.find(['\'', '"']) else { return false };
    let behind = text.get(at + 1..).unwrap_or_default().trim_start_matches([')', ' ', '\'', '"', '%']);
    ["or ", "and ", "or(", "and(", "|| ", "||", "&& ", "union ", "like ", "having ", "xor ", "in ("]
        .iter()
        .any(|word| behind.starts_with(word))
        && (behind.contains(['=', '<', '>', '(', '\'', '"'])
            || has_any(behind, &["like", "is", "between", "in", "true", "select", "1"]))
}

/// Two sides of a comparison that an injection would write: numbers, or quoted texts.
fn is_comparison(rest: &str, quoted: bool) -> bool {
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "(+!~-".contains(c));
    let Some(at) = rest.find(['=', '<', '>']) else {
        let word = rest.split([' ', '-', '#', ';', ')']).next().unwrap_or_default();
        return matches!(word, "true" | "1" | "'1" | "\"1")
            && (quoted || rest.contains("--") || rest.contains('#'));
    };
    let (left, right) = rest.split_at(at);
    let left = left.trim().trim_matches(['\'', '"', '(', ')', ' ']);
    let right = right.trim_start_matches(['=', '<', '>', ' ', '(']);
    let value = right
        .trim_matches(['\'', '"', ')', ' '])
        .split([' ', '-', '#', ';', ')', '\'', '"', '/'])
        .next()
        .unwrap_or_default();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let short = left.len() <= 24 && !left.contains(' ');
    short
        && ((number(left) && number(value))
            || (left == value && !left.is_empty())
            || (quoted && right.starts_with(['\'', '"'])))
}

/// `union select` and a list of columns, or nothing more.
fn unites(text: &str) -> bool {
    UNIONS.iter().any(|union| {
        text.split_once(union).is_some_and(|(_, rest)| {
            let list = |c: char| c.is_ascii_digit() || "'\"*,(@".contains(c);
            rest.trim().is_empty() || rest.contains(list) || has_any(rest, &["null", "from"])
        })
    })
}

const UNIONS: &[&str] = &["union select", "union all select", "union distinct select"];

/// What no name or search holds, whatever stands before it.
const GLUED: &[&str] = &[
    "xp_cmdshell",
    "exec master",
    "exec sp_",
    "exec xp_",
    "sp_addsrvrolemember",
    "sp_password",
    "select current_",
    "select user_name",
    "select @@",
    "select version(",
    "select user(",
    "select database(",
    "select system_user",
    "sysibm.",
    "sysobjects",
    "syscolumns",
    "information_schema",
    "pg_catalog",
    "all_tables",
    "sleep(",
    "waitfor delay",
    "benchmark(",
    "'||'",
    "' || '",
    "utl_inaddr",
    "ctxsys.",
    "select pg_",
    "select usename",
    "from dual",
    "bulk insert",
    "into outfile",
    "into dumpfile",
    "load_file(",
    "char(0x",
    "or 1=1",
    "and 1=1",
    "and 1=2",
    "or '1'='1",
];

const FUNCTIONS: &[&str] = &[
    "sleep",
    "pg_sleep",
    "benchmark",
    "load_file",
    "xp_cmdshell",
    "waitfor",
    "extractvalue",
    "updatexml",
    "utl_http.request",
    "dbms_pipe.receive_message",
    "randomblob",
    "make_set",
    "current_setting",
    "query_to_xml",
    "database_to_xml",
    "pg_read_file",
    "dblink",
    "sqlite_version",
    "group_concat",
    "string_agg",
    "char",
    "chr",
    "concat",
    "ascii",
    "substring",
    "substr",
    "hex",
    "unhex",
    "elt",
    "xp_dirtree",
];

/// Statements that follow a `;`, and what they are about.
const STACKED: &[(&str, &[&str])] = &[
    ("drop", &["table", "database", "function", "user", "schema", "view", "index", "procedure"]),
    ("delete", &["from"]),
    ("insert", &["into"]),
    ("truncate", &["table"]),
    ("alter", &["table", "user", "role", "database"]),
    ("create", &["table", "user", "or", "function", "temp", "extension"]),
    ("exec", &[]),
    ("execute", &["immediate"]),
    ("declare", &[]),
    ("waitfor", &["delay"]),
    ("shutdown", &[]),
    ("select", &["pg_sleep(10)", "current_setting('krb_server_keyfile');"]),
    ("union", &["select", "all"]),
    ("copy", &[]),
    ("grant", &["all"]),
    ("if(", &[]),
];

#[cfg(test)]
mod tests {
    use super::super::INJECTED;
    use super::*;

    #[test]
    fn names_and_searches_are_not_injections() {
        for text in [
            "O'Brien",
            "Conan O'Brien and Sons",
            "Robert \"Bobby\" Tables",
            "Drop table tennis & delete old users",
            "rock and roll",
            "select a file from the list",
            "C# or F# (which is better?)",
            "5 > 3 and 2 < 4?",
            "St. John's",
            "price = 10 or less",
            "it's 50% off -- today",
            "union station, select seats",
        ] {
            assert!(in_value(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn injections_are() {
        for text in [
            "' OR '1'='1",
            "admin' --",
            "1 OR 1=1",
            "x') OR ('a'='a",
            "1; DROP TABLE users",
            "' UNION SELECT null, version() --",
            "1 AND SLEEP(5)",
            "a'/**/OR/**/1=1#",
        ] {
            assert_eq!(in_value(text), [INJECTED], "{text}");
        }
    }
}
