//! The files that are meant by files and folders.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use bailiwick_analysis::counted;
use bailiwick_report::page::Page;

use crate::exit::Failure;
use crate::places;
use crate::recordings::{ENTRIES_MAX, below};

/// Files of one kind that are read; the newest are.
const FILES_MAX: usize = 500;

/// All `*.jsonl` that `named` leads to; of the state directory's folder where nothing is named. The newest first.
pub(super) fn of(named: &[PathBuf], folder: &str, page: &mut Page) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut entries = 0;
    if named.is_empty() {
        let own = places::state()?.join(folder);
        below(&own, &mut entries, &mut found);
    }
    for path in named {
        match fs::metadata(path) {
            Err(error) => return Err(Failure::error(format!("cannot read `{}`: {error}", path.display()))),
            Ok(about) if about.is_dir() => below(path, &mut entries, &mut found),
            Ok(about) => found.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), path.clone())),
        }
    }
    if entries > ENTRIES_MAX {
        page.not_inspected.push((format!("some of {folder}"), format!("more than {ENTRIES_MAX} entries")));
    }
    found.sort();
    found.reverse();
    let left = found.len().saturating_sub(FILES_MAX);
    if left > 0 {
        let why = format!("only the newest {FILES_MAX} are read");
        page.not_inspected.push((format!("{} of {folder}", counted(left, "older file")), why));
    }
    found.truncate(FILES_MAX);
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
