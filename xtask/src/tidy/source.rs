//! The files of the repository as text, and Rust without its comments and strings.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Text files by their path from the root, with `/` between folders.
#[derive(Default)]
pub(super) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Every file that git tracks or would add, unless its bytes are no text.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let mut git = Command::new("git");
        git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
        let out = git.output().context("cannot start git")?;
        anyhow::ensure!(out.status.success(), "git ls-files: {}", String::from_utf8_lossy(&out.stderr));
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&out.stdout).split('\0').filter(|path| !path.is_empty()) {
            // Deleted in the work tree but not yet in the index; or binary.
            let Ok(bytes) = fs::read(root.join(path)) else { continue };
            files.insert(path.to_owned(), String::from_utf8(bytes).unwrap_or_default());
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// True for a file, and for a folder that holds one.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(super) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all().filter(move |(path, _)| path.ends_with(end))
    }
}

/// The lines above a file's own tests; all lines when the file is nothing but tests.
pub(super) fn own_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| match pair {
        [attribute, module] => *attribute == "#[cfg(test)]" && module.starts_with("mod tests {"),
        _ => false,
    });
    tests.unwrap_or(lines.len())
}

/// Rust with comments, strings and characters blanked, line by line as before.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let length = token(rest, before).unwrap_or(0);
        let (blank, after) = rest.split_at(length);
        if blank.is_empty() {
            out.push(first);
            before = first;
            rest = after.get(first.len_utf8()..).unwrap_or_default();
        } else {
            out.extend(blank.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            before = ' ';
            rest = after;
        }
    }
    out
}

/// Length in bytes of the comment, string or character that `rest` opens with.
fn token(rest: &str, before: char) -> Option<usize> {
    let in_word = before.is_alphanumeric() || before == '_';
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if !in_word && let Some(body) = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')) {
        let hashes = body.len() - body.trim_start_matches('#').len();
        if body.get(hashes..).is_some_and(|body| body.starts_with('"')) {
            let close = format!("\"{}", "#".repeat(hashes));
            let inside = body.get(hashes + 1..).unwrap_or_default();
            let end = inside.find(&close).map_or(inside.len(), |at| at + close.len());
            return Some(rest.len() - inside.len() + end);
        }
    }
    // A character, not a lifetime: `'x'` or an escape.
    let mut characters = rest.chars();
    if characters.next() == Some('\'') {
        let (second, third) = (characters.next(), characters.next());
        if second == Some('\\') || (third == Some('\'') && second != Some('\'')) {
            return Some(quoted(rest, '\''));
        }
    }
    None
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Block comments nest in Rust.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(ahead) = rest.get(at..).filter(|ahead| !ahead.is_empty()) {
        if ahead.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if ahead.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += ahead.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// True when `word` stands in `line` with no letter, digit or `_` beside it.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_blanked_and_lines_stay() {
        let text = "a // unsafe\nb \"unsafe \\\" unsafe\" c\n/* unsafe /* unsafe */\n unsafe */ d '\"' e r#\"unsafe\"#\nf";
        let code = code(text);
        assert_eq!(code.lines().count(), text.lines().count());
        assert!(!code.contains("unsafe"));
        for letter in ["a", "b", "c", "d", "e", "f"] {
            assert!(has_word(&code, letter), "{letter} is code");
        }
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(code("fn f<'a>(x: &'a str) {} // c").trim_end(), "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn own_lines_end_where_the_tests_begin() {
        assert_eq!(own_lines("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
        assert_eq!(own_lines("a\n#[cfg(test)]\nmod tests;\n"), 3);
    }

    #[test]
    fn a_word_inside_another_is_not_that_word() {
        assert!(has_word("x unsafe {", "unsafe"));
        assert!(!has_word("unsafely not_unsafe", "unsafe"));
    }
}
