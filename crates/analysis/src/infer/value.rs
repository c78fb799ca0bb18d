//! What values of one argument have in common.

use std::collections::BTreeSet;

use serde_json::Value;

use super::write::quoted;
use super::{Generalise, command, paths};

/// What was seen of one argument.
#[derive(Debug, Default)]
pub(super) struct Shape {
    texts: BTreeSet<String>,
    /// How many texts there were, the same ones again included.
    text_count: usize,
    longest: usize,
    /// The least and the greatest, where every number is one that peers read the same.
    numbers: Option<(f64, f64)>,
    whole: bool,
    kinds: BTreeSet<&'static str>,
    truths: BTreeSet<bool>,
    is_path: bool,
    is_command: bool,
    is_opaque: bool,
}

/// Texts that are remembered of one argument.
const TEXTS_MAX: usize = 1_000_000;
/// Words of a set that a person still reads.
const WORDS_MAX: usize = 8;
/// A longer word is prose.
const WORD_BYTES_MAX: usize = 48;

impl Shape {
    pub(super) fn add(&mut self, key: &str, value: &Value) {
        self.is_path |= paths::is_key(key);
        self.is_command |= command::is_key(key);
        match value {
            Value::Null => drop(self.kinds.insert("null")),
            Value::Bool(truth) => {
                self.kinds.insert("boolean");
                self.truths.insert(*truth);
            }
            Value::Number(number) => {
                self.kinds.insert("number");
                let value = number.as_f64().filter(|value| value.abs() < EXACT_MAX);
                self.is_opaque |= value.is_none();
                let value = value.unwrap_or_default();
                let (low, high) = self.numbers.unwrap_or((value, value));
                self.whole = (self.whole || self.numbers.is_none()) && value.fract() == 0.0;
                self.numbers = Some((low.min(value), high.max(value)));
            }
            Value::String(text) => self.text(text),
            Value::Array(elements) => {
                self.kinds.insert("array");
                for element in elements {
                    match element {
                        Value::String(text) => self.text(text),
                        Value::Null
                        | Value::Bool(_)
                        | Value::Number(_)
                        | Value::Array(_)
                        | Value::Object(_) => {
                            self.is_opaque = true;
                        }
                    }
                }
            }
            Value::Object(_) => {
                self.kinds.insert("object");
                self.is_opaque = true;
            }
        }
    }

    fn text(&mut self, text: &str) {
        if !self.kinds.contains("array") {
            self.kinds.insert("string");
        }
        self.text_count = self.text_count.saturating_add(1);
        self.longest = self.longest.max(text.len());
        // A masked secret is not what was there.
        self.is_opaque |= text.contains("[redacted:") || self.texts.len() >= TEXTS_MAX;
        if self.texts.len() < TEXTS_MAX {
            self.texts.insert(text.to_owned());
        }
    }

    pub(super) fn join(&mut self, other: Shape) {
        self.texts.extend(other.texts);
        self.text_count = self.text_count.saturating_add(other.text_count);
        self.longest = self.longest.max(other.longest);
        self.numbers = match (self.numbers, other.numbers) {
            (Some((low, high)), Some((other_low, other_high))) => {
                Some((low.min(other_low), high.max(other_high)))
            }
            (one, other) => one.or(other),
        };
        self.whole &= other.whole;
        self.kinds.extend(other.kinds);
        self.truths.extend(other.truths);
        self.is_path |= other.is_path;
        self.is_command |= other.is_command;
        self.is_opaque |= other.is_opaque;
    }

    /// The matchers that hold the argument to what was seen; none if nothing can be said.
    pub(super) fn matchers(&self, generalise: Generalise) -> Option<Matcher> {
        let kinds: Vec<&str> = self.kinds.iter().copied().collect();
        let by_type = || Some(Matcher::whole(format!("type: [{}]", kinds.join(", "))));
        if self.is_opaque || kinds.len() != 1 {
            return by_type();
        }
        match kinds.as_slice() {
            ["boolean"] if generalise == Generalise::Loose => by_type(),
            ["boolean"] => Some(Matcher::list("in", self.truths.iter().map(bool::to_string).collect())),
            ["number"] => match (self.numbers, generalise) {
                (_, Generalise::Loose) | (None, _) => by_type(),
                (Some((low, high)), Generalise::Strict | Generalise::Balanced) => {
                    Some(Matcher::whole(format!("range: [{low}, {high}]")))
                }
            },
            ["string" | "array"] if !self.texts.is_empty() => self.text_matchers(generalise).or_else(by_type),
            _ => by_type(),
        }
    }

    /// True if every text of it is a command.
    pub(super) fn is_command(&self) -> bool {
        self.is_command
    }

    fn text_matchers(&self, generalise: Generalise) -> Option<Matcher> {
        if self.is_command {
            let entries = command::entries(&self.texts, generalise)?;
            return Some(Matcher::texts("command", &entries));
        }
        if self.is_path || self.texts.iter().all(|text| paths::is_absolute(text)) {
            return Some(Matcher::texts("path", &paths::patterns(&self.texts, generalise)?));
        }
        let hosts: Option<BTreeSet<&str>> = self.texts.iter().map(|text| host(text)).collect();
        if let Some(hosts) = hosts {
            return Some(Matcher::list("host", hosts.into_iter().map(quoted).collect()));
        }
        // Few words, seen again and again, are a choice; many different ones are content.
        let repeats = self.text_count >= self.texts.len().saturating_mul(2);
        let short = self.longest <= WORD_BYTES_MAX && self.texts.len() <= WORDS_MAX;
        let is_choice = match generalise {
            Generalise::Strict => short,
            Generalise::Balanced => short && repeats,
            Generalise::Loose => false,
        };
        if is_choice {
            return Some(Matcher::list("in", self.texts.iter().map(|text| quoted(text)).collect()));
        }
        let room = self.longest.max(64).checked_next_power_of_two()?;
        let text = || Matcher::whole(format!("type: [string], max_bytes: {room}"));
        self.kinds.contains("string").then(text)
    }
}

/// A matcher in parts, so that what it allows can be taken out piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matcher {
    /// `path`, `host`, `in`, `command`, or a whole matcher that has no list.
    word: String,
    list: Vec<String>,
}

impl Matcher {
    fn whole(text: String) -> Matcher {
        Matcher { word: text, list: Vec::new() }
    }

    fn list(word: &str, list: Vec<String>) -> Matcher {
        Matcher { word: word.to_owned(), list }
    }

    fn texts(word: &str, texts: &[String]) -> Matcher {
        Matcher::list(word, texts.iter().map(|text| quoted(text)).collect())
    }

    /// How many things it allows one by one.
    pub(super) fn pieces(&self) -> usize {
        if self.list.len() > 1 { self.list.len() } else { 0 }
    }

    /// One of them.
    pub(super) fn piece(&self, index: usize) -> &str {
        self.list.get(index).map(String::as_str).unwrap_or_default()
    }

    /// As YAML, perhaps without one of its pieces.
    pub(super) fn written(&self, without: Option<usize>) -> String {
        if self.list.is_empty() {
            return format!("{{ {} }}", self.word);
        }
        let kept = self.list.iter().enumerate().filter(|(index, _)| Some(*index) != without);
        let kept: Vec<&str> = kept.map(|(_, text)| text.as_str()).collect();
        format!("{{ {}: [{}] }}", self.word, kept.join(", "))
    }
}

/// From here on peers round numbers differently.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The host of an address that has nothing peculiar.
fn host(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(plain)).then_some(host)
}
