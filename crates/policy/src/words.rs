//! The words of the language: what is valid where, what comes later, and what other products call it.
//!
//! Each map of the language is one table. The parser takes its keys from it, and so do the reference and the JSON Schema: none of
//! them knows a key that the others do not.

mod file;
mod guards;
mod matchers;
mod rules;
mod suite;

pub(crate) use file::{DISCOVERY, FILE, PINS, ROLE};
pub(crate) use guards::{CLASSIFIER, GUARD, GUARD_PATTERN, GUARDS, PACE, REQUESTS, SUPPRESSION};
pub(crate) use matchers::{COMMAND, FLAGS, MATCHER, SQL, URL};
pub(crate) use rules::{
    APPROVAL, ASSURANCE, CONSENT_SCOPE, HOURS, LIMIT, NEEDED, NEEDS, PRECONDITION, RULE, SEQUENCE, STEP,
    UNLESS, WHO,
};
pub(crate) use suite::{BEFORE, SUITE, TEST};

/// Words that are valid somewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) valid: &'static [&'static str],
    /// Words of the language that this version does not have.
    pub(crate) later: &'static [&'static str],
    /// Words of other products, and the one meant here.
    pub(crate) elsewhere: &'static [(&'static str, &'static str)],
}

/// One kind of map: its keys and what stands behind them.
#[derive(Debug, Clone, Copy)]
pub struct Map {
    /// What the reference and the schema call it.
    pub name: &'static str,
    pub(crate) words: Words,
    pub keys: &'static [Key],
    /// Of each of these lists one key must be there; of an empty one any key.
    pub needs: &'static [&'static [&'static str]],
}

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub value: Value,
    /// What it means, in Markdown, with its default.
    pub about: &'static str,
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// A scalar that is not null.
    Text,
    /// A scalar that, as a text, matches this expression.
    Formed(&'static str),
    /// A number from 0 on, whole or not, that, as a text, matches this expression.
    Number(&'static str),
    /// One of these words.
    Choice(fn() -> Vec<&'static str>),
    /// Any scalar, null too.
    Scalar,
    /// Anything.
    Free,
    /// One of several.
    Either(&'static [Value]),
    /// One, or a list of at least one.
    Some(&'static Value),
    /// A list, of so many at least and at most.
    List(&'static Value, usize, Option<usize>),
    /// Two ends, each a number (whole: no fraction) or null.
    Ends { whole: bool },
    /// A map.
    Map(&'static Map),
    /// A map with keys of the policy's own, at least so many.
    Named(&'static Value, usize),
}

/// Makes a table of the keys of one map.
macro_rules! map {
    (
        $(#[$about_map:meta])*
        $name:ident $called:literal needs $needs:expr;
        $($key:literal = $value:expr, $about:expr;)+
        later $later:expr;
        elsewhere $elsewhere:expr;
    ) => {
        $(#[$about_map])*
        pub(crate) const $name: $crate::words::Map = $crate::words::Map {
            name: $called,
            words: $crate::words::Words { valid: &[$($key),+], later: &$later, elsewhere: $elsewhere },
            keys: &[$($crate::words::Key { name: $key, value: $value, about: $about }),+],
            needs: &$needs,
        };
    };
}
pub(crate) use map;

/// The words of a table of choices.
pub(crate) fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

impl Words {
    /// What to say about a word that is not valid here: the message and the help.
    pub(crate) fn about(&self, word: &str, what: &str) -> (String, Option<String>) {
        if self.later.contains(&word) {
            return (format!("{what} `{word}` is not in this version"), None);
        }
        let message = format!("unknown {what} `{word}`");
        if let Some((_, ours)) = self.elsewhere.iter().find(|(theirs, _)| *theirs == word) {
            return (message, Some(format!("here it is called `{ours}`")));
        }
        (message, Some(suggestion(word, self.valid)))
    }
}

/// "did you mean …", or all the words when none is near.
pub(crate) fn suggestion(word: &str, valid: &[&str]) -> String {
    let lower = word.to_lowercase().replace('_', "-");
    if let Some(same) = valid.iter().find(|candidate| candidate.replace('_', "-") == lower) {
        return format!("write `{same}`");
    }
    match nearest(&lower, valid.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("valid here: {}", list(valid)),
    }
}

/// The candidate that at most a third of the word away, if any.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = word.chars().count().max(3).div_euclid(3);
    let by_distance = candidates.map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate));
    by_distance
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
