//! What begins with `$` or a backquote: variables, calculations, substitutions, and `$'…'`.

use super::calculate;
use super::grammar::{Parser, Stop};
use super::printed::{Octal, unescape, written};
use super::word::{Expansion, Piece, assemble};
use super::{Doubt, Unknown};

/// No variable has this name; what uses it is doubted where all variables are, or the separators.
const DIGITS: &str = "$((";
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
                    Some(end) => self.arithmetic(start, inside, end, quoted),
                    None => self.substitution(start, quoted),
                };
                pieces.push(piece);
            }
            Some(b'[') => {
                let inside = self.at.saturating_add(1);
                self.until(|byte| byte == b']');
                let text = self.text.get(inside..self.at).unwrap_or_default();
                self.calculate(text);
                self.close("]");
                pieces.push(self.unknown(start, quoted));
            }
            Some(b'{') => {
                if matches!(self.byte(1), Some(b' ' | b'\t' | b'\n' | b'|')) {
                    // `${ command; }` runs it, in newer shells.
                    self.state.doubt(Doubt::Code);
                }
                // These nest without commands between, so the depth is looked at here.
                if self.context.depth > super::DEPTH_MAX {
                    self.state.doubt(Doubt::TooLarge);
                    self.at = self.text.len();
                }
                self.deeper(|_| {}, |parser| pieces.push(parser.parameter(start, quoted)));
            }
            Some(b'\'') if !quoted => pieces.push(self.escaped()),
            Some(b'"') if !quoted => self.double_quoted(pieces),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
                pieces.push(self.variable(&name, start, quoted));
            }
            // Numbers: a status, a count, processes.
            Some(b'?' | b'#' | b'$' | b'!') => {
                self.skip(1);
                pieces.push(self.number(start, None, quoted));
            }
            Some(byte) if byte.is_ascii_digit() || b"@*-".contains(&byte) => {
                self.skip(1);
                pieces.push(self.unknown(start, quoted));
            }
            _ => {
                if self.starts("\\\n") {
                    // What belongs to it stands on the next line.
                    self.state.doubt(Doubt::Unexpected);
                }
                pieces.push(Piece::Quoted("$".to_owned()));
            }
        }
    }

    /// `$'…'`; at the quote.
    fn escaped(&mut self) -> Piece {
        self.skip(1);
        let from = self.at;
        loop {
            self.until(|byte| matches!(byte, b'\'' | b'\\'));
            if self.peek() != Some(b'\\') {
                break;
            }
            if self.byte(1) == Some(b'\'') {
                // To a shell that does not know `$'…'` it ends here.
                self.state.doubt(Doubt::Unexpected);
            }
            self.skip(2);
        }
        let (text, agreed) = unescape(self.since(from), Octal::Three).quoted();
        if !agreed {
            self.state.doubt(Doubt::Unexpected);
        }
        self.close("'");
        Piece::Quoted(text)
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
            globs: false,
            substituted: false,
            uses: None,
            number: None,
        })
    }

    fn variable(&self, name: &str, start: usize, quoted: bool) -> Piece {
        if name == "IFS" && !quoted {
            return Piece::Split { sure: true };
        }
        let (guesses, known) = self.state.variables.look(name);
        Piece::Expansion(Expansion {
            source: self.source(start),
            uses: known.then(|| name.to_owned()),
            unknown: if known { None } else { Some(Unknown::Variable) },
            guesses,
            quoted,
            globs: self.state.variables.globs(name),
            substituted: false,
            number: Some(vec![name.to_owned()]),
        })
    }

    /// `${…}`.
    fn parameter(&mut self, start: usize, quoted: bool) -> Piece {
        self.skip(1);
        let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
        if !name.is_empty() && self.eat("}") {
            return self.variable(&name, start, quoted);
        }
        if name.is_empty() && self.byte(1) == Some(b':') && matches!(self.peek(), Some(b'@' | b'*')) {
            self.skip(1);
        }
        let counts = self.modifier(&name);
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
        if operator.starts_with(b":") && !defaults {
            // An offset and a length.
            self.calculated_pieces(&inside);
        }
        let substituted = self.state.commands.len() > first;
        let (mut guesses, _) = self.state.variables.look(&name);
        if defaults && guesses.len() < super::GUESSES_MAX {
            let mut words = Vec::new();
            assemble(&inside, self.state, &mut words);
            if operator.contains(&b'=') {
                self.state.variables.set_items(&name, &words, true);
            }
            let joined: Vec<String> = words.into_iter().map(|word| word.text).collect();
            guesses.push(joined.join(" "));
        }
        if name == "IFS" && !quoted {
            return Piece::Split { sure: false };
        }
        Piece::Expansion(Expansion {
            source: self.source(start),
            guesses,
            unknown: Some(Unknown::Variable),
            quoted,
            globs: self.state.variables.globs(&name),
            substituted,
            uses: None,
            number: counts.then(Vec::new),
        })
    }

    /// What stands around the name in `${…}`: `#` before it, a subscript behind it. True: what comes of it is a count.
    ///
    /// `${!x}` and `${x@P}` evaluate what is in the variable.
    fn modifier(&mut self, name: &str) -> bool {
        if !name.is_empty() {
            if self.peek() == Some(b'[') {
                self.subscript();
            }
            if self.starts("@P") {
                self.state.doubt(Doubt::Code);
            }
            return false;
        }
        match self.peek() {
            Some(sign @ (b'#' | b'!')) if !matches!(self.byte(1), Some(b'}' | b':')) => {
                self.skip(1);
                self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_'));
                let list = self.starts("[@]") || self.starts("[*]");
                if self.peek() == Some(b'[') {
                    self.subscript();
                }
                let names = list || self.starts("*}") || self.starts("@}");
                if sign == b'!' && !names {
                    self.state.doubt(Doubt::Code);
                }
                sign == b'#' && self.peek() == Some(b'}')
            }
            // Flags of zsh, of which `e` evaluates.
            Some(b'(') => {
                self.state.doubt(Doubt::Code);
                false
            }
            _ => false,
        }
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
                b'<' | b'>' if !quoted && self.byte(1) == Some(b'(') => pieces.push(self.process()),
                b'<' | b'>' => {
                    self.skip(1);
                    pieces.push(Piece::Plain(char::from(byte).to_string()));
                }
                _ => {
                    let ends = |byte| matches!(byte, b'}' | b'\\' | b'\'' | b'"' | b'$' | b'`' | b'<' | b'>');
                    let text = self.until(ends).to_owned();
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
            Piece::Expansion(expansion) => {
                Piece::Expansion(Expansion { guesses: Vec::new(), number: None, ..expansion })
            }
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
        self.apart(|parser| parser.deeper(change, read));
        let inside = self.state.commands.get(first..).unwrap_or_default();
        let number = calculate::output(inside);
        let guesses = match inside {
            [one] => written(one),
            _ => Vec::new(),
        };
        Piece::Expansion(Expansion {
            source: self.source(start),
            guesses,
            unknown: Some(Unknown::Output),
            quoted,
            globs: false,
            substituted: true,
            uses: None,
            number,
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

    fn arithmetic(&mut self, start: usize, inside: usize, end: usize, quoted: bool) -> Piece {
        let text = self.text.get(inside..end).unwrap_or_default();
        self.at = end.saturating_add(2);
        self.calculate(text);
        self.number(start, calculate::result(text), quoted)
    }

    /// A calculation, a status, a count: it is a number, whichever it is.
    fn number(&self, start: usize, result: Option<i64>, quoted: bool) -> Piece {
        Piece::Expansion(Expansion {
            source: self.source(start),
            guesses: result.map(|number| number.to_string()).into_iter().collect(),
            unknown: result.is_none().then_some(Unknown::Variable),
            quoted,
            globs: false,
            substituted: false,
            // Digits may be separators.
            uses: (!quoted && result.is_some()).then(|| DIGITS.to_owned()),
            number: Some(Vec::new()),
        })
    }
}
