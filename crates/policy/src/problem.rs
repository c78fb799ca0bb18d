//! What is wrong with a policy: every problem of every file at once, each with its place and what to do next.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::bounds::PROBLEMS_MAX;
use crate::source::Source;
use crate::tree::Fault;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy may not do what it looks like; it can be used.
    Warning,
    /// The policy is not used.
    Error,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// What `policy lint` calls it.
    pub code: &'static str,
    /// Name of the source; empty when no source is to blame.
    pub file: String,
    /// Counted from 1; 0 without a source.
    pub line: u32,
    /// Counted from 1 in characters; 0 without a source.
    pub column: u32,
    /// The cause, in words.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    source: usize,
    span: Range<usize>,
}

/// All mistakes that were found, in the order of the sources.
#[derive(Debug, Clone)]
pub struct Problems {
    sources: Vec<Source>,
    list: Vec<Problem>,
    left_out: usize,
}

impl Problems {
    pub(crate) fn new(sources: Vec<Source>, pending: Vec<Pending>) -> Problems {
        let left_out = pending.len().saturating_sub(PROBLEMS_MAX);
        let mut pending = pending;
        // Of too many, warnings are left out first.
        pending.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        pending.truncate(PROBLEMS_MAX);
        pending.sort_by_key(|problem| (problem.source, problem.span.start));
        let place = |pending: Pending| {
            let text = sources.get(pending.source).map_or("", |source| source.text.as_str());
            let (line, column) = line_and_column(text, pending.span.start);
            Problem {
                severity: pending.severity,
                code: pending.code,
                file: sources.get(pending.source).map(|source| source.name.clone()).unwrap_or_default(),
                line: if pending.source == NOWHERE { 0 } else { line },
                column: if pending.source == NOWHERE { 0 } else { column },
                message: pending.message,
                help: pending.help,
                source: pending.source,
                span: first_line(text, pending.span),
            }
        };
        let list = pending.into_iter().map(place).collect();
        Problems { sources, list, left_out }
    }

    /// The report over the mistakes in one text, which another reader than the policy's found.
    #[must_use]
    pub fn of(source: Source, faults: Vec<Fault>) -> Problems {
        let error = |fault: Fault| Pending {
            severity: Severity::Error,
            code: INVALID,
            source: 0,
            span: fault.span,
            message: fault.message,
            help: fault.help,
        };
        Problems::new(vec![source], faults.into_iter().map(error).collect())
    }

    /// How many are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// How many are warnings.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity == Severity::Warning).count()
    }

    /// The problems, ordered by file and place.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// The texts that were read, extended ones included; a loader's own report may want their names.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The report as text for a terminal: each offending line with a marker, the cause and the help.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let reports: Vec<String> =
            self.list.iter().map(|problem| renderer.render(&[self.group(problem)])).collect();
        let mut out = reports.join("\n\n");
        if self.left_out > 0 {
            out.push_str(&format!("\n\n{} more problems are not shown", self.left_out));
        }
        out
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(problem.message.as_str());
        let mut group = match self.sources.get(problem.source) {
            Some(source) => title.element(
                Snippet::source(source.text.as_str())
                    .path(source.name.as_str())
                    .annotation(AnnotationKind::Primary.span(problem.span.clone())),
            ),
            None => Group::with_title(title),
        };
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// A problem whose place is not yet worked out.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) source: usize,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The code of every error.
pub(crate) const INVALID: &str = "invalid";

/// The source of a problem that no text is to blame for.
pub(crate) const NOWHERE: usize = usize::MAX;

impl Pending {
    pub(crate) fn nowhere(message: impl Into<String>, help: impl Into<String>) -> Pending {
        Pending {
            severity: Severity::Error,
            code: INVALID,
            source: NOWHERE,
            span: 0..0,
            message: message.into(),
            help: Some(help.into()),
        }
    }
}

/// Line and column (characters) of a byte offset, both from 1.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before.chars().rev().take_while(|character| *character != '\n').count();
    let from_one = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    (from_one(line), from_one(column))
}

/// A marker under a whole block helps nobody: only its first line is marked, without the blanks at its end.
fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let start = span.start.min(text.len());
    let marked = text.get(start..span.end.min(text.len())).unwrap_or_default();
    let line = marked.lines().next().unwrap_or_default().trim_end();
    start..start.saturating_add(line.len())
}
