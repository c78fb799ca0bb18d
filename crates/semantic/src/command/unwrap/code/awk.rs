//! `awk`: which of its words are programs, and whether these run commands or open files.

use super::is_unread_file;
use crate::command::unwrap::options::read;
use crate::command::unwrap::{Inner, Known, Others};
use crate::command::{Doubt, Word};

const KNOWN: Known = Known {
    short: "bcCdDghIkLnNoOpMPrSstVYF:v:f:e:E:i:l:W:Z:",
    long: &[
        "field-separator=",
        "assign=",
        "file=",
        "source=",
        "exec=",
        "include=",
        "load=",
        "characters-as-bytes",
        "traditional",
        "csv",
        "sandbox",
        "posix",
        "re-interval",
        "non-decimal-data",
        "version",
        "help",
    ],
    others: Others::Flags,
};

pub(super) fn inner(words: &[Word], out: &mut Vec<Inner>) {
    let options = read(words, 1, KNOWN);
    let mut found = Vec::new();
    let mut from_file = false;
    let mut doubt = false;
    for (name, value) in &options.given {
        match (*name, value) {
            ("e" | "source", Some(program)) => found.push(program),
            ("f" | "file" | "E" | "exec", Some(file)) => {
                from_file = true;
                doubt |= is_unread_file(file);
            }
            ("i" | "include" | "l" | "load", Some(file)) => doubt |= is_unread_file(file),
            // `-W exec file`, and files that it writes.
            ("W" | "d" | "D" | "L" | "o" | "p", _) => doubt = true,
            _ => {}
        }
    }
    if found.is_empty() && !from_file {
        found.extend(words.get(options.operands));
    }
    let harmful = |word: &&Word| word.unknown.is_some() || word.texts().any(is_harmful);
    if doubt || found.iter().any(harmful) {
        out.push(Inner::Doubt(Doubt::Code));
    }
}

/// It runs commands, or reads or writes files.
fn is_harmful(program: &str) -> bool {
    const SIGNS: &[&str] = &["system", "getline", "@load", "@include", "/inet", "ARGV", "ARGC"];
    SIGNS.iter().any(|sign| program.contains(sign))
        || program.replace("||", "").contains('|')
        || writes(program)
        || writes(&unquoted(program))
        || calls_by_name(program)
}

fn writes(program: &str) -> bool {
    program.split([';', '}', '\n']).any(|statement| {
        statement.find("print").and_then(|at| statement.get(at..)).is_some_and(|behind| behind.contains('>'))
    })
}

/// `@name(…)` calls the function whose name a variable holds.
fn calls_by_name(program: &str) -> bool {
    program.split('@').skip(1).any(|behind| {
        let name = behind.trim_start();
        let end = name.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(name.len());
        end > 0 && name.get(end..).is_some_and(|rest| rest.starts_with('('))
    })
}

/// Without its texts: what stands in them ends no statement.
fn unquoted(program: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut characters = program.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '"' => quoted = !quoted,
            _ if quoted => {}
            _ => out.push(character),
        }
    }
    out
}
