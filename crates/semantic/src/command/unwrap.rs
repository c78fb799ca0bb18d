//! Commands that run commands: the inner ones are found by a reviewed table of programs.

mod code;
mod environment;
mod git;
mod names;
pub(super) mod options;
mod programs;
mod runners;
mod shells;
mod streams;
mod tar;
mod tools;
pub(super) mod values;

pub(super) use options::{Known, Others};

use super::grammar::{Context, Parser};
use super::printed::written;
use super::state::{State, WORD_WORK};
use super::{Assignment, DEPTH_MAX, Doubt, Redirection, Simple, Unknown, Word};

/// What a program was found to run.
#[derive(Debug)]
pub(super) enum Inner {
    /// A program with its words.
    Words(Vec<Word>),
    /// As `Words`, with variables set for it.
    With(Vec<Assignment>, Vec<Word>),
    /// A text that a shell reads.
    Script(Word),
    /// Something that is not read here.
    Doubt(Doubt),
}

/// Finds what all commands run, and what these run.
pub(super) fn all(state: &mut State) {
    state.attach_bodies();
    let mut next = 0usize;
    while let Some(simple) = state.commands.get(next).cloned() {
        one(next, &simple, state);
        state.attach_bodies();
        next = next.saturating_add(1);
    }
    state.settle_numbers();
    if state.variables.has_special() {
        state.doubt(Doubt::Code);
    }
    let State { commands, variables, read_on, .. } = state;
    for (at, uses) in read_on {
        if let Some(simple) =
            commands.get_mut(*at).filter(|_| uses.iter().any(|name| variables.is_changed(name)))
        {
            simple.doubt.get_or_insert(Doubt::Code);
        }
    }
    for simple in commands {
        let Simple { words, assignments, redirects, .. } = simple;
        let bodies = redirects
            .iter_mut()
            .flat_map(|redirect| std::iter::once(&mut redirect.target).chain(&mut redirect.body));
        let values = assignments.iter_mut().map(|assignment| &mut assignment.value);
        for word in words.iter_mut().chain(bodies).chain(values) {
            if word.uses.iter().any(|name| variables.is_changed(name)) {
                word.unknown.get_or_insert(Unknown::Variable);
                word.guessed = true;
            }
        }
        if simple.doubt.is_none() && simple.words.first().is_some_and(|program| program.unknown.is_some()) {
            simple.doubt = Some(Doubt::Program);
        }
    }
}

fn one(at: usize, simple: &Simple, state: &mut State) {
    let mut inner: Vec<Inner> =
        simple.assignments.iter().filter_map(|one| values::assigned(&one.name, &one.value)).collect();
    if let Some(program) = simple.program() {
        if program.unknown.is_some() || program.glob || is_odd(program) {
            inner.push(Inner::Doubt(Doubt::Program));
        }
        let input = Input::of(simple, state);
        let mut names: Vec<String> = simple.names().collect();
        names.dedup();
        for name in names {
            variables(&name, at, simple, state, &mut inner);
            programs::inner(&name, simple, &input, &mut inner);
        }
    }
    for found in inner {
        emit(found, at, simple, state);
    }
}

/// True for what is no program unless the shell reads it in another way than it stands here: a word that is cut in two by
/// the end of a line is an assignment, the number of a redirection or a reserved word as a whole.
fn is_odd(program: &Word) -> bool {
    const RESERVED: [&str; 16] = [
        "!", "{", "}", "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case",
        "esac", "function",
    ];
    program.texts().any(|text| {
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let descriptor = text.len() > 2 && text.starts_with('{') && text.ends_with('}');
        number || descriptor || RESERVED.contains(&text)
    }) || assignment(program).is_some()
}

/// Where a program that reads commands from its input gets them.
#[derive(Debug)]
pub(super) enum Input {
    /// Nothing is said: from whoever started it.
    Own,
    /// A text of the script.
    Text(Word),
    /// A file by its name.
    File,
    /// The output of something.
    Unknown,
}

