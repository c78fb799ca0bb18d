//! Which version of a package is on a machine, told by the files that package managers leave there. Texts only: whoever
//! calls reads the files.

mod node;
mod python;

#[cfg(test)]
mod tests;

pub use node::{npm, package_json, pnpm, yarn};
pub use python::{console_scripts, metadata, normal, record, uv};

/// A version, with a digest of its content where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub version: String,
    /// `sha512-…` as npm writes it, `sha256:…` of a wheel, or `record:sha256:…` of the files that were installed.
    pub integrity: Option<String>,
}

/// True if this version is what is asked for. A range or a tag may be any.
#[must_use]
pub fn meets(version: &str, asked: Option<&str>) -> bool {
    let exact = asked.filter(|asked| asked.starts_with(|c: char| c.is_ascii_digit()));
    exact.is_none_or(|exact| exact == version)
}

/// A version or digest above this is none, in bytes.
const WORD_BYTES_MAX: usize = 256;

/// One word of a file, if it is one that may stand in a lock file of ours.
fn word(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '`' | '\\');
    (!text.is_empty() && text.len() <= WORD_BYTES_MAX && text.chars().all(plain)).then(|| text.to_owned())
}

/// The one that is meant among those of one name: the exact version, else the only one there is.
fn only(found: Vec<Resolved>, asked: Option<&str>) -> Option<Resolved> {
    let mut meeting: Vec<Resolved> = found.into_iter().filter(|one| meets(&one.version, asked)).collect();
    meeting.dedup();
    match meeting.as_slice() {
        [_] => meeting.pop(),
        _ => None,
    }
}
