//! Programs that are given code in their words: interpreters of other languages, `awk`, `sed`, editors.

use super::{Inner, Input};
use crate::command::{Doubt, Simple, Word};

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
    Interpreter {
        reads: false,
        ..interpreter(
            &["gdb", "lldb"],
            "o",
            &[
                "-ex",
                "--ex",
                "-iex",
                "--eval-command",
                "-eval-command",
                "--command",
                "-x",
                "--one-line",
                "--batch-command",
            ],
        )
    },
    Interpreter { reads: false, ..interpreter(&["make", "gmake", "just", "ninja"], "", &["--eval"]) },
    Interpreter {
        reads: false,
        ..interpreter(
            &["psql", "mysql", "mariadb", "sqlite", "sqlite3", "sqlplus", "mongo", "mongosh", "redis-cli"],
            "",
            &["--eval"],
        )
    },
];

/// Code of `name`. True: nothing else needs to be looked for.
pub(super) fn inner(name: &str, simple: &Simple, input: &Input, out: &mut Vec<Inner>) -> bool {
    match name {
        "awk" | "gawk" | "mawk" | "nawk" | "original-awk" => {
            awk(&simple.words, out);
            return true;
        }
        "sed" | "gsed" | "ssed" => {
            sed(&simple.words, out);
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
        // Modules that run the text that follows.
        let module = simple.arguments().get(at.saturating_add(1)).map(|word| word.text.as_str());
        if one.names.contains(&"python")
            && (matches!(text, "-mtimeit" | "-mpdb" | "-mtrace" | "-mcProfile" | "-mprofile")
                || (text == "-m"
                    && matches!(
                        module,
                        Some("timeit" | "pdb" | "trace" | "cProfile" | "profile" | "code" | "IPython")
                    )))
        {
            return true;
        }
        // `+command` of editors, `SHELL=…` of make, `\!` of database clients.
        let odd = match one.names.first().copied() {
            Some("vim") => text.starts_with('+') && text.bytes().skip(1).any(|byte| !byte.is_ascii_digit()),
            Some("make") => {
                let file = || is_input(simple.arguments().get(at.saturating_add(1)));
                text.starts_with("SHELL=")
                    || matches!(text, "-f-" | "--file=-" | "--makefile=-")
                    || text.starts_with("-E")
                    || (matches!(text, "-f" | "--file" | "--makefile") && file())
            }
            Some("psql") => is_shell_escape(text),
            _ => false,
        };
        if odd {
            return true;
        }
        operands = operands.saturating_add(usize::from(text == "-" || !text.starts_with('-')));
    }
    let database = one.names.contains(&"psql");
    if database && !one.is_given_statements(simple.arguments(), operands) {
        return match input {
            Input::Text(text) => text.unknown.is_some() || text.texts().any(is_shell_escape),
            Input::Own | Input::Unknown => !is_asked(one, simple),
            Input::File => false,
        };
    }
    let named_input = simple.arguments().iter().any(|word| is_input(Some(word)));
    // Its own input may be that of a group, a function or a substitution around it.
    one.reads && ((operands == 0 && !is_asked(one, simple)) || named_input)
}

/// `--version` and `--help` run nothing.
fn is_asked(one: &Interpreter, simple: &Simple) -> bool {
    let asks = |word: &Word| matches!(word.text.as_str(), "--version" | "--help" | "-V" | "-h");
    let shows = |word: &Word| word.text == "-v" && !one.names.contains(&"python");
    simple.arguments().iter().any(|word| asks(word) || shows(word))
}

impl Interpreter {
    /// True if a client of a database need not read statements from its input.
    fn is_given_statements(&self, words: &[Word], operands: usize) -> bool {
        const GIVEN: &[&str] = &[
            "-c",
            "--command",
            "-e",
            "--execute",
            "-f",
            "--file",
            "-l",
            "--list",
            "--eval",
            "-x",
            "-Q",
            "-q",
            "-i",
        ];
        // Of `sqlite3` the second operand is a statement; a client of Redis takes all its operands for one.
        let enough = operands >= 2;
        enough
            || words.iter().any(|word| {
                GIVEN.iter().any(|option| word.text == *option || is_value_of(&word.text, option))
                    || (word.text.len() > 2
                        && ["-c", "-e", "-f"].iter().any(|option| word.text.starts_with(option)))
            })
    }
}

/// A text for a client of a database that makes it run a program, or read or write files.
fn is_shell_escape(text: &str) -> bool {
    [
        r"\!",
        r"\o |",
        r"\o|",
        r"\g |",
        r"\g|",
        r"\i",
        r"\copy",
        "PROGRAM",
        "program",
        "system",
        ".shell",
        ".system",
        ".load",
        ".read",
        ".once",
        ".output",
        ".import",
        ".open",
        ".excel",
        "edit(",
        "load_extension",
        "os.execute",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

fn is_value_of(text: &str, option: &str) -> bool {
    text.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
}

fn is_input(word: Option<&Word>) -> bool {
    word.is_some_and(|word| {
        matches!(word.text.as_str(), "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")
    })
}

/// The programs in the words: behind `-e`, or the first operand when there is neither `-e` nor `-f`.
fn programs<'w>(words: &'w [Word], valued: &str, code: &[&str], files: &[&str]) -> (Vec<&'w Word>, bool) {
    let mut found = Vec::new();
    let mut doubt = false;
    let mut from_file = false;
    let mut operand = None;
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        let text = word.text.as_str();
        if code.contains(&text) {
            found.extend(rest.next());
        } else if code.iter().chain(files).any(|option| text.len() > option.len() && text.starts_with(option))
        {
            // The value in the same word.
            let in_file = files.iter().any(|option| text.starts_with(option));
            from_file |= in_file;
            if !in_file {
                found.push(word);
            }
        } else if files.contains(&text) {
            from_file = true;
            doubt |= is_input(rest.next());
        } else if text.starts_with('-') && text.len() > 1 && operand.is_none() {
            if text.len() == 2 && text.get(1..).is_some_and(|letter| valued.contains(letter)) {
                rest.next();
            }
        } else if operand.is_none() {
            operand = Some(word);
        }
    }
    if found.is_empty() && !from_file {
        found.extend(operand);
    }
    (found, doubt)
}

fn awk(words: &[Word], out: &mut Vec<Inner>) {
    let (found, doubt) =
        programs(words, "Fvl", &["-e", "--source"], &["-f", "--file", "-i", "--include", "-l", "-E"]);
    let harmful = |word: &&Word| word.unknown.is_some() || word.texts().any(is_harmful_awk);
    if doubt || found.iter().any(harmful) {
        out.push(Inner::Doubt(Doubt::Code));
    }
}

/// It runs commands, or reads or writes files.
fn is_harmful_awk(program: &str) -> bool {
    let pipes = program.replace("||", "");
    let writes = program.split([';', '}', '\n']).any(|statement| {
        statement.find("print").and_then(|at| statement.get(at..)).is_some_and(|behind| behind.contains('>'))
    });
    ["system", "getline", "@load", "@include", "/inet"].iter().any(|word| program.contains(word))
        || pipes.contains('|')
        || writes
}

fn sed(words: &[Word], out: &mut Vec<Inner>) {
    let (found, doubt) = programs(words, "lL", &["-e", "--expression"], &["-f", "--file"]);
    let harmful = |word: &&Word| {
        word.unknown == Some(crate::command::Unknown::Output) || word.texts().any(is_harmful_sed)
    };
    if doubt || found.iter().any(harmful) {
        out.push(Inner::Doubt(Doubt::Code));
    }
}

/// It has a command `e`, `r`, `R`, `w` or `W`, or one of the flags `e` and `w`.
fn is_harmful_sed(script: &str) -> bool {
    let script = script.strip_prefix("--expression=").or_else(|| script.strip_prefix("-e")).unwrap_or(script);
    let mut rest = script.chars();
    while let Some(character) = rest.next() {
        match character {
            '/' => {
                section(&mut rest, '/');
            }
            '\\' => {
                if let Some(end) = rest.next() {
                    section(&mut rest, end);
                }
            }
            's' | 'y' => {
                let Some(end) = rest.next() else { return false };
                if !section(&mut rest, end) || !section(&mut rest, end) {
                    return false;
                }
                let flags: String =
                    rest.as_str().chars().take_while(|flag| !matches!(flag, ';' | '\n' | '}')).collect();
                if character == 's' && flags.contains(['e', 'w']) {
                    return true;
                }
                for _ in flags.chars() {
                    rest.next();
                }
            }
            // Text and labels to the end of the line.
            'a' | 'i' | 'c' | '#' => while rest.next().is_some_and(|next| next != '\n') {},
            ':' | 'b' | 't' | 'T' => while rest.next().is_some_and(|next| !matches!(next, '\n' | ';')) {},
            'e' | 'r' | 'R' | 'w' | 'W' => return true,
            _ => {}
        }
    }
    false
}

/// Passes what stands up to an `end` that is not escaped.
fn section(rest: &mut std::str::Chars<'_>, end: char) -> bool {
    while let Some(character) = rest.next() {
        if character == end {
            return true;
        }
        if character == '\\' {
            rest.next();
        }
    }
    false
}
