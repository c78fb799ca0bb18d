//! Undoing the encodings that servers undo: percent signs, up to four deep, overlong UTF-8, `%u`, full-width forms.

use unicode_normalization::UnicodeNormalization;

/// A value as it will be read in the end, and what that took.
#[derive(Debug, Default)]
pub(super) struct Plain {
    pub(super) text: String,
    /// Dots, slashes, quotes or controls were encoded, for which there is no need.
    pub(super) disguised: bool,
}

/// Encodings are undone so many times.
const ROUNDS_MAX: usize = 4;

pub(super) fn unescape(text: &str) -> Plain {
    let mut plain = Plain { text: text.to_owned(), disguised: false };
    if text.bytes().any(|byte| byte == b'%') {
        for _ in 0..ROUNDS_MAX {
            let (decoded, disguised) = percent(&plain.text);
            plain.disguised |= disguised;
            if decoded == plain.text {
                break;
            }
            plain.text = decoded;
        }
    }
    if !plain.text.is_ascii() {
        let folded: String = plain.text.nfkc().map(separator).collect();
        plain.disguised |= folded.contains("../") && !plain.text.contains("../");
        plain.text = folded;
    }
    plain
}

/// Characters that some servers take for a slash.
fn separator(character: char) -> char {
    match character {
        '\u{2215}' | '\u{2044}' | '\u{ef25}' | '\u{f025}' | '\u{29f8}' => '/',
        '\u{2216}' | '\u{29f5}' => '\\',
        '\u{2024}' => '.',
        other => other,
    }
}

/// One round; what does not decode stays.
fn percent(text: &str) -> (String, bool) {
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut disguised = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        if byte != b'%' {
            out.push(byte);
            at += 1;
            continue;
        }
        let rest = bytes.get(at + 1..).unwrap_or_default();
        if let Some(code) =
            rest.strip_prefix(b"u").or_else(|| rest.strip_prefix(b"U")).and_then(|rest| hex(rest, 4))
        {
            let character = char::from_u32(code).unwrap_or('\u{fffd}');
            disguised = true;
            out.extend(character.to_string().as_bytes());
            at += 6;
        } else if let Some(code) = hex(rest, 2) {
            let byte = u8::try_from(code).unwrap_or(b'?');
            // `%p` and `%q` are how some lists write a hexadecimal digit too many; they stay.
            disguised |= matches!(byte, b'.' | b'/' | b'\\' | b'%' | 0 | b'\r' | b'\n' | 0xc0 | 0xc1);
            out.push(byte);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    let (text, long) = overlong(&out);
    (text, disguised || long)
}

fn hex(bytes: &[u8], digits: usize) -> Option<u32> {
    let text = std::str::from_utf8(bytes.get(..digits)?).ok()?;
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(text, 16).ok() } else { None }
}

/// Overlong forms of ASCII (C0 AE, E0 80 AF, …) become what lenient decoders make of them; what is no UTF-8 becomes U+FFFD.
fn overlong(bytes: &[u8]) -> (String, bool) {
    let mut found = false;
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let length = match byte {
            0xc0 | 0xc1 => 2,
            0xe0 if bytes.get(at + 1).is_some_and(|next| *next < 0xa0) => 3,
            0xf0 if bytes.get(at + 1).is_some_and(|next| *next < 0x90) => 4,
            0xf8 => 5,
            0xfc => 6,
            _ => 1,
        };
        let last = bytes.get(at + length - 1).copied();
        match last {
            Some(last) if length > 1 => {
                found = true;
                out.push(if length == 2 && byte == 0xc1 { (last & 0x3f) | 0x40 } else { last & 0x3f });
                at += length;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), found)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn layers_and_overlong_forms_are_undone() {
        for (from, to) in [
            ("%2e%2e%2fetc", "../etc"),
            ("%252e%252e%252fetc", "../etc"),
            ("..%c0%afetc", "../etc"),
            ("%e0%80%ae%e0%80%ae/x", "../x"),
            ("%uff0e%uff0e/x", "../x"),
            ("..\u{2215}x", "../x"),
        ] {
            let plain = unescape(from);
            assert_eq!(plain.text, to, "{from}");
            assert!(plain.disguised, "{from}");
        }
        assert!(!unescape("a%20b%2Cc").disguised);
        assert_eq!(unescape("100 % of it").text, "100 % of it");
    }
}
