//! What the engine asks of a policy besides verdicts: limits, settings, layers, digest, explanations.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads its data, and must fail when it cannot"
)]

use std::path::Path;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{
    Call, Claim, Context, Drift, Effect, GuardAction, GuardLevel, GuardName, Hide, Load, LogLevel, Outcome,
    Per, Policy, Principal, Source, SumError, Target, Verdict, compile,
};

struct Files(&'static [(&'static str, &'static str)]);

impl Load for Files {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        let found = self.0.iter().find(|(name, _)| *name == reference);
        let (name, text) = found.ok_or("there is no such file")?;
        Ok(Source { name: (*name).into(), text: (*text).into() })
    }
}

fn context() -> Context {
    Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) }
}

fn policy_of(texts: &[&str], files: &'static [(&'static str, &'static str)]) -> Policy {
    let source =
        |(index, text): (usize, &&str)| Source { name: format!("p{index}.yaml"), text: (*text).into() };
    let sources = texts.iter().enumerate().map(source).collect();
    compile(sources, &mut Files(files), &context()).unwrap_or_else(|problems| panic!("{problems}"))
}

const LIMITS: &str = r#"
version: 1
default: ask
limits:
  - { id: pace, on: ["*/*", "prompt:*"], max: 60/1m, burst: 10, per: principal }
  - { id: calls, on: "*/*", max: 200, max-per-tool: 50, effect: ask, reason: enough }
  - { id: spend, on: "pay/*", sum: args.order.amount, max: 99.5/1d }
  - { id: big, on: "fs/write*", args: { path: { path: "/data/**" } }, unless: { args: { dry: { in: [true] } } }, max: 1, for: { roles: [dev] } }
"#;

fn limits(tool: (&str, &str), arguments: &str, roles: &[&str]) -> Vec<(String, Result<f64, SumError>)> {
    let policy = policy_of(&[LIMITS], &[]);
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal {
        id: "u".into(),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        ..Principal::default()
    };
    let target = Target::Tool { server: tool.0, name: tool.1 };
    let call = Call { target, arguments: Some(document.root()), principal: &principal };
    policy.limits_for(&call).map(|(_, limit, amount)| (limit.id.clone(), amount)).collect()
}

#[test]
fn a_limit_says_what_it_counts() {
    let policy = policy_of(&[LIMITS], &[]);
    let [pace, calls, spend, big] = policy.limits() else { panic!("four limits") };
    assert_eq!(
        (pace.max, pace.window_ms, pace.burst, pace.per),
        (Some(60.0), Some(60_000), Some(10), Per::Principal)
    );
    assert_eq!(
        (calls.max, calls.max_per_tool, calls.effect, calls.per),
        (Some(200.0), Some(50), Effect::Ask, Per::Run)
    );
    assert_eq!(
        (spend.max, spend.window_ms, spend.sum.as_deref()),
        (Some(99.5), Some(86_400_000), Some("order.amount"))
    );
    assert_eq!(
        (calls.reason.as_deref(), &*calls.file, calls.line, big.line),
        (Some("enough"), "p0.yaml", 6, 8)
    );
}

