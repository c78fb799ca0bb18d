//! Commands made of commands: groups, conditions, loops, cases, functions.

use super::calculate::{beside_comparisons, compared};
use super::grammar::{Context, Parser, Stop};
use super::{Doubt, Simple, Word};

impl Parser<'_, '_> {
    /// A command that begins with a reserved word, and the redirections behind it.
    pub(super) fn compound(&mut self) {
        // Its redirections stand in a place of their own, before all that is inside.
        let Some(place) = self.state.reserve(self.begun()) else {
            self.at = self.text.len();
            return;
        };
        self.deeper(|_| {}, Self::compound_inside);
        self.trailing_redirects(place);
    }

    fn compound_inside(&mut self) {
        if self.eat_word("{") {
            self.list(Stop::Words(&["}"]));
            self.eat_word("}");
        } else if self.eat_word("if") {
            self.condition();
        } else if self.eat_word("while") || self.eat_word("until") {
            self.repeated(|parser| {
                parser.list(Stop::Words(&["do"]));
                parser.body();
            });
        } else if self.eat_word("for") || self.eat_word("select") {
            self.repeated(Self::items);
        } else if self.eat_word("case") {
            self.case();
        } else if self.eat_word("function") {
            self.blanks();
            self.word();
            self.blanks();
            if self.eat("(") {
                self.blanks();
                self.eat(")");
            }
            self.function();
        } else if self.eat_word("[[") {
            self.test();
        }
    }

    fn condition(&mut self) {
        loop {
            self.list(Stop::Words(&["then"]));
            self.expect("then");
            self.unsure_list(&["elif", "else", "fi"]);
            if self.eat_word("elif") {
                continue;
            }
            if self.eat_word("else") {
                self.unsure_list(&["fi"]);
            }
            return self.expect("fi");
        }
    }

    fn body(&mut self) {
        self.expect("do");
        self.unsure_list(&["done"]);
        self.expect("done");
    }

