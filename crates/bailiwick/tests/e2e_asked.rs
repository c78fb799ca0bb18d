//! What a server asks of the client, as a request or inside a result: real servers, byte for byte where it is allowed, and
//! nothing of it where it is not.
#![expect(clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::compare::{self, Conversation, assert_identical, converse};
use bailiwick_testkit::route::Route;
use bailiwick_testkit::script::ServerCommand;
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::servers::Server;
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::wire::{request, shown};
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

fn policy(name: &str) -> String {
    repository()
        .join("crates/bailiwick/tests/policies")
        .join(name)
        .with_extension("yaml")
        .display()
        .to_string()
}

/// Directly, observed, and with all allowed; the first is the measure.
fn is_identical(place: &Workplace, server: &ServerCommand, lines: &[Vec<u8>]) -> Conversation {
    let direct = converse(place, &Route::Direct, server, lines);
    let allow_all = policy("allow-all");
    for route in
        [Route::bailiwick(BUILT, ["--mode", "observe"]), Route::bailiwick(BUILT, ["--policy", &allow_all])]
    {
        assert_identical(&direct, &converse(place, &route, server, lines), compare::unmasked);
    }
    direct
}

fn text(conversation: &Conversation) -> String {
    conversation.answers.iter().chain(&conversation.unasked).map(|line| shown(line) + "\n").collect()
}

/// The client can sample and elicit, and calls the two tools that make it do so.
fn questions_by_request() -> Vec<Vec<u8>> {
    let capabilities = json!({"sampling": {}, "elicitation": {}});
    let client = json!({"name": "wire", "version": "1"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": client});
    let call = |id: u64, name: &str, arguments: Value| {
        request(id, "tools/call", json!({"name": name, "arguments": arguments}))
    };
    let messages = [
        request(0, "initialize", hello),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        request(1, "ping", json!({})),
        call(2, "trigger-sampling-request", json!({"prompt": "two and two", "maxTokens": 10})),
        call(3, "trigger-elicitation-request", json!({})),
    ];
    messages.iter().map(|message| message.to_string().into_bytes()).collect()
}

#[test]
fn allowed_sampling_and_elicitation_are_identical() {
    let place = Workplace::new();
    let server = Server::Everything.command(&place, "run");
    let direct = text(&is_identical(&place, &server, &questions_by_request()));
    for part in ["sampling/createMessage", "elicitation/create", "four", "declined"] {
        assert!(direct.contains(part), "`{part}` is not in\n{direct}");
    }
}

#[test]
fn denied_sampling_does_not_reach_the_client() {
    let place = Workplace::new();
    let server = Server::Everything.command(&place, "run");
    let route = Route::bailiwick(BUILT, ["--policy", &policy("everything")]);
    let seen = text(&converse(&place, &route, &server, &questions_by_request()));
    assert!(!seen.contains("sampling/createMessage") && !seen.contains("elicitation/create"), "{seen}");
    assert!(!seen.contains("four"), "{seen}");
}

/// The same in the new protocol, where the question is a result and its answer a second call.
fn questions_by_result() -> Vec<Vec<u8>> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
        "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
    });
    let first = json!({"name": "ask", "arguments": {}, "_meta": meta});
    let mut second = first.clone();
    second["inputResponses"] = json!({"sure": {"action": "accept", "content": {"yes": true}}});
    second["requestState"] = json!("round 1");
    let messages = [
        request(0, "server/discover", json!({"_meta": meta})),
        request(1, "tools/call", first),
        request(2, "tools/call", second),
    ];
    messages.iter().map(|message| message.to_string().into_bytes()).collect()
}

#[test]
fn an_allowed_question_in_a_result_is_identical() {
    let place = Workplace::new();
    let server = Server::TypescriptV2.command(&place, "run");
    let direct = text(&is_identical(&place, &server, &questions_by_result()));
    for part in ["input_required", "Are you sure?", "the user said accept"] {
        assert!(direct.contains(part), "`{part}` is not in\n{direct}");
    }
}

#[test]
fn a_denied_question_in_a_result_does_not_reach_the_client() {
    let place = Workplace::new();
    let server = Server::TypescriptV2.command(&place, "run");
    let route = Route::bailiwick(BUILT, ["--policy", &policy("typescript-v2")]);
    let seen = text(&converse(&place, &route, &server, &questions_by_result()));
    assert!(!seen.contains("Are you sure?"), "{seen}");
}

/// The second call brings an answer; the question never came through, so nobody can have been asked.
#[test]
fn an_answer_to_a_denied_question_does_not_reach_the_server() {
    let place = Workplace::new();
    let server = Server::TypescriptV2.command(&place, "run");
    let route = Route::bailiwick(BUILT, ["--policy", &policy("typescript-v2")]);
    let seen = text(&converse(&place, &route, &server, &questions_by_result()));
    assert!(!seen.contains("the user said accept"), "{seen}");
}
