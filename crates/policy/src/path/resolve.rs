//! Lexical resolution: one text, one system's separators, one absolute path.

use super::Base;

/// The result of resolving one text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    Path(String),
    /// It climbs out of a workspace that is not known.
    Unknown,
    /// No file system has such a name, so it is a text and not a path.
    TooLong,
}

/// Resolves with `/` as the separator.
pub(crate) fn posix(text: &str, base: &Base) -> Resolved {
    walk(text.split('/'), text.starts_with('/').then_some(""), base)
}

/// Resolves as Windows does: both separators, drives, `\\?\` prefixes, alternate streams, trailing dots and blanks.
pub(crate) fn windows(text: &str, base: &Base) -> Resolved {
    let slashed = text.replace('\\', "/");
    let mut rest = slashed.as_str();
    for prefix in ["//?/UNC/", "//?/unc/", "//?/", "//./", "/??/"] {
        if let Some(behind) = rest.strip_prefix(prefix) {
            rest = behind;
            break;
        }
    }
    let verbatim = rest.len() != slashed.len();
    let absolute = rest.starts_with('/') || verbatim;
    match drive(rest) {
        Some((letter, behind)) => walk(behind.split('/').filter_map(trimmed), Some(&letter), base),
        None => walk(rest.split('/').filter_map(trimmed), absolute.then_some(""), base),
    }
}

/// `C:/x` and `/C:/x` (as in `file:///C:/x`): the root `C:` and what is behind.
pub(crate) fn drive(path: &str) -> Option<(String, &str)> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut characters = path.chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic)?;
    if !matches!(characters.next(), Some(':' | '|')) {
        return None;
    }
    Some((format!("{letter}:"), characters.as_str()))
}

/// A segment as Windows opens it; `None` for one that vanishes.
fn trimmed(segment: &str) -> Option<&str> {
    let stem = segment.split(':').next().unwrap_or_default();
    let kept = stem.trim_end_matches(['.', ' ']);
    if !kept.trim_start().is_empty() {
        return Some(kept);
    }
    match stem.bytes().filter(|byte| *byte == b'.').count() {
        0 | 1 => None,
        _ => Some(".."),
    }
}

/// `root` is the root of an absolute path (empty, or a drive); without one the path starts at the workspace.
fn walk<'t>(segments: impl Iterator<Item = &'t str>, root: Option<&str>, base: &Base) -> Resolved {
    let mut out = String::from(root.unwrap_or(&base.workspace));
    let floor = match root {
        Some(root) => root.len(),
        None if base.workspace_known => drive(&base.workspace).map_or(0, |_| 2),
        None => base.workspace.len(),
    };
    let mut too_long: usize = 0;
    for segment in segments {
        match segment {
            "" | "." => {}
            // What stands there is a link, and `..` behind it leads to where the link leads.
            ".." if is_linked(&out) => return Resolved::Unknown,
            ".." if out.len() > floor => {
                let start = out.rfind('/').unwrap_or(floor).max(floor);
                let popped = out.len().saturating_sub(start) > SEGMENT_BYTES_MAX;
                too_long = too_long.saturating_sub(usize::from(popped));
                out.truncate(start);
            }
            ".." if root.is_none() && !base.workspace_known => return Resolved::Unknown,
            ".." => {}
            name => {
                out.push('/');
                out.push_str(name);
                too_long = too_long.saturating_add(usize::from(name.len() >= SEGMENT_BYTES_MAX));
            }
        }
    }
    let most = if drive(&out).is_some() { WINDOWS_BYTES_MAX } else { POSIX_BYTES_MAX };
    if too_long > 0 || out.len() > most {
        return Resolved::TooLong;
    }
    if out.len() <= floor && (root.is_some() || base.workspace_known) {
        out.push('/');
    }
    Resolved::Path(out)
}

/// Below `/proc` and `/dev`, where names are links to anywhere: `/proc/self/root`, `/proc/thread-self`, `/dev/fd`.
fn is_linked(path: &str) -> bool {
    ["/proc/", "/dev/"]
        .iter()
        .any(|root| path.get(..root.len()).is_some_and(|start| start.eq_ignore_ascii_case(root)))
}

/// Longer than any file system's longest name (255 units of at most 3 bytes), with the separator.
const SEGMENT_BYTES_MAX: usize = 1_024;
/// PATH_MAX of Linux; macOS has 1,024. Nothing longer can be opened.
const POSIX_BYTES_MAX: usize = 4_096;
/// Longer than the longest path of Windows (32,767 units of at most 3 bytes).
const WINDOWS_BYTES_MAX: usize = 98_304;

/// An absolute path in normal form, the root as the empty text (or a bare drive).
pub(crate) fn absolute(path: &str) -> Option<String> {
    let nowhere = Base { workspace: String::new(), workspace_known: true, home: None };
    let resolved = if drive(path).is_some() && !path.starts_with('/') {
        windows(path, &nowhere)
    } else if path.starts_with('/') {
        posix(path, &nowhere)
    } else {
        return None;
    };
    match resolved {
        Resolved::Path(path) => Some(path.trim_end_matches('/').to_owned()),
        Resolved::Unknown | Resolved::TooLong => None,
    }
}
