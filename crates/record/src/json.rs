//! A JSON writer that only appends to a buffer, for records on the hot path: always one line.

/// A JSON object that is being written. Keys are written in the order of the calls and are not checked for
/// duplicates.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Goes on writing an object whose opening brace, and first members unless `empty`, are in `out`.
    pub(crate) fn resume(out: &'a mut Vec<u8>, empty: bool) -> Object<'a> {
        Object { out, empty }
    }

    /// Adds a text; whatever could break the line or hide in it is escaped.
    pub fn string(&mut self, key: &'static str, value: &str) -> &mut Self {
        self.key(key);
        quoted(self.out, value.as_bytes());
        self
    }

    /// Adds a word of ours, in which nothing is to be escaped.
    pub(crate) fn word(&mut self, key: &'static str, value: &'static str) -> &mut Self {
        self.key(key);
        word(self.out, value);
        self
    }

    /// Adds bytes as a text; what is not UTF-8 becomes U+FFFD.
    pub fn lossy(&mut self, key: &'static str, value: &[u8]) -> &mut Self {
        self.key(key);
        quoted_lossy(self.out, value);
        self
    }

    /// Adds a whole number.
    pub fn number(&mut self, key: &'static str, value: u64) -> &mut Self {
        self.key(key);
        decimal(self.out, value);
        self
    }

    /// Adds `true` or `false`.
    pub fn boolean(&mut self, key: &'static str, value: bool) -> &mut Self {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// Adds a value that is valid JSON already. Line ends between its tokens become spaces.
    pub fn raw(&mut self, key: &'static str, json: &[u8]) -> &mut Self {
        self.key(key);
        one_line(self.out, json);
        self
    }

    /// Adds members that an object of our own wrote before, none of them if there are none.
    pub(crate) fn members(&mut self, members: &[u8]) -> &mut Self {
        if !members.is_empty() {
            separate(self.out, &mut self.empty);
            self.out.extend_from_slice(members);
        }
        self
    }

    /// Adds an object that `write` fills.
    pub fn object(&mut self, key: &'static str, write: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        braces(self.out, write);
        self
    }

    /// Adds a list that `write` fills.
    pub fn array(&mut self, key: &'static str, write: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        self.key(key);
        brackets(self.out, write);
        self
    }

    /// Adds a text under a name that is not ours.
    pub(crate) fn named(&mut self, name: &str, value: &str) -> &mut Self {
        separate(self.out, &mut self.empty);
        quoted(self.out, name.as_bytes());
        self.out.push(b':');
        quoted(self.out, value.as_bytes());
        self
    }

    fn key(&mut self, key: &'static str) {
        separate(self.out, &mut self.empty);
        word(self.out, key);
        self.out.push(b':');
    }
}

/// A JSON list that is being written.
#[derive(Debug)]
pub struct Array<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl Array<'_> {
    /// Adds a text.
    pub fn string(&mut self, value: &str) -> &mut Self {
        separate(self.out, &mut self.empty);
        quoted(self.out, value.as_bytes());
        self
    }

    /// Adds a whole number.
    pub fn number(&mut self, value: u64) -> &mut Self {
        separate(self.out, &mut self.empty);
        decimal(self.out, value);
        self
    }

    /// Adds `true` or `false`.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        separate(self.out, &mut self.empty);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// Adds a value that is valid JSON already. Line ends between its tokens become spaces.
    pub fn raw(&mut self, json: &[u8]) -> &mut Self {
        separate(self.out, &mut self.empty);
        one_line(self.out, json);
        self
    }

    /// Adds an object that `write` fills.
    pub fn object(&mut self, write: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        separate(self.out, &mut self.empty);
        braces(self.out, write);
        self
    }

    /// Adds a list that `write` fills.
    pub fn array(&mut self, write: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        separate(self.out, &mut self.empty);
        brackets(self.out, write);
        self
    }
}

fn separate(out: &mut Vec<u8>, empty: &mut bool) {
    if !std::mem::replace(empty, false) {
        out.push(b',');
    }
}

fn braces(out: &mut Vec<u8>, write: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    write(&mut Object { out, empty: true });
    out.push(b'}');
}

