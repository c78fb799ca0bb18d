//! What is valid and most likely not meant: rules that can never speak, that others make needless, that say more than they seem.
//!
//! A finding is made only where it is certain: two rules are compared by what they are written with, and where that does not
//! tell, nothing is said.

mod codes;
mod covers;
mod dead;
mod limits;
mod names;
mod rules;
mod values;

use std::ops::Range;

pub use codes::{Grade, LINTS, Lint};

use crate::layers::{Layers, gather};
use crate::model::{Effect, Limit};
use crate::problem::{Problem, Problems};
use crate::schema::Catalog;
use crate::scope::Scope;
use crate::source::{Context, Load, Source};
use crate::tree::{self, Form, Node};

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub lint: &'static Lint,
    /// Name of the source.
    pub file: String,
    /// Both counted from 1; 0 where no text is to blame.
    pub line: u32,
    pub column: u32,
    pub message: String,
    /// What to do.
    pub fix: Option<String>,
}

/// What was found in a policy.
#[derive(Debug, Clone, Default)]
pub struct Linted {
    pub remarks: Vec<Remark>,
    /// False: it has errors, and nothing but those was looked for.
    pub valid: bool,
}

/// Looks at the policy that `sources` make, with everything that they extend; with a `catalog` also at whether it fits its tools.
pub fn lint(
    sources: Vec<Source>,
    load: &mut dyn Load,
    context: &Context,
    catalog: Option<&Catalog>,
) -> Linted {
    match gather(sources, load, context, catalog) {
        Err(problems) => Linted { remarks: problems.iter().filter_map(remark).collect(), valid: false },
        Ok(mut layers) => {
            let warnings = std::mem::take(&mut layers.warnings);
            let mut remarks: Vec<Remark> =
                Problems::new(layers.sources.clone(), warnings).iter().filter_map(remark).collect();
            let trees: Vec<Option<Node>> =
                layers.sources.iter().map(|source| tree::parse(&source.text).0).collect();
            let look = Look { layers: &layers, trees: &trees, entries: entries(&layers, &trees), catalog };
            let mut found = Vec::new();
            for check in CHECKS {
                check(&look, &mut found);
            }
            remarks.extend(found.into_iter().filter_map(|found| look.place(found)));
            remarks.sort_by(|a, b| {
                (&a.file, a.line, a.column, a.lint.code).cmp(&(&b.file, b.line, b.column, b.lint.code))
            });
            remarks.dedup();
            Linted { remarks, valid: true }
        }
    }
}

type Check = fn(&Look<'_>, &mut Vec<Found>);

const CHECKS: [Check; 10] = [
    rules::shadowed,
    rules::redundant,
    rules::allows_everything,
    dead::never_matches,
    dead::never_completes,
    dead::never_sent,
    limits::unreachable,
    values::directories,
    values::meanings,
    names::names,
];

/// What the checks look at.
struct Look<'l> {
    layers: &'l Layers,
    trees: &'l [Option<Node>],
    entries: Vec<Entry<'l>>,
    catalog: Option<&'l Catalog>,
}

/// What kind of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rule,
    Limit,
    Sequence,
    Precondition,
}

/// One rule, limit, sequence or precondition with the text that it was read from.
struct Entry<'l> {
    kind: Kind,
    /// Position among the sources.
    file: usize,
    id: &'l str,
    id_span: &'l Range<usize>,
    line: u32,
    effect: Effect,
    node: &'l Node,
    /// Of rules and limits.
    scope: Option<&'l Scope>,
    limit: Option<&'l Limit>,
}

/// Something found, before its place is worked out.
struct Found {
    code: &'static str,
    file: usize,
    at: usize,
    message: String,
    fix: Option<String>,
}

impl Entry<'_> {
    fn member(&self, key: &str) -> Option<&Node> {
        member(self.node, key)
    }

    fn found(&self, code: &'static str, at: usize, message: String, fix: &str) -> Found {
        Found { code, file: self.file, at, message, fix: Some(fix.to_owned()) }
    }
}

