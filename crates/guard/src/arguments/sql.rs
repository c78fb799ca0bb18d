//! `sql`: statements that destroy or leave the database, and values that change the query they stand in.

mod value;

pub(super) use self::value::in_value;
use super::Hit;
use super::words::{has, has_any, places};
use crate::guard::{Guard, Level};

const DESTROYS: Hit =
    Hit::new(Guard::Sql, "destructive", "statement that destroys data or structure", Level::Certain);
const UNBOUNDED: Hit =
    Hit::new(Guard::Sql, "unbounded-write", "update or delete of every row", Level::Certain);
const RIGHTS: Hit = Hit::new(Guard::Sql, "rights", "statement that changes who may do what", Level::Certain);
const ESCAPES: Hit = Hit::new(
    Guard::Sql,
    "escape",
    "statement that reads files, runs programs or reaches the network",
    Level::Certain,
);
const INJECTED: Hit =
    Hit::new(Guard::Sql, "injected", "value that changes the query it stands in", Level::Certain);

pub(super) const HITS: &[Hit] = &[DESTROYS, UNBOUNDED, RIGHTS, ESCAPES, INJECTED];

/// Checks a value that is SQL.
pub(super) fn statements(text: &str) -> Vec<Hit> {
    let plain = bare(text);
    let mut hits = Vec::new();
    if has_any(&plain, OUTSIDE)
        || ["copy ", "load data"]
            .iter()
            .any(|start| plain.contains(start) && has_any(&plain, &["program", "infile", "from '"]))
    {
        hits.push(ESCAPES);
    }
    for statement in plain.split(';') {
        let statement = statement.trim();
        let mut words = statement.split_whitespace();
        let (one, two) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match one {
            "drop" | "truncate" | "shutdown" | "vacuum full" => hits.push(DESTROYS),
            "alter" if matches!(two, "user" | "role" | "login" | "system") => hits.push(RIGHTS),
            "alter" if has_any(statement, &["drop", "rename"]) => hits.push(DESTROYS),
            "disable" => hits.push(DESTROYS),
            "grant" | "revoke" | "reassign" => hits.push(RIGHTS),
            "create" if matches!(two, "user" | "role" | "login") => hits.push(RIGHTS),
            "set" if two == "password" || two == "role" => hits.push(RIGHTS),
            "create" if matches!(two, "extension" | "trigger" | "event") || has(statement, "language") => {
                hits.push(ESCAPES)
            }
            "attach" | "exec" | "execute" | "do" | "call"
                if one != "call" || has(statement, "xp_cmdshell") =>
            {
                hits.push(ESCAPES)
            }
            "update" | "delete" | "merge" if !has(statement, "where") || is_always(statement) => {
                hits.push(UNBOUNDED)
            }
            "update" | "insert" | "delete" if has_any(statement, SYSTEM_TABLES) => hits.push(RIGHTS),
            _ => {}
        }
    }
    hits.dedup();
    hits
}

/// Functions and clauses that reach out of the database.
const OUTSIDE: &[&str] = &[
    "outfile",
    "dumpfile",
    "load_file",
    "xp_cmdshell",
    "xp_dirtree",
    "xp_regread",
    "sp_oacreate",
    "dblink_connect",
    "dblink",
    "pg_read_file",
    "pg_read_binary_file",
    "pg_ls_dir",
    "lo_import",
    "lo_export",
    "utl_http",
    "utl_file",
    "utl_inaddr",
    "dbms_scheduler",
    "openrowset",
    "opendatasource",
    "load_extension",
    "sys_exec",
    "sys_eval",
    "writefile",
    "readfile",
    "pg_sleep",
    "benchmark",
    "waitfor",
    "dbms_pipe",
    "dbms_ldap",
    "httpuritype",
    "extractvalue",
    "updatexml",
];
const SYSTEM_TABLES: &[&str] =
    &["mysql.user", "pg_shadow", "pg_authid", "pg_roles", "sysusers", "sqlite_master"];

/// Lower case, comments and the insides of strings taken out, white space joined.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = if rest.starts_with("/*") {
            // `/*!50000 … */` runs in MySQL: its content counts.
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            if rest.starts_with("/*!") {
                out.push_str(
                    &rest
                        .get(3..end.saturating_sub(2))
                        .unwrap_or_default()
                        .trim_start_matches(|c: char| c.is_ascii_digit())
                        .to_ascii_lowercase(),
                );
            }
            out.push(' ');
            end
        } else if rest.starts_with("--") || rest.starts_with('#') && !rest.starts_with("#>") {
            rest.find('\n').unwrap_or(rest.len())
        } else if matches!(character, '\'' | '"') {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find(character).map_or(rest.len(), |end| end + 2);
            out.push(character);
            out.push(character);
            end
        } else {
            if character.is_whitespace() {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            } else {
                out.extend(character.to_lowercase());
            }
            character.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// `where 1=1`, `where true`.
fn is_always(statement: &str) -> bool {
    let behind =
        places(statement, "where").next().and_then(|at| statement.get(at + 5..)).unwrap_or_default().trim();
    matches!(behind, "true" | "1" | "''=''") || equal_sides(behind)
}

/// `7=7`, `'a'='a'`, `1 = 1 and …`
fn equal_sides(text: &str) -> bool {
    let Some((left, right)) = text.split_once('=') else { return false };
    let side = |text: &str| text.trim_matches(|c: char| c.is_whitespace() || "'\"()".contains(c)).to_owned();
    let left = side(left.rsplit([' ', '(']).next().unwrap_or(left));
    let right = side(right.trim_start().split([' ', ')', ';', '-', '#']).next().unwrap_or(right));
    !left.is_empty() && left == right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        for (text, hit) in [
            ("SELECT 1; DROP TABLE users", DESTROYS),
            ("UPDATE accounts SET balance = 0", UNBOUNDED),
            ("DELETE FROM t WHERE 1=1", UNBOUNDED),
            ("GRANT ALL ON *.* TO 'x'", RIGHTS),
            ("SELECT * FROM t INTO OUTFILE '/x'", ESCAPES),
        ] {
            assert_eq!(statements(text), [hit], "{text}");
        }
        for text in [
            "SELECT drop_reason FROM t WHERE name LIKE '%drop table x;%'",
            "UPDATE t SET a = 1 WHERE id = 4",
            "DELETE FROM t WHERE id = 4",
            "INSERT INTO t VALUES ('drop table')",
            "select 1 -- drop table x",
            "CREATE TABLE a (id int)",
        ] {
            assert!(statements(text).is_empty(), "{text}");
        }
    }
}
