//! What builtins do to the shell's variables and to how it reads, looked at when all commands are found, whoever runs them.

use super::calculate::DECLARES;
use super::state::State;
use super::{Doubt, Simple, Word};

impl State {
    pub(super) fn settle_builtins(&mut self) {
        let commands = std::mem::take(&mut self.commands);
        for simple in &commands {
            for name in simple.names() {
                self.builtin(&name, simple);
            }
        }
        self.commands = commands;
    }

    fn builtin(&mut self, name: &str, simple: &Simple) {
        let words = simple.arguments();
        match name {
            "unset" | "wait" => self.subscripts(words),
            "read" | "mapfile" | "readarray" | "getopts" => {
                self.subscripts(words);
                words.iter().flat_map(Word::texts).for_each(|text| self.variables.heed(text));
            }
            "printf" => {
                if let Some(at) = words.iter().position(|word| word.text.starts_with("-v")) {
                    let named = words.get(at..).unwrap_or_default();
                    let named = named.get(..2).unwrap_or(named);
                    self.subscripts(named);
                    named.iter().flat_map(Word::texts).for_each(|text| self.variables.heed(text));
                }
            }
            "[[" | "[" | "test" => {
                for pair in words.windows(2) {
                    if let [option, name] = pair
                        && matches!(option.text.as_str(), "-v" | "-R")
                    {
                        self.subscripts(std::slice::from_ref(name));
                    }
                }
            }
            "set" => {
                let is_letter = |word: &Word| word.text.starts_with('-') && word.text.contains('H');
                if words.iter().any(|word| is_history(word) || is_letter(word)) {
                    // `!` stands for what ran before.
                    self.doubt(Doubt::Code);
                }
            }
            "shopt" | "bash" | "sh" | "zsh" => self.comments_or_history(simple),
            _ if DECLARES.contains(&name) => {
                self.subscripts(words);
                self.divided(simple);
            }
            _ => {}
        }
    }

    /// `NAME[…]` is calculated again, though it was quoted, and may set the variable.
    fn subscripts(&mut self, words: &[Word]) {
        for word in words {
            let mut found = false;
            for text in word.texts() {
                let Some((name, inside)) = subscript(text) else { continue };
                found = true;
                self.variables.touch(name);
                if !matches!(inside, "@" | "*") {
                    self.calculated(inside);
                }
            }
            if found && word.unknown.is_some() && word.uses.is_empty() {
                self.doubt(Doubt::Code);
            } else if found {
                self.must_be(Some(&word.uses));
            }
        }
    }

    /// Words that fall apart where `export` is no keyword: `command export x=$y`, or `export "x"=$y`.
    fn divided(&mut self, simple: &Simple) {
        let keyword = simple.via.is_none();
        for word in simple.arguments().iter().filter(|word| word.loose) {
            let open = word.unknown.is_some() && !keyword;
            if open {
                self.variables.touch_all();
            }
            for field in word.texts().flat_map(|text| text.split_whitespace().skip(1)) {
                let name = field.split(['=', '+', '[']).next().unwrap_or_default();
                self.variables.touch(name);
            }
        }
    }

    /// A shell that is told to read comments as commands, or `!` as what ran before.
    fn comments_or_history(&mut self, simple: &Simple) {
        let words = simple.arguments();
        let letters = |word: &Word| {
            word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains(['i', 'H'])
        };
        let bodies = simple.redirects.iter().filter_map(|redirect| redirect.body.as_ref());
        let recalls = words.iter().chain(bodies).flat_map(Word::texts).any(recalls);
        if words.iter().any(|word| word.text == "interactive_comments" || is_history(word))
            || (words.iter().any(letters) && recalls)
        {
            self.doubt(Doubt::Code);
        }
    }
}

/// `NAME[…]` at the start, also behind the letter of an option.
fn subscript(text: &str) -> Option<(&str, &str)> {
    let (name, inside) = text.split_once('[')?;
    let inside = inside.get(..inside.rfind(']')?)?;
    let name = name.strip_prefix('-').and_then(|letters| letters.get(1..)).unwrap_or(name);
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    named.then_some((name, inside))
}

/// The options by which a shell recalls what ran before.
fn is_history(word: &Word) -> bool {
    matches!(word.text.as_str(), "history" | "histexpand")
}

/// True if an interactive shell replaces something in it: a `!` with a word behind it, or a line `^this^that`.
fn recalls(text: &str) -> bool {
    let starts = |rest: &str| !rest.starts_with([' ', '\t', '\n', '=', '(', '"']) && !rest.is_empty();
    text.split('!').skip(1).any(starts)
        || text.contains("!!")
        || text.lines().any(|line| line.starts_with('^'))
}
