//! From a node of YAML to JSON text.

use crate::read::units::number;
use crate::read::{Reader, TRAPS, is_numeric};
use crate::tree::{Form, Node};

impl Reader<'_> {
    /// Appends `node` as JSON. What one reader of YAML takes for a text and another for something else is a problem.
    pub(super) fn json(&mut self, node: &Node, out: &mut String) {
        match &node.form {
            Form::Scalar { text, plain: false } => text_as_json(text, out),
            Form::Scalar { text, plain: true } => self.plain(node, text, out),
            Form::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    self.json(item, out);
                }
                out.push(']');
            }
            Form::Map(pairs) => {
                out.push('{');
                for (index, (key, value)) in pairs.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    text_as_json(key.scalar().unwrap_or_default(), out);
                    out.push(':');
                    self.json(value, out);
                }
                out.push('}');
            }
        }
    }

    fn plain(&mut self, node: &Node, text: &str, out: &mut String) {
        match text {
            "true" | "false" | "null" => out.push_str(text),
            "" | "~" => out.push_str("null"),
            word if number(word).is_some() => out.push_str(word),
            word if TRAPS.contains(&word.to_ascii_lowercase().as_str()) || is_numeric(word) => {
                let message =
                    format!("`{word}` is a text to some readers of YAML and something else to others");
                self.wrong(node, message, format!("quote it (`\"{word}\"`), or write it as JSON does"));
            }
            word => text_as_json(word, out),
        }
    }
}

pub(crate) fn text_as_json(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
