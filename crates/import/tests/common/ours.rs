//! Translations, compiled and asked.

use bailiwick_import::Imported;
use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, Verdict, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not there"))
    }
}

pub(crate) fn compiled(imported: &Imported) -> Policy {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "translated.yaml".into(), text: imported.text.clone() };
    match compile(vec![source], &mut Nothing, &context) {
        Ok(policy) => policy,
        Err(problems) => panic!("{}\n{}", problems.render(false), imported.text),
    }
}

/// The ids of the rules that speak over a call, and the verdict.
pub(crate) fn decide(
    policy: &Policy,
    (server, tool): (&str, &str),
    arguments: &str,
    principal: &Principal,
) -> (Verdict, Vec<String>) {
    let mut parser = Parser::default();
    let parsed = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let call =
        Call { target: Target::Tool { server, name: tool }, arguments: Some(parsed.root()), principal };
    let mut hits = Vec::new();
    let verdict = policy.evaluate(&call, &mut hits);
    (verdict, hits.iter().map(|hit| policy.rules()[hit.rule as usize].id.clone()).collect())
}
