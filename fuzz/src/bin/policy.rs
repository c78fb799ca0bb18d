//! The policy language: any text is a policy or a report, and a decision does not depend on the order of the layers.
//!
//! An input is a policy, a zero byte, and the arguments of a call.
#![no_main]

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Problems, Source, Target, Verdict, compile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut halves = input.splitn(2, |byte| *byte == 0);
    let Ok(text) = std::str::from_utf8(halves.next().unwrap_or_default()) else { return };
    let policy = match layers(&[text]) {
        Ok(policy) => policy,
        Err(problems) => {
            assert!(problems.iter().count() > 0, "an error says what is wrong");
            assert!(!problems.render(false).is_empty());
            return;
        }
    };
    let mut parser = Parser::default();
    let Ok(arguments) = parser.parse(halves.next().unwrap_or(b"{}"), &Limits::DEFAULT) else { return };
    let first = layers(&[DENY, text]).expect("a layer of denials fits every policy");
    let last = layers(&[text, DENY]).expect("the same layers in another order");
    let principal = Principal::default();
    for target in TARGETS {
        let call = Call { target, arguments: Some(arguments.root()), principal: &principal };
        let decide = |policy: &Policy| policy.evaluate(&call, &mut Vec::new());
        assert_eq!(decide(&policy), decide(&policy), "the same call, the same decision");
        assert_eq!(
            (decide(&first), decide(&last)),
            (Verdict::Deny, Verdict::Deny),
            "deny wins, wherever it stands"
        );
    }
});

fn layers(texts: &[&str]) -> Result<Policy, Problems> {
    let name = |(at, text): (usize, &&str)| Source { name: format!("{at}.yaml"), text: (*text).to_owned() };
    let sources = texts.iter().enumerate().map(name).collect();
    let context = Context { workspace: Some("/work/app".to_owned()), home: Some("/home/ana".to_owned()) };
    compile(sources, &mut Nothing, &context)
}

/// No file can be extended here.
struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not there"))
    }
}

const DENY: &str = "version: 1\nname: no\ndefault: deny\nrules:\n  - { id: fuzz-no, effect: deny, on: [\"*/*\", \"resource:*\"] }\n";
const TARGETS: [Target<'static>; 2] =
    [Target::Tool { server: "fs", name: "read_file" }, Target::Tool { server: "sh", name: "run" }];
