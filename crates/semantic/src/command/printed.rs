//! What `echo` and `printf` write.

use super::{Simple, Word};

/// How a character by its octal number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Octal {
    /// `\nnn`
    Three,
    /// `\0nnn`
    BehindZero,
}

/// What it may write: shells differ in what `echo` does with backslashes. Nothing: that is not known.
pub(super) fn written(simple: &Simple) -> Vec<String> {
    let Some(name) = simple.names().next() else { return Vec::new() };
    let known = |word: &Word| word.unknown.is_none() && !word.glob && word.others.is_empty();
    if !simple.arguments().iter().all(known) || !simple.redirects.is_empty() {
        return Vec::new();
    }
    let words: Vec<&str> = simple.arguments().iter().map(|word| word.text.as_str()).collect();
    let mut texts = match name.as_str() {
        "echo" => echo(&words),
        "printf" => printf(&words).into_iter().collect(),
        _ => Vec::new(),
    };
    for text in &mut texts {
        text.truncate(text.trim_end_matches('\n').len());
    }
    texts
}

fn echo(words: &[&str]) -> Vec<String> {
    let is_option = |word: &&&str| {
        word.len() > 1 && word.starts_with('-') && word.bytes().skip(1).all(|b| b"neE".contains(&b))
    };
    let options = words.iter().take_while(is_option).count();
    let rest = words.get(options..).unwrap_or_default();
    let mut out = vec![rest.join(" ")];
    if rest.iter().any(|word| word.contains('\\')) {
        let all = rest.join(" ");
        let digit = |pair: &[u8]| matches!(pair, [b'\\', b'1'..=b'7']);
        if all.as_bytes().windows(2).any(digit) {
            return Vec::new();
        }
        out.push(unescape(&all, Octal::BehindZero));
    }
    if options > 0 {
        // A shell that knows no options but `-n` writes the others.
        out.push(words.join(" "));
    }
    out
}

/// `None`: with a field that is not read here.
fn printf(words: &[&str]) -> Option<String> {
    let words = match words {
        ["--", rest @ ..] => rest,
        [first, ..] if first.starts_with('-') => return None,
        words => words,
    };
    let (format, mut values) = words.split_first()?;
    let mut out = String::new();
    for _ in 0..ROUNDS_MAX {
        let before = values.len();
        let mut rest = *format;
        while let Some((text, field)) = rest.split_once('%') {
            out.push_str(&unescape(text, Octal::Three));
            let letter = field.chars().next()?;
            rest = field.get(letter.len_utf8()..)?;
            if letter == '%' {
                out.push('%');
                continue;
            }
            let value = values.first().copied().unwrap_or_default();
            values = values.get(1..).unwrap_or_default();
            match letter {
                's' => out.push_str(value),
                'b' if !value.contains('\\') => out.push_str(value),
                'd' | 'i' | 'u'
                    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0') =>
                {
                    out.push_str(value);
                }
                _ => return None,
            }
        }
        out.push_str(&unescape(rest, Octal::Three));
        if values.is_empty() {
            return Some(out);
        }
        if values.len() == before {
            // A format without fields does not take the values.
            return Some(out);
        }
    }
    None
}

/// Most times that a format is used for more values.
const ROUNDS_MAX: usize = 64;

/// The escapes of `$'…'`, which `echo -e` and `printf` share.
pub(super) fn unescape(text: &str, octal: Octal) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = behind.chars();
        let Some(first) = characters.next() else {
            out.push('\\');
            return out;
        };
        rest = characters.as_str();
        let digits = match first {
            'x' => Some((16, 2, rest)),
            'u' => Some((16, 4, rest)),
            'U' => Some((16, 8, rest)),
            '0' if octal == Octal::BehindZero => Some((8, 3, rest)),
            '0'..='7' if octal == Octal::Three => Some((8, 3, behind)),
            _ => None,
        };
        if let Some((radix, most, from)) = digits {
            let length = from.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
            let (number, behind) = from.split_at_checked(length).unwrap_or((from, ""));
            if let Some(character) = u32::from_str_radix(number, radix).ok().and_then(char::from_u32) {
                out.push(character);
                rest = behind;
                continue;
            }
        }
        match first {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'e' | 'E' => out.push('\u{1b}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            'c' => {
                let mut characters = rest.chars();
                characters.next();
                rest = characters.as_str();
            }
            '\\' | '\'' | '"' | '?' => out.push(first),
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(rest);
    out
}
