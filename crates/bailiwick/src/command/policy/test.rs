//! `bailiwick policy test`: runs the tests that stand beside policies.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick_analysis::render::suite as render;
use bailiwick_analysis::suite::{Given, Tested, run as run_suite};
use bailiwick_policy::suite::{self, Suite};
use bailiwick_policy::{Context, Source, bundled};

use crate::args::policy::{TestArgs, TestFormat};
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::say;

pub(super) fn run(args: &TestArgs) -> Result<i32, Failure> {
    let mut files = Vec::new();
    for named in &args.files {
        find(named, 0, &mut files)?;
    }
    files.dedup();
    if files.is_empty() {
        return Err(Failure::new(exit::NOTHING, "no tests were found")
            .help("a test file is called `NAME.test.yaml` and lies beside the policy `NAME.yaml`"));
    }
    let (mut ran, mut broken) = (Vec::new(), false);
    for file in &files {
        match test(file) {
            Ok(tested) => ran.push(tested),
            Err(failure) => {
                say::failure(&failure);
                broken = true;
            }
        }
    }
    if let Some(path) = &args.junit {
        bailiwick_disk::put(path, render::junit(&ran).as_bytes(), true).map_err(Failure::error)?;
    }
    let text = match args.format {
        TestFormat::Human => render::human(&ran),
        TestFormat::Json => render::json(&ran),
        TestFormat::Junit => render::junit(&ran),
    };
    say::line(text.trim_end());
    Ok(match (broken, ran.iter().any(|tested| tested.failed() > 0)) {
        (true, _) => exit::REFUSED,
        (false, true) => exit::FINDINGS,
        (false, false) => exit::OK,
    })
}

/// Deepest folder that is looked into, below the one that is named.
const DEPTH_MAX: usize = 16;
/// Most test files of one call.
const FILES_MAX: usize = 10_000;
/// Longest test file, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

const ENDS: [&str; 2] = [".test.yaml", ".test.yml"];

fn is_test(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| ENDS.iter().any(|end| name.ends_with(end)))
}

/// A test file itself, the one beside a policy, or all below a folder.
fn find(named: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if named.is_dir() {
        if depth > DEPTH_MAX {
            return Ok(());
        }
        let fail =
            |error: std::io::Error| Failure::error(format!("cannot read `{}`: {error}", named.display()));
        let entries = fs::read_dir(named).map_err(fail)?;
        let mut below = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(fail)?;
        below.sort();
        for path in below {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            // A link may lead round in a circle.
            if hidden || path.is_symlink() {
                continue;
            }
            if path.is_dir() || is_test(&path) {
                find(&path, depth + 1, out)?;
            }
        }
        return Ok(());
    }
    if out.len() >= FILES_MAX {
        return Err(Failure::error(format!("more than {FILES_MAX} test files")).help("name some of them"));
    }
    if is_test(named) {
        out.push(named.to_owned());
        return Ok(());
    }
    let beside = ENDS.map(|end| named.with_extension(end.trim_start_matches('.')));
    match beside.into_iter().find(|path| path.is_file()) {
        Some(found) => out.push(found),
        None => {
            return Err(Failure::error(format!("there are no tests for `{}`", named.display()))
                .help(format!("write them to `{}`", named.with_extension("test.yaml").display())));
        }
    }
    Ok(())
}

fn test(path: &Path) -> Result<Tested, Failure> {
    let shown = path.display().to_string();
    let cannot =
        |error: std::io::Error| Failure::refused(format!("cannot read the tests `{shown}`: {error}"));
    let bytes = bailiwick_disk::bounded(path, FILE_BYTES_MAX).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|error| cannot(std::io::Error::other(error)))?;
    let suite = suite::read(Source { name: shown, text }).map_err(|problems| {
        Failure::report(exit::REFUSED, problems.render(say::colour_on_stderr()).trim_end())
    })?;
    let context = Context { workspace: Some(suite.workspace.clone()), home: Some(suite.home.clone()) };
    let loaded = Layers::placed(policies(path, &suite)?, context).load(say::colour_on_stderr())?;
    let Some(links) = &suite.links else { return Ok(run_suite(&suite, &loaded.policy)) };
    let given = Given { links: links.clone(), directory: suite.workspace.clone() };
    let policy = Arc::try_unwrap(loaded.policy)
        .map_err(|_| Failure::error("the policy is in use"))?
        .following(Arc::new(given));
    Ok(run_suite(&suite, &Arc::new(policy)))
}

/// The policies that a test file is about: files beside it, or bundled ones.
fn policies(path: &Path, suite: &Suite) -> Result<Vec<String>, Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |name: &str| folder.join(name).display().to_string();
    if !suite.policies.is_empty() {
        let named = |name: &String| if bundled(name).is_some() { name.clone() } else { beside(name) };
        return Ok(suite.policies.iter().map(named).collect());
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or_default();
    let candidates = [format!("{stem}.yaml"), format!("{stem}.yml")].map(|name| beside(&name));
    match candidates.iter().find(|candidate| Path::new(candidate).is_file()) {
        Some(found) => Ok(vec![found.clone()]),
        None => Err(Failure::refused(format!(
            "there is no policy `{}` beside `{}`",
            candidates[0],
            path.display()
        ))
        .help("name it in the file: `policy: other.yaml`, or the name of a bundled one")),
    }
}
