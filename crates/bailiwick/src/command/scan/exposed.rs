//! Files that everybody on the machine may change.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bailiwick_clients::config::Server;

/// What of `path` and its folder others may write, if anything.
pub(super) fn file(path: &Path) -> Option<String> {
    let real = fs::canonicalize(path).ok()?;
    let mode = |path: &Path| fs::metadata(path).ok().map(|about| about.permissions().mode());
    if mode(&real).is_some_and(|mode| mode & 0o002 != 0) {
        return Some(real.display().to_string());
    }
    let folder = real.parent()?;
    // In a folder with the sticky bit only the owner of a file can put another in its place.
    let mode = mode(folder)?;
    let is_open = mode & 0o002 != 0 && (mode & 0o1000 == 0 || !is_ours(&real));
    is_open.then(|| folder.display().to_string())
}

fn is_ours(path: &Path) -> bool {
    let Ok(about) = fs::metadata(path) else { return false };
    let owner = crate::places::home().and_then(|home| fs::metadata(home).ok()).map(|home| home.uid());
    about.uid() == 0 || owner == Some(about.uid())
}

/// The same of everything that a server's command names.
pub(super) fn program(server: &Server) -> Option<String> {
    let words = server.words();
    let (program, arguments) = words.split_first()?;
    let named = arguments.iter().filter(|word| word.starts_with('/')).map(PathBuf::from);
    let files = on_path(program).into_iter().chain(named).filter(|path| path.is_file());
    files.take(FILES_MAX).find_map(|path| file(&path))
}

const FILES_MAX: usize = 16;

fn on_path(program: &str) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program));
    }
    if program.contains('/') {
        return None;
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
