//! Hostile lines: mutations of honest messages, from a seed, so that a failure can be repeated.

/// A small generator of pseudo-random numbers (SplitMix64): the same seed gives the same lines for ever.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as `seed` says.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("below a usize")
    }

    /// One of `choices`.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("below 256")
    }
}

/// A line (without newline) made from one of `seeds`, in which `$ID` stands for `id`; about one in eight is left honest.
pub fn line(dice: &mut Dice, seeds: &[&str], id: u64) -> Vec<u8> {
    let mut line = dice.pick(seeds).replace("$ID", &id.to_string()).into_bytes();
    for _ in 0..dice.below(8).min(3) {
        mutate(dice, &mut line, id);
    }
    // A newline would make two lines of it, and none of them the one that was meant.
    line.retain(|byte| *byte != b'\n');
    line
}

type Mutation = fn(&mut Dice, &mut Vec<u8>, u64);

const MUTATIONS: [Mutation; 13] = [
    |dice, line, _| {
        if let Some(at) = place(dice, line) {
            line[at] ^= 1 << dice.below(8);
        }
    },
    |dice, line, _| {
        let (at, byte) = (dice.below(line.len() + 1), dice.byte());
        line.insert(at, byte);
    },
    |dice, line, _| {
        let (from, to) = range(dice, line);
        line.drain(from..to);
    },
    |dice, line, _| {
        let (from, to) = range(dice, line);
        let copy = line[from..to].to_vec();
        line.splice(to..to, copy);
    },
    |dice, line, _| line.truncate(dice.below(line.len() + 1)),
    |dice, line, _| {
        let (at, token) = (dice.below(line.len() + 1), dice.pick(&TOKENS));
        line.splice(at..at, token.iter().copied());
    },
    |dice, line, _| replace(dice, line, &KEYS),
    |dice, line, id| {
        let spellings = IDS.map(|spelling| spelling.replace("$ID", &id.to_string()));
        let spelling = dice.pick(&spellings.each_ref().map(String::as_str)).to_owned();
        replace_bytes(line, format!("\"id\":{id}").as_bytes(), format!("\"id\":{spelling}").as_bytes());
    },
    |dice, line, id| {
        let member = dice.pick(&MEMBERS).replace("$ID", &id.to_string());
        if let Some(brace) = line.iter().position(|byte| *byte == b'{') {
            line.splice(brace + 1..=brace, member.into_bytes());
        }
    },
    |dice, line, _| {
        let (open, close) = dice.pick(&[&("[", "]"), &("{\"a\":", "}")]);
        let depth = 1 + dice.below(300);
        let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        replace_bytes(line, b"{}", nested.as_bytes());
        replace_bytes(line, b"\"x\"", nested.as_bytes());
    },
    |dice, line, _| {
        let (before, after) = dice.pick(&[
            &("[", "]"),
            &("[", ",1]"),
            &("[[", "]]"),
            &("\"", "\""),
            &("", "{}"),
            &("\u{feff}", ""),
            &("\r", ""),
            &("", "\r"),
        ]);
        *line = [before.as_bytes(), line, after.as_bytes()].concat();
    },
    |dice, line, _| *line = (0..dice.below(200)).map(|_| dice.byte()).collect(),
    |dice, line, _| {
        let copy = line.clone();
        line.extend_from_slice(dice.pick(&[&b""[..], b"\r", b" ", b",", b"\x0c", b"\xe2\x80\xa8"]));
        line.extend(copy);
    },
];

/// Keys and values that some parsers take for each other.
const KEYS: [(&str, &str); 10] = [
    ("\"method\"", "\"Method\""),
    ("\"method\"", "\"m\\u0065thod\""),
    ("\"name\"", "\"n\\u0061me\""),
    ("\"params\"", "\"PARAMS\""),
    ("\"params\":", "\"params\":null,\"params\":"),
    ("\"jsonrpc\":\"2.0\"", "\"jsonrpc\":2.0"),
    ("\"2.0\"", "\"2.0\\u0000\""),
    ("tools/call", "tools\\/call"),
    ("tools/call", "tools/call "),
    ("result", "error"),
];

/// Spellings of an id, most of them another id for some peer.
const IDS: [&str; 14] = [
    "\"$ID\"",
    "$ID.0",
    "$IDe0",
    " $ID ",
    "-$ID",
    "0$ID",
    "\" $ID \"",
    "null",
    "true",
    "[$ID]",
    "{}",
    "9007199254740993",
    "1e400",
    "-0",
];

/// Members that contradict the message that they are put into.
const MEMBERS: [&str; 9] = [
    "\"id\":$ID,",
    "\"id\":\"other\",",
    "\"method\":\"ping\",",
    "\"result\":{},",
    "\"error\":{\"code\":1,\"message\":\"m\"},",
    "\"\":\"\",",
    "\"jsonrpc\":\"1.0\",",
    "\"\\u0069d\":$ID,",
    "\"params\":{\"name\":\"echo\"},",
];

/// Pieces that end, begin or break something.
const TOKENS: [&[u8]; 22] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\0",
    b"\r",
    b"NaN",
    b"1e999",
    b"/**/",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
    b"\x7f",
];

fn mutate(dice: &mut Dice, line: &mut Vec<u8>, id: u64) {
    MUTATIONS[dice.below(MUTATIONS.len())](dice, line, id);
}

fn place(dice: &mut Dice, line: &[u8]) -> Option<usize> {
    (!line.is_empty()).then(|| dice.below(line.len()))
}

fn range(dice: &mut Dice, line: &[u8]) -> (usize, usize) {
    let (one, other) = (dice.below(line.len() + 1), dice.below(line.len() + 1));
    (one.min(other), one.max(other))
}

fn replace(dice: &mut Dice, line: &mut Vec<u8>, choices: &[(&str, &str)]) {
    let (from, to) = choices[dice.below(choices.len())];
    replace_bytes(line, from.as_bytes(), to.as_bytes());
}

fn replace_bytes(line: &mut Vec<u8>, from: &[u8], to: &[u8]) {
    if let Some(at) = line.windows(from.len()).position(|window| window == from) {
        line.splice(at..at + from.len(), to.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_lines_and_every_mutation_happens() {
        let seed = r#"{"jsonrpc":"2.0","id":$ID,"method":"tools/call","params":{"name":"x","arguments":{}}}"#;
        let lines = |seed_number| {
            let mut dice = Dice::new(seed_number);
            (0..500).map(|id| line(&mut dice, &[seed], id)).collect::<Vec<_>>()
        };
        assert_eq!(lines(1), lines(1));
        assert_ne!(lines(1), lines(2));
        for mutation in MUTATIONS {
            let original = seed.replace("$ID", "7").into_bytes();
            let changed = (0..100).any(|n| {
                let mut copy = original.clone();
                mutation(&mut Dice::new(n), &mut copy, 7);
                copy != original
            });
            assert!(changed);
        }
        assert!(lines(1).iter().all(|line| !line.contains(&b'\n')));
    }
}
