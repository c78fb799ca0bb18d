//! SQL: what a script does, to which tables, with which functions; in every dialect that it may be meant in.

mod bounds;
mod effect;
mod loose;
mod visit;

pub use effect::{KINDS, Kind, reaches_outside};

use std::collections::BTreeSet;

use sqlparser::dialect as parsers;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::limits::{SQL_BYTES_MAX, SQL_DEPTH_MAX};

/// The dialects of SQL that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
    Mssql,
    Generic,
}

/// Every dialect with its word.
pub const DIALECTS: [(&str, Dialect); 5] = [
    ("postgres", Dialect::Postgres),
    ("mysql", Dialect::Mysql),
    ("sqlite", Dialect::Sqlite),
    ("mssql", Dialect::Mssql),
    ("generic", Dialect::Generic),
];

/// Where nobody says which database it is, a script must mean the same in each of these.
const COMMON: &[Dialect] = &[Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite];

/// One statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// Everything that it does, also in parts of it: `WITH x AS (DELETE …) SELECT …` deletes and selects.
    pub kinds: BTreeSet<Kind>,
    pub tables: Vec<Table>,
    /// In lower case, the last part of the name.
    pub functions: BTreeSet<String>,
    /// It reaches files, programs, other servers, or runs text as SQL.
    pub outside: bool,
}

/// The name of a table or view, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// None: some table, and it is not known which.
    pub parts: Vec<Part>,
}

/// One part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// In quotes case counts; without, it depends on the database.
    pub quoted: bool,
}

/// A script as one dialect reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub dialect: Dialect,
    pub statements: Vec<Statement>,
}

/// All that one text may mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sql {
    /// One for each dialect that can read it; where it is doubtful also one by its words alone, which says more than it does.
    pub readings: Vec<Script>,
    /// Some dialect cannot read it, or parts of it are comments to some servers: an allow does not match, and a deny goes by
    /// all words of it.
    pub doubtful: bool,
    /// No dialect can read it: a deny matches whatever its pattern says.
    pub unreadable: bool,
}

impl Dialect {
    /// The dialect that a server's name speaks of.
    #[must_use]
    pub fn of_server(name: &str) -> Option<Dialect> {
        let lower = name.to_ascii_lowercase();
        let words = [
            ("postgres", Dialect::Postgres),
            ("pgsql", Dialect::Postgres),
            ("supabase", Dialect::Postgres),
            ("neon", Dialect::Postgres),
            ("mysql", Dialect::Mysql),
            ("mariadb", Dialect::Mysql),
            ("sqlite", Dialect::Sqlite),
            ("mssql", Dialect::Mssql),
            ("sqlserver", Dialect::Mssql),
            ("sql-server", Dialect::Mssql),
        ];
        words.iter().find(|(word, _)| lower.contains(word)).map(|(_, dialect)| *dialect)
    }

    fn parser(self) -> &'static dyn parsers::Dialect {
        match self {
            Dialect::Postgres => &parsers::PostgreSqlDialect {},
            Dialect::Mysql => &parsers::MySqlDialect {},
            Dialect::Sqlite => &parsers::SQLiteDialect {},
            Dialect::Mssql => &parsers::MsSqlDialect {},
            Dialect::Generic => &parsers::GenericDialect {},
        }
    }
}

impl Sql {
    /// Reads `text` as one script, in `dialect` if it is known.
    #[must_use]
    pub fn read(text: &str, dialect: Option<Dialect>) -> Sql {
        let mut out = Sql::default();
        // Names by the numbers of their characters: what they say is not read here.
        let hidden =
            text.as_bytes().windows(3).any(|three| matches!(three, [b'u' | b'U', b'&', b'"' | b'\'']));
        if text.len() > SQL_BYTES_MAX || text.contains('\0') || hidden {
            out.unreadable = true;
            return out;
        }
        // MySQL runs such a comment, or not, by its version; the others never do.
        out.doubtful = text.contains("/*!") || text.contains("/*M!") || text.contains("/*m!");
        let named = dialect.as_slice();
        for dialect in if named.is_empty() { COMMON } else { named } {
            match script(text, *dialect) {
                Some(statements) => out.readings.push(Script { dialect: *dialect, statements }),
                None => out.doubtful = true,
            }
        }
        if out.doubtful
            && let Some(run) = without_comment_marks(text)
        {
            let statements = script(&run, Dialect::Mysql);
            out.readings.extend(statements.map(|statements| Script { dialect: Dialect::Mysql, statements }));
        }
        out.unreadable = out.readings.is_empty();
        if out.doubtful && !out.unreadable {
            out.readings.push(Script { dialect: Dialect::Generic, statements: loose::statements(text) });
        }
        out
    }
}

