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
    let here: Vec<&Case> = cases.iter().filter(|case| case.stdio_only.is_none()).collect();
    let mut problems = Vec::new();
    for case in &here {
        let found = check(case);
        match &case.not_yet {
            Some(_) if found.is_empty() => {
                problems.push(format!("{}: it holds now: delete `not_yet`", case.name))
            }
            Some(_) => {}
            None => problems.extend(found),
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems in {} cases:\n{}",
        problems.len(),
        here.len(),
        problems.join("\n")
    );
    totals(&cases, here.len());
}

fn check(case: &Case) -> Vec<String> {
    if let Some(parts) = &case.refuses {
        return check_refusal(case, parts);
    }
    let observed = drive::play(case, &places());
    case.steps.iter().zip(&observed).flat_map(|(step, seen)| cases::problems(step, seen)).collect()
}

fn check_refusal(case: &Case, parts: &[String]) -> Vec<String> {
    match drive::policy(case, &case.policies, &places()) {
        Ok(_) => vec![format!("{}: the policy loads", case.name)],
        Err(error) => {
            let missing = parts.iter().filter(|part| !error.contains(part.as_str()));
            missing.map(|part| format!("{}: no `{part}` in the error:\n{error}", case.name)).collect()
        }
    }
}

#[expect(clippy::print_stdout, reason = "a test says what it did not look at")]
fn totals(cases: &[Case], here: usize) {
    let steps: usize = cases.iter().map(|case| case.steps.len()).sum();
    println!("engine: {here} of {} cases, {steps} steps", cases.len());
    for case in cases {
        if let Some(reason) = &case.stdio_only {
            println!("  not here: {}: {reason}", case.name);
        }
        if let Some(missing) = &case.not_yet {
            println!("  not yet: {}: {missing}", case.name);
        }
    }
}
