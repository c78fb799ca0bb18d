//! Words of which a path must hold one before any pattern of a set can match: a look in wide steps that spares the automaton.

use super::readings::ALIASED;
use super::sieve::Sieve;
use super::{Base, is_dots, is_double_star, is_drive};
use crate::glob::Symbol;

/// The needed words of a set of patterns.
#[derive(Debug)]
pub(crate) struct Needed {
    words: Sieve,
    below: Below,
}

/// What a path below the workspace must hold.
#[derive(Debug)]
enum Below {
    /// Nothing: the workspace itself holds a word.
    Anything,
    /// One of these, in what stands behind the workspace. Without any no pattern reaches there.
    Words(Vec<String>, Box<Sieve>),
}

/// A shorter word stands in too many paths to be worth the look.
const WORD_BYTES_MIN: usize = 3;

impl Needed {
    /// `None` if a pattern needs no word: then every path is matched.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p [Symbol]>, base: &Base) -> Option<Needed> {
        let (mut words, mut below): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let needed = needed(pattern)?;
            if reaches_below(pattern, base) {
                below.extend(needed.iter().cloned());
            }
            words.extend(needed);
        }
        let workspace = base.workspace.to_ascii_lowercase();
        let below = match below.iter().any(|word| workspace.contains(word.as_str())) {
            true => Below::Anything,
            false => {
                let sieve = Sieve::new(&below)?;
                Below::Words(below, Box::new(sieve))
            }
        };
        Some(Needed { words: Sieve::new(&words)?, below })
    }

    /// Finds the words that all of these need below the workspace at once. What needs no word there is not among them.
    pub(crate) fn union<'n>(all: impl Iterator<Item = &'n Needed>) -> Option<Sieve> {
        Sieve::new(all.flat_map(|needed| match &needed.below {
            Below::Words(words, _) => words.as_slice(),
            Below::Anything => &[],
        }))
    }

    /// True if `path` holds one of the words; ASCII case does not count.
    pub(crate) fn stands_in(&self, path: &str) -> bool {
        self.words.finds_in(path)
    }

    /// False only if no pattern matches a path below the workspace whose segments there are pieces of `text`. `worded`: it
    /// holds a word of the [`Needed::union`].
    pub(crate) fn may_match_below(&self, text: &str, worded: bool) -> bool {
        match &self.below {
            Below::Anything => true,
            Below::Words(_, sieve) => worded && sieve.finds_in(text),
        }
    }
}

/// One name of a path, as far as a pattern says it.
#[derive(Clone)]
enum Name {
    Any,
    /// A drive, without its colon or with it.
    Drive,
    Is(String),
}

/// False only if `pattern`, whose ASCII case does not count, matches nothing below the workspace.
fn reaches_below(pattern: &[Symbol], base: &Base) -> bool {
    let segments: Vec<&[Symbol]> = pattern.split(|symbol| symbol.character == '/').collect();
    let Some((first, rest)) = segments.split_first() else { return true };
    let starts: Vec<Vec<Name>> = if first.first().is_some_and(|symbol| symbol.is('~')) {
        // Whosever home it is.
        HOME_NAMES.into_iter().chain(base.home.as_deref()).map(names_of).collect()
    } else if first.is_empty() || is_drive(first) {
        vec![vec![name_of(first)]]
    } else {
        return true;
    };
    let rest = rest.iter().filter(|name| !name.is_empty() && !is_dots(name, 1));
    let rest: Vec<Name> =
        rest.take_while(|name| !is_double_star(Some(name))).map(|name| name_of(name)).collect();
    // Some systems call the same place by a shorter name.
    let aliases = ALIASED.iter().filter_map(|prefix| {
        let (start, rest) = base.workspace.split_at_checked(prefix.len())?;
        (start.eq_ignore_ascii_case(prefix) && rest.starts_with('/')).then_some(rest)
    });
    std::iter::once(base.workspace.as_str()).chain(aliases).any(|workspace| {
        let meets = |start: &Vec<Name>| {
            workspace.split('/').zip(start.iter().chain(&rest)).all(|(name, pattern)| match pattern {
                Name::Any => true,
                Name::Drive => name.trim_end_matches(':').len() == 1,
                Name::Is(text) => text.eq_ignore_ascii_case(name),
            })
        };
        starts.iter().any(meets)
    })
}

/// The homes that `~` stands for, and more: `*` is any name, `?` a drive.
const HOME_NAMES: [&str; 7] =
    ["/home/*", "/Users/*", "/root", "/var/root", "/mnt/?/Users/*", "/?/Users/*", "?/Users/*"];

