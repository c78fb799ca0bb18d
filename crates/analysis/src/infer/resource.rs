//! From URIs that were read to the patterns that hold them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Generalise, paths};

/// A URI without anything that a pattern would read as something else.
pub(super) fn is_plain(uri: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/._~-#=&@,+%".contains(c);
    uri.len() <= 1_024 && uri.contains(':') && !uri.starts_with(':') && uri.chars().all(plain)
}

/// Patterns that hold every one of `uris`, in a fixed order.
pub(super) fn patterns(uris: &BTreeSet<String>, generalise: Generalise) -> Vec<String> {
    let (files, others): (Vec<&String>, Vec<&String>) = uris.iter().partition(|uri| file(uri).is_some());
    let files: BTreeSet<String> = files.into_iter().filter_map(|uri| file(uri)).map(str::to_owned).collect();
    let mut found: BTreeSet<String> = BTreeSet::new();
    if !files.is_empty() {
        match paths::patterns(&files, generalise) {
            Some(patterns) => found.extend(patterns.iter().map(|pattern| format!("file://{pattern}"))),
            None => found.extend(files.iter().map(|path| format!("file://{path}"))),
        }
    }
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for uri in others {
        let at = match generalise {
            Generalise::Loose => uri.find("://").map(|at| at.saturating_add(3)),
            Generalise::Strict | Generalise::Balanced => {
                uri.rfind('/').filter(|at| uri.find("://").is_none_or(|start| *at > start.saturating_add(2)))
            }
        };
        let folder = at.and_then(|at| uri.get(..at)).unwrap_or(uri);
        folders.entry(folder).or_default().push(uri);
    }
    for (folder, members) in folders {
        match (generalise, members.len()) {
            (Generalise::Loose, _) if folder.ends_with("//") => drop(found.insert(format!("{folder}*"))),
            (Generalise::Balanced, 2..)
                if folder.len() < members.iter().map(|uri| uri.len()).max().unwrap_or(0) =>
            {
                found.insert(format!("{folder}/*"));
            }
            (Generalise::Strict | Generalise::Balanced | Generalise::Loose, _) => {
                found.extend(members.iter().map(|uri| (*uri).to_owned()));
            }
        }
    }
    found.into_iter().collect()
}

/// The path of a file's URI on this machine.
fn file(uri: &str) -> Option<&str> {
    uri.strip_prefix("file://").filter(|path| path.starts_with('/') && !path.contains(['%', '#']))
}
