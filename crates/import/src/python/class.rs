//! What stands behind a backslash, and between brackets.

use super::parse::Parser;
use super::tree::{Class, Item, Kind};

#[derive(Debug)]
pub(super) enum Escaped {
    Char(char),
    Kind(Kind, bool),
    TextStart,
    TextEnd,
    /// True: `\B`.
    Edge(bool),
    /// A reference to a group.
    Back,
}

/// What is behind a backslash that is already taken.
pub(super) fn escaped(parser: &mut Parser<'_>, in_class: bool) -> Result<Escaped, String> {
    let Some(character) = parser.next() else { return Err("a backslash at the end".to_owned()) };
    let found = match character {
        'w' => Escaped::Kind(Kind::Word, false),
        'W' => Escaped::Kind(Kind::Word, true),
        'd' => Escaped::Kind(Kind::Digit, false),
        'D' => Escaped::Kind(Kind::Digit, true),
        's' => Escaped::Kind(Kind::Space, false),
        'S' => Escaped::Kind(Kind::Space, true),
        'b' if in_class => Escaped::Char('\u{8}'),
        'b' => Escaped::Edge(false),
        'B' if !in_class => Escaped::Edge(true),
        'A' if !in_class => Escaped::TextStart,
        'Z' | 'z' if !in_class => Escaped::TextEnd,
        'a' => Escaped::Char('\u{7}'),
        'f' => Escaped::Char('\u{c}'),
        'n' => Escaped::Char('\n'),
        'r' => Escaped::Char('\r'),
        't' => Escaped::Char('\t'),
        'v' => Escaped::Char('\u{b}'),
        'x' => Escaped::Char(hex(parser, 2)?),
        'u' => Escaped::Char(hex(parser, 4)?),
        'U' => Escaped::Char(hex(parser, 8)?),
        digit if digit.is_ascii_digit() => return digits(parser, digit, in_class),
        letter if letter.is_ascii_alphabetic() => return Err(format!("`\\{letter}`")),
        other => Escaped::Char(other),
    };
    Ok(found)
}

fn hex(parser: &mut Parser<'_>, digits: usize) -> Result<char, String> {
    let run = parser.run(digits, |c| c.is_ascii_hexdigit());
    let code = if run.len() == digits { u32::from_str_radix(&run, 16).ok() } else { None };
    code.and_then(char::from_u32).ok_or_else(|| format!("`{run}` as the number of a character"))
}

/// Octal where it begins with 0, has three digits or stands in a class; a reference otherwise.
fn digits(parser: &mut Parser<'_>, first: char, in_class: bool) -> Result<Escaped, String> {
    let octal = |c: char| matches!(c, '0'..='7');
    let mut run = String::from(first);
    if first == '0' || in_class {
        run.push_str(&parser.run(2, octal));
    } else {
        run.push_str(&parser.run(1, |c| c.is_ascii_digit()));
        let third = parser.peek().filter(|c| octal(*c));
        match third {
            Some(third) if run.len() == 2 && run.chars().all(octal) => {
                parser.next();
                run.push(third);
            }
            _ => return Ok(Escaped::Back),
        }
    }
    let code = u32::from_str_radix(&run, 8).ok().filter(|code| *code <= 0o377);
    code.and_then(char::from_u32).map(Escaped::Char).ok_or_else(|| format!("`\\{run}`"))
}

/// A class whose bracket is already taken.
pub(super) fn class(parser: &mut Parser<'_>) -> Result<Class, String> {
    let mut class = Class { negated: parser.take("^"), items: Vec::new() };
    let mut first = true;
    loop {
        if !std::mem::take(&mut first) && parser.take("]") {
            return Ok(class);
        }
        let low = item(parser)?;
        let Item::Range(from, _) = low else {
            class.items.push(low);
            continue;
        };
        if !parser.take("-") {
            class.items.push(low);
            continue;
        }
        if parser.take("]") {
            class.items.extend([low, Item::Range('-', '-')]);
            return Ok(class);
        }
        match item(parser)? {
            Item::Range(to, _) if from <= to => class.items.push(Item::Range(from, to)),
            Item::Range(..) | Item::Kind(..) => return Err("a range that is none".to_owned()),
        }
    }
}

fn item(parser: &mut Parser<'_>) -> Result<Item, String> {
    match parser.next() {
        None => Err("a class without its end".to_owned()),
        Some('\\') => match escaped(parser, true)? {
            Escaped::Char(character) => Ok(Item::Range(character, character)),
            Escaped::Kind(kind, negated) => Ok(Item::Kind(kind, negated)),
            Escaped::TextStart | Escaped::TextEnd | Escaped::Edge(_) | Escaped::Back => {
                Err("what stands for no character in a class".to_owned())
            }
        },
        Some(other) => Ok(Item::Range(other, other)),
    }
}
