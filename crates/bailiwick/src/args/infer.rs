//! Arguments of `infer`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

/// How far beyond what was seen a rule may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GeneraliseArg {
    /// The very paths and values that were seen
    Strict,
    /// Directories with several files, ranges of numbers, sets of words
    Balanced,
    /// The directory that holds all of them, any number, any text
    Loose,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InferArgs {
    /// Traces, or folders of them [default: `traces` in the state directory]
    #[arg(value_name = "TRACE|DIR")]
    pub(crate) traces: Vec<PathBuf>,
    /// Write the policy to this file, which must not exist yet [default: standard output]
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Widen this policy (a file or a bundled one) by what it is silent about: the new file extends it. What it denies by a
    /// rule stays denied
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) merge: Option<String>,
    #[arg(long, value_enum, default_value = "balanced")]
    pub(crate) generalise: GeneraliseArg,
    /// Tools that were used less often stay closed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min_support: usize,
    /// The policy's name
    #[arg(long, default_value = "inferred")]
    pub(crate) name: String,
    /// The directory that relative paths of calls start from [default: where they were recorded, if the traces name one place,
    /// else the current one]
    #[arg(long, value_name = "DIR", env = "BAILIWICK_WORKSPACE")]
    pub(crate) workspace: Option<PathBuf>,
}
