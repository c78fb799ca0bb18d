//! The case files: what each guard finds, and the look-alikes that it leaves alone.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bailiwick_guard::{Beside, Guard, Level, Scanner, strip_hidden};
use bailiwick_mcp::{Limits, Parser, Value};

/// Runs every line of `cases`: `text` gives exactly the codes in `finds` (none for a look-alike).
fn check(guard: Guard, cases: &str) {
    let scanner = Scanner::new();
    let mut parser = Parser::default();
    let (mut hits, mut look_alikes) = (0, 0);
    for line in cases.lines().filter(|line| !line.is_empty()) {
        let case = parser
            .parse(line.as_bytes(), &Limits::DEFAULT)
            .unwrap_or_else(|error| panic!("{error}: {line}"))
            .root();
        let name = text_of(case, "name").unwrap();
        let text = text_of(case, "text").unwrap();
        let expected: Vec<String> =
            case.get("finds").unwrap().elements().map(|e| e.text().unwrap().into_owned()).collect();
        let mut findings = Vec::new();
        let coverage = scanner.scan(guard, &text, &mut findings);
        assert!(coverage.is_complete(), "{name}");
        let acted_on = findings.iter().filter(|finding| finding.level >= Level::Likely);
        let mut found: Vec<&str> = acted_on.map(|finding| finding.code).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{name}");
        if let Some(secret) = text_of(case, "secret") {
            let redacted = scanner.redact_secrets(&text);
            assert!(text.contains(&secret) && !redacted.contains(&secret), "{name}: {redacted}");
        }
        match guard {
            Guard::Secrets => {
                assert_eq!(scanner.redact_secrets(&text) == text, expected.is_empty(), "{name}")
            }
            Guard::HiddenText => assert_eq!(strip_hidden(&text) == text, expected.is_empty(), "{name}"),
            Guard::Injection
            | Guard::ToolPoisoning
            | Guard::Pii
            | Guard::Path
            | Guard::Command
            | Guard::Sql
            | Guard::Ssrf
            | Guard::Template
            | Guard::Size
            | Guard::Schema => {}
        }
        if expected.is_empty() { look_alikes += 1 } else { hits += 1 }
    }
    assert!(hits >= 10 && look_alikes >= 10, "{hits} hits, {look_alikes} look-alikes");
}

fn text_of(case: Value<'_>, key: &str) -> Option<String> {
    Some(case.get(key)?.text()?.into_owned())
}

#[test]
fn injection_cases_hold() {
    check(Guard::Injection, include_str!("cases/injection.jsonl"));
}

#[test]
fn hidden_text_cases_hold() {
    check(Guard::HiddenText, include_str!("cases/hidden-text.jsonl"));
}

#[test]
fn secrets_cases_hold() {
    check(Guard::Secrets, include_str!("cases/secrets.jsonl"));
}

/// Every line gives exactly the findings in `finds`, as `guard/code`.
#[test]
fn argument_cases_hold() {
    let scanner = Scanner::new();
    let mut parser = Parser::default();
    let (mut hits, mut look_alikes) = (0, 0);
    for line in include_str!("cases/arguments.jsonl").lines().filter(|line| !line.is_empty()) {
        let document = parser.parse(line.as_bytes(), &Limits::DEFAULT);
        let case = document.unwrap_or_else(|error| panic!("{error}: {line}")).root();
        let name = text_of(case, "name").unwrap();
        let verdict =
            scanner.judge_arguments(&text_of(case, "tool").unwrap(), case.get("arguments").unwrap());
        assert!(verdict.is_complete(), "{name}");
        let mut found: Vec<String> = Vec::new();
        for finding in &verdict.findings {
            assert!(line.get(finding.span.clone()).is_some(), "{name}: {:?}", finding.span);
            found.push(format!("{}/{}", finding.guard.as_str(), finding.code));
        }
        found.sort_unstable();
        found.dedup();
        let expected: Vec<String> =
            case.get("finds").unwrap().elements().map(|e| e.text().unwrap().into_owned()).collect();
        assert_eq!(found, expected, "{name}");
        if expected.is_empty() { look_alikes += 1 } else { hits += 1 }
    }
    assert!(hits >= 30 && look_alikes >= 30, "{hits} hits, {look_alikes} look-alikes");
}

