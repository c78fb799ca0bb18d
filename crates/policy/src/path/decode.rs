//! Other ways to write the same path: `file:` URIs, percent-encoding, characters that some system takes for others.

use bailiwick_semantic::percent_decoded;
use unicode_normalization::UnicodeNormalization;

/// What lies behind `file:`, in each way that clients and servers take it apart. Nothing for other texts.
pub(crate) fn file_uri(text: &str) -> Vec<String> {
    let mut start = text.chars().filter(|character| !matches!(character, '\t' | '\n' | '\r'));
    let first = start.find(|character| *character > ' ');
    if !matches!(first, Some('f' | 'F')) || !matches!(start.next(), Some('i' | 'I')) {
        return Vec::new();
    }
    // URL parsers drop tabs and line ends wherever they are, and blanks and controls in front.
    let compact: String;
    let text = if text.contains(['\t', '\n', '\r']) {
        compact = text.replace(['\t', '\n', '\r'], "");
        compact.as_str()
    } else {
        text
    };
    let text = text.trim_start_matches(|character: char| character <= ' ');
    let Some((scheme, rest)) = text.split_at_checked(5) else { return Vec::new() };
    if !scheme.eq_ignore_ascii_case("file:") {
        return Vec::new();
    }
    let mut out = Vec::new();
    for rest in [rest, rest.split(['?', '#']).next().unwrap_or_default()] {
        let slashed = rest.replace('\\', "/");
        match slashed.strip_prefix("//") {
            Some(authority) => {
                let (host, path) = match authority.find('/') {
                    Some(at) => authority.split_at(at),
                    None => (authority, "/"),
                };
                push_new(&mut out, path.to_owned());
                if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
                    // A share to some, the first directory to others.
                    push_new(&mut out, format!("/{authority}"));
                    push_new(&mut out, authority.to_owned());
                }
            }
            None => push_new(&mut out, rest.to_owned()),
        }
    }
    out
}

fn push_new(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// True for `scheme:…` of anything but `file`; a single letter is a drive.
pub(crate) fn foreign_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
        && !scheme.eq_ignore_ascii_case("file")
        && rest.starts_with(|next: char| !next.is_whitespace())
}

/// Percent-decoding, once. `None` when nothing is encoded.
pub(crate) fn percent(text: &str) -> Option<String> {
    if !is_encoded(text) {
        return None;
    }
    percent_decoded(text)
        .map(|bytes| String::from_utf8(bytes).unwrap_or_else(|error| overlong(error.as_bytes())))
}

/// True if some character of the text is percent-encoded.
pub(super) fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', bytes).any(|at| digit(at.saturating_add(1)) && digit(at.saturating_add(2)))
}

/// Two-byte encodings of ASCII, which no valid text has and careless decoders take; the rest becomes U+FFFD.
fn overlong(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (0xC0 | 0xC1, [next @ 0x80..=0xBF, behind @ ..]) => {
                out.push((first & 1) << 6 | (next & 0x3F));
                rest = behind;
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text as the most lenient file systems fold it: NFKC, invisible characters dropped, look-alike separators and dots
/// replaced. `None` when nothing changes.
pub(crate) fn lookalike(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let folded: String = text.nfkc().filter(|character| !is_ignorable(*character)).map(plain).collect();
    (folded != text).then_some(folded)
}

fn plain(character: char) -> char {
    match character {
        '\u{2044}' | '\u{2215}' | '\u{29f8}' | '\u{2571}' => '/',
        '\u{2216}' | '\u{29f5}' | '\u{29f9}' => '\\',
        '\u{3002}' | '\u{2024}' => '.',
        '\u{223c}' | '\u{2dc}' => '~',
        other => other,
    }
}

/// Characters that HFS+ and careless comparisons skip.
fn is_ignorable(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
