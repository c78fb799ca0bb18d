//! The words of a text, as people read them through other spellings, and whether they name a secret.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::lists::{
    ASKED, FOLLOW, FOREIGN, GO_ON, HARMLESS_NEXT, NAMED, OPENERS, ORDERS, OWN, THINGS, WORDS_MAX,
};
use crate::injection::normalised;
use crate::secrets::{is_asked_for, is_named_secret};

/// The words of one text, twice: as they are, and with digits and signs read as the letters that they look like.
#[derive(Debug)]
pub(super) struct Words {
    plain: Reading,
    /// `None`: it is the same.
    read: Option<Reading>,
    /// The text without case and disguise.
    whole: String,
    /// The text has PIN in capitals.
    pin: bool,
}

impl Words {
    pub(super) fn of(text: &str) -> Words {
        let whole = normalised(text);
        let parted = normalised(&parted(text));
        let plain = Reading::of(&parted, false);
        let read = parted.contains(|c| letter(c) != c).then(|| Reading::of(&parted, true));
        let pin = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "PIN");
        Words { plain, read, whole, pin }
    }

    /// True if a text with these words asks for a secret, or might.
    pub(super) fn ask_for_secret(&self) -> bool {
        self.pin || self.holds(false)
    }

    /// True if a field of this name takes a secret.
    pub(super) fn name_secret(&self) -> bool {
        self.plain.text == "pin" || self.holds(true)
    }

    fn holds(&self, is_name: bool) -> bool {
        (!self.whole.is_ascii() && FOREIGN.iter().any(|word| self.whole.contains(word)))
            || self.plain.holds(is_name)
            || self.read.as_ref().is_some_and(|read| read.holds(is_name))
    }
}

/// One way to read the words of a text.
#[derive(Debug, Default)]
struct Reading {
    /// The words with `_` between them, as names are looked up.
    text: String,
    words: Vec<Word>,
    /// Something is to be typed, whatever is asked.
    orders: bool,
}

#[derive(Debug)]
struct Word {
    start: usize,
    end: usize,
    before: Gap,
}

/// What stands between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    /// Nothing but blanks, hyphens and quotes.
    Blank,
    Sign,
    /// What ends a clause.
    End,
}

impl Reading {
    /// Single letters in a row are one word.
    fn of(text: &str, looks: bool) -> Reading {
        let mut out = Reading {
            text: String::with_capacity(text.len()),
            words: Vec::with_capacity(text.len() / 6),
            orders: false,
        };
        let mut before = Gap::End;
        let mut single = false;
        for piece in text.split_inclusive(is_between) {
            let word = piece.trim_end_matches(is_between);
            let behind = piece.get(word.len()..).and_then(|rest| rest.chars().next()).map_or(Gap::Blank, gap);
            if word.is_empty() {
                before = before.max(behind);
                continue;
            }
            let is_single = word.chars().nth(1).is_none();
            if !(single && is_single) {
                if !out.text.is_empty() {
                    out.text.push('_');
                }
                out.words.push(Word { start: out.text.len(), end: 0, before });
            }
            if looks && word.bytes().any(|byte| byte.is_ascii_alphabetic()) {
                out.text.extend(word.chars().map(letter));
            } else {
                out.text.push_str(word);
            }
            if let Some(last) = out.words.last_mut() {
                last.end = out.text.len();
            }
            (single, before) = (is_single, behind);
        }
        // `Which type of store` is no order.
        let is_order = |at: usize| {
            ORDERS.contains(&out.word(at))
                || (out.word(at) == "type" && out.word(at.saturating_add(1)) != "of")
        };
        out.orders = (0..out.words.len()).any(is_order);
        out
    }

    fn holds(&self, is_name: bool) -> bool {
        // INVARIANT: the patterns are few and short; without the automaton nothing is known of the text.
        let Some(ends) = ENDS.as_ref() else { return true };
        self.holds_whole(ends, is_name) || self.holds_cut(ends, is_name)
    }

