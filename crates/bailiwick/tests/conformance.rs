//! The official conformance suite against a reference server and a client, directly and through the gateway under a policy of
//! which nothing matches. `cargo xtask conformance` runs more of it and compares check by check.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says so by a panic when it fails")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::route::{binary, flag};
use bailiwick_testkit::tools::{self, repository};
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(place: &Workplace) -> Server {
        let tests = repository().join("tests");
        let mut child = Command::new(tools::node())
            .arg("--import")
            .args([tests.join("peers/resolve.mjs"), tests.join("conformance/server.mjs")])
            .env_clear()
            .envs(place.environment())
            .env("BAILIWICK_TEST_PACKAGES", "conformance")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        let port = line.strip_prefix("listening ").unwrap_or_else(|| panic!("it does not serve: {line}"));
        Server { url: format!("http://127.0.0.1:{port}/mcp"), child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn suite_script() -> String {
    format!("{}/conformance/node_modules/@modelcontextprotocol/conformance/dist/index.js", tools::folder())
}

/// The last words of the suite, and each scenario's line.
fn suite(place: &Workplace, url: &str, requirements: &str) -> Vec<String> {
    let run = Command::new(tools::node())
        .args([&suite_script(), "server", "--url", url, "--requirements", requirements])
        .current_dir(place.path())
        .env_clear()
        .envs(place.environment())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let lines = text.lines().filter(|line| line.contains(" passed, "));
    lines.map(str::to_owned).collect()
}

fn is_as_without(requirements: &str) {
    let place = Workplace::new();
    let server = Server::start(&place);
    let policy = repository().join("tests/conformance/nothing-matches.yaml");
    let gateway =
        Gateway::start(BUILT, &place, &server.url, ["--server", "reference", "--policy", flag(&policy)]);
    let direct = suite(&place, &server.url, requirements);
    assert!(direct.len() > 30, "{direct:?}");
    let through = suite(&place, &gateway.url(), requirements);
    // Of an extension that the server does not have, the gateway may answer better.
    let counted = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().filter(|line| !line.contains("tasks-") && !line.starts_with("Total")).collect()
    };
    assert_eq!(counted(through), counted(direct));
}

#[test]
fn the_suite_of_2025_11_25_finds_no_difference() {
    is_as_without("2025-11-25");
}

#[test]
fn the_suite_of_2026_07_28_finds_no_difference() {
    is_as_without("2026-07-28");
}

/// The suite as a server, a client on the TypeScript SDK, and the gateway between them.
fn is_passed_through_the_gateway(scenario: &str, version: &str) {
    let place = Workplace::new();
    let tests = repository().join("tests");
    let (resolve, client) = (tests.join("peers/resolve.mjs"), tests.join("conformance/client.mjs"));
    let under_test = format!("{} --import {} {}", tools::node(), flag(&resolve), flag(&client));
    let policy = tests.join("conformance/nothing-matches.yaml");
    let own = ["gateway", "--server", "reference", "--forward-header", "Authorization"];
    let binary = binary(BUILT);
    let words = [flag(&binary)].into_iter().chain(own).chain(["--policy", flag(&policy)]);
    let gateway = words.collect::<Vec<_>>().join("\n");
    let run = Command::new(tools::node())
        .args([&suite_script(), "client", "--command", &under_test, "--scenario", scenario])
        .args(["--spec-version", version, "--timeout", "60000"])
        .current_dir(place.path())
        .env_clear()
        .envs(place.environment())
        .env("GATEWAY_UNDER_TEST", gateway)
        .env("BAILIWICK_STATE_DIR", place.at("state"))
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && text.contains("OVERALL: PASSED"), "{scenario}: {text}");
}

#[test]
fn a_client_of_2025_11_25_behind_the_gateway_passes() {
    is_passed_through_the_gateway("tools_call", "2025-11-25");
    is_passed_through_the_gateway("sse-retry", "2025-11-25");
}

#[test]
fn a_client_of_2026_07_28_behind_the_gateway_passes() {
    is_passed_through_the_gateway("http-custom-headers", "2026-07-28");
    is_passed_through_the_gateway("sep-2322-client-request-state", "2026-07-28");
    is_passed_through_the_gateway("auth/scope-step-up", "2026-07-28");
}
