//! Domain names: percent-encoding, mapping by UTS 46, look-alikes by UTS 39.

use idna::AsciiDenyList;
use unicode_security::{MixedScript, skeleton};

use crate::percent::percent_decoded;

/// The text itself, if every program reads the same name in it.
pub(super) fn plain(text: &str) -> Option<&str> {
    let kept = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    let encoded = text.starts_with("xn--") || text.contains(".xn--");
    (text.bytes().all(kept) && !encoded).then_some(text)
}

/// The ASCII names that `text` is mapped to: with the four letters that the newer standard keeps, and as the older one
/// replaced them. Nothing: it is no name.
pub(super) fn mapped(text: &str) -> Vec<String> {
    let ascii = |text: &str| {
        let mapped = idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::URL).ok()?;
        (!mapped.is_empty()).then(|| mapped.into_owned())
    };
    let mut out: Vec<String> = ascii(text).into_iter().collect();
    if text.contains(['ß', 'ẞ', 'ς', '\u{200c}', '\u{200d}']) {
        let older = text.replace(['ß', 'ẞ'], "ss").replace('ς', "σ").replace(['\u{200c}', '\u{200d}'], "");
        out.extend(ascii(&older).filter(|older| !out.contains(older)));
    }
    out
}

/// What a name looks like, when it is not ASCII: the skeleton of its Unicode form.
pub(super) fn look(text: &str) -> Option<String> {
    let (unicode, _) = idna::domain_to_unicode(text);
    (!unicode.is_ascii()).then(|| skeleton(&unicode).collect())
}

/// The skeleton of a pattern, to be compared with [`look`].
pub(super) fn skeleton_of(text: &str) -> String {
    skeleton(text).collect()
}

/// True if a label mixes scripts that no language mixes, or passes for plain ASCII.
pub(super) fn is_confusable(name: &str) -> bool {
    if !name.contains("xn--") {
        return false;
    }
    let (unicode, _) = idna::domain_to_unicode(name);
    let odd = |label: &str| {
        !label.is_ascii() && (!label.is_single_script() || skeleton(label).all(|c| c.is_ascii()))
    };
    unicode.split('.').any(odd)
}

/// Percent-decoding, once. `None` when nothing is encoded. What is not UTF-8 becomes U+FFFD, which no name may hold.
pub(crate) fn percent(text: &str) -> Option<String> {
    percent_decoded(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
