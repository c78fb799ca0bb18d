//! Texts for other shells: recognised, so that they are never taken for a harmless POSIX command.

use super::state::State;
use super::{Simple, WORDS_MAX, Word};

/// Characters that a terminal acts on, and that no command needs.
pub(super) fn is_control(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'\t' | b'\n' => false,
        b'\r' => bytes.get(at.saturating_add(1)) != Some(&b'\n'),
        byte => byte.is_ascii_control(),
    }) || text.chars().any(|character| ('\u{80}'..='\u{9f}').contains(&character))
}

/// True if the text has what only `cmd` and PowerShell give a meaning to.
pub(super) fn is_likely(text: &str) -> bool {
    let bytes = text.as_bytes();
    let drive = |at: usize| {
        matches!(bytes.get(at..at.saturating_add(2)), Some([b':', b'\\']))
            && at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphabetic)
    };
    // The end of the last `%NAME`, which the next `%` makes a variable.
    let mut percent: Option<usize> = None;
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b':' if drive(at) => return true,
            b'\'' | b'"' => quoted = true,
            // In quotes it is more likely part of an expression.
            b'^' if !quoted && carets(bytes, at) => return true,
            b'%' => {
                let named = percent.and_then(|start| bytes.get(start.saturating_add(1)..at));
                if named.is_some_and(|name| name.len() >= 3) {
                    return true;
                }
                percent = Some(at);
            }
            byte if percent.is_some()
                && !(byte.is_ascii_uppercase() || matches!(byte, b'_' | b'(' | b')')) =>
            {
                percent = None;
            }
            b'$' if starts(bytes, at, "$env:") => return true,
            b'[' if starts(bytes, at, "[system.") || starts(bytes, at, "[convert]") => return true,
            b'-' if cmdlet(bytes, at) => return true,
            _ => {}
        }
    }
    false
}

fn starts(bytes: &[u8], at: usize, word: &str) -> bool {
    bytes
        .get(at..at.saturating_add(word.len()))
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// `^` between letters or before a sign: the escape of `cmd`. `HEAD^`, `HEAD^1` and `grep '^x'` are none.
fn carets(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let after = bytes.get(at.saturating_add(1));
    let letters = before.is_some_and(u8::is_ascii_alphabetic) && after.is_some_and(u8::is_ascii_alphabetic);
    letters || matches!(after, Some(b'&' | b'|' | b'>' | b'<'))
}

/// `Verb-Noun` with the `-` at `at`: capitals on both sides, or a verb and noun that are well known.
fn cmdlet(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    let verb = before.iter().rev().take(NAME_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let verb = before.get(at.saturating_sub(verb)..).unwrap_or_default();
    let outside = at.checked_sub(verb.len().saturating_add(1)).and_then(|outside| bytes.get(outside));
    if outside.is_some_and(|byte| matches!(byte, b'/' | b'.' | b'-' | b'_' | b'=' | b':' | b'@')) {
        return false;
    }
    let after = bytes.get(at.saturating_add(1)..).unwrap_or_default();
    let noun = after.iter().take(NAME_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let noun = after.get(..noun).unwrap_or_default();
    let is =
        |words: &[&str], word: &[u8]| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    is(&VERBS, verb) && (is(&NOUNS, noun) || (capital(verb) && capital(noun)))
}

fn capital(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_uppercase) && word.get(1).is_some_and(u8::is_ascii_lowercase)
}

/// Longest verb or noun.
const NAME_BYTES_MAX: usize = 24;

const VERBS: [&str; 32] = [
    "add",
    "clear",
    "connect",
    "convert",
    "convertfrom",
    "convertto",
    "copy",
    "disable",
    "enable",
    "enter",
    "export",
    "find",
    "format",
    "get",
    "import",
    "install",
    "invoke",
    "move",
    "new",
    "out",
    "read",
    "register",
    "remove",
    "rename",
    "resolve",
    "restart",
    "select",
    "send",
    "set",
    "start",
    "stop",
    "write",
];
const NOUNS: [&str; 22] = [
    "childitem",
    "command",
    "content",
    "csv",
    "expression",
    "file",
    "host",
    "item",
    "itemproperty",
    "job",
    "json",
    "location",
    "member",
    "module",
    "object",
    "output",
    "process",
    "restmethod",
    "service",
    "string",
    "variable",
    "webrequest",
];

/// Reads the text roughly as `cmd` and PowerShell do, besides the reading as POSIX: for rules that deny.
pub(super) fn read(text: &str, state: &mut State) {
    if !state.pay(text.len()) {
        return;
    }
    let mut simple = Simple::default();
    let mut word = String::new();
    let mut quote: Option<char> = None;
    let finish_word = |word: &mut String, simple: &mut Simple| {
        if !word.is_empty() && simple.words.len() < WORDS_MAX {
            simple.words.push(Word::known(std::mem::take(word)));
        }
    };
    for character in text.chars() {
        match (character, quote) {
            ('^' | '`', _) => {}
            (end, Some(open)) if end == open => quote = None,
            (other, Some(_)) => word.push(other),
            ('"' | '\'', None) => quote = Some(character),
            ('&' | '|' | ';' | '(' | ')' | '{' | '}' | '\n' | '\r', None) => {
                finish_word(&mut word, &mut simple);
                if !simple.words.is_empty() && state.reserve(std::mem::take(&mut simple)).is_none() {
                    return;
                }
            }
            (blank, None) if blank.is_whitespace() => finish_word(&mut word, &mut simple),
            (other, None) => word.push(other),
        }
    }
    finish_word(&mut word, &mut simple);
    if !simple.words.is_empty() {
        state.reserve(simple);
    }
}
