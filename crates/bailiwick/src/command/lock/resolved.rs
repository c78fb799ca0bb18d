//! Which version of a package is on this machine already, with its integrity. Nothing is fetched and nothing is run.

mod node;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bailiwick_analysis::scan::package_of;
use bailiwick_record::lock::LockedPackage;

/// Whatever stands in a longer file is not known, in bytes.
const FILE_BYTES_MAX: usize = 16 << 20;
/// Entries of one folder that are looked at.
const FOLDERS_MAX: usize = 1_000;

/// The package that a command fetches, or that its program comes from.
pub(super) fn package(words: &[String]) -> Option<LockedPackage> {
    let Some(package) = package_of(words) else { return installed(words) };
    let asked = package.version.as_deref();
    let resolved = match package.registry {
        "npm" => node::of(&package.name, asked),
        "pypi" => python::of(&package.name, asked),
        _ => None,
    };
    let (version, integrity) = resolved.map(|one| (one.version, one.integrity)).unzip();
    Some(LockedPackage {
        registry: package.registry.to_owned(),
        name: package.name,
        asked: package.version,
        version,
        integrity: integrity.flatten(),
    })
}

/// Of a program, or a script, that lies in the folder of a package.
fn installed(words: &[String]) -> Option<LockedPackage> {
    let (program, rest) = words.split_first()?;
    let program = found(program)?;
    let (registry, (name, resolved)) = match node::installed(&program, rest) {
        Some(found) => ("npm", found),
        None => ("pypi", python::installed(&program, rest)?),
    };
    Some(LockedPackage {
        registry: registry.to_owned(),
        name,
        asked: None,
        version: Some(resolved.version),
        integrity: resolved.integrity,
    })
}

/// Where a program is, as the system would find it.
fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(bailiwick_disk::bounded(path, FILE_BYTES_MAX).ok()?).ok()
}

/// What is in a folder, the newest first.
fn newest(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .take(FOLDERS_MAX)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// A folder that a variable names, else one below the home.
fn place(variable: &str, below_home: &str) -> Option<PathBuf> {
    let own = std::env::var_os(variable).filter(|own| !own.is_empty()).map(PathBuf::from);
    own.or_else(|| Some(Path::new(&crate::places::home()?).join(below_home)))
}

fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}
