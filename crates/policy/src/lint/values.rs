//! Values of matchers that mean other than they look.

use super::{Entry, Found, Kind, Look, items, members};
use crate::model::Effect;
use crate::tree::Node;

/// A path that ends where a directory does, without what is in it.
pub(super) fn directories(look: &Look<'_>, out: &mut Vec<Found>) {
    for entry in &look.entries {
        visit(entry.node, &mut |_, matcher, value| {
            if !matches!(matcher.scalar(), Some("path" | "paths")) {
                return;
            }
            let patterns: Vec<(&Node, &str)> =
                items(value).into_iter().filter_map(|item| item.scalar().map(|text| (item, text))).collect();
            for (item, text) in &patterns {
                let whole = text.trim_end_matches('/');
                let inside = patterns
                    .iter()
                    .any(|(_, other)| other.strip_prefix(whole).is_some_and(|rest| rest.starts_with("/*")));
                if names_a_directory(text) && !inside {
                    let message =
                        format!("`{text}` in `{}` is the directory alone, and nothing in it", entry.id);
                    let fix = format!("write `{whole}/**`, which is the directory as well");
                    out.push(entry.found("directory-without-glob", item.span.start, message, &fix));
                }
            }
        });
    }
}

/// Names that directories have, and files do not.
const DIRECTORIES: [&str; 33] = [
    ".ssh",
    ".aws",
    ".azure",
    ".gnupg",
    ".kube",
    ".docker",
    ".config",
    ".git",
    ".github",
    ".vscode",
    ".cursor",
    ".claude",
    ".cache",
    ".local",
    ".password-store",
    "node_modules",
    "src",
    "tests",
    "docs",
    "home",
    "Users",
    "etc",
    "usr",
    "var",
    "opt",
    "srv",
    "tmp",
    "root",
    "proc",
    "sys",
    "dev",
    "Documents",
    "Desktop",
];

fn names_a_directory(pattern: &str) -> bool {
    let last = pattern.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let wild = last.contains(['*', '?', '[', '{']);
    let home = matches!(pattern, "~" | "~/" | "." | "./" | "/")
        || (pattern.starts_with("${") && pattern.ends_with('}'));
    !wild && (home || pattern.ends_with('/') || DIRECTORIES.contains(&last))
}

/// Allows that compare spelling where meaning is meant, or that compare nothing.
pub(super) fn meanings(look: &Look<'_>, out: &mut Vec<Found>) {
    for entry in look.entries.iter().filter(|entry| entry.kind == Kind::Rule) {
        if !matches!(entry.effect, Effect::Allow | Effect::Require) {
            continue;
        }
        for (key, matchers) in entry.member("args").map(members).unwrap_or_default() {
            let name = key.scalar().unwrap_or_default();
            spelling(entry, name, matchers, out);
            for (matcher, value) in members(matchers) {
                let word = matcher.scalar().unwrap_or_default();
                let wide = items(value)
                    .into_iter()
                    .find(|item| is_everything(word, item.scalar().unwrap_or_default()));
                if let Some(item) = wide {
                    let text = item.scalar().unwrap_or_default();
                    let message = format!("`{word}: {text}` of `{name}` in `{}` narrows nothing", entry.id);
                    let fix = "name what is meant, or leave the matcher out";
                    out.push(entry.found("matches-everything", item.span.start, message, fix));
                }
            }
        }
    }
}

fn is_everything(matcher: &str, pattern: &str) -> bool {
    match matcher {
        "path" => matches!(pattern, "/**" | "**/*" | "**/**" | "/**/*"),
        "host" | "command" => pattern == "*",
        "url" => matches!(pattern, "*://*" | "*://*/**" | "*://*/*"),
        "regex" => matches!(pattern, ".*" | "^.*" | ".*$" | "^.*$" | "" | "(?s).*" | "(?s)^.*$"),
        _ => false,
    }
}

/// Keys whose values mean something, and the matcher that sees it.
const MEANINGS: [(&str, &[&str]); 4] = [
    (
        "path",
        &[
            "path",
            "paths",
            "file",
            "files",
            "filename",
            "file_path",
            "filepath",
            "dir",
            "directory",
            "folder",
            "source",
            "destination",
        ],
    ),
    ("url", &["url", "urls", "href", "link"]),
    ("command", &["command", "cmd", "shell_command", "script"]),
    ("sql", &["sql", "statement"]),
];

fn spelling(entry: &Entry<'_>, name: &str, matchers: &Node, out: &mut Vec<Found>) {
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let Some((meaning, _)) = MEANINGS.iter().find(|(_, names)| names.contains(&last.as_str())) else {
        return;
    };
    let has = |word: &str| members(matchers).iter().any(|(matcher, _)| matcher.scalar() == Some(word));
    if ["path", "url", "host", "command", "sql", "in"].into_iter().any(has) {
        return;
    }
    for (matcher, value) in members(matchers) {
        let word = matcher.scalar().unwrap_or_default();
        let wild = |item: &&Node| {
            let text = item.scalar().unwrap_or_default();
            word == "prefix"
                || (word == "regex" && !text.starts_with("^["))
                || (word == "glob" && text.contains('*') && text != "*")
        };
        if matches!(word, "glob" | "prefix" | "regex") && items(value).iter().any(wild) {
            let message =
                format!("`{word}` sees the spelling of `{name}` in `{}`, not what it leads to", entry.id);
            let fix = format!("use `{meaning}`");
            out.push(entry.found("text-for-meaning", matcher.span.start, message, &fix));
        }
    }
}

/// Calls `look` with every key, matcher and value below `args` anywhere in `node`, and inside of `command`.
fn visit(node: &Node, look: &mut dyn FnMut(&Node, &Node, &Node)) {
    for (key, value) in members(node) {
        if key.scalar() == Some("args") {
            for (name, matchers) in members(value) {
                for (matcher, value) in members(matchers) {
                    look(name, matcher, value);
                    if matcher.scalar() == Some("command") {
                        for (part, value) in items(value).into_iter().flat_map(members) {
                            look(name, part, value);
                        }
                    }
                }
            }
        } else {
            items(value).into_iter().for_each(|item| visit(item, look));
        }
    }
}
