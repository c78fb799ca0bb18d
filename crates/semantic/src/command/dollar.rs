//! What begins with `$` or a backquote: variables, calculations, substitutions, and `$'…'`.

use super::grammar::{Parser, Stop};
use super::word::{Expansion, Piece, assemble};
use super::{Doubt, Simple, Unknown, Word};

/// How much of an expansion's own text is kept, in bytes.
const SOURCE_BYTES_MAX: usize = 512;

impl Parser<'_, '_> {
    /// `$` and what belongs to it.
    pub(super) fn dollar(&mut self, quoted: bool, pieces: &mut Vec<Piece>) {
        let start = self.at;
        self.skip(1);
        match self.peek() {
            Some(b'(') => {
                let calculated = self.byte(1) == Some(b'(');
                let inside = self.at.saturating_add(2);
                let end = if calculated { self.arithmetic_end(inside) } else { None };
                let piece = match end {
                    Some(end) => self.arithmetic(inside, end),
                    None => self.substitution(start, quoted),
                };
                pieces.push(piece);
            }
            Some(b'[') => {
                let inside = self.at.saturating_add(1);
                self.until(|byte| byte == b']');
                let text = self.text.get(inside..self.at).unwrap_or_default();
                self.walk_quoted(text);
                self.close("]");
                pieces.push(self.unknown(start, quoted));
            }
            Some(b'{') => {
                // These nest without commands between, so the depth is looked at here.
                if self.context.depth > super::DEPTH_MAX {
                    self.state.doubt(Doubt::TooLarge);
                    self.at = self.text.len();
                }
                self.deeper(|_| {}, |parser| pieces.push(parser.parameter(start, quoted)));
            }
            Some(b'\'') if !quoted => {
                self.skip(1);
                let from = self.at;
                loop {
                    self.until(|byte| matches!(byte, b'\'' | b'\\'));
                    if self.peek() != Some(b'\\') {
                        break;
                    }
                    self.skip(2);
                }
                pieces.push(Piece::Quoted(unescape(self.since(from))));
                self.close("'");
            }
            Some(b'"') if !quoted => self.double_quoted(pieces),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
                pieces.push(self.variable(&name, start, quoted));
            }
            // Numbers: a status, a count, processes.
            Some(b'?' | b'#' | b'$' | b'!') => {
                self.skip(1);
                pieces.push(Piece::Quoted("0".to_owned()));
            }
            Some(byte) if byte.is_ascii_digit() || b"@*-".contains(&byte) => {
                self.skip(1);
                pieces.push(self.unknown(start, quoted));
            }
            _ => pieces.push(Piece::Quoted("$".to_owned())),
        }
    }

    fn source(&self, start: usize) -> String {
        self.since(start)
            .char_indices()
            .take_while(|(at, _)| *at < SOURCE_BYTES_MAX)
            .map(|(_, c)| c)
            .collect()
    }

    fn unknown(&self, start: usize, quoted: bool) -> Piece {
        Piece::Expansion(Expansion {
            source: self.source(start),
            guesses: Vec::new(),
            unknown: Some(Unknown::Variable),
            quoted,
            substituted: false,
            uses: None,
        })
    }

    fn variable(&self, name: &str, start: usize, quoted: bool) -> Piece {
        if name == "IFS" && !quoted {
            return Piece::Split;
        }
        let (guesses, known) = self.state.variables.look(name);
        Piece::Expansion(Expansion {
            source: self.source(start),
            uses: known.then(|| name.to_owned()),
            unknown: if known { None } else { Some(Unknown::Variable) },
            guesses,
            quoted,
            substituted: false,
        })
    }

    /// `${…}`.
    fn parameter(&mut self, start: usize, quoted: bool) -> Piece {
        self.skip(1);
        let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
        if !name.is_empty() && self.eat("}") {
            return self.variable(&name, start, quoted);
        }
        let operator = self.rest().bytes().take(2).collect::<Vec<u8>>();
        // `${x:-word}` and its kin stand for the word; in quotes they read it as quotes do.
        let (defaults, signs) = match operator.as_slice() {
            [b':', b'-' | b'=' | b'+', ..] => (true, 2),
            [b'-' | b'=' | b'+', ..] => (true, 1),
            _ => (false, 0),
        };
        self.skip(signs);
        let mut inside = Vec::new();
        let first = self.state.commands.len();
        self.braced(quoted && defaults, &mut inside);
        self.close("}");
        let substituted = self.state.commands.len() > first;
        if name == "IFS" && !quoted {
            return Piece::Split;
        }
        let (mut guesses, _) = self.state.variables.look(&name);
        if defaults && guesses.len() < super::GUESSES_MAX {
            let mut words = Vec::new();
            assemble(&inside, self.state, &mut words);
            let joined: Vec<String> = words.into_iter().map(|word| word.text).collect();
            guesses.push(joined.join(" "));
        }
        Piece::Expansion(Expansion {
            source: self.source(start),
            guesses,
            unknown: Some(Unknown::Variable),
            quoted,
            substituted,
            uses: None,
        })
    }

    /// Up to the `}` that closes a parameter.
    fn braced(&mut self, quoted: bool, pieces: &mut Vec<Piece>) {
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => return,
                b'\\' => {
                    self.skip(1);
                    let from = self.at;
                    self.bump();
                    pieces.push(Piece::Quoted(self.since(from).to_owned()));
                }
                b'\'' if !quoted => {
                    self.skip(1);
                    let text = self.until(|byte| byte == b'\'').to_owned();
                    pieces.push(Piece::Quoted(text));
                    self.close("'");
                }
                b'"' => self.double_quoted(pieces),
                b'$' => self.dollar(quoted, pieces),
                b'`' => pieces.push(self.backquoted(quoted)),
                _ => {
                    let text = self
                        .until(|byte| matches!(byte, b'}' | b'\\' | b'\'' | b'"' | b'$' | b'`'))
                        .to_owned();
                    if text.is_empty() {
                        // A single quote that means nothing here.
                        self.skip(1);
                    }
                    pieces.push(Piece::Plain(text));
                }
            }
        }
    }

    /// `$(…)`; at the parenthesis.
    fn substitution(&mut self, start: usize, quoted: bool) -> Piece {
        self.skip(1);
        self.commands_inside(start, quoted, |parser| {
            parser.list(Stop::Paren);
            parser.close(")");
        })
    }

    /// `<(…)` or `>(…)`: the name of a pipe.
    pub(super) fn process(&mut self) -> Piece {
        let start = self.at;
        self.skip(2);
        let piece = self.commands_inside(start, false, |parser| {
            parser.list(Stop::Paren);
            parser.close(")");
        });
        match piece {
            Piece::Expansion(expansion) => Piece::Expansion(Expansion { guesses: Vec::new(), ..expansion }),
            other => other,
        }
    }

    /// `` `…` ``: a text of its own, with one level of backslashes taken off.
    pub(super) fn backquoted(&mut self, quoted: bool) -> Piece {
        let start = self.at;
        self.skip(1);
        let mut text = String::new();
        loop {
            text.push_str(self.until(|byte| matches!(byte, b'`' | b'\\')));
            if self.peek() != Some(b'\\') {
                break;
            }
            self.skip(1);
            match self.peek() {
                Some(byte @ (b'`' | b'\\' | b'$')) => {
                    text.push(char::from(byte));
                    self.skip(1);
                }
                Some(b'"') if quoted => {
                    text.push('"');
                    self.skip(1);
                }
                _ => text.push('\\'),
            }
        }
        self.close("`");
        self.commands_inside(start, quoted, |parser| parser.nested(&text, |_| {}))
    }

    fn commands_inside(&mut self, start: usize, quoted: bool, read: impl FnOnce(&mut Self)) -> Piece {
        let first = self.state.commands.len();
        let change = |context: &mut super::grammar::Context| {
            context.substituted = true;
            context.unsure = true;
        };
        self.deeper(change, read);
        let inside = self.state.commands.get(first..).unwrap_or_default();
        let guesses = match inside {
            [one] => written(one).into_iter().collect(),
            _ => Vec::new(),
        };
        Piece::Expansion(Expansion {
            source: self.source(start),
            guesses,
            unknown: Some(Unknown::Output),
            quoted,
            substituted: true,
            uses: None,
        })
    }

    /// The `))` that closes a calculation, if what begins at `from` is one.
    pub(super) fn arithmetic_end(&mut self, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut open = 0usize;
        let mut at = from;
        let end = loop {
            match bytes.get(at)? {
                b'(' => open = open.saturating_add(1),
                b')' if open == 0 => break at,
                b')' => open = open.saturating_sub(1),
                b'\\' => at = at.saturating_add(1),
                _ => {}
            }
            at = at.saturating_add(1);
        };
        if !self.state.pay(end.saturating_sub(from)) {
            return None;
        }
        (bytes.get(end.saturating_add(1)) == Some(&b')')).then_some(end)
    }

    /// A calculation; some number stands for it.
    fn arithmetic(&mut self, inside: usize, end: usize) -> Piece {
        let text = self.text.get(inside..end).unwrap_or_default();
        self.at = end.saturating_add(2);
        self.walk_quoted(text);
        Piece::Quoted("0".to_owned())
    }
}

