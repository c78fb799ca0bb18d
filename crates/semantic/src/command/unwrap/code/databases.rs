//! Clients of databases: statements that run programs or open files.

use super::is_asked;
use crate::command::unwrap::options::read;
use crate::command::unwrap::{Input, Known, Others};
use crate::command::{Simple, Word};

pub(super) const DATABASES: &[&str] =
    &["psql", "mysql", "mariadb", "sqlite", "sqlite3", "sqlplus", "mongo", "mongosh", "redis-cli"];

/// True if it is given code: in its words, or on its input.
pub(super) fn has_code(name: &str, simple: &Simple, input: &Input) -> bool {
    let words = simple.arguments();
    let open = |word: &Word| word.unknown.is_some() && !word.text.contains('/');
    let leading = words.iter().take_while(|word| word.text.starts_with('-'));
    let next = words.iter().find(|word| !word.text.starts_with('-'));
    if leading.chain(next).any(open)
        || words.iter().any(|word| is_option(&word.text, "--eval") || is_shell_escape(&word.text))
    {
        return true;
    }
    if is_given_statements(name, simple) {
        return false;
    }
    match input {
        Input::Text(text) => text.unknown.is_some() || text.texts().any(is_shell_escape),
        Input::Own | Input::Unknown => !is_asked(words, true),
        Input::File => false,
    }
}

fn is_option(text: &str, option: &str) -> bool {
    text.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// True if it need not read statements from its input.
fn is_given_statements(name: &str, simple: &Simple) -> bool {
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
    const REDIS: Known =
        Known { short: "h:p:s:a:u:r:i:n:d:D:X:t:", long: &["user=", "pass="], others: Others::Flags };
    let words = simple.arguments();
    if name == "redis-cli" {
        // All its operands are a statement.
        return read(&simple.words, 1, REDIS).operands < simple.words.len();
    }
    // Of `sqlite3` the second operand is a statement.
    words.iter().filter(|word| word.text == "-" || !word.text.starts_with('-')).nth(1).is_some()
        || words.iter().any(|word| {
            GIVEN.iter().any(|option| is_option(&word.text, option))
                || (word.text.len() > 2
                    && ["-c", "-e", "-f"].iter().any(|option| word.text.starts_with(option)))
        })
}

/// A text that makes it run a program, or read or write files.
fn is_shell_escape(text: &str) -> bool {
    const SIGNS: &[&str] = &[
        r"\!",
        r"\o|",
        r"\g|",
        r"\i",
        r"\copy",
        "program",
        "system",
        ".shell",
        ".load",
        ".read",
        ".once",
        ".output",
        ".import",
        ".open",
        ".excel",
        "readfile",
        "writefile",
        "load_extension",
        "os.execute",
    ];
    let lower = text.to_ascii_lowercase();
    let close: String = lower.split_whitespace().collect();
    let edits = |behind: &str| behind.starts_with(['(', '/', '-', '"', '`', ']']);
    SIGNS.iter().any(|sign| close.contains(sign))
        || close.split("edit").skip(1).any(edits)
        || lower.lines().any(is_dot_command)
}

/// `.sh`, `.o`: commands of `sqlite3`, which takes every beginning of their names.
fn is_dot_command(line: &str) -> bool {
    const COMMANDS: &[&str] = &[
        "shell", "system", "load", "read", "once", "output", "import", "open", "excel", "www", "cd", "log",
        "trace", "backup", "save", "restore", "clone", "archive",
    ];
    let Some(command) = line.trim_start().strip_prefix('.') else { return false };
    let name: String = command.chars().take_while(char::is_ascii_alphabetic).collect();
    !name.is_empty() && COMMANDS.iter().any(|known| known.starts_with(&name))
}
