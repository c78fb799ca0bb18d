//! What all parsers of one text share: the commands that were found, the bounds, and the variables.

use std::collections::BTreeSet;

use super::variables::Variables;
use super::{COMMANDS_MAX, Doubt, Script, Simple, WORK_BYTES_MAX, Word};

#[derive(Debug)]
pub(super) struct State {
    pub(super) commands: Vec<Simple>,
    pub(super) variables: Variables,
    doubt: Option<Doubt>,
    /// What is left of `whole`.
    work: usize,
    whole: usize,
    /// Variables that calculations take for numbers.
    pub(super) numbers: BTreeSet<String>,
    /// Commands that were taken apart by the values of these variables.
    pub(super) read_on: Vec<(usize, Vec<String>)>,
    /// Here-documents that were read: command, redirection, text.
    pub(super) bodies: Vec<(usize, usize, Word)>,
    /// What is read may run more than once: it stands in a loop or a function.
    pub(super) repeats: bool,
    /// It stands in a function.
    pub(super) recurses: bool,
}

/// Work of copying one word or piece of a word, in bytes.
pub(super) const WORD_WORK: usize = 32;

impl State {
    /// For a text of so many bytes.
    pub(super) fn new(bytes: usize) -> State {
        State {
            commands: Vec::new(),
            variables: Variables::default(),
            doubt: None,
            work: WORK_BYTES_MAX.saturating_add(bytes),
            whole: WORK_BYTES_MAX.saturating_add(bytes),
            numbers: BTreeSet::new(),
            read_on: Vec::new(),
            bodies: Vec::new(),
            repeats: false,
            recurses: false,
        }
    }

    /// The first doubt is the one that is told.
    pub(super) fn doubt(&mut self, doubt: Doubt) {
        self.doubt.get_or_insert(doubt);
    }

    /// Pays for reading so many bytes. False: the bound is reached, and said.
    pub(super) fn pay(&mut self, bytes: usize) -> bool {
        match self.work.checked_sub(bytes.saturating_add(1)) {
            Some(rest) => {
                self.work = rest;
                true
            }
            None => {
                self.work = 0;
                self.doubt(Doubt::TooLarge);
                false
            }
        }
    }

    /// A place for a command whose words are still to be read.
    pub(super) fn reserve(&mut self, simple: Simple) -> Option<usize> {
        if self.commands.len() >= COMMANDS_MAX {
            self.doubt(Doubt::TooLarge);
            return None;
        }
        self.commands.push(simple);
        Some(self.commands.len().saturating_sub(1))
    }

    pub(super) fn doubts(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Forgets the doubts since `before`, but for a bound that was reached.
    pub(super) fn set_doubts(&mut self, before: Option<Doubt>) {
        if self.doubt != Some(Doubt::TooLarge) {
            self.doubt = before;
        }
    }

    /// Gives the here-documents to their commands.
    pub(super) fn attach_bodies(&mut self) {
        for (command, redirect, body) in std::mem::take(&mut self.bodies) {
            let redirects = self.commands.get_mut(command).map(|simple| &mut simple.redirects);
            if let Some(redirect) = redirects.and_then(|redirects| redirects.get_mut(redirect)) {
                redirect.body = Some(body);
            }
        }
    }

    pub(super) fn finish(mut self) -> Script {
        let empty = |simple: &Simple| {
            simple.words.is_empty()
                && simple.assignments.is_empty()
                && simple.redirects.is_empty()
                && simple.doubt.is_none()
        };
        self.commands.retain(|simple| !empty(simple));
        Script { commands: self.commands, doubt: self.doubt, work: self.whole.saturating_sub(self.work) }
    }
}
