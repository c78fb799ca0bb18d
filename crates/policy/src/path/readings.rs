//! All plausible readings of one string as a path.

use super::decode::{file_uri, foreign_scheme, lookalike, percent};
use super::resolve::{Resolved, posix, windows};
use super::{Base, is_magic};
use crate::bounds::READINGS_MAX;

/// What is known about a text before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any string of an argument.
    Text,
    /// A URI: `file:` is its scheme, not a directory.
    Uri,
}

/// The normalised absolute paths that a text may stand for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// Each must match for an allow, any one for a deny.
    pub(crate) paths: Vec<String>,
    /// Further names of the same files on some systems; they count for a deny only.
    pub(crate) aliases: Vec<String>,
    /// NUL, magic links, climbing out of the unknown, too many readings: a deny matches, an allow does not.
    pub(crate) unreadable: bool,
    /// A URL of another scheme, or too long for any file: an allow does not match.
    pub(crate) foreign: bool,
    /// The texts that were resolved, as they are: links in them lead elsewhere than their words.
    pub(crate) spellings: Vec<String>,
}

/// True if the only reading is the text itself (absolute) or the text below the workspace (relative).
///
/// In wide steps, but at the `/`s; the strings of ordinary calls never get further.
pub(crate) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > PLAIN_BYTES_MAX
        || !bytes.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & is_kept(*byte)))
    {
        return false;
    }
    let loose = |byte: Option<&u8>| matches!(byte, None | Some(b'/' | b'.' | b' '));
    let separators = memchr::memchr_iter(b'/', bytes);
    let mut inner = separators.filter_map(|at| at.checked_sub(1));
    !inner.any(|before| loose(bytes.get(before)))
        && !loose(bytes.last())
        && !matches!(bytes.first(), Some(b'~' | b'$' | b' '))
        && !has_alias(text)
}

/// Printable ASCII that no reading turns into something else.
fn is_kept(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'%') & (byte != b'\\') & (byte != b':') & (byte != b'|')
}

/// A relative text whose only peculiarity is that it ends with dots, as sentences do: without them, which is how Windows
/// opens it. Text and stem are its only readings.
pub(crate) fn sentence(text: &str) -> Option<&str> {
    let stem = text.trim_end_matches('.');
    let ends = stem.len() < text.len() && !text.starts_with('/') && text.len() <= PLAIN_BYTES_MAX;
    if ends && is_plain(stem) { Some(stem) } else { None }
}

/// Shorter than what could be too long for a file.
const PLAIN_BYTES_MAX: usize = 1_000;

fn has_alias(text: &str) -> bool {
    let starts =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    text.starts_with('/') && ["/proc", "/dev/", "/private/", "/System/"].iter().any(|prefix| starts(prefix))
}

/// Works out every reading.
pub(crate) fn expand(text: &str, form: Form, base: &Base) -> Expanded {
    let mut out = Expanded { foreign: foreign_scheme(text), ..Expanded::default() };
    let forms = forms(text, form, &mut out);
    for form in &forms {
        if form.contains('\0') {
            out.unreadable = true;
            return out;
        }
        let (same, others) = homes(form, base);
        resolve_all(form, base, false, &mut out);
        same.iter().for_each(|path| resolve_all(path, base, false, &mut out));
        others.iter().for_each(|path| resolve_all(path, base, true, &mut out));
        if let Some(file) = behind_revision(form)
            && let Resolved::Path(path) = posix(file, base)
        {
            push_new(&mut out.aliases, path);
        }
    }
    if out.paths.len().saturating_add(out.aliases.len()) > READINGS_MAX {
        out.unreadable = true;
    }
    out
}

/// `HEAD:FILE`, `HOST:FILE`, `STASH@{0}:FILE`: the file in what stands before the colon.
pub(super) fn behind_revision(text: &str) -> Option<&str> {
    let (before, file) = text.split_once(':')?;
    let revision = before.len() > 1 && !before.contains(char::is_whitespace);
    let named = !file.is_empty() && !file.starts_with("//") && !file.starts_with(char::is_whitespace);
    (revision && named && text.len() <= PLAIN_BYTES_MAX).then_some(file)
}

/// The text and what it decodes to, closed under trimming, `file:`, percent-decoding and look-alikes.
fn forms(text: &str, form: Form, out: &mut Expanded) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    let uris = if form == Form::Uri { file_uri(text) } else { Vec::new() };
    if form == Form::Uri && uris.is_empty() {
        out.foreign = true;
    }
    if uris.is_empty() {
        forms.push(text.to_owned());
    } else {
        forms.extend(uris);
    }
    let mut next = 0;
    while let Some(current) = forms.get(next).cloned() {
        next = next.saturating_add(1);
        let trimmed = current.trim_matches(|c: char| c.is_whitespace() || (c < ' ' && c != '\0'));
        let mut found: Vec<String> = Vec::new();
        if trimmed.len() != current.len() {
            found.push(trimmed.to_owned());
        }
        found.extend(file_uri(&current));
        found.extend(percent(&current));
        found.extend(lookalike(&current));
        for new in found {
            if !forms.contains(&new) {
                forms.push(new);
            }
        }
        if forms.len() > FORMS_MAX {
            out.unreadable = true;
            return forms;
        }
    }
    forms
}

/// More than this many spellings in one text is an attack, or noise that nobody opens.
const FORMS_MAX: usize = 24;

