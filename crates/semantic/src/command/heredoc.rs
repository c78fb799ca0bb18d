//! Here-documents: texts that stand on the lines behind a command.

use super::grammar::Parser;
use super::{Doubt, Redirect, Redirection, Simple, Word};

/// A here-document whose lines are still to come.
#[derive(Debug)]
pub(super) struct Pending {
    delimiter: String,
    /// Without tabs at the beginning of its lines: `<<-`.
    stripped: bool,
    /// Nothing in it is expanded.
    quoted: bool,
    command: usize,
    redirect: usize,
}

impl Parser<'_, '_> {
    /// `<<` is read; the delimiter follows.
    /// `elsewhere`: for another descriptor than the input.
    pub(super) fn here_document(
        &mut self,
        simple: &mut Simple,
        place: usize,
        stripped: bool,
        elsewhere: bool,
    ) {
        self.blanks();
        let start = self.at;
        // Nothing is expanded in a delimiter, but reading it as a word finds its end.
        let first = self.state.commands.len();
        let mut words = Vec::new();
        if !self.words_into(&mut words) {
            return self.state.doubt(Doubt::Unfinished);
        }
        let written = self.since(start);
        let quoted = written.contains(['\'', '"', '\\']);
        if written.contains(['$', '`', '{']) || words.len() != 1 || self.state.commands.len() != first {
            self.state.doubt(Doubt::Unexpected);
        }
        let delimiter = words.into_iter().next().map(|word| word.text).unwrap_or_default();
        self.pending.push(Pending {
            delimiter: delimiter.clone(),
            stripped,
            quoted,
            command: place,
            redirect: simple.redirects.len(),
        });
        simple.redirects.push(Redirect {
            kind: Redirection::Here,
            target: Word::known(delimiter),
            body: None,
            elsewhere,
        });
    }

    /// Reads the lines of all here-documents that are waiting; a line has just ended.
    pub(super) fn heredocs(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let body = self.lines_of(&pending);
            let word = if pending.quoted { Word::known(body) } else { self.walk_quoted(&body) };
            self.state.bodies.push((pending.command, pending.redirect, word));
        }
    }

    fn lines_of(&mut self, pending: &Pending) -> String {
        let mut body = String::new();
        // The last line, if its end is escaped: shells that join it with the next one find the delimiter in both together.
        let mut joined = String::new();
        loop {
            if self.peek().is_none() {
                // A shell warns, and takes what is there.
                self.state.doubt(Doubt::Unfinished);
                return body;
            }
            let start = self.at;
            self.until(|byte| byte == b'\n');
            let line = self.since(start);
            let line = if pending.stripped { line.trim_start_matches('\t') } else { line };
            let continues =
                !pending.quoted && line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
            let across = !joined.is_empty()
                && joined.len() <= JOINED_BYTES_MAX
                && format!("{joined}{line}") == pending.delimiter;
            let continued = !joined.is_empty();
            match continues {
                true if joined.len().saturating_add(line.len()) <= JOINED_BYTES_MAX => {
                    joined.push_str(line.trim_end_matches('\\'));
                }
                // Too long for a delimiter.
                true if joined.is_empty() => joined.push('\n'),
                true => {}
                false => joined.clear(),
            }
            // A substitution ends behind the delimiter of its last document too.
            let ended = line == pending.delimiter || line.strip_suffix('\r') == Some(&pending.delimiter);
            if across || (ended && continued) {
                // Where the document ends is read differently.
                self.state.doubt(Doubt::Unexpected);
            } else if !ended {
                body.push_str(line);
                body.push('\n');
            }
            self.skip(1);
            if ended || across {
                return body;
            }
        }
    }
}

/// More of a line that continues is no delimiter.
const JOINED_BYTES_MAX: usize = 256;
