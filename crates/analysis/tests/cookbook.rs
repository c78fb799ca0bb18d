//! Every recipe of `docs/guide/cookbook.md` does what its tests say, and nothing in it is found by lint.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test reads its data, and must fail when it cannot"
)]

#[path = "suites/tested.rs"]
mod tested;

use std::path::Path;

use bailiwick_analysis::render::suite as render;
use bailiwick_policy::{Source, lint};
use tested::{Nothing, read, tested};

/// The block of that kind in a section.
fn block<'s>(section: &'s str, kind: &str) -> &'s str {
    let opens = format!("```yaml {kind}\n");
    let (_, rest) = section.split_once(&opens).unwrap_or_else(|| panic!("no {kind} in\n{section}"));
    rest.split_once("```").map_or(rest, |(text, _)| text)
}

#[test]
fn every_recipe_does_what_its_tests_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/cookbook.md");
    let page = std::fs::read_to_string(page).unwrap();
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), 21);
    let mut report = String::new();
    for section in sections {
        let title = section.lines().next().unwrap_or_default().to_owned();
        let tests = read(&title, block(section, "tests"));
        let policy = Source { name: title, text: block(section, "policy").into() };
        let remarks = lint::lint(vec![policy.clone()], &mut Nothing, &tests.1, None).remarks;
        remarks.iter().for_each(|remark| report.push_str(&format!("{remark:#?}\n")));
        let tested = tested(policy, &tests);
        if tested.failed() > 0 {
            report.push_str(&render::human(&[tested]));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
