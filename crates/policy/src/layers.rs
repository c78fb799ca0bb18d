//! Layers: the files that are given, those that they extend, and their union.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::bounds::{EXTENDS_DEPTH_MAX, RULES_MAX, SAME_RULES_MAX, SOURCES_MAX, TEXT_BYTES_MAX};
use crate::bundled::{BUNDLED, bundled, meant};
use crate::history::Condition;
use crate::model::Effect;
use crate::path::Base;
use crate::problem::{INVALID, Pending, Problems, Severity};
use crate::read::{FilePart, Reader, read};
use crate::schema::Catalog;
use crate::source::{Context, Load, Source};
use crate::voices::LayerSet;
use crate::words::nearest;

/// All files, read, in the order in which they were reached.
pub(crate) struct Layers {
    pub(crate) sources: Vec<Source>,
    pub(crate) parts: Vec<FilePart>,
    pub(crate) base: Base,
    /// How many of the sources were given, not extended.
    pub(crate) given: usize,
    /// For each source the layers that it belongs to: those that it is, or is extended by.
    pub(crate) sets: Vec<LayerSet>,
    pub(crate) warnings: Vec<Pending>,
    /// Patterns over tools of servers that the catalog does not know.
    pub(crate) unchecked: usize,
}

/// Reads `given` and everything that they extend.
///
/// # Errors
/// Every problem of every file.
pub(crate) fn gather(
    given: Vec<Source>,
    load: &mut dyn Load,
    context: &Context,
    catalog: Option<&Catalog>,
) -> Result<Layers, Problems> {
    let base = match Base::new(context.workspace.as_deref(), context.home.as_deref()) {
        Ok(base) => base,
        Err(cause) => {
            return Err(Problems::new(given, vec![Pending::nowhere(cause, "give an absolute path")]));
        }
    };
    if given.is_empty() {
        let pending = Pending::nowhere("no policy", format!("name a file, or one of {}", BUNDLED.join(", ")));
        return Err(Problems::new(given, vec![pending]));
    }
    let mut sources: Vec<Source> = Vec::new();
    for source in given {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    let given = sources.len();
    let mut gathering = Gathering {
        parents: vec![None; given],
        edges: Vec::new(),
        sources,
        parts: Vec::new(),
        problems: Vec::new(),
        patterns: 0,
        unchecked: 0,
        base,
        load,
        catalog,
    };
    gathering.read_all();
    let sets = gathering.sets(given);
    gathering.check_layers(given, &sets);
    gathering.check_ids();
    gathering.check_history();
    let Gathering { sources, parts, problems, base, unchecked, .. } = gathering;
    if problems.iter().all(|problem| problem.severity == Severity::Warning) {
        Ok(Layers { sources, parts, base, given, sets, warnings: problems, unchecked })
    } else {
        Err(Problems::new(sources, problems))
    }
}

struct Gathering<'l> {
    sources: Vec<Source>,
    /// Which source extended this one first.
    parents: Vec<Option<usize>>,
    /// Who extends whom.
    edges: Vec<(usize, usize)>,
    parts: Vec<FilePart>,
    problems: Vec<Pending>,
    patterns: usize,
    unchecked: usize,
    base: Base,
    load: &'l mut dyn Load,
    catalog: Option<&'l Catalog>,
}

