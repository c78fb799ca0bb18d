//! The policy that comes out, and the notes about it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::note::{Kind, Note, Shown};
use crate::out::{Out, comment, quoted};
use crate::{Format, Imported, Mode, NOTES_MAX};

/// A section of a policy that is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Rules,
    Limits,
    Sequences,
    Preconditions,
}

const SECTIONS: [(Section, &str); 4] = [
    (Section::Rules, "rules"),
    (Section::Limits, "limits"),
    (Section::Sequences, "sequences"),
    (Section::Preconditions, "preconditions"),
];

#[derive(Debug)]
struct Entry {
    section: Section,
    comment: String,
    fields: Vec<(String, Out)>,
}

/// A policy in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    file: String,
    format: Format,
    pub(crate) mode: Mode,
    pub(crate) name: String,
    /// `deny`, `ask` or `allow`.
    pub(crate) default: Verdict,
    /// What stands beside the default.
    pub(crate) default_comment: String,
    pub(crate) roles: Vec<(String, Out)>,
    pub(crate) guards: Vec<(String, Out)>,
    entries: Vec<Entry>,
    ids: BTreeSet<String>,
    notes: Vec<Note>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Allow,
    Ask,
    Deny,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        }
    }
}

impl Draft {
    pub(crate) fn new(file: &str, format: Format, mode: Mode) -> Draft {
        Draft {
            file: file.to_owned(),
            format,
            mode,
            name: String::new(),
            default: Verdict::Deny,
            default_comment: String::new(),
            roles: Vec::new(),
            guards: Vec::new(),
            entries: Vec::new(),
            ids: BTreeSet::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn is_safe(&self) -> bool {
        self.mode == Mode::Safe
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// An id that no other entry has, as like `wanted` as ids can be.
    pub(crate) fn id(&mut self, wanted: &str) -> String {
        let clean = clean(wanted);
        let mut id = clean.clone();
        let mut number: usize = 2;
        while !self.ids.insert(id.clone()) {
            id = format!("{clean}-{number}");
            number = number.saturating_add(1);
        }
        id
    }

    /// Adds an entry; `fields` begin with its id.
    pub(crate) fn add(
        &mut self,
        section: Section,
        comment: impl Into<String>,
        fields: Vec<(&'static str, Out)>,
    ) {
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        self.entries.push(Entry { section, comment: comment.into(), fields });
    }

    /// What the default makes of a call, as a word for people.
    pub(crate) fn by_default(&self) -> &'static str {
        match self.default {
            Verdict::Allow => "passes",
            Verdict::Ask => "asks",
            Verdict::Deny => "denies",
        }
    }

    pub(crate) fn differs(&mut self, line: u32, text: impl Into<String>, shown: Option<Shown>) {
        self.note(Note { line, kind: Kind::Differs, text: text.into(), shown });
    }

    pub(crate) fn left_out(&mut self, line: u32, text: impl Into<String>) {
        self.note(Note { line, kind: Kind::LeftOut, text: text.into(), shown: None });
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note);
        }
    }

    pub(crate) fn finish(self) -> Imported {
        let mut text = String::new();
        let (file, format, mode) = (comment(&self.file), self.format.name(), self.mode.word());
        let _ = writeln!(text, "# Translated from {file} ({format}), {mode}.");
        if self.mode == Mode::Exact {
            let _ = writeln!(text, "# It decides as the original does, where that lets calls pass too.");
        }
        for note in &self.notes {
            let at = if note.line == 0 { String::new() } else { format!("line {}: ", note.line) };
            let _ = writeln!(text, "# {}: {at}{}", note.kind.word(), comment(&note.text));
        }
        let _ = writeln!(text, "version: 1");
        if !self.name.is_empty() {
            let _ = writeln!(text, "name: {}", quoted(&self.name));
        }
        let beside = if self.default_comment.is_empty() {
            String::new()
        } else {
            format!(" # {}", comment(&self.default_comment))
        };
        let _ = writeln!(text, "default: {}{beside}", self.default.word());
        if self.default == Verdict::Allow {
            let _ = writeln!(text, "unsafe-default: allow");
        }
        for (key, pairs) in [("roles", &self.roles), ("guards", &self.guards)] {
            if !pairs.is_empty() {
                let _ = writeln!(text, "\n{key}:");
                pairs.iter().for_each(|(key, value)| value.write(key, 2, &mut text));
            }
        }
        for (section, word) in SECTIONS {
            let mut first = true;
            for entry in self.entries.iter().filter(|entry| entry.section == section) {
                if std::mem::take(&mut first) {
                    let _ = writeln!(text, "\n{word}:");
                }
                entry.write(&mut text);
            }
        }
        Imported { text, notes: self.notes, entries: self.entries.len() }
    }
}

impl Entry {
    fn write(&self, out: &mut String) {
        if !self.comment.is_empty() {
            let _ = writeln!(out, "  # {}", comment(&self.comment));
        }
        let mut text = String::new();
        self.fields.iter().for_each(|(key, value)| value.write(key, 4, &mut text));
        out.push_str("  - ");
        out.push_str(text.trim_start());
    }
}

/// The id that is made of a name where no other entry has it.
pub(crate) fn clean(wanted: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let mut clean = String::new();
    for character in wanted.chars().map(fits).take(ID_CHARACTERS_MAX) {
        // One for several, which tell nothing apart that a number does not.
        if character != '-' || !clean.ends_with('-') {
            clean.push(character);
        }
    }
    let clean = clean.trim_matches('-').to_owned();
    if clean.is_empty() { "rule".to_owned() } else { clean }
}

/// Room is left for a number behind it.
const ID_CHARACTERS_MAX: usize = 56;
