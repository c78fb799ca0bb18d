//! SQL: what scripts do, whatever they are dressed as.
#![expect(clippy::unwrap_used, reason = "a test must fail when it cannot look")]

use std::time::Duration;

use bailiwick_semantic::sql::Dialect::{Generic, Mssql, Mysql, Postgres, Sqlite};
use bailiwick_semantic::sql::{Dialect, Kind, Script, Sql};
use proptest::prelude::*;
use rustix::time::ClockId;

fn words(script: &Script) -> String {
    let of = |statement: &bailiwick_semantic::sql::Statement| {
        let kinds: Vec<&str> = statement.kinds.iter().map(|kind| kind.word()).collect();
        let table = |table: &bailiwick_semantic::sql::Table| {
            let parts: Vec<&str> = table.parts.iter().map(|part| part.name.as_str()).collect();
            if parts.is_empty() { "?".to_owned() } else { parts.join(".") }
        };
        let tables: Vec<String> = statement.tables.iter().map(table).collect();
        format!(
            "{} [{}]{}",
            kinds.join("+"),
            tables.join(" "),
            if statement.outside { " outside" } else { "" }
        )
    };
    script.statements.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn read(text: &str, dialect: Dialect) -> String {
    let sql = Sql::read(text, Some(dialect));
    match sql.readings.first() {
        Some(script) if !sql.doubtful => words(script),
        Some(script) => format!("doubt: {}", words(script)),
        None => "unreadable".to_owned(),
    }
}

#[test]
fn statements_are_told_apart_with_all_their_parts() {
    let mut wrong = Vec::new();
    for (dialect, text, expected) in STATEMENTS.iter().copied() {
        let found = read(text, dialect);
        if found != expected {
            wrong.push(format!("{text}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_no_database_would_take_is_unreadable() {
    for text in [
        "hello",
        "SELEC 1",
        "SELECT (",
        "SELECT 'x",
        ".shell ls",
        "\\! ls",
        "SELECT 1 SELECT 2",
        "SELECT \0",
        "DROP",
        "WITH x AS SELECT 1",
    ] {
        assert!(
            Sql::read(text, Some(Dialect::Postgres)).unreadable,
            "{text}: {}",
            read(text, Dialect::Postgres)
        );
    }
}

#[test]
fn without_a_dialect_a_script_must_mean_something_in_each() {
    let all = |text: &str| {
        let sql = Sql::read(text, None);
        (sql.doubtful, sql.readings.iter().map(words).collect::<Vec<_>>())
    };
    assert!(!all("SELECT a FROM t").0);
    assert!(all("SELECT 1 # ; DROP TABLE t\n").0, "a comment to MySQL alone");
    // What is a text to one and a name to the other gives two readings, and both count.
    assert!(all("SELECT 1 /*! ; DROP TABLE t */").0);
    assert!(all("SELECT 1 /*! ; DROP TABLE t */").1.iter().any(|reading| reading.contains("ddl [t]")));
}

/// What a deny goes by: any reading.
fn any(
    text: &str,
    dialect: Option<Dialect>,
    test: impl Fn(&bailiwick_semantic::sql::Statement) -> bool,
) -> bool {
    let sql = Sql::read(text, dialect);
    sql.unreadable || sql.readings.iter().flat_map(|script| &script.statements).any(test)
}

#[test]
fn what_one_dialect_does_not_read_counts_by_its_words() {
    let deletes = |text: &str| any(text, None, |statement| statement.kinds.contains(&Kind::Delete));
    assert!(deletes("select $a$; delete from t; $a$"));
    assert!(deletes(r"select 'a\';delete from t;select '"));
    assert!(deletes(r#"select "a\";delete from t;select ""#));
    assert!(deletes("select 1 /*M!50000 ; delete from t */"));
    assert!(deletes("select 1 delete from t"));
    assert!(!deletes("select a::int from t where b = 'x'"), "Postgres's own syntax is no delete");
    let outside = |text: &str, dialect| any(text, dialect, |statement| statement.outside);
    for dialect in [None, Some(Postgres), Some(Sqlite), Some(Mysql), Some(Mssql)] {
        assert!(outside("select 1 /*!50000 into outfile '/tmp/x' */", dialect), "{dialect:?}");
        assert!(outside("select 1 /*M! into outfile '/tmp/x' */", dialect), "{dialect:?}");
        assert!(outside("select/*M!load_file('/etc/passwd')*/ 1", dialect), "{dialect:?}");
        assert!(outside(r#"select U&"\0070g_read_file"('/etc/passwd')"#, dialect), "{dialect:?}");
    }
    let named = |text: &str, dialect| {
        any(text, dialect, |statement| {
            statement
                .tables
                .iter()
                .any(|table| table.parts.last().is_none_or(|part| part.name.eq_ignore_ascii_case("secrets")))
        })
    };
    for text in [
        "select * from ONLY secrets",
        "create view v as table secrets",
        "insert into x table secrets",
        "select 1 union table secrets",
        "create table x (like secrets)",
        "select * from secrets@a",
    ] {
        assert!(named(text, None), "{text}");
        assert!(named(text, Some(Postgres)), "{text}");
    }
}

#[test]
fn a_verb_in_the_place_of_a_name_is_not_read() {
    for text in [
        "select 1 delete from t",
        "select a delete from t",
        "select 1 --\ndelete from t",
        "select 1 exec sp_x",
    ] {
        for dialect in [None, Some(Mssql), Some(Mysql), Some(Sqlite), Some(Postgres)] {
            let sql = Sql::read(text, dialect);
            assert!(sql.unreadable || sql.doubtful, "{text} {dialect:?}");
        }
    }
    for text in [
        "insert into t values (1) on conflict (a) do update set b = 1",
        "select * from t for update",
        "create table t (a int references u on delete cascade)",
        "select replace(a, 'x', 'y'), truncate(b, 2) from t",
        "select t.update from t",
        "explain delete from t",
        "update t set a = 1 where b in (select 1)",
    ] {
        assert!(!Sql::read(text, Some(Postgres)).unreadable, "{text}");
    }
}

#[test]
fn dialects_are_known_by_the_servers_name() {
    assert_eq!(Dialect::of_server("my-postgres-ro"), Some(Dialect::Postgres));
    assert_eq!(Dialect::of_server("SQLite"), Some(Dialect::Sqlite));
    assert_eq!(Dialect::of_server("db"), None);
}

#[test]
#[expect(clippy::disallowed_types, reason = "a stack as small as those of threads")]
fn no_script_takes_longer_than_its_length_or_a_deeper_stack_than_a_thread_has() {
    let size = 31 << 10;
    let nested = |open: &str, close: &str, depth: usize| {
        format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth))
    };
    let mut texts: Vec<String> = Vec::new();
    for piece in [
        "(",
        "SELECT ",
        "1+",
        "a.",
        "NOT ",
        "CASE WHEN ",
        "x IN (",
        "SELECT 1;",
        "SELECT 1 UNION ",
        "'",
        "\"",
        "/*",
        "-- \n",
        "$a$",
        "1,",
        "f(",
        "[",
        "::int",
        "WITH a AS (",
        "a JOIN ",
        "(SELECT ",
        "INTERVAL ",
        "- ",
        "~",
        " OR 1",
        "BEGIN ",
        "ARRAY[",
        "{",
        "CAST(",
        "EXISTS(",
        "/*!",
        "é",
        "x AND ",
    ] {
        texts.push(piece.repeat(size / piece.len()));
        texts.push(format!("SELECT {}", piece.repeat(size / piece.len())));
        texts.push(format!("SELECT * FROM t WHERE {}", piece.repeat(300)));
        texts.push(format!("SELECT * FROM t WHERE {}", piece.repeat(12)));
    }
    for (open, close) in [
        ("(", ")"),
        ("f(", ")"),
        ("(SELECT ", ")"),
        ("CASE WHEN ", " THEN 1 END"),
        ("[", "]"),
        ("NOT ", ""),
        ("CAST(", " AS int)"),
        ("a(b -> ", ")"),
    ] {
        for depth in [4, 8, 12, 13, 20, 40, 100] {
            texts.push(nested(open, close, depth));
            texts.push(format!("SELECT * FROM {}t{}", open.repeat(depth), close.repeat(depth)));
        }
    }
    texts.push(format!("SELECT 1{}", " + 1".repeat(390)));
    texts.push(format!("SELECT 1{}", " OR 1".repeat(390)));
    texts.push(format!("SELECT 1{}", " UNION SELECT 1".repeat(190)));
    texts.push(format!("SELECT a{}", "::int".repeat(190)));
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        for text in texts {
            for dialect in [Some(Dialect::Postgres), Some(Dialect::Mssql), Some(Dialect::Generic), None] {
                let before = spent();
                let _ = Sql::read(&text, dialect);
                let took = spent() - before;
                let head: String = text.chars().take(60).collect();
                assert!(
                    took < Duration::from_millis(600),
                    "{head} ({} bytes, {dialect:?}): {took:?}",
                    text.len()
                );
            }
        }
    });
    thread.unwrap().join().unwrap();
}

/// A dialect, a script, and what it does to which tables.
const STATEMENTS: &[(Dialect, &str, &str)] = &[
    (Postgres, "SELECT * FROM users", "select [users]"),
    (Postgres, "select a.b from public.users a join \"Orders\" o on true", "select [public.users Orders]"),
    (Postgres, "SELECT 1", "select []"),
    (Postgres, "VALUES (1)", "select []"),
    (Postgres, "", ""),
    (Postgres, "-- nothing", ""),
    (Postgres, ";;", ""),
    (Postgres, "SELECT 1; DROP TABLE users", "select []; ddl [users]"),
    (Postgres, "SELECT 1 -- ; DROP TABLE users", "select []"),
    (Postgres, "SELECT 1 /* ; DROP TABLE users */", "select []"),
    (Postgres, "SELECT '; DROP TABLE users'", "select []"),
    (Postgres, "SELECT $$; DROP TABLE users$$", "select []"),
    (Postgres, "WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x", "select+delete [users]"),
    (Postgres, "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x", "select+insert [t]"),
    (Postgres, "WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x", "select+update [t]"),
    (Postgres, "WITH users AS (SELECT * FROM users) SELECT * FROM users", "select [users]"),
    (Postgres, "WITH a AS (SELECT 1) SELECT * FROM a", "select []"),
    (Postgres, "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", "select [b]"),
    (Postgres, "WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t", "select []"),
    (
        Postgres,
        "SELECT * FROM secret UNION SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret) x",
        "select [secret]",
    ),
    (Postgres, "SELECT * INTO t2 FROM t", "select+ddl [t2 t]"),
    (Postgres, "INSERT INTO t SELECT * FROM u", "insert [t u]"),
    (Postgres, "UPDATE t SET a = (SELECT b FROM u)", "update [t u]"),
    (Postgres, "DELETE FROM t USING u WHERE true", "delete [t u]"),
    (Postgres, "EXPLAIN ANALYZE DELETE FROM t", "delete+explain [t]"),
    (Postgres, "CREATE TABLE t AS SELECT * FROM u", "ddl [t u]"),
    (Postgres, "DROP TABLE a, b.c", "ddl [a b.c]"),
    (Postgres, "TRUNCATE t", "ddl [t]"),
    (Postgres, "ALTER TABLE t ADD COLUMN a int", "ddl [t]"),
    (Postgres, "GRANT ALL ON t TO u", "dcl [?]"),
    (Postgres, "CREATE ROLE x SUPERUSER", "dcl [?]"),
    (Postgres, "SET search_path TO x", "set []"),
    (Postgres, "BEGIN; COMMIT", "transaction []; transaction []"),
    (Postgres, "COPY t TO PROGRAM 'sh'", "copy [t] outside"),
    (Postgres, "COPY t FROM '/etc/passwd'", "copy [t] outside"),
    (Postgres, "CREATE EXTENSION plpython3u", "load [] outside"),
    (Postgres, "SELECT pg_read_file('/etc/passwd')", "select [] outside"),
    (Postgres, "SELECT pg_catalog.pg_ls_dir('.')", "select [] outside"),
    (Postgres, "SELECT * FROM pg_ls_dir('.')", "select [pg_ls_dir] outside"),
    (Postgres, "SELECT \"pg_read_file\"('/x')", "select [] outside"),
    (Postgres, "SELECT a FROM t WHERE b IN (SELECT lo_export(1, 'x'))", "select [t] outside"),
    (Postgres, "SELECT dblink('host=x', 'y')", "select [] outside"),
    (Postgres, "SELECT query_to_xml('DROP TABLE x', true, true, '')", "select [] outside"),
    (Postgres, "CALL p()", "call [?]"),
    (Postgres, "EXECUTE p(1)", "call [?]"),
    (Postgres, "VACUUM", "admin [?]"),
    (Sqlite, "PRAGMA writable_schema = 1", "pragma []"),
    (Sqlite, "ATTACH DATABASE '/x' AS y", "attach [] outside"),
    (Sqlite, "SELECT load_extension('x.so')", "select [] outside"),
    (Sqlite, "SELECT writefile('x', 'y')", "select [] outside"),
    (Sqlite, "SELECT * FROM [a b]", "select [a b]"),
    (Sqlite, "REPLACE INTO t VALUES (1)", "insert [t]"),
    (Mysql, "SELECT LOAD_FILE('/etc/passwd')", "select [] outside"),
    (Mysql, "SELECT 1 # ; DROP TABLE users", "select []"),
    (Mysql, "SELECT `a` FROM `b`.`c`", "select [b.c]"),
    (Mysql, "SHOW TABLES", "show [?]"),
    (Mysql, "USE mysql", "use []"),
    (Mysql, "SELECT /*!50000 1; DROP TABLE users */", "doubt: select []; ddl [users]"),
    (Mssql, "EXEC xp_cmdshell 'dir'", "call [?] outside"),
    (Mssql, "SELECT TOP 1 * FROM dbo.users", "select [dbo.users]"),
    (Generic, "SELECT 1 END ; DROP TABLE users", "unreadable"),
];

fn spent() -> Duration {
    rustix::time::clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

proptest! {
    #[test]
    fn reading_is_total(text in "\\PC{0,120}", pieces in prop::collection::vec(prop::sample::select(vec![
        "SELECT", "*", "FROM", "t", ";", "DROP TABLE", "WITH x AS (", ")", "(", "'", "--", "/*", "*/", "/*!", "DELETE", "INSERT INTO", "VALUES", "1", ",", "UNION", "$$", "\"", "`", "EXPLAIN", "f(",
    ]), 0..14)) {
        for text in [text, pieces.join(" ")] {
            for dialect in [Some(Dialect::Postgres), None] {
                let sql = Sql::read(&text, dialect);
                prop_assert_eq!(sql.unreadable, sql.readings.is_empty());
            }
        }
    }

    /// A script that is all SELECT has no word outside of strings and comments that writes.
    #[test]
    fn a_sure_select_holds_no_writing_word(pieces in prop::collection::vec(prop::sample::select(vec![
        "SELECT", "*", "FROM", "t", ";", "DROP TABLE t", "DELETE FROM t", "WITH x AS (DELETE FROM t RETURNING *)", "SELECT * FROM x", "(", ")", "--", "/*", "*/", "\n", "'", "UNION", "EXPLAIN",
    ]), 1..9)) {
        let text = pieces.join(" ");
        let sql = Sql::read(&text, Some(Dialect::Postgres));
        let selects = |script: &Script| script.statements.iter().all(|statement| statement.kinds.iter().all(|kind| *kind == Kind::Select));
        if !sql.doubtful && !text.contains('\'') && !text.contains("/*") && !text.contains("--") && sql.readings.iter().all(selects) && !sql.readings.is_empty() {
            prop_assert!(!text.contains("DROP") && !text.contains("DELETE"), "{}", text);
        }
    }
}

#[test]
fn only_is_no_table() {
    for text in [
        "select * from only (secrets)",
        "delete from only secrets",
        "update only secrets set a = 1",
        "select * from a, only secrets",
        "select * from only secrets s",
    ] {
        let hit = |dialect| {
            any(text, dialect, |statement| {
                statement.tables.iter().any(|table| {
                    table.parts.last().is_none_or(|part| part.name.eq_ignore_ascii_case("secrets"))
                })
            })
        };
        assert!(hit(None) && hit(Some(Postgres)), "{text}");
    }
}