    fn unsure_list(&mut self, words: &'static [&'static str]) {
        self.deeper(|context| context.unsure = true, |parser| parser.list(Stop::Words(words)));
    }

    fn expect(&mut self, word: &str) {
        if !self.eat_word(word) {
            self.state.doubt(Doubt::Unfinished);
        }
    }

    /// `for x in a b; do … done`, `for ((…)); do … done`.
    fn items(&mut self) {
        self.blanks();
        if self.peek() == Some(b'(') {
            self.parenthesis();
        } else {
            let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
            if name.is_empty() {
                self.state.doubt(Doubt::Unexpected);
            }
            self.lines();
            let mut items = Vec::new();
            if self.eat_word("in") {
                self.blanks();
                while self.words_into(&mut items) {
                    self.blanks();
                }
            } else {
                items.push(Word::unknown("$@"));
            }
            self.state.variables.set_items(&name, &items, self.context.unsure);
        }
        self.lines();
        if self.eat(";") {
            self.lines();
        }
        if self.eat_word("{") {
            self.unsure_list(&["}"]);
            self.expect("}");
        } else {
            self.body();
        }
    }

    fn case(&mut self) {
        self.blanks();
        self.word();
        self.lines();
        self.expect("in");
        loop {
            self.lines();
            if self.peek().is_none() {
                return self.state.doubt(Doubt::Unfinished);
            }
            if self.eat_word("esac") {
                return;
            }
            let before = self.at;
            self.eat("(");
            loop {
                self.blanks();
                self.word();
                self.blanks();
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                self.state.doubt(Doubt::Unexpected);
                if self.at == before {
                    self.bump();
                }
            }
            self.deeper(|context| context.unsure = true, |parser| parser.list(Stop::Case));
            if !self.eat(";;&") && !self.eat(";;") {
                self.eat(";&");
            }
        }
    }

    /// What a function does; it counts as run, whoever calls it.
    pub(super) fn function(&mut self) {
        self.lines();
        let before = std::mem::replace(&mut self.state.recurses, true);
        self.repeated(|parser| parser.deeper(|context| context.unsure = true, Self::command));
        self.state.recurses = before;
    }

    /// In a process of its own: where that goes is not where the next round begins, unless a function calls itself there.
    pub(super) fn apart(&mut self, read: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.state.repeats, self.state.recurses);
        read(self);
        self.state.repeats = before;
    }

    fn repeated(&mut self, read: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.state.repeats, true);
        read(self);
        self.state.repeats = before;
    }

    /// `[[ … ]]`: its words are no commands, but substitutions in them are.
    fn test(&mut self) {
        let place = self.state.reserve(self.begun());
        let mut words = vec![Word::known("[[")];
        let from = self.at;
        loop {
            self.lines();
            if self.peek().is_none() {
                self.state.doubt(Doubt::Unfinished);
                break;
            }
            if self.eat_word("]]") {
                break;
            }
            if !self.words_into(&mut words) {
                self.bump();
            }
        }
        for at in beside_comparisons(&words) {
            if let Some(word) = words.get(at) {
                self.state.calculated_word(word);
            }
        }
        compared(&mut words);
        if let Some(simple) = place.and_then(|place| self.state.commands.get_mut(place)) {
            simple.words = words;
        }
        // To a shell that does not know `[[` it is a program, and `||` in it is between commands.
        let inside = self.text.get(from..self.at).unwrap_or_default();
        if inside.contains(['&', '|', ';', '\n']) {
            self.calculated(inside, false);
        }
    }

    /// `( … )`, or `(( … ))`, which bash calculates and other shells run as two subshells.
    pub(super) fn parenthesis(&mut self) {
        let Some(place) = self.state.reserve(self.begun()) else {
            self.at = self.text.len();
            return;
        };
        let start = self.at.saturating_add(2);
        if self.starts("((")
            && let Some(end) = self.arithmetic_end(start)
        {
            let inside = self.text.get(start..end).unwrap_or_default();
            self.at = end.saturating_add(2);
            self.calculation(inside);
        } else {
            self.skip(1);
            self.apart(|parser| {
                parser.deeper(|context| context.unsure = true, |parser| parser.list(Stop::Paren));
            });
            if !self.eat(")") {
                self.state.doubt(Doubt::Unfinished);
            }
        }
        self.trailing_redirects(place);
    }

    fn calculation(&mut self, inside: &str) {
        let name = Word::known(format!("(({inside}))"));
        if self.state.pay(inside.len()) {
            self.state.reserve(Simple { words: vec![name], ..self.begun() });
        }
        self.calculated(inside, true);
        self.calculate(inside);
    }

    /// What shells without calculations and tests may run of the inside of one. `substitutions`: those in it too.
    fn calculated(&mut self, inside: &str, substitutions: bool) {
        let first = self.state.commands.len();
        let before = self.state.doubts();
        self.nested(inside, |context| context.unsure = true);
        self.state.set_doubts(before);
        // `i++` and `$x > 3` are calculated everywhere; what could be a program is one to other shells.
        let named = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '.'))
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
        };
        let is_named = |simple: &Simple| {
            let program = simple.words.first();
            let plain = program.is_some_and(|word| word.unknown.is_none() && named(&word.text));
            if simple.substituted { substitutions } else { plain }
        };
        for simple in self.state.commands.get_mut(first..).unwrap_or_default() {
            if !is_named(simple) {
                *simple = Simple::default();
            }
        }
    }

    /// Reads another text in the place of a command.
    pub(super) fn nested(&mut self, text: &str, change: impl FnOnce(&mut Context)) {
        let mut context = self.context.clone();
        context.depth = context.depth.saturating_add(1);
        change(&mut context);
        let mut inner = Parser { text, at: 0, state: self.state, context, pending: Vec::new() };
        inner.script();
    }

    /// Redirections of a whole group.
    fn trailing_redirects(&mut self, place: usize) {
        let mut simple = self.begun();
        loop {
            self.blanks();
            if !self.redirect(&mut simple, place) {
                break;
            }
        }
        if let Some(reserved) = self.state.commands.get_mut(place) {
            reserved.redirects = simple.redirects;
        }
    }
}
