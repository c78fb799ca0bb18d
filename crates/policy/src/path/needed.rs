//! Words of which a path must hold one before any pattern of a set can match: a look in wide steps that spares the automaton.

use std::sync::OnceLock;

use aho_corasick::packed;
use memchr::memmem::Finder;

use crate::glob::Symbol;

/// The needed words of a set of patterns.
#[derive(Debug)]
pub(crate) struct Needed {
    words: Vec<String>,
    /// Three bytes stand by chance in every text, so that looking for all words at once would stop there again and again:
    /// these few are looked for by themselves.
    short: Vec<Finder<'static>>,
    /// `None`: there are no others.
    long: Option<packed::Searcher>,
    /// Whether one stands in the policy's own workspace; asked once.
    in_workspace: OnceLock<bool>,
}

/// Longest path that is looked at without allocating.
const ROOM_BYTES: usize = 256;
/// A shorter word stands in too many paths to be worth the look.
const WORD_BYTES_MIN: usize = 3;
/// Looked for by themselves, at most.
const SHORT_MAX: usize = 12;

impl Needed {
    /// `None` if a pattern needs no word, or the processor has no wide steps: then every path is matched.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p [Symbol]>) -> Option<Needed> {
        let mut words: Vec<String> = Vec::new();
        for pattern in patterns {
            words.extend(needed(pattern)?);
        }
        Needed::of(words)
    }

    /// The words of all of these, which are looked for at once.
    pub(crate) fn union<'n>(all: impl Iterator<Item = &'n Needed>) -> Option<Needed> {
        Needed::of(all.flat_map(|needed| needed.words.iter().cloned()).collect())
    }

    fn of(mut words: Vec<String>) -> Option<Needed> {
        words.sort_unstable();
        words.dedup();
        let (short, long): (Vec<&String>, Vec<&String>) =
            words.iter().partition(|word| word.len() == WORD_BYTES_MIN);
        let (short, long) =
            if short.len() > SHORT_MAX { (Vec::new(), words.iter().collect()) } else { (short, long) };
        let short = short.into_iter().map(|word| Finder::new(word).into_owned()).collect();
        let mut config = packed::Config::new();
        config.match_kind(packed::MatchKind::LeftmostFirst).heuristic_pattern_limits(false);
        let long = match long.is_empty() {
            true => None,
            false => Some(config.builder().extend(long).build()?),
        };
        Some(Needed { words, short, long, in_workspace: OnceLock::new() })
    }

    /// True if `workspace` holds one of the words; a policy has one workspace.
    pub(crate) fn stands_in_workspace(&self, workspace: &str) -> bool {
        *self.in_workspace.get_or_init(|| self.stands_in(workspace))
    }

    /// True if `path` holds one of the words; ASCII case does not count.
    pub(crate) fn stands_in(&self, path: &str) -> bool {
        let mut room = [0; ROOM_BYTES];
        match room.get_mut(..path.len()) {
            Some(lower) => {
                lower.copy_from_slice(path.as_bytes());
                lower.make_ascii_lowercase();
                self.stands_in_lower(lower)
            }
            None => self.stands_in_lower(path.to_ascii_lowercase().as_bytes()),
        }
    }

    fn stands_in_lower(&self, path: &[u8]) -> bool {
        self.long.as_ref().is_some_and(|long| long.find(path).is_some())
            || self.short.iter().any(|word| word.find(path).is_some())
    }
}

/// Words of which every path that `pattern` matches holds one, in lower case: those of the segment with the longest.
fn needed(pattern: &[Symbol]) -> Option<Vec<String>> {
    let segments = pattern.split(|symbol| symbol.character == '/').filter_map(words_of);
    let longest = segments.max_by_key(|words| words.iter().map(String::len).min())?;
    if longest.iter().all(|word| word.len() >= WORD_BYTES_MIN) { Some(longest) } else { None }
}

/// The words of one segment: its longest piece between wildcards, or all of its alternatives.
fn words_of(segment: &[Symbol]) -> Option<Vec<String>> {
    // A home stands for many places.
    if segment.first().is_some_and(|symbol| symbol.is('~')) {
        return None;
    }
    let Some(open) = segment.iter().position(|symbol| symbol.is('{')) else {
        return pieces(segment).max_by_key(String::len).map(|piece| vec![piece]);
    };
    let length = segment.iter().skip(open).position(|symbol| symbol.is('}'))?;
    let inside = segment.get(open + 1..open + length)?;
    let nested = segment.iter().skip(open + 1).any(|symbol| symbol.is('{'));
    // Every alternative counts by its longest piece; one that has none makes them all useless.
    if nested {
        None
    } else {
        inside.split(|symbol| symbol.is(',')).map(|one| pieces(one).max_by_key(String::len)).collect()
    }
}

/// The pieces of a pattern without alternatives that stand between its wildcards and classes, in lower case.
fn pieces(pattern: &[Symbol]) -> impl Iterator<Item = String> {
    // How many symbols of a class were passed; its first one never closes it.
    let mut in_class: Option<usize> = None;
    let mut pieces = vec![String::new()];
    for symbol in pattern {
        let wildcard = in_class.is_some() || symbol.is('*') || symbol.is('?') || symbol.is('[');
        in_class = match in_class {
            Some(passed) if passed > 0 && symbol.is(']') => None,
            Some(passed) => Some(passed + 1),
            None => symbol.is('[').then_some(0),
        };
        match pieces.last_mut() {
            Some(piece) if !wildcard => piece.push(symbol.character.to_ascii_lowercase()),
            Some(_) | None => pieces.push(String::new()),
        }
    }
    pieces.into_iter()
}

#[cfg(test)]
mod tests {
    use super::Needed;
    use crate::glob::{Symbol, symbols};
    use crate::path::{Base, expression};
    use crate::set::{Set, Syntax};

    const PATTERNS: [&str; 13] = [
        "~/.ssh/**",
        "**/.env[-._~]*",
        "**/*.PEM",
        "/etc/{passwd,shadow}*",
        "./src/**",
        "**/secrets.{json,yaml}",
        "/a/b",
        "**/.{vscode,cursor}/**",
        "C:/Windows/**",
        "**/id_?sa",
        "**/*.key[-._~]*",
        "/a[]b]cd/d",
        "**/{x,[ab]cd}/passwd",
    ];

    proptest::proptest! {
        #[test]
        fn what_matches_holds_a_needed_word(path in "(/(work|home|ana|etc|src|\\.ssh|\\.env[.a]?|x\\.pem|passwd1?|SHADOW|secrets\\.json|a|b|\\.vscode|id_rsa|C:|windows|x\\.key-1|abcd|a]cd|d|x|acd|bcd)){1,5}") {
            let base = Base { workspace: "/work".into(), workspace_known: true, home: Some("/home/ana".into()) };
            for pattern in PATTERNS {
                let glob: Vec<Symbol> = symbols(pattern, false).collect();
                let compiled = expression(&glob, &base, true).expect("a pattern");
                let set = Set::new(&[compiled], Syntax::Glob { fold: true }).expect("a set");
                let needed = Needed::new(std::iter::once(glob.as_slice()));
                let stands = needed.is_none_or(|needed| needed.stands_in(&path));
                proptest::prop_assert!(!set.is_match(&path) || stands, "{pattern} {path}");
            }
        }
    }
}