fn names_of(path: &str) -> Vec<Name> {
    let name = |name: &str| match name {
        "*" => Name::Any,
        "?" => Name::Drive,
        name => Name::Is(name.to_owned()),
    };
    path.split('/').map(name).collect()
}

fn name_of(segment: &[Symbol]) -> Name {
    let wild = |symbol: &Symbol| ['*', '?', '[', ']', '{', '}', '\\'].iter().any(|wild| symbol.is(*wild));
    // Beyond ASCII a pattern takes other letters for the same.
    let known = segment.iter().all(|symbol| symbol.character.is_ascii() && !wild(symbol));
    if known { Name::Is(segment.iter().map(|symbol| symbol.character).collect()) } else { Name::Any }
}

/// Words of which every path that `pattern` matches holds one, in lower case: those of the segment whose words are the best
/// to look for.
fn needed(pattern: &[Symbol]) -> Option<Vec<String>> {
    let segments = pattern.split(|symbol| symbol.character == '/').filter_map(words_of);
    let best = segments.max_by_key(|words| words.iter().map(|word| worth(word)).min())?;
    if best.iter().all(|word| word.len() >= WORD_BYTES_MIN) { Some(best) } else { None }
}

/// What has a mark in it is rarer than a longer word without.
fn worth(word: &str) -> (bool, usize) {
    (word.contains(['.', '_', '-']) && word.len() >= WORD_BYTES_MIN, word.len())
}

/// A character of a segment, or what stands for others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Character(char),
    Open,
    Close,
    Comma,
    Wild,
}

/// The words of one segment: its best piece between wildcards, with each of its alternatives.
fn words_of(segment: &[Symbol]) -> Option<Vec<String>> {
    // A home stands for many places.
    if segment.first().is_some_and(|symbol| symbol.is('~')) {
        return None;
    }
    let parts = parts(segment);
    let Some(open) = parts.iter().position(|part| *part == Part::Open) else {
        return Some(vec![best(parts.iter())]);
    };
    let (before, inside) = parts.split_at_checked(open)?;
    let inside = inside.get(1..)?;
    let (inside, after) = inside.split_at_checked(inside.iter().position(|part| *part == Part::Close)?)?;
    let after = after.get(1..)?;
    // Every alternative counts by its best piece; of several groups, or one in another, none is sure to be there.
    if inside.iter().chain(after).any(|part| *part == Part::Open) {
        return None;
    }
    let one = |alternative: &[Part]| best(before.iter().chain(alternative).chain(after));
    Some(inside.split(|part| *part == Part::Comma).map(one).collect())
}

/// A segment taken apart; a class is one wildcard.
fn parts(segment: &[Symbol]) -> Vec<Part> {
    // How many symbols of a class were passed; its first one never closes it.
    let mut in_class: Option<usize> = None;
    let mut parts = Vec::new();
    for symbol in segment {
        parts.push(match symbol.character {
            _ if in_class.is_some() || symbol.is('*') || symbol.is('?') || symbol.is('[') => Part::Wild,
            '{' if !symbol.literal => Part::Open,
            '}' if !symbol.literal => Part::Close,
            ',' if !symbol.literal => Part::Comma,
            // Beyond ASCII a pattern takes other letters for the same.
            character if !character.is_ascii() => Part::Wild,
            character => Part::Character(character.to_ascii_lowercase()),
        });
        in_class = match in_class {
            Some(passed) if passed > 0 && symbol.is(']') => None,
            Some(passed) => Some(passed.saturating_add(1)),
            None => symbol.is('[').then_some(0),
        };
    }
    parts
}

