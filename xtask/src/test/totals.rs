//! The count of a whole test run, summed over all harnesses.

use anyhow::Result;

/// What passed and failed, and what did not come to run at all, which counts as a failure.
#[derive(Default)]
pub(crate) struct Totals {
    passed: u64,
    failures: u64,
    skipped: u64,
    /// Harnesses that said at their end that a test failed, and targets that cargo calls failed: more of the latter, and
    /// a harness died or did not compile.
    harnesses_failed: u64,
    targets_failed: u64,
    broken: Vec<String>,
}

impl Totals {
    /// Reads one line of cargo's output; libtest's closing lines count, and cargo's own word on a failed target.
    pub(crate) fn read(&mut self, line: &str) {
        self.targets_failed +=
            u64::from(line.starts_with("error: ") && line.contains("failed, to rerun pass"));
        self.harnesses_failed += u64::from(line.starts_with("test result: FAILED"));
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let of = |name: &str| {
            let words: Vec<&str> = counts.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            let at = words.iter().position(|word| *word == name)?;
            words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
        };
        match (of("passed"), of("failed"), of("ignored")) {
            (Some(passed), Some(failed), Some(ignored)) => {
                self.passed += passed;
                self.failures += failed;
                self.skipped += ignored;
            }
            _ => self.fail(&format!("unreadable line `{line}`")),
        }
    }

    pub(crate) fn pass(&mut self) {
        self.passed += 1;
    }

    /// Counts something that did not run, or not to its end.
    pub(crate) fn fail(&mut self, what: &str) {
        self.broken.push(what.to_owned());
    }

    /// Counts a step that ended in an error.
    pub(crate) fn must(&mut self, what: &str, ended: Result<()>) {
        if let Err(error) = ended {
            self.fail(&format!("{what}: {error:#}"));
        }
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failures + self.skipped + self.died() + self.broken.len() as u64
    }

    /// Test targets that ended without a count.
    fn died(&self) -> u64 {
        self.targets_failed.saturating_sub(self.harnesses_failed)
    }

    /// Prints what broke and, last, the line that CI reads; true when all is well.
    pub(crate) fn report(&self) -> bool {
        println!();
        for what in &self.broken {
            println!("NOT RUN TO ITS END: {what}");
        }
        if self.died() > 0 {
            println!(
                "NOT RUN TO ITS END: {} test targets that did not compile or died; see above",
                self.died()
            );
        }
        if self.skipped > 0 {
            println!("NOT RUN: {} tests marked as ignored; here a test runs or is deleted", self.skipped);
        }
        if self.passed == 0 {
            println!("NOT RUN: no test passed, so nothing was shown");
        }
        println!("{}", self.last_line());
        self.failed() == 0 && self.passed > 0
    }

    fn last_line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harnesses_are_summed_and_other_lines_are_not_counted() {
        let mut totals = Totals::default();
        totals.read("running 5 tests");
        totals.read(
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        totals.read("test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.00s");
        assert_eq!(totals.last_line(), "12 passed, 2 failed");
        assert!(!totals.report());
    }

    #[test]
    fn an_ignored_test_fails_the_run() {
        let mut totals = Totals::default();
        totals.read(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        assert_eq!(totals.last_line(), "5 passed, 1 failed");
    }

    #[test]
    fn a_target_that_dies_without_a_count_fails_the_run() {
        let mut totals = Totals::default();
        totals.read("test result: FAILED. 6 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        totals.read("error: test failed, to rerun pass `-p a --test b`");
        assert_eq!(totals.last_line(), "6 passed, 1 failed");
        totals.read("error: doctest failed, to rerun pass `-p a --doc`");
        assert_eq!(totals.last_line(), "6 passed, 2 failed");
    }

    #[test]
    fn a_step_that_did_not_run_fails_the_run() {
        let mut totals = Totals::default();
        totals.pass();
        totals.must("peers", Err(anyhow::anyhow!("no network")));
        assert_eq!(totals.last_line(), "1 passed, 1 failed");
    }

    #[test]
    fn a_run_without_a_test_is_no_success() {
        assert!(!Totals::default().report());
    }

    #[test]
    fn a_closing_line_that_cannot_be_read_is_a_failure() {
        let mut totals = Totals::default();
        totals.read("test result: ok. many passed");
        assert_eq!(totals.failed(), 1);
    }
}
