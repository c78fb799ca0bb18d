//! Neither the text of a condition nor a call costs more than its length.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads its data and looks at the clock"
)]

use std::time::{Duration, Instant};

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{
    Call, Context, Load, Policy, Principal, Problems, Source, Target, Verdict, bounds, compile,
};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

/// A policy that denies what `condition` says, and nothing else.
fn policy(condition: &str) -> Result<Policy, Problems> {
    let mut quoted = Vec::new();
    escape_into(condition, &mut quoted);
    let quoted = String::from_utf8(quoted).unwrap();
    let text = format!(
        "version: 1\ndefault: ask\nrules:\n  - {{ id: a, effect: deny, on: \"*/*\", if: {quoted} }}\n"
    );
    compile(vec![Source { name: "p".into(), text }], &mut Nothing, &Context::default())
}

/// Far less when optimised; tests are not, and run beside others.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn hostile_conditions_end_soon() {
    let most = bounds::CONDITION_BYTES_MAX;
    let half = most / 2;
    let texts = [
        format!("{}1{}", "(".repeat(half), ")".repeat(half)),
        "!".repeat(most),
        "-".repeat(most),
        "a.".repeat(half),
        "[".repeat(most),
        "a?".repeat(half),
        "x.all(x,".repeat(most / 8),
        "1+".repeat(half),
        "args.a in ".repeat(most / 10),
        format!("x.matches('{}')", "(a{1,1000}){1,1000}".repeat(20)),
        "9".repeat(most),
        "'${".repeat(most / 3),
        "é".repeat(half),
        "x".repeat(64 << 10),
        "1 && ".repeat(13 << 10),
    ];
    for text in texts {
        let start = Instant::now();
        assert!(policy(&text).is_err());
        let shown: String = text.chars().take(20).collect();
        assert!(start.elapsed() < SOON, "{:?} for {shown}", start.elapsed());
    }
}

#[test]
fn what_costs_too_much_counts_against_the_call_and_ends_soon() {
    let long: Vec<&str> = vec!["1"; 30_000];
    let list = format!("{{\"l\":[{}]}}", long.join(","));
    let escaped = format!("{{\"t\":\"{}\"}}", "\\u0061".repeat(10_900));
    let cases = [
        ("args.l.all(x, args.l.exists(y, args.l.exists(z, x + y + z < 0)))".to_owned(), &list),
        (["args.t.matches('(a+)+$')"; 60].join(" && "), &escaped),
        (["args.t + args.t == 'x'"; 80].join(" || "), &escaped),
    ];
    for (text, arguments) in cases {
        let policy = policy(&text).unwrap();
        let mut parser = Parser::default();
        let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
        let principal = Principal::default();
        let target = Target::Tool { server: "fs", name: "read" };
        let call = Call { target, arguments: Some(document.root()), principal: &principal };
        // Regular expressions are compiled at their first use.
        policy.evaluate(&call, &mut Vec::new());
        let start = Instant::now();
        assert_eq!(policy.evaluate(&call, &mut Vec::new()), Verdict::Deny);
        let took = start.elapsed();
        assert!(took < SOON, "{took:?} for {} bytes", arguments.len());
    }
}
