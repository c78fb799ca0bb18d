//! A condition as tokens, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Fault;
use crate::words::nearest;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Integer(i64),
    Double(f64),
    /// `pattern` is the text with what variables stand for escaped, for regular expressions.
    Text {
        text: String,
        pattern: String,
    },
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// Longest first: `<=` is not `<` and `=`.
const SIGNS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ".",
    "?", ":",
];

/// What stands in a text and means something else there.
const MISTAKES: [(&str, &str); 6] = [
    ("=", "write `==`"),
    ("&", "write `&&`"),
    ("|", "write `||`"),
    ("{", "there are no maps; compare member by member"),
    ("}", "there are no maps; compare member by member"),
    ("`", "quote texts with `'` or `\"`"),
];

/// Splits `text`; `vars` is what `${name}` inside of a quoted text stands for.
///
/// # Errors
/// The first thing that is no token.
pub(super) fn tokens(
    text: &str,
    vars: &BTreeMap<String, String>,
) -> Result<Vec<(Token, Range<usize>)>, Fault> {
    let mut lexer = Lexer { text, at: 0, vars };
    let mut out = Vec::new();
    loop {
        lexer.blanks();
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        out.push((token, start..lexer.at));
        if end {
            return Ok(out);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    vars: &'t BTreeMap<String, String>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    /// White space, and comments to the end of their line.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.skip(rest.len().saturating_sub(trimmed.len()));
            if !trimmed.starts_with("//") {
                return;
            }
            self.skip(trimmed.find('\n').unwrap_or(trimmed.len()));
        }
    }

    fn fault<T>(&self, span: Range<usize>, message: impl Into<String>, help: &str) -> Result<T, Fault> {
        Err(Fault { span, message: message.into(), help: Some(help.to_owned()) })
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let rest = self.rest();
        let mut characters = rest.chars();
        let Some(first) = characters.next() else { return Ok(Token::End) };
        let second = characters.next();
        if matches!(first, 'r' | 'R') && matches!(second, Some('"' | '\'')) {
            self.skip(1);
            return self.quoted(true);
        }
        if matches!(first, '"' | '\'') {
            return self.quoted(false);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return self.name();
        }
        let fraction = first == '.' && second.is_some_and(|second| second.is_ascii_digit());
        if first.is_ascii_digit() || fraction {
            return self.number();
        }
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.skip(sign.len());
            return Ok(Token::Sign(sign));
        }
        let span = self.at..self.at.saturating_add(first.len_utf8());
        let help = MISTAKES.iter().find(|(sign, _)| rest.starts_with(sign)).map(|(_, help)| *help);
        self.fault(
            span,
            format!("`{}` is not part of a condition", first.escape_debug()),
            help.unwrap_or("quote texts with `'` or `\"`"),
        )
    }

    fn name(&mut self) -> Result<Token, Fault> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let start = self.at;
        self.skip(end);
        let name = rest.get(..end).unwrap_or_default();
        if matches!(name, "b" | "B" | "br" | "rb") && self.rest().starts_with(['"', '\'']) {
            return self.fault(start..self.at, "there are no bytes here", "leave the letter out");
        }
        Ok(Token::Name(name.to_owned()))
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut end = 0;
        while let Some(byte) = bytes.get(end) {
            let exponent = end > 0
                && matches!(bytes.get(end.saturating_sub(1)), Some(b'e' | b'E'))
                && !rest.starts_with("0x");
            let inside = byte.is_ascii_alphanumeric()
                || *byte == b'_'
                // `1.` is a number and a dot; `1.5` is a number.
                || (*byte == b'.' && bytes.get(end.saturating_add(1)).is_some_and(u8::is_ascii_digit))
                || (exponent && matches!(byte, b'+' | b'-'));
            if !inside {
                break;
            }
            end = end.saturating_add(1);
        }
        let span = self.at..self.at.saturating_add(end);
        self.skip(end);
        let written = rest.get(..end).unwrap_or_default();
        let hexadecimal = written.strip_prefix("0x").or(written.strip_prefix("0X"));
        if let Some(digits) = hexadecimal.filter(|digits| !digits.starts_with(['+', '-'])) {
            if let Ok(integer) = i64::from_str_radix(digits, 16) {
                return Ok(Token::Integer(integer));
            }
        } else if written.bytes().all(|byte| byte.is_ascii_digit()) {
            match written.parse() {
                Ok(integer) => return Ok(Token::Integer(integer)),
                Err(_) => {
                    return self.fault(
                        span,
                        format!("`{written}` is too large"),
                        "whole numbers are below 2^63",
                    );
                }
            }
        } else if !written.contains('_')
            && let Some(double) = written.parse::<f64>().ok().filter(|double| double.is_finite())
        {
            return Ok(Token::Double(double));
        }
        self.fault(span, format!("`{written}` is not a number"), "write `10`, `1.5`, `2e3` or `0x1f`")
    }

    /// A quoted text; the opening quote is next.
    fn quoted(&mut self, raw: bool) -> Result<Token, Fault> {
        let start = self.at;
        let quote = if self.rest().starts_with('"') { '"' } else { '\'' };
        if self.rest().starts_with(if quote == '"' { "\"\"\"" } else { "'''" }) {
            return self.fault(start..start.saturating_add(3), "a text in three quotes", "write one quote");
        }
        self.skip(1);
        let (mut text, mut pattern) = (String::new(), String::new());
        loop {
            let rest = self.rest();
            let Some(next) = rest.chars().next() else {
                return self.fault(
                    start..self.at,
                    "a text that does not end",
                    &format!("close it with `{quote}`"),
                );
            };
            if next == quote {
                self.skip(1);
                return Ok(Token::Text { text, pattern });
            }
            if rest.starts_with("$${") {
                self.skip(3);
                text.push_str("${");
                pattern.push_str("${");
            } else if let Some(behind) = rest.strip_prefix("${") {
                self.variable(behind, (&mut text, &mut pattern))?;
            } else if next == '\\' && !raw {
                let character = self.escape()?;
                text.push(character);
                pattern.push(character);
            } else {
                self.skip(next.len_utf8());
                text.push(next);
                pattern.push(next);
            }
        }
    }

    fn variable(&mut self, behind: &str, (text, pattern): (&mut String, &mut String)) -> Result<(), Fault> {
        let start = self.at;
        let Some((name, _)) = behind.split_once('}') else {
            let help = "write `$${` for the characters themselves";
            return self.fault(start..start.saturating_add(2), "`${` without `}`", help);
        };
        self.skip(name.len().saturating_add(3));
        let Some(value) = self.vars.get(name) else {
            let help = match nearest(name, self.vars.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `${{{near}}}`?"),
                None => "declare it under `vars` of this file".to_owned(),
            };
            return self.fault(start..self.at, format!("unknown variable `{name}`"), &help);
        };
        text.push_str(value);
        for character in value.chars() {
            if character.is_ascii_punctuation() {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let behind = self.text.get(start.saturating_add(1)..).unwrap_or_default();
        let letter = behind.chars().next().unwrap_or_default();
        let (digits, radix, skipped): (usize, u32, usize) = match letter {
            'x' | 'X' => (2, 16, 1),
            'u' => (4, 16, 1),
            'U' => (8, 16, 1),
            '0'..='3' => (3, 8, 0),
            _ => {
                let plain = match letter {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'v' => '\u{b}',
                    '\\' | '\'' | '"' | '`' | '?' => letter,
                    _ => return self.wrong_escape(start, letter),
                };
                self.skip(2);
                return Ok(plain);
            }
        };
        let code = behind.get(skipped..digits.saturating_add(skipped));
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let found = code.and_then(|code| u32::from_str_radix(code, radix).ok()).and_then(char::from_u32);
        match found {
            Some(character) => {
                self.skip(digits.saturating_add(skipped).saturating_add(1));
                Ok(character)
            }
            None => self.wrong_escape(start, letter),
        }
    }

    fn wrong_escape<T>(&self, start: usize, letter: char) -> Result<T, Fault> {
        let end = start.saturating_add(1).saturating_add(letter.len_utf8()).min(self.text.len());
        self.fault(
            start..end,
            format!("`\\{}` is not an escape", letter.escape_debug()),
            "write `\\\\` for a backslash, or begin the text with `r` as in r\"a\\.b\"",
        )
    }
}
