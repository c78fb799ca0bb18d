//! The words of a text, as people read them through other spellings, and whether they name a secret.

use crate::injection::normalised;
use crate::secrets::{is_asked_for, is_named_secret};

/// The words of one text, twice: as they are, and with digits and signs read as the letters that they look like.
#[derive(Debug)]
pub(super) struct Words {
    plain: Vec<String>,
    read: Vec<String>,
    /// The text without case and disguise.
    whole: String,
    /// The text has PIN in capitals.
    pin: bool,
}

impl Words {
    pub(super) fn of(text: &str) -> Words {
        let whole = normalised(text);
        let parted = normalised(&parted(text));
        let plain = joined(split(&parted).map(str::to_owned).collect());
        let read = joined(split(&parted).map(looks).collect());
        let pin = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "PIN");
        Words { plain, read, whole, pin }
    }

    /// True if a text with these words asks for a secret, or might.
    pub(super) fn ask_for_secret(&self) -> bool {
        self.pin || self.holds(false)
    }

    /// True if a field of this name takes a secret.
    pub(super) fn name_secret(&self) -> bool {
        self.plain == ["pin"] || self.holds(true)
    }

    fn holds(&self, is_name: bool) -> bool {
        FOREIGN.iter().any(|word| self.whole.contains(word))
            || holds(&self.plain, is_name)
            || (self.read != self.plain && holds(&self.read, is_name))
    }
}

fn holds(words: &[String], is_name: bool) -> bool {
    (0..words.len()).any(|last| {
        let here = words.get(last).map_or("", String::as_str);
        let next = words.get(last.saturating_add(1)).map_or("", String::as_str);
        // In a sentence such a word may begin another one: `your password (policy: …)`.
        if HARMLESS_NEXT.contains(&next) && (is_name || here == "code") {
            return false;
        }
        let tail = |count: usize| words.get(last.saturating_add(1).checked_sub(count)?..=last);
        // The longest says whether the word before takes the meaning away, as in `next page token`.
        let longest = (1..=WORDS_MAX).rev().find_map(tail).unwrap_or_default();
        let own = is_named_secret(&longest.join("_"), is_name);
        // One word cut in two.
        let cut = || tail(2).is_some_and(|two| is_named_secret(&two.concat(), is_name));
        own || cut() || (1..=WORDS_MAX).filter_map(tail).any(|words| is_asked_for(&words.join("_")))
    })
}

/// Most words of a name that are looked at together.
const WORDS_MAX: usize = 4;

/// Behind these words stands what is said of secrets, and none is asked for.
const HARMLESS_NEXT: &[&str] = &[
    "policy",
    "policies",
    "length",
    "limit",
    "limits",
    "count",
    "budget",
    "manager",
    "rotation",
    "expiry",
    "expiration",
    "review",
    "reviews",
    "coverage",
    "usage",
];

/// Words for passwords in letters that have no case, or in scripts of their own.
const FOREIGN: &[&str] =
    &["парол", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호", "كلمة المرور", "סיסמ"];

/// A blank wherever a name in camel case has a new word.
fn parted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let next_is_small = characters.peek().is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_small)) {
            out.push(' ');
        }
        out.push(character);
        before = character;
    }
    out
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let between = |c: char| !c.is_alphanumeric() && !matches!(c, '@' | '$');
    text.split(between).filter(|word| !word.is_empty())
}

/// The letters that digits and signs in a word look like.
fn looks(word: &str) -> String {
    if word.bytes().all(|byte| !byte.is_ascii_alphabetic()) {
        return word.to_owned();
    }
    let letter = |c: char| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        other => other,
    };
    word.chars().map(letter).collect()
}

/// Single letters in a row are one word.
fn joined(words: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut Vec<String>| {
        if !run.is_empty() {
            out.push(std::mem::take(run));
        }
    };
    for word in words {
        if word.chars().nth(1).is_none() {
            run.push_str(&word);
        } else {
            flush(&mut run, &mut out);
            out.push(word);
        }
    }
    flush(&mut run, &mut out);
    out
}
