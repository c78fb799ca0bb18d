//! Every folder of `tests/cases` is a policy and calls with the verdicts and the rules that must come out.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads its data, and must fail when it cannot"
)]

use std::fmt::Write as _;
use std::path::Path;

use bailiwick_mcp::{Limits, Parser, Value};
use bailiwick_policy::{Call, Claim, Context, Load, Policy, Principal, Source, Target, Verdict, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a test"))
    }
}

fn policy(text: String) -> Policy {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "policy.yaml".into(), text };
    compile(vec![source], &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}"))
}

fn target<'a>(kind: &str, rest: &'a str) -> Target<'a> {
    let (server, name) = rest.split_once('/').unwrap_or((rest, ""));
    match kind {
        "tool" => Target::Tool { server, name },
        "resource" => Target::Resource { server, uri: name },
        "prompt" => Target::Prompt { server, name },
        "completion" => Target::Completion { server, reference: name },
        "sampling" => Target::Sampling { server },
        "elicitation" => Target::Elicitation { server },
        "roots" => Target::Roots { server },
        "task" => Target::Task { server },
        other => panic!("unknown kind {other}"),
    }
}

/// One case: `{"tool": "fs/read_file", "args": {…}, "want": "deny", "by": ["rule"]}`; `as`, `roles`, `scopes` and `claims`
/// are the principal.
fn wrong(policy: &Policy, case: Value<'_>) -> Option<String> {
    let text = |key: &str| case.get(key).and_then(|value| value.text().map(|text| text.into_owned()));
    let (kind, aim) = case
        .members()
        .find(|(key, _)| {
            !["args", "want", "by", "as", "roles", "scopes", "claims", "why"]
                .iter()
                .any(|known| key.is_text(known))
        })
        .map(|(key, value)| (key.text().unwrap().into_owned(), value.text().unwrap().into_owned()))
        .unwrap();
    let list = |key: &str| -> Vec<String> {
        let values = case.get(key).into_iter().flat_map(|list| list.elements());
        values.map(|value| value.text().unwrap().into_owned()).collect()
    };
    let principal = Principal {
        id: text("as").unwrap_or_default(),
        roles: list("roles"),
        scopes: list("scopes"),
        claims: claims(case),
    };
    let call = Call { target: target(&kind, &aim), arguments: case.get("args"), principal: &principal };
    let mut hits = Vec::new();
    let verdict = policy.evaluate(&call, &mut hits);
    let by: Vec<String> = hits.iter().map(|hit| policy.rules()[hit.rule as usize].id.clone()).collect();
    let mut faults = String::new();
    if verdict.word() != text("want").unwrap() {
        write!(faults, "\n    decided {} by {by:?}", verdict.word()).unwrap();
    }
    if case.get("by").is_some() && by != list("by") {
        write!(faults, "\n    by {by:?}").unwrap();
    }
    if verdict != Verdict::Deny && !policy.could_allow(&call.target, &principal) {
        write!(faults, "\n    discovery would hide it").unwrap();
    }
    if policy.explain(&call).verdict() != verdict {
        write!(faults, "\n    explain says otherwise").unwrap();
    }
    (!faults.is_empty()).then(|| format!("{}{faults}\n", case.raw()))
}

fn claims(case: Value<'_>) -> std::collections::BTreeMap<String, Claim> {
    let claim = |value: Value<'_>| match (value.text(), value.integer(), value.boolean()) {
        (Some(text), _, _) => Claim::Text(text.into_owned()),
        (_, Some(integer), _) => Claim::Integer(integer),
        (_, _, Some(value)) => Claim::Boolean(value),
        _ => Claim::Texts(value.elements().map(|text| text.text().unwrap().into_owned()).collect()),
    };
    let members = case.get("claims").into_iter().flat_map(|claims| claims.members());
    members.map(|(key, value)| (key.text().unwrap().into_owned(), claim(value))).collect()
}

#[test]
fn every_case_is_decided_as_wanted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut seen = 0;
    let mut report = String::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let text = match std::fs::read_to_string(folder.join("bundled")) {
            Ok(name) => bailiwick_policy::bundled(name.trim()).unwrap().to_owned(),
            Err(_) => std::fs::read_to_string(folder.join("policy.yaml")).unwrap(),
        };
        let policy = policy(text);
        let calls = std::fs::read_to_string(folder.join("calls.jsonl")).unwrap();
        for line in calls.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let mut parser = Parser::default();
            let case = parser
                .parse(line.as_bytes(), &Limits::DEFAULT)
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            seen += 1;
            if let Some(wrong) = wrong(&policy, case.root()) {
                write!(report, "{}: {wrong}", folder.file_name().unwrap().to_string_lossy()).unwrap();
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
    assert!(seen > 200, "only {seen} cases were found");
}
