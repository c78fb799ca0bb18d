//! Every case of `cases/` through the engine alone, in simulated time.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "cases/drive.rs"]
mod drive;

use bailiwick_testkit::cases::{self, Case};
use drive::Places;

fn places() -> Places {
    Places { workspace: "/work/app".to_owned(), home: "/home/ana".to_owned() }
}

#[test]
fn every_case_holds_in_the_engine() {
    let cases = cases::all();
    let mut problems = Vec::new();
    let (mut played, mut steps) = (0, 0);
    for case in &cases {
        match (&case.stdio_only, &case.refuses) {
            (Some(_), _) => continue,
            (None, Some(parts)) => check_refusal(case, parts, &mut problems),
            (None, None) => {
                let observed = drive::play(case, &places());
                let found =
                    case.steps.iter().zip(&observed).flat_map(|(step, seen)| cases::problems(step, seen));
                problems.extend(found);
                steps += case.steps.len();
            }
        }
        played += 1;
    }
    assert!(problems.is_empty(), "{} problems in {played} cases:\n{}", problems.len(), problems.join("\n"));
    totals(&cases, played, steps);
}

fn check_refusal(case: &Case, parts: &[String], problems: &mut Vec<String>) {
    match drive::policy(case, &case.policies, &places()) {
        Ok(_) => problems.push(format!("{}: the policy loads", case.name)),
        Err(error) => {
            let missing = parts.iter().filter(|part| !error.contains(part.as_str()));
            problems.extend(missing.map(|part| format!("{}: no `{part}` in the error:\n{error}", case.name)));
        }
    }
}

#[expect(clippy::print_stdout, reason = "a test says what it did not look at")]
fn totals(cases: &[Case], played: usize, steps: usize) {
    println!("engine: {played} of {} cases, {steps} steps", cases.len());
    for case in cases {
        if let Some(reason) = &case.stdio_only {
            println!("  not here: {}: {reason}", case.name);
        }
    }
}
