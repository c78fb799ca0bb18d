//! Every recipe of `docs/guide/cookbook.md` does what its tests say, and nothing in it is found by lint.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test reads its data, and must fail when it cannot"
)]

use std::path::Path;
use std::sync::Arc;

use bailiwick_analysis::render::suite as render;
use bailiwick_analysis::suite::{Given, run};
use bailiwick_policy::{Context, Load, Source, compile, lint, suite};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a recipe"))
    }
}

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
    assert_eq!(sections.len(), 20);
    let mut report = String::new();
    for section in sections {
        let title = section.lines().next().unwrap_or_default().to_owned();
        let source = Source { name: format!("{title} (tests)"), text: block(section, "tests").into() };
        let suite = suite::read(source).unwrap_or_else(|problems| panic!("{problems}"));
        let context = Context { workspace: Some(suite.workspace.clone()), home: Some(suite.home.clone()) };
        let source = Source { name: title.clone(), text: block(section, "policy").into() };
        let remarks = lint::lint(vec![source.clone()], &mut Nothing, &context, None).remarks;
        remarks.iter().for_each(|remark| report.push_str(&format!("{remark:#?}\n")));
        let policy =
            compile(vec![source], &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}"));
        let policy = match &suite.links {
            Some(links) => {
                policy.following(Arc::new(Given { links: links.clone(), directory: suite.workspace.clone() }))
            }
            None => policy,
        };
        let tested = run(&suite, &Arc::new(policy));
        if tested.failed() > 0 {
            report.push_str(&render::human(&[tested]));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
