//! Finding the configurations of every client in the table.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bailiwick_clients::paths::{ANY_DEPTH_MAX, Part, Surroundings, expand, matches, parts};
use bailiwick_clients::table::{FileKind, Scope, System, Table};

/// A file of a client that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The client's id in the table.
    pub client: String,
    pub path: PathBuf,
    pub kind: FileKind,
}

/// What was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Discovery {
    pub files: Vec<Found>,
    pub not_inspected: Vec<(PathBuf, String)>,
}

/// Entries of folders that one pattern may look at.
const ENTRIES_MAX: usize = 100_000;
/// Folders above the current one in which a project's files are looked for.
const ANCESTORS_MAX: usize = 64;

/// Looks for the files of all `clients`; of every client if none is named.
#[must_use]
pub fn discover(table: &Table, clients: &[String], around: &Surroundings, system: System) -> Discovery {
    let mut discovery = Discovery::default();
    let mut seen = BTreeSet::new();
    let folders = project_folders(around);
    for client in table.clients.values().filter(|client| clients.is_empty() || clients.contains(&client.id)) {
        for kind in &client.files {
            for pattern in table.patterns(kind, system) {
                let mut search = Search { paths: Vec::new(), entries: 0, not_inspected: Vec::new() };
                match kind.scope {
                    Scope::Project => {
                        let parts = parts(&pattern);
                        folders.iter().for_each(|folder| search.below(folder, &parts));
                    }
                    Scope::User | Scope::Managed | Scope::Plugin => {
                        if let Some(pattern) = expand(&pattern, around) {
                            search.below(&pattern.base, &pattern.parts);
                        }
                    }
                }
                discovery.not_inspected.append(&mut search.not_inspected);
                for path in search.paths {
                    // One file may match as a user's and as a project's, in the home folder.
                    if seen.insert((client.id.clone(), path.clone())) {
                        discovery.files.push(Found { client: client.id.clone(), path, kind: kind.clone() });
                    }
                }
            }
        }
    }
    discovery
}

/// The current folder and those above it, up to the repository's root or below the home folder.
fn project_folders(around: &Surroundings) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for folder in around.folder.ancestors().take(ANCESTORS_MAX) {
        if folder == around.home && folder != around.folder {
            break;
        }
        folders.push(folder.to_owned());
        if folder.join(".git").exists() {
            break;
        }
    }
    folders
}

struct Search {
    paths: Vec<PathBuf>,
    entries: usize,
    not_inspected: Vec<(PathBuf, String)>,
}

impl Search {
    fn below(&mut self, folder: &Path, parts: &[Part]) {
        match parts.split_first() {
            None => {
                // A broken link is a configuration that was meant.
                if fs::symlink_metadata(folder).is_ok_and(|about| !about.is_dir()) {
                    self.paths.push(folder.to_owned());
                }
            }
            Some((Part::Plain(name), rest)) => self.below(&folder.join(name), rest),
            Some((Part::Wild(wild), rest)) => {
                for (name, path) in self.entries(folder) {
                    if matches(wild, &name) {
                        self.below(&path, rest);
                    }
                }
            }
            Some((Part::Any, rest)) => self.any(folder, rest, 0),
        }
    }

    fn any(&mut self, folder: &Path, rest: &[Part], depth: usize) {
        self.below(folder, rest);
        for (_, path) in self.entries(folder) {
            // Links may lead round in a circle.
            if fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir()) {
                match depth < ANY_DEPTH_MAX {
                    true => self.any(&path, rest, depth.saturating_add(1)),
                    false => self.not_inspected.push((path, format!("deeper than {ANY_DEPTH_MAX} folders"))),
                }
            }
        }
    }

    fn entries(&mut self, folder: &Path) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        let Ok(entries) = fs::read_dir(folder) else { return found };
        for entry in entries.flatten() {
            self.entries = self.entries.saturating_add(1);
            if self.entries > ENTRIES_MAX {
                self.not_inspected.push((folder.to_owned(), format!("more than {ENTRIES_MAX} entries")));
                break;
            }
            if let Ok(name) = entry.file_name().into_string() {
                found.push((name, entry.path()));
            }
        }
        found.sort();
        found
    }
}
