//! Every real client with every real server, in the oldest and the newest protocol version that both speak: seen through
//! `bailiwick run`, an allowed conversation is the direct one, and a denied call is an answer that names the rule.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

use bailiwick_testkit::route::{Route, binary, flag};
use bailiwick_testkit::script::{Client, Step};
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::servers::{Server, call};
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::workplace::Workplace;
use std::path::Path;
use std::process::Command;
use std::thread;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

fn policy(name: &str) -> String {
    repository()
        .join("crates/bailiwick/tests/policies")
        .join(name)
        .with_extension("yaml")
        .display()
        .to_string()
}

/// The outcome of all steps is the direct one in observe mode and under a policy that allows all.
fn is_transparent(client: Client, server: Server, version: &str) {
    let place = Workplace::new();
    server.prepare(&place);
    let steps = server.steps(&place, version);
    let play =
        |route: Route, run: &str| client.play(&place, &route, &server.command(&place, run), version, &steps);
    let allow_all = policy("allow-all");
    thread::scope(|scope| {
        let observed = scope.spawn(|| play(Route::bailiwick(BUILT, ["--mode", "observe"]), "observed"));
        let allowed = scope.spawn(|| play(Route::bailiwick(BUILT, ["--policy", &allow_all]), "allowed"));
        let direct = play(Route::Direct, "direct");
        assert_eq!(direct[0].ok()["version"], version, "the direct connection speaks another version");
        assert_eq!(direct.len(), steps.len() + 1);
        let failed: Vec<_> = direct.iter().filter(|step| step.outcome.is_err()).collect();
        assert!(failed.is_empty(), "the direct conversation failed: {failed:?}");
        for (name, other) in [("observed", observed.join()), ("allowed", allowed.join())] {
            let other = other.unwrap_or_else(|_| panic!("the {name} conversation ended early"));
            for (ours, theirs) in direct.iter().zip(&other) {
                assert_eq!(masked(server, ours), masked(server, theirs), "{name}, step `{}`", ours.name);
            }
            assert_eq!(direct.len(), other.len(), "{name}");
        }
    });
}

/// Without what differs between two direct connections: today's date in the answers of `mcp-server-time`, for midnight may pass,
/// and how many progress reports there are, for the TypeScript SDKs lose those that arrive together with the answer. That all
/// arrive, `e2e_bytes.rs` shows; that they arrive while the call runs, the step `cancel_call`, which waits for the first.
fn masked(server: Server, step: &Step) -> Step {
    let mut step = step.clone();
    if let Some(reports) =
        step.outcome.as_mut().ok().and_then(|ok| ok.get_mut("progress")).and_then(Value::as_array_mut)
    {
        assert!(reports.is_sorted_by_key(|report| report["progress"].as_f64()), "{reports:?}");
        reports.clear();
    }
    if server != Server::Time {
        return step;
    }
    let mask = |value: Value| bailiwick_testkit::compare::without_dates(value.to_string().as_bytes());
    let text = |value: Value| Value::from(String::from_utf8(mask(value)).expect("it was text before"));
    Step { outcome: step.outcome.map(text).map_err(text), ..step }
}

/// A call that a rule denies is answered with that rule; a tool that no arguments could allow is not there at all.
fn is_denied_with_its_rule(client: Client, server: Server, version: &str) {
    let place = Workplace::new();
    server.prepare(&place);
    let denied = server.denied(&place);
    let audit = place.path().join("audit.jsonl");
    let route = Route::bailiwick(BUILT, ["--policy", &policy(server.name()), "--audit", flag(&audit)]);
    let list = json!({"do": "list_tools"});
    let steps =
        [list, denied.call.clone(), call(denied.hidden_tool, json!({})), call("no_such_tool", json!({}))];
    let outcomes = client.play(&place, &route, &server.command(&place, "denied"), version, &steps);
    let [_, listed, refused, hidden, unknown] = &outcomes[..] else { panic!("{outcomes:?}") };

    let names: Vec<&str> =
        listed.ok()["tools"].as_array().expect("tools").iter().filter_map(|t| t["name"].as_str()).collect();
    assert!(
        names.contains(&denied.call["name"].as_str().expect("a name")),
        "a tool of which only some calls are denied is listed"
    );
    assert!(!names.contains(&denied.hidden_tool), "a tool that is always denied is hidden");

    let result = refused.ok();
    assert_eq!(result["isError"], true, "{result}");
    assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains(denied.rule)), "{result}");

    let renamed = format!("{:?}", hidden.outcome).replace(denied.hidden_tool, "no_such_tool");
    assert_eq!(renamed, format!("{:?}", unknown.outcome), "a hidden tool answers as one that does not exist");
    assert!(renamed.contains("no_such_tool") && !renamed.contains("bailiwick"), "{renamed}");

    left_no_trace(server, &place);
    assert_audited(&place, &audit, denied.rule);
}

