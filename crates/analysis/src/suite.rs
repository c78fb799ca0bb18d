//! Runs test files of policies through the engine: every test is a run of its own, in simulated time.

mod links;
mod stage;

use std::sync::Arc;

use bailiwick_guard::Scanner;
use bailiwick_policy::suite::{Suite, Test};
use bailiwick_policy::{Call, Policy, Verdict};

pub use links::Given;
use stage::{Decided, Stage};

/// One file of tests that ran.
#[derive(Debug, Clone)]
pub struct Tested {
    pub file: String,
    pub ran: Vec<Ran>,
}

/// One test that ran.
#[derive(Debug, Clone)]
pub struct Ran {
    pub name: String,
    /// Line in the test file, counted from 1.
    pub line: u32,
    /// Why it failed; nothing if it passed.
    pub fault: Option<Fault>,
}

/// What was wanted and what came instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub expected: String,
    pub got: String,
    /// The reasons of the decision, each with its rule and line.
    pub reasons: Vec<String>,
    /// What came before, a line each.
    pub before: Vec<String>,
    /// What would have to be otherwise, where it should have been allowed.
    pub changes: Vec<String>,
}

/// Runs all tests of `suite` against `policy`, which follows the suite's links if it has any.
#[must_use]
pub fn run(suite: &Suite, policy: &Arc<Policy>) -> Tested {
    let scanner = Arc::new(Scanner::new());
    let one =
        |test: &Test| Ran { name: test.name.clone(), line: test.line, fault: fault(test, policy, &scanner) };
    Tested { file: suite.file.clone(), ran: suite.tests.iter().map(one).collect() }
}

fn fault(test: &Test, policy: &Arc<Policy>, scanner: &Arc<Scanner>) -> Option<Fault> {
    let mut stage = Stage::new(policy, scanner, test);
    let mut before = Vec::new();
    for step in &test.before {
        stage.wait(step.after_ms);
        for time in 0..step.times {
            let decided = stage.happen(step);
            let wrong = step.want.filter(|want| *want != decided.verdict);
            if time == 0 || wrong.is_some() {
                let often =
                    if step.times > 1 { format!(", {} of {}", time + 1, step.times) } else { String::new() };
                before.push(format!(
                    "{} {}{often}: {}",
                    decided.verdict.word(),
                    written(&step.call),
                    decided.fate
                ));
            }
            if let Some(want) = wrong {
                let expected = format!("{} of what came before (line {})", want.word(), step.line);
                return Some(Fault {
                    expected,
                    got: decided.verdict.word().to_owned(),
                    reasons: decided.reasons(),
                    before,
                    changes: changes(test, &step.call, want, policy),
                });
            }
        }
    }
    stage.wait(test.after_ms);
    let decided = stage.decide(&test.call);
    let missing = expected(test, &decided)?;
    Some(Fault {
        expected: missing,
        got: decided.verdict.word().to_owned(),
        reasons: decided.reasons(),
        before,
        changes: changes(test, &test.call, test.want, policy),
    })
}

/// What was wanted, if it is not what came.
fn expected(test: &Test, decided: &Decided) -> Option<String> {
    if decided.verdict != test.want {
        return Some(test.want.word().to_owned());
    }
    let absent: Vec<String> =
        test.by.iter().filter(|id| !decided.names(id)).map(|id| format!("`{id}`")).collect();
    if !absent.is_empty() {
        return Some(format!("{} by {}", test.want.word(), absent.join(" and ")));
    }
    let because = test.because.as_ref().filter(|text| !decided.says(text))?;
    Some(format!("{} because of a text with `{because}`", test.want.word()))
}

/// Rules alone can say what would allow a call; a limit or the past has said it in its reason.
fn changes(
    test: &Test,
    call: &bailiwick_policy::suite::Wanted,
    want: Verdict,
    policy: &Arc<Policy>,
) -> Vec<String> {
    if want == Verdict::Deny {
        return Vec::new();
    }
    let mut parser = bailiwick_mcp::Parser::default();
    let Ok(arguments) = parser.parse(call.arguments.as_bytes(), &bailiwick_mcp::Limits::DEFAULT) else {
        return Vec::new();
    };
    let call =
        Call { target: call.target.view(), arguments: Some(arguments.root()), principal: &test.principal };
    policy.explain(&call).changes().to_vec()
}

fn written(call: &bailiwick_policy::suite::Wanted) -> String {
    format!("{} {}", call.target.view().written(), call.arguments)
}

impl Tested {
    /// How many tests failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.ran.iter().filter(|ran| ran.fault.is_some()).count()
    }
}
