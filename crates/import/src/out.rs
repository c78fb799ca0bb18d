//! YAML that people like to read: short values in one line, long ones below each other.

use std::fmt::Write as _;

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Out {
    /// A word of the language or a number, which needs no quotes.
    Word(String),
    /// Anything; quoted where it must be.
    Text(String),
    List(Vec<Out>),
    Map(Vec<(String, Out)>),
    /// An expression: its parts, joined by `&&`.
    If(Vec<String>),
}

impl Out {
    pub(crate) fn word(word: impl Into<String>) -> Out {
        Out::Word(word.into())
    }

    pub(crate) fn text(text: impl Into<String>) -> Out {
        Out::Text(text.into())
    }

    /// One text alone, or a list of them.
    pub(crate) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Out {
        let mut texts: Vec<Out> = texts.into_iter().map(Out::text).collect();
        if texts.len() == 1 { texts.remove(0) } else { Out::List(texts) }
    }

    pub(crate) fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Out)>) -> Out {
        Out::Map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// In one line.
    pub(crate) fn flow(&self) -> String {
        match self {
            Out::Word(word) => word.clone(),
            Out::Text(text) => quoted(text),
            Out::List(items) => {
                format!("[{}]", items.iter().map(Out::flow).collect::<Vec<_>>().join(", "))
            }
            Out::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", quoted(key), value.flow()));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }
            Out::If(parts) => quoted(&parts.join(" && ")),
        }
    }

    /// Appends `key: value`, indented by `indent`, and a line end.
    pub(crate) fn write(&self, key: &str, indent: usize, out: &mut String) {
        let flow = self.flow();
        let margin = " ".repeat(indent);
        let short = indent.saturating_add(key.len()).saturating_add(flow.len()) <= WIDTH;
        // In a folded block nothing is escaped.
        let escaped = matches!(self, Out::If(_)) && flow.contains('\\');
        if (short && !escaped) || matches!(self, Out::Word(_) | Out::Text(_)) {
            let _ = writeln!(out, "{margin}{}: {flow}", quoted(key)); // a String takes everything
            return;
        }
        let inner = indent.saturating_add(2);
        match self {
            Out::List(items) => {
                let _ = writeln!(out, "{margin}{}:", quoted(key));
                for item in items {
                    let _ = writeln!(out, "{margin}  - {}", item.flow());
                }
            }
            Out::Map(pairs) => {
                let _ = writeln!(out, "{margin}{}:", quoted(key));
                pairs.iter().for_each(|(key, value)| value.write(key, inner, out));
            }
            // Folded: the lines are one line again.
            Out::If(parts) if parts.iter().all(|part| plain_line(part)) => {
                let _ = writeln!(out, "{margin}{}: >-", quoted(key));
                let _ = writeln!(out, "{margin}  {}", parts.join(&format!("\n{margin}  && ")));
            }
            Out::If(_) | Out::Word(_) | Out::Text(_) => {
                let _ = writeln!(out, "{margin}{}: {flow}", quoted(key));
            }
        }
    }
}

/// Longest line that is not broken.
const WIDTH: usize = 118;

fn plain_line(text: &str) -> bool {
    !text.starts_with(' ') && !text.ends_with(' ') && text.chars().all(is_plain_character)
}

fn is_plain_character(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// As it is, if YAML reads it as this text everywhere; in double quotes otherwise.
pub(crate) fn quoted(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_key = matches!(text, "on");
    if first && text.chars().all(word) && (is_key || !reserved.contains(&text.to_ascii_lowercase().as_str()))
    {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            plain if is_plain_character(plain) => out.push(plain),
            other => {
                let code = u32::from(other);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// A comment's text: one line without anything that could end it.
pub(crate) fn comment(text: &str) -> String {
    text.chars().map(|character| if is_plain_character(character) { character } else { ' ' }).collect()
}
