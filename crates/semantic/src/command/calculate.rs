//! Calculations: `$((…))`, subscripts, and the words of `let` and `[[ … -eq … ]]`.
//!
//! A shell evaluates the value of a name in one again, and a value like `a[$(x)]` runs what is in it. So every name must be
//! one that the script gave a number to; any other leaves a doubt.

use super::grammar::Parser;
use super::state::State;
use super::word::{Expansion, Piece};
use super::{Doubt, Simple, Word};

/// Names of the shell's own numbers.
pub(super) const NUMBERS: &[&str] = &[
    "RANDOM",
    "SRANDOM",
    "SECONDS",
    "LINENO",
    "BASHPID",
    "PPID",
    "UID",
    "EUID",
    "COLUMNS",
    "LINES",
    "OPTIND",
    "SHLVL",
    "EPOCHSECONDS",
    "HISTCMD",
];

impl Parser<'_, '_> {
    /// Reads the text of a calculation: what it substitutes runs, and what it names must be numbers.
    pub(super) fn calculate(&mut self, text: &str) {
        let pieces = self.pieces_of(text);
        self.calculated_pieces(&pieces);
    }

    pub(super) fn calculated_pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Plain(text) | Piece::Quoted(text) => self.state.calculated(text),
                Piece::Expansion(expansion) => self.state.must_be(expansion.number.as_deref()),
                Piece::Wild(_) | Piece::Open | Piece::Comma | Piece::Close | Piece::Split { .. } => {}
            }
        }
    }

    /// `[…]` behind the name of a list.
    pub(super) fn subscript(&mut self) {
        self.skip(1);
        if self.eat("@]") || self.eat("*]") {
            return;
        }
        let mut pieces = Vec::new();
        let mut open = 1usize;
        while open > 0 && self.peek().is_some() {
            let read = pieces.len();
            self.quoted_until(Some(b']'), &mut pieces);
            let literal = pieces.iter().skip(read).filter_map(|piece| match piece {
                Piece::Quoted(text) => Some(text.matches('[').count()),
                _ => None,
            });
            open = open.saturating_add(literal.sum()).saturating_sub(1);
            self.close("]");
        }
        self.calculated_pieces(&pieces);
    }
}

impl State {
    /// A word that is calculated: `let` and comparisons of `[[`.
    pub(super) fn calculated_word(&mut self, word: &Word) {
        if word.unknown.is_none() && word.uses.is_empty() {
            word.texts().for_each(|text| self.calculated(text));
        } else {
            self.must_be(word.number.as_deref());
        }
    }

    /// The names in it must be numbers, but for those that it sets itself.
    fn calculated(&mut self, text: &str) {
        if !self.pay(text.len()) {
            return;
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut rest = text;
        while let Some(start) = rest.find(is_name) {
            let from = rest.get(start..).unwrap_or_default();
            let number = from.starts_with(|first: char| first.is_ascii_digit());
            // `16#ff` is one number.
            let ends = |c: char| !(is_name(c) || (number && matches!(c, '#' | '@')));
            let (token, behind) =
                from.split_at_checked(from.find(ends).unwrap_or(from.len())).unwrap_or((from, ""));
            rest = behind;
            if number {
                continue;
            }
            let next = behind.trim_start();
            if next.starts_with('=') && !next.starts_with("==") {
                self.variables.set_number(token);
            } else {
                self.must_be(Some(&[token.to_owned()]));
            }
        }
    }

    /// These names must be numbers; `None`: it is not known to be one.
    fn must_be(&mut self, names: Option<&[String]>) {
        let Some(names) = names else { return self.doubt(Doubt::Code) };
        for name in names {
            if self.variables.is_set(name) {
                self.numbers.insert(name.clone());
            } else if !NUMBERS.contains(&name.as_str()) {
                // What it is depends on who started the shell, and on what ran before.
                self.doubt(Doubt::Code);
            }
        }
    }

    /// Leaves a doubt if a name in a calculation may be something else than a number.
    pub(super) fn settle_numbers(&mut self) {
        if self.numbers.iter().any(|name| !self.variables.is_number(name)) {
            self.doubt(Doubt::Code);
        }
    }
}

impl Word {
    /// The names that must be numbers for this word to be one. `None`: it may be something else.
    pub(super) fn numbers(&self) -> Option<Vec<String>> {
        let plain = self.unknown.is_none() && self.uses.is_empty() && self.texts().all(is_number);
        if plain { Some(Vec::new()) } else { self.number.clone() }
    }
}

/// Digits, and the signs between them.
pub(super) fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-. \t\n".contains(&byte))
}

/// For the pieces of a word, the names on which it depends that the word is a number.
pub(super) fn number_of(pieces: &[Piece]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(text) | Piece::Quoted(text) if is_number(text) => {}
            Piece::Expansion(Expansion { number: Some(more), .. }) => names.extend(more.iter().cloned()),
            Piece::Split { .. } => {}
            _ => return None,
        }
    }
    Some(names)
}

/// What commands in a substitution write is a number: they end in `wc`, or in another program that writes nothing else.
pub(super) fn output(commands: &[Simple]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for simple in commands {
        let quiet = |target: &str| target == "/dev/null";
        let elsewhere = simple.redirects.iter().all(|redirect| match redirect.kind {
            super::Redirection::Read | super::Redirection::Here => true,
            super::Redirection::Write => quiet(&redirect.target.text) && redirect.target.unknown.is_none(),
            super::Redirection::ReadWrite | super::Redirection::Duplicate => false,
        });
        let device = |word: &Word| word.texts().any(|text| text.contains("/fd/") || text.contains("/dev/"));
        if !elsewhere || simple.words.iter().any(device) {
            return None;
        }
        if !simple.feeds_pipe {
            names.extend(written_number(simple)?);
        }
    }
    (!commands.is_empty()).then_some(names)
}

fn written_number(simple: &Simple) -> Option<Vec<String>> {
    let program = simple.program().filter(|word| word.unknown.is_none() && word.others.is_empty())?;
    let arguments = simple.arguments();
    let known = |test: &dyn Fn(&str) -> bool| {
        arguments.iter().all(|word| word.unknown.is_none() && word.others.is_empty() && test(&word.text))
    };
    let option = |text: &str| text.starts_with('-') && text.len() > 1;
    let number = match program.text.as_str() {
        // With a name it writes the name too.
        "wc" => known(&|text| option(text) && !text.contains("files0")),
        "nproc" => known(&option),
        "id" => known(&|text| matches!(text, "-u" | "-g")) && !arguments.is_empty(),
        "date" => {
            known(&|text| {
                let mut format = text.strip_prefix('+').unwrap_or("?").bytes();
                let field = |format: &mut dyn Iterator<Item = u8>| {
                    Some((
                        format.next()?,
                        format.next().is_some_and(|letter| b"sNYmdHMSjuwyeIkl".contains(&letter)),
                    ))
                };
                text.len() > 1
                    && std::iter::from_fn(|| field(&mut format)).all(|(sign, letter)| sign == b'%' && letter)
            }) && arguments.len() == 1
        }
        "expr" | "echo" | "seq" => {
            let sign = |word: &Word| {
                matches!(word.text.as_str(), "+" | "-" | "*" | "/" | "%") && word.others.is_empty()
            };
            let mut names = Vec::new();
            for word in arguments {
                if !sign(word) {
                    names.extend(word.numbers()?);
                }
            }
            return Some(names);
        }
        _ => false,
    };
    number.then(Vec::new)
}
