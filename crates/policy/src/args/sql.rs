//! The matcher `sql`: what a script does, to which tables, with which functions.

use std::collections::BTreeSet;
use std::rc::Rc;

use bailiwick_semantic::sql::{Dialect, Kind, Script, Sql, Statement, Table, is_plausible, reaches_outside};

use super::{Answer, Reach, Sense};
use crate::glob::Name;

/// What a script may do; what is `None` is not looked at.
#[derive(Debug, Default)]
pub(crate) struct SqlPattern {
    pub(crate) kinds: Option<BTreeSet<Kind>>,
    pub(crate) tables: Option<Vec<TablePattern>>,
    pub(crate) functions: Option<Vec<FunctionPattern>>,
    /// True: one statement; false: several.
    pub(crate) single: Option<bool>,
    pub(crate) dialect: Option<Dialect>,
    /// As the policy writes it, variables filled in.
    pub(crate) written: Vec<String>,
}

/// A name of a table, part by part.
#[derive(Debug)]
pub(crate) struct TablePattern {
    /// As it is written, and without regard to case.
    pub(crate) parts: Vec<(Name, Name)>,
}

#[derive(Debug)]
pub(crate) enum FunctionPattern {
    /// `@outside`: files, programs, other servers, texts that are run.
    Outside,
    Name(Name),
}

/// The scripts of one call that were read before.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    known: Vec<(usize, Option<Dialect>, Rc<Sql>)>,
}

impl Scripts {
    pub(crate) fn read(&mut self, place: usize, text: &str, dialect: Option<Dialect>) -> Rc<Sql> {
        if let Some((_, _, sql)) = self.known.iter().find(|known| known.0 == place && known.1 == dialect) {
            return Rc::clone(sql);
        }
        let sql = Rc::new(Sql::read(text, dialect));
        self.known.push((place, dialect, Rc::clone(&sql)));
        sql
    }
}

impl SqlPattern {
    /// `server` is the name of the server, which may say what database it is.
    pub(crate) fn dialect(&self, server: &str) -> Option<Dialect> {
        self.dialect.or_else(|| Dialect::of_server(server))
    }

    /// What `text` is, where it may be SQL at all. `None`: nobody said that it is, and it does not look like it.
    pub(crate) fn read(
        &self,
        text: &str,
        place: usize,
        reach: Reach,
        server: &str,
        scripts: &mut Scripts,
    ) -> Option<Rc<Sql>> {
        if reach != Reach::Named && !is_plausible(text) {
            return None;
        }
        let sql = scripts.read(place, text, self.dialect(server));
        // Prose begins with `select` and `update` too.
        if reach != Reach::Named && sql.unreadable { None } else { Some(sql) }
    }

    pub(crate) fn answer(&self, sql: Option<&Sql>, sense: Sense) -> Answer {
        let Some(sql) = sql else { return if sense == Sense::Any { Answer::No } else { Answer::Skip } };
        let matches = match sense {
            Sense::Any => sql.unreadable || sql.readings.iter().any(|script| self.touches(script)),
            Sense::Every | Sense::Holds => {
                !sql.unreadable && !sql.doubtful && sql.readings.iter().all(|script| self.covers(script))
            }
        };
        if matches { Answer::Yes } else { Answer::No }
    }

    /// The statement that decided, in words.
    pub(crate) fn seen(&self, sql: &Sql, sense: Sense, matched: bool) -> Option<String> {
        let hit = |script: &Script, statement: &Statement| match sense {
            Sense::Any => self.touches_one(statement),
            Sense::Every | Sense::Holds => self.covers_one(statement, script.dialect),
        };
        let wanted = matched || sense == Sense::Any;
        let all =
            || sql.readings.iter().flat_map(|script| script.statements.iter().map(move |one| (script, one)));
        let decisive = all().find(|(script, one)| hit(script, one) == wanted).or_else(|| all().next());
        decisive.map(|(_, statement)| words(statement))
    }

    /// One statement of it is what the pattern says.
    fn touches(&self, script: &Script) -> bool {
        self.is_count(script) && {
            let any = self.kinds.is_none() && self.tables.is_none() && self.functions.is_none();
            any || script.statements.iter().any(|statement| self.touches_one(statement))
        }
    }

