//! `env`: variables, a text that it splits, and a command.

use super::options::{Known, Others, read};
use super::runners::join;
use super::{Inner, assignment};
use crate::command::{Assignment, Doubt, Word};

/// `env`: assignments, `-S` with a text that is split, and a command.
pub(super) fn inner(words: &[Word], out: &mut Vec<Inner>) {
    const KNOWN: Known = Known {
        short: "i0vu:C:S:P:L:U:",
        long: &[
            "ignore-environment",
            "null",
            "debug",
            "unset=",
            "chdir=",
            "split-string=",
            "default-signal",
            "ignore-signal",
            "block-signal",
            "argv0=",
        ],
        others: Others::Doubt,
    };
    let options = read(words, 1, KNOWN);
    if options.doubt {
        out.push(Inner::Doubt(Doubt::Options));
    }
    let mut rest = words.get(options.operands..).unwrap_or_default();
    if rest.first().is_some_and(|word| word.text == "-") {
        rest = rest.get(1..).unwrap_or_default();
    }
    for (option, value) in &options.given {
        if let ("S" | "split-string", Some(text)) = (*option, value) {
            return split_string(text, rest, out);
        }
    }
    let mut assignments = Vec::new();
    while let Some((name, value)) = rest.first().and_then(assignment) {
        assignments.push(Assignment { name, value });
        rest = rest.get(1..).unwrap_or_default();
    }
    if rest.first().is_some_and(|word| word.text.contains('=')) {
        // A name that only another program reads: `BASH_FUNC_ls%%=() { … }`.
        out.push(Inner::Doubt(Doubt::Code));
    }
    if !rest.is_empty() || !assignments.is_empty() {
        out.push(Inner::With(assignments, rest.to_vec()));
    }
}

/// `env -S text operands`: what the text is split into is followed by the operands, and read as its own words.
fn split_string(text: &Word, rest: &[Word], out: &mut Vec<Inner>) {
    let known = text.unknown.is_none();
    for split in text.texts().map(|text| split(text).filter(|_| known)) {
        let Some(words) = split else {
            // `${x}`, and what it does not take.
            let mut all = vec![Word::known("env"), text.clone()];
            all.extend(rest.iter().cloned());
            out.push(Inner::Script(join(&all)));
            return out.push(Inner::Doubt(Doubt::Options));
        };
        let words = std::iter::once("env".to_owned()).chain(words).map(Word::known);
        out.push(Inner::Words(words.chain(rest.iter().cloned()).collect()));
    }
}

/// The words of a text for `-S`. `None`: with a variable, or a mistake.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => match (characters.next()?, quote) {
                ('_', None) => words.extend(word.take()),
                ('c', None) => break,
                (escaped, quote) => word.get_or_insert_default().push_str(&escape(escaped, quote)?),
            },
            (character, Some(end)) if character == end => quote = None,
            ('\'' | '"', None) => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            ('$', None | Some('"')) => return None,
            ('#', None) if word.is_none() => break,
            (character, None) if character.is_ascii_whitespace() => words.extend(word.take()),
            (character, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// What a backslash makes of a character.
fn escape(character: char, quote: Option<char>) -> Option<String> {
    let escaped = match (character, quote) {
        ('\\' | '\'', Some('\'')) => character,
        (other, Some('\'')) => return Some(format!("\\{other}")),
        ('f', _) => '\u{c}',
        ('n', _) => '\n',
        ('r', _) => '\r',
        ('t', _) => '\t',
        ('v', _) => '\u{b}',
        ('_', Some(_)) => ' ',
        ('#' | '$' | '"' | '\'' | '\\', _) => character,
        _ => return None,
    };
    Some(escaped.to_string())
}
