//! What an argument is for, by its key, its tool's name and its own shape.

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
    words: Vec<String>,
}

impl Tool {
    pub(super) fn new(name: &str) -> Tool {
        Tool { words: words(name) }
    }

    pub(super) fn is_any(&self, of: &[&str]) -> bool {
        self.words.iter().any(|word| of.contains(&word.as_str()))
    }

    /// The role of the value under `key`.
    pub(super) fn role(&self, key: &str, text: &str) -> Role {
        let words = words(key);
        let last = words.last().map_or("", String::as_str);
        let has = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
        if is_address(text) && !text.contains(char::is_whitespace) {
            return Role::Url;
        }
        if has(CONTENT) && !has(&["path", "file", "url"]) {
            return Role::Content;
        }
        if has(COMMAND) || (has(&["args", "argv", "arguments", "input"]) && self.is_any(SHELLS)) {
            return Role::Command;
        }
        if has(SQL) || (has(&["query", "statement", "q"]) && self.is_any(DATABASES)) {
            return Role::Sql;
        }
        if has(URL) {
            return Role::Url;
        }
        if has(EXPRESSION) {
            return Role::Expression;
        }
        if has(&["pattern", "regex", "regexp", "glob", "include", "exclude"]) {
            return Role::Pattern;
        }
        if PATH.contains(&last) || has(&["path", "filepath", "filename", "directory", "folder"]) {
            return Role::Path;
        }
        // The name of a file, where the tool is about files.
        if last == "name" && self.is_any(FILES) && !self.is_any(&["app", "application"]) {
            return Role::Path;
        }
        let narrow = has(HOST) || (has(&["query", "q", "input", "name"]) && self.is_any(LOOKUPS));
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

/// Lower-case words of a name: `filePath`, `file_path` and `file-path` are the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    let mut fresh = true;
    for character in name.chars().take(NAME_CHARACTERS_MAX) {
        if !character.is_alphanumeric() {
            fresh = true;
            lower_before = false;
            continue;
        }
        if fresh || (lower_before && character.is_uppercase()) {
            words.push(String::new());
        }
        fresh = false;
        lower_before = character.is_lowercase() || character.is_numeric();
        if let Some(last) = words.last_mut() {
            last.extend(character.to_lowercase());
        }
    }
    words
}

const NAME_CHARACTERS_MAX: usize = 128;

const CONTENT: &[&str] = &[
    "content",
    "contents",
    "body",
    "text",
    "message",
    "messages",
    "code",
    "script",
    "source",
    "thought",
    "description",
    "markdown",
    "html",
    "prompt",
    "summary",
    "note",
    "notes",
    "comment",
    "comments",
    "diff",
    "patch",
    "edits",
    "old",
    "new",
    "oldtext",
    "newtext",
    "snippet",
    "template",
    "document",
    "diagram",
    "answer",
    "reply",
    "instructions",
    "details",
    "caption",
    "reason",
    "explanation",
    "reasoning",
    "plan",
    "todos",
    "log",
    "logs",
    "observation",
    "observations",
    "context",
    "readme",
    "changelog",
    "payload",
    "bio",
];
const COMMAND: &[&str] =
    &["command", "commands", "cmd", "shell", "bash", "commandline", "cmdline", "powershell"];
const SHELLS: &[&str] =
    &["shell", "bash", "exec", "execute", "terminal", "command", "run", "powershell", "cmd", "sh"];
const SQL: &[&str] = &["sql", "statement", "statements"];
const DATABASES: &[&str] =
    &["sql", "query", "database", "db", "postgres", "mysql", "sqlite", "bigquery", "snowflake"];
const URL: &[&str] =
    &["url", "urls", "uri", "uris", "link", "href", "endpoint", "webhook", "callback", "origin_url"];
const EXPRESSION: &[&str] =
    &["expression", "expr", "formula", "predicate", "condition", "calculation", "equation"];
const PATH: &[&str] = &[
    "file",
    "files",
    "path",
    "paths",
    "dir",
    "directory",
    "folder",
    "filename",
    "filepath",
    "attachment",
    "cwd",
    "workdir",
    "root",
];
const FILES: &[&str] =
    &["file", "files", "attachment", "attachments", "template", "templates", "download", "image", "log"];
const HOST: &[&str] = &[
    "host",
    "hostname",
    "domain",
    "domains",
    "ip",
    "address",
    "target",
    "server",
    "branch",
    "ref",
    "remote",
    "tag",
    "revision",
    "port",
    "interface",
    "package",
    "container",
    "pid",
    "sha",
    "commit",
];
const LOOKUPS: &[&str] =
    &["whois", "dns", "ping", "traceroute", "nslookup", "dig", "resolve", "convert", "compress"];
