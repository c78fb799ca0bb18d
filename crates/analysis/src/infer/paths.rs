//! From paths to the directories that hold them, by evidence.

use std::collections::{BTreeMap, BTreeSet};

use super::Generalise;

/// True if an argument of that name holds a path.
pub(super) fn is_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let words: Vec<&str> = key.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let names = [
        "path",
        "paths",
        "file",
        "files",
        "filename",
        "filepath",
        "dir",
        "directory",
        "folder",
        "source",
        "destination",
    ];
    words.iter().any(|word| names.contains(word)) || key.ends_with("path")
}

pub(super) fn is_absolute(text: &str) -> bool {
    (text.starts_with('/') || text.starts_with("~/")) && !text.starts_with("//") && text.len() > 1
}

/// True if a pattern can speak of this very path.
pub(super) fn is_sayable(text: &str) -> bool {
    !text.is_empty() && !text.contains("[redacted:") && Split::of(text).is_some()
}

/// Patterns that hold every one of `paths`; none if one of them cannot be written as a pattern.
pub(super) fn patterns(paths: &BTreeSet<String>, generalise: Generalise) -> Option<Vec<String>> {
    let split = paths.iter().map(|path| Split::of(path)).collect::<Option<Vec<_>>>()?;
    let mut found: BTreeSet<String> = BTreeSet::new();
    match generalise {
        Generalise::Strict => found.extend(split.iter().map(Split::whole)),
        Generalise::Balanced => {
            balanced(&split, &mut found);
            while collapse(&mut found) {}
        }
        Generalise::Loose => loose(&split, &mut found),
    }
    // What lies in another pattern's directory is said by that one.
    let directories: Vec<String> =
        found.iter().filter_map(|one| one.strip_suffix("/**").map(str::to_owned)).collect();
    let inside = |path: &str| {
        let path = path.strip_suffix("/**").unwrap_or(path);
        directories
            .iter()
            .any(|directory| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
    };
    Some(found.iter().filter(|pattern| !inside(pattern)).cloned().collect())
}

/// A path without anything that a pattern would read as something else.
#[derive(Debug)]
struct Split {
    /// `/`, `~/` or `./`.
    start: &'static str,
    names: Vec<String>,
}

impl Split {
    fn of(path: &str) -> Option<Split> {
        let (start, rest) = match path {
            path if path.starts_with("~/") => ("~/", path.get(2..)?),
            path if path.starts_with('/') => ("/", path.get(1..)?),
            path => ("./", path.strip_prefix("./").unwrap_or(path)),
        };
        let names: Vec<String> =
            rest.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect();
        let odd = |name: &String| {
            name == ".."
                || name.contains(['*', '?', '[', ']', '{', '}', '\\', '%', '$', ':', '!'])
                || name.chars().any(char::is_control)
        };
        (!names.iter().any(odd)).then_some(Split { start, names })
    }

    fn whole(&self) -> String {
        if self.names.is_empty() {
            return format!("{}.", self.start.trim_end_matches('.')).replace("/.", "/");
        }
        format!("{}{}", self.start, self.names.join("/"))
    }

    /// The directory above, if it is no more than a project: never a root, a home or what holds homes.
    fn directory(&self) -> Option<Vec<String>> {
        let directory = self.names.get(..self.names.len().checked_sub(1)?)?.to_vec();
        let least = match self.start {
            "/" if directory.first().is_some_and(|name| matches!(name.as_str(), "home" | "Users")) => 3,
            "/" => 2,
            _ => 1,
        };
        (directory.len() >= least).then_some(directory)
    }
}

/// A directory with two files or more is opened; a single file stays a single file.
fn balanced(paths: &[Split], found: &mut BTreeSet<String>) {
    let mut held: BTreeMap<(&str, Vec<String>), usize> = BTreeMap::new();
    for path in paths {
        if let Some(directory) = path.directory() {
            let count = held.entry((path.start, directory)).or_default();
            *count = count.saturating_add(1);
        }
    }
    for path in paths {
        match path
            .directory()
            .filter(|directory| held.get(&(path.start, directory.clone())).is_some_and(|n| *n >= 2))
        {
            Some(directory) => found.insert(format!("{}{}/**", path.start, directory.join("/"))),
            None => found.insert(path.whole()),
        };
    }
}

/// What all of them have in common, where that is a directory that may be opened; else as balanced.
fn loose(paths: &[Split], found: &mut BTreeSet<String>) {
    let Some(first) = paths.first() else { return };
    let mut common: Vec<String> = first.directory().unwrap_or_default();
    for path in paths {
        let shared = common.iter().zip(&path.names).take_while(|(one, other)| one == other).count();
        common.truncate(if path.start == first.start { shared } else { 0 });
    }
    let probe = Split { start: first.start, names: common.iter().cloned().chain(["x".to_owned()]).collect() };
    match probe.directory() {
        Some(directory) => drop(found.insert(format!("{}{}/**", first.start, directory.join("/")))),
        None => balanced(paths, found),
    }
}

/// Directories beside each other that were all used make their parent one.
const SIBLINGS_MIN: usize = 3;

/// Opens a directory in place of what is open in several directories right below it. True if there was one.
fn collapse(found: &mut BTreeSet<String>) -> bool {
    let mut below: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pattern in found.iter() {
        let (path, is_open) = match pattern.strip_suffix("/**") {
            Some(path) => (path, true),
            None => (pattern.as_str(), false),
        };
        let Some(split) = Split::of(path) else { continue };
        // Of a file, the directory that it lies in.
        let length = split.names.len().saturating_sub(usize::from(!is_open));
        let Some(directory) = split.names.get(..length) else { continue };
        let probe = Split { start: split.start, names: directory.to_vec() };
        if let (Some(parent), Some(name)) = (probe.directory(), directory.last()) {
            below.entry(format!("{}{}", split.start, parent.join("/"))).or_default().insert(name.clone());
        }
    }
    let Some((parent, _)) = below.into_iter().find(|(_, names)| names.len() >= SIBLINGS_MIN) else {
        return false;
    };
    let inside = |pattern: &String| pattern.strip_prefix(&parent).is_some_and(|rest| rest.starts_with('/'));
    let before = found.len();
    found.retain(|pattern| !inside(pattern));
    found.insert(format!("{parent}/**"));
    found.len() < before
}