    fn touches_one(&self, statement: &Statement) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| statement.kinds.iter().any(|kind| kinds.contains(kind)))
            && self.tables.as_ref().is_none_or(|patterns| {
                let hit = |table: &Table| patterns.iter().any(|pattern| pattern.may_be(table));
                statement.tables.iter().any(hit)
            })
            && self.functions.as_ref().is_none_or(|patterns| {
                let outside = statement.outside && patterns.iter().any(FunctionPattern::is_outside);
                let hit = |name: &String| patterns.iter().any(|pattern| pattern.matches(name));
                outside || statement.functions.iter().any(hit)
            })
    }

    /// All of it is what the pattern says.
    fn covers(&self, script: &Script) -> bool {
        let all = script.statements.iter().all(|statement| self.covers_one(statement, script.dialect));
        !script.statements.is_empty() && self.is_count(script) && all
    }

    fn covers_one(&self, statement: &Statement, dialect: Dialect) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| statement.kinds.iter().all(|kind| kinds.contains(kind)))
            && self.tables.as_ref().is_none_or(|patterns| {
                let hit = |table: &Table| patterns.iter().any(|pattern| pattern.is(table, dialect));
                statement.tables.iter().all(hit)
            })
            && match &self.functions {
                // Who allows a SELECT does not mean the files of the server.
                None => !statement.outside,
                Some(patterns) => {
                    let outside = !statement.outside || patterns.iter().any(FunctionPattern::is_outside);
                    let hit = |name: &String| patterns.iter().any(|pattern| pattern.matches(name));
                    outside && statement.functions.iter().all(hit)
                }
            }
    }

    fn is_count(&self, script: &Script) -> bool {
        self.single.is_none_or(|single| single == (script.statements.len() <= 1))
    }
}

impl FunctionPattern {
    fn is_outside(&self) -> bool {
        matches!(self, FunctionPattern::Outside | FunctionPattern::Name(Name::Any))
    }

    fn matches(&self, function: &str) -> bool {
        match self {
            FunctionPattern::Outside => reaches_outside(function),
            FunctionPattern::Name(name) => name.matches(function, function, true),
        }
    }
}

impl TablePattern {
    /// The table in any schema that it may be found in, without regard to case.
    fn may_be(&self, table: &Table) -> bool {
        let mut names = table.parts.iter().rev();
        self.parts.iter().rev().all(|(_, folded)| {
            names.next().is_none_or(|part| {
                let lower = part.name.to_lowercase();
                folded.matches(&lower, &lower, true)
            })
        })
    }

    /// The table itself, with as many parts as the pattern.
    fn is(&self, table: &Table, dialect: Dialect) -> bool {
        if let [(Name::Any, _)] = self.parts.as_slice() {
            return true;
        }
        let part = |((exact, folded), part): (&(Name, Name), &bailiwick_semantic::sql::Part)| {
            // MySQL's tables are files, whose case may count; other databases fold what is not quoted.
            let folds = !part.quoted && dialect != Dialect::Mysql;
            let lower = part.name.to_lowercase();
            exact.matches(&part.name, &part.name, false) || (folds && folded.matches(&lower, &lower, true))
        };
        self.parts.len() == table.parts.len() && self.parts.iter().zip(&table.parts).all(part)
    }
}

fn words(statement: &Statement) -> String {
    let mut out: Vec<String> = statement.kinds.iter().map(|kind| kind.word().to_owned()).collect();
    let name =
        |table: &Table| table.parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(".");
    out.extend(statement.tables.iter().map(name));
    out.extend(statement.functions.iter().map(|function| format!("{function}()")));
    out.join(" ")
}

/// What every statement of a text does, in words; `None`: it is no SQL.
pub(crate) fn stated(text: &str, server: &str) -> Option<Vec<String>> {
    let sql = Sql::read(text, Dialect::of_server(server));
    if sql.unreadable {
        return None;
    }
    let mut out: Vec<String> = Vec::new();
    for line in sql.readings.iter().flat_map(|script| &script.statements).map(words).take(STATED_MAX) {
        if !out.contains(&line) {
            out.push(line);
        }
    }
    if sql.doubtful {
        out.push("(read differently by different databases)".to_owned());
    }
    Some(out)
}

/// Statements that are put into words.
const STATED_MAX: usize = 64;
