//! Simple commands: assignments, words, redirections.

use super::calculate::{DECLARES, compared};
use super::grammar::Parser;
use super::unwrap::assignment;
use super::{Assignment, Doubt, Redirect, Redirection, Simple, Unknown, WORDS_MAX, Word};

impl Parser<'_, '_> {
    pub(super) fn simple(&mut self) {
        let Some(place) = self.state.reserve(self.begun()) else {
            self.at = self.text.len();
            return;
        };
        let mut simple = self.begun();
        let mut split = None;
        let mut keyword = false;
        loop {
            self.blanks();
            if simple.words.is_empty() {
                keyword = DECLARES.contains(&self.plain_word());
            }
            match self.peek() {
                None | Some(b'\n' | b'\r' | b';' | b')' | b'|' | b'#') => break,
                Some(b'&') if !self.starts("&>") => break,
                Some(b'(') if simple.words.len() == 1 => {
                    self.definition(&mut simple);
                    break;
                }
                Some(b'(') => {
                    if self
                        .text
                        .get(..self.at)
                        .is_some_and(|before| before.ends_with(['?', '*', '+', '@', '!']))
                    {
                        // `+(a|b)`, which bash expands if it is told to.
                        self.state.doubt(Doubt::Unexpected);
                    }
                    break;
                }
                Some(_) => {}
            }
            // `&` and `>` to other shells, and what comes behind it is a command of its own.
            let both = self.starts("&>") && !simple.words.is_empty();
            if both && split.is_none() {
                split = Some(simple.words.len());
            }
            if self.redirect(&mut simple, place) || (simple.words.is_empty() && self.assignment(&mut simple))
            {
                continue;
            }
            if !self.words_into(&mut simple.words) {
                break;
            }
            if simple.words.len() >= WORDS_MAX {
                self.state.doubt(Doubt::TooLarge);
                break;
            }
        }
        if !simple.words.is_empty() {
            simple.assignments.iter().for_each(|one| self.state.variables.lend(&one.name));
        }
        self.declared(&simple);
        self.settle(&mut simple, keyword);
        let behind = split.and_then(|at| simple.words.get(at..)).unwrap_or_default().to_vec();
        if let Some(reserved) = self.state.commands.get_mut(place) {
            *reserved = simple;
        }
        if !behind.is_empty() {
            let other = Simple { words: behind, ..self.begun() };
            self.state.reserve(other);
        }
    }

    /// `local n=0`: from here on it is a variable of the script.
    fn declared(&mut self, simple: &Simple) {
        let program = simple.program().map(|word| word.text.as_str());
        if program.is_some_and(|program| DECLARES.contains(&program)) {
            for (name, _) in simple.arguments().iter().filter_map(assignment) {
                self.state.variables.declare(&name);
            }
        }
    }

    /// What a command makes of its words. `keyword`: it is `export` or its like, with nothing in it quoted.
    fn settle(&mut self, simple: &mut Simple, keyword: bool) {
        let program = simple.program().map(|word| word.text.as_str()).unwrap_or_default();
        if matches!(program, "[" | "test") {
            compared(&mut simple.words);
        } else if !DECLARES.contains(&program) {
            for word in simple.words.iter_mut().filter(|word| word.splits) {
                word.unknown.get_or_insert(Unknown::Variable);
            }
        } else if !keyword && simple.words.iter().any(|word| word.loose && word.unknown.is_some()) {
            // `\export x=$y` is several words, and each may set a variable.
            self.state.variables.touch_all();
        }
        if self.state.repeats || self.context.via.as_deref() == Some("trap") {
            climbs(&mut simple.words);
        }
    }

    /// `name() command`: the name is no program.
    fn definition(&mut self, simple: &mut Simple) {
        self.skip(1);
        self.blanks();
        if self.eat(")") {
            simple.words.clear();
            self.function();
        } else {
            self.state.doubt(Doubt::Unexpected);
        }
    }

    /// `NAME=value`, `NAME+=value`, `NAME[i]=value`, `NAME=(a b)`.
    fn assignment(&mut self, simple: &mut Simple) -> bool {
        let Some(length) = assigned(self.rest()) else { return false };
        let start = self.at;
        let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
        let behind = start.saturating_add(length);
        if self.peek() == Some(b'[') {
            // Subscripts are calculated, and calculations run substitutions.
            let subscript = self.text.get(self.at.saturating_add(1)..behind).unwrap_or_default();
            let end = subscript.rfind(']').unwrap_or(subscript.len());
            let subscript = subscript.get(..end).unwrap_or_default();
            self.calculate(subscript);
        }
        let appends = self.text.get(..behind).is_some_and(|text| text.ends_with("+="));
        self.at = behind;
        let value = if self.eat("(") { self.list_value() } else { self.value() };
        self.state.variables.set(&name, &value, self.context.unsure || appends);
        simple.assignments.push(Assignment { name, value });
        true
    }

