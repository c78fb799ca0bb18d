//! URLs within longer texts: prose, commands, documents, and URLs within URLs.

use super::{is_special, split_scheme};
use crate::limits::{FOUND_BYTES_MAX, URL_BYTES_MAX};

/// The URLs of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found<'t> {
    pub urls: Vec<&'t str>,
    /// There are more than are read: a rule that denies must take the text for a match.
    pub more: bool,
}

/// Finds every URL with a host in `text`: a scheme, a colon, and slashes or backslashes.
///
/// A URL ends at a blank, a quote or a bracket, so it may be found longer than it is meant, never shorter than its host.
#[must_use]
pub fn find(text: &str) -> Found<'_> {
    let mut out = Found::default();
    let mut read: usize = 0;
    let bytes = text.as_bytes();
    for colon in memchr::memchr_iter(b':', bytes) {
        match bytes.get(colon.saturating_add(1)) {
            Some(b'/' | b'\\') => {}
            // Browsers and curl read `http:host` too.
            Some(next) if next.is_ascii_alphanumeric() || *next == b'[' => {}
            _ => continue,
        }
        let Some(url) = around(text, colon) else { continue };
        read = read.saturating_add(url.len());
        if read > FOUND_BYTES_MAX {
            out.more = true;
            return out;
        }
        out.urls.push(url);
    }
    out
}

/// The URL whose scheme ends at `colon`.
fn around(text: &str, colon: usize) -> Option<&str> {
    let (before, behind) = text.split_at_checked(colon)?;
    let in_scheme =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.');
    let run = before.get(before.len().saturating_sub(SCHEME_BYTES_MAX)..).unwrap_or(before);
    let scheme = run.rsplit(|character: char| !in_scheme(character)).next().unwrap_or_default();
    // What stands before the letters belongs to the text: `1http:` is `http:` behind a 1.
    let scheme = scheme.trim_start_matches(|first: char| !first.is_ascii_alphabetic());
    let special = ["https", "http", "wss", "ws", "ftp"];
    // In `xhttp://` somebody may see the one, and somebody the other.
    let lower = scheme.to_ascii_lowercase();
    let scheme_len =
        special.iter().find(|known| lower.ends_with(*known)).map_or(scheme.len(), |known| known.len());
    let slashes = behind.get(1..).unwrap_or_default();
    let hosted = is_special(&lower) || slashes.starts_with("//") || slashes.starts_with("\\\\");
    let bare = !slashes.starts_with(['/', '\\']);
    if scheme_len == 0 || !hosted || (bare && scheme_len < lower.len()) {
        return None;
    }
    let start = colon.checked_sub(scheme_len)?;
    let rest = text.get(start..)?;
    let end = rest.find(|character: char| {
        character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '<' | '>' | '|' | '^' | '{' | '}')
    });
    let url = rest.get(..end.unwrap_or(rest.len()))?;
    let url = shorten(url);
    split_scheme(url).map(|_| url)
}

/// Without the punctuation of the sentence around it, and what is too long to be read.
fn shorten(url: &str) -> &str {
    let slashes = url.find(':').and_then(|colon| url.get(colon..)).unwrap_or_default();
    let slashes = slashes.trim_start_matches([':', '/', '\\']);
    let authority = slashes.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    // `[text](http://host)more`; in front of an `@` these characters may belong to a name or a password.
    let cut = authority.find(['(', ')', ',', ';', '=', '&', '*', '!']).filter(|_| !authority.contains('@'));
    let host_ends = cut.map(|at| url.len().saturating_sub(slashes.len()).saturating_add(at));
    let mut length = url.len().min(URL_BYTES_MAX).min(host_ends.unwrap_or(usize::MAX));
    while !url.is_char_boundary(length) {
        length = length.saturating_sub(1);
    }
    let url = url.get(..length).unwrap_or_default();
    let closes = |character: char| {
        matches!(character, '.' | ',' | ';' | ':' | '!' | '?' | ')')
            || (character == ']' && !url.contains('['))
    };
    url.trim_end_matches(closes)
}

/// Longer schemes do not exist.
const SCHEME_BYTES_MAX: usize = 32;