fn brackets(out: &mut Vec<u8>, write: impl FnOnce(&mut Array<'_>)) {
    out.push(b'[');
    write(&mut Array { out, empty: true });
    out.push(b']');
}

pub(crate) fn decimal(out: &mut Vec<u8>, value: u64) {
    let start = out.len();
    let mut rest = value;
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// A text in quotes: RFC 8259 section 7, and beyond it every other line end and DEL escaped.
pub(crate) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// A word of ours in quotes: nothing in it is to be escaped.
pub(crate) fn word(out: &mut Vec<u8>, word: &'static str) {
    debug_assert!(
        word.bytes().all(|byte| !is_stop(&STRING_STOPS, byte)),
        "`{word}` would have to be escaped"
    );
    out.push(b'"');
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

fn quoted_lossy(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        escaped(out, chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    copy_with_stops(out, text, &STRING_STOPS, |out, byte| match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        other => unicode_escape(out, other),
    });
}

/// Valid JSON made one line. Raw line ends can only stand between tokens there; the other stops only in
/// strings, where an escape means the same.
fn one_line(out: &mut Vec<u8>, json: &[u8]) {
    copy_with_stops(out, json, &LINE_STOPS, |out, byte| match byte {
        b'\n' | b'\r' | b'\t' => out.push(b' '),
        other => unicode_escape(out, other),
    });
}

fn copy_with_stops(out: &mut Vec<u8>, text: &[u8], stops: &[bool; 256], escape: fn(&mut Vec<u8>, u8)) {
    let mut rest = text;
    // Most texts have none: a look at sixty-four bytes at a time, which the compiler vectorises.
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') & (*byte != b'"') & (*byte != b'\\');
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    let in_string = stops.get(usize::from(b'"')) == Some(&true);
    let is_stop = |byte: &u8| is_stop(stops, *byte);
    let none = match in_string {
        // Names and words: shorter than it takes to begin.
        _ if text.len() < 32 => !text.iter().any(is_stop),
        true => text.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte))),
        false => text.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & printable(byte))),
    };
    if none {
        out.extend_from_slice(text);
        return;
    }
    loop {
        let clean_bytes = rest.iter().position(is_stop).unwrap_or(rest.len());
        let (clean, stopped) = rest.split_at(clean_bytes);
        out.extend_from_slice(clean);
        rest = match stopped {
            [] => return,
            [0xc2, 0x85, after @ ..] => put(out, b"\\u0085", after),
            [0xe2, 0x80, 0xa8, after @ ..] => put(out, b"\\u2028", after),
            [0xe2, 0x80, 0xa9, after @ ..] => put(out, b"\\u2029", after),
            [lead @ (0xc2 | 0xe2), after @ ..] => put(out, &[*lead], after),
            [byte, after @ ..] => {
                escape(out, *byte);
                after
            }
        };
    }
}

fn is_stop(stops: &[bool; 256], byte: u8) -> bool {
    stops.get(usize::from(byte)).copied().unwrap_or(true)
}

fn put<'a>(out: &mut Vec<u8>, text: &[u8], after: &'a [u8]) -> &'a [u8] {
    out.extend_from_slice(text);
    after
}

fn unicode_escape(out: &mut Vec<u8>, byte: u8) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xf)]);
}

/// The first bytes of all that could end a line: controls, DEL, U+0085 (C2 85) and U+2028/2029 (E2 80 A8/A9).
#[expect(clippy::indexing_slicing, reason = "a constant: an index out of range does not compile")]
const LINE_STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        stops[control] = true;
        control += 1;
    }
    stops[0x7f] = true;
    stops[0xc2] = true;
    stops[0xe2] = true;
    stops
};

/// In a string also what would end it.
#[expect(clippy::indexing_slicing, reason = "a constant: an index out of range does not compile")]
const STRING_STOPS: [bool; 256] = {
    let mut stops = LINE_STOPS;
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Object<'_>)) -> String {
        let mut out = Vec::new();
        braces(&mut out, write);
        String::from_utf8(out).unwrap()
    }

    fn is_one_line(text: &str) -> bool {
        !text.contains(|c: char| c < ' ' || "\u{7f}\u{85}\u{2028}\u{2029}".contains(c))
    }

    #[test]
    fn every_kind_of_member_is_written() {
        let text = written(|o| {
            o.string("s", "a\"b\\c").number("n", u64::MAX).number("zero", 0).boolean("b", true);
            o.raw("r", b"[1,2]").lossy("l", b"a\xffb");
            o.object("o", |o| {
                o.object("empty", |_| {});
            });
            o.array("a", |a| {
                a.string("x").number(7).boolean(false).raw(b"null").object(|o| {
                    o.number("k", 1);
                });
                a.array(|_| {});
            });
        });
        assert_eq!(
            text,
            r#"{"s":"a\"b\\c","n":18446744073709551615,"zero":0,"b":true,"r":[1,2],"l":"a�b","o":{"empty":{}},"a":["x",7,false,null,{"k":1},[]]}"#
        );
    }

    #[test]
    fn every_line_end_is_escaped() {
        let text = written(|o| {
            o.string("k", "\n\r\t\u{b}\u{c}\u{0}\u{7f}\u{85}\u{2028}\u{2029}é“”");
        });
        assert_eq!(text, r#"{"k":"\n\r\t\u000b\u000c\u0000\u007f\u0085\u2028\u2029é“”"}"#);
    }

    #[test]
    fn pretty_raw_json_becomes_one_line() {
        let text = written(|o| {
            o.raw("r", "{\r\n\t\"a\": \"\u{2028}\u{85}\u{7f}é\"\n}".as_bytes());
        });
        assert_eq!(text, r#"{"r":{   "a": "\u2028\u0085\u007fé" }}"#);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(key in ".*", value in any::<String>(), bytes in any::<Vec<u8>>()) {
            let text = written(|o| { o.named(&key, &value).object("o", |o| { o.lossy("l", &bytes); }); });
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assume!(key != "o");
            prop_assert_eq!(read[&key].as_str(), Some(value.as_str()));
            prop_assert_eq!(read["o"]["l"].as_str(), Some(&*String::from_utf8_lossy(&bytes)));
            prop_assert!(is_one_line(&text));
        }

        #[test]
        fn raw_json_keeps_its_meaning(value in any::<String>()) {
            let pretty = serde_json::to_string_pretty(&serde_json::json!([{ "v": value }])).unwrap();
            let text = written(|o| { o.raw("r", pretty.as_bytes()); });
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read["r"][0]["v"].as_str(), Some(value.as_str()));
            prop_assert!(is_one_line(&text));
        }
    }
}
