//! The index from a target to the rules that may be about it, so that ten thousand rules cost what the few that matter do.

use std::collections::HashMap;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use bailiwick_mcp::json::fold_key;
use rustc_hash::FxBuildHasher;

use crate::glob::Name;
use crate::scope::{Aimed, Scope};
use crate::target::{Aim, Object, TargetPattern};

/// Candidates by target. A candidate may still not cover the target; what is no candidate does not.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rows: [Row; 8],
}

type Table<T> = HashMap<Box<str>, T, FxBuildHasher>;

/// The rules about one kind of target.
#[derive(Debug, Default)]
struct Row {
    /// By the folded name of a server.
    by_server: Table<Bucket>,
    /// About servers by a wildcard.
    any_server: Bucket,
}

/// The rules about one server, or any.
#[derive(Debug, Default)]
struct Bucket {
    /// By the folded name of a tool or prompt.
    named: Table<Vec<u32>>,
    /// By the text that names begin with before the first `*`, folded.
    started: Starts,
    /// By a word without which the wildcard over names matches nothing, folded; moved to `words` at the end.
    worded: Table<Vec<u32>>,
    words: Words,
    /// About everything.
    all: Vec<u32>,
}

/// Texts that names begin with.
#[derive(Debug, Default)]
struct Starts {
    table: Table<Vec<u32>>,
    /// Lengths of the texts, each once, ascending: a name is looked up once for each.
    lengths: Vec<usize>,
}

/// The words of a bucket, in one automaton where they are many.
#[derive(Debug, Default)]
struct Words {
    list: Vec<(Box<str>, Vec<u32>)>,
    automaton: Option<AhoCorasick>,
}

/// With fewer words, looking for each is faster.
const AUTOMATON_MIN: usize = 8;

impl Index {
    pub(crate) fn new<'s>(scopes: impl Iterator<Item = &'s Scope>) -> Index {
        let mut index = Index::default();
        for (rule, scope) in scopes.enumerate() {
            let rule = u32::try_from(rule).unwrap_or(u32::MAX);
            for pattern in &scope.on {
                if let Some(row) = index.rows.get_mut(place(pattern.aim)) {
                    row.add(rule, pattern);
                }
            }
        }
        for row in &mut index.rows {
            row.by_server.values_mut().chain([&mut row.any_server]).for_each(Bucket::finish);
        }
        index
    }

    /// Calls `candidate` with each rule that may cover `aimed`; with some more than once.
    pub(crate) fn candidates(&self, aimed: Aimed<'_>, mut candidate: impl FnMut(u32)) {
        let Some(row) = self.rows.get(place(aimed.target.aim())) else { return };
        for bucket in row.by_server.get(aimed.server_folded).into_iter().chain([&row.any_server]) {
            bucket.candidates(aimed.object_folded, &mut candidate);
        }
    }
}

impl Row {
    fn add(&mut self, rule: u32, pattern: &TargetPattern) {
        let bucket = match &pattern.server {
            Name::Literal(server) => self.by_server.entry(fold_key(server).into()).or_default(),
            Name::Any | Name::Stars(_) | Name::Glob { .. } => &mut self.any_server,
        };
        let (table, key) = match &pattern.object {
            Object::Name(Name::Literal(name)) => (&mut bucket.named, &**name),
            Object::Name(Name::Stars(words)) if words.first().is_some_and(|first| !first.is_empty()) => {
                return bucket.started.add(words.first().map_or("", |first| first), rule);
            }
            Object::Name(name) if !name.word().is_empty() => (&mut bucket.worded, name.word()),
            // Patterns over URIs are few, and read the URI in several ways: each is looked at.
            Object::Name(_) | Object::Uri(_) => return bucket.all.push(rule),
        };
        table.entry(fold_key(key).into()).or_default().push(rule);
    }
}

impl Bucket {
    fn finish(&mut self) {
        let mut list: Vec<(Box<str>, Vec<u32>)> = self.worded.drain().collect();
        list.sort();
        let automaton = (list.len() >= AUTOMATON_MIN).then(|| {
            let words = list.iter().map(|(word, _)| &**word);
            AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .prefilter(false)
                .build(words)
                .ok()
        });
        self.words = Words { list, automaton: automaton.flatten() };
    }

    fn candidates(&self, object: &str, candidate: &mut impl FnMut(u32)) {
        self.named.get(object).into_iter().flatten().chain(&self.all).for_each(|rule| candidate(*rule));
        self.started.of(object, |rules| rules.iter().for_each(|rule| candidate(*rule)));
        self.words.within(object, |rules| rules.iter().for_each(|rule| candidate(*rule)));
    }
}

impl Starts {
    fn add(&mut self, start: &str, rule: u32) {
        let start = fold_key(start);
        if let Err(at) = self.lengths.binary_search(&start.len()) {
            self.lengths.insert(at, start.len());
        }
        self.table.entry(start.into()).or_default().push(rule);
    }

    /// Calls `found` with the rules of each text that `name` begins with.
    fn of(&self, name: &str, mut found: impl FnMut(&[u32])) {
        let starts =
            self.lengths.iter().map_while(|length| (*length <= name.len()).then(|| name.get(..*length)));
        for rules in starts.flatten().filter_map(|start| self.table.get(start)) {
            found(rules);
        }
    }
}

impl Words {
    /// Calls `found` with the rules of each word that stands in `text`; with some more than once.
    fn within(&self, text: &str, mut found: impl FnMut(&[u32])) {
        let Some(automaton) = &self.automaton else {
            let within = self.list.iter().filter(|(word, _)| text.contains(&**word));
            return within.for_each(|(_, rules)| found(rules));
        };
        let mut state = OverlappingState::start();
        loop {
            automaton.find_overlapping(text, &mut state);
            let Some(word) = state.get_match() else { return };
            if let Some((_, rules)) = self.list.get(word.pattern().as_usize()) {
                found(rules);
            }
        }
    }
}

fn place(aim: Aim) -> usize {
    match aim {
        Aim::Tool => 0,
        Aim::Resource => 1,
        Aim::Prompt => 2,
        Aim::Completion => 3,
        Aim::Sampling => 4,
        Aim::Elicitation => 5,
        Aim::Roots => 6,
        Aim::Task => 7,
    }
}