/// The best piece between wildcards, in lower case.
fn best<'p>(parts: impl Iterator<Item = &'p Part>) -> String {
    let mut pieces = vec![String::new()];
    for part in parts {
        match (part, pieces.last_mut()) {
            (Part::Character(character), Some(piece)) => piece.push(*character),
            // Outside of alternatives they stand for themselves.
            (Part::Comma, Some(piece)) => piece.push(','),
            (Part::Close, Some(piece)) => piece.push('}'),
            (Part::Open | Part::Wild, _) | (_, None) => pieces.push(String::new()),
        }
    }
    pieces.into_iter().max_by_key(|piece| worth(piece)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Needed;
    use crate::glob::{Symbol, symbols};
    use crate::path::readings::{Form, expand};
    use crate::path::within::reads_within;
    use crate::path::{Base, expression};
    use crate::set::{Set, Syntax};

    const PATTERNS: [&str; 24] = [
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
        "/home/*/work/.env",
        "/tmp/a/secrets.json",
        "/**/work/passwd",
        "~ana/.ssh/**",
        "~/work/src/passwd",
        "/etc//./work/../passwd",
        "a[{]bcd}/x.key",
        "**/É.pem",
        "/é/secrets.json",
        "**/x{.pem,.key}.b,a/passwd",
        "c:/work/.ssh/*",
    ];

    /// The patterns that can be compiled, each by itself.
    fn compiled(base: &Base) -> impl Iterator<Item = (&'static str, Option<Needed>, Set)> {
        PATTERNS.into_iter().filter_map(|pattern| {
            let glob: Vec<Symbol> = symbols(pattern, false).collect();
            let set = Set::new(&[expression(&glob, base, true).ok()?], Syntax::Glob { fold: true });
            Some((pattern, Needed::new(std::iter::once(glob.as_slice()), base), set.expect("a set")))
        })
    }

    fn base(workspace: &str) -> Base {
        Base::new(Some(workspace), Some("/opt/ana")).expect("a base")
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_matches_holds_a_needed_word(path in "(/(work|home|ana|etc|src|\\.ssh|\\.env[.a]?|x\\.pem|passwd1?|SHADOW|secrets\\.json|a|b|\\.vscode|id_rsa|C:|windows|x\\.key-1|abcd|a]cd|d|x|acd|bcd|é|É\\.pem|é\\.pem|a\\{bcd\\}|x\\.key|x\\.pem\\.b,a)){1,5}") {
            for (pattern, needed, set) in compiled(&base("/work")) {
                let stands = needed.is_none_or(|needed| needed.stands_in(&path));
                proptest::prop_assert!(!set.is_match(&path) || stands, "{pattern} {path}");
            }
        }

        #[test]
        fn what_a_text_is_below_the_workspace_holds_one_too(
            workspace in "(/private|/System/Volumes/Data|/PRIVATE)?(/(home|Users|opt|etc|tmp|root|mnt|c|a|ETC|work)(/(ana|a|work|passwd|c|Users/ana|x)){0,3}|C:/(Windows|work|Users/ana)|/|/c:/work|/\\.ssh)",
            text in "(\\./)?((work|ana|src|\\.ssh|\\.env|x\\.pem|passwd|secrets\\.json|a|b|\\.vscode|id_rsa|abcd|bcd|x| |\n|shadow|SHADOW|x\\.key-1|c:)[/.\\\\ ]?){1,5}",
        ) {
            let base = base(&workspace);
            if reads_within(&text, &base) {
                let expanded = expand(&text, Form::Text, &base);
                for (pattern, needed, set) in compiled(&base) {
                    let Some(needed) = needed else { continue };
                    let worded = Needed::union(std::iter::once(&needed)).expect("a sieve").finds_in(&text);
                    let may = needed.may_match_below(&text, worded);
                    for path in expanded.paths.iter().chain(&expanded.aliases) {
                        proptest::prop_assert!(may || !set.is_match(path), "{pattern} {path} {workspace}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_only_lies_elsewhere_needs_no_look() {
        let needs = |pattern: &str, workspace: &str| {
            let base = base(workspace);
            let glob: Vec<Symbol> = symbols(pattern, false).collect();
            let needed = Needed::new(std::iter::once(glob.as_slice()), &base).expect("a word");
            needed.may_match_below("etc shadow Shadow.d /.ssh id_rsa windows src", true)
        };
        for (pattern, workspace) in [
            ("/etc/shadow", "/work"),
            ("~/.ssh/**", "/work"),
            ("~/.ssh/*", "/home/ana/app"),
            ("C:/windows/**", "/work"),
        ] {
            assert!(!needs(pattern, workspace), "{pattern} {workspace}");
        }
        for (pattern, workspace) in [
            ("/etc/shadow", "/"),
            ("/etc/shadow", "/private/etc"),
            ("~/.ssh/**", "/home/ana"),
            ("~/.ssh/**", "/opt/ana"),
            ("~/.ssh/**", "/home/ana/.ssh"),
            ("**/id_rsa", "/work"),
            ("./src/*", "/work"),
            ("/etc/shadow.d/*", "/etc/shadow.d"),
            ("C:/windows/**", "C:/"),
        ] {
            assert!(needs(pattern, workspace), "{pattern} {workspace}");
        }
    }
}