fn resolve_all(text: &str, base: &Base, alias: bool, out: &mut Expanded) {
    if !alias {
        push_new(&mut out.spellings, text.to_owned());
        // Some servers take the one for the other before they open it, on systems with links too.
        if text.contains('\\') {
            push_new(&mut out.spellings, text.replace('\\', "/"));
        }
    }
    let mut add = |resolved: Resolved| match resolved {
        Resolved::Path(path) => {
            out.unreadable |= is_magic(&path);
            for prefix in ALIASED {
                if let Some((start, rest)) = path.split_at_checked(prefix.len())
                    && start.eq_ignore_ascii_case(prefix)
                    && rest.starts_with('/')
                {
                    push_new(&mut out.aliases, rest.to_owned());
                }
            }
            push_new(if alias { &mut out.aliases } else { &mut out.paths }, path);
        }
        Resolved::Unknown => out.unreadable = true,
        Resolved::TooLong => out.foreign = true,
    };
    add(posix(text, base));
    if differs_on_windows(text) {
        add(windows(text, base));
    }
}

/// What stands below one of these is below the root as well, to macOS.
pub(super) const ALIASED: [&str; 2] = ["/private", "/System/Volumes/Data"];

fn differs_on_windows(text: &str) -> bool {
    let loose = |segment: &str| segment.ends_with(['.', ' ']) && !matches!(segment, "." | "..");
    text.contains(['\\', ':', '|']) || text.split('/').any(loose)
}

fn push_new(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Variables that lead home, and what follows them.
const HOME_VARIABLES: [(&str, &str); 14] = [
    ("$HOME", ""),
    ("${HOME}", ""),
    ("${env:HOME}", ""),
    ("$env:HOME", ""),
    ("%USERPROFILE%", ""),
    ("%HOME%", ""),
    ("%HOMEDRIVE%%HOMEPATH%", ""),
    ("%HOMEPATH%", ""),
    ("$USERPROFILE", ""),
    ("$env:USERPROFILE", ""),
    ("${env:USERPROFILE}", ""),
    ("%APPDATA%", "/AppData/Roaming"),
    ("%LOCALAPPDATA%", "/AppData/Local"),
    ("$XDG_CONFIG_HOME", "/.config"),
];

/// Variables that lead to the working directory.
const WORKSPACE_VARIABLES: [&str; 4] = ["$PWD", "${PWD}", "%CD%", "$env:PWD"];

/// Stands for a home that nobody named: one of the homes that deny patterns know.
const HOME_UNKNOWN: &str = "/home/\u{1}";

/// Where `~` and variables at the start lead: the likely place, and further ones that count for a deny only.
fn homes(text: &str, base: &Base) -> (Vec<String>, Vec<String>) {
    let own = base.home.as_deref().unwrap_or(HOME_UNKNOWN);
    if let Some(rest) = text.strip_prefix('~') {
        let end = rest.find(['/', '\\']).unwrap_or(rest.len());
        let (user, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        return match user {
            "" | "+" | "-" => (vec![format!("{own}/{rest}")], Vec::new()),
            "root" => (vec![format!("/root/{rest}")], vec![format!("/var/root/{rest}")]),
            user => {
                let elsewhere = ["/Users/", "C:/Users/"].iter().map(|root| format!("{root}{user}/{rest}"));
                (vec![format!("/home/{user}/{rest}")], elsewhere.collect())
            }
        };
    }
    if !text.starts_with(['$', '%']) {
        return (Vec::new(), Vec::new());
    }
    let behind = |variable: &str| {
        let (start, rest) = text.split_at_checked(variable.len())?;
        (start.eq_ignore_ascii_case(variable) && (rest.is_empty() || rest.starts_with(['/', '\\'])))
            .then_some(rest)
    };
    for (variable, below) in HOME_VARIABLES {
        if let Some(rest) = behind(variable) {
            return (vec![format!("{own}{below}/{rest}")], Vec::new());
        }
    }
    let here = WORKSPACE_VARIABLES.iter().find_map(|variable| behind(variable));
    (here.map(|rest| format!("{}/{rest}", base.workspace)).into_iter().collect(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::{Form, expand, is_plain, sentence};
    use crate::path::Base;

    proptest::proptest! {
        #[test]
        fn a_plain_text_has_itself_as_its_only_reading(text in "[ -~]{0,6}|[/.a-c|: ]{0,12}") {
            let base = Base { workspace: "/work".into(), workspace_known: true, home: Some("/home/ana".into()) };
            if is_plain(&text) {
                let path = if text.starts_with('/') { text.clone() } else { format!("/work/{text}") };
                let expanded = expand(&text, Form::Text, &base);
                proptest::prop_assert_eq!(expanded.paths, [path]);
                proptest::prop_assert!(expanded.aliases.is_empty() && !expanded.unreadable && !expanded.foreign);
            }
        }

        #[test]
        fn a_sentence_has_the_two_readings_that_it_is_given(text in "[ -~]{0,24}[a-z .]{0,6}\\.{0,3}") {
            let base = Base { workspace: "/work".into(), workspace_known: true, home: Some("/home/ana".into()) };
            if let Some(stem) = sentence(&text) {
                let expanded = expand(&text, Form::Text, &base);
                proptest::prop_assert_eq!(expanded.paths, [format!("/work/{text}"), format!("/work/{stem}")]);
                proptest::prop_assert!(expanded.aliases.is_empty() && !expanded.unreadable && !expanded.foreign);
            }
        }
    }
}
