//! Numbers with check digits or ranges: cards (ISO/IEC 7812), accounts (ISO 13616), social security, telephone.

mod parts;

use std::ops::Range;

use super::Found;
use crate::guard::Level;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let word = |place: Option<usize>| {
        let byte = place.and_then(|at| bytes.get(at));
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let (mut at, mut continued) = (0, false);
    while let Some(start) = next_start(bytes, at) {
        let (run, next) = Run::read(bytes, start);
        let glued = (continued || word(start.checked_sub(1)), next.is_some() || word(Some(run.span.end)));
        let near = text.get(text.floor_char_boundary(start.saturating_sub(40))..start).unwrap_or_default();
        let whole = if glued == (false, false) { judge(&run, near, bytes) } else { None };
        match whole {
            Some((code, level)) => found.push((code, run.span.clone(), level)),
            None => parts::find(&run, glued, bytes, found),
        }
        continued = next.is_some();
        at = next.unwrap_or(run.span.end).max(start + 1);
    }
    accounts(text, found);
}

/// Digits with single separators between them.
struct Run {
    digits: String,
    span: Range<usize>,
    /// The separators in their order, `#` for a digit.
    shape: String,
}

/// A longer row of digits and separators is read in pieces.
const RUN_BYTES_MAX: usize = 512;
/// Pieces overlap by so much, which no number with what stands beside it is longer than.
const RUN_OVERLAP_BYTES: usize = 48;

fn next_start(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let found = rest.iter().position(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'('))?;
    Some(at + found)
}

impl Run {
    /// The run at `start`; if it is longer than one piece, also where the next one begins.
    fn read(bytes: &[u8], start: usize) -> (Run, Option<usize>) {
        let mut digits = String::new();
        let mut shape = String::new();
        let mut end = start;
        let mut at = start;
        while let Some(byte) = bytes.get(at).copied() {
            let sign = match byte {
                b'0'..=b'9' => '#',
                b'+' if at == start => '+',
                b'(' if digits.len() <= 3 && !shape.contains('(') => '(',
                b')' if shape.contains('(') && !shape.contains(')') => ')',
                b' ' | b'-' | b'.' if !shape.ends_with([' ', '-', '.']) || shape.ends_with(") ") => {
                    char::from(byte)
                }
                _ => break,
            };
            if sign == '#' {
                digits.push(char::from(byte));
                end = at + 1;
            }
            shape.push(sign);
            at += 1;
            if shape.len() >= RUN_BYTES_MAX && sign != '#' {
                break;
            }
        }
        let cut = shape.len() >= RUN_BYTES_MAX && bytes.get(at).is_some_and(u8::is_ascii_digit);
        shape.truncate(end.saturating_sub(start));
        let run = Run { digits, span: start..end.max(start + 1), shape };
        let next =
            || run.groups().map(|group| start + group.start).find(|from| from + RUN_OVERLAP_BYTES >= end);
        let next = if cut { next().filter(|next| *next > start) } else { None };
        (run, next)
    }

    /// Where its digits stand in a row, from its start on.
    fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = self.shape.get(at..)?;
            let start = at + rest.find('#')?;
            let rest = self.shape.get(start..)?;
            at = start + rest.find(|sign| sign != '#').unwrap_or(rest.len());
            Some(start..at)
        })
    }
}

fn judge(run: &Run, near: &str, bytes: &[u8]) -> Option<(&'static str, Level)> {
    if is_card(run) {
        return Some(("card-number", Level::Certain));
    }
    if is_social(run, bytes) {
        return Some(("social-security-number", Level::Certain));
    }
    is_phone(run, near).then_some(("phone-number", Level::Possible))
}

