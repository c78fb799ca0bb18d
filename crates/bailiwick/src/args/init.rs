//! Arguments of `init`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

pub(crate) const EXAMPLES: &str = "\
Examples:
  bailiwick init --dry-run               show what would be written
  bailiwick init                         a starter policy, and the workflow of the CI that the repository has
  bailiwick init --ci github --ci pre-commit

What is there already is left alone without --force.";

/// Who runs the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum CiArg {
    /// .github/workflows/bailiwick.yml
    Github,
    /// .gitlab/bailiwick.yml, for `include` in .gitlab-ci.yml
    Gitlab,
    /// .pre-commit-config.yaml
    PreCommit,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InitArgs {
    /// What runs the checks; may be repeated [default: those that the repository has, else github]
    #[arg(long = "ci", value_enum, value_delimiter = ',')]
    pub(crate) ci: Vec<CiArg>,
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Where CI gets the program: a Git address that `cargo install` builds [default: it is expected on the runner]
    #[arg(long, value_name = "URL", requires = "rev")]
    pub(crate) from: Option<String>,
    /// The commit there, all 40 digits of it
    #[arg(long, value_name = "COMMIT", requires = "from", value_parser = commit)]
    pub(crate) rev: Option<String>,
    /// Change nothing; print what would be written as a unified diff
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Replace files that are there and say something else
    #[arg(long)]
    pub(crate) force: bool,
}

fn commit(text: &str) -> Result<String, String> {
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit
        .then(|| text.to_owned())
        .ok_or_else(|| "a branch or tag can be moved; give the 40 digits of a commit".to_owned())
}
