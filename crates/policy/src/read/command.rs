//! The value of the matcher `command`: words, or maps of what a command must be like.

use std::borrow::Cow;
use std::cell::RefCell;

use super::Reader;
use super::args::Build;
use crate::args::{
    CommandEntry, CommandFlag, CommandFlags, CommandList, CommandPaths, HostList, Matcher, Sense,
    plain_program,
};
use crate::glob::{Name, Symbol};
use crate::path::{self, Overlap};
use crate::tree::{Form, Node};
use crate::words;

impl Reader<'_> {
    pub(super) fn commands(&mut self, node: &Node, sense: Sense) -> Option<Matcher> {
        let (mut entries, mut written) = (Vec::new(), Vec::new());
        for item in self.items(node, "a command") {
            let read = match &item.form {
                Form::Map(_) => self.command_parts(item, sense),
                Form::Scalar { .. } | Form::List(_) => self.command_words(item, sense),
            };
            if let Some((entry, shown)) = read {
                entries.push(entry);
                written.push(shown);
            }
        }
        Some(Matcher::Command(CommandList { entries, written }))
    }

    /// `git diff *`: words with wildcards; what the last `*` stands for is any words.
    fn command_words(&mut self, node: &Node, sense: Sense) -> Option<(CommandEntry, String)> {
        let symbols = self.pattern(node, "a command")?;
        let shown: String = symbols.iter().map(|symbol| symbol.character).collect();
        self.command_is_doubtful(node, &shown);
        // What a variable stands for is one word, whatever blanks are in it.
        let mut parts = symbols.split(|symbol| symbol.is(' ')).filter(|part| !part.is_empty());
        let Some(program) = parts.next() else {
            self.wrong(node, "an empty command", "write a program and its words: `git status`");
            return None;
        };
        let mut entry = CommandEntry { short: true, ..CommandEntry::default() };
        entry.programs.extend(self.program(node, program, sense));
        let mut words: Vec<&[Symbol]> = parts.collect();
        if matches!(words.last(), Some([star]) if star.is('*')) {
            words.pop();
            entry.open = true;
        }
        for word in words {
            let text: String = word.iter().map(|symbol| symbol.character).collect();
            if matches!(text.as_str(), "|" | "&&" | "||" | ";" | "&" | ">" | ">>" | "<") {
                let help = "name each program by itself; `pipes` and `redirects` speak of the rest";
                self.wrong(node, format!("`{text}` between commands in `{shown}`"), help);
                return None;
            }
            entry.words.extend(self.command_name(node, word, sense == Sense::Any));
            entry.written.push(text);
        }
        Some((entry, shown))
    }

    fn program(&mut self, node: &Node, program: &[Symbol], sense: Sense) -> Option<Name> {
        if sense != Sense::Any {
            return self.command_name(node, program, false);
        }
        // A deny knows a program by its name, wherever it lies.
        let written: String = program.iter().map(|symbol| symbol.character).collect();
        self.named_word(node, &brackets(&plain_program(&written)), true)
    }

    /// Variables are literal in patterns; here they may not hold wildcards at all.
    fn command_name(&mut self, node: &Node, symbols: &[Symbol], fold: bool) -> Option<Name> {
        let wild =
            |symbol: &Symbol| symbol.literal && matches!(symbol.character, '*' | '?' | '[' | '{' | '\\');
        if symbols.iter().any(wild) {
            self.wrong(node, "a variable with a wildcard in it", "write the wildcard into the rule itself");
            return None;
        }
        let text: String = symbols.iter().map(|symbol| symbol.character).collect();
        self.named_word(node, &brackets(&text), fold)
    }

    fn named_word(&mut self, node: &Node, text: &str, fold: bool) -> Option<Name> {
        match Name::new(text, fold) {
            Ok(name) => Some(name),
            Err(cause) => {
                self.wrong(
                    node,
                    format!("{cause} in `{text}`"),
                    "`*` is any text, `?` one character, `{a,b}` one of the words",
                );
                None
            }
        }
    }

    fn command_parts(&mut self, node: &Node, sense: Sense) -> Option<(CommandEntry, String)> {
        let members = self.members(node, &words::COMMAND, "`command`")?;
        if matches!(&node.form, Form::Map(pairs) if pairs.is_empty()) {
            self.wrong(node, "`command` says nothing", "add `program`, or another part");
        }
        let any = sense == Sense::Any;
        let mut entry = CommandEntry::default();
        let mut shown = Vec::new();
        for (key, node) in &members {
            match *key {
                "program" => {
                    for item in self.items(node, "a program") {
                        let Some(symbols) = self.pattern(item, "a program") else { continue };
                        entry.programs.extend(self.program(item, &symbols, sense));
                    }
                }
                "subcommand" => entry.subcommands = self.word_names(node, "a subcommand", any),
                "operands" => entry.operands = self.word_names(node, "a word", any),
                "assignments" => entry.assignments = Some(self.word_names(node, "a variable", false)),
                "flags" => entry.flags = self.flags(node),
                "paths" => entry.paths = self.command_paths(node, sense),
                "redirects" => entry.redirects = self.command_paths(node, sense),
                "hosts" => {
                    let Some(Matcher::Host(HostList { patterns, written })) = self.hosts(node) else {
                        continue;
                    };
                    entry.hosts = Some(HostList { patterns, written });
                }
                "pipes" => entry.pipes = self.choice(node, "value of `pipes`", &TRUTH),
                "substitutions" => {
                    entry.substitutions = self.choice(node, "value of `substitutions`", &TRUTH)
                }
                "code" => entry.code = self.choice(node, "value of `code`", &TRUTH),
                _ => entry.certain = self.unknown(node, sense),
            }
            shown.push(format!("{key}: {}", self.shown(node)));
        }
        Some((entry, shown.join(", ")))
    }

    fn unknown(&mut self, node: &Node, sense: Sense) -> bool {
        let skips = self.choice(node, "value of `unknown`", &UNKNOWN);
        if sense != Sense::Any {
            self.wrong(
                node,
                "`unknown` where a rule allows",
                "what is not known is never allowed; leave the key out",
            );
        }
        skips.unwrap_or_default()
    }

    fn word_names(&mut self, node: &Node, what: &str, fold: bool) -> Vec<Name> {
        let items = self.items(node, what);
        items
            .into_iter()
            .filter_map(|item| {
                let symbols = self.pattern(item, what)?;
                if what == "a subcommand" {
                    self.one_word(
                        item,
                        what,
                        &symbols.iter().map(|symbol| symbol.character).collect::<String>(),
                    );
                }
                self.command_name(item, &symbols, fold)
            })
            .collect()
    }

    fn flags(&mut self, node: &Node) -> CommandFlags {
        let mut out = CommandFlags::default();
        if !matches!(node.form, Form::Map(_)) {
            out.any = self.flag_list(node);
            return out;
        }
        let Some(members) = self.members(node, &words::FLAGS, "`flags`") else { return out };
        for (key, node) in members {
            let list = self.flag_list(node);
            match key {
                "any" => out.any = list,
                "none" => out.none = list,
                _ => out.only = Some(list),
            }
        }
        out
    }

    fn flag_list(&mut self, node: &Node) -> Vec<CommandFlag> {
        let mut out = Vec::new();
        for item in self.items(node, "a flag") {
            let Some(symbols) = self.pattern(item, "a flag") else { continue };
            let written: String = symbols.iter().map(|symbol| symbol.character).collect();
            self.one_word(item, "a flag", &written);
            if !written.starts_with(['-', '/', '+', '*']) {
                self.wrong(item, format!("`{written}` is not a flag"), "begin with `-` or `--`");
                continue;
            }
            if let Some(name) = self.command_name(item, &symbols, false) {
                out.push(CommandFlag { name, written });
            }
        }
        out
    }

    fn command_paths(&mut self, node: &Node, sense: Sense) -> Option<CommandPaths> {
        let any = sense == Sense::Any;
        let base = self.base;
        let globs = RefCell::new(Vec::new());
        let compile = |glob: &[Symbol]| {
            globs.borrow_mut().push(glob.to_vec());
            path::expression(glob, base, any)
        };
        let patterns =
            self.patterns(node, "a path", Build { fold: any, doubt: any, paths: true }, &compile)?;
        let globs = globs.into_inner();
        // Only what denies looks at what wildcards may become.
        let globs = globs.iter().filter(|_| any).map(Vec::as_slice);
        Some(CommandPaths { patterns, overlap: Overlap::new(globs, base) })
    }

    fn shown(&self, node: &Node) -> String {
        match &node.form {
            Form::Scalar { text, .. } => text.clone(),
            Form::List(items) => items.iter().map(|item| self.shown(item)).collect::<Vec<_>>().join(" "),
            Form::Map(pairs) => {
                let pair = |(key, value): &(Node, Node)| format!("{} {}", self.shown(key), self.shown(value));
                pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// `[` and `[[` as words are programs, not beginnings of a class.
fn brackets(word: &str) -> Cow<'_, str> {
    match word {
        "[" | "[[" => Cow::Owned(word.replace('[', r"\[")),
        _ => Cow::Borrowed(word),
    }
}

pub(crate) const TRUTH: [(&str, bool); 2] = [("true", true), ("false", false)];
/// Whether what is not known is skipped.
pub(crate) const UNKNOWN: [(&str, bool); 2] = [("skip", true), ("match", false)];