/// What `echo` or `printf` writes, if all its words are known.
pub(super) fn written(simple: &Simple) -> Option<String> {
    let mut names = simple.names();
    let name = names.next()?;
    let mut words = simple.arguments().iter();
    let known = |word: &Word| word.unknown.is_none() && !word.glob && word.others.is_empty();
    if !simple.arguments().iter().all(known) || !simple.redirects.is_empty() {
        return None;
    }
    let rest: Vec<&str> = match name.as_str() {
        "echo" => {
            let is_option = |word: &&Word| {
                word.text.len() > 1
                    && word.text.starts_with('-')
                    && word.text.bytes().skip(1).all(|b| b"neE".contains(&b))
            };
            words.skip_while(is_option).map(|word| word.text.as_str()).collect()
        }
        "printf" => {
            let format = words.next()?;
            if format.text.contains('%') {
                words.map(|word| word.text.as_str()).collect()
            } else {
                vec![format.text.as_str()]
            }
        }
        _ => return None,
    };
    Some(unescape(&rest.join(" ")).trim_end_matches('\n').to_owned())
}

/// The escapes of `$'…'`, which `echo -e` and `printf` share.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = behind.chars();
        let Some(first) = characters.next() else {
            out.push('\\');
            return out;
        };
        rest = characters.as_str();
        let digits = match first {
            'x' => Some((16, 2, rest)),
            'u' => Some((16, 4, rest)),
            'U' => Some((16, 8, rest)),
            '0'..='7' => Some((8, 3, behind)),
            _ => None,
        };
        if let Some((radix, most, from)) = digits {
            let length = from.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
            let (number, behind) = from.split_at_checked(length).unwrap_or((from, ""));
            if let Some(character) = u32::from_str_radix(number, radix).ok().and_then(char::from_u32) {
                out.push(character);
                rest = behind;
                continue;
            }
        }
        match first {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'e' | 'E' => out.push('\u{1b}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            'c' => {
                let mut characters = rest.chars();
                characters.next();
                rest = characters.as_str();
            }
            '\\' | '\'' | '"' | '?' => out.push(first),
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(rest);
    out
}
