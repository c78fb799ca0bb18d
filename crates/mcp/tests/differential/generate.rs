//! Texts for the differential test: JSON of every shape, our own cases, and both with damage.

/// A small generator of numbers (xorshift64*), so that every run sees the same texts.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        mixed as usize % below.max(1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// `count` texts made of `seeds` and of random JSON, most of them damaged in a few places.
pub(crate) fn texts(seeds: &[Vec<u8>], count: usize) -> Vec<Vec<u8>> {
    let mut dice = Dice(0x0b41_11b1_c4a5_2026);
    let mut texts: Vec<Vec<u8>> = seeds.to_vec();
    while texts.len() < count {
        let mut text = if dice.roll(3) == 0 {
            seeds[dice.roll(seeds.len())].clone()
        } else {
            let mut text = String::new();
            value(&mut dice, 5, &mut text);
            text.into_bytes()
        };
        for _ in 0..dice.roll(4) {
            damage(&mut dice, seeds, &mut text);
        }
        text.truncate(4_000);
        texts.push(text);
    }
    texts
}

fn value(dice: &mut Dice, depth: usize, out: &mut String) {
    space(dice, out);
    match dice.roll(if depth == 0 { 5 } else { 9 }) {
        0 => out.push_str(dice.pick(&["null", "true", "false"])),
        1 | 2 => number(dice, out),
        3 | 4 => string(dice, out),
        5 | 6 => list(dice, out, ('[', ']'), |dice, out| value(dice, depth - 1, out)),
        _ => list(dice, out, ('{', '}'), |dice, out| {
            space(dice, out);
            string(dice, out);
            space(dice, out);
            out.push(':');
            value(dice, depth - 1, out);
        }),
    }
    space(dice, out);
}

fn list(dice: &mut Dice, out: &mut String, ends: (char, char), element: impl Fn(&mut Dice, &mut String)) {
    out.push(ends.0);
    // Now and then more keys than are compared in pairs.
    let count = if dice.roll(20) == 0 { 40 } else { dice.roll(5) };
    for index in 0..count {
        if index > 0 {
            out.push(',');
        }
        element(dice, out);
    }
    if count == 0 {
        space(dice, out);
    }
    out.push(ends.1);
}

fn space(dice: &mut Dice, out: &mut String) {
    if dice.roll(6) == 0 {
        out.push_str(dice.pick(&[" ", "\t", "\n", "\r\n", "   "]));
    }
}

fn number(dice: &mut Dice, out: &mut String) {
    match dice.roll(4) {
        0 => out.push_str(dice.pick(NUMBERS)),
        1 => out.push_str(&dice.roll(1_000_000).to_string()),
        _ => {
            let digits = |dice: &mut Dice, most| -> String {
                (0..=dice.roll(most)).map(|_| char::from(b'0' + dice.roll(10) as u8)).collect()
            };
            out.push_str(dice.pick(&["", "-"]));
            out.push_str(&format!("{}{}", 1 + dice.roll(9), digits(dice, 22)));
            if dice.roll(2) == 0 {
                out.push_str(&format!(".{}", digits(dice, 20)));
            }
            if dice.roll(3) == 0 {
                out.push_str(&format!("{}{}", dice.pick(&["e", "E", "e+", "E-", "e-"]), dice.roll(330)));
            }
        }
    }
}

fn string(dice: &mut Dice, out: &mut String) {
    out.push('"');
    for _ in 0..dice.roll(6) {
        out.push_str(dice.pick(PIECES));
    }
    // Many different keys, so that objects of some size are seldom refused.
    out.push_str(&dice.roll(500).to_string());
    out.push('"');
}

fn damage(dice: &mut Dice, seeds: &[Vec<u8>], text: &mut Vec<u8>) {
    let at = dice.roll(text.len() + 1);
    let end = (at + dice.roll(12)).min(text.len());
    match dice.roll(6) {
        0 => {
            text.drain(at..end);
        }
        1 => {
            let again = text[at..end].to_vec();
            text.splice(at..at, again);
        }
        2 => {
            text.splice(at..at, dice.pick(DAMAGES).iter().copied());
        }
        3 => {
            let other = &seeds[dice.roll(seeds.len())];
            let from = dice.roll(other.len());
            let to = (from + dice.roll(40)).min(other.len());
            text.splice(at..end, other[from..to].iter().copied());
        }
        4 if at < text.len() => text[at] ^= 1 << dice.roll(8),
        _ => text.truncate(at),
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "1.0",
    "1e0",
    "0.1",
    "2.50",
    "5e-324",
    "2.2250738585072011e-308",
    "1.7976931348623157e308",
    "9007199254740991",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1e22",
    "1e23",
    "0.000001",
    "1e-400",
    "1E+2",
];
const PIECES: &[&str] = &[
    "a",
    "key",
    "name",
    "a much longer piece of text, longer than any block",
    "é",
    "漢字",
    "🦀",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b\\f\\r\\t",
    "\\u0000",
    "\\u0061",
    "\\u00e9",
    "\\ud83e\\udd80",
    "\\uFFFF",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{10ffff}",
    "__proto__",
    "constructor",
    "'",
    "//",
    "{",
    "]",
    ",",
    ":",
];
const DAMAGES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\0",
    b"\x0b",
    b"\x0c",
    b"\x1f",
    b"\x7f",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"\\udfff",
    b"\\u12",
    b"\\x41",
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"01",
    b"+1",
    b"1.",
    b".5",
    b"1e",
    b"//",
    b"/**/",
    b"'",
    b"\xc2\xa0",
    b"\"a\":1,\"a\":2",
    b"nul",
    b"True",
    b"[[[[[",
    b"]]]]]",
    b"\"n\\u0061me\":1,\"name\":2",
];
