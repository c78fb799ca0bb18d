//! Through a parsed statement: its parts, tables and functions.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Expr, ObjectName, Query, Select, TableFactor, Visit, Visitor};

use super::effect::{is_outside, kind, reaches_outside};
use super::{Kind, Part, Statement, Table};
use crate::limits::SQL_WITHS_MAX;

/// What a statement does. `None`: too deep to say.
pub(super) fn statement(parsed: &ast::Statement) -> Option<Statement> {
    let mut walk = Walk { out: Statement::default(), scopes: Vec::new(), visible: Vec::new(), withs: 0 };
    match parsed.visit(&mut walk) {
        ControlFlow::Continue(()) => {
            let mut out = walk.out;
            let hides = |kind: &Kind| match kind {
                // The parser does not say of all of these which tables they touch.
                Kind::Dcl | Kind::Admin | Kind::Other | Kind::Call | Kind::Show => true,
                Kind::Ddl | Kind::Copy => out.tables.is_empty(),
                Kind::Explain => out.kinds.len() == 1,
                Kind::Select
                | Kind::Insert
                | Kind::Update
                | Kind::Delete
                | Kind::Merge
                | Kind::Transaction
                | Kind::Set
                | Kind::Pragma
                | Kind::Use
                | Kind::Attach
                | Kind::Load => false,
            };
            if out.kinds.iter().any(hides) {
                out.tables.push(Table { parts: Vec::new() });
            }
            Some(out)
        }
        ControlFlow::Break(()) => None,
    }
}

struct Walk {
    out: Statement,
    /// Names that the `WITH`s around declare, one list for each query around.
    scopes: Vec<Vec<String>>,
    /// Names that were declared around the walk.
    visible: Vec<String>,
    /// How many `WITH`s are around.
    withs: usize,
}

impl Walk {
    /// A name of a `WITH` stands for its query, not for a table.
    fn is_declared(&self, name: &ObjectName) -> bool {
        let [one] = name.0.as_slice() else { return false };
        let Some(name) = one.as_ident().map(|ident| ident.value.to_lowercase()) else { return false };
        self.visible.contains(&name) || self.scopes.iter().flatten().any(|known| *known == name)
    }

    /// Within the definitions of a `WITH` only those above are known: a table of the same name is the table itself.
    ///
    /// The walk goes through them once more with every name; what it finds there is found here too, or is no table.
    fn definitions(&mut self, with: &ast::With) -> ControlFlow<()> {
        if self.withs >= SQL_WITHS_MAX {
            return ControlFlow::Break(());
        }
        let mut visible: Vec<String> =
            self.visible.iter().chain(self.scopes.iter().flatten()).cloned().collect();
        if with.recursive {
            return ControlFlow::Continue(());
        }
        for definition in &with.cte_tables {
            let withs = self.withs.saturating_add(1);
            let mut walk =
                Walk { out: Statement::default(), scopes: Vec::new(), visible: visible.clone(), withs };
            definition.query.visit(&mut walk)?;
            walk.out.tables.into_iter().for_each(|table| self.table(table));
            visible.push(definition.alias.name.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }

    /// The tables of `TABLE t` as a query.
    fn named(&mut self, body: &ast::SetExpr) {
        let mut open = vec![body];
        while let Some(body) = open.pop() {
            match body {
                ast::SetExpr::SetOperation { left, right, .. } => {
                    open.extend([left.as_ref(), right.as_ref()])
                }
                ast::SetExpr::Table(named) => {
                    let quotes = ['"', '`', '[', ']'];
                    let part = |name: &String| Part {
                        name: name.trim_matches(quotes).to_owned(),
                        quoted: name.contains(quotes),
                    };
                    let parts = named.schema_name.iter().chain(&named.table_name).map(part).collect();
                    self.table(Table { parts });
                }
                _ => {}
            }
        }
    }

    fn table(&mut self, table: Table) {
        if !self.out.tables.contains(&table) {
            self.out.tables.push(table);
        }
    }

    fn function(&mut self, name: &ObjectName) {
        let parts: Vec<String> = name
            .0
            .iter()
            .filter_map(|part| part.as_ident())
            .map(|ident| ident.value.to_lowercase())
            .collect();
        let Some(last) = parts.last() else { return };
        self.out.outside |= reaches_outside(last) || reaches_outside(&parts.join("."));
        self.out.functions.insert(last.clone());
    }
}

impl Visitor for Walk {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &ast::Statement) -> ControlFlow<()> {
        self.out.kinds.insert(kind(statement));
        self.out.outside |= is_outside(statement);
        match statement {
            ast::Statement::Call(function) => self.function(&function.name),
            ast::Statement::Execute { name: Some(name), .. } => self.function(name),
            // What they run is a text, or was prepared before.
            ast::Statement::Execute { .. } => self.out.outside = true,
            ast::Statement::Copy { source: ast::CopySource::Table { table_name, .. }, .. } => {
                self.table(table(table_name));
            }
            ast::Statement::CreateTable(create) => {
                let like = create.like.as_ref().map(|like| match like {
                    ast::CreateTableLikeKind::Parenthesized(like) | ast::CreateTableLikeKind::Plain(like) => {
                        &like.name
                    }
                });
                like.into_iter().chain(&create.clone).for_each(|name| self.table(table(name)));
            }
            ast::Statement::CreateFunction(create) => {
                let inside = |language: &ast::Ident| {
                    matches!(language.value.to_lowercase().as_str(), "sql" | "plpgsql")
                };
                self.out.outside |= create.language.as_ref().is_some_and(|language| !inside(language));
            }
            ast::Statement::Drop { names, .. } => {
                for name in names {
                    self.table(table(name));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.definitions(with)?;
            self.withs = self.withs.saturating_add(1);
        }
        self.named(&query.body);
        let declared = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(declared.map(|definition| definition.alias.name.value.to_lowercase()).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if query.with.is_some() {
            self.withs = self.withs.saturating_sub(1);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if let Some(into) = &select.into {
            // It makes a table.
            self.out.kinds.insert(Kind::Ddl);
            for target in &into.targets {
                match target {
                    Expr::Identifier(ident) => self.table(Table { parts: vec![part(ident)] }),
                    Expr::CompoundIdentifier(idents) => {
                        self.table(Table { parts: idents.iter().map(part).collect() });
                    }
                    // `INTO OUTFILE '…'`, or something that the parser learns later.
                    _ => self.out.outside = true,
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if !self.is_declared(name) {
            let table = table(name);
            for part in &table.parts {
                // Another database behind `@`.
                if let Some((before, _)) = part.name.split_once('@') {
                    self.table(Table { parts: vec![Part { name: before.to_owned(), quoted: part.quoted }] });
                }
            }
            self.table(table);
        }
        // A string in the place of a name is a file.
        self.out.outside |=
            name.0.iter().filter_map(|part| part.as_ident()).any(|ident| ident.quote_style == Some('\''));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                self.function(name)
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            self.function(&function.name);
        }
        ControlFlow::Continue(())
    }
}

fn table(name: &ObjectName) -> Table {
    let part = |name: &ast::ObjectNamePart| name.as_ident().map(part);
    // A name that a function makes may be any.
    Table { parts: name.0.iter().map(part).collect::<Option<Vec<Part>>>().unwrap_or_default() }
}

fn part(ident: &ast::Ident) -> Part {
    Part { name: ident.value.clone(), quoted: ident.quote_style.is_some() }
}
