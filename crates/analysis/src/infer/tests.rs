//! Inferring: what is opened, what stays closed, and that the checks see it.

use bailiwick_policy::Context;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fate, Generalise, Inferred, Options, Use, check::refused, infer};

fn used(run: &str, tool: &str, arguments: Value) -> Use {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let text = str::to_owned;
    Use { run: text(run), server: text("fs"), tool: text(tool), arguments, fate: Fate::Succeeded }
}

fn context() -> Context {
    Context { workspace: Some("/work/app".to_owned()), home: Some("/home/ana".to_owned()) }
}

fn inferred(uses: &[Use], generalise: Generalise) -> Inferred {
    let options = Options { generalise, min_support: 1, name: "inferred".to_owned() };
    let inferred = infer(uses, &options, &context());
    let checked = &inferred.checked;
    assert_eq!(
        (checked.denied, checked.needless, &checked.broken),
        (0, 0, &None),
        "{}\n{checked:?}",
        inferred.text
    );
    inferred
}

/// True if `call` passes, or a person is asked.
fn passes(inferred: &Inferred, call: &Use) -> bool {
    refused(&inferred.text, &[call], &context()).is_empty()
}

#[test]
fn directories_are_opened_by_evidence_and_nothing_above_them() {
    let uses = [
        used("1", "read_file", json!({ "path": "/work/app/src/a.rs" })),
        used("1", "read_file", json!({ "path": "/work/app/src/b.rs" })),
        used("2", "read_file", json!({ "path": "/work/app/README.md" })),
        used("2", "read_file", json!({ "path": "Cargo.toml" })),
    ];
    let policy = inferred(&uses, Generalise::Balanced);
    let reads = |path: &str| passes(&policy, &used("3", "read_file", json!({ "path": path })));
    for path in ["/work/app/src/c.rs", "src/deep/d.rs", "/work/app/README.md", "./Cargo.toml"] {
        assert!(reads(path), "{path}\n{}", policy.text);
    }
    for path in ["/work/app/.env", "/etc/passwd", "/work/app/src/../.env", "~/.ssh/id_rsa", "/", "README.txt"]
    {
        assert!(!reads(path), "{path}\n{}", policy.text);
    }
    assert!(!passes(&policy, &used("3", "read_file", json!({ "path": "src/a.rs", "other": "/etc/passwd" }))));
    assert!(!passes(&policy, &used("3", "write_file", json!({ "path": "src/a.rs" }))));
    let strict = inferred(&uses, Generalise::Strict);
    assert!(!passes(&strict, &used("3", "read_file", json!({ "path": "/work/app/src/c.rs" }))));
}

#[test]
fn numbers_choices_hosts_and_prose_are_told_apart() {
    let uses: Vec<Use> = (0_u8..6)
        .map(|n| {
            let mode = if n % 2 == 0 { "fast" } else { "slow" };
            used("1", "fetch", json!({ "url": format!("https://api.example.com/{n}"), "limit": n, "mode": mode, "note": format!("free text number {n}") }))
        })
        .collect();
    let policy = inferred(&uses, Generalise::Balanced);
    let fetch = |change: &str, value: Value| {
        let mut call = uses[0].clone();
        call.arguments.insert(change.to_owned(), value);
        passes(&policy, &call)
    };
    assert!(fetch("note", json!("something else")) && fetch("limit", json!(4)));
    for (key, value) in [
        ("url", json!("https://evil.example/1")),
        ("limit", json!(1000)),
        ("mode", json!("admin")),
        ("note", json!(7)),
        ("note", json!("x".repeat(100_000))),
    ] {
        assert!(!fetch(key, value.clone()), "{key} {value}\n{}", policy.text);
    }
}

#[test]
fn what_failed_or_was_denied_is_no_need_and_what_is_risky_is_asked_about() {
    let mut uses = vec![
        used("1", "read", json!({})),
        used("1", "delete_repo", json!({ "repo": "x" })),
        used("1", "steal", json!({})),
        used("1", "typo", json!({})),
    ];
    uses[2].fate = Fate::Denied;
    uses[3].fate = Fate::Failed;
    let policy = inferred(&uses, Generalise::Balanced);
    assert!(policy.text.contains("effect: ask\n    on: \"fs/delete_repo\""), "{}", policy.text);
    assert!(!policy.text.contains("steal") && !policy.text.contains("typo"), "{}", policy.text);
    assert!(policy.summary.iter().any(|line| line.contains("1 calls denied")), "{:?}", policy.summary);
}

#[test]
fn rare_tools_stay_closed_if_that_is_wished_and_held_out_runs_are_tried() {
    let mut uses: Vec<Use> =
        (0..3).map(|run| used(&run.to_string(), "list", json!({ "path": "/work/app/src" }))).collect();
    uses.push(used("0", "once", json!({})));
    let options = Options { generalise: Generalise::Balanced, min_support: 2, name: "n".to_owned() };
    let policy = infer(&uses, &options, &context());
    assert!(!policy.text.contains("fs/once"), "{}", policy.text);
    assert_eq!(policy.checked.held_out, Some((3, 3)));
}

#[test]
fn more_traces_make_a_small_difference() {
    let first: Vec<Use> = ["a", "b"].iter().map(|tool| used("1", tool, json!({ "n": 1 }))).collect();
    let mut more = first.clone();
    more.push(used("2", "c", json!({})));
    let (one, two) =
        (inferred(&first, Generalise::Balanced).text, inferred(&more, Generalise::Balanced).text);
    assert!(two.starts_with(&one), "{one}\n{two}");
    more.reverse();
    assert_eq!(inferred(&more, Generalise::Balanced).text, two, "the order of the calls says nothing");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e9_f64..1.0e9).prop_map(Value::from),
        "(/|~/|\\./)?[a-z.*$%]{1,6}(/[a-z{}\\[\\] .]{0,6}){0,3}".prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("${workspace}/x")),
        Just(json!("https://a.example/x")),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_recorded_call_passes_whatever_it_held(
        calls in prop::collection::vec(("[a-c]", prop::collection::btree_map("(path|file|n|mode|a b|x.y|\\PC{1,3})", value(), 0..4)), 1..12),
        generalise in prop_oneof![Just(Generalise::Strict), Just(Generalise::Balanced), Just(Generalise::Loose)],
    ) {
        let uses: Vec<Use> = calls.into_iter().map(|(tool, arguments)| used("1", &tool, json!(arguments))).collect();
        let options = Options { generalise, min_support: 1, name: "p".to_owned() };
        let policy = infer(&uses, &options, &context());
        prop_assert_eq!(&policy.checked.broken, &None, "{}", policy.text);
        prop_assert_eq!(policy.checked.denied, 0, "{}", policy.text);
    }
}
