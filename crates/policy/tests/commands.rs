//! The matcher `command`: its explanations, and laws over texts.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads its data, and must fail when it cannot"
)]

use std::path::Path;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, Verdict, compile};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a test"))
    }
}

fn policy(text: &str) -> Policy {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "policy.yaml".into(), text: text.to_owned() };
    compile(vec![source], &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}"))
}

fn with<T>(policy: &Policy, arguments: &str, look: impl FnOnce(&Policy, &Call<'_>) -> T) -> T {
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal::default();
    let target = Target::Tool { server: "sh", name: "run" };
    look(policy, &Call { target, arguments: Some(document.root()), principal: &principal })
}

/// A JSON string.
fn json(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

fn verdict(policy: &Policy, command: &str) -> Verdict {
    with(policy, &format!("{{\"command\":{}}}", json(command)), |policy, call| {
        let verdict = policy.evaluate(call, &mut Vec::new());
        assert_eq!(policy.explain(call).verdict(), verdict, "explain says otherwise");
        verdict
    })
}

const EXPLAINED: &str = r#"
version: 1
default: ask
rules:
  - { id: no-rm, effect: deny, on: sh/run, args: { command: { command: [rm, { program: curl, hosts: ["evil.example"] }] } } }
  - { id: looking, effect: allow, on: sh/run, args: { command: { command: [ls, "git diff *", { program: cat, paths: ["./**"] }] } } }
"#;

#[test]
fn an_explanation_shows_the_command_that_decided() {
    let policy = policy(EXPLAINED);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    for (name, command) in [
        ("command-hidden", "ls && sudo sh -c \"r''m -rf \\$X\""),
        ("command-outside", "git diff --stat; cat src/a /etc/passwd"),
        ("command-unfinished", "ls 'x"),
        ("command-unlisted", "ls | sort > out"),
        ("command-allowed", "git diff HEAD && cat ./src/*.rs"),
    ] {
        let found = with(&policy, &format!("{{\"command\":{}}}", json(command)), |policy, call| {
            policy.explain(call).render(false)
        });
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("BAILIWICK_BLESS").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        assert_eq!(found, std::fs::read_to_string(&file).unwrap_or_default(), "{name}");
    }
}

const LAWS: &str = r#"
version: 1
default: ask
rules:
  - { id: no, effect: deny, on: sh/run, args: { command: { command: marker } } }
  - { id: yes, effect: allow, on: sh/run, args: { command: { command: ["fine *"] } } }
"#;

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A harmless text around a command: what stands before it, and behind it.
fn around() -> impl Strategy<Value = (&'static str, &'static str)> {
    proptest::sample::select(
        [
            ("", ""),
            ("a; ", ""),
            ("a && ", " | b"),
            ("(", ")"),
            ("{ ", "; }"),
            ("if a; then ", "; fi"),
            ("for x in 1; do ", "; done"),
            ("a $(", ")"),
            ("a \"$(", ")\""),
            ("a `", "`"),
            ("a <(", ")"),
            ("f() { ", "; }"),
            ("case a in a) ", ";; esac"),
            ("! ", ""),
            ("sudo ", ""),
            ("env A=b ", ""),
            ("nohup ", " &"),
            ("timeout 5 ", ""),
            ("xargs ", ""),
            ("a\n", "\nb"),
            ("X=1 ", ""),
            ("", " 2>&1"),
            ("find . -exec ", " \\;"),
            ("while a; do ", "; done"),
            ("command ", ""),
            ("exec ", ""),
        ]
        .as_slice(),
    )
}

proptest! {
    #[test]
    fn a_denied_command_is_denied_wherever_it_stands(
        (before, behind) in around(),
        shells in 0_usize..4,
        words in "[a-z0-9 ./=-]{0,20}",
    ) {
        let mut text = format!("{before}marker {words}{behind}");
        for _ in 0..shells {
            text = format!("sh -c {}", quote(&text));
        }
        prop_assert_eq!(verdict(&policy(LAWS), &text), Verdict::Deny, "{}", text);
    }

    #[test]
    fn an_allow_never_takes_what_another_program_may_run((before, behind) in around(), other in "[a-eg-z]{3,8}") {
        let text = format!("{before}{other} x{behind}");
        prop_assert!(verdict(&policy(LAWS), &text) != Verdict::Allow, "{}", text);
    }

    #[test]
    fn every_text_is_decided(text in any::<String>()) {
        let policy = policy(LAWS);
        verdict(&policy, &text);
        verdict(&policy, &format!("fine {text}"));
    }

    #[test]
    fn a_word_is_one_word_however_it_is_quoted(word in "[ -$&-\\[\\]_-~]{1,12}") {
        let policy = policy(LAWS);
        let quoted = quote(&word);
        prop_assert_eq!(verdict(&policy, &format!("fine {quoted}")), Verdict::Allow, "{}", quoted);
    }
}

#[test]
fn nothing_hides_behind_a_flood_of_other_texts() {
    let policy = policy(
        r#"
version: 1
default: deny
rules:
  - { id: all, effect: allow, on: sh/run }
  - { id: rm, effect: deny, on: sh/run, args: { "**": { command: [rm] } } }
"#,
    );
    let verdict = |texts: usize| {
        let flood = vec![json(&"eval \"".repeat(3_000)); texts].join(",");
        let arguments = format!("{{\"a\":[{flood}],\"b\":\"rm -rf /\"}}");
        with(&policy, &arguments, |policy, call| policy.evaluate(call, &mut Vec::new()))
    };
    assert_eq!(verdict(0), Verdict::Deny);
    // Long before this many were read the call has taken its share of work.
    assert_eq!(verdict(400), Verdict::Deny);
}