impl Input {
    fn of(simple: &Simple, state: &State) -> Input {
        let mut found = Input::Own;
        if simple.reads_pipe {
            let source = simple.source.and_then(|source| state.commands.get(source));
            found = source.and_then(text_of).map_or(Input::Unknown, Input::Text);
        }
        for redirect in simple.redirects.iter().filter(|redirect| !redirect.elsewhere) {
            match (redirect.kind, &redirect.body) {
                (Redirection::Here, Some(body)) => found = Input::Text(body.clone()),
                (Redirection::Here, None) => {}
                (Redirection::Read | Redirection::ReadWrite | Redirection::Duplicate, _) => {
                    let known = redirect.target.unknown.is_none() && redirect.kind != Redirection::Duplicate;
                    found = if known { Input::File } else { Input::Unknown };
                }
                (Redirection::Write, _) => {}
            }
        }
        found
    }
}

/// What a command writes, if the text says it: `echo x`, `cat <<X`.
fn text_of(source: &Simple) -> Option<Word> {
    let mut texts = written(source).into_iter();
    if let Some(text) = texts.next() {
        return Some(Word { others: texts.collect(), ..Word::known(text) });
    }
    let is_cat = source.names().any(|name| name == "cat") && source.arguments().is_empty();
    let body = source.redirects.iter().rev().find_map(|redirect| redirect.body.clone());
    body.filter(|_| is_cat)
}

/// Programs that set variables.
fn variables(name: &str, at: usize, simple: &Simple, state: &mut State, out: &mut Vec<Inner>) {
    match name {
        "export" | "declare" | "typeset" | "local" | "readonly" | "set" | "setenv" => {
            declared(name, at, simple, state, out);
        }
        "eval" | "." | "source" => state.variables.touch_all(),
        "let" => {
            for word in simple.arguments() {
                state.calculated_word(word);
            }
        }
        "read" | "mapfile" | "readarray" | "unset" | "getopts" => named(simple.arguments(), state),
        "printf" => {
            if let Some(at) = simple.arguments().iter().position(|word| word.text.starts_with("-v")) {
                named(simple.arguments().get(at..).unwrap_or_default(), state);
            }
        }
        "cd" | "pushd" | "popd" => {
            ["PWD", "OLDPWD"].into_iter().for_each(|name| state.variables.lend(name));
            if simple.arguments().iter().all(|word| word.text.starts_with('-')) {
                state.read_on.push((at, vec!["HOME".to_owned()]));
            }
        }
        _ => {}
    }
}

/// The words behind `export`, `declare` and their kin.
fn declared(program: &str, at: usize, simple: &Simple, state: &mut State, out: &mut Vec<Inner>) {
    let refers = |word: &Word| word.text.starts_with('-') && word.text.contains('n');
    if simple.arguments().iter().any(refers) {
        state.variables.touch_all();
    }
    for word in simple.arguments() {
        if word.names_open && program != "set" {
            state.variables.touch_all();
        }
        let assigned = assignment(word);
        let name = assigned.as_ref().map_or(word.text.as_str(), |(name, _)| name.as_str());
        if assigned.is_none() && matches!(program, "declare" | "typeset" | "local") {
            state.variables.lend(name);
        }
        if let Some((name, value)) = assigned {
            state.variables.give(&name, &value);
            out.extend(values::assigned(&name, &value));
            if let Some(simple) = state.commands.get_mut(at) {
                simple.assignments.push(Assignment { name, value });
            }
        }
    }
}

/// Words among which are the names of variables that a command sets.
fn named(words: &[Word], state: &mut State) {
    for word in words {
        if word.unknown.is_some() || !word.uses.is_empty() || word.text.contains('[') {
            state.variables.touch_all();
        }
        for text in word.texts() {
            // `-vNAME`, `-aNAME`
            state.variables.touch(text.split('[').next().unwrap_or_default());
            state.variables.touch(text.get(2..).filter(|_| text.starts_with('-')).unwrap_or_default());
        }
    }
    ["REPLY", "MAPFILE", "OPTARG"].into_iter().for_each(|name| state.variables.touch(name));
}

