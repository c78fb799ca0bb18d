//! Conditions: any text is a condition or a report that points into the file, and an error counts against the call.
//!
//! An input is a condition, a zero byte, and the arguments of a call, which are also taken for the schema of a tool.
#![no_main]

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{
    Call, Catalog, Context, Load, Policy, Principal, Problems, Source, Target, Verdict, check, compile,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut halves = input.splitn(2, |byte| *byte == 0);
    let Ok(text) = std::str::from_utf8(halves.next().unwrap_or_default()) else { return };
    let mut quoted = Vec::new();
    escape_into(text, &mut quoted);
    let Ok(quoted) = String::from_utf8(quoted) else { return };
    let policy = match policy("allow", &quoted) {
        Ok(policy) => policy,
        Err(problems) => {
            assert!(problems.iter().all(|problem| problem.line == 5), "it points into the condition's line");
            assert!(!problems.render(false).is_empty());
            return;
        }
    };
    let mut parser = Parser::default();
    let Ok(arguments) = parser.parse(halves.next().unwrap_or(b"{}"), &Limits::DEFAULT) else { return };
    let mut catalog = Catalog::default();
    catalog.add_tool("fs", "read_file", Some(arguments.root()));
    let checked = check(source("deny", &quoted), &mut Nothing, &Context::default(), Some(&catalog));
    match checked.policy {
        Ok(_) => assert_eq!(checked.warnings.errors(), 0),
        Err(problems) => assert!(problems.errors() > 0),
    }
    let denies = self::policy("deny", &quoted).expect("an effect does not change what is a condition");
    let principal = Principal { id: "ana".to_owned(), roles: vec!["dev".to_owned()], ..Principal::default() };
    let target = Target::Tool { server: "fs", name: "read_file" };
    let call = Call { target, arguments: Some(arguments.root()), principal: &principal };
    let allowed = policy.evaluate(&call, &mut Vec::new()) == Verdict::Allow;
    let denied = denies.evaluate(&call, &mut Vec::new()) == Verdict::Deny;
    assert!(denied || !allowed, "what makes an allow match makes a deny match");
    assert!(!allowed || policy.could_allow(&target, &principal), "what may be called is listed");
    assert_eq!(policy.explain(&call).verdict() == Verdict::Allow, allowed);
});

fn policy(effect: &str, quoted: &str) -> Result<Policy, Problems> {
    compile(source(effect, quoted), &mut Nothing, &Context::default())
}

fn source(effect: &str, quoted: &str) -> Vec<Source> {
    let text = format!(
        "version: 1\ndefault: ask\nvars: {{ repo: /srv }}\nrules:\n  - {{ id: a, effect: {effect}, on: \"*/*\", if: {quoted} }}\n"
    );
    vec![Source { name: "fuzz".to_owned(), text }]
}

/// No file can be extended here.
struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not there"))
    }
}
