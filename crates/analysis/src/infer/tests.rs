//! Inferring: what is opened, what stays closed, and that the checks see it.

use bailiwick_policy::{Context, Load, Source, compile};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::check::{Alone, HeldOut, refused};
use super::{Fate, Generalise, Inferred, Kind, Observed, Options, Use};

fn used(run: &str, tool: &str, arguments: Value) -> Use {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let text = str::to_owned;
    let (server, name) = (text("fs"), text(tool));
    Use { run: text(run), server, kind: Kind::Tool, name, arguments, fate: Fate::Succeeded, at: 0 }
}

fn infer(uses: &[Use], options: &Options, context: &Context) -> Inferred {
    let observed = Observed { uses: uses.to_vec(), ..Observed::default() };
    super::infer(&observed, options, context, None)
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
    refused(&inferred.text, &[call], &context(), &mut Alone).is_empty()
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
fn what_another_allowance_holds_already_is_left_out() {
    let read = |run: &str, path: &str| used(run, "read_file", json!({ "path": path }));
    let uses = [
        read("1", "src/a.rs"),
        read("1", "src/b.rs"),
        read("1", "/work/app/src/deep/c.rs"),
        read("2", "/work/app/src/deep/d.rs"),
        read("2", "docs/x.md"),
    ];
    let policy = inferred(&uses, Generalise::Balanced);
    assert!(policy.text.contains(r#"path: ["./docs/x.md", "./src/**"]"#), "{}", policy.text);
    let checked = &policy.checked;
    assert_eq!((checked.pieces, checked.left_out.len()), (2, 1), "{checked:?}");
    assert!(checked.left_out[0].contains("/work/app/src/deep/**"), "{checked:?}");
    for lost in ["\"./docs/x.md\", ", ", \"./src/**\""] {
        let less = policy.text.replace(lost, "");
        let all: Vec<&Use> = uses.iter().collect();
        assert!(!refused(&less, &all, &context(), &mut Alone).is_empty(), "{less}");
    }
    // Strictly, nothing holds another.
    assert!(inferred(&uses, Generalise::Strict).checked.left_out.is_empty());
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
    assert!(policy.summary.iter().any(|line| line.contains("1 call denied")), "{:?}", policy.summary);
}

#[test]
fn rare_tools_stay_closed_if_that_is_wished_and_held_out_runs_are_tried() {
    let mut uses: Vec<Use> =
        (0..3).map(|run| used(&run.to_string(), "list", json!({ "path": "/work/app/src" }))).collect();
    uses.push(used("0", "once", json!({})));
    let options = Options { generalise: Generalise::Balanced, min_support: 2, name: "n".to_owned() };
    let policy = infer(&uses, &options, &context());
    assert!(!policy.text.contains("fs/once"), "{}", policy.text);
    assert_eq!(policy.checked.held_out, Some(HeldOut { runs: 3, calls: 3, passed: 3 }));
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

#[test]
fn objects_in_arguments_are_narrowed_too() {
    let uses: Vec<Use> = ["a", "b"]
        .iter()
        .map(|name| {
            used(
                "1",
                "save",
                json!({ "to": { "path": format!("/work/app/src/{name}.rs"), "mode": 7 }, "n": 1 }),
            )
        })
        .collect();
    let policy = inferred(&uses, Generalise::Balanced);
    let saves = |to: Value| passes(&policy, &used("2", "save", json!({ "to": to, "n": 1 })));
    assert!(saves(json!({ "path": "src/c.rs", "mode": 7 })), "{}", policy.text);
    for to in [
        json!({ "path": "/etc/passwd", "mode": 7 }),
        json!({ "path": "src/c.rs", "mode": 9 }),
        json!({ "path": "src/c.rs", "mode": 7, "also": "/etc/passwd" }),
        json!("src/c.rs"),
    ] {
        assert!(!saves(to.clone()), "{to}\n{}", policy.text);
    }
}

#[test]
fn commands_become_programs_with_subcommands_and_are_asked_about() {
    let uses: Vec<Use> = ["git status", "git diff --stat", "git diff HEAD", "cargo test && cargo fmt", "ls"]
        .iter()
        .map(|command| used("1", "start", json!({ "command": command })))
        .collect();
    let policy = inferred(&uses, Generalise::Balanced);
    for entry in ["git status", "git diff *", "cargo test", "ls"] {
        assert!(policy.text.contains(&format!("\"{entry}\"")), "{entry}\n{}", policy.text);
    }
    assert!(policy.text.contains("effect: ask"));
    let runs = |command: &str| passes(&policy, &used("2", "start", json!({ "command": command })));
    assert!(
        runs("git diff src") && !runs("git push") && !runs("rm -rf /") && !runs("curl x"),
        "{}",
        policy.text
    );
}

#[test]
fn directories_beside_each_other_become_their_parent() {
    let uses: Vec<Use> = ["a", "b", "c"]
        .iter()
        .map(|folder| used("1", "read", json!({ "path": format!("/work/app/crates/{folder}/lib.rs") })))
        .collect();
    let policy = inferred(&uses, Generalise::Balanced);
    assert!(policy.text.contains("path: [\"/work/app/crates/**\"]"), "{}", policy.text);
    let two = inferred(&uses[..2], Generalise::Balanced);
    assert!(two.text.contains("crates/a/lib.rs") && !two.text.contains("**"), "{}", two.text);
}

#[test]
fn resources_and_prompts_are_inferred() {
    let of = |kind, name: &str| Use { kind, name: name.to_owned(), ..used("1", "", json!({})) };
    let uses = [
        of(Kind::Resource, "file:///work/app/docs/a.md"),
        of(Kind::Resource, "file:///work/app/docs/b.md"),
        of(Kind::Resource, "db://main/users"),
        of(Kind::Prompt, "review"),
    ];
    let policy = inferred(&uses, Generalise::Balanced);
    let reads = |uri: &str| passes(&policy, &of(Kind::Resource, uri));
    assert!(reads("file:///work/app/docs/c.md") && reads("db://main/users"), "{}", policy.text);
    assert!(!reads("file:///etc/passwd") && !reads("db://main/secrets") && !reads("file:///work/app/.env"));
    assert!(!passes(&policy, &of(Kind::Prompt, "other")));
}

#[test]
fn one_odd_value_opens_nothing_and_is_said() {
    let files = ["src/a.rs", "src/b.rs", "src/c.txt", "src/d"];
    let odd = [
        "src/[a]",
        "src/*",
        "..",
        "src/../../x",
        "src/a\n",
        "file:///etc/passwd",
        "%2e%2e/x",
        "${HOME}/x",
        "C:/x",
        "http://x/y",
    ];
    let odd = odd.iter().map(|path| json!(path)).chain([json!(["/x"]), json!(null), json!({ "a": 1 })]);
    for path in odd {
        let read = |path: Value| used("1", "read_file", json!({ "path": path }));
        let mut uses: Vec<Use> = files.iter().map(|path| read(json!(path))).collect();
        uses.push(read(path.clone()));
        for generalise in [Generalise::Strict, Generalise::Balanced, Generalise::Loose] {
            let policy = inferred(&uses, generalise);
            assert!(!passes(&policy, &read(json!("/etc/shadow"))), "{path}\n{}", policy.text);
            assert!(passes(&policy, &read(json!("src/a.rs"))), "{path}\n{}", policy.text);
            let said = policy.summary.iter().any(|line| line.contains("1 uses of fs/read_file are left out"));
            assert!(said && policy.text.contains("# 1 uses"), "{path} {:?}\n{}", policy.summary, policy.text);
        }
    }
    let odd =
        ["https://u:p@h.example.com", "ftp://x.y/", "https://a.example.com:8443/", "http://*/x", "notaurl"];
    for url in odd {
        let fetch = |url: &str| used("1", "fetch", json!({ "url": url }));
        let hosts = ["https://a.example.com/1", "https://b.example.com/2", "https://a.example.com/3"];
        let uses: Vec<Use> = hosts.into_iter().chain([url]).map(fetch).collect();
        let policy = inferred(&uses, Generalise::Balanced);
        assert!(!passes(&policy, &fetch("https://evil.example/")), "{url}\n{}", policy.text);
    }
}

#[test]
fn what_was_offered_and_not_used_is_said() {
    let offered = [("fs".to_owned(), ["read", "delete"].map(str::to_owned).into())].into();
    let observed = Observed { uses: vec![used("1", "read", json!({}))], offered };
    let options = Options { generalise: Generalise::Balanced, min_support: 1, name: "n".to_owned() };
    let policy = super::infer(&observed, &options, &context(), None);
    assert!(policy.text.contains("# fs offers 1 tool more: delete"), "{}", policy.text);
    assert!(policy.summary.contains(&"it does not need fs/delete".to_owned()), "{:?}", policy.summary);
}

struct Base(&'static str);

impl Load for Base {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Ok(Source { name: reference.to_owned(), text: self.0.to_owned() })
    }
}

#[test]
fn a_policy_is_widened_by_what_it_is_silent_about_and_by_nothing_that_it_denies() {
    let text = "version: 1\ndefault: deny\nrules:\n  - { id: fs-read, effect: allow, on: fs/read }\n  - { id: never, effect: deny, on: fs/steal }\n";
    let source = Source { name: "base.yaml".to_owned(), text: text.to_owned() };
    let base = compile(vec![source], &mut Alone, &context()).unwrap();
    let uses =
        vec![used("1", "read", json!({})), used("1", "steal", json!({})), used("1", "list", json!({}))];
    let observed = Observed { uses: uses.clone(), ..Observed::default() };
    let options = Options { generalise: Generalise::Balanced, min_support: 1, name: "n".to_owned() };
    let given = super::Base { name: "base.yaml", policy: &base };
    let policy = super::infer(&observed, &options, &context(), Some((&given, &mut Base(text))));
    assert!(
        policy.text.contains("extends: [\"base.yaml\"]") && !policy.text.contains("default:"),
        "{}",
        policy.text
    );
    assert!(
        policy.text.contains("fs/list") && !policy.text.contains("fs/read") && !policy.text.contains("steal")
    );
    assert_eq!((policy.checked.denied, &policy.checked.broken), (0, &None));
    for line in [
        "widens: fs/list (1 uses), which it does not open",
        "1 uses are denied by its rule `never`, and stay so",
    ] {
        assert!(policy.summary.iter().any(|own| own == line), "{line}: {:?}", policy.summary);
    }
    let whole = refused(&policy.text, &uses.iter().collect::<Vec<_>>(), &context(), &mut Base(text));
    assert_eq!(whole.len(), 1, "what was denied is still denied");
}

#[test]
fn what_is_widened_of_a_tool_is_told_by_its_arguments() {
    let text = "version: 1\ndefault: deny\nrules:\n  - { id: src, effect: allow, on: fs/write, args: { path: { path: \"./src/**\" } } }\n";
    let source = Source { name: "base.yaml".to_owned(), text: text.to_owned() };
    let base = compile(vec![source], &mut Alone, &context()).unwrap();
    let write = |path: &str, mode: &str| used("1", "write", json!({ "path": path, "mode": mode }));
    let uses = vec![
        write("src/a", "text"),
        write("out/b", "text"),
        write("out/c", "text"),
        used("1", "find", json!({ "depth": 3, "note": null })),
    ];
    let observed = Observed { uses, ..Observed::default() };
    let options = Options { generalise: Generalise::Balanced, min_support: 1, name: "n".to_owned() };
    let given = super::Base { name: "base.yaml", policy: &base };
    let policy = super::infer(&observed, &options, &context(), Some((&given, &mut Base(text))));
    let at = policy.summary.iter().position(|line| line.starts_with("1 recorded uses pass")).unwrap();
    assert_eq!(
        policy.summary[at + 1..],
        [
            "widens: fs/find (1 uses), which it does not open",
            "  `depth`: { range: [3, 3] }",
            "  `note`: { type: [\"null\"] }",
            "widens: fs/write (2 uses), which it lets through otherwise",
            "  `path`: { path: [\"./out/**\"] }",
        ],
        "{:#?}",
        policy.summary
    );
}

#[test]
fn what_is_left_out_stands_in_a_comment_whatever_its_key_holds() {
    let key = "x\u{feff}y\u{2028}z";
    let uses = [used("1", "a", json!({ key: ["https://a.example/x", null] }))];
    let options = Options { generalise: Generalise::Strict, min_support: 1, name: "p".to_owned() };
    let policy = infer(&uses, &options, &context());
    assert_eq!((&policy.checked.broken, policy.checked.denied), (&None, 0), "{}", policy.text);
    assert!(policy.text.contains("`xyz`"), "{}", policy.text);
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
