//! Lists and pipelines, and which kind of command begins where.

use super::state::State;
use super::{DEPTH_MAX, Doubt, Simple};

/// Reads one text into the commands of a [`State`].
pub(super) struct Parser<'t, 's> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) state: &'s mut State,
    pub(super) context: Context,
    /// Here-documents whose lines are still to come.
    pub(super) pending: Vec<super::heredoc::Pending>,
}

/// Where the commands stand that are being read.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    pub(super) depth: u16,
    pub(super) substituted: bool,
    pub(super) via: Option<String>,
    /// It may not run, or in a shell of its own: what it sets is not sure to be set.
    pub(super) unsure: bool,
}

/// What ends a list, besides the end of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    End,
    /// `)`
    Paren,
    /// `;;`, `;&`, `;;&`, `esac`
    Case,
    Words(&'static [&'static str]),
}

impl<'t, 's> Parser<'t, 's> {
    pub(super) fn new(text: &'t str, state: &'s mut State) -> Parser<'t, 's> {
        Parser { text, at: 0, state, context: Context::default(), pending: Vec::new() }
    }

    /// Reads the whole text.
    pub(super) fn script(&mut self) {
        if !self.state.pay(self.text.len()) {
            return;
        }
        if self.context.depth > DEPTH_MAX {
            self.state.doubt(Doubt::TooLarge);
            return;
        }
        self.list(Stop::End);
        self.heredocs();
    }

    /// Reads commands until `stop`, which is left for the caller. Goes on behind what it does not understand, so that
    /// nothing hides behind a mistake.
    pub(super) fn list(&mut self, stop: Stop) {
        let unsure = self.context.unsure;
        let mut begun = self.state.variables.now();
        loop {
            self.lines();
            if self.peek().is_none() {
                if stop != Stop::End {
                    self.state.doubt(Doubt::Unfinished);
                }
                break;
            }
            if self.stands_at(stop) {
                break;
            }
            let before = self.at;
            if self.operator(unsure, &mut begun) {
                continue;
            }
            self.pipeline();
            if self.at == before {
                self.state.doubt(Doubt::Unexpected);
                self.bump();
            }
        }
        self.context.unsure = unsure;
    }

    fn stands_at(&self, stop: Stop) -> bool {
        match stop {
            Stop::End => false,
            Stop::Paren => self.peek() == Some(b')'),
            Stop::Case => self.starts(";;") || self.starts(";&") || self.plain_word() == "esac",
            Stop::Words(words) => words.contains(&self.plain_word()),
        }
    }

    /// `;`, `&`, `&&` or `||`. `begun`: when what `&` would send to the background began.
    fn operator(&mut self, unsure: bool, begun: &mut usize) -> bool {
        if self.eat("&&") || self.eat("||") {
            self.context.unsure = true;
            return true;
        }
        if self.starts("&>") {
            return false;
        }
        let sends = self.starts("&");
        if self.eat(";") || self.eat("&") {
            if sends {
                self.state.variables.lend_since(*begun);
            }
            *begun = self.state.variables.now();
            self.context.unsure = unsure;
            return true;
        }
        if self
            .text
            .as_bytes()
            .get(self.at.saturating_sub(1))
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            *begun = self.state.variables.now();
            self.context.unsure = unsure;
        }
        false
    }

    fn pipeline(&mut self) {
        let unsure = self.context.unsure;
        let begun = self.state.variables.now();
        let mut source = None;
        let mut reads = false;
        loop {
            let first = self.state.commands.len();
            self.command();
            let last = self.state.commands.len();
            self.blanks();
            let feeds = self.peek() == Some(b'|') && self.byte(1) != Some(b'|');
            // What stands inside of a command reads and writes the same pipes.
            for simple in self.state.commands.get_mut(first..last).unwrap_or_default() {
                simple.reads_pipe |= reads;
                simple.feeds_pipe |= feeds;
            }
            if let Some(simple) = self.state.commands.get_mut(first).filter(|_| first < last) {
                simple.source = source;
            }
            let plain = self.state.commands.get(first).is_some_and(|simple| !simple.words.is_empty());
            source = (plain && first < last).then_some(first);
            if !feeds {
                break;
            }
            reads = true;
            self.context.unsure = true;
            self.skip(1);
            self.eat("&");
            self.lines();
        }
        if reads {
            self.state.variables.lend_since(begun);
        }
        self.context.unsure = unsure;
    }

    /// One command of any kind. Reserved words count only here, and only when nothing in them is quoted.
    pub(super) fn command(&mut self) {
        let unsure = self.context.unsure;
        self.any_command();
        self.context.unsure = unsure;
    }

    fn any_command(&mut self) {
        loop {
            self.blanks();
            if self.eat_word("!") {
                continue;
            }
            if self.eat_word("coproc") {
                // A process of its own.
                self.context.unsure = true;
                self.coprocess_name();
                continue;
            }
            if self.is_timed() {
                continue;
            }
            break;
        }
        if self.context.depth >= DEPTH_MAX {
            self.state.doubt(Doubt::TooLarge);
            self.at = self.text.len();
            return;
        }
        if self.peek() == Some(b'(') {
            return self.parenthesis();
        }
        match self.plain_word() {
            "{" | "if" | "while" | "until" | "for" | "select" | "case" | "function" | "[[" => {
                self.compound();
            }
            "then" | "do" | "done" | "fi" | "elif" | "else" | "esac" | "}" => {
                self.state.doubt(Doubt::Unexpected);
                let length = self.plain_word().len();
                self.skip(length);
            }
            _ => self.simple(),
        }
    }

    /// `time`, which is a reserved word unless an option follows that only the program of that name has.
    fn is_timed(&mut self) -> bool {
        let start = self.at;
        if !self.eat_word("time") {
            return false;
        }
        self.blanks();
        while self.eat_word("-p") || self.eat_word("--") {
            self.blanks();
        }
        if self.peek() == Some(b'-') {
            self.at = start;
            return false;
        }
        true
    }

    /// `coproc NAME { … }`: only before a compound command is it a name.
    fn coprocess_name(&mut self) {
        self.blanks();
        let start = self.at;
        let name = self.until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).to_owned();
        self.blanks();
        if !matches!(self.plain_word(), "{" | "if" | "while" | "until" | "for" | "case" | "[[")
            && self.peek() != Some(b'(')
        {
            self.at = start;
        } else if !name.is_empty() {
            // The shell writes descriptors there.
            self.state.variables.touch(&name);
        }
    }

    /// Runs `read` one level deeper, in another context.
    pub(super) fn deeper(&mut self, change: impl FnOnce(&mut Context), read: impl FnOnce(&mut Self)) {
        let before = self.context.clone();
        self.context.depth = self.context.depth.saturating_add(1);
        change(&mut self.context);
        read(self);
        self.context = before;
    }

    /// A command that is about to be read here.
    pub(super) fn begun(&self) -> Simple {
        Simple {
            substituted: self.context.substituted,
            via: self.context.via.clone(),
            depth: self.context.depth,
            ..Simple::default()
        }
    }
}