/// A resource and a prompt that are denied are not listed, cannot be had, and cannot be completed; their neighbours can.
#[test]
fn denied_resources_and_prompts_are_not_there() {
    const DOCUMENTS: &str = "demo://resource/static/document/";
    for client in [Client::TypescriptV1, Client::TypescriptV2, Client::Python, Client::Rmcp] {
        let place = Workplace::new();
        let route = Route::bailiwick(BUILT, ["--policy", &policy("everything")]);
        let read = |name: &str| json!({"do": "read_resource", "uri": format!("{DOCUMENTS}{name}.md")});
        let steps = [
            json!({"do": "list_resources"}),
            json!({"do": "list_prompts"}),
            read("features"),
            json!({"do": "get_prompt", "name": "simple-prompt"}),
            read("architecture"),
            json!({"do": "get_prompt", "name": "args-prompt", "arguments": {"city": "Bern"}}),
            json!({"do": "complete", "ref": {"type": "ref/prompt", "name": "args-prompt"},
                "argument": {"name": "city", "value": "B"}}),
        ];
        let server = Server::Everything.command(&place, "run");
        let outcomes = client.play(&place, &route, &server, "2025-11-25", &steps);
        let [_, resources, prompts, allowed @ .., resource, prompt, completion] = &outcomes[..] else {
            panic!("{outcomes:?}")
        };
        let listed = resources.ok().to_string() + &prompts.ok().to_string();
        for (name, there) in [
            ("features.md", true),
            ("simple-prompt", true),
            ("architecture.md", false),
            ("args-prompt", false),
        ] {
            assert_eq!(listed.contains(name), there, "{client:?}: {name} in {listed}");
        }
        assert!(allowed.iter().all(|step| step.outcome.is_ok()), "{client:?}: {allowed:?}");
        for denied in [resource, prompt, completion] {
            assert!(
                denied.outcome.as_ref().is_err_and(|error| error["code"].is_i64()),
                "{client:?}: {denied:?}"
            );
        }
    }
}

/// What the denied call would have done was not done.
fn left_no_trace(server: Server, place: &Workplace) {
    match server {
        Server::Filesystem => assert!(!place.path().join("files/secret").exists()),
        Server::Git => assert!(!place.path().join("repository/.git/refs/heads/release").exists()),
        Server::Memory => assert!(!place.path().join("denied.jsonl").exists()),
        Server::Everything | Server::Time | Server::TypescriptV2 => {}
    }
}

fn assert_audited(place: &Workplace, audit: &Path, rule: &str) {
    let log = std::fs::read_to_string(audit).expect("an audit log");
    assert!(log.lines().any(|line| line.contains(rule)), "the denial is not in the audit log");
    let verify = Command::new(binary(BUILT))
        .args(["audit", "verify", flag(audit)])
        .env_clear()
        .envs(place.environment())
        .output();
    let verified = verify.expect("it runs");
    let said = String::from_utf8_lossy(&verified.stdout) + String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success(), "the audit log does not verify: {said}");
}

macro_rules! pairs {
    ($($client:ident: $($server:ident)*;)*) => {$(
        #[expect(non_snake_case, reason = "named after the client")]
        mod $client {
            use super::*;
            $(
                #[expect(non_snake_case, reason = "named after the server")]
                #[test]
                fn $server() {
                    let (client, server) = (Client::$client, Server::$server);
                    for version in client.versions(server) {
                        thread::scope(|scope| {
                            scope.spawn(|| is_transparent(client, server, version));
                            is_denied_with_its_rule(client, server, version);
                        });
                    }
                }
            )*
        }
    )*};
}

pairs! {
    TypescriptV1: Filesystem Everything Memory Git Time TypescriptV2;
    TypescriptV2: Filesystem Everything Memory Git Time TypescriptV2;
    Python: Filesystem Everything Memory Git Time TypescriptV2;
    Rmcp: Filesystem Everything Memory Git Time TypescriptV2;
}