impl Gathering<'_> {
    fn read_all(&mut self) {
        while let Some(source) = self.sources.get(self.parts.len()).cloned() {
            let index = self.parts.len();
            let part = self.read_one(index, &source);
            for (reference, span) in part.extends.clone() {
                self.extend(index, &source.name, &reference, span);
            }
            self.parts.push(part);
        }
    }

    fn read_one(&mut self, index: usize, source: &Source) -> FilePart {
        if source.text.len() > TEXT_BYTES_MAX {
            self.problem(
                index,
                0..0,
                format!("the policy is longer than {TEXT_BYTES_MAX} bytes"),
                "split it",
            );
            return FilePart::default();
        }
        let mut vars = BTreeMap::from([("workspace".to_owned(), self.base.workspace.clone())]);
        vars.extend(self.base.home.as_ref().map(|home| ("home".to_owned(), home.clone())));
        let mut reader = Reader {
            source: index,
            file: Arc::from(source.name.as_str()),
            text: &source.text,
            line_ends: source.text.match_indices('\n').map(|(at, _)| at).collect(),
            base: &self.base,
            vars,
            roles_named: Vec::new(),
            problems: &mut self.problems,
            catalog: self.catalog,
            unchecked: &mut self.unchecked,
            patterns: &mut self.patterns,
        };
        read(&mut reader)
    }

    fn extend(&mut self, from: usize, name: &str, reference: &str, span: Range<usize>) {
        let found = match bundled(reference) {
            Some(text) => Ok(Source { name: reference.to_owned(), text: text.to_owned() }),
            None => self.load.load(name, reference),
        };
        let source = match found {
            Ok(source) => source,
            Err(cause) => {
                let help = meant(reference)
                    .unwrap_or_else(|| format!("a path beside this file, or one of {}", BUNDLED.join(", ")));
                self.problem(from, span, format!("cannot extend `{reference}`: {cause}"), help);
                return;
            }
        };
        let mut depth: usize = 0;
        let mut above = Some(from);
        while let Some(index) = above {
            if self.sources.get(index).is_some_and(|known| known.name == source.name) {
                self.problem(
                    from,
                    span,
                    format!("`{reference}` extends itself in a circle"),
                    "remove one of the two",
                );
                return;
            }
            depth = depth.saturating_add(1);
            above = self.parents.get(index).copied().flatten();
        }
        if depth > EXTENDS_DEPTH_MAX {
            self.problem(
                from,
                span,
                format!("more than {EXTENDS_DEPTH_MAX} policies extend each other"),
                "flatten them",
            );
        } else if let Some(known) = self.sources.iter().position(|known| known.name == source.name) {
            self.edges.push((from, known));
        } else {
            if self.sources.len() >= SOURCES_MAX {
                self.problem(
                    from,
                    span,
                    format!("more than {SOURCES_MAX} files in one policy"),
                    "merge some",
                );
                return;
            }
            self.edges.push((from, self.sources.len()));
            self.sources.push(source);
            self.parents.push(Some(from));
        }
    }

    fn check_ids(&mut self) {
        let mut seen: BTreeMap<&str, (usize, &Range<usize>)> = BTreeMap::new();
        let mut found: Vec<(usize, Range<usize>, String)> = Vec::new();
        let mut count: usize = 0;
        for (index, part) in self.parts.iter().enumerate() {
            count = count.saturating_add(part.rules.iter().filter(|rule| rule.about.overrides).count());
            let rules = part.rules.iter().filter(|rule| !rule.about.overrides);
            let rules = rules.map(|rule| (&rule.about.id, rule.source, &rule.id_span));
            let limits = part.limits.iter().map(|limit| (&limit.about.id, limit.source, &limit.id_span));
            let sequences = part.sequences.iter().map(|part| (&part.about.id, part.source, &part.id_span));
            let preconditions =
                part.preconditions.iter().map(|part| (&part.about.id, part.source, &part.id_span));
            let broken = part.broken.iter().map(|(id, span)| (id, index, span));
            let all = rules.chain(limits).chain(sequences).chain(preconditions).chain(broken);
            let mut all: Vec<_> = all.collect();
            all.sort_by_key(|(_, _, span)| span.start);
            for (id, source, span) in all {
                count = count.saturating_add(1);
                let Some((earlier, earlier_span)) = seen.insert(id, (source, span)) else { continue };
                // Of two files the one that extends the other is the one to change.
                let (blamed, span, other) =
                    if earlier == source { (source, span, source) } else { (earlier, earlier_span, source) };
                let place = self.sources.get(other).map(|source| source.name.as_str()).unwrap_or_default();
                found.push((blamed, span.clone(), format!("the id `{id}` is taken in {place}")));
            }
        }
        let overriding = self.parts.iter().flat_map(|part| &part.rules).filter(|rule| rule.about.overrides);
        let lost = overriding
            .filter(|rule| seen.get(rule.about.id.as_str()).is_none_or(|(source, _)| *source == rule.source));
        let lost: Vec<_> = lost
            .map(|rule| {
                (rule.source, rule.id_span.clone(), format!("no other file has the id `{}`", rule.about.id))
            })
            .collect();
        for (source, span, message) in found {
            let help = "ids are unique over all files; choose another, or write `override: true` to tighten that rule";
            self.problem(source, span, message, help);
        }
        for (source, span, message) in lost {
            self.problem(source, span, message, "leave `override` out, or name the rule that is meant");
        }
        if count > RULES_MAX {
            self.problem(0, 0..0, format!("more than {RULES_MAX} rules of all kinds"), "split the policy");
        }
    }

    /// An approval that is needed must be one that somebody can be asked for, and what is remembered must be bounded.
    fn check_history(&mut self) {
        let mut asking: BTreeSet<&str> = BTreeSet::new();
        for part in &self.parts {
            let ask = |effect: Effect, id: &'_ str| effect == Effect::Ask && !id.is_empty();
            let mut add = |effect, id| {
                if ask(effect, id) {
                    asking.insert(id);
                }
            };
            part.rules.iter().for_each(|rule| add(rule.about.effect, &rule.about.id));
            part.limits.iter().for_each(|limit| add(limit.about.effect, &limit.about.id));
            part.sequences.iter().for_each(|part| add(part.about.effect, &part.about.id));
            part.preconditions.iter().for_each(|part| add(part.about.effect, &part.about.id));
        }
        let mut found: Vec<(usize, Range<usize>, String, String)> = Vec::new();
        let mut remembering: usize = 0;
        for part in &self.parts {
            let steps = part.sequences.iter().map(|part| &part.steps);
            let steps = steps.chain(part.preconditions.iter().map(|part| &part.steps));
            let with_same = steps.filter(|steps| steps.iter().any(|step| step.same.is_some())).count();
            remembering = remembering.saturating_add(with_same);
            for gate in &part.preconditions {
                let Some(Condition::Approval(id)) = &gate.about.condition else { continue };
                if asking.contains(id.as_str()) {
                    continue;
                }
                let near = nearest(id, asking.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let help = near.unwrap_or_else(|| "name a rule with `effect: ask`".to_owned());
                found.push((
                    gate.source,
                    gate.approval_span.clone(),
                    format!("nothing asks as `{id}`"),
                    help,
                ));
            }
        }
        for (source, span, message, help) in found {
            self.problem(source, span, message, help);
        }
        if remembering > SAME_RULES_MAX {
            let message = format!("more than {SAME_RULES_MAX} sequences and preconditions with `same`");
            self.problem(0, 0..0, message, "each remembers values; do with fewer");
        }
    }

    fn problem(
        &mut self,
        source: usize,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Pending {
            severity: Severity::Error,
            code: INVALID,
            source,
            span,
            message: message.into(),
            help: Some(help.into()),
        });
    }
}
