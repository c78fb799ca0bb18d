//! Paths: the places that patterns and values refer to, and the patterns of the `path` matcher.

mod decode;
mod folders;
mod needed;
mod overlap;
mod readings;
mod resolve;
mod scratch;
mod sieve;
mod within;

pub(crate) use decode::{lookalike, percent};
pub(crate) use folders::Folders;
pub(crate) use needed::Needed;
pub(crate) use overlap::Overlap;
pub(crate) use readings::{Form, expand};
pub(crate) use scratch::{Memory, Scratch, Texts};
pub(crate) use sieve::Sieve;

use crate::glob::{Star, Symbol, literal, translate};

/// Where relative paths and `~` lead, normalised: `/` as separator, no `.`, `..` or trailing `/`; the root is empty.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) workspace: String,
    /// False when nobody said where the workspace is; a path must not climb out of what is not known.
    pub(crate) workspace_known: bool,
    pub(crate) home: Option<String>,
}

/// Stands for a workspace that nobody named. No real path starts with it.
const WORKSPACE_UNKNOWN: &str = "/\u{1}workspace";

impl Base {
    /// # Errors
    /// What is wrong with the context: a place that is not absolute.
    pub(crate) fn new(workspace: Option<&str>, home: Option<&str>) -> Result<Base, String> {
        let place = |what: &str, path: &str| match resolve::absolute(path) {
            Some(normal) => Ok(normal),
            None => Err(format!("the {what} `{path}` is not an absolute path")),
        };
        Ok(Base {
            workspace: workspace.map_or(Ok(WORKSPACE_UNKNOWN.to_owned()), |path| place("workspace", path))?,
            workspace_known: workspace.is_some(),
            home: home.map(|path| place("home directory", path)).transpose()?,
        })
    }
}

/// The homes of all users on the systems that we know, as an expression.
const HOMES: &str =
    "/home/[^/]+|/Users/[^/]+|/root|/var/root|(?:/mnt)?/[a-zA-Z]/Users/[^/]+|[a-zA-Z]:/Users/[^/]+";

/// Translates a path pattern to an anchored expression over normalised absolute paths.
///
/// `every_home`: `~` stands for the home of every user (deny, ask); otherwise for the one of the context.
///
/// # Errors
/// The cause and the help.
pub(crate) fn expression(
    pattern: &[Symbol],
    base: &Base,
    every_home: bool,
) -> Result<String, (String, String)> {
    let text: String = pattern.iter().map(|symbol| symbol.character).collect();
    let fail = |cause: &str, help: String| Err((format!("{cause} in the path `{text}`"), help));
    if pattern.iter().any(|symbol| symbol.is('\\')) {
        return fail("a backslash", "separate with `/`; a value's backslashes are read as `/` too".into());
    }
    if pattern.iter().any(|symbol| symbol.character == '\0') {
        return fail("a NUL character", "no path contains one".into());
    }
    let mut segments: Vec<&[Symbol]> = pattern.split(|symbol| symbol.character == '/').collect();
    if segments.len() == 1 && !is_home(segments.first()) && !is_double_star(segments.first()) {
        let help = format!("write `**/{text}` for any directory, or `./{text}` for the workspace itself");
        return fail("no `/`", help);
    }
    let mut out = String::from("^");
    let first = segments.remove(0);
    if first.is_empty() {
        // Absolute.
    } else if is_drive(first) {
        for symbol in first {
            literal(symbol.character, &mut out);
        }
    } else if is_home(Some(&first)) {
        home(first, base, every_home, &mut out)
            .map_err(|(cause, help)| (format!("{cause} in the path `{text}`"), help))?;
    } else if is_double_star(Some(&first)) {
        out.push_str("(?:[a-zA-Z]:)?(?:/.*)?");
    } else {
        base.workspace.chars().for_each(|character| literal(character, &mut out));
        segments.insert(0, first);
    }
    let directory = segments.last().is_some_and(|segment| segment.is_empty());
    for segment in segments {
        if is_dots(segment, 2) {
            return fail("`..`", "write the path that it leads to".into());
        }
        if segment.is_empty() || is_dots(segment, 1) {
            continue;
        }
        if is_double_star(Some(&segment)) {
            out.push_str("(?:/.*)?");
            continue;
        }
        if segment.windows(2).any(|pair| pair.iter().all(|symbol| symbol.is('*'))) {
            return fail("`**` beside other characters", "let it stand alone between two `/`".into());
        }
        out.push('/');
        translate(segment, Star::Segment, &mut out)
            .map_err(|cause| (format!("{cause} in the path `{text}`"), "`*` is any text inside a segment, `**` any directories, `?` one character, `[ab]` one of them".into()))?;
    }
    // A pattern with a slash at its end, and the root itself.
    out.push_str(if directory { "(?:/.*)?$" } else { "/?$" });
    Ok(out)
}

fn home(first: &[Symbol], base: &Base, every_home: bool, out: &mut String) -> Result<(), (String, String)> {
    let user: String = first.iter().skip(1).map(|symbol| symbol.character).collect();
    out.push_str("(?:");
    match (user.as_str(), every_home, &base.home) {
        ("", true, own) => {
            out.push_str(HOMES);
            if let Some(own) = own {
                out.push('|');
                own.chars().for_each(|character| literal(character, out));
            }
        }
        ("", false, Some(own)) => own.chars().for_each(|character| literal(character, out)),
        ("", false, None) => {
            return Err((
                "`~` without a known home directory".into(),
                "what allows must name one place: write the absolute path".into(),
            ));
        }
        ("root", _, _) => out.push_str("/root|/var/root"),
        (user, _, _) => {
            for (index, root) in ["/home/", "/Users/"].iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "|" });
                out.push_str(root);
                user.chars().for_each(|character| literal(character, out));
            }
        }
    }
    out.push(')');
    Ok(())
}

fn is_home(segment: Option<&&[Symbol]>) -> bool {
    segment.and_then(|segment| segment.first()).is_some_and(|symbol| symbol.is('~'))
}

fn is_double_star(segment: Option<&&[Symbol]>) -> bool {
    segment.is_some_and(|segment| segment.len() == 2 && segment.iter().all(|symbol| symbol.is('*')))
}

fn is_dots(segment: &[Symbol], count: usize) -> bool {
    segment.len() == count && segment.iter().all(|symbol| symbol.character == '.')
}

fn is_drive(segment: &[Symbol]) -> bool {
    matches!(segment, [letter, colon] if letter.character.is_ascii_alphabetic() && colon.character == ':')
}

/// True if a normalised path leads into the magic links of `/proc`, behind which any file of the machine may lie.
pub(crate) fn is_magic(path: &str) -> bool {
    let one_of = |segment: &str, names: &[&str]| names.iter().any(|name| segment.eq_ignore_ascii_case(name));
    let mut segments = path.split('/').skip(1);
    let Some(first) = segments.next() else { return false };
    if one_of(first, &["proc"]) {
        segments.skip(1).any(|segment| one_of(segment, &["root", "cwd", "exe", "fd", "map_files"]))
    } else {
        one_of(first, &["dev"])
            && segments.next().is_some_and(|next| one_of(next, &["fd", "stdin", "stdout", "stderr"]))
    }
}
