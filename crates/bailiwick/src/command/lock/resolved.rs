//! Which version of an npm package is on this machine already, with its integrity. Nothing is fetched.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bailiwick_analysis::scan::Package;
use serde_json::Value;

/// Version and integrity of a package that `npx` has installed, or that lies in the current folder.
pub(super) fn of(package: &Package) -> Option<(String, Option<String>)> {
    if package.registry != "npm" {
        return None;
    }
    let here = std::env::current_dir().ok().map(|here| here.join("node_modules"));
    here.into_iter().chain(npx()).find_map(|modules| installed(&modules, package))
}

/// The folders that `npx` installs to, the newest first.
fn npx() -> Vec<PathBuf> {
    let Some(home) = crate::places::home() else { return Vec::new() };
    let cache =
        std::env::var_os("npm_config_cache").map_or_else(|| Path::new(&home).join(".npm"), PathBuf::from);
    let Ok(entries) = fs::read_dir(cache.join("_npx")) else { return Vec::new() };
    let mut folders: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .take(FOLDERS_MAX)
        .filter_map(|entry| {
            Some((entry.metadata().ok()?.modified().ok()?, entry.path().join("node_modules")))
        })
        .collect();
    folders.sort();
    folders.into_iter().rev().map(|(_, folder)| folder).collect()
}

const FOLDERS_MAX: usize = 1_000;
const FILE_BYTES_MAX: u64 = 16 << 20;

fn installed(modules: &Path, package: &Package) -> Option<(String, Option<String>)> {
    let list = modules.join(".package-lock.json");
    if fs::metadata(&list).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    let list: Value = serde_json::from_slice(&fs::read(list).ok()?).ok()?;
    let entry = list.get("packages")?.get(format!("node_modules/{}", package.name))?;
    let version = entry.get("version")?.as_str()?;
    // Another version than the entry asks for is not what runs.
    let exact = package.version.as_deref().filter(|asked| asked.starts_with(|c: char| c.is_ascii_digit()));
    if exact.is_some_and(|exact| exact != version) {
        return None;
    }
    let integrity = entry.get("integrity").and_then(Value::as_str).map(str::to_owned);
    Some((version.to_owned(), integrity))
}
