//! Real clients over HTTP through the gateway, before real servers: what an SDK hands over is what it hands over when the
//! same client speaks to the same server directly.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::route::{Route, flag};
use bailiwick_testkit::script::{Client, ServerCommand, Step};
use bailiwick_testkit::serde_json::Value;
use bailiwick_testkit::servers::Server;
use bailiwick_testkit::tools::{self, repository};
use bailiwick_testkit::workplace::Workplace;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

fn at(url: String) -> ServerCommand {
    ServerCommand { command: vec![url], environment: Vec::new() }
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

fn same(direct: &[Step], through: &[Step]) {
    let failed: Vec<_> = direct.iter().filter(|step| step.outcome.is_err()).collect();
    assert!(failed.is_empty(), "the direct conversation failed: {failed:?}");
    for (ours, theirs) in direct.iter().zip(through) {
        assert_eq!(masked(ours), masked(theirs), "step `{}`", ours.name);
    }
    assert_eq!(direct.len(), through.len());
}

/// A server over stdio: directly, and served over HTTP.
fn is_the_same_over_http(client: Client, server: Server, version: &str) {
    let place = Workplace::new();
    server.prepare(&place);
    let steps = server.steps(&place, version);
    let command = server.command(&place, "run");
    let direct = client.play(&place, &Route::Direct, &command, version, &steps);
    let policy = repository().join("tests/conformance/allow-all.yaml");
    let flags = ["--server", "s", "--policy", flag(&policy), "--"].into_iter();
    let words = flags.chain(command.command.iter().map(String::as_str));
    let gateway = Gateway::start(BUILT, &place, "stdio", words);
    let through = client.play(&place, &Route::Direct, &at(gateway.url()), version, &steps);
    same(&direct, &through);
}

macro_rules! pairs {
    ($($name:ident: $client:ident $server:ident $version:literal;)*) => {$(
        #[test]
        fn $name() {
            is_the_same_over_http(Client::$client, Server::$server, $version);
        }
    )*};
}

pairs! {
    typescript_v1_with_files: TypescriptV1 Filesystem "2025-11-25";
    typescript_v1_with_everything: TypescriptV1 Everything "2025-06-18";
    typescript_v2_with_files: TypescriptV2 Filesystem "2025-03-26";
    typescript_v2_with_everything: TypescriptV2 Everything "2025-11-25";
    typescript_v2_with_a_modern_server: TypescriptV2 TypescriptV2 "2026-07-28";
    python_with_git: Python Git "2025-11-25";
    python_with_everything: Python Everything "2025-06-18";
    python_with_a_modern_server: Python TypescriptV2 "2026-07-28";
}

struct Everything {
    child: Child,
    url: String,
}

impl Everything {
    fn start(place: &Workplace) -> Everything {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a port");
        let child = Command::new(tools::node())
            .args([tools::npm_server("server-everything"), "streamableHttp".to_owned()])
            .env_clear()
            .envs(place.environment())
            .env("PORT", address.port().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let end = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < end, "it does not serve");
            std::thread::sleep(Duration::from_millis(20));
        }
        Everything { child, url: format!("http://{address}/mcp") }
    }
}

impl Drop for Everything {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_over_http_is_the_same_through_the_gateway() {
    let place = Workplace::new();
    let server = Everything::start(&place);
    let policy = repository().join("tests/conformance/nothing-matches.yaml");
    let gateway = Gateway::start(BUILT, &place, &server.url, ["--policy", flag(&policy)]);
    for client in [Client::TypescriptV1, Client::TypescriptV2, Client::Python] {
        let steps = Server::Everything.steps(&place, "2025-11-25");
        let play = |url: String| client.play(&place, &Route::Direct, &at(url), "2025-11-25", &steps);
        same(&play(server.url.clone()), &play(gateway.url()));
    }
}

#[test]
fn a_denied_call_is_an_answer_that_names_its_rule() {
    for client in [Client::TypescriptV1, Client::TypescriptV2, Client::Python] {
        let place = Workplace::new();
        Server::Filesystem.prepare(&place);
        let denied = Server::Filesystem.denied(&place);
        let policy = repository().join("crates/bailiwick/tests/policies/filesystem.yaml");
        let command = Server::Filesystem.command(&place, "denied");
        let flags = ["--policy", flag(&policy), "--"].into_iter();
        let words = flags.chain(command.command.iter().map(String::as_str));
        let gateway = Gateway::start(BUILT, &place, "stdio", words);
        let outcomes = client.play(
            &place,
            &Route::Direct,
            &at(gateway.url()),
            "2025-11-25",
            std::slice::from_ref(&denied.call),
        );
        let result = outcomes[1].ok();
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains(denied.rule), "{client:?}: {text}");
    }
}
