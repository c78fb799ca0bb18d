//! Programs that are given code in their words: interpreters of other languages, `awk`, `sed`, editors.

mod awk;
mod databases;
mod debuggers;
mod sed;

use super::options::{Known, read};
use super::streams::is_stream;
use super::{Inner, Input};
use crate::command::{Doubt, Simple, Unknown, Word};

/// An interpreter: its names, the letters and names of options that code follows, and the ones that take another value.
struct Interpreter {
    /// Beginnings of names: `python3.12`.
    names: &'static [&'static str],
    letters: &'static str,
    long: &'static [&'static str],
    subcommands: &'static [&'static str],
    /// Without an operand it reads code from its input.
    reads: bool,
}

const fn interpreter(
    names: &'static [&'static str],
    letters: &'static str,
    long: &'static [&'static str],
) -> Interpreter {
    Interpreter { names, letters, long, subcommands: &[], reads: true }
}

const INTERPRETERS: &[Interpreter] = &[
    interpreter(&["python", "pypy", "ipython", "jython", "micropython"], "c", &[]),
    interpreter(&["node", "nodejs"], "ep", &["--eval", "--print", "--require", "--import", "-r"]),
    Interpreter {
        subcommands: &["eval", "-e", "--eval"],
        ..interpreter(&["deno", "bun", "tsx", "ts-node", "esno"], "ep", &["--eval", "--print", "--preload"])
    },
    interpreter(&["perl", "raku"], "eEM", &[]),
    interpreter(&["ruby", "jruby", "irb"], "er", &[]),
    interpreter(&["php"], "rBRE", &["--run", "--process-begin", "--process-code", "--process-end"]),
    interpreter(&["lua", "luajit"], "el", &[]),
    interpreter(
        &[
            "rscript", "r", "julia", "octave", "scala", "groovy", "elixir", "erl", "ghc", "runghc", "guile",
            "racket", "sbcl", "clojure", "clj", "bb", "jshell", "swift", "crystal", "nim", "swipl", "ocaml",
        ],
        "eEf",
        &["--eval", "-eval", "--print", "--expr"],
    ),
    interpreter(&["tclsh", "wish", "expect"], "c", &[]),
    interpreter(&["osascript", "cscript", "wscript", "mshta", "rundll32", "regsvr32"], "e", &[]),
    Interpreter {
        reads: false,
        ..interpreter(
            &["emacs", "emacsclient"],
            "lf",
            &["--eval", "-eval", "--execute", "--load", "-l", "--funcall", "-f"],
        )
    },
    Interpreter {
        reads: false,
        ..interpreter(&["vim", "vi", "nvim", "view", "vimdiff", "ex", "rvim", "gvim"], "cS", &["--cmd"])
    },
    Interpreter { reads: false, ..interpreter(&["make", "gmake", "just", "ninja"], "", &["--eval"]) },
];

/// Code of `name`. True: nothing else needs to be looked for.
pub(super) fn inner(name: &str, simple: &Simple, input: &Input, out: &mut Vec<Inner>) -> bool {
    match name {
        "awk" | "gawk" | "mawk" | "nawk" | "original-awk" => {
            awk::inner(&simple.words, out);
            return true;
        }
        "sed" | "gsed" | "ssed" => {
            sed::inner(&simple.words, out);
            return true;
        }
        "gdb" | "lldb" => {
            debuggers::inner(simple, input, out);
            return true;
        }
        name if databases::DATABASES.contains(&name) => {
            out.extend(databases::has_code(name, simple, input).then_some(Inner::Doubt(Doubt::Code)));
            return true;
        }
        "ed" | "red" | "m4" | "dc" => {
            out.push(Inner::Doubt(Doubt::Code));
            return true;
        }
        _ => {}
    }
    let stem = name.trim_end_matches(|end: char| end.is_ascii_digit() || matches!(end, '.' | '-'));
    let Some(found) = INTERPRETERS.iter().find(|one| one.names.contains(&stem)) else { return false };
    if has_code(found, simple, input) {
        out.push(Inner::Doubt(Doubt::Code));
    }
    true
}

