//! Paths that lead elsewhere than they say: every reading counts, as text and as what it leads to.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test must fail when it cannot look")]

use std::sync::Arc;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{
    Beside, Call, Context, Follow, Followed, Link, Load, Policy, Principal, Source, Target, Verdict, compile,
};

/// A machine with a few links, whose server runs in `/srv`.
#[derive(Debug)]
struct Machine;

impl Follow for Machine {
    fn follow(&self, path: &str) -> Followed {
        let path = path.replace("/./", "/");
        let path = path.strip_prefix("./").unwrap_or(&path);
        let known = [
            ("/work/app/notes", Followed::To("/home/ana/.ssh/id".into())),
            ("/work/app/src/out/x", Followed::To("/etc/x".into())),
            ("/work/app/src/out/../x", Followed::To("/x".into())),
            ("/work/app/src/in", Followed::To("/work/app/src/deep/in".into())),
            ("/work/app/src/round", Followed::Unknown),
            ("/work/app/src/up", Followed::To("/work/app/src/deep/er".into())),
            ("/work/app/src/up/../out/x", Followed::To("/work/app/src/deep/out/x".into())),
            ("src/up/../out/x", Followed::To("/srv/src/deep/out/x".into())),
            ("src/key", Followed::To("/home/ana/.ssh/id".into())),
            ("src/up/../key", Followed::To("/srv/src/deep/key".into())),
            ("here", Followed::To("/home/ana/.ssh/here".into())),
        ];
        let found = known.into_iter().find(|(known, _)| *known == path).map(|(_, to)| to);
        let at = if path.starts_with('/') { path.to_owned() } else { format!("/srv/{path}") };
        found.unwrap_or(Followed::Plain(at))
    }
}

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

const RULES: &str = r#"
version: 1
default: ask
rules:
  - { id: no-keys, effect: deny, on: "*/*", args: { "**": { path: ["~/.ssh/**"] } } }
  - { id: may-src, effect: allow, on: "*/*", args: { path: { path: ["/work/app/src/**", "/srv/src/**"] } } }
"#;

fn policy(follow: bool) -> Policy {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "p".into(), text: RULES.into() };
    let policy =
        compile(vec![source], &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}"));
    if follow { policy.following(Arc::new(Machine)) } else { policy }
}

fn decide(policy: &Policy, path: &str) -> (Verdict, Vec<Link>) {
    let mut parser = Parser::default();
    let text = format!("{{\"path\":\"{path}\"}}");
    let document = parser.parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal::default();
    let target = Target::Tool { server: "fs", name: "read" };
    let call = Call { target, arguments: Some(document.root()), principal: &principal };
    let mut links = Vec::new();
    let verdict = policy.evaluate_following(&call, &mut Vec::new(), &mut links);
    assert_eq!(policy.explain(&call).verdict(), verdict, "explain says otherwise");
    (verdict, links)
}

/// A server that joins the words before it opens them goes another way than the kernel.
#[test]
fn what_is_joined_first_is_followed_too() {
    let followed = policy(true);
    let name = "g".repeat(300);
    for path in [
        "/work/app/src/out/x",
        "/work/app/src/up/../out/x",
        "/work/app/src//up/.././out/x",
        "src%2fup%2f..%2fout/x",
    ] {
        assert_ne!(decide(&followed, path).0, Verdict::Allow, "{path}");
    }
    for path in [
        "src/up/../key".to_owned(),
        format!("src/{name}/../key"),
        format!("src/{}key", "./".repeat(2_100)),
        format!("src/{}{}key", "g/".repeat(2_030), "../".repeat(2_030)),
    ] {
        assert_eq!(decide(&followed, &path).0, Verdict::Deny, "{path}");
    }
}

#[test]
fn a_path_is_what_it_says_and_what_it_leads_to() {
    for (path, as_text, followed) in [
        ("src/a", Verdict::Allow, Verdict::Allow),
        ("/work/app/src/a", Verdict::Allow, Verdict::Allow),
        ("notes", Verdict::Ask, Verdict::Deny),
        ("./notes", Verdict::Ask, Verdict::Deny),
        ("%2e/notes", Verdict::Ask, Verdict::Deny),
        (r".\\notes", Verdict::Ask, Verdict::Deny),
        (".%5cnotes", Verdict::Ask, Verdict::Deny),
        (".%255cnotes", Verdict::Ask, Verdict::Deny),
        ("/work/app/notes", Verdict::Ask, Verdict::Deny),
        ("src/out/x", Verdict::Allow, Verdict::Ask),
        ("src/out/../x", Verdict::Allow, Verdict::Ask),
        ("src/in", Verdict::Allow, Verdict::Allow),
        ("src/round", Verdict::Allow, Verdict::Deny),
        ("here", Verdict::Ask, Verdict::Deny),
        ("~/.ssh/id", Verdict::Deny, Verdict::Deny),
        ("some prose about links", Verdict::Ask, Verdict::Ask),
    ] {
        assert_eq!(decide(&policy(false), path).0, as_text, "{path} as text");
        assert_eq!(
            decide(&policy(true), path).0,
            followed,
            "{path} followed: {:?}",
            decide(&policy(true), path).1
        );
    }
}

#[test]
fn links_that_were_followed_are_told() {
    let link = |text: &str, to: Option<&str>| Link { text: text.into(), to: to.map(str::to_owned) };
    assert_eq!(decide(&policy(true), "notes").1, [link("/work/app/notes", Some("/home/ana/.ssh/id"))]);
    assert_eq!(decide(&policy(true), "src/round").1, [link("/work/app/src/round", None)]);
    assert_eq!(decide(&policy(true), "src/a").1, []);
    assert_eq!(decide(&policy(false), "notes").1, []);
}

/// What the tool's own definition calls its parameters is not a name of the agent's choice; what stands elsewhere is.
#[test]
fn a_key_that_is_the_tools_own_parameter_is_no_link_and_its_value_may_be_one() {
    let (policy, principal) = (policy(true), Principal::default());
    let parameters = ["here".into(), "path".into()];
    for (arguments, alone, with_parameters) in [
        (r#"{"here":1}"#, Verdict::Deny, Verdict::Ask),
        (r#"{"h\u0065re":1}"#, Verdict::Deny, Verdict::Ask),
        (r#"{"Here":1,"here":1}"#, Verdict::Deny, Verdict::Ask),
        (r#"{"here":"here"}"#, Verdict::Deny, Verdict::Deny),
        (r#"{"path":{"here":1}}"#, Verdict::Deny, Verdict::Deny),
        (r#"{"path":["here"]}"#, Verdict::Deny, Verdict::Deny),
        (r#"{"./here":1}"#, Verdict::Deny, Verdict::Deny),
        (r#"{"path":"src/a","notes":1}"#, Verdict::Deny, Verdict::Deny),
        (r#"{"path":"src/a"}"#, Verdict::Allow, Verdict::Allow),
    ] {
        let mut parser = Parser::default();
        let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
        let target = Target::Tool { server: "fs", name: "read" };
        let call = Call { target, arguments: Some(document.root()), principal: &principal };
        let decide = |beside| policy.evaluate_beside(&call, beside, &mut Vec::new(), &mut Vec::new());
        assert_eq!(decide(Beside::NOTHING), alone, "{arguments}");
        let beside = Beside { parameters: &parameters, ..Beside::NOTHING };
        assert_eq!(decide(beside), with_parameters, "{arguments} with parameters");
    }
}