#[test]
fn limits_count_the_calls_in_their_scope() {
    let ids = |tool, arguments, roles: &[&str]| {
        limits(tool, arguments, roles).into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(ids(("fs", "read"), "{}", &[]), ["pace", "calls"]);
    assert_eq!(ids(("fs", "write_file"), r#"{"path":"/data/x"}"#, &["dev"]), ["pace", "calls", "big"]);
    assert_eq!(
        ids(("fs", "write_file"), r#"{"path":["/tmp","/DATA/x"]}"#, &["dev"]),
        ["pace", "calls", "big"]
    );
    assert_eq!(ids(("fs", "write_file"), r#"{"path":"/data/x","dry":true}"#, &["dev"]), ["pace", "calls"]);
    assert_eq!(
        ids(("fs", "write_file"), r#"{"path":"/data/x","dry":"true"}"#, &["dev"]),
        ["pace", "calls", "big"]
    );
    assert_eq!(ids(("fs", "write_file"), r#"{"path":"/data/x"}"#, &[]), ["pace", "calls"]);
}

#[test]
fn a_sum_that_is_not_certain_is_an_error() {
    let spend = |arguments: &str| {
        let found = limits(("pay", "send"), arguments, &[]);
        found.into_iter().find(|(id, _)| id == "spend").unwrap().1
    };
    assert_eq!(spend(r#"{"order":{"amount":12.5}}"#), Ok(12.5));
    assert_eq!(spend(r#"{"order":[{"amount":1},{"amount":2}]}"#), Ok(3.0));
    assert_eq!(spend("{}"), Err(SumError::Missing));
    assert_eq!(spend(r#"{"order":{"Amount":1}}"#), Err(SumError::NotCountable));
    for amount in ["-1", "\"5\"", "null", "9007199254740993", "[1]", "1.00000000000000001"] {
        let arguments = format!(r#"{{"order":{{"amount":{amount}}}}}"#);
        assert_eq!(spend(&arguments), Err(SumError::NotCountable), "{amount}");
    }
    assert_eq!(spend(r#"{"order":{"amount":1,"AMOUNT":5}}"#), Err(SumError::NotCountable));
}

#[test]
fn layers_are_a_union_and_the_strictest_setting_wins() {
    let files = &[
        (
            "base.yaml",
            "version: 1\ndefault: ask\nguards: { secrets: block, logs: error }\npins: { drift: ask }\nextends: shared.yaml\n",
        ),
        ("shared.yaml", "version: 1\nrules: [{ id: shared, effect: deny, on: \"*/x\" }]\n"),
    ];
    let one = "version: 1\nname: one\ndefault: ask\nextends: [base.yaml, shared.yaml]\nguards: { secrets: redact, injection: log, logs: info }\n";
    let two =
        "version: 1\ndefault: deny\nextends: [base.yaml]\npins: { drift: warn }\ndiscovery: { hide: none }\n";
    let policy = policy_of(&[one, two], files);
    assert_eq!(policy.name(), "one + p1.yaml");
    assert_eq!(policy.default(), Verdict::Deny);
    assert_eq!(policy.rules().len(), 1, "a text that is extended twice is read once");
    let guard = |name| policy.guards().strictest(name, GuardLevel::Likely);
    assert_eq!(
        (guard(GuardName::Secrets), guard(GuardName::Injection)),
        (GuardAction::Block, GuardAction::Log)
    );
    assert_eq!((guard(GuardName::HiddenText), policy.pins().drift), (GuardAction::Off, Drift::Ask));
    assert_eq!(policy.discovery().hide, Hide::Nothing);
    assert_eq!(policy.guards().logs().map(|(level, _)| *level), Some(LogLevel::Error));
    let silent = policy_of(&["version: 1\ndefault: deny\n"], &[]);
    assert_eq!(silent.guards().logs(), None);
    assert_eq!((silent.pins().drift, silent.discovery().hide), (Drift::Deny, Hide::Denied));
}

#[test]
fn silence_is_deny() {
    let policy = policy_of(&["version: 1\nrules: [{ id: a, effect: allow, on: a/b }]\n"], &[]);
    assert_eq!(policy.default(), Verdict::Deny);
}

#[test]
fn the_digest_is_of_every_text() {
    let digest = |texts: &[&str]| policy_of(texts, &[]).digest().to_owned();
    let (one, two) = ("version: 1\ndefault: deny\n", "version: 1\ndefault: ask\n");
    assert_eq!(digest(&[one]).len(), 64);
    assert_eq!(digest(&[one]), digest(&[one]));
    assert_ne!(digest(&[one]), digest(&[two]));
    assert_ne!(digest(&[one]), digest(&[one, two]));
}

fn explanation(text: &str, arguments: &str) -> String {
    let policy = policy_of(&[text], &[]);
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal::default();
    let target = Target::Tool { server: "fs", name: "write_file" };
    let call = Call { target, arguments: Some(document.root()), principal: &principal };
    let explanation = policy.explain(&call);
    let nearest = explanation.nearest_allow().map(|rule| rule.id.as_str()).unwrap_or_default();
    format!("{}nearest: {nearest}\n", explanation.render(false))
}

const EXPLAINED: &str = r#"
version: 1
default: ask
rules:
  - { id: secrets, effect: deny, on: "*/*", args: { "**": { path: ["~/.ssh/**", "**/.env*"] } }, reason: credential files }
  - { id: source, effect: allow, on: fs/write_file, args: { path: { path: ["./src/**", "./docs/**"] }, mode: { in: [text] } } }
  - { id: ceiling, effect: require, on: "*/*", args: { "**": { max_bytes: 64 } } }
  - { id: others, effect: allow, on: "fs/*", for: { roles: [admin] } }
"#;

#[test]
fn an_explanation_shows_the_reading_that_decided() {
    let cases = [
        ("denied", r#"{"path":"src/%2e%2e/../.ssh/../.env","tags":["a"]}"#),
        ("asked", r#"{"path":"/etc/passwd","mode":"text"}"#),
        ("allowed", r#"{"path":"src/a\u001b[31m","mode":"text"}"#),
        (
            "listed",
            r#"{"path":["src/a","~/.ssh/x",7],"content":"012345678901234567890123456789012345678901234567890123456789012345"}"#,
        ),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    for (name, arguments) in cases {
        let found = explanation(EXPLAINED, arguments);
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("BAILIWICK_BLESS").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        assert_eq!(found, std::fs::read_to_string(&file).unwrap_or_default(), "{name}");
    }
}

const JUDGED: &str = r#"
version: 1
default: deny
rules:
  - { id: small, effect: allow, on: fs/write_file, if: "size(args.content) < 8 && args.edits[0].path in ['a', 'b'] && !args.tags.exists(t, t == 'x')" }
  - { id: raw, effect: deny, on: fs/write_file, if: "args.mode == 'raw'", unless: { if: "tool.contains('file') && args.n + 1 > 10" } }
"#;

#[test]
fn an_explanation_shows_what_each_part_of_a_condition_came_to() {
    let cases = [
        (
            "condition-false",
            r#"{"content":"0123456789","edits":[{"path":"c"}],"tags":["a","b"],"mode":"text"}"#,
        ),
        ("condition-error", r#"{"content":"short","edits":[],"tags":"\u001b","n":9.5}"#),
        ("condition-true", r#"{"content":"short","edits":[{"path":"a"}],"tags":[],"mode":"plain"}"#),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    for (name, arguments) in cases {
        let found = explanation(JUDGED, arguments);
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("BAILIWICK_BLESS").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        assert_eq!(found, std::fs::read_to_string(&file).unwrap_or_default(), "{name}");
    }
}

#[test]
fn an_explanation_has_parts_for_programs() {
    let policy = policy_of(&[EXPLAINED], &[]);
    let principal = Principal::default();
    let call =
        Call { target: Target::Tool { server: "x", name: "y" }, arguments: None, principal: &principal };
    let explanation = policy.explain(&call);
    assert_eq!((explanation.verdict(), explanation.default()), (Verdict::Ask, Some(Verdict::Ask)));
    let outcomes: Vec<Outcome> = explanation.considered().iter().map(|rule| rule.outcome).collect();
    assert_eq!(outcomes, [Outcome::OtherArguments, Outcome::Holds]);
    assert_eq!(explanation.changes(), ["an allow rule must cover `x/y`; none does"]);
}

#[test]
fn an_override_has_the_id_of_another_files_rule_and_only_tightens() {
    let base = "version: 1\ndefault: deny\nrules:\n  - { id: reads, effect: allow, on: '*/*' }\n";
    let more = "version: 1\ndefault: pass\nrules:\n  - { id: reads, override: true, effect: EFFECT, on: 'x/*'ARGS }\n";
    let compiled = |more: &str| {
        let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
        compile(vec![source("base", base), source("more", more)], &mut Files(&[]), &context())
    };
    let policy = compiled(&more.replace("EFFECT", "deny").replace("ARGS", "")).unwrap();
    let principal = Principal::default();
    let decide = |server| {
        let target = Target::Tool { server, name: "t" };
        policy.evaluate(&Call { target, arguments: None, principal: &principal }, &mut Vec::new())
    };
    assert_eq!((decide("x"), decide("y")), (Verdict::Deny, Verdict::Allow));
    assert_eq!(policy.layers(), ["base", "more"]);
    let report = |more: &str| compiled(more).unwrap_err().render(false);
    assert!(report(&more.replace("EFFECT", "ask").replace("ARGS", "")).contains("may let more through"));
    let other = more.replace("reads", "other").replace("EFFECT", "deny").replace("ARGS", "");
    assert!(report(&other).contains("no other file has the id `other`"));
    let twice = more.replace("override: true, ", "").replace("EFFECT", "deny").replace("ARGS", "");
    assert!(report(&twice).contains("override: true"));
}

#[test]
fn a_layer_says_what_it_does_not_name() {
    let base = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: 'x/*' }\n";
    let principal = Principal::default();
    let target = Target::Tool { server: "x", name: "t" };
    let call = Call { target, arguments: None, principal: &principal };
    for (default, verdict, layer) in [
        ("default: pass", Verdict::Allow, None),
        ("default: ask", Verdict::Ask, Some("team")),
        ("default: deny", Verdict::Deny, Some("team")),
    ] {
        let team =
            format!("version: 1\nname: team\n{default}\nrules:\n  - {{ id: b, effect: deny, on: 'y/*' }}\n");
        let policy = policy_of(&[base, &team], &[]);
        let mut hits = Vec::new();
        assert_eq!(policy.evaluate(&call, &mut hits), verdict, "{default}");
        assert_eq!(policy.decided_by_default(&hits), layer, "{default}");
        assert_eq!(policy.explain(&call).verdict(), verdict, "{default}");
    }
}

#[test]
fn a_role_of_one_layer_does_not_open_the_rules_of_another() {
    let base = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: 'x/*', for: { roles: [lead] } }\n";
    let team = "version: 1\ndefault: pass\nroles: { lead: { members: [eve] } }\n";
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let layers = vec![source("base", base), source("team", team)];
    let report = compile(layers, &mut Files(&[]), &context()).unwrap_err().render(false);
    assert!(report.contains("another layer says who has the role `lead`"), "{report}");
    let own = base.replace("rules:", "roles: { lead: { members: [ana] } }\nrules:");
    let other = team.replace("lead", "boss");
    policy_of(&[&own, &other], &[]);
}

/// Principals, roles that follow from others, actions by label: what role-based products say, said here.
const STAFF: &str = r#"
version: 1
default: deny
roles:
  reader: { members: ["user:*"] }
  editor: { members: ["user:ana", "group:writers"], inherits: [releaser] }
  releaser: { members: [owner] }
  owner: { members: ["user:root"], inherits: [editor] }
labels:
  "db/get_*": [read]
  "db/run_*": [exec]
rules:
  - { id: may-read, effect: allow, on: "db/*", labels: [read], for: { roles: [reader] } }
  - { id: may-run, effect: allow, on: "db/*", labels: [exec], for: { roles: [releaser] } }
  - { id: may-scope, effect: allow, on: "api/*", for: { scopes: ["api:write", "api:all"] } }
  - { id: may-claim, effect: allow, on: "pay/*", for: { claims: { team: [payments, "core-*"], mfa: "true" } } }
"#;

#[test]
fn roles_follow_from_roles_and_rules_ask_for_scopes_and_claims() {
    let policy = policy_of(&[STAFF], &[]);
    let decide = |principal: &Principal, server: &'static str, name: &'static str| {
        let target = Target::Tool { server, name };
        let call = Call { target, arguments: None, principal };
        let verdict = policy.evaluate(&call, &mut Vec::new());
        assert_eq!(policy.explain(&call).verdict(), verdict);
        verdict == Verdict::Allow
    };
    let who = |id: &str, roles: &[&str]| Principal {
        id: id.into(),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        ..Principal::default()
    };
    for (principal, reads, runs) in [
        (who("user:bob", &[]), true, false),
        (who("user:ana", &[]), true, true),
        (who("agent:x", &[]), false, false),
        (who("agent:x", &["group:writers"]), false, true),
        (who("agent:x", &["editor"]), false, true),
        (who("agent:x", &["Editor"]), false, false),
        (who("user:root", &[]), true, true),
        (who("agent:x", &["reader"]), true, false),
    ] {
        assert_eq!(decide(&principal, "db", "get_row"), reads, "{principal:?}");
        assert_eq!(decide(&principal, "db", "run_job"), runs, "{principal:?}");
    }
    let mut principal = who("agent:x", &[]);
    assert!(!decide(&principal, "api", "x") && !decide(&principal, "pay", "x"));
    principal.scopes.push("api:all".into());
    assert!(decide(&principal, "api", "x"));
    principal.claims.insert("team".into(), Claim::Texts(vec!["web".into(), "core-db".into()]));
    assert!(!decide(&principal, "pay", "x"), "every claim must be there");
    principal.claims.insert("mfa".into(), Claim::Boolean(true));
    assert!(decide(&principal, "pay", "x"));
    principal.claims.insert("team".into(), Claim::Text("score-db".into()));
    assert!(!decide(&principal, "pay", "x"));
}

#[test]
fn a_role_that_nobody_defines_is_a_warning_with_the_nearest_name() {
    let text = STAFF.replace("roles: [reader]", "roles: [Reader]");
    let source = Source { name: "p.yaml".into(), text };
    let checked = bailiwick_policy::check(vec![source], &mut Files(&[]), &context(), None);
    let warnings = checked.warnings.render(false);
    assert!(warnings.contains("no file says who has the role `Reader`"), "{warnings}");
    assert!(warnings.contains("did you mean `reader`?"), "{warnings}");
}
