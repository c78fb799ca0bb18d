//! A cheap look at a text: are all its readings made of pieces of it, below the workspace?
//!
//! Then a word that stands neither in the text nor in the workspace's own path stands in no reading, and the readings need
//! not be worked out. Prose, code and other texts of many lines are like that.

use super::Base;
use super::decode::{file_uri, is_encoded};
use super::readings::behind_revision;
use super::resolve::drive;

/// True only if every reading of `text` is a path below the workspace whose segments are pieces of the text, and none of
/// them is unreadable. False says nothing.
pub(crate) fn reads_within(text: &str, base: &Base) -> bool {
    let bytes = text.as_bytes();
    // Without a branch, so that sixteen bytes are asked at once.
    let kept = |byte: &u8| {
        let shown = byte.wrapping_sub(b' ') <= b'~' - b' ';
        shown | (*byte == b'\t') | (*byte == b'\n') | (*byte == b'\r')
    };
    if !bytes.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & kept(byte))) {
        return false;
    }
    let trimmed = text.trim_ascii();
    // Drives, schemes and revisions end with one of these.
    if memchr::memchr2(b':', b'|', bytes).is_some() && leads_away(text) {
        return false;
    }
    // What is absolute, or leads home, leaves the workspace.
    let first = trimmed.as_bytes().first();
    !matches!(first, None | Some(b'/' | b'\\' | b'~' | b'$' | b'%'))
        && !is_encoded(text)
        && !may_climb(trimmed.as_bytes())
        && !memchr::memchr2_iter(b'/', b'\\', bytes).any(|at| bytes.get(at + 1..).is_some_and(may_climb))
        && !is_special(&base.workspace)
}

fn leads_away(text: &str) -> bool {
    let trimmed = text.trim_ascii();
    drive(trimmed).is_some()
        || behind_revision(trimmed).is_some()
        || behind_revision(text).is_some()
        || !file_uri(text).is_empty()
}

/// True only if no file system has a file that an ASCII text names, in whatever way it is read: one of its segments is longer
/// than any name. There is no link to follow then.
pub(crate) fn names_no_file(text: &str) -> bool {
    let bytes = text.as_bytes();
    // What stands behind these is cut off, or another segment, to some.
    let cut = || memchr::memchr3(b':', b'|', b'\\', bytes).is_some();
    let blank = |c: char| c == '.' || c.is_whitespace();
    let long = |name: &str| name.len() > NAME_BYTES_MAX && name.trim_matches(blank).len() > NAME_BYTES_MAX;
    let mut start = 0;
    let mut names = memchr::memchr_iter(b'/', bytes)
        .chain([bytes.len()])
        .filter_map(|end| text.get(std::mem::replace(&mut start, end.saturating_add(1))..end));
    bytes.len() > NAME_BYTES_MAX && names.any(long) && !cut() && text.is_ascii()
}

/// The longest name of every file system that we know, in ASCII characters.
const NAME_BYTES_MAX: usize = 255;

/// True if some system may read the segment at the start of `rest` as `..`: dots and blanks up to its end, or to a `:`,
/// and two dots at least.
fn may_climb(rest: &[u8]) -> bool {
    let dots_and_blanks = rest.iter().take_while(|byte| **byte == b'.' || byte.is_ascii_whitespace());
    let (mut length, mut dots) = (0_usize, 0_usize);
    for byte in dots_and_blanks {
        length = length.saturating_add(1);
        dots = dots.saturating_add(usize::from(*byte == b'.'));
    }
    dots > 1 && matches!(rest.get(length), None | Some(b'/' | b'\\' | b':'))
}

/// Below `/proc` and `/dev` whatever follows may be a link.
fn is_special(workspace: &str) -> bool {
    let Some((_, below)) = workspace.split_once('/') else { return false };
    ["proc", "dev"].into_iter().any(|top| {
        let (start, behind) = (below.as_bytes().get(..top.len()), below.as_bytes().get(top.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(top.as_bytes()))
            && matches!(behind, None | Some(b'/'))
    })
}

#[cfg(test)]
mod tests {
    use super::{names_no_file, reads_within};
    use crate::path::Base;
    use crate::path::readings::{Form, expand};

    fn base(workspace: &str) -> Base {
        Base { workspace: workspace.into(), workspace_known: true, home: Some("/home/ana".into()) }
    }

    #[test]
    fn prose_and_code_read_within() {
        for text in
            ["When does it leave? ", "\nfn a() {\r\n\tb(\"x\\n\");\n}\n", "so: 5 % of b/c.d.", "first, look"]
        {
            assert!(reads_within(text, &base("/work")), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_no_file() {
        let long = "x".repeat(256);
        assert!(names_no_file(&long) && names_no_file(&format!("a/ {long}. /b")));
        for other in [
            "x".repeat(255),
            format!("{}.", "x".repeat(255)),
            format!("a:{long}"),
            format!("a\\{long}"),
            format!("é{long}"),
        ] {
            assert!(!names_no_file(&other), "{other}");
        }
    }

    #[test]
    fn what_leaves_the_workspace_does_not() {
        for text in [
            "",
            " ",
            "/etc/passwd",
            " /etc",
            "\\etc",
            "~",
            " ~/x",
            "$HOME/x",
            "%HOME%",
            "a%2fb",
            "a/../b",
            "a/.. ./b",
            "a\\...\\b",
            "..",
            ". .",
            "..:x/etc",
            "C:/x",
            "\nc|x",
            "file:///x",
            "fi\nle:///x",
            "é",
            "a\0",
        ] {
            assert!(!reads_within(text, &base("/work")), "{text:?}");
        }
        for workspace in ["/proc/self", "/Dev/x", "/proc"] {
            assert!(!reads_within("a", &base(workspace)), "{workspace}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn every_reading_is_made_of_the_text(
            text in "([ .:|~$%/\\\\\\n\\t\\r]|[.][.]|file:|c:|[/]|proc|dev|self|root|[.]ssh|%41|[a-c]|fi){0,12}",
            workspace in "(/work|/c:/x|C:/x|/private/tmp|/home/ana/[.]ssh)",
        ) {
            let base = base(&workspace);
            if reads_within(&text, &base) {
                let expanded = expand(&text, Form::Text, &base);
                proptest::prop_assert!(!expanded.unreadable);
                for path in expanded.paths.iter().chain(&expanded.aliases) {
                    let below = path.strip_prefix(workspace.as_str());
                    let below = below.or_else(|| path.strip_prefix(workspace.strip_prefix("/private")?));
                    let below = below.ok_or_else(|| proptest::test_runner::TestCaseError::fail(path.clone()))?;
                    for segment in below.split('/') {
                        proptest::prop_assert!(text.contains(segment), "{} {}", path, segment);
                    }
                }
            }
        }
    }
}