fn has_code(one: &Interpreter, simple: &Simple, input: &Input) -> bool {
    let mut operands = 0usize;
    for (at, word) in simple.arguments().iter().enumerate() {
        let text = word.text.as_str();
        if operands == 0 && word.unknown.is_some() && !text.contains('/') {
            return true;
        }
        if one.subcommands.contains(&text)
            || one.long.iter().any(|long| text == *long || is_value_of(text, long))
        {
            return true;
        }
        // `-Ic`, `-lane`, `-ecode`: any of the letters, wherever in the word.
        let short = text.starts_with('-') && !text.starts_with("--");
        if operands == 0
            && short
            && text.bytes().skip(1).any(|letter| one.letters.as_bytes().contains(&letter))
        {
            return true;
        }
        let behind = simple.arguments().get(at.saturating_add(1));
        let odd = match one.names.first().copied() {
            Some("python") => operands == 0 && is_module(text, behind),
            // `+command`
            Some("vim") => text.starts_with('+') && text.bytes().skip(1).any(|byte| !byte.is_ascii_digit()),
            Some("make") => makes(word, behind),
            _ => false,
        };
        if odd {
            return true;
        }
        operands = operands.saturating_add(usize::from(text == "-" || !text.starts_with('-')));
    }
    if one.names.contains(&"vim") {
        return reads_keys(simple, input);
    }
    let named_input = simple.arguments().iter().any(is_unread_file);
    // Its own input may be that of a group, a function or a substitution around it.
    let python = one.names.contains(&"python");
    one.reads && ((operands == 0 && !is_asked(simple.arguments(), !python)) || named_input)
}

/// `--version` and `--help` run nothing; `-v` with some programs, too.
fn is_asked(words: &[Word], short: bool) -> bool {
    let asks = |word: &Word| matches!(word.text.as_str(), "--version" | "--help" | "-V" | "-h");
    words.iter().any(|word| asks(word) || (short && word.text == "-v"))
}

/// `-m timeit`, `-Im pdb`: modules that run the text that follows.
fn is_module(text: &str, behind: Option<&Word>) -> bool {
    const MODULES: &[&str] = &[
        "timeit", "pdb", "trace", "cProfile", "profile", "code", "IPython", "asyncio", "pty", "idlelib",
        "runpy", "bdb",
    ];
    let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.starts_with('-')) else {
        return false;
    };
    let Some((before, module)) = letters.split_once('m') else { return false };
    let module = if module.is_empty() { behind.map_or("", |word| word.text.as_str()) } else { module };
    !before.contains(['W', 'X']) && MODULES.contains(&module)
}

/// Makefiles from the input, and variables that hold code or are run.
fn makes(word: &Word, behind: Option<&Word>) -> bool {
    const RUN: &[&str] = &["SHELL", ".SHELLFLAGS", "MAKEFLAGS", "GNUMAKEFLAGS", "MAKEFILES"];
    let text = word.text.as_str();
    let file = match text.strip_prefix('-') {
        Some("f" | "-file" | "-makefile") => behind.cloned(),
        Some(option) => {
            let value = ["f", "-file=", "-makefile="].iter().find_map(|name| option.strip_prefix(name));
            value.map(Word::known)
        }
        None => None,
    };
    let set = text.split_once('=').map(|(name, _)| name.trim_end_matches([':', '?', '+', '!']));
    // What the shell does not expand `make` does.
    let expanded = set.is_some() && word.unknown.is_none() && text.contains('$');
    file.is_some_and(|file| is_unread_file(&file))
        || text.starts_with("-E")
        || expanded
        || set.is_some_and(|name| RUN.contains(&name))
}

/// An editor takes what is not typed for keys, and in its mode of lines for commands.
fn reads_keys(simple: &Simple, input: &Input) -> bool {
    let words = simple.arguments();
    let lines = simple.names().any(|name| name == "ex")
        || words.iter().any(|word| {
            let letters = word.text.strip_prefix('-').filter(|text| !text.starts_with('-'));
            letters.is_some_and(|letters| letters.contains(['e', 'E', 's']))
        });
    // Behind `-` it reads a text to edit.
    let edits = words.iter().any(|word| word.text == "-");
    !is_asked(words, false)
        && match input {
            Input::Own => lines,
            Input::Text(_) | Input::Unknown => lines || !edits,
            Input::File => false,
        }
}

fn is_value_of(text: &str, option: &str) -> bool {
    text.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
}

/// True for a file of code that does not stand in the text: an input, or one whose name is not known.
fn is_unread_file(word: &Word) -> bool {
    // `<(…)`
    let output = word.unknown == Some(Unknown::Output);
    output || word.texts().any(|text| text == "-" || is_stream(text))
}

/// All options and operands, in whatever order they stand.
fn permuted(words: &[Word], known: Known) -> (Vec<(&str, Option<Word>)>, Vec<&Word>) {
    let (mut given, mut operands) = (Vec::new(), Vec::new());
    let mut from = 1;
    while from < words.len() {
        let options = read(words, from, known);
        given.extend(options.given);
        operands.extend(words.get(options.operands));
        from = options.operands.saturating_add(1);
    }
    (given, operands)
}
