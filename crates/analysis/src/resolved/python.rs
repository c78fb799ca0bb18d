//! What pip, uv and pipx leave beside what they installed.

use sha2::{Digest as _, Sha256};
use toml_edit::{DocumentMut, Item, Table};

use super::{Resolved, only, word};

/// Names that PyPI takes for the same one, in one form (PEP 503).
#[must_use]
pub fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c),
        }
    }
    out
}

/// From `uv.lock`: the digest is that of the wheel for every system, else that of the source.
#[must_use]
pub fn uv(text: &str, name: &str, asked: Option<&str>) -> Option<Resolved> {
    let document: DocumentMut = text.parse().ok()?;
    let packages = document.get("package")?.as_array_of_tables()?;
    let name = normal(name);
    let own = packages
        .iter()
        .filter(|package| package.get("name").and_then(Item::as_str).is_some_and(|own| normal(own) == name));
    let resolved = |package: &Table| {
        let version = word(package.get("version")?.as_str()?)?;
        Some(Resolved { version, integrity: uv_digest(package) })
    };
    only(own.filter_map(resolved).collect(), asked)
}

fn uv_digest(package: &Table) -> Option<String> {
    let wheels = package.get("wheels").and_then(Item::as_array);
    let mut tables = wheels.into_iter().flatten().filter_map(|wheel| wheel.as_inline_table());
    let wheel = tables.find(|wheel| {
        wheel.get("url").and_then(|url| url.as_str()).is_some_and(|url| url.ends_with("-none-any.whl"))
    });
    let source = || package.get("sdist").and_then(Item::as_inline_table);
    let hash = wheel.or_else(source)?.get("hash")?.as_str()?;
    word(hash)
}

/// Name and version in `METADATA`, whose headers end with the first empty line.
#[must_use]
pub fn metadata(text: &str) -> Option<(String, String)> {
    let headers = || text.lines().take_while(|line| !line.is_empty());
    let header = |key: &str| {
        let found = headers().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        found.and_then(|value| word(value.trim()))
    };
    Some((header("Name")?, header("Version")?))
}

/// One digest of all files that `RECORD` says were installed. What differs between machines is not in it: programs, which name the
/// interpreter, compiled files, and notes of the installer.
#[must_use]
pub fn record(text: &str) -> Option<String> {
    let is_content = |line: &&str| {
        let path = line.split(',').next().unwrap_or_default().trim_matches('"');
        let hash = line.contains(",sha");
        let is_note = path.contains(".dist-info/")
            && !path.ends_with("/METADATA")
            && !path.ends_with("/WHEEL")
            && !path.ends_with("/entry_points.txt");
        hash && !path.starts_with("..") && !path.starts_with('/') && !is_note && !path.ends_with(".pyc")
    };
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).filter(is_content).collect();
    lines.sort_unstable();
    let mut digest = Sha256::new();
    for line in &lines {
        digest.update(line.as_bytes());
        digest.update(b"\n");
    }
    let hex = data_encoding::HEXLOWER.encode(&digest.finalize());
    (!lines.is_empty()).then(|| format!("record:sha256:{hex}"))
}

/// The programs that a package brings, from its `entry_points.txt`.
pub fn console_scripts(text: &str) -> impl Iterator<Item = &str> {
    let section = text.lines().map(str::trim).skip_while(|line| *line != "[console_scripts]").skip(1);
    let entries = section.take_while(|line| !line.starts_with('['));
    entries.filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
}
