//! Packages of npm: in `node_modules`, in the cache of `npx`, in the lock files of npm, pnpm and yarn.

use std::path::{Component, Path, PathBuf};

use bailiwick_analysis::resolved::{Resolved, meets, npm, package_json, pnpm, yarn};

use super::{here, newest, place, text};

/// Version and integrity of a package that a launcher would run: the one of this folder, that of the cache, and last the one that
/// this folder's lock file names.
pub(super) fn of(name: &str, asked: Option<&str>) -> Option<Resolved> {
    let here = here();
    let caches = place("npm_config_cache", ".npm").map(|cache| newest(&cache.join("_npx")));
    let cached = || caches.into_iter().flatten().find_map(|folder| placed(&folder, name, asked));
    placed(&here, name, asked).or_else(cached).or_else(|| listed(&here, name, asked))
}

/// What lies in the `node_modules` of a folder.
fn placed(folder: &Path, name: &str, asked: Option<&str>) -> Option<Resolved> {
    let own = text(&folder.join("node_modules/.package-lock.json"));
    if let Some(found) = own.and_then(|text| npm(&text, name, asked)) {
        return Some(found);
    }
    if !is_name(name) {
        return None;
    }
    let about = text(&folder.join("node_modules").join(name).join("package.json"))?;
    let there = package_json(&about, name).filter(|there| meets(&there.version, asked))?;
    // The package names no digest of itself; the lock file does, of this version.
    Some(listed(folder, name, Some(&there.version)).unwrap_or(there))
}

/// What the lock file of a folder names.
fn listed(folder: &Path, name: &str, asked: Option<&str>) -> Option<Resolved> {
    type Read = fn(&str, &str, Option<&str>) -> Option<Resolved>;
    let files: [(&str, Read); 4] = [
        ("npm-shrinkwrap.json", npm),
        ("package-lock.json", npm),
        ("pnpm-lock.yaml", pnpm),
        ("yarn.lock", yarn),
    ];
    files.into_iter().find_map(|(file, read)| read(&text(&folder.join(file))?, name, asked))
}

/// The package that a program, or the script that it is given, lies in.
pub(super) fn installed(program: &Path, rest: &[String]) -> Option<(String, Resolved)> {
    let script = rest.iter().find(|word| !word.starts_with('-')).map(PathBuf::from);
    [Some(program.to_owned()), script].into_iter().flatten().find_map(|path| {
        let (root, name) = owner(&path.canonicalize().ok()?)?;
        let found = placed(&root, &name, None)?;
        Some((name, found))
    })
}

/// The folder above the innermost `node_modules` of a path, and the package in it.
fn owner(path: &Path) -> Option<(PathBuf, String)> {
    let parts: Vec<Component<'_>> = path.components().collect();
    let at = parts.iter().rposition(|part| part.as_os_str() == "node_modules")?;
    let part = |at: usize| parts.get(at)?.as_os_str().to_str();
    let first = part(at + 1)?;
    let name = match first.starts_with('@') {
        true => format!("{first}/{}", part(at + 2)?),
        false => first.to_owned(),
    };
    Some((parts.get(..at)?.iter().collect(), name))
}

/// True if it names a package and no path.
fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(word)
    };
    match name.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
        None => plain(name),
        Some(Some((scope, name))) => plain(scope) && plain(name),
        Some(None) => false,
    }
}
