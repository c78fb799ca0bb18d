//! Laws of the translation of mcpfw, against a small model of how it decides.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "common/ours.rs"]
mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bailiwick_import::{Format, Imported, Mode, import, recognise};
use bailiwick_policy::{Policy, Principal, Source, Verdict};
use common::{compiled, decide};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A rule of theirs that decides.
#[derive(Debug, Clone)]
struct Rule {
    action: &'static str,
    tools: Vec<&'static str>,
    /// Matcher, argument, values; joined by OR.
    when: Vec<(&'static str, &'static str, Vec<&'static str>)>,
}

#[derive(Debug, Clone)]
struct File {
    default: Option<&'static str>,
    rules: Vec<Rule>,
}

type Arguments = BTreeMap<&'static str, &'static str>;

const TOOLS: [&str; 8] = ["read_file", "write_file", "run", "*", "write_*", "r?n", "[rw]*", "[!r]*"];
const CALLED: [&str; 5] = ["read_file", "write_file", "run", "write_all", "other"];
const PATHS: [&str; 12] = [
    "./src/*",
    "**/.env*",
    "~/.ssh/**",
    "/etc/*",
    "*.pem",
    "[!.]*",
    "*",
    "./docs/[[]a].md",
    "*{x}*",
    "./*.md",
    "../*",
    "$HOME/*",
];
const TEXTS: [&str; 16] = [
    "./src/a.py",
    "src/a.py",
    "/etc/passwd",
    "./src/../x",
    "~/.ssh/id",
    "x.pem",
    ".env",
    "a/.env.d/x",
    "/work/app/src/b",
    "./docs/[a].md",
    "rm -rf /",
    "curl x | sh",
    "",
    "a{x}b",
    "../up",
    "$HOME/x",
];
const WORDS: [&str; 5] = ["rm -rf", "curl", "{x}", "passwd", "*"];
/// Expressions that the model can decide without an engine.
const EXPRESSIONS: [&str; 4] = ["^rm", "sh$", "\\.env", "[{]x"];

fn model_expression(expression: &str, text: &str) -> bool {
    match expression {
        "^rm" => text.starts_with("rm"),
        "sh$" => text.ends_with("sh"),
        "\\.env" => text.contains(".env"),
        "[{]x" => text.contains("{x"),
        other => panic!("{other}"),
    }
}

/// `fnmatch`, by trying everything.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|at| fits(rest, &text[at..])),
        ['?', rest @ ..] => !text.is_empty() && fits(rest, &text[1..]),
        ['[', rest @ ..] => {
            let negated = rest.first() == Some(&'!');
            let inside = if negated { &rest[1..] } else { rest };
            let Some(end) = inside.iter().skip(1).position(|c| *c == ']').map(|at| at + 1) else {
                return text.first() == Some(&'[') && fits(rest, &text[1..]);
            };
            let Some(first) = text.first() else { return false };
            inside[..end].contains(first) != negated && fits(&inside[end + 1..], &text[1..])
        }
        [literal, rest @ ..] => text.first() == Some(literal) && fits(rest, &text[1..]),
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    fits(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// What mcpfw decides.
fn model(file: &File, tool: &str, arguments: &Arguments) -> Verdict {
    let test = |(matcher, key, values): &(&str, &'static str, Vec<&str>)| {
        let Some(text) = arguments.get(key) else { return false };
        values.iter().any(|value| match *matcher {
            "arg_matches" => glob(value, text),
            "arg_contains" => !text.is_empty() && text.contains(value),
            _ => !text.is_empty() && model_expression(value, text),
        })
    };
    let decides = |rule: &&Rule| {
        rule.tools.iter().any(|pattern| glob(pattern, tool))
            && (rule.when.is_empty() || rule.when.iter().any(test))
    };
    let word = file.rules.iter().find(decides).map_or(file.default.unwrap_or("allow"), |rule| rule.action);
    match word {
        "allow" => Verdict::Allow,
        "ask" => Verdict::Ask,
        _ => Verdict::Deny,
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn written(file: &File) -> String {
    let mut out = String::from("name: made\n");
    if let Some(default) = file.default {
        let _ = writeln!(out, "default_action: {default}");
    }
    out.push_str("rules:\n");
    for (index, rule) in file.rules.iter().enumerate() {
        let tools: Vec<String> = rule.tools.iter().map(|tool| quoted(tool)).collect();
        let _ = writeln!(out, "- name: r{index}\n  action: {}\n  tools: [{}]", rule.action, tools.join(", "));
        if rule.when.is_empty() {
            continue;
        }
        out.push_str("  when:\n");
        for (matcher, key, values) in &rule.when {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            let value =
                if *matcher == "arg_regex" { values[0].clone() } else { format!("[{}]", values.join(", ")) };
            let _ = writeln!(out, "    {matcher}: {{ {key}: {value} }}");
        }
    }
    if file.rules.is_empty() {
        out = out.replace("rules:\n", "rules: []\n");
    }
    out
}

fn test() -> impl Strategy<Value = (&'static str, &'static str, Vec<&'static str>)> {
    let key = || select(vec!["path", "command", "note"]);
    prop_oneof![
        (key(), subsequence(PATHS.to_vec(), 1..3)).prop_map(|(key, values)| ("arg_matches", key, values)),
        (key(), subsequence(WORDS.to_vec(), 1..3)).prop_map(|(key, values)| ("arg_contains", key, values)),
        (key(), select(EXPRESSIONS.to_vec())).prop_map(|(key, value)| ("arg_regex", key, vec![value])),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    // At most one of each matcher: a key stands once in a map.
    let when = prop::collection::vec(test(), 0..3).prop_map(|mut tests| {
        tests.sort_by_key(|(matcher, ..)| *matcher);
        tests.dedup_by_key(|(matcher, ..)| *matcher);
        tests
    });
    (select(vec!["allow", "deny", "ask"]), subsequence(TOOLS.to_vec(), 1..3), when)
        .prop_map(|(action, tools, when)| Rule { action, tools, when })
}

fn file() -> impl Strategy<Value = File> {
    let default = select(vec![None, Some("allow"), Some("deny"), Some("ask")]);
    (default, prop::collection::vec(rule(), 0..6)).prop_map(|(default, rules)| File { default, rules })
}

fn arguments() -> impl Strategy<Value = Arguments> {
    prop::collection::btree_map(select(vec!["path", "command", "note"]), select(TEXTS.to_vec()), 0..4)
}

fn calls() -> impl Strategy<Value = Vec<(&'static str, Arguments)>> {
    prop::collection::vec((select(CALLED.to_vec()), arguments()), 1..8)
}

fn json(arguments: &Arguments) -> String {
    let members: Vec<String> = arguments.iter().map(|(key, text)| format!("\"{key}\":\"{text}\"")).collect();
    format!("{{{}}}", members.join(","))
}

fn translated(text: &str, mode: Mode) -> (Imported, Policy) {
    let source = Source { name: "made.yaml".into(), text: text.to_owned() };
    let imported = match import(&source, Format::Mcpfw, mode) {
        Ok(imported) => imported,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    let policy = compiled(&imported);
    (imported, policy)
}

fn ours(policy: &Policy, tool: &str, arguments: &Arguments) -> Verdict {
    decide(policy, ("srv", tool), &json(arguments), &Principal::default()).0
}

#[test]
fn a_class_with_a_backslash_is_compared_as_a_text() {
    let text = r#"
default_action: allow
rules:
- { action: deny, name: odd, tools: ["*"], when: { arg_matches: { path: ['[a\]x'] } } }
"#;
    for mode in [Mode::Exact, Mode::Safe] {
        let (_, policy) = translated(text, mode);
        for path in ["ax", r"\\x"] {
            assert_eq!(ours(&policy, "run", &Arguments::from([("path", path)])), Verdict::Deny, "{path}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exact_decides_as_they_do(file in file(), calls in calls()) {
        let text = written(&file);
        let (imported, policy) = translated(&text, Mode::Exact);
        for (tool, arguments) in &calls {
            let (theirs, ours) = (model(&file, tool, arguments), ours(&policy, tool, arguments));
            prop_assert_eq!(ours, theirs, "{} {}\n{}\n{}", tool, json(arguments), text, imported.text);
        }
    }

    #[test]
    fn safe_is_never_wider(file in file(), calls in calls()) {
        let text = written(&file);
        let (imported, policy) = translated(&text, Mode::Safe);
        for (tool, arguments) in &calls {
            let (theirs, ours) = (model(&file, tool, arguments), ours(&policy, tool, arguments));
            prop_assert!(ours >= theirs, "{ours:?} < {theirs:?}: {} {}\n{}\n{}", tool, json(arguments), text, imported.text);
        }
    }

    /// What a mistake makes of a file is a report, and no panic.
    #[test]
    fn any_text_is_a_policy_or_a_report(file in file(), at in 0usize..400, with in "[-a-z:{}\\[\\]\"'\n *]{0,3}") {
        let mut text = written(&file);
        let at = at.min(text.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
        }
        for mode in [Mode::Exact, Mode::Safe] {
            let source = Source { name: "made.yaml".into(), text: text.clone() };
            match import(&source, Format::Mcpfw, mode) {
                Ok(imported) => {
                    compiled(&imported);
                }
                Err(problems) => prop_assert!(problems.errors() > 0),
            }
        }
        let _ = recognise(&text);
    }
}
