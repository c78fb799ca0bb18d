//! Wildcard patterns: read into symbols, translated to regular expressions, or kept as the words that they are.

use bailiwick_mcp::json::fold_key;

use crate::bounds::PATTERN_BYTES_MAX;
use crate::set::{Set, Syntax};

/// One character of a pattern. What a variable stands for is literal, whatever characters are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) character: char,
    pub(crate) literal: bool,
}

impl Symbol {
    pub(crate) fn is(self, wildcard: char) -> bool {
        !self.literal && self.character == wildcard
    }
}

pub(crate) fn symbols(text: &str, literal: bool) -> impl Iterator<Item = Symbol> {
    text.chars().map(move |character| Symbol { character, literal })
}

/// What `*` may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Star {
    /// Anything, separators too.
    Everything,
    /// Anything inside one segment of a path.
    Segment,
}

/// Appends the regular expression (bytes, not Unicode by default) of a glob.
pub(crate) fn translate(glob: &[Symbol], star: Star, out: &mut String) -> Result<(), String> {
    let mut rest = glob;
    let mut braces = false;
    while let Some((symbol, after)) = rest.split_first() {
        rest = after;
        match (symbol.character, symbol.literal) {
            ('*', false) => {
                while let Some((next, after)) = rest.split_first()
                    && next.is('*')
                {
                    rest = after;
                }
                out.push_str(if star == Star::Segment { "[^/]*" } else { ".*" });
            }
            ('?', false) => out.push_str(if star == Star::Segment { "(?u:[^/])" } else { "(?u:.)" }),
            ('[', false) => rest = class(rest, star, out)?,
            ('{', false) if braces => return Err("braces inside braces".into()),
            ('{', false) => {
                braces = true;
                out.push_str("(?:");
            }
            ('}', false) if braces => {
                braces = false;
                out.push(')');
            }
            (',', false) if braces => out.push('|'),
            ('\\', false) => {
                let Some((escaped, after)) = rest.split_first() else {
                    return Err("a backslash at the end".into());
                };
                rest = after;
                literal(escaped.character, out);
            }
            (character, _) => literal(character, out),
        }
    }
    if braces { Err("`{` without `}`".into()) } else { Ok(()) }
}

/// `[abc]`, `[a-z]`, `[!abc]`; the opening bracket is already read.
fn class<'s>(rest: &'s [Symbol], star: Star, out: &mut String) -> Result<&'s [Symbol], String> {
    let end = rest.iter().skip(1).position(|symbol| symbol.is(']')).map(|at| at.saturating_add(1));
    let Some((inside, after)) = end.and_then(|end| rest.split_at_checked(end)) else {
        return Err("`[` without `]`".into());
    };
    let (negated, members) = match inside.split_first() {
        Some((first, members)) if first.is('!') || first.is('^') => (true, members),
        _ => (false, inside),
    };
    if members.is_empty() {
        return Err("an empty class".into());
    }
    out.push_str(if negated { "(?u:[^" } else { "(?u:[" });
    if star == Star::Segment && negated {
        // A class never crosses a separator. First, or it would be the end of a range behind a `-`.
        out.push('/');
    }
    for (index, symbol) in members.iter().enumerate() {
        if symbol.is('-') {
            out.push_str(if index == 0 { "\\-" } else { "-" });
        } else {
            escape(symbol.character, out);
        }
    }
    out.push_str("])");
    Ok(after.get(1..).unwrap_or_default())
}

/// Appends one character that stands for itself.
pub(crate) fn literal(character: char, out: &mut String) {
    if character.is_ascii() {
        escape(character, out);
    } else {
        out.push_str("(?u:");
        out.push(character);
        out.push(')');
    }
}

fn escape(character: char, out: &mut String) {
    if character.is_ascii_punctuation() && !matches!(character, '/' | '_' | '<' | '>') {
        out.push('\\');
    }
    out.push(character);
}

/// The anchored expression of a text glob.
pub(crate) fn text_expression(glob: &[Symbol]) -> Result<String, String> {
    let mut out = String::from("^(?:");
    translate(glob, Star::Everything, &mut out)?;
    out.push_str(")$");
    Ok(out)
}

