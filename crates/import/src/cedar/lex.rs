//! Tokens of Cedar.

use super::Wrong;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    /// As it is, and as a pattern of `like`, where `*` that are escaped are marked by a NUL before them.
    Text(String, String),
    Number(i64),
    Sign(&'static str),
    End,
}

/// A token with where it begins and how long it is.
pub(super) type Placed = (Token, usize, usize);

const SIGNS: [&str; 27] = [
    "::", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "(", ")", "{", "}", "[", "]", ",", ";", ".", "!",
    "@", "+", "-", "*", "?", "=", ":", "%",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Wrong> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            let (token, length) = token(rest, first).map_err(|message| Wrong {
                at,
                length: 1,
                message,
                help: "see Cedar's grammar".to_owned(),
            })?;
            if out.len() >= TOKENS_MAX {
                let message = format!("more than {TOKENS_MAX} words");
                return Err(Wrong { at, length, message, help: "split the file".to_owned() });
            }
            out.push((token, at, length));
            length
        };
        at = at.saturating_add(length.max(1));
    }
    out.push((Token::End, text.len(), 0));
    Ok(out)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), String> {
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        return Ok((Token::Name(rest.get(..length).unwrap_or_default().to_owned()), length));
    }
    if first.is_ascii_digit() {
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest.get(..length).and_then(|digits| digits.parse().ok());
        return number
            .map(|number| (Token::Number(number), length))
            .ok_or_else(|| "a number out of range".to_owned());
    }
    if first == '"' {
        return text(rest);
    }
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    sign.map(|sign| (Token::Sign(sign), sign.len())).ok_or_else(|| format!("unexpected `{first}`"))
}

fn text(rest: &str) -> Result<(Token, usize), String> {
    let (mut plain, mut pattern) = (String::new(), String::new());
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        let meant = match character {
            '"' => return Ok((Token::Text(plain, pattern), at.saturating_add(1))),
            '\\' => match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, 'r')) => '\r',
                Some((_, 't')) => '\t',
                Some((_, '*')) => {
                    plain.push('*');
                    pattern.push_str("\0*");
                    continue;
                }
                Some((_, same @ ('"' | '\'' | '\\'))) => same,
                _ => return Err("an escape that is not read here".to_owned()),
            },
            '\0' => return Err("a NUL character".to_owned()),
            other => other,
        };
        plain.push(meant);
        pattern.push(meant);
    }
    Err("a text without an end".to_owned())
}

/// Most tokens of one text.
const TOKENS_MAX: usize = 200_000;
