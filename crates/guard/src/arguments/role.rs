//! What an argument is for, by its key, its tool's name and its own shape.

mod groups;

use self::groups::{
    COMMAND, CONTENT, DATABASES, EXPRESSION, FILES, FOLDER, Groups, HOST, INPUT, LOOKED_UP, LOOKUPS, NAME,
    PATH, PATTERN, PLACES, PROGRAM, SHELLS, SQL, STATEMENT, URL, Word, each_word,
};

/// What a value is for, and so what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Text, code, documents: anything may stand in it.
    Content,
    Command,
    Path,
    Url,
    /// A host, a branch, a number: one word of a narrow alphabet.
    Host,
    Sql,
    /// Something that is calculated.
    Expression,
    /// A glob or a regular expression.
    Pattern,
    /// A name, a title, a search.
    Scalar,
}

/// The words of a tool's name.
#[derive(Debug)]
pub(super) struct Tool {
    words: Vec<Word>,
    groups: Groups,
}

impl Tool {
    pub(super) fn new(name: &str) -> Tool {
        let mut tool = Tool { words: Vec::new(), groups: Groups::default() };
        each_word(name, &mut |word| {
            tool.words.push(word);
            tool.groups.add(word);
        });
        tool
    }

    pub(super) fn is_any(&self, of: &[&str]) -> bool {
        of.iter().any(|word| self.words.contains(&Word::of(word)))
    }

    /// The role of the value under `key`.
    pub(super) fn role(&self, key: &str, text: &str) -> Role {
        let (mut groups, mut last) = (Groups::default(), Groups::default());
        each_word(key, &mut |word| {
            last = Groups::default();
            last.add(word);
            groups.join(last);
        });
        if is_address(text) && !text.contains(char::is_whitespace) {
            return Role::Url;
        }
        if groups.has(CONTENT) && !groups.has(PLACES) {
            return Role::Content;
        }
        if groups.has(COMMAND) || (groups.has(INPUT) && self.groups.has(SHELLS)) {
            return Role::Command;
        }
        if groups.has(SQL) || (groups.has(STATEMENT) && self.groups.has(DATABASES)) {
            return Role::Sql;
        }
        if groups.has(URL) {
            return Role::Url;
        }
        if groups.has(EXPRESSION) {
            return Role::Expression;
        }
        if groups.has(PATTERN) {
            return Role::Pattern;
        }
        if last.has(PATH) || groups.has(FOLDER) {
            return Role::Path;
        }
        // The name of a file, where the tool is about files.
        if last.has(NAME) && self.groups.has(FILES) && !self.groups.has(PROGRAM) {
            return Role::Path;
        }
        let narrow = groups.has(HOST) || (groups.has(LOOKED_UP) && self.groups.has(LOOKUPS));
        if narrow {
            return Role::Host;
        }
        if text.len() > SCALAR_BYTES_MAX && text.lines().count() > 3 { Role::Content } else { Role::Scalar }
    }
}

/// Longer texts of several lines are documents, whatever they are called.
const SCALAR_BYTES_MAX: usize = 400;

/// True if the key says nothing of what its value is for.
pub(super) fn is_silent(key: &str) -> bool {
    matches!(key, "value" | "values" | "item" | "items" | "data")
        || key.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(24)).unwrap_or_default();
    let Some((scheme, _)) = head.split_once("://") else { return false };
    !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}
