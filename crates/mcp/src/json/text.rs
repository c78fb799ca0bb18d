//! String escapes: reading them, writing them, and folding keys as case-insensitive peers do.

use std::borrow::Cow;

/// Unescapes the inside of a string that the parser accepted, or all strings of a JSON text at once: each then stands between
/// its quotes as it reads.
#[must_use]
pub fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    unescape_into(inner, &mut out);
    out
}

/// Appends the same to `out`.
pub(super) fn unescape_into(inner: &str, out: &mut String) {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let mut characters = rest.get(at + 1..).unwrap_or_default().chars();
        let escaped = characters.next();
        rest = characters.as_str();
        match escaped {
            Some('u') => rest = unescape_unicode(rest, out),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.push_str(rest);
}

/// `rest` begins behind `\u`; a surrogate pair takes the second escape too. Returns what is left.
fn unescape_unicode<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let (first, after) = hex4(rest);
    if (0xD800..0xDC00).contains(&first) {
        let (second, after) = hex4(after.strip_prefix("\\u").unwrap_or_default());
        let combined = 0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
        out.push(char::from_u32(combined).unwrap_or(char::REPLACEMENT_CHARACTER));
        return after;
    }
    out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn hex4(text: &str) -> (u32, &str) {
    let digits = text.get(..4).unwrap_or_default();
    (u32::from_str_radix(digits, 16).unwrap_or(0xFFFD), text.get(4..).unwrap_or_default())
}

/// Appends `text` as a JSON string with its quotes, on one line.
///
/// Besides what RFC 8259 section 7 demands, U+007F and the line separators U+0085, U+2028 and U+2029 are escaped, for
/// readers that split lines at them.
pub fn escape_into(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain_from = 0;
    for (at, character) in text.char_indices() {
        let short = match character {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => None,
            _ => continue,
        };
        out.extend_from_slice(text.get(plain_from..at).unwrap_or_default().as_bytes());
        match short {
            Some(escape) => out.extend_from_slice(escape.as_bytes()),
            None => out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes()),
        }
        plain_from = at + character.len_utf8();
    }
    out.extend_from_slice(text.get(plain_from..).unwrap_or_default().as_bytes());
    out.push(b'"');
}

/// Folds a key as the most lenient peers do: Go's `encoding/json` matches field names without regard to ASCII case and
/// also takes U+017F for `s` and U+212A for `k`.
#[must_use]
pub fn fold_key(key: &str) -> Cow<'_, str> {
    // Almost all keys are plain already, which is seen many bytes at a time.
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if key.bytes().fold(true, |all, byte| all & plain(byte)) {
        return Cow::Borrowed(key);
    }
    if key.contains(|c| fold(c) != c) {
        Cow::Owned(key.chars().map(fold).collect())
    } else {
        Cow::Borrowed(key)
    }
}

/// True if some peer reads `left` and `right` as the same key: they fold to the same, up to a U+0000, at which peers
/// written in C end a key.
#[must_use]
pub fn same_key_folded(left: &str, right: &str) -> bool {
    fn folded(key: &str) -> impl Iterator<Item = char> {
        key.chars().take_while(|c| *c != '\0').map(fold)
    }
    folded(left).eq(folded(right))
}

fn fold(c: char) -> char {
    match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{fold_key, same_key_folded};

    #[test]
    fn keys_fold_as_lenient_peers_fold_them() {
        assert_eq!(fold_key("param\u{17f}"), "params");
        assert_eq!(fold_key("tas\u{212a}Id"), "taskid");
        assert_eq!(fold_key("STRASSE"), "strasse");
        // Nobody matches these to ASCII.
        for other in ["straße", "ıd", "ｎame", "nаme", "na\u{301}me"] {
            assert_eq!(fold_key(other), other);
        }
    }

    #[test]
    fn a_key_may_end_at_a_zero() {
        assert!(same_key_folded("name", "NAME"));
        assert!(same_key_folded("name", "Name\0anything"));
        assert!(!same_key_folded("name", "names"));
        assert!(!same_key_folded("name", "nam"));
        assert!(!same_key_folded("name", "\0name"));
    }
}
