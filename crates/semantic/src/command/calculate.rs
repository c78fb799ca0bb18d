//! Calculations: `$((…))`, subscripts, and the words of `let` and `[[ … -eq … ]]`.
//!
//! A shell evaluates the value of a name in one again, and a value like `a[$(x)]` runs what is in it. So every name must be
//! one that the script gave a number to; any other leaves a doubt.

use super::grammar::Parser;
use super::state::State;
use super::word::{Expansion, Piece};
use super::{Doubt, Simple, Word};

/// Programs whose words are assignments.
pub(super) const DECLARES: [&str; 5] = ["local", "declare", "typeset", "readonly", "export"];
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
        // Names and signs may stand in several pieces.
        let mut whole = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(text) | Piece::Quoted(text) => whole.push_str(text),
                Piece::Expansion(expansion) => {
                    self.state.must_be(expansion.number.as_deref());
                    if ends_with_name(&whole) {
                        // `n$i`: which variable that is nobody knows.
                        self.state.variables.touch_all();
                    }
                    whole.push('0');
                }
                Piece::Wild(sign) => whole.push(*sign),
                Piece::Comma => whole.push(','),
                Piece::Open | Piece::Close | Piece::Split { .. } => {}
            }
        }
        self.state.calculated(&whole);
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
    pub(super) fn calculated(&mut self, text: &str) {
        if !self.pay(text.len()) {
            return;
        }
        // Quotes in it mean nothing.
        let text = text.replace(['"', '\'', '\\'], "");
        let mut rest = text.as_str();
        while let Some(start) = rest.find(is_name) {
            let (before, from) = rest.split_at_checked(start).unwrap_or(("", rest));
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
                continue;
            }
            self.must_be(Some(&[token.to_owned()]));
            let before = before.trim_end();
            if STEPS.iter().any(|step| before.ends_with(step)) || changes(next) {
                self.variables.lend(token);
            }
        }
    }

    /// These names must be numbers; `None`: it is not known to be one.
    pub(super) fn must_be(&mut self, names: Option<&[String]>) {
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
        self.settle_builtins();
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

const STEPS: [&str; 2] = ["++", "--"];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A number is no name.
fn ends_with_name(text: &str) -> bool {
    let name = text.rsplit(|c| !is_name(c)).next().unwrap_or_default();
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// What stands behind a name changes it: `++`, `+= 1`, also behind a subscript.
fn changes(behind: &str) -> bool {
    const SETS: [&str; 10] = ["+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="];
    let Some(sign) = behind_subscript(behind) else { return true };
    let sign = sign.trim_start();
    let assigns = behind.starts_with('[') && sign.starts_with('=') && !sign.starts_with("==");
    assigns || STEPS.iter().chain(&SETS).any(|set| sign.starts_with(set))
}

/// What stands behind the `[…]` at the start, if there is one. `None`: its end is not near.
fn behind_subscript(text: &str) -> Option<&str> {
    let mut open = 0usize;
    if !text.starts_with('[') {
        return Some(text);
    }
    for (at, byte) in text.bytes().enumerate().take(SUBSCRIPT_BYTES_MAX) {
        match byte {
            b'[' => open = open.saturating_add(1),
            b']' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return text.get(at.saturating_add(1)..);
        }
    }
    None
}

/// Longer subscripts are not looked behind.
const SUBSCRIPT_BYTES_MAX: usize = 256;

/// The words beside `-eq` and its kin.
pub(super) fn beside_comparisons(words: &[Word]) -> Vec<usize> {
    let compares = |word: &Word| matches!(word.text.as_str(), "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge");
    let places = words.iter().enumerate().skip(1).filter(|(_, word)| compares(word));
    places.flat_map(|(at, _)| [at.saturating_sub(1), at.saturating_add(1)]).collect()
}

/// A status or a count that is compared is no name of a file, whichever it is.
pub(super) fn compared(words: &mut [Word]) {
    for at in beside_comparisons(words) {
        if let Some(word) = words.get_mut(at)
            && word.unknown.is_some()
            && word.number.as_ref().is_some_and(Vec::is_empty)
        {
            *word = Word { number: word.number.take(), ..Word::known("0") };
        }
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

/// What a calculation with plain numbers comes to. `None`: it is longer, or has more in it.
pub(super) fn result(text: &str) -> Option<i64> {
    let mut sum = Sum { rest: Some(text).filter(|text| text.len() <= SUM_BYTES_MAX)? };
    let result = sum.terms()?;
    sum.rest.trim_start().is_empty().then_some(result)
}

/// Longer calculations are not followed; this also bounds how deep their brackets are.
const SUM_BYTES_MAX: usize = 64;

struct Sum<'t> {
    rest: &'t str,
}

impl Sum<'_> {
    fn eat(&mut self, sign: char) -> bool {
        let found = self.rest.trim_start().strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn terms(&mut self) -> Option<i64> {
        let mut sum = self.factors()?;
        loop {
            if self.eat('+') {
                sum = sum.checked_add(self.factors()?)?;
            } else if self.eat('-') {
                sum = sum.checked_sub(self.factors()?)?;
            } else {
                return Some(sum);
            }
        }
    }

    fn factors(&mut self) -> Option<i64> {
        let mut product = self.value()?;
        loop {
            if self.eat('*') {
                product = product.checked_mul(self.value()?)?;
            } else if self.eat('/') {
                product = product.checked_div(self.value()?)?;
            } else if self.eat('%') {
                product = product.checked_rem(self.value()?)?;
            } else {
                return Some(product);
            }
        }
    }

    /// A decimal number, or a calculation in brackets. A zero at the start would make it an octal one.
    fn value(&mut self) -> Option<i64> {
        if self.eat('(') {
            let inside = self.terms()?;
            return self.eat(')').then_some(inside);
        }
        let text = self.rest.trim_start();
        let (digits, rest) =
            text.split_at_checked(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))?;
        self.rest = rest;
        (digits == "0" || !digits.starts_with('0')).then(|| digits.parse().ok()).flatten()
    }
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
