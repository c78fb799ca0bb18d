//! Packages of PyPI: environments of uv, pipx and venv, and `uv.lock`.

use std::path::{Path, PathBuf};

use bailiwick_analysis::resolved::{Resolved, console_scripts, meets, metadata, normal, record, uv};

use super::{FOLDERS_MAX, here, newest, place, text};

/// Version and integrity of a package that `uvx` or `pipx run` would run: the installed tool, else the newest environment of the
/// caches that has it, else what this folder's `uv.lock` names.
pub(super) fn of(name: &str, asked: Option<&str>) -> Option<Resolved> {
    let wanted = normal(name);
    let tool = |folder: Option<PathBuf>| {
        let folder = newest(&folder?)
            .into_iter()
            .find(|folder| folder.file_name().is_some_and(|own| normal(&own.to_string_lossy()) == wanted))?;
        in_environment(&folder, &wanted, asked)
    };
    let cached = |folder: Option<PathBuf>| {
        newest(&folder?).into_iter().find_map(|folder| in_environment(&folder, &wanted, asked))
    };
    let uv_cache = || place("UV_CACHE_DIR", ".cache/uv");
    tool(place("UV_TOOL_DIR", ".local/share/uv/tools"))
        .or_else(|| tool(place("PIPX_HOME", ".local/share/pipx").map(|home| home.join("venvs"))))
        .or_else(|| cached(uv_cache().map(|cache| cache.join("environments-v2"))))
        .or_else(|| cached(uv_cache().map(|cache| cache.join("archive-v0"))))
        .or_else(|| cached(place("PIPX_HOME", ".local/share/pipx").map(|home| home.join(".cache"))))
        .or_else(|| uv(&text(&here().join("uv.lock"))?, name, asked))
}

fn in_environment(folder: &Path, wanted: &str, asked: Option<&str>) -> Option<Resolved> {
    let is_wanted = |name: &str, _: &Path| normal(name) == wanted;
    site_packages(folder)
        .iter()
        .find_map(|site| installed_in(site, &is_wanted))
        .map(|(_, found)| found)
        .filter(|found| meets(&found.version, asked))
}

/// The package that a program of a virtual environment comes from: by the script's name, or by the module that Python is to run.
pub(super) fn installed(program: &Path, rest: &[String]) -> Option<(String, Resolved)> {
    // The interpreter is a link out of its environment: only a script's is followed.
    let script = program.file_name()?.to_str()?;
    let is_python = script.starts_with("python");
    let program = if is_python { program.to_owned() } else { program.canonicalize().ok()? };
    let root = program.parent()?.parent()?;
    if !root.join("pyvenv.cfg").is_file() {
        return None;
    }
    let module = rest.iter().position(|word| word == "-m").and_then(|at| rest.get(at + 1));
    let module = module.and_then(|module| module.split('.').next()).map(normal);
    let is_wanted = |name: &str, folder: &Path| match (is_python, &module) {
        (true, Some(module)) => normal(name) == *module,
        (true, None) => false,
        (false, _) => {
            let points = text(&folder.join("entry_points.txt")).unwrap_or_default();
            console_scripts(&points).any(|own| own == script)
        }
    };
    site_packages(root).iter().find_map(|site| installed_in(site, &is_wanted))
}

/// `lib/python3.x/site-packages` of an environment.
fn site_packages(environment: &Path) -> Vec<PathBuf> {
    newest(&environment.join("lib")).into_iter().map(|python| python.join("site-packages")).collect()
}

/// The package of a folder that is wanted, told by the notes beside it.
fn installed_in(site: &Path, is_wanted: &dyn Fn(&str, &Path) -> bool) -> Option<(String, Resolved)> {
    let entries = std::fs::read_dir(site).ok()?;
    entries.flatten().take(FOLDERS_MAX).find_map(|entry| {
        let folder = entry.path();
        if folder.extension().is_none_or(|extension| extension != "dist-info") {
            return None;
        }
        let (name, version) = metadata(&text(&folder.join("METADATA"))?)?;
        let wanted = is_wanted(&name, &folder);
        wanted.then(|| {
            let integrity = text(&folder.join("RECORD")).and_then(|text| record(&text));
            (name, Resolved { version, integrity })
        })
    })
}
