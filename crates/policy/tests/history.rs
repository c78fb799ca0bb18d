//! What one call is to the rules that look back: labels, and which calls belong together.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by a panic when it fails")]

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Marks, Policy, Principal, Same, Source, Target, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn policy(text: &str) -> Policy {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "p.yaml".into(), text: format!("version: 1\ndefault: deny\n{text}") };
    compile(vec![source], &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}"))
}

fn marks(policy: &Policy, target: Target<'_>, arguments: &str) -> Marks {
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal::default();
    policy.marks(&Call { target, arguments: Some(document.root()), principal: &principal })
}

const CALL: Target<'static> = Target::Tool { server: "s", name: "t" };

/// Whether calls with these arguments belong together.
fn together(one: &Same, other: &Same) -> bool {
    match (one, other) {
        (Same::Keys(one), Same::Keys(other)) => one.iter().any(|key| other.contains(key)),
        (Same::Whole | Same::Unknown, _) | (_, Same::Whole | Same::Unknown) => true,
    }
}

#[test]
fn what_tightens_takes_every_spelling_for_the_same() {
    let policy = policy("preconditions: [{ id: p, on: \"*/*\", not-after: \"*/*\", same: args.id }]\n");
    let same = |value: &str| marks(&policy, CALL, &format!("{{\"id\":{value}}}")).steps[0].same.clone();
    let alike = [
        ("\"a\"", "\"A\""),
        ("\"a\"", "\" a\\n\""),
        ("\"a\"", "\"./a\""),
        ("\"a\"", "\"x/../a\""),
        ("\"a\"", "\"/work/app/a\""),
        ("\"a\"", "\"file:///work/app/a\""),
        ("\"a\"", "\"%61\""),
        ("\"a\"", "\"ａ\""),
        ("\"a\"", "[\"b\",\"a\"]"),
        ("\"a\"", "[\"b\",{\"deep\":1}]"),
        ("\"a\"", "null"),
        ("\"a\"", "{}"),
        ("\"a\"", "[]"),
        ("\"~/x\"", "\"/home/ana/x\""),
        ("1", "\"1\""),
        ("1", "1.0"),
        ("1", "\" 01 \""),
        ("10", "1e1"),
        ("true", "\"true\""),
        ("9007199254740993", "9007199254740992"),
        ("\"\\u0000\"", "\"b\""),
    ];
    for (one, other) in alike {
        assert!(together(&same(one), &same(other)), "{one} and {other}");
    }
    let different = [
        ("\"a\"", "\"b\""),
        ("\"a\"", "\"a/b\""),
        ("1", "2"),
        ("1", "\"11\""),
        ("true", "false"),
        ("[1,2]", "[3,4]"),
        ("\"a\"", "\"a b\""),
        ("\"https://x.example/1\"", "\"https://x.example/2\""),
    ];
    for (one, other) in different {
        assert!(!together(&same(one), &same(other)), "{one} and {other}");
    }
    assert_eq!(marks(&policy, CALL, "{}").steps[0].same, Same::Unknown);
    assert_eq!(marks(&policy, CALL, "{\"ID\":\"a\"}").steps[0].same, same("\"a\""));
    assert_eq!(marks(&policy, CALL, "{\"a\":1}").steps[0].same, Same::Unknown);
    let many = format!("[{}]", (0..100).map(|number| number.to_string()).collect::<Vec<_>>().join(","));
    assert_eq!(same(&many), Same::Unknown, "more values than are kept apart");
}

#[test]
fn what_loosens_wants_exactly_one_value() {
    let policy = policy("preconditions: [{ id: p, on: \"*/x\", needs: { call: \"*/*\" }, same: args.id }]\n");
    let same = |arguments: &str| marks(&policy, CALL, arguments).grants[0].same.clone();
    let exact = same("{\"id\":\"a\"}");
    assert!(matches!(exact, Same::Keys(_)));
    for other in ["\"A\"", "\" a\"", "\"./a\"", "1", "true"] {
        let other = same(&format!("{{\"id\":{other}}}"));
        assert!(!together(&exact, &other), "{other:?}");
    }
    for unknown in [
        "{}",
        "{\"ID\":\"a\"}",
        "{\"id\":\"a\",\"ID\":\"a\"}",
        "{\"id\":[\"a\"]}",
        "{\"id\":null}",
        "{\"id\":{}}",
        "{\"id\":9007199254740993}",
    ] {
        assert_eq!(same(unknown), Same::Unknown, "{unknown}");
    }
}

#[test]
fn labels_say_which_calls_a_rule_is_about() {
    let text = |labels: &str| {
        policy(&format!(
            "{labels}sequences: [{{ id: s, steps: [{{ labels: private }}, {{ labels: [egress, send] }}] }}]\n"
        ))
    };
    let steps = |policy: &Policy, target: Target<'_>| {
        marks(policy, target, "{}").steps.iter().map(|mark| mark.step).rev().collect::<Vec<_>>()
    };
    let tool = |server, name| Target::Tool { server, name };
    let resource = |uri| Target::Resource { server: "s", uri };
    let bare = text("");
    let cases: [(Target<'_>, &[u8]); 14] = [
        (tool("filesystem", "read_file"), &[0]),
        (tool("mcp-server-filesystem", "READ_FILE"), &[0]),
        (tool("filesystem", "create_directory"), &[]),
        (tool("fetch", "fetch"), &[1]),
        (tool("slack", "slack_post_message"), &[1]),
        (tool("slack", "slack_get_users"), &[0]),
        (tool("time", "get_current_time"), &[]),
        (tool("shell", "run_command"), &[0, 1]),
        (tool("acme", "read_file"), &[0, 1]),
        (tool("filesystem", "brand_new"), &[0, 1]),
        (resource("file:///work/app/a"), &[0]),
        (resource("https://example.com/a"), &[1]),
        (resource("notes://1"), &[0, 1]),
        (Target::Prompt { server: "s", name: "p" }, &[]),
    ];
    for (target, wanted) in cases {
        assert_eq!(steps(&bare, target), wanted, "{}", target.written());
    }
    let own = text("labels: { \"*/*\": none, \"crm/*\": private, \"*/post\": send }\n");
    let cases: [(Target<'_>, &[u8]); 7] = [
        (tool("acme", "other"), &[]),
        (tool("acme", "read_file"), &[0]),
        (tool("acme", "Post"), &[1]),
        (tool("acme", "post"), &[1]),
        (tool("crm", "get"), &[0]),
        (tool("crm", "post"), &[0, 1]),
        (resource("notes://1"), &[0, 1]),
    ];
    for (target, wanted) in cases {
        assert_eq!(steps(&own, target), wanted, "{}", target.written());
    }
}
