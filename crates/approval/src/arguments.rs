//! Arguments laid out for reading: JSON text to lines, one value each, strings decoded so that no escape hides a letter.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use crate::visible::{Text, suspicions, visible};

/// Hides secrets in a text; the rest stays as it is.
pub(crate) type Mask = dyn Fn(&str) -> String + Send;

/// Arguments ready to show: lines without control characters, and what in them may not be what it seems.
pub(crate) struct LaidOut {
    pub(crate) lines: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// Lays out a JSON text. What is not JSON is shown as it is: the reader sees all of it in any case.
pub(crate) fn lay_out(json: &str, mask: &Mask) -> LaidOut {
    let mut page = Page { lines: Vec::new(), line: String::new(), depth: 0, warnings: Vec::new() };
    let mut rest = json.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => {
                let text = mask(&decoded(&mut rest));
                page.string(&text, next_is(&mut rest, ':'));
            }
            '{' | '[' => {
                page.line.push(character);
                let closing = if character == '{' { '}' } else { ']' };
                if next_is(&mut rest, closing) {
                    rest.next();
                    page.line.push(closing);
                } else {
                    page.depth = page.depth.saturating_add(1);
                    page.line_break();
                }
            }
            '}' | ']' => {
                page.depth = page.depth.saturating_sub(1);
                page.line_break();
                page.line.push(character);
            }
            ',' => {
                page.line.push(',');
                page.line_break();
            }
            ':' => page.line.push_str(": "),
            ' ' | '\t' | '\r' | '\n' => {}
            other => page.line.push_str(&visible(other.encode_utf8(&mut [0; 4]))),
        }
    }
    page.line_break();
    LaidOut { lines: page.lines, warnings: page.warnings }
}

struct Page {
    lines: Vec<String>,
    line: String,
    depth: usize,
    warnings: Vec<String>,
}

impl Page {
    fn line_break(&mut self) {
        if !self.line.trim().is_empty() {
            self.lines.push(std::mem::take(&mut self.line));
        }
        self.line.clear();
        self.indent();
    }

    fn indent(&mut self) {
        if self.depth <= INDENT_MAX {
            self.line.push_str(&"  ".repeat(self.depth));
        } else {
            let _ = write!(self.line, "{}(depth {}) ", "  ".repeat(INDENT_MAX), self.depth);
        }
    }

    /// A string in quotes; where its text breaks the line, the page does, too.
    fn string(&mut self, text: &str, key: bool) {
        self.warnings.extend(suspicions(text, if key { Text::Name } else { Text::Content }));
        self.line.push('"');
        let mut plain = String::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' => plain.push_str("\\\""),
                '\\' => plain.push_str("\\\\"),
                '\n' => {
                    self.line.push_str(&visible(&plain));
                    plain.clear();
                    self.line.push_str("\\n");
                    if characters.peek().is_some() {
                        self.line_break();
                        self.line.push_str("  ");
                    }
                }
                other => plain.push(other),
            }
        }
        self.line.push_str(&visible(&plain));
        self.line.push('"');
    }
}

/// The text of a JSON string whose opening quote was read. An escape that JSON does not know is kept as it is.
fn decoded(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    let mut units: Vec<u16> = Vec::new();
    while let Some(character) = rest.next() {
        if character == '\\' && rest.peek() == Some(&'u') {
            rest.next();
            let digits: String =
                std::iter::from_fn(|| rest.next_if(char::is_ascii_hexdigit)).take(4).collect();
            match u16::from_str_radix(&digits, 16) {
                Ok(unit) if digits.len() == 4 => units.push(unit),
                _ => text.push_str(&format!("\\u{digits}")),
            }
            continue;
        }
        text.extend(
            char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        match character {
            '"' => return text,
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('b') => text.push('\u{8}'),
                Some('f') => text.push('\u{c}'),
                Some(same @ ('"' | '\\' | '/')) => text.push(same),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

fn next_is(rest: &mut Peekable<Chars<'_>>, wanted: char) -> bool {
    while rest.next_if(|character| matches!(character, ' ' | '\t' | '\r' | '\n')).is_some() {}
    rest.peek() == Some(&wanted)
}

/// Deeper levels are numbered instead of indented, or a deep value would fill the screen with spaces.
const INDENT_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        lay_out(json, &|text| text.replace("hunter2", "[secret]")).lines.join("\n")
    }

    #[test]
    fn arguments_are_laid_out() {
        for (json, lines) in [
            (
                r#"{"path":"/a","n":[1,-2.50e3,true,null],"o":{}, "l" : [ ] }"#,
                "{\n  \"path\": \"/a\",\n  \"n\": [\n    1,\n    -2.50e3,\n    true,\n    null\n  ],\n  \"o\": {},\n  \"l\": []\n}",
            ),
            (r#"{"t":"one\ntwo\n"}"#, "{\n  \"t\": \"one\\n\n    two\\n\"\n}"),
            (r#"{"c":"\u0072\u006d -\u202erf"}"#, "{\n  \"c\": \"rm -⟨U+202E⟩rf\"\n}"),
            (r#"{"e":"\ud83d\ude00 \ud83d!"}"#, "{\n  \"e\": \"😀 \u{fffd}!\"\n}"),
            (
                r#"{"q":"say \"no\", C:\\x","p":"hunt\u0065r2"}"#,
                "{\n  \"q\": \"say \\\"no\\\", C:\\\\x\",\n  \"p\": \"[secret]\"\n}",
            ),
            ("", ""),
            ("not \u{1b}json", "not⟨U+001B⟩json"),
            (r#"{"open":"never"#, "{\n  \"open\": \"never\""),
        ] {
            assert_eq!(shown(json), lines, "{json}");
        }
    }

    #[test]
    fn a_deep_value_stays_narrow() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let page = lay_out(&deep, &|text| text.to_owned());
        assert!(page.lines.iter().all(|line| line.len() < 60));
        assert!(page.lines.iter().any(|line| line.contains("(depth 5000) 1")));
    }

    #[test]
    fn keys_are_names_and_values_are_content() {
        let page = lay_out("{\"\u{441}\u{43e}\u{440}\":\"\u{441}\u{43e}\u{440}\"}", &|text| text.to_owned());
        assert_eq!(page.warnings.len(), 1);
    }
}
