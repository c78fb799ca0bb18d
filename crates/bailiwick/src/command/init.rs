//! `bailiwick init`: the checks for CI, and a policy to start from.

mod ci;
mod starter;

use std::fs;
use std::path::{Path, PathBuf};

use bailiwick_record::lock::Lock;
use similar::TextDiff;

use crate::args::clients::ClientChoice;
use crate::args::init::{CiArg, InitArgs};
use crate::exit::{self, Failure};
use crate::installed::{self, Survey};
use crate::say::{self, DIM, GOOD, WARN};

/// The policy's file, which the workflows name.
const POLICY: &str = "bailiwick.policy.yaml";
const TESTS: &str = "bailiwick.policy.test.yaml";
const LOCK: &str = "bailiwick.lock";

pub(crate) fn run(args: &InitArgs) -> Result<i32, Failure> {
    let choice = ClientChoice { clients: Vec::new(), table: None };
    let survey = installed::survey_or_trees(&choice, std::slice::from_ref(&args.path))?;
    let names = names(&survey);
    if names.is_empty() {
        let message = format!("no MCP server is configured below `{}`", args.path.display());
        return Err(Failure::new(exit::NOTHING, message)
            .help("CI can only check configurations that are in the repository, such as .mcp.json or .cursor/mcp.json"));
    }
    let lock = Lock::load(&args.path.join(LOCK)).map_err(Failure::error)?;
    let source = args.from.as_deref().zip(args.rev.as_deref());
    let mut files = vec![
        (PathBuf::from(POLICY), starter::policy(&names, lock.as_ref())),
        (PathBuf::from(TESTS), starter::tests(&names, lock.as_ref())),
    ];
    for ci in chosen(args) {
        files.push(match ci {
            CiArg::Github => (".github/workflows/bailiwick.yml".into(), ci::github(source)),
            CiArg::Gitlab => (".gitlab/bailiwick.yml".into(), ci::gitlab(source)),
            CiArg::PreCommit => (".pre-commit-config.yaml".into(), ci::pre_commit()),
        });
    }
    let mut left = 0;
    for (file, text) in &files {
        left += usize::from(!put(args, file, text)?);
    }
    if !args.dry_run {
        next(args, lock.is_some());
    }
    Ok(if left > 0 { exit::ERROR } else { exit::OK })
}

/// The names that rules know the servers by, sorted.
fn names(survey: &Survey) -> Vec<String> {
    let loaded = survey.files.iter().filter_map(|installed| installed.state.as_ref().ok());
    let mut names: Vec<String> = loaded
        .flat_map(|loaded| &loaded.config.servers)
        .map(|server| crate::wire::rule_name(&server.name))
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What was asked for; else what the repository has.
fn chosen(args: &InitArgs) -> Vec<CiArg> {
    let mut chosen = args.ci.clone();
    if chosen.is_empty() {
        let has = |name: &str| args.path.join(name).exists();
        let found =
            [(CiArg::Github, ".github"), (CiArg::Gitlab, ".gitlab-ci.yml"), (CiArg::PreCommit, PRE_COMMIT)];
        chosen.extend(found.into_iter().filter(|(_, name)| has(name)).map(|(ci, _)| ci));
    }
    if chosen.is_empty() {
        chosen.push(CiArg::Github);
    }
    chosen.sort();
    chosen.dedup();
    chosen
}

/// Longest file that may lie where one of ours shall.
const WRITTEN_BYTES_MAX: usize = 4 << 20;
const PRE_COMMIT: &str = ".pre-commit-config.yaml";

/// Writes one file, or says why not; true if it says what it should.
fn put(args: &InitArgs, file: &Path, text: &str) -> Result<bool, Failure> {
    let path = args.path.join(file);
    let (shown, fail) = (file.display(), |error| Failure::error(format!("`{}`: {error}", path.display())));
    let before = match bailiwick_disk::bounded(&path, WRITTEN_BYTES_MAX) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(fail(error)),
    };
    match &before {
        Some(before) if before == text.as_bytes() => {
            say::line(&format!("{DIM}as it is:{DIM:#} {shown}"));
            return Ok(true);
        }
        Some(_) if !args.force && !args.dry_run => {
            say::line(&format!(
                "{WARN}left alone:{WARN:#} {shown} is there and says something else (--dry-run shows it, --force replaces it)"
            ));
            return Ok(false);
        }
        Some(_) | None => {}
    }
    if args.dry_run {
        let old = before.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let diff = TextDiff::from_lines(old.as_str(), text);
        let from = if old.is_empty() { "/dev/null".to_owned() } else { shown.to_string() };
        say::line(
            diff.unified_diff().context_radius(3).header(&from, &shown.to_string()).to_string().trim_end(),
        );
        return Ok(true);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    bailiwick_disk::put(&path, text.as_bytes(), before.is_some()).map_err(Failure::error)?;
    say::line(&format!("{GOOD}written:{GOOD:#} {shown}"));
    Ok(true)
}

fn next(args: &InitArgs, is_locked: bool) {
    if !is_locked {
        say::line(&format!(
            "next: `bailiwick lock --path . --yes` launches the servers and writes {LOCK}, which the checks compare with"
        ));
    }
    if chosen(args).contains(&CiArg::Gitlab) {
        say::line(
            "next: add `include: [{ local: .gitlab/bailiwick.yml }]` to .gitlab-ci.yml, if it is not there",
        );
    }
    if args.from.is_none() {
        say::line(
            "next: see that `bailiwick` is on the runner's PATH, or give --from and --rev to build it there",
        );
    }
    say::line(&format!("next: read {POLICY}, and commit all of it"));
}
