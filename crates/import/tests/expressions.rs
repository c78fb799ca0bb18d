//! Expressions of mcpfw, against what Python's `re.search` made of each text: a table that was written by Python 3.11.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "common/ours.rs"]
mod common;

use bailiwick_import::{Format, Mode, import};
use bailiwick_policy::{Policy, Principal, Source, Verdict};
use common::{compiled, decide};

/// First line: all texts; then an expression with the texts that it matches. Percent stands before bytes in hex.
const TABLE: &str = include_str!("expressions/python.tsv");

fn plain(field: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = field.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn json(text: &str) -> String {
    let one = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(one).collect::<String>())
}

/// Names of characters, and halves of them, are errors.
const REFUSED: [&str; 2] = ["\\N{", "\\uD83D"];

/// A rule of one effect with the expression, over the other default; `None`: it is refused.
fn policy(expression: &str, (action, default): (&str, &str), mode: Mode) -> Option<Policy> {
    let text = format!(
        "default_action: {default}\nrules:\n- {{ action: {action}, name: rx, tools: [run], when: {{ arg_regex: {{ text: {} }} }} }}\n\
         - {{ action: {default}, name: rest, tools: ['*'] }}\n",
        json(expression)
    );
    let source = Source { name: "made.yaml".into(), text };
    match import(&source, Format::Mcpfw, mode) {
        Ok(imported) => Some(compiled(&imported)),
        Err(_) => None,
    }
}

fn verdict(policy: &Policy, text: &str) -> Verdict {
    decide(policy, ("srv", "run"), &format!("{{\"text\":{}}}", json(text)), &Principal::default()).0
}

/// Calls `check` with the expression, a text and whether Python found it.
fn each(check: impl Fn(&str, &[(String, bool)])) {
    let mut lines = TABLE.lines();
    let texts: Vec<String> = lines.next().unwrap().split('\t').map(plain).collect();
    for line in lines.filter(|line| !REFUSED.iter().any(|refused| line.starts_with(refused))) {
        let (expression, found) = line.split_once('\t').unwrap();
        let found: Vec<String> = found.split('\t').map(plain).collect();
        // An empty list and a list of the empty text are written alike; mcpfw looks at no empty text.
        let said: Vec<(String, bool)> = texts
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| (text.clone(), found.contains(text)))
            .collect();
        check(&plain(expression), &said);
    }
}

#[test]
fn a_denial_matches_at_least_what_python_matches() {
    each(|expression, said| {
        for mode in [Mode::Safe, Mode::Exact] {
            let Some(policy) = policy(expression, ("deny", "allow"), mode) else {
                panic!("{expression} is refused");
            };
            for (text, _) in said.iter().filter(|(_, python)| *python) {
                assert_eq!(verdict(&policy, text), Verdict::Deny, "{expression} on {text:?} in {mode:?}");
            }
        }
    });
}

#[test]
fn an_allowance_matches_at_most_what_python_matches() {
    each(|expression, said| {
        for mode in [Mode::Safe, Mode::Exact] {
            let policy = policy(expression, ("allow", "deny"), mode).unwrap();
            for (text, _) in said.iter().filter(|(_, python)| !python) {
                assert_eq!(verdict(&policy, text), Verdict::Deny, "{expression} on {text:?} in {mode:?}");
            }
        }
    });
}

#[test]
fn a_question_over_a_denial_asks_about_no_more_and_lets_nothing_pass() {
    each(|expression, said| {
        let policy = policy(expression, ("ask", "deny"), Mode::Safe).unwrap();
        for (text, python) in said {
            let found = verdict(&policy, text);
            assert!(found != Verdict::Allow, "{expression} on {text:?}");
            assert!(*python || found == Verdict::Deny, "{expression} on {text:?}");
        }
    });
}

#[test]
fn what_cannot_be_read_is_refused() {
    for expression in
        ["\\N{DIGIT ONE}", "\\uD83D", "a**", "(a", "a)", "[b-a]", "(?L)a", "\\q", "a(?i)b", "(?<n>a)"]
    {
        assert!(policy(expression, ("deny", "allow"), Mode::Safe).is_none(), "{expression}");
    }
}

#[test]
fn most_expressions_are_exact() {
    let inexact = std::cell::Cell::new(0);
    each(|expression, said| {
        let denies = policy(expression, ("deny", "allow"), Mode::Exact).unwrap();
        let differs = said.iter().any(|(text, python)| (verdict(&denies, text) == Verdict::Deny) != *python);
        inexact.set(inexact.get() + i32::from(differs));
    });
    assert!(inexact.get() <= 12, "{}", inexact.get());
}
