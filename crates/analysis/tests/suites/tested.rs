//! A policy and its tests, both as texts.

use std::sync::Arc;

use bailiwick_analysis::suite::{Given, Tested, run};
use bailiwick_policy::suite::{self, Suite};
use bailiwick_policy::{Context, Load, Source, compile};

/// No policy here extends another.
pub(crate) struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a test"))
    }
}

/// The tests, and where they say that they take place.
pub(crate) fn read(name: &str, tests: &str) -> (Suite, Context) {
    let source = Source { name: format!("{name}.test.yaml"), text: tests.into() };
    let suite = suite::read(source).unwrap_or_else(|problems| panic!("{problems}"));
    let context = Context { workspace: Some(suite.workspace.clone()), home: Some(suite.home.clone()) };
    (suite, context)
}

/// What came of them under this policy.
pub(crate) fn tested(policy: Source, (suite, context): &(Suite, Context)) -> Tested {
    let policy = compile(vec![policy], &mut Nothing, context).unwrap_or_else(|problems| panic!("{problems}"));
    let policy = match &suite.links {
        Some(links) => {
            policy.following(Arc::new(Given { links: links.clone(), directory: suite.workspace.clone() }))
        }
        None => policy,
    };
    run(suite, &Arc::new(policy))
}