/// Every definition, beside the tools of its own and of other servers, reaches the level in `finds`, or none from `likely` on.
#[test]
fn definition_cases_hold() {
    let scanner = Scanner::new();
    let mut parser = Parser::default();
    let (mut hits, mut look_alikes) = (0, 0);
    for line in include_str!("cases/tool-poisoning.jsonl").lines() {
        let case = parser.parse(line.as_bytes(), &Limits::DEFAULT).unwrap().root();
        let name = text_of(case, "name").unwrap();
        let list = |key| -> Vec<String> {
            case.get(key).unwrap().elements().map(|name| name.text().unwrap().into_owned()).collect()
        };
        let (own, others) = (list("own"), list("others"));
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let beside = Beside { own: &own, others: &others };
        let verdict = scanner.judge_definition_beside(case.get("tool").unwrap(), beside);
        let found = verdict.level() >= Some(Level::Likely);
        let codes: Vec<&str> = verdict.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(found, !list("finds").is_empty(), "{name}: {codes:?} {}", verdict.points);
        if found { hits += 1 } else { look_alikes += 1 }
    }
    assert!(hits >= 10 && look_alikes >= 10, "{hits} hits, {look_alikes} look-alikes");
}

/// Texts in wordings of their own, written without a look at the rules: how many are found and how many falsely, so that no
/// change makes either worse. `docs/reference/detection.md` tells both.
#[test]
fn fresh_texts_are_told_apart_as_well_as_before() {
    let scanner = Scanner::new();
    let mut parser = Parser::default();
    let (mut attacks, mut found, mut benign, mut annotated, mut blocked) = (0, 0, 0, 0, 0);
    for line in include_str!("cases/fresh.jsonl").lines() {
        let row = parser.parse(line.as_bytes(), &Limits::DEFAULT).unwrap().root();
        let level = scanner.judge_result(&text_of(row, "text").unwrap()).level();
        let is_attack = row.get("label").and_then(Value::integer) == Some(1);
        let counts = if is_attack { (&mut attacks, &mut found) } else { (&mut benign, &mut annotated) };
        *counts.0 += 1;
        *counts.1 += usize::from(level >= Some(Level::Likely));
        blocked += usize::from(!is_attack && level >= Some(Level::Certain));
    }
    assert!(attacks >= 60 && benign >= 120, "{attacks} attacks, {benign} others");
    assert!(found >= FOUND, "{found} of {attacks} attacks are found");
    assert!(annotated <= ANNOTATED && blocked <= BLOCKED, "{annotated} and {blocked} of {benign} others");
}

const FOUND: usize = 15;
const ANNOTATED: usize = 16;
const BLOCKED: usize = 4;

#[test]
fn every_code_is_documented() {
    let docs = include_str!("../../../docs/reference/guards.md");
    for code in bailiwick_guard::codes() {
        assert!(docs.contains(&format!("`{}`", code.code)), "{}/{}", code.guard.as_str(), code.code);
    }
}

#[test]
fn every_code_of_the_cases_is_documented() {
    let docs = include_str!("../../../docs/reference/guards.md");
    let cases = [
        include_str!("cases/injection.jsonl"),
        include_str!("cases/hidden-text.jsonl"),
        include_str!("cases/secrets.jsonl"),
    ];
    let mut parser = Parser::default();
    for line in cases.iter().flat_map(|cases| cases.lines()) {
        let case = parser.parse(line.as_bytes(), &Limits::DEFAULT).unwrap().root();
        for code in case.get("finds").unwrap().elements() {
            let code = code.text().unwrap();
            assert!(docs.contains(&format!("`{code}`")), "{code}");
        }
    }
    for guard in Guard::ALL {
        assert!(docs.contains(&format!("\n## {}\n", guard.as_str())));
    }
}
