//! The readings of a URI that is not a file: percent-encoding, dot segments, the separators of other systems.

use std::borrow::Cow;

use crate::path::percent;

/// Every way to read `uri`; the text itself comes first.
pub(crate) fn readings(uri: &str) -> Vec<Cow<'_, str>> {
    let mut out = vec![Cow::Borrowed(uri)];
    if !uri.contains(['%', '\\']) && !uri.contains("/.") {
        return out;
    }
    let mut decoded = percent(uri);
    for _ in 0..DECODINGS_MAX {
        let Some(text) = decoded.take() else { break };
        decoded = percent(&text);
        out.push(Cow::Owned(text));
    }
    let resolved: Vec<String> = out.iter().map(|text| without_dots(&text.replace('\\', "/"))).collect();
    for text in resolved {
        if !out.iter().any(|known| *known == text) {
            out.push(Cow::Owned(text));
        }
    }
    out
}

/// What every expansion of a URI template (RFC 6570) begins with.
pub(crate) fn fixed_start(template: &str) -> &str {
    template.split_once('{').map_or(template, |(start, _)| start)
}

/// A URI in all its readings, to be held against templates.
#[derive(Debug, Clone)]
pub struct UriReadings<'u>(Vec<Cow<'u, str>>);

impl<'u> UriReadings<'u> {
    /// As it is written, without blanks around it, and its other readings.
    #[must_use]
    pub fn of(uri: &'u str) -> UriReadings<'u> {
        UriReadings(readings(uri.trim_matches(|c: char| c.is_whitespace() || c.is_control())))
    }

    /// How long the start of `template` is, if one of the readings may be one of its expansions, in whatever letter case.
    #[must_use]
    pub fn expanded_from(&self, template: &str) -> Option<usize> {
        let start = fixed_start(template);
        let begins = |uri: &str| uri.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
        self.0.iter().any(|uri| begins(uri)).then_some(start.len())
    }
}

/// True if nothing that begins so names a file: it has the scheme of something else.
pub(crate) fn begins_elsewhere(start: &str) -> bool {
    let Some((scheme, _)) = start.split_once(':') else { return false };
    let word = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    // One letter is a drive.
    word && scheme.len() > 1 && !scheme.eq_ignore_ascii_case("file")
}

/// Nobody decodes more often.
const DECODINGS_MAX: usize = 4;

/// Resolves `.` and `..` behind the authority (RFC 3986, section 5.2.4).
fn without_dots(uri: &str) -> String {
    let (head, path) = match uri.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (format!("{scheme}://{authority}"), path)
        }
        None => (String::new(), uri),
    };
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                if kept.len() > 1 {
                    kept.pop();
                }
            }
            name => kept.push(name),
        }
    }
    head + &kept.join("/")
}
