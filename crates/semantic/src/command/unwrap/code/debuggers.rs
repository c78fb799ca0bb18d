//! `gdb` and `lldb`: commands in their words and on their input, and the program that they run.

use crate::command::unwrap::{Inner, Input};
use crate::command::{Doubt, Simple, Word};

/// Options with a command, or a file of commands, behind them.
const GIVEN: &[&str] = &[
    "ex",
    "iex",
    "eval-command",
    "init-eval-command",
    "x",
    "ix",
    "command",
    "init-command",
    "o",
    "O",
    "one-line",
    "one-line-before-file",
    "s",
    "S",
    "source",
    "source-before-file",
    "k",
    "K",
    "python",
];
/// Other options with a value.
const VALUED: &[&str] =
    &["cd", "core", "c", "pid", "p", "directory", "d", "symbols", "exec", "e", "se", "tty"];

pub(super) fn inner(simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    let mut rest = simple.arguments().iter();
    let (mut batch, mut code) = (false, false);
    let mut program: &[Word] = &[];
    loop {
        let from = rest.as_slice();
        let Some(word) = rest.next() else { break };
        let text = word.text.as_str();
        code |= word.unknown.is_some();
        let Some(option) = text.strip_prefix('-').filter(|option| !option.is_empty()) else {
            program = from;
            continue;
        };
        let option = option.strip_prefix('-').unwrap_or(option);
        let (name, attached) =
            option.split_once('=').map_or((option, None), |(name, text)| (name, Some(text)));
        batch |= matches!(name, "batch" | "batch-silent" | "b" | "version" | "v" | "help" | "h");
        if name == "args" || name.is_empty() {
            program = rest.as_slice();
            break;
        }
        if GIVEN.contains(&name) {
            let given = attached.or_else(|| rest.next().map(|word| word.text.as_str()));
            code |= given.is_some_and(|command| !is_harmless(command));
        } else if attached.is_none() && VALUED.contains(&name) {
            rest.next();
        }
    }
    if !program.is_empty() {
        out.push(Inner::Words(program.to_vec()));
    }
    // Without `-batch` more commands are read from its input.
    if code || !(batch || matches!(input, Input::File)) {
        out.push(Inner::Doubt(Doubt::Code));
    }
}

/// True for commands that only look, or run the program.
fn is_harmless(command: &str) -> bool {
    const WORDS: &[&str] = &[
        "bt",
        "backtrace",
        "where",
        "full",
        "thread",
        "frame",
        "apply",
        "all",
        "run",
        "r",
        "continue",
        "c",
        "info",
        "registers",
        "threads",
        "locals",
        "args",
        "sharedlibrary",
        "quit",
        "q",
        "break",
        "b",
        "main",
        "list",
        "up",
        "down",
        "set",
        "pagination",
        "confirm",
        "off",
    ];
    let harmless = |word: &str| WORDS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit());
    !command.contains('\n') && command.split_whitespace().all(harmless)
}
