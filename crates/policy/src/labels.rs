//! What tools do, in the words of the language: said by policies, or by a reviewed table of well-known tools.

mod known;

use std::fmt;

use crate::args::Sense;
use crate::condition::{Blame, Certain};
use crate::index::Index;
use crate::path::Scratch;
use crate::scope::{Aimed, Scope};
use crate::target::{Target, TargetPattern};

/// What a tool does with the world. What a server says of its own tools is a claim and gives no label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Tells something.
    Read,
    /// Makes or changes something.
    Write,
    /// Removes something.
    Delete,
    /// Runs programs or code.
    Exec,
    /// Speaks with other machines.
    Network,
    /// Can carry data out to where others read it.
    Egress,
    /// Tells what is not for everybody.
    Private,
    /// Tells what strangers wrote.
    Untrusted,
    /// Cannot be taken back.
    Destructive,
    /// Writes to people.
    Send,
    /// Works on a database.
    Db,
}

impl Label {
    /// All labels, with the words of the language.
    pub const ALL: [(&'static str, Label); 11] = [
        ("read", Label::Read),
        ("write", Label::Write),
        ("delete", Label::Delete),
        ("exec", Label::Exec),
        ("network", Label::Network),
        ("egress", Label::Egress),
        ("private", Label::Private),
        ("untrusted", Label::Untrusted),
        ("destructive", Label::Destructive),
        ("send", Label::Send),
        ("db", Label::Db),
    ];

    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        Label::ALL.iter().find(|(_, label)| *label == self).map_or("", |(word, _)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Label> {
        Label::ALL.iter().find(|(known, _)| *known == word).map(|(_, label)| *label)
    }
}

/// A set of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels(u16);

impl Labels {
    pub const NONE: Labels = Labels(0);

    #[must_use]
    pub fn with(self, label: Label) -> Labels {
        Labels(self.0 | bit(label))
    }

    #[must_use]
    pub fn union(self, other: Labels) -> Labels {
        Labels(self.0 | other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn common(self, other: Labels) -> Labels {
        Labels(self.0 & other.0)
    }

    #[must_use]
    pub fn contains(self, label: Label) -> bool {
        self.0 & bit(label) != 0
    }

    #[must_use]
    pub fn meets(self, other: Labels) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Label> {
        Label::ALL.iter().map(|(_, label)| *label).filter(move |label| self.contains(*label))
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Labels {
        labels.into_iter().fold(Labels::NONE, Labels::with)
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Label::word).collect();
        out.write_str(if words.is_empty() { "none" } else { "" })?;
        out.write_str(&words.join(", "))
    }
}

fn bit(label: Label) -> u16 {
    1 << (label as u16)
}

/// One line of a `labels` section.
#[derive(Debug)]
pub(crate) struct LabelEntry {
    /// The target, without regard to case.
    pub(crate) scope: Scope,
    /// The same target, exactly.
    pub(crate) exact: TargetPattern,
    /// None: the policy knows the target, and that it does nothing of this.
    pub(crate) labels: Labels,
    pub(crate) source: usize,
}

/// The `labels` of all files.
#[derive(Debug, Default)]
pub(crate) struct LabelBook {
    entries: Vec<LabelEntry>,
    index: Index,
    /// Some rule asks for labels. Without one, nobody looks them up.
    asked: bool,
}

/// What is known of one target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labelled {
    /// Whoever says it, however the name is spelt.
    any: Labels,
    /// What the table of well-known tools says, if it knows the target.
    table: Option<Labels>,
    /// By file, what it says of exactly this target, if anything.
    by_file: Vec<(usize, Labels)>,
}

impl Labelled {
    /// A tightening rule takes every label that anybody gives, and doubts a target that neither its own file nor the table
    /// knows; a loosening one takes those of its own file only, so that no other file widens it.
    pub(crate) fn matches(&self, wanted: Labels, file: usize, sense: Sense) -> bool {
        let own = self.by_file.iter().find(|(source, _)| *source == file).map(|(_, labels)| *labels);
        match sense {
            Sense::Any => self.any.meets(wanted) || (own.is_none() && self.table.is_none()),
            Sense::Every | Sense::Holds => own.is_some_and(|own| own.meets(wanted)),
        }
    }

    /// True if anybody says that the target does something of `wanted`.
    pub(crate) fn is_known(&self, wanted: Labels) -> bool {
        self.any.meets(wanted)
    }

    /// The labels as a condition sees them: a tightening rule knows what its own file or the table says, a loosening one what its
    /// own file says; what others say beside that is a doubt, whichever way the condition asks.
    pub(crate) fn certain(&self, file: usize, sense: Sense) -> Result<Certain, Blame> {
        let own = self.by_file.iter().find(|(source, _)| *source == file).map(|(_, labels)| *labels);
        let known = match (own, sense) {
            (Some(own), _) => own,
            (None, Sense::Any) => self.table.ok_or(Blame::Unlabelled)?,
            (None, Sense::Every | Sense::Holds) => return Err(Blame::Unlabelled),
        };
        Ok(Certain { labels: known, doubted: Labels(self.any.0 & !known.0) })
    }

    /// For people: `read, private`, or that nothing is known.
    pub(crate) fn written(&self) -> String {
        if self.table.is_none() && self.by_file.is_empty() {
            let doubt = "nothing is known, so a rule that tightens takes it for anything";
            let but = if self.any.is_empty() { String::new() } else { format!("{}; ", self.any) };
            return format!("{but}{doubt}");
        }
        self.any.to_string()
    }
}

impl LabelBook {
    pub(crate) fn new(entries: Vec<LabelEntry>, asked: bool) -> LabelBook {
        let index = Index::new(entries.iter().map(|entry| &entry.scope));
        LabelBook { entries, index, asked }
    }

    /// What is known of `target`; `None` where no rule asks.
    pub(crate) fn look_up(&self, aimed: Aimed<'_>, scratch: &mut Scratch<'_>) -> Option<Labelled> {
        if !self.asked {
            return None;
        }
        let mut out = Labelled::default();
        let mut candidates = Vec::new();
        self.index.candidates(aimed, |entry| candidates.push(entry));
        candidates.sort_unstable();
        candidates.dedup();
        for entry in candidates.into_iter().filter_map(|index| self.entries.get(index as usize)) {
            if !entry.scope.covers(aimed, scratch) {
                continue;
            }
            out.any = out.any.union(entry.labels);
            if !entry.exact.matches(aimed, Sense::Every, scratch) {
                continue;
            }
            match out.by_file.iter_mut().find(|(source, _)| *source == entry.source) {
                Some((_, labels)) => *labels = labels.union(entry.labels),
                None => out.by_file.push((entry.source, entry.labels)),
            }
        }
        let (named, known) = table(aimed);
        out.any = out.any.union(named);
        out.table = known;
        Some(out)
    }
}

/// What the table says of the name, whoever serves it, and of the target as a whole.
fn table(aimed: Aimed<'_>) -> (Labels, Option<Labels>) {
    match aimed.target {
        Target::Tool { .. } => known::tool(aimed.server_folded, aimed.object_folded),
        Target::Resource { uri, .. } => {
            let known = known::resource(uri);
            (known.unwrap_or_default(), known)
        }
        Target::Prompt { .. }
        | Target::Completion { .. }
        | Target::Sampling { .. }
        | Target::Elicitation { .. }
        | Target::Roots { .. }
        | Target::Task { .. }
        | Target::OwnTask { .. } => (Labels::NONE, None),
    }
}
