//! A usual decision allocates nothing: what it needs was allocated by the ones before it.
#![expect(clippy::unwrap_used, reason = "a test reads its data")]

use allocation_counter::measure;
use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Principal, Source, Target, Verdict, bundled, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

const POLICY: &str = r#"
version: 1
default: deny
rules:
  - { id: keys, effect: deny, on: "*/*", args: { "**": { path: ["~/.ssh/**", "**/.env*"] } } }
  - { id: reads, effect: allow, on: "*/read_*", args: { path: { path: "./**" } } }
  - { id: writes, effect: allow, on: fs/write_file, args: { path: { path: "/work/app/src/**" } }, if: "size(args.content) < 10 && args.mode in ['text', 'raw'] && principal.id != 'root'" }
  - { id: tags, effect: allow, on: fs/tag, if: "args.tags.all(t, t.matches('^[a-z]+$')) && args.n * 2 <= 10.5" }
  - { id: role, effect: allow, on: fs/role, for: { roles: [dev] }, if: "'dev' in principal.roles" }
  - { id: mode, effect: allow, on: fs/mode, args: { mode: { in: [text], glob: "t*", len: [1, 9] }, n: { range: [0, 5] } } }
"#;

/// Allocations of one decision, once the memory is warm.
fn allocations(text: &str, tool: &str, arguments: &str, wanted: Verdict) -> u64 {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "p".into(), text: text.to_owned() };
    let policy = compile(vec![source], &mut Nothing, &context).unwrap();
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal { id: "ana".into(), roles: vec!["dev".into()], ..Principal::default() };
    let target = Target::Tool { server: "fs", name: tool };
    let call = Call { target, arguments: Some(document.root()), principal: &principal };
    let mut hits = Vec::new();
    for _ in 0..3 {
        assert_eq!(policy.evaluate(&call, &mut hits), wanted, "{tool}");
    }
    measure(|| {
        policy.evaluate(&call, &mut hits);
    })
    .count_total
}

#[test]
fn a_usual_decision_allocates_nothing() {
    for (tool, arguments, wanted) in [
        ("read_file", r#"{"path":"src/main.rs"}"#, Verdict::Allow),
        ("read_file", r#"{"path":"/work/app/src/main.rs","head":10}"#, Verdict::Allow),
        ("read_file", r#"{"path":"/home/ana/.ssh/id_rsa"}"#, Verdict::Deny),
        ("write_file", r#"{"path":"/work/app/src/a","content":"x","mode":"text"}"#, Verdict::Allow),
        ("tag", r#"{"tags":["a","b"],"n":5}"#, Verdict::Allow),
        ("role", "{}", Verdict::Allow),
        ("mode", r#"{"mode":"text","n":3}"#, Verdict::Allow),
        ("no_such_tool", r#"{"x":1}"#, Verdict::Deny),
    ] {
        assert_eq!(allocations(POLICY, tool, arguments, wanted), 0, "{tool} {arguments}");
    }
}

#[test]
fn the_bundled_policy_allocates_nothing_for_a_read() {
    let standard = bundled("standard").unwrap();
    assert_eq!(allocations(standard, "read_file", r#"{"path":"/work/app/src/main.rs"}"#, Verdict::Allow), 0);
}