/// Thirteen to nineteen digits of a known issuer, in groups of four or none, whose check digit is right.
fn is_card(run: &Run) -> bool {
    let digits = run.digits.as_str();
    let number = |length: usize| digits.get(..length).and_then(|head| head.parse::<u32>().ok()).unwrap_or(0);
    let issuer = match digits.len() {
        15 => matches!(number(2), 34 | 37),
        14 => matches!(number(2), 36 | 38) || (300..=305).contains(&number(3)),
        13 | 19 => number(1) == 4,
        16 => {
            number(1) == 4
                || (51..=55).contains(&number(2))
                || (2_221..=2_720).contains(&number(4))
                || matches!(number(4), 6_011)
                || (644..=659).contains(&number(3))
                || (3_528..=3_589).contains(&number(4))
        }
        _ => false,
    };
    let separators: Vec<char> = run.shape.chars().filter(|c| *c != '#').collect();
    let plain = separators.is_empty()
        || (separators.len() <= 4
            && separators.windows(2).all(|pair| pair.first() == pair.last())
            && matches!(separators.first(), Some(' ' | '-')));
    let known = TEST_CARDS.contains(&digits);
    let varied = || digits.bytes().collect::<std::collections::BTreeSet<u8>>().len() > 3;
    issuer && plain && !known && luhn(digits) && varied()
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if at % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Numbers that payment services publish for tests.
const TEST_CARDS: &[&str] = &[
    "4242424242424242",
    "4111111111111111",
    "5555555555554444",
    "4000056655665556",
    "5105105105105100",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "4012888888881881",
    "4222222222222",
    "3530111333300000",
    "5200828282828210",
    "2223003122003222",
    "4000000000000002",
];

/// How social security numbers are written.
const SOCIAL: &str = "###-##-####";

/// `ddd-dd-dddd` outside of the ranges that were never given out (SSA, since 2011).
fn is_social(run: &Run, bytes: &[u8]) -> bool {
    let area = run.digits.get(..3).and_then(|area| area.parse::<u32>().ok()).unwrap_or(0);
    let longer = bytes.get(run.span.end).is_some_and(|byte| matches!(byte, b'-' | b'.'))
        && bytes.get(run.span.end + 1).is_some_and(u8::is_ascii_digit);
    run.shape == SOCIAL
        && area != 0
        && area != 666
        && area < 900
        && run.digits.get(3..5) != Some("00")
        && run.digits.get(5..) != Some("0000")
        && !longer
        && !matches!(run.digits.as_str(), "078051120" | "219099999" | "123456789")
}

/// An international number, or a North American one in its usual forms.
fn is_phone(run: &Run, near: &str) -> bool {
    let count = run.digits.len();
    if run.shape.starts_with('+') {
        return (9..=15).contains(&count)
            && !run.shape.contains('.')
            && run.digits.as_bytes().first() != Some(&b'0');
    }
    let american = matches!(run.shape.as_str(), "(###) ###-####" | "(###)###-####");
    let plain = matches!(
        run.shape.as_str(),
        "###-###-####" | "### ### ####" | "###.###.####" | "0#### ######" | "##########"
    );
    let lower = near.to_ascii_lowercase();
    let said = ["phone", "tel", "call", "mobile", "fax", "cell"].iter().any(|word| lower.contains(word));
    let area = run.digits.as_bytes().first().is_some_and(|first| *first >= b'2');
    (american || plain && said) && count == 10 && area && !run.digits.contains("555123")
}

/// Two letters, two check digits, and as many letters and digits as the country has.
fn accounts(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) =
        bytes.get(at..).and_then(|rest| rest.windows(4).position(is_head)).map(|found| at + found)
    {
        at = start + 1;
        if start.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let country = text.get(start..start + 2).unwrap_or_default();
        let Some((_, length)) = LENGTHS.iter().find(|(code, _)| *code == country) else { continue };
        let mut value = String::new();
        let mut end = start;
        for (offset, byte) in bytes.get(start..).unwrap_or_default().iter().enumerate().take(length * 2) {
            if value.len() == *length {
                break;
            }
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' => {
                    value.push(char::from(*byte));
                    end = start + offset + 1;
                }
                b' ' | b'-' if value.len() >= 4 => {}
                _ => break,
            }
        }
        let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if value.len() == *length && ends && remainder(&value) == 1 && !EXAMPLES.contains(&value.as_str()) {
            found.push(("iban", start..end, Level::Certain));
            at = end;
        }
    }
}

fn is_head(head: &[u8]) -> bool {
    matches!(head, [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// The remainder by 97 of the number with the head at its end (ISO 7064).
fn remainder(value: &str) -> u32 {
    let (head, tail) = value.split_at(4);
    tail.chars().chain(head.chars()).fold(0, |sum, character| {
        let digit = character.to_digit(36).unwrap_or(0);
        if digit > 9 { (sum * 100 + digit) % 97 } else { (sum * 10 + digit) % 97 }
    })
}

/// The examples of the registry, which documents repeat.
const EXAMPLES: &[&str] = &[
    "GB29NWBK60161331926819",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
];

/// Lengths by country, of the registry of SWIFT.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("XK", 20),
];
