//! Configurations anywhere below a folder, whoever they belong to.

use std::fs;
use std::path::{Path, PathBuf};

use super::Found;
use bailiwick_clients::paths::{Part, ends_with, parts};
use bailiwick_clients::table::{FileKind, Scope, System, Table};

/// Files that one tree may have.
pub const TREE_FILES_MAX: usize = 1_000_000;
/// Deepest folder that is looked into.
const TREE_DEPTH_MAX: usize = 64;
/// Folders of other people's code and of objects, where no client looks for its configuration.
const PASSED_OVER: [&str; 2] = [".git", "node_modules"];

/// What lies in a tree.
#[derive(Debug, Default)]
pub struct Walk {
    pub found: Vec<Found>,
    /// Files that were seen.
    pub files: usize,
    /// Folders and files that were not looked into, and why.
    pub not_inspected: Vec<(PathBuf, String)>,
}

/// Looks for configurations below `root`. Links are not followed.
#[must_use]
pub fn walk(table: &Table, root: &Path, system: System) -> Walk {
    let shapes = Shapes::of(table, system);
    let mut walk = Walk::default();
    let mut folders = vec![(root.to_owned(), 0_usize)];
    if fs::metadata(root).is_ok_and(|about| about.is_file()) {
        walk.files = 1;
        walk.found = shapes.whose(root, true);
        return walk;
    }
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                walk.not_inspected.push((folder, error.to_string()));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    walk.not_inspected.push((folder.clone(), error.to_string()));
                    continue;
                }
            };
            let (path, kind) = (entry.path(), entry.file_type());
            match kind {
                Ok(kind) if kind.is_dir() => {
                    if PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
                        walk.not_inspected.push((path, "no client looks here".to_owned()));
                    } else if depth >= TREE_DEPTH_MAX {
                        walk.not_inspected.push((path, format!("deeper than {TREE_DEPTH_MAX} folders")));
                    } else {
                        folders.push((path, depth.saturating_add(1)));
                    }
                }
                Ok(_) => {
                    walk.files = walk.files.saturating_add(1);
                    walk.found.append(&mut shapes.whose(&path, false));
                }
                Err(error) => walk.not_inspected.push((path, error.to_string())),
            }
            if walk.files >= TREE_FILES_MAX {
                walk.not_inspected.push((root.to_owned(), format!("more than {TREE_FILES_MAX} files")));
                return walk;
            }
        }
    }
    walk.found.sort_by(|a, b| (&a.path, &a.client).cmp(&(&b.path, &b.client)));
    walk
}

/// How the paths of all clients end.
struct Shapes {
    known: Vec<(Vec<Part>, String, FileKind)>,
}

impl Shapes {
    fn of(table: &Table, system: System) -> Shapes {
        let mut known = Vec::new();
        for client in table.clients.values() {
            for kind in client.files.iter().filter(|kind| !kind.is_script) {
                for pattern in table.patterns(kind, system) {
                    // A home folder that lies in the tree is somebody's home folder.
                    let ending = match kind.scope {
                        Scope::Project => Some(pattern.as_str()),
                        Scope::User | Scope::Plugin => home_ending(&pattern),
                        Scope::Managed => None,
                    };
                    if let Some(ending) = ending {
                        known.push((parts(ending), client.id.clone(), kind.clone()));
                    }
                }
            }
        }
        Shapes { known }
    }

    /// The clients that would read `path`; if none would, what its name speaks of.
    fn whose(&self, path: &Path, is_named: bool) -> Vec<Found> {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
        let mut found: Vec<Found> = Vec::new();
        for (parts, client, kind) in &self.known {
            if may_be(parts, name)
                && ends_with(path, parts)
                && found.iter().all(|found| found.client != *client)
            {
                found.push(Found { client: client.clone(), path: path.to_owned(), kind: kind.clone() });
            }
        }
        if found.is_empty() && (is_named || speaks_of_servers(name)) {
            let kind = FileKind::generic(name);
            found.push(Found { client: GENERIC.to_owned(), path: path.to_owned(), kind });
        }
        found
    }
}

/// The id of files that no client of the table reads.
const GENERIC: &str = "other";

/// A quick look at the last name, because most files are nobody's.
fn may_be(parts: &[Part], name: &str) -> bool {
    match parts.last() {
        Some(Part::Plain(plain)) => plain == name,
        Some(Part::Wild(wild)) => bailiwick_clients::paths::matches(wild, name),
        Some(Part::Any) | None => false,
    }
}

fn home_ending(pattern: &str) -> Option<&str> {
    let rest = match pattern.strip_prefix("${") {
        Some(rest) => rest.split_once(":-~").map(|(_, rest)| rest)?,
        None => pattern.strip_prefix('~')?,
    };
    // `${X:-~/.config}/y` ends in `.config/y`, written with a brace between.
    rest.split_once('}')
        .map_or(Some(rest), |(_, after)| Some(after))
        .filter(|ending| ending.matches('/').count() > 1)
}

fn speaks_of_servers(name: &str) -> bool {
    let is_config = name.ends_with(".json") || name.ends_with(".jsonc");
    is_config && name.to_ascii_lowercase().contains("mcp")
}