/// A pattern for names of servers, tools, prompts and principals.
#[derive(Debug)]
pub(crate) enum Name {
    Any,
    /// Folded, when the pattern folds.
    Literal(Box<str>),
    /// Words with `*` between, before or behind them; folded, when the pattern folds.
    Stars(Vec<Box<str>>),
    Glob {
        set: Set,
        /// Without it in the name nothing matches; may be empty.
        word: Box<str>,
    },
}

impl Name {
    /// `fold`: names that differ only in ASCII case are the same name.
    pub(crate) fn new(pattern: &str, fold: bool) -> Result<Name, String> {
        if pattern.is_empty() {
            return Err("an empty name".into());
        }
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern longer than {PATTERN_BYTES_MAX} bytes"));
        }
        if pattern.bytes().all(|byte| byte == b'*') {
            return Ok(Name::Any);
        }
        let word = if fold { fold_key(pattern) } else { pattern.into() };
        if !pattern.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Name::Literal(word.into()));
        }
        if !pattern.contains(['?', '[', ']', '{', '}', '\\']) {
            return Ok(Name::Stars(word.split('*').map(Box::from).collect()));
        }
        let glob: Vec<Symbol> = symbols(pattern, false).collect();
        let set = Set::new(&[text_expression(&glob)?], Syntax::Glob { fold })?;
        Ok(Name::Glob { set, word: required(&word).into() })
    }

    /// A text that stands in every name that matches, as long as can be told simply; folded, when the pattern folds.
    pub(crate) fn word(&self) -> &str {
        match self {
            Name::Any => "",
            Name::Literal(word) | Name::Glob { word, .. } => word,
            Name::Stars(words) => words.iter().max_by_key(|word| word.len()).map_or("", |word| word),
        }
    }

    /// `folded` is `name` after [`bailiwick_mcp::json::fold_key`]; patterns that do not fold look at `name`.
    pub(crate) fn matches(&self, name: &str, folded: &str, fold: bool) -> bool {
        match self {
            Name::Any => true,
            Name::Literal(word) => **word == *(if fold { folded } else { name }),
            Name::Stars(words) => stars(words, if fold { folded } else { name }),
            Name::Glob { set, .. } => set.is_match(name),
        }
    }
}

/// The longest run of a pattern outside of brackets and braces that stands for itself.
fn required(pattern: &str) -> &str {
    let mut longest = "";
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '?', '[', '{', '\\']) {
        let (run, special) = rest.split_at(at);
        longest = if run.len() > longest.len() { run } else { longest };
        let close = match special.chars().next() {
            Some('[') => ']',
            Some('{') => '}',
            // What is escaped may be special itself, so it counts for nothing.
            Some('\\') => {
                let behind = special.char_indices().nth(2).map_or(special.len(), |(at, _)| at);
                rest = special.get(behind..).unwrap_or_default();
                continue;
            }
            _ => {
                rest = special.get(1..).unwrap_or_default();
                continue;
            }
        };
        // `[]x]` holds a bracket: what is not certain to be outside is left out.
        let Some((_, behind)) = special.rsplit_once(close) else { return longest };
        rest = behind;
    }
    if rest.len() > longest.len() { rest } else { longest }
}

/// The first word begins the text, the last ends it, and those between follow each other.
fn stars(words: &[Box<str>], text: &str) -> bool {
    let [first, middle @ .., last] = words else { return false };
    let Some(rest) = text.strip_prefix(&**first) else { return false };
    let Some(mut rest) = rest.strip_suffix(&**last) else { return false };
    for word in middle {
        let Some((_, behind)) = rest.split_once(&**word) else { return false };
        rest = behind;
    }
    true
}

/// A pattern for URIs.
#[derive(Debug)]
pub(crate) enum UriPattern {
    Any,
    /// Text glob over the URI.
    Text(Set),
    /// Path pattern over the file that the URI names.
    File(Set),
}
