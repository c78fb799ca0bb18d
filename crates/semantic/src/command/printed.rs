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
        let Some(text) = unescape(&all, Octal::BehindZero).written() else { return Vec::new() };
        out.push(text);
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
            out.push_str(&printed(text)?);
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
        out.push_str(&printed(rest)?);
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

/// What a format without fields stands for; some shells keep the backslash before a quote.
fn printed(format: &str) -> Option<String> {
    let differs = ["\\'", "\\\"", "\\?"].iter().any(|sign| format.contains(sign));
    if differs { None } else { unescape(format, Octal::Three).written() }
}

/// Most times that a format is used for more values.
const ROUNDS_MAX: usize = 64;

/// What backslashes make of a text.
#[derive(Debug, Default)]
pub(super) struct Unescaped {
    /// There may be a NUL among them, which ends what `$'…'` stands for, and which shells drop from what they read.
    bytes: Vec<u8>,
    /// Not every program that knows the escapes reads these in the same way.
    odd: bool,
}

impl Unescaped {
    /// What `$'…'` stands for, and whether shells agree.
    pub(super) fn quoted(&self) -> (String, bool) {
        let end = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(self.bytes.len());
        let text = self.bytes.get(..end).unwrap_or_default();
        let behind = end.saturating_add(1) < self.bytes.len();
        (String::from_utf8_lossy(text).into_owned(), !self.odd && !behind)
    }

    /// What is written for a shell to read. `None`: that differs.
    fn written(self) -> Option<String> {
        let kept = self.bytes.into_iter().filter(|byte| *byte != 0).collect::<Vec<u8>>();
        (!self.odd).then(|| String::from_utf8_lossy(&kept).into_owned())
    }
}

/// The escapes of `$'…'`, which `echo -e` and `printf` share.
pub(super) fn unescape(text: &str, octal: Octal) -> Unescaped {
    let mut out = Unescaped { bytes: Vec::with_capacity(text.len()), odd: false };
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match rest.split_first() {
            Some((letter, behind)) if *byte == b'\\' => rest = out.escape(*letter, behind, octal),
            _ => out.bytes.push(*byte),
        }
    }
    out
}

impl Unescaped {
    /// One escape; `rest` stands behind its letter. Gives what is left.
    fn escape<'t>(&mut self, letter: u8, rest: &'t [u8], octal: Octal) -> &'t [u8] {
        let number = match letter {
            b'x' => {
                self.odd |= rest.starts_with(b"{");
                digits(rest, 16, 2)
            }
            b'u' => digits(rest, 16, 4),
            b'U' => digits(rest, 16, 8),
            b'0' if octal == Octal::BehindZero => Some(digits(rest, 8, 3).unwrap_or((0, rest))),
            b'0'..=b'7' if octal == Octal::Three => {
                let first = u32::from(letter.saturating_sub(b'0'));
                let (more, behind) = digits(rest, 8, 2).unwrap_or((0, rest));
                let shift = [1, 8, 64].get(rest.len().saturating_sub(behind.len())).copied().unwrap_or(1);
                Some((first.saturating_mul(shift).saturating_add(more), behind))
            }
            _ => None,
        };
        if let Some((number, behind)) = number {
            self.number(number, matches!(letter, b'u' | b'U'));
            return behind;
        }
        let control = match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 0x07,
            b'b' => 0x08,
            b'e' | b'E' => 0x1b,
            b'f' => 0x0c,
            b'v' => 0x0b,
            b'\\' => b'\\',
            b'\'' | b'"' | b'?' => letter,
            b'c' => return self.control(rest),
            other => {
                self.bytes.push(b'\\');
                other
            }
        };
        self.bytes.push(control);
        rest
    }

    /// A character by its number; without `wide` one byte, which is what its lower bits say.
    fn number(&mut self, number: u32, wide: bool) {
        if !wide {
            let [.., low] = number.to_be_bytes();
            self.odd |= number > 0xff;
            return self.bytes.push(low);
        }
        match char::from_u32(number) {
            Some(character) => self.bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            None => self.odd = true,
        }
    }

    /// `\cX`: a control character, or the end of all that is written.
    fn control<'t>(&mut self, rest: &'t [u8]) -> &'t [u8] {
        self.odd = true;
        let Some((letter, behind)) = rest.split_first() else { return rest };
        self.bytes.push(if *letter == b'?' { 0x7f } else { *letter & 0x1f });
        behind
    }
}

/// The number at the start, of at most so many digits, and what is behind it.
fn digits(text: &[u8], radix: u32, most: usize) -> Option<(u32, &[u8])> {
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let length = text.iter().take(most).take_while(is_digit).count();
    let (number, behind) = text.split_at_checked(length)?;
    let number =
        std::str::from_utf8(number).ok().and_then(|number| u32::from_str_radix(number, radix).ok())?;
    Some((number, behind))
}
