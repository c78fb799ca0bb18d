//! Traces and audit logs in folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::exit::Failure;

/// Folders below a named one that are looked into.
const DEPTH_MAX: usize = 3;
/// Entries of folders that are looked at.
pub(crate) const ENTRIES_MAX: usize = 100_000;

/// The `*.jsonl` below a folder, with their times, as long as there are no more than [`ENTRIES_MAX`] entries.
pub(crate) fn below(folder: &Path, entries: &mut usize, found: &mut Vec<(SystemTime, PathBuf)>) {
    walk(folder, 0, entries, found);
}

/// The files that are named and those in folders that are, in the order of their names; the parts of a run follow each other.
pub(crate) fn named(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let (mut files, mut entries) = (Vec::new(), 0);
    for path in paths {
        if !path.exists() {
            return Err(Failure::error(format!("there is no `{}`", path.display())));
        }
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        fs::read_dir(path)
            .map_err(|error| Failure::error(format!("cannot read `{}`: {error}", path.display())))?;
        let mut found = Vec::new();
        below(path, &mut entries, &mut found);
        found.sort_by_cached_key(|(_, path)| parts(path));
        files.extend(found.into_iter().map(|(_, path)| path));
    }
    match entries > ENTRIES_MAX {
        true => Err(Failure::error(format!("there are more than {ENTRIES_MAX} entries in those folders"))
            .help("name fewer folders, or the files themselves")),
        false => Ok(files),
    }
}

/// `NAME.2.jsonl` comes before `NAME.10.jsonl`.
fn parts(path: &Path) -> (PathBuf, u32) {
    let stem = path.with_extension("");
    let part = stem.extension().and_then(|part| part.to_str()?.parse().ok());
    match part {
        Some(part) => (stem.with_extension(""), part),
        None => (stem, 1),
    }
}

fn walk(folder: &Path, depth: usize, entries: &mut usize, found: &mut Vec<(SystemTime, PathBuf)>) {
    let Ok(listed) = fs::read_dir(folder) else { return };
    for entry in listed.flatten() {
        *entries += 1;
        if *entries > ENTRIES_MAX {
            return;
        }
        let path = entry.path();
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_dir() && depth < DEPTH_MAX {
            walk(&path, depth + 1, entries, found);
        } else if about.is_file() && path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::named;
    use std::fs;

    #[test]
    fn parts_follow_each_other_and_folders_are_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("server/deep")).unwrap();
        for name in ["a-1.10.jsonl", "a-1.2.jsonl", "a-1.jsonl", "b.jsonl", "c.json", "server/deep/d.jsonl"] {
            fs::write(root.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("server/round")).unwrap();
        let names: Vec<String> = named(&[root.to_owned(), root.join("c.json")])
            .unwrap()
            .iter()
            .map(|path| path.strip_prefix(root).unwrap().display().to_string())
            .collect();
        assert_eq!(
            names,
            ["a-1.jsonl", "a-1.2.jsonl", "a-1.10.jsonl", "b.jsonl", "server/deep/d.jsonl", "c.json"]
        );
    }
}
