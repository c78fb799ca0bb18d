//! What reads well and can never match, or matches what nobody meant: paths of a shell, URIs, stray blanks.

use super::Reader;
use crate::glob::Symbol;
use crate::tree::Node;

/// Names of the environment that stand for a home directory.
const HOMES: [&str; 5] = ["$HOME", "${HOME}", "%USERPROFILE%", "%HOMEPATH%", "$env:USERPROFILE"];

impl Reader<'_> {
    /// True if the path pattern can be used. What can never match is an error, what may be meant is a warning.
    pub(super) fn path_is_sound(&mut self, node: &Node, pattern: &[Symbol]) -> bool {
        let text: String = pattern.iter().map(|symbol| symbol.character).collect();
        let written = node.scalar().unwrap_or_default().trim();
        let home = HOMES.iter().find(|home| starts_with(written, home));
        if let Some(home) = home {
            let rest = written.get(home.len()..).unwrap_or_default().replace('\\', "/");
            let help = format!("write `~{rest}`");
            self.wrong(
                node,
                format!("`{home}` is not filled in here, so the path `{text}` matches nothing"),
                help,
            );
            return false;
        }
        let uri =
            text.trim_start().split_once(':').filter(|(scheme, _)| scheme.len() > 1 && is_scheme(scheme));
        if let Some((scheme, rest)) = uri {
            let (message, help) = match scheme.eq_ignore_ascii_case("file") {
                true => {
                    let path = format!("/{}", rest.trim_start_matches('/'));
                    ("values are read as paths first".to_owned(), format!("write `{path}`"))
                }
                false => ("it is no path".to_owned(), "match it with `url`, `glob` or `prefix`".to_owned()),
            };
            self.wrong(node, format!("a URI in the path `{text}` matches nothing: {message}"), help);
            return false;
        }
        if text != text.trim() {
            self.blanks(node, "the path", &text);
        }
        let before = std::iter::once(None).chain(pattern.iter().map(Some));
        if before
            .zip(pattern)
            .any(|(before, symbol)| symbol.is('$') && !before.is_some_and(|before| before.is('[')))
        {
            let help = "declare it under `vars` and write `${name}`; `[$]` is the character itself";
            let message =
                format!("`$` in the path `{text}` is a character, not a variable of the environment");
            self.warn("shell-variable", &node.span, message, Some(help.to_owned()));
        }
        self.path_is_doubtful(node, &text);
        if encoded(&text) {
            let help = "write the character itself; values are decoded before they are compared";
            let message = format!("an encoded character in the path `{text}` is compared as it stands");
            self.warn("encoded-character", &node.span, message, Some(help.to_owned()));
        }
        true
    }

    /// Blanks at the ends of a pattern, which no value that people type has.
    pub(super) fn blanks(&mut self, node: &Node, what: &str, text: &str) {
        if text.trim() != text {
            let message = format!("{what} `{text}` begins or ends with a blank, which is compared too");
            self.warn("stray-blank", &node.span, message, Some(format!("write `{}`", text.trim())));
        }
    }

    /// `args: { args.path: … }` asks for an argument `args` with a member `path`.
    pub(super) fn key_is_doubtful(&mut self, key: &Node, name: &str) {
        let inner = name.strip_prefix("args.").or(name.strip_prefix("arguments."));
        if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
            let message = format!("the key `{name}` names a member `{inner}` of an argument of that name");
            self.warn(
                "nested-argument",
                &key.span,
                message,
                Some(format!("inside of `args` the argument is called `{inner}`")),
            );
        }
        if inner.is_none() {
            self.key_is_otherwise(key, name);
        }
        self.blanks(key, "the key", name);
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    let (Some(start), rest) = (text.get(..prefix.len()), text.get(prefix.len()..).unwrap_or_default()) else {
        return false;
    };
    start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with(['/', '\\']))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// `%2e` and the like.
fn encoded(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| {
        let digits = text.get(at.saturating_add(1)..at.saturating_add(3)).unwrap_or_default();
        digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
