//! Pieces of `if`, and what is an expression here.

use regex_automata::meta::Regex;

use crate::fnmatch::Pattern;

/// A text as a literal of an expression.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("'");
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() || matches!(other, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(other)));
            }
            other => out.push(other),
        }
    }
    // In a text `${` begins a variable.
    out = out.replace("${", "$${");
    out.push('\'');
    out
}

/// The argument at `path`, with the tests that it is there.
pub(crate) fn argument(path: &[&str]) -> (Vec<String>, String) {
    let mut at = String::from("args");
    let mut there = Vec::new();
    for name in path {
        if is_name(name) {
            at.push('.');
            at.push_str(name);
        } else {
            at.push_str(&format!("[{}]", quote(name)));
        }
        there.push(format!("has({at})"));
    }
    (there, at)
}

/// True if expressions can write `.name`.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && ![
            "in",
            "true",
            "false",
            "null",
            "as",
            "break",
            "const",
            "continue",
            "else",
            "for",
            "function",
            "if",
            "import",
            "let",
            "loop",
            "package",
            "namespace",
            "return",
            "var",
            "void",
            "while",
        ]
        .contains(&name)
}

/// True if the key can stand in `args` as it is.
pub(crate) fn is_plain_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with("args.")
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Whether the tool is one of these; `None` where it always is.
pub(crate) fn tool_is(tools: &[Pattern]) -> Option<String> {
    if tools.iter().any(Pattern::is_any) {
        return None;
    }
    let names: Option<Vec<String>> = tools.iter().map(Pattern::literal).collect();
    Some(match names.as_deref() {
        Some([name]) => format!("tool == {}", quote(name)),
        Some(names) => {
            format!("tool in [{}]", names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", "))
        }
        None => {
            let all: Vec<String> = tools.iter().map(Pattern::expression).collect();
            format!("tool.matches({})", quote(&all.join("|")))
        }
    })
}

/// Texts joined by `||`, in brackets where there are several.
pub(crate) fn any(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        parts => format!("({})", parts.join(" || ")),
    }
}

/// # Errors
/// Why it is no regular expression here.
pub(crate) fn valid(expression: &str) -> Result<(), String> {
    if expression.len() > EXPRESSION_BYTES_MAX {
        return Err(format!("longer than {EXPRESSION_BYTES_MAX} bytes"));
    }
    let config = Regex::config().nfa_size_limit(Some(SIZE_MAX));
    Regex::builder().configure(config).build(expression).map(|_| ()).map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(below) = cause.source() {
            cause = below;
        }
        let text = cause.to_string();
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

/// Longest expression.
const EXPRESSION_BYTES_MAX: usize = 2_000;
/// Largest compiled expression, in bytes.
const SIZE_MAX: usize = 1 << 20;
/// Longest condition that is written; the language takes more.
pub(crate) const CONDITION_BYTES_MAX: usize = 7_000;
