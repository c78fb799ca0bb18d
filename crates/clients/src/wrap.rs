//! Putting our own command before a server's, and taking it away again, without touching another byte.
//!
//! A plan is a few insertions into the text. After every edit the new text is read again and compared: the entry says
//! what it should, and nothing else says anything new. What does not come out so is refused, whatever the reason.

mod check;
mod insert;
mod remote;
mod remove;
mod state;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::{Config, Launch, Reading, Server, read};
use crate::tree::{Fault, Form, Node};

pub use remote::{BRIDGE, bridge};
pub use state::{State, Wrapper, undoing};

/// Replaces a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Splice {
    span: Range<usize>,
    text: String,
}

/// One place that an edit changed: what stood there, and what stands there now. The undo record keeps these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    at: Anchor,
    before: String,
    after: String,
}

/// A place that is found again by what the entry says, whatever moved around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Anchor {
    /// The command's own text.
    Program,
    /// The beginning of the list of words.
    Head,
    /// Behind the command.
    Behind,
    /// A remote server's address, with its key.
    Address,
    /// The text that says what kind of server it is.
    Kind,
    /// The key of its headers.
    Settings,
}

/// What is to become of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'c> {
    /// Its position in [`Config::servers`].
    pub server: usize,
    /// What an undo record says of earlier edits, newest first.
    pub pieces: &'c [Vec<Piece>],
    /// What is to stand before the server's own command from now on.
    pub wrapper: Option<&'c Wrapper>,
}

/// An edited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    pub text: String,
    /// For every change, in order: what the undo record has to keep. Empty where nothing of ours is left.
    pub pieces: Vec<Vec<Piece>>,
    /// For every change: true if the original bytes could not be put back, only their meaning.
    pub drifted: Vec<bool>,
}

/// Why an edit is refused. The text stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("it is reached over the network with `{0}`, which a command cannot be given")]
    Remote(String),
    #[error("its entry sets `{0}`, which would decide over what stands before it")]
    Undone(String),
    #[error("another server of the same name stands in the same file")]
    Twice,
    #[error("it was wrapped by hand")]
    ByHand,
    #[error("its command is empty, or a whole line: `{0}`")]
    Line(String),
    #[error("its entry is written in a way that cannot be edited safely")]
    Layout,
    #[error("the file or its entry changed meanwhile")]
    Gone,
}

/// Carries out `changes` on a text without its byte order mark.
///
/// # Errors
/// If any of them cannot be done safely. Then none is done.
pub fn edit(text: &str, reading: &Reading, changes: &[Change<'_>]) -> Result<Edited, Refused> {
    let config = read(text, reading)?;
    let mut edited = Edited { text: text.to_owned(), pieces: Vec::new(), drifted: Vec::new() };
    for change in changes {
        let server = config.servers.get(change.server).ok_or(Refused::Gone)?;
        editable(server)?;
        let (pieces, drifted) = one(&mut edited.text, reading, change)?;
        edited.pieces.push(pieces);
        edited.drifted.push(drifted);
    }
    check::only_these(&config, &edited.text, reading, changes)?;
    Ok(edited)
}

/// Why this server cannot be wrapped or unwrapped, if it cannot.
///
/// # Errors
/// The reason.
pub fn editable(server: &Server) -> Result<(), Refused> {
    if server.is_twice {
        return Err(Refused::Twice);
    }
    match (&server.launch, State::of_words(server)) {
        (Launch::Remote { .. }, _) => bridge("bailiwick", server).map(drop),
        (Launch::Stdio(_), State::ByHand) => Err(Refused::ByHand),
        (Launch::Stdio(_), State::Ours { .. }) => Ok(()),
        // Some clients split it, most do not: what is meant is not for us to say.
        (Launch::Stdio(stdio), State::Bare)
            if stdio.program.text.trim().is_empty()
                || stdio.arguments.is_empty() && is_line(&stdio.program.text) =>
        {
            Err(Refused::Line(stdio.program.text.clone()))
        }
        (Launch::Stdio(_), State::Bare) => Ok(()),
    }
}

/// A whole command line where a program is expected.
fn is_line(program: &str) -> bool {
    program.contains(char::is_whitespace) && !program.contains(['/', '\\'])
}

/// Changes one server of `text`, which earlier changes have already been made to.
fn one(text: &mut String, reading: &Reading, change: &Change<'_>) -> Result<(Vec<Piece>, bool), Refused> {
    let mut drifted = false;
    let (config, server) = nth(text, reading, change.server)?;
    if let (Launch::Stdio(stdio), State::Ours { inner, .. }) = (&server.launch, State::of_words(&server)) {
        // The record must lead back to the very command that is wrapped now, or the address at its end.
        let right = |new: &String| leads_to(new, reading, change.server, &inner);
        let node = node_at(&config.root, &server.way).ok_or(Refused::Gone)?;
        let exact = change.pieces.iter().find_map(|pieces| {
            let remote = || remote::exact(text, node, &reading.dialect, pieces).filter(right);
            remove::exact(text, stdio, pieces).filter(right).or_else(remote)
        });
        let restored = match exact {
            Some(restored) => restored,
            None => {
                drifted = true;
                remove::by_meaning(text, stdio, &inner).filter(right).ok_or(Refused::Layout)?
            }
        };
        *text = restored;
    }
    let Some(wrapper) = change.wrapper else { return Ok((Vec::new(), drifted)) };
    let (config, server) = nth(text, reading, change.server)?;
    if let Some(name) = undoing(&server) {
        return Err(Refused::Undone(name.to_owned()));
    }
    let planned = match &server.launch {
        Launch::Stdio(stdio) => insert::plan(text, reading.format, stdio, &wrapper.words())?,
        Launch::Remote { .. } => {
            let mut words = wrapper.words();
            words.extend(bridge(&wrapper.binary, &server)?);
            let node = node_at(&config.root, &server.way).ok_or(Refused::Gone)?;
            remote::plan(text, reading.format, node, &reading.dialect, &words)?
        }
    };
    *text = apply(text, planned.iter().map(|(_, splice)| splice.clone()).collect());
    Ok((planned.into_iter().map(|(piece, _)| piece).collect(), drifted))
}

fn nth(text: &str, reading: &Reading, server: usize) -> Result<(Config, Server), Refused> {
    let config: Config = read(text, reading)?;
    let server = config.servers.get(server).cloned().ok_or(Refused::Gone)?;
    Ok((config, server))
}

fn node_at<'n>(root: &'n Node, way: &[usize]) -> Option<&'n Node> {
    way.iter().try_fold(root, |node, at| match &node.form {
        Form::Map(_, members) => members.get(*at).map(|member| &member.value),
        Form::List(_, elements) => elements.get(*at),
        Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing => None,
    })
}

fn leads_to(text: &str, reading: &Reading, server: usize, inner: &[String]) -> bool {
    read(text, reading).ok().and_then(|config| config.servers.into_iter().nth(server)).is_some_and(|server| {
        match &server.launch {
            Launch::Remote { .. } => {
                inner.first().is_some_and(|own| bridge(own, &server).as_deref() == Ok(inner))
            }
            Launch::Stdio(_) => server.words().into_iter().eq(inner.iter().map(String::as_str)),
        }
    })
}

/// The text with `splices` made, which must not overlap.
fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| splice.span.start);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for splice in splices {
        out.push_str(text.get(from..splice.span.start).unwrap_or_default());
        out.push_str(&splice.text);
        from = splice.span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;