/// `NAME=value` as one word.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let named = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    named.then(|| (name.to_owned(), tail(word, value.len())))
}

/// The last so many bytes of a word, and what is known of it.
fn tail(word: &Word, bytes: usize) -> Word {
    let from = word.text.len().saturating_sub(bytes);
    let text = word.text.get(from..).unwrap_or_default().to_owned();
    let others = word.others.iter().filter_map(|other| other.get(from..).map(str::to_owned)).collect();
    Word { text, others, ..word.clone() }
}

fn emit(found: Inner, at: usize, outer: &Simple, state: &mut State) {
    let depth = outer.depth.saturating_add(1);
    let via = outer.names().next().or_else(|| outer.via.clone());
    let doubt = |state: &mut State, doubt: Doubt| {
        if let Some(simple) = state.commands.get_mut(at) {
            simple.doubt.get_or_insert(doubt);
        }
    };
    if depth > DEPTH_MAX {
        return state.doubt(Doubt::TooLarge);
    }
    match found {
        Inner::Doubt(found) => doubt(state, found),
        Inner::Words(words) => {
            note_head(at, outer, words.len(), state);
            runs(Vec::new(), words, via, outer, state);
        }
        Inner::With(assignments, words) => {
            assignments.iter().for_each(|one| state.variables.lend(&one.name));
            note_head(at, outer, words.len(), state);
            runs(assignments, words, via, outer, state);
        }
        Inner::Script(word) => {
            if word.unknown.is_some() {
                doubt(state, Doubt::Code);
            }
            note_uses(at, outer.arguments().iter().chain([&word]), state);
            let first = state.commands.len();
            let same = outer.names().any(|name| matches!(name.as_str(), "eval" | "trap"));
            for text in word.texts() {
                if !same {
                    state.variables.forget();
                }
                let context =
                    Context { depth, substituted: outer.substituted, via: via.clone(), unsure: true };
                let mut parser = Parser { text, at: 0, state, context, pending: Vec::new() };
                parser.script();
            }
            if !same {
                state.variables.forget();
            }
            for simple in state.commands.get_mut(first..).unwrap_or_default() {
                simple.reads_pipe |= outer.reads_pipe;
                simple.feeds_pipe |= outer.feeds_pipe;
            }
        }
    }
}

/// What a program runs was found by these words. `inner`: how many words that is itself.
fn note_head(at: usize, outer: &Simple, inner: usize, state: &mut State) {
    let arguments = outer.arguments();
    let head = arguments.get(..arguments.len().saturating_sub(inner)).unwrap_or_default();
    note_uses(at, head.iter(), state);
}

fn note_uses<'w>(at: usize, words: impl Iterator<Item = &'w Word>, state: &mut State) {
    let uses: Vec<String> = words.flat_map(|word| word.uses.iter().cloned()).collect();
    if !uses.is_empty() {
        state.read_on.push((at, uses));
    }
}

fn runs(
    assignments: Vec<Assignment>,
    words: Vec<Word>,
    via: Option<String>,
    outer: &Simple,
    state: &mut State,
) {
    if words.is_empty() && assignments.is_empty() {
        return;
    }
    let bytes: usize = words.iter().map(|word| word.text.len()).sum();
    if !state.pay(bytes.saturating_add(words.len().saturating_mul(WORD_WORK))) {
        return;
    }
    // It reads what its runner is given to read.
    let is_input = |kind| matches!(kind, Redirection::Read | Redirection::ReadWrite | Redirection::Here);
    let redirects = outer.redirects.iter().filter(|redirect| is_input(redirect.kind)).cloned().collect();
    state.reserve(Simple {
        words,
        assignments,
        redirects,
        via,
        doubt: None,
        depth: outer.depth.saturating_add(1),
        ..outer.clone()
    });
}
