//! Whether a path with wildcards, as a shell expands them, may become one that a pattern matches.

use super::Base;
use crate::glob::Symbol;

/// Path patterns, taken apart. What is hard to compare is taken as anything: this is for rules that deny.
#[derive(Debug, Default)]
pub(crate) struct Overlap {
    patterns: Vec<Vec<Segment>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`
    Deep,
    Tokens(Vec<Token>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// In lower case.
    One(char),
    Any,
    Star,
}

/// Longest path that is compared, in bytes; a longer one may be any.
const BYTES_MAX: usize = 512;

impl Overlap {
    pub(crate) fn new<'g>(globs: impl Iterator<Item = &'g [Symbol]>, base: &Base) -> Overlap {
        let globs = globs.flat_map(alternatives);
        Overlap { patterns: globs.flat_map(|glob| forms(&glob, base)).collect() }
    }

    /// `path` is normalised. `certain`: a segment that is little but wildcards is no reason.
    pub(crate) fn with(&self, path: &str, certain: bool) -> bool {
        if path.len() > BYTES_MAX {
            return !certain;
        }
        let segments: Vec<Vec<Token>> = path.split('/').map(|segment| tokens(segment.chars())).collect();
        let vague = |segment: &Vec<Token>| {
            let literal = segment.iter().filter(|token| matches!(token, Token::One(_))).count();
            literal < segment.len()
                && (literal < LITERAL_MIN || !matches!(segment.first(), Some(Token::One(_))))
        };
        if certain && segments.iter().any(vague) {
            return false;
        }
        self.patterns.iter().any(|pattern| meet(pattern, &segments, certain))
    }
}

/// The patterns that the braces of one stand for; braces do not nest. Those of too many are left as they are.
fn alternatives(glob: &[Symbol]) -> Vec<Vec<Symbol>> {
    let mut done: Vec<Vec<Symbol>> = vec![Vec::new()];
    let mut rest = glob;
    while let Some(open) = rest.iter().position(|symbol| symbol.is('{')) {
        let (before, behind) = rest.split_at_checked(open).unwrap_or((rest, &[]));
        let Some(close) = behind.iter().position(|symbol| symbol.is('}')) else { break };
        let inside: Vec<&[Symbol]> =
            behind.get(1..close).unwrap_or_default().split(|symbol| symbol.is(',')).collect();
        if done.len().saturating_mul(inside.len()) > ALTERNATIVES_MAX {
            break;
        }
        let mut next = Vec::new();
        for start in &done {
            next.extend(inside.iter().map(|one| [start.as_slice(), before, *one].concat()));
        }
        done = next;
        rest = behind.get(close.saturating_add(1)..).unwrap_or_default();
    }
    done.iter_mut().for_each(|one| one.extend_from_slice(rest));
    done
}

/// Most patterns that the braces of one are compared as.
const ALTERNATIVES_MAX: usize = 64;

/// Fewer characters beside wildcards say nothing for certain, and nor does what begins with one.
const LITERAL_MIN: usize = 2;

/// The segments of a pattern; of one that begins with a home, for every place where homes lie.
fn forms(glob: &[Symbol], base: &Base) -> Vec<Vec<Segment>> {
    let mut parts = glob.split(|symbol| symbol.character == '/');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<Segment> = parts
        .filter(|part| !part.is_empty() && !matches!(part, [dot] if dot.character == '.'))
        .map(|part| {
            let deep = part.len() == 2 && part.iter().all(|symbol| symbol.is('*'));
            if deep {
                Segment::Deep
            } else {
                Segment::Tokens(tokens(part.iter().map(|symbol| symbol.character)))
            }
        })
        .collect();
    let plain = |text: &str| -> Vec<Segment> {
        text.split('/').map(|part| Segment::Tokens(tokens(part.chars()))).collect()
    };
    let starts: Vec<Vec<Segment>> = match first {
        [] => vec![plain("")],
        [home, ..] if home.is('~') => {
            let own = base.home.as_deref();
            ["/home/*", "/Users/*", "/root", "/var/root"].into_iter().chain(own).map(plain).collect()
        }
        [one, two] if one.is('*') && two.is('*') => vec![vec![Segment::Deep]],
        [letter, colon] if colon.character == ':' && letter.character.is_ascii_alphabetic() => {
            vec![plain(&format!("{}:", letter.character))]
        }
        [dot] if dot.character == '.' => vec![plain(&base.workspace)],
        first => {
            let mut start = plain(&base.workspace);
            start.push(Segment::Tokens(tokens(first.iter().map(|symbol| symbol.character))));
            vec![start]
        }
    };
    starts
        .into_iter()
        .map(|mut start| {
            start.extend(rest.iter().cloned());
            start
        })
        .collect()
}

/// A class is any character, alternatives are any text. Where a class ends is not sure if there is more than one bracket, for
/// quotes and `[:alpha:]` are not told apart here: then all up to the last one is any text.
fn tokens(segment: impl Iterator<Item = char>) -> Vec<Token> {
    let segment: Vec<char> = segment.collect();
    let mut out = Vec::new();
    let mut rest = segment.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        out.push(match first {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => match behind.iter().rposition(|character| *character == ']') {
                Some(end) => {
                    let (inside, after) = behind.split_at_checked(end).unwrap_or((behind, &[]));
                    rest = after.get(1..).unwrap_or_default();
                    if inside.is_empty() || inside.contains(&'[') || inside.contains(&']') {
                        Token::Star
                    } else {
                        Token::Any
                    }
                }
                None => Token::One('['),
            },
            '{' => {
                let end = behind
                    .iter()
                    .position(|character| *character == '}')
                    .map_or(behind.len(), |end| end.saturating_add(1));
                rest = behind.get(end..).unwrap_or_default();
                Token::Star
            }
            character => Token::One(character.to_ascii_lowercase()),
        });
    }
    out
}

/// True if some path is both: by rows, as texts with wildcards are compared.
fn meet(pattern: &[Segment], path: &[Vec<Token>], certain: bool) -> bool {
    // `reach[j]`: the pattern so far meets the first `j` segments.
    let mut reach = vec![false; path.len().saturating_add(1)];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    for segment in pattern {
        let mut next = vec![false; reach.len()];
        for (at, reached) in reach.iter().enumerate().filter(|(_, reached)| **reached) {
            debug_assert!(*reached);
            match segment {
                Segment::Deep => next.iter_mut().skip(at).for_each(|cell| *cell = true),
                Segment::Tokens(tokens) => {
                    if path.get(at).is_some_and(|other| same(tokens, other, certain))
                        && let Some(cell) = next.get_mut(at.saturating_add(1))
                    {
                        *cell = true;
                    }
                }
            }
        }
        reach = next;
    }
    reach.last() == Some(&true)
}

/// True if some segment is both. A shell's wildcard at the beginning stands for no dot.
fn same(pattern: &[Token], path: &[Token], certain: bool) -> bool {
    let wild = path.iter().any(|token| !matches!(token, Token::One(_)));
    if certain && wild && pattern.first() == Some(&Token::Star) {
        // `*.pem*` and `*.rs` meet in `x.pem.rs`, which nobody means.
        return false;
    }
    if matches!(pattern.first(), Some(Token::One('.')))
        && matches!(path.first(), Some(Token::Star | Token::Any))
    {
        return false;
    }
    let width = path.len().saturating_add(1);
    let mut reach = vec![false; width];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    spread(&mut reach, path);
    for token in pattern {
        let mut next = vec![false; width];
        for (at, reached) in reach.iter().enumerate() {
            if !reached {
                continue;
            }
            if *token == Token::Star {
                next.iter_mut().skip(at).for_each(|cell| *cell = true);
                continue;
            }
            let behind = at.saturating_add(1);
            let (stays, moves) = match (token, path.get(at)) {
                (_, Some(Token::Star)) => (true, true),
                (Token::One(one), Some(Token::One(other))) => (false, one == other),
                (_, Some(_)) => (false, true),
                (_, None) => (false, false),
            };
            if let Some(cell) = next.get_mut(at).filter(|_| stays) {
                *cell = true;
            }
            if let Some(cell) = next.get_mut(behind).filter(|_| moves) {
                *cell = true;
            }
        }
        spread(&mut next, path);
        reach = next;
    }
    reach.last() == Some(&true)
}

/// A `*` of the path may be nothing.
fn spread(reach: &mut [bool], path: &[Token]) {
    for (at, token) in path.iter().enumerate() {
        let reached = reach.get(at) == Some(&true) && *token == Token::Star;
        if let Some(cell) = reach.get_mut(at.saturating_add(1)).filter(|_| reached) {
            *cell = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Overlap;
    use crate::glob::{Symbol, symbols};
    use crate::path::Base;

    #[test]
    fn wildcards_meet_where_some_path_is_both() {
        let base = Base { workspace: "/work".into(), workspace_known: true, home: Some("/home/ana".into()) };
        let check = |pattern: &str, path: &str| {
            let glob: Vec<Symbol> = symbols(pattern, false).collect();
            Overlap::new(std::iter::once(glob.as_slice()), &base).with(path, false)
        };
        for (pattern, path) in [
            ("/etc/shadow*", "/etc/sh*"),
            ("/etc/shadow*", "/etc/sh?dow"),
            ("/etc/shadow*", "/???/?h*w"),
            ("~/.ssh/**", "/home/*/.s?h/id*"),
            ("~/.ssh/**", "/root/.ss[h]/x"),
            ("**/.env", "/work/.e*"),
            ("**/*.pem", "/work/*"),
            ("./src/**", "/work/s*/a"),
            ("**/id_rsa*", "/a/b/i*a"),
            ("/etc/{passwd,shadow}", "/etc/pass*"),
            ("**/*.{pem,key}", "/a/*.k*"),
            ("/a/*b*c", "/a/*bxc"),
            ("**/a/**", "/x/a/*"),
        ] {
            assert!(check(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/etc/shadow*", "/etc/p*"),
            ("/etc/shadow", "/etc/*/x"),
            ("**/.env", "/work/*"),
            ("**/*.pem", "/work/*.md"),
            ("~/.ssh/**", "/home/*/src/*"),
            ("./src/**", "/tmp/*"),
            ("/etc/shadow", "/etc/s?adowx"),
            ("/a/b", "/a"),
            ("**/*.{pem,key}", "/a/*.rs"),
            ("/{a,b}/{c,d}", "/a/?e"),
        ] {
            assert!(!check(pattern, path), "{pattern} {path}");
        }
    }
}
