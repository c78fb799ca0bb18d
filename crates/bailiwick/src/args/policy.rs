//! Arguments of the tools around policies.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

/// How tests that ran are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    Human,
    /// One JSON document, versioned
    Json,
    /// JUnit's XML
    Junit,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TestArgs {
    /// Test files, policies that have one beside them (NAME.test.yaml beside NAME.yaml), or folders
    #[arg(value_name = "FILE", default_value = ".")]
    pub(crate) files: Vec<PathBuf>,
    #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
    pub(crate) format: TestFormat,
    /// Write JUnit's XML to this file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}