    /// Looks at the names that end where a word of the lists stands.
    fn holds_whole(&self, ends: &AhoCorasick, is_name: bool) -> bool {
        let mut at: usize = 0;
        // The first word that was not looked at for the end of a name.
        let mut next: usize = 0;
        for found in ends.find_overlapping_iter(&self.text) {
            while self.words.get(at).is_some_and(|word| word.end < found.end()) {
                at = at.saturating_add(1);
            }
            let behind = at.saturating_add(1);
            if found.pattern().as_usize() < NAMED.len() {
                // Another word may stand behind it: `password test`.
                if (at.max(next)..=behind).any(|last| self.is_named(last, is_name)) {
                    return true;
                }
                next = behind.saturating_add(1);
            } else if self.is_all_of(at, found.start(), found.end()) && self.is_asked(at, is_name) {
                return true;
            }
        }
        false
    }

    /// Looks at one word cut in two.
    fn holds_cut(&self, ends: &AhoCorasick, is_name: bool) -> bool {
        let text = self.text.replace('_', "");
        let mut at: usize = 0;
        let mut next: usize = 0;
        for found in ends.find_overlapping_iter(&text) {
            let is_key = NAMED.get(found.pattern().as_usize()).map(|word| *word == "key");
            while self.words.get(at).is_some_and(|word| word.end.saturating_sub(at) < found.end()) {
                at = at.saturating_add(1);
            }
            let (Some(is_key), Some(word), Some(before)) = (is_key, self.words.get(at), at.checked_sub(1))
            else {
                continue;
            };
            // `ap ikey`; `api key` is a name of whole words.
            let start = word.start.saturating_sub(at);
            if at < next || found.start() == start || (found.start() > start && !is_key) {
                continue;
            }
            next = at.saturating_add(1);
            let start = self.words.get(before).map_or(0, |first| first.start.saturating_sub(before));
            let two = text.get(start..word.end.saturating_sub(at)).unwrap_or_default();
            if is_named_secret(two, is_name) && !self.is_said_of(at, is_name) {
                return true;
            }
        }
        false
    }

    /// The longest name says whether the word before takes the meaning away, as in `next page token`.
    fn is_named(&self, last: usize, is_name: bool) -> bool {
        let longest = (1..=WORDS_MAX).rev().find_map(|count| self.tail(last, count)).unwrap_or_default();
        is_named_secret(longest, is_name) && !self.is_said_of(last, is_name)
    }

    fn is_asked(&self, last: usize, is_name: bool) -> bool {
        (1..=WORDS_MAX).filter_map(|count| self.tail(last, count)).any(is_asked_for)
            && !self.is_said_of(last, is_name)
    }

    /// True if `start..end` is all of a word but its number and plural.
    fn is_all_of(&self, at: usize, start: usize, end: usize) -> bool {
        let is_rest = |rest: &str| rest.bytes().all(|byte| byte == b's' || byte.is_ascii_digit());
        self.words
            .get(at)
            .is_some_and(|word| word.start == start && self.text.get(end..word.end).is_some_and(is_rest))
    }

    /// `count` words of which `last` is the last, as one name.
    fn tail(&self, last: usize, count: usize) -> Option<&str> {
        let first = self.words.get(last.saturating_add(1).checked_sub(count)?)?;
        self.text.get(first.start..self.words.get(last)?.end)
    }

    fn word(&self, at: usize) -> &str {
        self.tail(at, 1).unwrap_or_default()
    }

    /// True if the words behind make of a secret something that is said of secrets.
    fn is_said_of(&self, last: usize, is_name: bool) -> bool {
        let (here, next, behind) = (self.word(last), last.saturating_add(1), last.saturating_add(2));
        // In a sentence such a word may begin another one: `your password (policy: …)`.
        if HARMLESS_NEXT.contains(&self.word(next)) && (is_name || here == "code") {
            return true;
        }
        if !THINGS.contains(&self.word(next)) {
            return false;
        }
        if is_name {
            return self.words.len() == behind;
        }
        !self.orders
            && self.gap(next) == Gap::Blank
            && self.is_over(behind)
            && (here == "secrets" || self.is_any(last))
    }

