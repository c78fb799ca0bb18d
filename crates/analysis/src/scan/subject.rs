//! What is scanned: configurations with what is known around them.

use bailiwick_clients::config::{Config, Launch, Server, Stdio, Word};
use bailiwick_clients::place::Lines;
use bailiwick_clients::table::{Dialect, Scope};
use bailiwick_clients::wrap::{State, undoing};

/// All that one scan looks at.
#[derive(Debug, Default)]
pub struct Subject<'s> {
    pub files: Vec<File<'s>>,
    /// The user's home folder; empty if it is not known.
    pub home: String,
}

/// One configuration.
#[derive(Debug)]
pub struct File<'s> {
    /// As it stands in reports.
    pub path: &'s str,
    /// The client's id.
    pub client: &'s str,
    pub scope: Scope,
    pub text: &'s str,
    pub lines: Lines,
    pub config: &'s Config,
    pub dialect: &'s Dialect,
    /// Others than its owner may change it; the path of what they may write.
    pub exposed: Option<String>,
    /// As many as [`Config::servers`].
    pub facts: Vec<Facts>,
}

/// What is known of a server beside its entry.
#[derive(Debug, Default)]
pub struct Facts {
    /// Others than its owner may change the program; the path of what they may write.
    pub exposed: Option<String>,
    /// What it offers, if it was asked or stands in a lock file.
    pub offer: Option<Offer>,
}

/// What a server offers.
#[derive(Debug, Default, Clone)]
pub struct Offer {
    pub tools: Vec<Tool>,
    pub instructions: Option<String>,
}

/// One tool.
#[derive(Debug, Default, Clone)]
pub struct Tool {
    pub name: String,
    /// Every text that a model reads: title, description, those of arguments.
    pub texts: Vec<String>,
}

/// A server with its place in the subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat<'s> {
    pub(super) file: usize,
    pub(super) index: usize,
    pub(super) config: &'s File<'s>,
    pub(super) server: &'s Server,
}

impl<'s> Subject<'s> {
    /// Every server of every file.
    pub(super) fn servers(&'s self) -> impl Iterator<Item = Seat<'s>> {
        self.files.iter().enumerate().flat_map(|(file, config)| {
            let servers = config.config.servers.iter().enumerate();
            servers.map(move |(index, server)| Seat { file, index, config, server })
        })
    }
}

impl<'s> Seat<'s> {
    pub(super) fn stdio(self) -> Option<&'s Stdio> {
        match &self.server.launch {
            Launch::Stdio(stdio) => Some(stdio),
            Launch::Remote { .. } => None,
        }
    }

    /// The server's own command, without what we put before it.
    pub(super) fn words(self) -> Vec<&'s Word> {
        let Some(stdio) = self.stdio() else { return Vec::new() };
        let words: Vec<&Word> = stdio.words().collect();
        let skipped = match State::of(self.server) {
            State::Ours { inner, .. } => words.len().saturating_sub(inner.len()),
            State::Bare => 0,
            State::ByHand => {
                words.iter().position(|word| word.text == "--").map_or(0, |at| at.saturating_add(1))
            }
        };
        words.into_iter().skip(skipped).collect()
    }

    /// True if a policy of ours stands before it.
    pub(super) fn is_enforced(self) -> bool {
        match State::of(self.server) {
            State::Ours { wrapper, .. } => wrapper.is_enforced(),
            State::ByHand => undoing(self.server).is_none(),
            State::Bare => false,
        }
    }

    pub(super) fn offer(self) -> Option<&'s Offer> {
        self.config.facts.get(self.index).and_then(|facts| facts.offer.as_ref())
    }
}