/// True if a text that nobody called SQL begins as a statement does.
#[must_use]
pub fn is_plausible(text: &str) -> bool {
    let mut rest = text;
    // Comments, brackets and semicolons may stand in front.
    loop {
        rest = rest.trim_start_matches(|character: char| {
            character.is_whitespace() || matches!(character, '(' | ';')
        });
        let end = match (rest.starts_with("/*"), rest.starts_with("--") || rest.starts_with('#')) {
            (true, _) => rest.find("*/").map(|at| at.saturating_add(2)),
            (false, true) => rest.find('\n'),
            (false, false) => break,
        };
        let Some(behind) = end.and_then(|end| rest.get(end..)) else { return false };
        rest = behind;
    }
    let word = rest.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
    FIRST_WORDS.iter().any(|first| first.eq_ignore_ascii_case(word))
}

/// How statements begin.
const FIRST_WORDS: &[&str] = &[
    "select", "with", "values", "table", "insert", "replace", "update", "delete", "merge", "create", "alter",
    "drop", "truncate", "rename", "comment", "grant", "revoke", "deny", "begin", "start", "commit",
    "rollback", "set", "reset", "pragma", "copy", "load", "unload", "call", "exec", "execute", "prepare",
    "do", "declare", "explain", "describe", "desc", "show", "use", "attach", "detach", "install", "vacuum",
    "analyze", "flush", "kill", "lock", "import", "export",
];

fn script(text: &str, dialect: Dialect) -> Option<Vec<Statement>> {
    let parser = Parser::new(dialect.parser()).with_recursion_limit(SQL_DEPTH_MAX);
    let tokens = bounds::tokens(text, dialect.parser())?;
    // Only Postgres has strings in dollars; to the others what stands between is more SQL.
    let dollars = |token: &TokenWithSpan| matches!(token.token, Token::DollarQuotedString(_));
    if dialect != Dialect::Postgres && tokens.iter().any(dollars) {
        return None;
    }
    if loose::has_only(&tokens) {
        return None;
    }
    let verbs = loose::verbs(&tokens);
    let mut parser = parser.with_tokens_with_locations(tokens);
    let parsed = parser.parse_statements().ok()?;
    // The parser stops at an END of nothing, and leaves the rest unread.
    if parser.peek_token().token != Token::EOF {
        return None;
    }
    let statements: Vec<Statement> = parsed.iter().map(visit::statement).collect::<Option<_>>()?;
    // The parser takes `SELECT a DELETE FROM t` for a column by another name; a database may see two statements.
    let done = |verb: &Kind| {
        statements.iter().flat_map(|statement| &statement.kinds).any(|kind| {
            // Roles and extensions are created too.
            kind == verb || (*verb == Kind::Ddl && matches!(kind, Kind::Dcl | Kind::Load))
        })
    };
    verbs.iter().all(done).then_some(statements)
}

/// The text as a MySQL server runs it whose version is high enough.
fn without_comment_marks(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find("/*") {
        let (before, comment) = rest.split_at_checked(at)?;
        out.push_str(before);
        let inside = comment
            .strip_prefix("/*!")
            .or_else(|| comment.strip_prefix("/*M!"))
            .or_else(|| comment.strip_prefix("/*m!"));
        match inside {
            Some(inside) => {
                found = true;
                out.push(' ');
                rest = inside.trim_start_matches(|digit: char| digit.is_ascii_digit());
                let end = rest.find("*/").unwrap_or(rest.len());
                out.push_str(rest.get(..end)?);
                out.push(' ');
                rest = rest.get(end.saturating_add(2)..).unwrap_or_default();
            }
            None => {
                out.push_str("/*");
                rest = comment.get(2..)?;
            }
        }
    }
    out.push_str(rest);
    found.then_some(out)
}