impl Look<'_> {
    fn place(&self, found: Found) -> Option<Remark> {
        let source = self.layers.sources.get(found.file)?;
        let (line, column) = crate::problem::line_and_column(&source.text, found.at);
        let lint = codes::lint_of(found.code)?;
        Some(Remark { lint, file: source.name.clone(), line, column, message: found.message, fix: found.fix })
    }

    /// A rule with its file and line, where that is another file.
    fn named(&self, entry: &Entry<'_>, from: usize) -> String {
        let file = self.layers.sources.get(entry.file).map_or("", |source| source.name.as_str());
        match entry.file == from {
            true => format!("`{}` (line {})", entry.id, entry.line),
            false => format!("`{}` ({file}:{})", entry.id, entry.line),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &Entry<'_>> {
        self.entries.iter().filter(|entry| entry.kind == Kind::Rule)
    }
}

fn remark(problem: &Problem) -> Option<Remark> {
    Some(Remark {
        lint: codes::lint_of(problem.code)?,
        file: problem.file.clone(),
        line: problem.line,
        column: problem.column,
        message: problem.message.clone(),
        fix: problem.help.clone(),
    })
}

fn entries<'l>(layers: &'l Layers, trees: &'l [Option<Node>]) -> Vec<Entry<'l>> {
    let mut out = Vec::new();
    for (file, (part, tree)) in layers.parts.iter().zip(trees).enumerate() {
        let Some(tree) = tree else { continue };
        for rule in &part.rules {
            let about = &rule.about;
            out.extend(entry(tree, "rules", &rule.id_span).map(|node| Entry {
                kind: Kind::Rule,
                file,
                id: &about.id,
                id_span: &rule.id_span,
                line: about.line,
                effect: about.effect,
                node,
                scope: Some(&rule.scope),
                limit: None,
            }));
        }
        for limit in &part.limits {
            let about = &limit.about;
            out.extend(entry(tree, "limits", &limit.id_span).map(|node| Entry {
                kind: Kind::Limit,
                file,
                id: &about.id,
                id_span: &limit.id_span,
                line: about.line,
                effect: about.effect,
                node,
                scope: Some(&limit.scope),
                limit: Some(about),
            }));
        }
        for sequence in &part.sequences {
            let about = &sequence.about;
            out.extend(entry(tree, "sequences", &sequence.id_span).map(|node| Entry {
                kind: Kind::Sequence,
                file,
                id: &about.id,
                id_span: &sequence.id_span,
                line: about.line,
                effect: about.effect,
                node,
                scope: None,
                limit: None,
            }));
        }
        for gate in &part.preconditions {
            let about = &gate.about;
            out.extend(entry(tree, "preconditions", &gate.id_span).map(|node| Entry {
                kind: Kind::Precondition,
                file,
                id: &about.id,
                id_span: &gate.id_span,
                line: about.line,
                effect: about.effect,
                node,
                scope: None,
                limit: None,
            }));
        }
    }
    out
}

/// The map of the list `section` whose id stands at `id_span`.
fn entry<'n>(tree: &'n Node, section: &str, id_span: &Range<usize>) -> Option<&'n Node> {
    let is = |node: &&'n Node| member(node, "id").is_some_and(|id| id.span == *id_span);
    items(member(tree, section)?).into_iter().find(is)
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    members(node).iter().find(|(name, _)| name.scalar() == Some(key)).map(|(_, value)| value)
}

fn members(node: &Node) -> &[(Node, Node)] {
    match &node.form {
        Form::Map(pairs) => pairs,
        Form::List(_) | Form::Scalar { .. } => &[],
    }
}

/// The elements of a list, or the one thing that stands for a list.
fn items(node: &Node) -> Vec<&Node> {
    match &node.form {
        Form::List(items) => items.iter().collect(),
        Form::Map(_) | Form::Scalar { .. } => vec![node],
    }
}

/// True if both nodes are written with the same words.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.form, &other.form) {
        (Form::Scalar { text, plain }, Form::Scalar { text: again, plain: plain_again }) => {
            text == again && plain == plain_again
        }
        (Form::List(items), Form::List(again)) => {
            items.len() == again.len() && items.iter().zip(again).all(|(one, other)| same(one, other))
        }
        (Form::Map(pairs), Form::Map(again)) => {
            let has = |(key, value): &(Node, Node)| {
                again.iter().any(|(other_key, other)| same(key, other_key) && same(value, other))
            };
            pairs.len() == again.len() && pairs.iter().all(has)
        }
        _ => false,
    }
}
