//! Is this text a secret, or does it stand for one? Placeholders, documented examples, names and prose are not.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::limits::SECRET_JUDGED_BYTES;

/// True if `value` only stands for a secret: a variable, a form to fill in, a mask, a documented example.
pub(super) fn is_placeholder(value: &str) -> bool {
    let judged = judged(value);
    if super::is_redacted(value) || judged.is_empty() {
        return true;
    }
    let mask = |c: char| matches!(c, '*' | 'x' | 'X' | '.' | '•' | '…' | '_' | '-' | '#' | '?' | '0');
    if judged.chars().all(mask) || is_variable(judged) {
        return true;
    }
    // Written by a person in one case; the same letters in mixed case are chance.
    let known = KNOWN.get_or_init(Known::new);
    known.automaton.find_overlapping_iter(judged).any(|found| {
        let place = judged.get(found.range()).unwrap_or_default();
        let number = found.pattern().as_usize();
        match number.checked_sub(REPEATS.len()) {
            None => REPEATS.get(number).is_some_and(|repeat| *repeat == place),
            Some(_) => (number < known.starts || found.start() == 0) && is_one_case(place),
        }
    })
}

/// What placeholders hold, in one automaton: hostile texts have one behind the other.
#[derive(Debug)]
struct Known {
    automaton: AhoCorasick,
    /// From this pattern on they have to stand at the start.
    starts: usize,
}

static KNOWN: OnceLock<Known> = OnceLock::new();

impl Known {
    fn new() -> Known {
        let patterns = REPEATS.iter().chain(EXAMPLES).chain(FORM_STARTS);
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns);
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states; the table is a constant of some dozen"
        )]
        let automaton = automaton.expect("a small constant table");
        Known { automaton, starts: REPEATS.len() + EXAMPLES.len() }
    }
}

/// Lower case, upper case or capitalised.
fn is_one_case(word: &str) -> bool {
    let lower = word.bytes().skip(1).any(|byte| byte.is_ascii_lowercase());
    let upper = word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    !(lower && upper)
}

/// `$NAME`, `${…}`, `%NAME%`, `{{ … }}`, `<name>`, a YAML tag: something else puts the value there.
fn is_variable(value: &str) -> bool {
    let name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let wrapped = |open, close| value.starts_with(open) && value.ends_with(close) && value.len() > 2;
    (value.contains('{') && (value.contains("${") || value.contains("{{")))
        || value.strip_prefix('$').is_some_and(|rest| rest.starts_with('(') || name(rest))
        || wrapped('<', '>')
        || wrapped('{', '}')
        || wrapped('%', '%')
        || (value.starts_with(['%', '#', '<', '!', '[']) && TAGS.iter().any(|tag| value.starts_with(tag)))
}

/// True if the word is one that stands where a secret would: a type, a truth value, the name of a secret.
pub(super) fn is_stand_in(value: &str) -> bool {
    let bare = judged(value).trim_matches(|c: char| !c.is_ascii_alphanumeric());
    STAND_INS.iter().any(|known| known.eq_ignore_ascii_case(bare))
}

/// True if `value` looks drawn at random rather than written: letters and digits mixed, many different characters.
pub(super) fn is_random(value: &str) -> bool {
    let judged = judged(value);
    let digits = judged.bytes().filter(u8::is_ascii_digit).count();
    let letters = judged.bytes().filter(u8::is_ascii_alphabetic).count();
    if judged.len() < 8 || digits == 0 || letters == 0 || is_name(judged) {
        return false;
    }
    distinct(judged) * 10 >= judged.len().min(24) * 4
}

/// How many different bytes there are.
pub(super) fn distinct(value: &str) -> usize {
    let mut seen = [false; 256];
    for byte in judged(value).bytes() {
        if let Some(place) = seen.get_mut(usize::from(byte)) {
            *place = true;
        }
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// Words and numbers joined by punctuation, as people name things: `web-token-2`, `config.v1.token`, `2024-05-01`.
pub(super) fn is_name(value: &str) -> bool {
    let parts = value.split(['-', '_', '.', ':', '/', ' ', '@']);
    parts.into_iter().all(|part| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        part.len() - letters.len() <= 4
            && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
            && is_cased(letters)
    })
}

/// Lower, upper, capitalised or camel case with words of at least three letters: few changes of case for the length.
fn is_cased(letters: &str) -> bool {
    let upper = letters.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
    upper == 0 || upper * 4 <= letters.len() || letters.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn judged(value: &str) -> &str {
    value.get(..value.floor_char_boundary(SECRET_JUDGED_BYTES)).unwrap_or(value)
}

const REPEATS: &[&str] = &["xxxx", "XXXX", "****", "....", "••••", "…", "0000000000", "1234567890abcdef"];

const TAGS: &[&str] = &[
    "%(",
    "%{",
    "#{",
    "<%",
    "!vault",
    "!secret",
    "!ref",
    "!Ref",
    "!sub",
    "!Sub",
    "!env",
    "!ENV",
    "[REDACTED",
    "[redacted]",
    "[masked",
];

const EXAMPLES: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "redacted",
    "dummy",
    "your_",
    "your-",
    "-your",
    "_your",
    "_here",
    "-here",
    "process.env",
    "os.environ",
    "getenv",
    "env.",
    "secrets.",
    "arn:aws",
    "not-a-real",
    "replace_with",
    "replace-with",
    // The signature of the token that jwt.io has shown for years.
    "sflkxwrjsmekkf2qt4fwpmejf36pok6yjv_adqssw5c",
];

const FORM_STARTS: &[&str] =
    &["your", "my-secret", "insert", "replace", "enter", "vault:", "ssm:", "fake", "test-only"];

const STAND_INS: &[&str] = &[
    "",
    "any",
    "bool",
    "boolean",
    "bytes",
    "bearer",
    "basic",
    "credential",
    "credentials",
    "default",
    "disabled",
    "empty",
    "enabled",
    "false",
    "hidden",
    "int",
    "integer",
    "key",
    "masked",
    "missing",
    "n/a",
    "nil",
    "no",
    "none",
    "null",
    "number",
    "object",
    "optional",
    "pass",
    "passwd",
    "password",
    "passphrase",
    "pwd",
    "required",
    "secret",
    "secrets",
    "self",
    "str",
    "string",
    "text",
    "this",
    "token",
    "true",
    "type",
    "undefined",
    "unset",
    "username",
    "value",
    "yes",
    "user",
    "apikey",
    "api_key",
    "api-key",
    "prompt",
    "basestring",
    "object",
    "nonetype",
];
