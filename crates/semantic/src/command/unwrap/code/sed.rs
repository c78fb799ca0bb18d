//! `sed`: which of its words are scripts, and whether these run commands or open files.

use super::{is_unread_file, permuted};
use crate::command::unwrap::{Inner, Known, Others};
use crate::command::{Doubt, Unknown, Word};

const KNOWN: Known = Known {
    short: "nrEsuzie:f:l:",
    long: &[
        "expression=",
        "file=",
        "line-length=",
        "quiet",
        "silent",
        "debug",
        "follow-symlinks",
        "in-place",
        "posix",
        "null-data",
        "zero-terminated",
        "regexp-extended",
        "separate",
        "sandbox",
        "unbuffered",
        "binary",
    ],
    others: Others::Flags,
};

pub(super) fn inner(words: &[Word], out: &mut Vec<Inner>) {
    let words: Vec<Word> = words.iter().map(without_ending).collect();
    let (given, operands) = permuted(&words, KNOWN);
    let (mut scripts, mut from_file, mut doubt) = (Vec::new(), false, false);
    for (name, value) in &given {
        match (*name, value) {
            ("e" | "expression", Some(script)) => scripts.push(script),
            ("f" | "file", Some(file)) => {
                from_file = true;
                doubt |= is_unread_file(file);
            }
            _ => {}
        }
    }
    if scripts.is_empty() && !from_file {
        // `-i ''`: to some versions the ending of copies.
        let empty = operands.iter().take_while(|word| word.text.is_empty()).count();
        scripts.extend(operands.iter().take(empty.saturating_add(1)));
    }
    let harmful = |word: &&Word| word.unknown == Some(Unknown::Output) || word.texts().any(is_harmful);
    if doubt || scripts.iter().any(harmful) {
        out.push(Inner::Doubt(Doubt::Code));
    }
}

/// Without what follows `-i` in one word: the ending of copies, which is no option.
fn without_ending(word: &Word) -> Word {
    let end = word.text.find('i').filter(|end| {
        let letters = word.text.get(..*end).unwrap_or_default();
        letters.starts_with('-') && !letters.contains(['e', 'f', 'l']) && !letters.starts_with("--")
    });
    let text = end.and_then(|end| word.text.get(..end.saturating_add(1)));
    text.map_or_else(|| word.clone(), |text| Word { text: text.to_owned(), ..word.clone() })
}

/// It has a command `e`, `r`, `R`, `w` or `W`, or one of the flags `e` and `w`, in one of the ways in which versions read it.
fn is_harmful(script: &str) -> bool {
    ["\n", "\n;", "\n; \t}"].iter().any(|ends| {
        let reading = |brackets| Reading { ends, brackets };
        reading(true).is_harmful(script) || reading(false).is_harmful(script)
    })
}

/// How one version reads scripts.
#[derive(Clone, Copy)]
struct Reading {
    /// What ends a label.
    ends: &'static str,
    /// A delimiter in brackets is none.
    brackets: bool,
}

impl Reading {
    fn is_harmful(self, script: &str) -> bool {
        let mut rest = script.chars();
        while let Some(character) = rest.next() {
            match character {
                '/' => {
                    section(&mut rest, '/', self.brackets);
                }
                '\\' => {
                    if let Some(end) = rest.next() {
                        section(&mut rest, end, self.brackets);
                    }
                }
                's' | 'y' => {
                    let Some(end) = rest.next() else { return true };
                    // What is not whole goes on in the next word.
                    let brackets = self.brackets && character == 's';
                    if !section(&mut rest, end, brackets) || !section(&mut rest, end, false) {
                        return true;
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
                'a' | 'i' | 'c' => {
                    section(&mut rest, '\n', false);
                }
                '#' => while rest.next().is_some_and(|next| next != '\n') {},
                ':' | 'b' | 't' | 'T' => {
                    let label = rest.as_str().trim_start_matches([' ', '\t']);
                    let length = label.find(|next| self.ends.contains(next)).unwrap_or(label.len());
                    rest = label.get(length..).unwrap_or_default().chars();
                }
                'e' | 'r' | 'R' | 'w' | 'W' => return true,
                _ => {}
            }
        }
        false
    }
}

/// Passes what stands up to an `end` that is not escaped. False: there is none.
fn section(rest: &mut std::str::Chars<'_>, end: char, brackets: bool) -> bool {
    while let Some(character) = rest.next() {
        if character == end {
            return true;
        }
        match character {
            '\\' => {
                rest.next();
            }
            '[' if brackets => bracket(rest),
            _ => {}
        }
    }
    false
}

/// Passes `[…]`, whose first character may be the closing bracket.
fn bracket(rest: &mut std::str::Chars<'_>) {
    let mut inside = rest.as_str();
    inside = inside.strip_prefix('^').unwrap_or(inside);
    inside = inside.strip_prefix(']').unwrap_or(inside);
    while let Some(at) = inside.find(['[', ']']) {
        let behind = inside.get(at.saturating_add(1)..).unwrap_or_default();
        if inside.get(at..).is_some_and(|text| text.starts_with(']')) {
            *rest = behind.chars();
            return;
        }
        // `[:alpha:]`
        let kind = behind.chars().next().filter(|kind| matches!(kind, ':' | '.' | '='));
        let class = kind.and_then(|kind| behind.get(1..)?.split_once(&format!("{kind}]")));
        inside = class.map_or(behind, |(_, behind)| behind);
    }
}
