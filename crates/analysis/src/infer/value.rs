//! What values of one argument have in common.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

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
    /// How often each type was there.
    kinds: BTreeMap<&'static str, usize>,
    truths: BTreeSet<bool>,
    is_path: bool,
    is_command: bool,
    is_opaque: bool,
    /// What all of it is, once all of it is there.
    told: OnceCell<Sense>,
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
            Value::Null => self.kind("null"),
            Value::Bool(truth) => {
                self.kind("boolean");
                self.truths.insert(*truth);
            }
            Value::Number(number) => {
                self.kind("number");
                let value = number.as_f64().filter(|value| value.abs() < EXACT_MAX);
                self.is_opaque |= value.is_none();
                let value = value.unwrap_or_default();
                let (low, high) = self.numbers.unwrap_or((value, value));
                self.whole = (self.whole || self.numbers.is_none()) && value.fract() == 0.0;
                self.numbers = Some((low.min(value), high.max(value)));
            }
            Value::String(text) => {
                self.kind("string");
                self.text(text);
            }
            Value::Array(elements) => {
                self.kind("array");
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
                self.kind("object");
                self.is_opaque = true;
            }
        }
    }

    fn kind(&mut self, kind: &'static str) {
        let count = self.kinds.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    fn text(&mut self, text: &str) {
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
        for (kind, count) in other.kinds {
            let own = self.kinds.entry(kind).or_default();
            *own = own.saturating_add(count);
        }
        self.truths.extend(other.truths);
        self.is_path |= other.is_path;
        self.is_command |= other.is_command;
        self.is_opaque |= other.is_opaque;
    }

    /// The matchers that hold the argument to what was seen; none if nothing can be said.
    pub(super) fn matchers(&self, generalise: Generalise) -> Option<Matcher> {
        let kinds: Vec<&str> = self.kinds.keys().copied().collect();
        // YAML takes the word for nothing.
        let words = kinds.iter().map(|kind| if *kind == "null" { "\"null\"" } else { kind });
        let types = words.collect::<Vec<_>>().join(", ");
        let by_type = || Some(Matcher::whole(format!("type: [{types}]")));
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

    /// What its texts are. One odd value among many does not change it: whoever slips it in would open the argument to all.
    fn sense(&self) -> Sense {
        *self.told.get_or_init(|| self.sensed())
    }

    fn sensed(&self) -> Sense {
        let most = |is: &dyn Fn(&str) -> bool| {
            let count = self.texts.iter().filter(|text| is(text)).count();
            count > 0 && count.saturating_mul(2) > self.texts.len()
        };
        if self.is_command {
            Sense::Command
        } else if self.is_path || most(&paths::is_absolute) {
            Sense::Path
        } else if most(&|text| host(text).is_some()) {
            Sense::Host
        } else {
            Sense::Text
        }
    }

    /// False if a rule that holds the other values to what they are cannot say this one.
    pub(super) fn says(&self, value: &Value) -> bool {
        let sense = self.sense();
        if sense == Sense::Text {
            return true;
        }
        let says = |text: &str| match sense {
            Sense::Command => command::is_sayable(text),
            Sense::Path => paths::is_sayable(text),
            Sense::Host => host(text).is_some(),
            Sense::Text => true,
        };
        // Of the types too the usual one counts: a list where a text should be is another way to say what is not allowed.
        let usual = self.kinds.iter().max_by_key(|(_, count)| **count).map_or("", |(kind, _)| *kind);
        match value {
            Value::String(text) => usual == "string" && says(text),
            Value::Array(elements) => {
                usual == "array" && elements.iter().all(|element| element.as_str().is_some_and(says))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    }

    fn text_matchers(&self, generalise: Generalise) -> Option<Matcher> {
        match self.sense() {
            Sense::Command => {
                return Some(Matcher::texts("command", &command::entries(&self.texts, generalise)?));
            }
            Sense::Path => return Some(Matcher::texts("path", &paths::patterns(&self.texts, generalise)?)),
            Sense::Host => {
                let hosts: Option<BTreeSet<&str>> = self.texts.iter().map(|text| host(text)).collect();
                return Some(Matcher::list("host", hosts?.into_iter().map(quoted).collect()));
            }
            Sense::Text => {}
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
        self.kinds.contains_key("string").then(text)
    }
}

/// What the texts of an argument are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Command,
    Path,
    Host,
    Text,
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

    /// Paths, hosts, words or commands, each as YAML.
    pub(super) fn into_pieces(self) -> Vec<String> {
        self.list
    }

    /// As YAML, with those of its pieces that are kept.
    pub(super) fn written(&self, is_kept: impl Fn(usize, &str) -> bool) -> String {
        if self.list.is_empty() {
            return format!("{{ {} }}", self.word);
        }
        let kept = self.list.iter().enumerate().filter(|(index, text)| is_kept(*index, text));
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
