//! The value of the matcher `sql`.

use bailiwick_semantic::sql::{DIALECTS, KINDS};

use super::Reader;
use crate::args::{FunctionPattern, Matcher, SqlPattern, TablePattern};
use crate::glob::Name;
use crate::tree::{Form, Node};
use crate::words;

impl Reader<'_> {
    /// A list of kinds, or a map of parts.
    pub(super) fn sql(&mut self, node: &Node) -> Option<Matcher> {
        let mut out = SqlPattern::default();
        let Form::Map(_) = &node.form else {
            self.sql_kinds(node, &mut out);
            return Some(Matcher::Sql(out));
        };
        let members = self.members(node, &words::SQL, "`sql`")?;
        if members.keys().all(|key| *key == "dialect") {
            self.wrong(node, "`sql` says nothing", "add `statements: [select]`, or another part");
        }
        if let Some(node) = members.get("statements") {
            self.sql_kinds(node, &mut out);
        }
        if let Some(node) = members.get("tables") {
            let tables = self.texts(node, "a table");
            tables.iter().for_each(|table| self.sql_name_is_doubtful(node, table));
            out.written.push(format!("tables {}", tables.join(", ")));
            out.tables = Some(tables.iter().filter_map(|table| self.table(node, table)).collect());
        }
        if let Some(node) = members.get("functions") {
            out.functions = self.functions(node, &mut out.written);
        }
        if let Some(node) = members.get("single") {
            out.single = self.choice(node, "value of `single`", &[("true", true), ("false", false)]);
            out.written.push(format!("single {}", node.scalar().unwrap_or_default()));
        }
        if let Some(node) = members.get("dialect") {
            out.dialect = self.choice(node, "dialect", &DIALECTS);
            out.written.push(format!("dialect {}", node.scalar().unwrap_or_default()));
        }
        Some(Matcher::Sql(out))
    }

    fn sql_kinds(&mut self, node: &Node, out: &mut SqlPattern) {
        let items = self.items(node, "a kind of statement");
        let kinds =
            items.into_iter().filter_map(|item| self.choice(item, "kind of statement", &KINDS)).collect();
        let words: std::collections::BTreeSet<_> = kinds;
        out.written.extend(words.iter().map(|kind: &bailiwick_semantic::sql::Kind| kind.word().to_owned()));
        out.kinds = Some(words);
    }

    fn table(&mut self, node: &Node, written: &str) -> Option<TablePattern> {
        let part =
            |part: &str| Some((Name::new(part, false).ok()?, Name::new(&part.to_lowercase(), true).ok()?));
        let parts: Option<Vec<(Name, Name)>> = written.split('.').map(part).collect();
        if parts.is_none() {
            let help = "write `orders`, `public.orders` or `public.*`, without quotes";
            self.wrong(node, format!("`{written}` is not a name of tables"), help);
        }
        Some(TablePattern { parts: parts? })
    }

    /// `none`, `any`, or names with `*` and the class `@outside`.
    fn functions(&mut self, node: &Node, written: &mut Vec<String>) -> Option<Vec<FunctionPattern>> {
        let names = match node.scalar() {
            Some("none") => Vec::new(),
            Some("any") => vec!["*".to_owned()],
            _ => self.texts(node, "a function"),
        };
        names.iter().for_each(|name| self.sql_name_is_doubtful(node, name));
        if let (true, Some(word)) =
            (names.len() > 1, names.iter().find(|name| matches!(name.as_str(), "any" | "none")))
        {
            self.wrong(node, format!("`{word}` beside names of functions"), "it stands alone");
        }
        let shown = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        written.push(format!("functions {shown}"));
        let mut out = Vec::new();
        for name in names {
            match (name.as_str(), Name::new(&name.to_lowercase(), true)) {
                ("@outside", _) => out.push(FunctionPattern::Outside),
                (word, Ok(name)) if !word.starts_with('@') => out.push(FunctionPattern::Name(name)),
                _ => {
                    let help = "write names of functions, `@outside`, `none` or `any`";
                    self.wrong(node, format!("`{name}` is not a function"), help);
                }
            }
        }
        Some(out)
    }
}
