//! Real clients before real servers, in every version that both speak: through the gateway they hand over what they hand over when
//! they speak directly. Servers that listen by themselves: while policy is only observed, and while it allows all; servers over stdio: directly,
//! and served over HTTP.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::route::{Route, flag};
use bailiwick_testkit::script::{Client, ServerCommand, assert_alike};
use bailiwick_testkit::served::{Listening, Served};
use bailiwick_testkit::servers::Server;
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
    ServerCommand::at(format!("{scheme}{url}"))
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
            for (name, other) in through {
                let other = other.join().unwrap_or_else(|_| panic_of(name));
                assert_alike(&direct, &other, &format!("{name}, {version}"));
            }
        });
    }
}

#[expect(clippy::panic, reason = "a test says so by a panic when it fails")]
fn panic_of(name: &str) -> ! {
    panic!("the {name} conversation ended early")
}

/// A server over stdio: directly, and served over HTTP.
fn is_the_same_over_http(client: Client, server: Server, version: &str) {
    let place = Workplace::new();
    server.prepare(&place);
    let steps = server.steps(&place, version);
    let play = |server: &ServerCommand| client.play(&place, &Route::Direct, server, version, &steps);
    let policy = repository().join("tests/conformance/allow-all.yaml");
    let words = server.command(&place, "through").words();
    let flags = ["--server", "s", "--policy", flag(&policy), "--"].into_iter();
    let gateway = Gateway::start(BUILT, &place, "stdio", flags.chain(words.iter().map(String::as_str)));
    let (direct, through) = thread::scope(|scope| {
        let through = scope.spawn(|| play(&ServerCommand::at(gateway.url())));
        let direct = play(&server.command(&place, "direct"));
        (direct, through.join().unwrap_or_else(|_| panic_of("gateway's")))
    });
    assert_alike(&direct, &through, version);
}

macro_rules! pairs {
    ($($name:ident: $client:ident $kind:ident [$($version:literal)*];)*) => {$(
        #[test]
        fn $name() {
            is_the_same(Client::$client, Listening::$kind, &[$($version),*]);
        }
    )*};
}

macro_rules! pairs_with_stdio {
    ($($name:ident: $client:ident $server:ident $version:literal;)*) => {$(
        #[test]
        fn $name() {
            is_the_same_over_http(Client::$client, Server::$server, $version);
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
    rmcp_and_everything: Rmcp Everything ["2024-11-05" "2025-03-26" "2025-11-25"];
    rmcp_and_typescript: Rmcp Typescript ["2025-06-18" "2026-07-28"];
    rmcp_and_python: Rmcp Python ["2025-11-25" "2026-07-28"];
    typescript_v1_and_everything_over_events: TypescriptV1 EverythingEvents ["2024-11-05"];
    python_and_everything_over_events: Python EverythingEvents ["2024-11-05"];
    typescript_v1_and_python_over_events: TypescriptV1 PythonEvents ["2024-11-05"];
    python_and_python_over_events: Python PythonEvents ["2024-11-05"];
}

pairs_with_stdio! {
    typescript_v1_with_files: TypescriptV1 Filesystem "2025-11-25";
    typescript_v1_with_everything: TypescriptV1 Everything "2025-06-18";
    typescript_v1_with_time: TypescriptV1 Time "2025-03-26";
    typescript_v2_with_files: TypescriptV2 Filesystem "2025-03-26";
    typescript_v2_with_memory: TypescriptV2 Memory "2025-11-25";
    typescript_v2_with_a_modern_server: TypescriptV2 TypescriptV2 "2026-07-28";
    python_with_git: Python Git "2025-11-25";
    python_with_everything: Python Everything "2025-06-18";
    python_with_memory: Python Memory "2025-06-18";
    python_with_a_modern_server: Python TypescriptV2 "2026-07-28";
    rmcp_with_time: Rmcp Time "2026-07-28";
    rmcp_with_memory: Rmcp Memory "2025-11-25";
    rmcp_with_a_modern_server: Rmcp TypescriptV2 "2026-07-28";
}

#[test]
fn what_no_filter_matches_is_the_same() {
    let place = Workplace::new();
    let server = Listening::Everything.start(&place);
    let policy = repository().join("tests/conformance/nothing-matches.yaml");
    let gateway = Gateway::start(BUILT, &place, &server.url, ["--policy", flag(&policy)]);
    let steps = Server::Everything.steps(&place, "2025-11-25");
    for client in [Client::TypescriptV1, Client::TypescriptV2, Client::Python, Client::Rmcp] {
        let play = |url: &str| {
            client.play(&place, &Route::Direct, &ServerCommand::at(url.to_owned()), "2025-11-25", &steps)
        };
        assert_alike(&play(&server.url), &play(&gateway.url()), "no filter matches");
    }
}

#[test]
fn a_denied_call_is_an_answer_that_names_its_rule() {
    let place = Workplace::new();
    Server::Filesystem.prepare(&place);
    let denied = Server::Filesystem.denied(&place);
    let policy = repository().join("crates/bailiwick/tests/policies/filesystem.yaml");
    let command = Server::Filesystem.command(&place, "denied");
    let words = ["--policy", flag(&policy), "--"].into_iter();
    let gateway =
        Gateway::start(BUILT, &place, "stdio", words.chain(command.command.iter().map(String::as_str)));
    for client in [Client::TypescriptV1, Client::TypescriptV2, Client::Python, Client::Rmcp] {
        let (at, call) = (ServerCommand::at(gateway.url()), std::slice::from_ref(&denied.call));
        let outcomes = client.play(&place, &Route::Direct, &at, "2025-11-25", call);
        let result = outcomes.last().expect("a call").ok();
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains(denied.rule), "{client:?}: {text}");
    }
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
    prints_the_same(
        Listening::Everything,
        &[
            &["--method", "tools/list"],
            &["--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=hi"],
            &["--method", "prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Bern"],
        ],
    );
}

#[test]
fn the_inspector_prints_the_same_over_events() {
    let call = ["--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=hi"];
    prints_the_same(Listening::EverythingEvents, &[&call]);
}

fn prints_the_same(kind: Listening, all: &[&[&str]]) {
    let place = Workplace::new();
    let server = kind.start(&place);
    let ways = Ways::before(&server, kind, &place);
    for arguments in all {
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
