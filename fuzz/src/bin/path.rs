//! Paths: any text is read in bounded time, and where the kernel would go is among its readings: what is allowed stays inside,
//! what leads to a denied folder is denied.
#![no_main]

use std::sync::OnceLock;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, Verdict, compile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut arguments = br#"{"path":"#.to_vec();
    bailiwick_mcp::json::escape_into(text, &mut arguments);
    arguments.push(b'}');
    let mut parser = Parser::default();
    let Ok(document) = parser.parse(&arguments, &Limits::DEFAULT) else { return };
    let principal = Principal::default();
    let decide = |tool| {
        let target = Target::Tool { server: "fs", name: tool };
        let call = Call { target, arguments: Some(document.root()), principal: &principal };
        let verdict = policy().evaluate(&call, &mut Vec::new());
        assert_eq!(policy().evaluate(&call, &mut Vec::new()), verdict, "the same call, the same decision");
        verdict
    };
    let opened = opened(text);
    if decide("inside") == Verdict::Allow {
        assert!(is_below(&opened, "/work/app/src"), "allowed, but {opened}");
        assert!(!text.contains('\0'), "a path ends at a NUL for whoever opens it");
    }
    if is_below(&opened, "/home/ana/.ssh") && !text.contains('\0') && opened.len() < 4_096 {
        for tool in ["outside", "anywhere"] {
            assert_eq!(decide(tool), Verdict::Deny, "{tool}: {opened}");
        }
    }
});

/// Where the text leads as it stands, without links.
fn opened(text: &str) -> String {
    let whole = if text.starts_with('/') { text.to_owned() } else { format!("/work/app/{text}") };
    let mut names: Vec<&str> = Vec::new();
    for name in whole.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

fn policy() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| {
        let context = Context { workspace: Some("/work/app".to_owned()), home: Some("/home/ana".to_owned()) };
        let source = Source { name: "path.yaml".to_owned(), text: RULES.to_owned() };
        compile(vec![source], &mut Nothing, &context).expect("a policy")
    })
}

/// No file can be extended here.
struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not there"))
    }
}

const RULES: &str = r#"
version: 1
default: deny
rules:
  - { id: inside, effect: allow, on: fs/inside, args: { path: { path: "/work/app/src/**" } } }
  - { id: rest, effect: allow, on: [fs/outside, fs/anywhere] }
  - { id: keys, effect: deny, on: fs/outside, args: { path: { path: "/home/ana/.ssh/**" } } }
  - { id: keys-anywhere, effect: deny, on: fs/anywhere, args: { "**": { path: ["~/.ssh/**", "**/*.pem"] } } }
"#;