    fn value(&mut self) -> Word {
        let mut words = Vec::new();
        self.words_into(&mut words);
        // Values are neither split nor multiplied; one with `$IFS` or braces is odd enough to be looked at in its parts.
        let mut words = words.into_iter();
        let mut value = words.next().unwrap_or_default();
        for more in words {
            value.unknown.get_or_insert(Unknown::Variable);
            value.others.extend(more.texts().map(str::to_owned));
        }
        value
    }

    fn list_value(&mut self) -> Word {
        let mut words = Vec::new();
        loop {
            self.lines();
            if self.eat(")") {
                break;
            }
            if self.peek().is_none() {
                self.state.doubt(Doubt::Unfinished);
                break;
            }
            if self.peek() == Some(b'[') {
                // What stands before `=` is calculated.
                self.subscript();
            }
            if !self.words_into(&mut words) {
                self.state.doubt(Doubt::Unexpected);
                self.bump();
            }
        }
        let mut value = Word::unknown("()");
        value.number =
            words.iter().map(Word::numbers).collect::<Option<Vec<_>>>().map(|names| names.concat());
        value.others =
            words.iter().flat_map(Word::texts).take(super::GUESSES_MAX).map(str::to_owned).collect();
        value
    }

    /// One redirection, with the number before it. False: there is none, and nothing was read.
    pub(super) fn redirect(&mut self, simple: &mut Simple, place: usize) -> bool {
        let start = self.at;
        let numbered = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.skip(numbered);
        let mut elsewhere = !self.since(start).trim_start_matches('0').is_empty();
        if numbered == 0 {
            elsewhere = self.named_descriptor();
        }
        let Some((kind, sign)) = sign(self.rest()) else {
            self.at = start;
            return false;
        };
        self.skip(sign);
        if kind == Redirection::Here && !self.since(start).ends_with("<<<") {
            let stripped = self.since(start).ends_with('-');
            self.here_document(simple, place, stripped, elsewhere);
            return true;
        }
        self.blanks();
        let mut words = Vec::new();
        if !self.words_into(&mut words) {
            self.state.doubt(Doubt::Unfinished);
            return true;
        }
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        for target in words {
            let (kind, body) = match kind {
                Redirection::Here => (kind, Some(target.clone())),
                // `>&file` is `&>file`.
                Redirection::Duplicate if !number(&target.text) => (Redirection::Write, None),
                kind => (kind, None),
            };
            simple.redirects.push(Redirect { kind, target, body, elsewhere });
        }
        true
    }

    /// `{name}` right before a redirection.
    fn named_descriptor(&mut self) -> bool {
        let start = self.at;
        if !self.eat("{") {
            return false;
        }
        let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
        let named = self.eat("}") && matches!(self.peek(), Some(b'<' | b'>'));
        if named {
            // The shell writes the number of the descriptor there.
            self.state.variables.touch(&name);
        } else {
            self.at = start;
        }
        named
    }
}

/// How often `cd ..` runs is not known: it may lead anywhere above.
fn climbs(words: &mut [Word]) {
    const GO: [&str; 3] = ["cd", "chdir", "pushd"];
    let names = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|name| GO.contains(&name));
    if !words.iter().any(|word| word.texts().any(names)) {
        return;
    }
    let up = |text: &str| !text.starts_with(['/', '~']) && text.contains("..");
    for word in words.iter_mut().filter(|word| word.texts().any(up)) {
        word.unknown.get_or_insert(Unknown::Variable);
    }
}

/// The sign of a redirection and its length.
fn sign(rest: &str) -> Option<(Redirection, usize)> {
    let process = |at: usize| rest.as_bytes().get(at) == Some(&b'(');
    SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)).and_then(|(sign, kind)| {
        // `<(` and `>(` begin words.
        if sign.len() == 1 && process(1) { None } else { Some((*kind, sign.len())) }
    })
}

/// The longer ones first.
const SIGNS: [(&str, Redirection); 12] = [
    ("&>>", Redirection::Write),
    ("&>", Redirection::Write),
    ("<<<", Redirection::Here),
    ("<<-", Redirection::Here),
    ("<<", Redirection::Here),
    ("<>", Redirection::ReadWrite),
    ("<&", Redirection::Duplicate),
    ("<", Redirection::Read),
    (">>", Redirection::Write),
    (">|", Redirection::Write),
    (">&", Redirection::Duplicate),
    (">", Redirection::Write),
];

/// Length of `NAME=`, `NAME+=` or `NAME[…]=` at the start.
fn assigned(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let name = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if name == 0 || bytes.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let mut at = name;
    if bytes.get(at) == Some(&b'[') {
        let line = bytes.get(at..)?.iter().take(SUBSCRIPT_BYTES_MAX);
        let close = line.take_while(|byte| !matches!(byte, b'\n')).position(|byte| *byte == b']')?;
        at = at.saturating_add(close).saturating_add(1);
    }
    if bytes.get(at) == Some(&b'+') {
        at = at.saturating_add(1);
    }
    (bytes.get(at) == Some(&b'=')).then(|| at.saturating_add(1))
}

/// Longest subscript of an assignment, in bytes.
const SUBSCRIPT_BYTES_MAX: usize = 256;
