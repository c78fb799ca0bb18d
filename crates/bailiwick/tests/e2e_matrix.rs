//! Real clients before real servers that listen by themselves, in every version that both speak: through the gateway they hand
//! over what they hand over when they speak directly, while policy is only observed and while it allows all.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::route::{Route, flag};
use bailiwick_testkit::script::{Client, ServerCommand, Step};
use bailiwick_testkit::serde_json::Value;
use bailiwick_testkit::served::{Listening, Served};
use bailiwick_testkit::tools::{self, repository};
use bailiwick_testkit::workplace::Workplace;
use std::process::{Command, Stdio};
use std::thread;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Gateways before the same server, that may change nothing.
struct Ways {
    observed: Gateway,
    allowed: Gateway,
    events: bool,
}

impl Ways {
    fn before(server: &Served, kind: Listening, place: &Workplace) -> Ways {
        let policy = repository().join("tests/conformance/allow-all.yaml");
        let events: &[&str] =
            if kind.is_events() { &["--target-transport", "sse", "--sse-path", "/sse"] } else { &[] };
        let start = |flags: &[&str]| {
            let flags = flags.iter().chain(events).copied();
            Gateway::start(BUILT, place, &server.url, ["--server", "s"].into_iter().chain(flags))
        };
        Ways {
            observed: start(&["--mode", "observe", "--policy", "permissive"]),
            allowed: start(&["--policy", flag(&policy)]),
            events: kind.is_events(),
        }
    }

    /// Each way's name, and where a client of it connects.
    fn urls(&self) -> [(&'static str, String); 2] {
        let url = |gateway: &Gateway| match self.events {
            true => gateway.url().replace("/mcp", "/sse"),
            false => gateway.url(),
        };
        [("observed", url(&self.observed)), ("allowed", url(&self.allowed))]
    }
}

fn at(url: &str, kind: Listening) -> ServerCommand {
    let scheme = if kind.is_events() { "sse+" } else { "" };
    ServerCommand { command: vec![format!("{scheme}{url}")], environment: Vec::new() }
}

/// Without how many progress reports there are: the TypeScript SDKs lose those that arrive together with the answer.
fn masked(step: &Step) -> Step {
    let mut step = step.clone();
    let progress =
        step.outcome.as_mut().ok().and_then(|ok| ok.get_mut("progress")).and_then(Value::as_array_mut);
    if let Some(progress) = progress {
        progress.clear();
    }
    step
}

fn is_the_same(client: Client, kind: Listening, versions: &[&str]) {
    let place = Workplace::new();
    let server = kind.start(&place);
    let ways = Ways::before(&server, kind, &place);
    for version in versions {
        let steps = kind.steps(version);
        let play = |url: &str| client.play(&place, &Route::Direct, &at(url, kind), version, &steps);
        thread::scope(|scope| {
            let through: Vec<_> =
                ways.urls().map(|(name, url)| (name, scope.spawn(move || play(&url)))).into_iter().collect();
            let direct = play(&server.url);
            assert_eq!(direct.len(), steps.len() + 1, "{direct:?}");
            assert_eq!(&direct.first().expect("a connection").ok()["version"], version);
            let failed: Vec<_> = direct.iter().filter(|step| step.outcome.is_err()).collect();
            assert!(failed.is_empty(), "the direct conversation failed: {failed:?}");
            for (name, other) in through {
                let other = other.join().unwrap_or_else(|_| panic_of(name));
                for (ours, theirs) in direct.iter().zip(&other) {
                    assert_eq!(masked(ours), masked(theirs), "{name}, {version}, step `{}`", ours.name);
                }
                assert_eq!(direct.len(), other.len(), "{name}, {version}");
            }
        });
    }
}

#[expect(clippy::panic, reason = "a test says so by a panic when it fails")]
fn panic_of(name: &str) -> ! {
    panic!("the {name} conversation ended early")
}

macro_rules! pairs {
    ($($name:ident: $client:ident $kind:ident [$($version:literal)*];)*) => {$(
        #[test]
        fn $name() {
            is_the_same(Client::$client, Listening::$kind, &[$($version),*]);
        }
    )*};
}

pairs! {
    typescript_v1_and_everything: TypescriptV1 Everything ["2024-11-05" "2025-03-26" "2025-06-18" "2025-11-25"];
    typescript_v2_and_everything: TypescriptV2 Everything ["2025-03-26" "2025-06-18" "2025-11-25"];
    python_and_everything: Python Everything ["2025-03-26" "2025-06-18" "2025-11-25"];
    typescript_v1_and_typescript: TypescriptV1 Typescript ["2025-06-18" "2025-11-25"];
    typescript_v2_and_typescript: TypescriptV2 Typescript ["2025-11-25" "2026-07-28"];
    python_and_typescript: Python Typescript ["2025-11-25" "2026-07-28"];
    typescript_v1_and_python: TypescriptV1 Python ["2025-03-26" "2025-11-25"];
    typescript_v2_and_python: TypescriptV2 Python ["2025-06-18" "2026-07-28"];
    python_and_python: Python Python ["2025-11-25" "2026-07-28"];
    typescript_v1_and_everything_over_events: TypescriptV1 EverythingEvents ["2024-11-05"];
    python_and_everything_over_events: Python EverythingEvents ["2024-11-05"];
    typescript_v1_and_python_over_events: TypescriptV1 PythonEvents ["2024-11-05"];
    python_and_python_over_events: Python PythonEvents ["2024-11-05"];
}

/// What the inspector's command line prints.
fn inspected(place: &Workplace, url: &str, arguments: &[&str]) -> String {
    let output = Command::new(tools::node())
        .args([&tools::inspector(), "--cli", url])
        .args(arguments)
        .env_clear()
        .envs(place.environment())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn the_inspector_prints_what_it_prints_without_a_gateway() {
    let place = Workplace::new();
    let server = Listening::Everything.start(&place);
    let ways = Ways::before(&server, Listening::Everything, &place);
    for arguments in [
        &["--method", "tools/list"][..],
        &["--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=hi"],
        &["--method", "prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Bern"],
    ] {
        thread::scope(|scope| {
            let place = &place;
            let through: Vec<_> = ways
                .urls()
                .map(|(name, url)| (name, scope.spawn(move || inspected(place, &url, arguments))))
                .into_iter()
                .collect();
            let direct = inspected(place, &server.url, arguments);
            assert!(direct.contains('{'), "{direct}");
            for (name, other) in through {
                assert_eq!(other.join().unwrap_or_else(|_| panic_of(name)), direct, "{name}: {arguments:?}");
            }
        });
    }
}
