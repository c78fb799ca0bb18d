//! The simple commands of a command line, as a shell reads it.

use bailiwick_semantic::command::{self, Redirection, Simple};

/// One program with its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) words: Vec<String>,
    /// Files that its output is written to.
    pub(super) writes: Vec<String>,
    /// It reads what the one before writes.
    pub(super) reads_pipe: bool,
}

/// More are not looked at.
const RUNS_MAX: usize = 256;

/// What a shell would run, commands inside of others too. Where words may stand for several texts, the first counts.
pub(super) fn runs(text: &str) -> Vec<Run> {
    command::read(text).commands.iter().take(RUNS_MAX).map(run).collect()
}

fn run(simple: &Simple) -> Run {
    let writes = simple
        .redirects
        .iter()
        .filter(|redirect| matches!(redirect.kind, Redirection::Write | Redirection::ReadWrite));
    Run {
        words: simple.words.iter().map(|word| word.text.clone()).collect(),
        writes: writes.map(|redirect| redirect.target.text.clone()).collect(),
        reads_pipe: simple.reads_pipe,
    }
}
