//! From the table's patterns to paths: home, variables, wildcards. Pure; what exists is for [`crate::disk`] to say.

use std::path::{Path, PathBuf};

/// Where a person's files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    pub home: PathBuf,
    /// The folder that work is done in.
    pub folder: PathBuf,
    /// Variables of the environment that patterns may name.
    pub variables: std::collections::BTreeMap<String, String>,
}

/// One name of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Plain(String),
    /// Holds `*`.
    Wild(String),
    /// `**`: up to [`ANY_DEPTH_MAX`] folders.
    Any,
}

/// Folders that `**` stands for at most.
pub const ANY_DEPTH_MAX: usize = 6;

/// A pattern whose beginning is known: the folder to start from, and the names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub base: PathBuf,
    pub parts: Vec<Part>,
}

/// Puts home and variables into an absolute pattern. `None` if a variable is not set.
#[must_use]
pub fn expand(pattern: &str, around: &Surroundings) -> Option<Pattern> {
    let text = start(pattern, around)?;
    let (mut base, rest) = match text.strip_prefix('/') {
        Some(rest) => (PathBuf::from("/"), rest),
        // A drive, or a relative path that the environment names.
        None => (PathBuf::new(), text.as_str()),
    };
    let mut parts = parts(rest).into_iter().peekable();
    while let Some(Part::Plain(name)) = parts.next_if(|part| matches!(part, Part::Plain(_))) {
        base.push(name);
    }
    Some(Pattern { base, parts: parts.collect() })
}

/// The names of a relative pattern.
#[must_use]
pub fn parts(pattern: &str) -> Vec<Part> {
    let names = pattern.split('/').filter(|name| !name.is_empty());
    let part = |name: &str| match name {
        "**" => Part::Any,
        wild if wild.contains('*') => Part::Wild(wild.to_owned()),
        plain => Part::Plain(plain.to_owned()),
    };
    names.map(part).collect()
}

fn start(pattern: &str, around: &Surroundings) -> Option<String> {
    let home = || around.home.to_str().map(str::to_owned);
    if let Some(rest) = pattern.strip_prefix('~') {
        return Some(format!("{}{rest}", home()?));
    }
    let Some((inner, rest)) = pattern.strip_prefix("${").and_then(|rest| rest.split_once('}')) else {
        return Some(pattern.to_owned());
    };
    let (name, other) = inner.split_once(":-").map_or((inner, None), |(name, other)| (name, Some(other)));
    let set = around.variables.get(name).filter(|value| !value.is_empty());
    let head = match (set, other) {
        (Some(value), _) => value.replace('\\', "/"),
        (None, Some(other)) => start(other, around)?,
        (None, None) => return None,
    };
    Some(format!("{}{rest}", head.trim_end_matches('/')))
}

/// The variables that a pattern names.
pub fn variables(pattern: &str) -> impl Iterator<Item = &str> {
    let inner = pattern.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    inner.map(|inner| inner.split(":-").next().unwrap_or(inner))
}

/// True if `name` is what a name with `*` stands for.
#[must_use]
pub fn matches(wild: &str, name: &str) -> bool {
    let Some((before, after)) = wild.split_once('*') else { return wild == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    // One more star is the most that the table uses; each try is bounded by the name.
    match after.contains('*') {
        false => rest.ends_with(after),
        true => (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| matches(after, rest)),
    }
}

/// True if `path` ends in what `parts` stand for.
#[must_use]
pub fn ends_with(path: &Path, parts: &[Part]) -> bool {
    let names: Vec<&str> = path.iter().filter_map(|name| name.to_str()).collect();
    (0..=names.len()).any(|from| names.get(from..).is_some_and(|names| whole(names, parts)))
}

fn whole(names: &[&str], parts: &[Part]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((Part::Any, rest)), _) => {
            let most = names.len().min(ANY_DEPTH_MAX);
            (0..=most).any(|skipped| names.get(skipped..).is_some_and(|names| whole(names, rest)))
        }
        (Some((Part::Plain(plain), rest)), Some((name, names))) => plain == name && whole(names, rest),
        (Some((Part::Wild(wild), rest)), Some((name, names))) => matches(wild, name) && whole(names, rest),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Part, Surroundings, ends_with, expand, matches, parts, variables};

    fn around(variables: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            home: PathBuf::from("/home/ana"),
            folder: PathBuf::from("/work"),
            variables: variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }
    }

    #[test]
    fn home_and_variables_are_put_in() {
        let base = |pattern: &str, variables: &[(&str, &str)]| {
            expand(pattern, &around(variables)).map(|found| found.base)
        };
        assert_eq!(base("~/.cursor/mcp.json", &[]), Some("/home/ana/.cursor/mcp.json".into()));
        assert_eq!(base("${X:-~/.config}/z", &[]), Some("/home/ana/.config/z".into()));
        assert_eq!(base("${X:-~/.config}/z", &[("X", "/x/")]), Some("/x/z".into()));
        assert_eq!(base("${X}", &[("X", "/x/y.json")]), Some("/x/y.json".into()));
        assert_eq!(base("${X}/z", &[]), None);
        assert_eq!(base("${X}/z", &[("X", "")]), None);
        assert_eq!(variables("${A:-${B:-~}/x}/y").collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn what_is_wild_stays_below_the_base() {
        let found = expand("~/p/*/x/**/m.json", &around(&[])).unwrap();
        assert_eq!(found.base, Path::new("/home/ana/p"));
        assert_eq!(found.parts.len(), 4);
        assert_eq!(found.parts[2], Part::Any);
    }

    #[test]
    fn stars_match_within_a_name() {
        for (wild, name, expected) in [
            ("*.json", "a.json", true),
            ("a*c", "abc", true),
            ("a*c", "ab", false),
            ("a*b*c", "axbyc", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(wild, name), expected, "{wild} {name}");
        }
        assert!(ends_with(Path::new("/w/x/.cursor/mcp.json"), &parts(".cursor/mcp.json")));
        assert!(!ends_with(Path::new("/w/x.cursor/mcp.json"), &parts(".cursor/mcp.json")));
        assert!(ends_with(Path::new("/w/cache/a/b/.mcp.json"), &parts("cache/**/.mcp.json")));
    }
}
