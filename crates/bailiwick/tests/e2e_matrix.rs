//! Every real client before every real server whose transport it has, in the oldest and the newest version that both speak, over HTTP in
//! the one with batches too, and with `BAILIWICK_MATRIX=all` in every one: through the gateway they hand over what they hand over when they speak directly. Servers that listen by
//! themselves: while policy is only observed, and while it allows all; servers over stdio: directly, and served over HTTP.
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

/// Of these versions those that are played.
fn played(versions: Vec<&'static str>, between: &[&str]) -> Vec<&'static str> {
    let all = std::env::var("BAILIWICK_MATRIX").is_ok_and(|which| which == "all");
    let (oldest, newest) = (versions.first().copied(), versions.last().copied());
    let plays = |version: &&str| {
        all || between.contains(version) || oldest == Some(*version) || newest == Some(*version)
    };
    versions.into_iter().filter(plays).collect()
}

fn is_the_same(client: Client, kind: Listening) {
    let place = Workplace::new();
    let server = kind.start(&place);
    let ways = Ways::before(&server, kind, &place);
    for version in played(client.all_versions(kind.speaks_modern()), &["2025-03-26"]) {
        let steps = kind.steps(version);
        let play = |url: &str| client.play(&place, &Route::Direct, &at(url, kind), version, &steps);
        thread::scope(|scope| {
            let through: Vec<_> =
                ways.urls().map(|(name, url)| (name, scope.spawn(move || play(&url)))).into_iter().collect();
            let direct = play(&server.url);
            assert_eq!(direct.len(), steps.len() + 1, "{direct:?}");
            assert_eq!(direct.first().expect("a connection").ok()["version"], version);
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
fn is_the_same_over_http(client: Client, server: Server) {
    for version in played(client.all_versions(server.speaks_modern()), &[]) {
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
        assert_eq!(direct.first().expect("a connection").ok()["version"], version);
        assert_alike(&direct, &through, version);
    }
}

macro_rules! pairs {
    ($with:ident: $($name:ident: $client:ident $server:expr;)*) => {$(
        #[test]
        fn $name() {
            $with(Client::$client, $server);
        }
    )*};
}

pairs! {
    is_the_same:
    typescript_v1_and_everything: TypescriptV1 Listening::Everything;
    typescript_v2_and_everything: TypescriptV2 Listening::Everything;
    python_and_everything: Python Listening::Everything;
    rmcp_and_everything: Rmcp Listening::Everything;
    typescript_v1_and_typescript: TypescriptV1 Listening::Typescript;
    typescript_v2_and_typescript: TypescriptV2 Listening::Typescript;
    python_and_typescript: Python Listening::Typescript;
    rmcp_and_typescript: Rmcp Listening::Typescript;
    typescript_v1_and_python: TypescriptV1 Listening::Python;
    typescript_v2_and_python: TypescriptV2 Listening::Python;
    python_and_python: Python Listening::Python;
    rmcp_and_python: Rmcp Listening::Python;
    typescript_v1_and_everything_over_events: TypescriptV1 Listening::EverythingEvents;
    python_and_everything_over_events: Python Listening::EverythingEvents;
    typescript_v1_and_python_over_events: TypescriptV1 Listening::PythonEvents;
    python_and_python_over_events: Python Listening::PythonEvents;
}

pairs! {
    is_the_same_over_http:
    typescript_v1_with_files: TypescriptV1 Server::Filesystem;
    typescript_v2_with_files: TypescriptV2 Server::Filesystem;
    python_with_files: Python Server::Filesystem;
    rmcp_with_files: Rmcp Server::Filesystem;
    typescript_v1_with_everything: TypescriptV1 Server::Everything;
    typescript_v2_with_everything: TypescriptV2 Server::Everything;
    python_with_everything: Python Server::Everything;
    rmcp_with_everything: Rmcp Server::Everything;
    typescript_v1_with_memory: TypescriptV1 Server::Memory;
    typescript_v2_with_memory: TypescriptV2 Server::Memory;
    python_with_memory: Python Server::Memory;
    rmcp_with_memory: Rmcp Server::Memory;
    typescript_v1_with_git: TypescriptV1 Server::Git;
    typescript_v2_with_git: TypescriptV2 Server::Git;
    python_with_git: Python Server::Git;
    rmcp_with_git: Rmcp Server::Git;
    typescript_v1_with_time: TypescriptV1 Server::Time;
    typescript_v2_with_time: TypescriptV2 Server::Time;
    python_with_time: Python Server::Time;
    rmcp_with_time: Rmcp Server::Time;
    typescript_v1_with_a_modern_server: TypescriptV1 Server::TypescriptV2;
    typescript_v2_with_a_modern_server: TypescriptV2 Server::TypescriptV2;
    python_with_a_modern_server: Python Server::TypescriptV2;
    rmcp_with_a_modern_server: Rmcp Server::TypescriptV2;
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