    /// True if nothing is said at `at` that makes a thing a secret again: `the secret store password`.
    fn is_over(&self, at: usize) -> bool {
        match self.gap(at) {
            Gap::Blank => self.words.len() <= at || FOLLOW.contains(&self.word(at)),
            Gap::Sign => false,
            Gap::End => !GO_ON.contains(&self.word(at)),
        }
    }

    /// True if `which`, `what` or an article stands before a secret of up to three words, and nobody's own.
    fn is_any(&self, last: usize) -> bool {
        for at in (last.saturating_sub(WORDS_MAX)..last).rev() {
            let word = self.word(at);
            if self.gap(at.saturating_add(1)) != Gap::Blank || OWN.contains(&word) {
                return false;
            }
            if OPENERS.contains(&word) {
                return true;
            }
        }
        false
    }

    fn gap(&self, at: usize) -> Gap {
        self.words.get(at).map_or(Gap::Blank, |word| word.before)
    }
}

/// Where a name may end that `is_named_secret` (`NAMED`) or `is_asked_for` (`ASKED`) knows.
static ENDS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(NAMED.iter().chain(ASKED)).ok());

/// A blank wherever a name in camel case has a new word.
fn parted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        // A line ends a clause; normalised it would be a blank.
        if matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            out.push('.');
        }
        let next_is_small = characters.peek().is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_small)) {
            out.push(' ');
        }
        out.push(character);
        before = character;
    }
    out
}

fn is_between(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '@' | '$')
}

fn gap(c: char) -> Gap {
    match c {
        '-' | '_' | '"' | '\'' | '`' | '‘' | '’' | '“' | '”' => Gap::Blank,
        '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '–' | '—' => Gap::End,
        other if other.is_whitespace() => Gap::Blank,
        _ => Gap::Sign,
    }
}

/// The letter that a digit or a sign looks like.
fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDS, Reading, WORDS_MAX, is_asked_for, is_named_secret};

    /// The same without the automaton: every word may be the end of a name.
    fn holds_slowly(reading: &Reading, is_name: bool) -> bool {
        let cut = |last: usize| {
            let two = reading.tail(last, 2).map(|two| two.replace('_', ""));
            two.is_some_and(|two| is_named_secret(&two, is_name)) && !reading.is_said_of(last, is_name)
        };
        (0..reading.words.len())
            .any(|at| reading.is_named(at, is_name) || reading.is_asked(at, is_name) || cut(at))
    }

    /// Names that are added there need an end here.
    #[test]
    fn every_name_of_a_secret_has_an_end_in_the_lists() {
        assert!(ENDS.is_some());
        let source = include_str!("../secrets/assignment/keyword.rs");
        let mut names = 0;
        for name in source.split('"').skip(1).step_by(2).filter(|name| name.len() < 40) {
            let is_secret = is_asked_for(name) || is_named_secret(name, true);
            if is_secret {
                names += 1;
                assert!(name.split('_').count() <= WORDS_MAX, "{name}");
            }
            let cuts =
                (0..name.len()).filter_map(|at| name.split_at_checked(at)).map(|(a, b)| format!("{a} {b}"));
            for text in cuts.chain([name.to_owned()]) {
                for behind in ["", "s", "7", "_test", " test", "x", " store", " policy", "_page"] {
                    let reading = Reading::of(&format!("what is the {text}{behind} for"), false);
                    for is_name in [false, true] {
                        let (slow, fast) = (holds_slowly(&reading, is_name), reading.holds(is_name));
                        // Cut, a name that means no secret may lose the word that says so.
                        assert!(fast == slow || (slow && !is_secret), "{text}{behind}");
                    }
                }
            }
        }
        assert!(names > 80, "{names}");
    }
}
