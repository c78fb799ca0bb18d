//! Ten thousand random and mutated lines from each side: the proxy goes on, answers as JSON-RPC says, and what does not parse
//! under strict rules (Python's, not ours: `tests/peers/strict.py`) never reaches the other side.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::hostile::{self, Dice};
use bailiwick_testkit::recorder;
use bailiwick_testkit::route::Route;
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::wire::{Wire, request, shown};
use bailiwick_testkit::workplace::Workplace;
use std::collections::HashSet;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

const LINES: u64 = 10_000;

/// What an honest client says.
const CLIENT_SEEDS: [&str; 12] = [
    r#"{"jsonrpc":"2.0","id":$ID,"method":"tools/call","params":{"name":"echo","arguments":{"a":"x","b":{}}}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"tools/call","params":{"name":"remove","arguments":{"path":"/etc","n":[1,2.5,true,null]},"_meta":{"progressToken":$ID}}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"tools/list","params":{"cursor":"x"}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"resources/read","params":{"uri":"test://a"}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"prompts/get","params":{"name":"a","arguments":{"k":"v"}}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"ping"}"#,
    r#"{"jsonrpc":"2.0","id":"$ID","method":"tools/call","params":{"name":"echo","arguments":{"t":"\u00e9\ud83d\ude00"}}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":$ID,"reason":"x"}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"result":{"roots":[{"uri":"file:///"}]}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-1,"message":"x"}}"#,
];

/// What an honest server says while it answers the call `$ID`.
const SERVER_SEEDS: [&str; 10] = [
    r#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"x"}],"isError":false}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"structuredContent":{"a":{},"n":2.50}}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32602,"message":"x","data":{}}}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"remove","description":"x","inputSchema":{}}]}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$ID,"progress":1}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
    r#"{"jsonrpc":"2.0","id":$ID,"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"x"}}],"maxTokens":1}}"#,
    r#"{"jsonrpc":"2.0","id":"s$ID","method":"elicitation/create","params":{"message":"x","requestedSchema":{}}}"#,
    r#"{"jsonrpc":"2.0","id":"r$ID","method":"roots/list"}"#,
];

fn route(mode: &str) -> Route {
    let allow_all = repository().join("crates/bailiwick/tests/policies/allow-all.yaml").display().to_string();
    Route::bailiwick(BUILT, ["--policy", &allow_all, "--mode", mode, "--audit-durability", "batched"])
}

/// Ids start high enough that no mutation makes one of another line out of them by dropping a digit.
fn ids() -> impl Iterator<Item = u64> {
    10_000_000..10_000_000 + LINES
}

/// What one line led to: everything that the client read until the ping behind it was answered.
struct Exchange {
    sent: Vec<u8>,
    honest: bool,
    replies: Vec<Vec<u8>>,
}

fn client_lines(seed: u64) -> Vec<(Vec<u8>, bool)> {
    let mut dice = Dice::new(seed);
    let honest: Vec<String> = CLIENT_SEEDS.iter().map(|seed| (*seed).to_owned()).collect();
    ids()
        .map(|id| {
            let line = hostile::line(&mut dice, &CLIENT_SEEDS, id);
            let is_honest = honest.iter().any(|seed| seed.replace("$ID", &id.to_string()).as_bytes() == line);
            (line, is_honest)
        })
        .collect()
}

fn attack_the_server(mode: &str, seed: u64) {
    let place = Workplace::new();
    let mut wire = Wire::start(&place, &route(mode), &recorder::command(&place, ""));
    wire.handshake("2025-11-25");
    let mut exchanges = Vec::new();
    for (index, (sent, honest)) in client_lines(seed).into_iter().enumerate() {
        let sentinel = format!("sentinel {index}");
        wire.send(
            [&sent[..], b"\n", request(sentinel.clone(), "ping", json!({})).to_string().as_bytes()].concat(),
        );
        let mut replies = wire.read_answer(&json!(sentinel));
        replies.pop();
        exchanges.push(Exchange { sent, honest, replies });
    }
    assert_answered(&exchanges);
    assert_nothing_else_arrived(&place, &exchanges);
}

/// Every line has the answer that JSON-RPC wants: none, one for its id, or one error for what could not be read.
fn assert_answered(exchanges: &[Exchange]) {
    let sent: Vec<Vec<u8>> = exchanges.iter().map(|exchange| exchange.sent.clone()).collect();
    let replied: Vec<Vec<u8>> = exchanges.iter().flat_map(|exchange| exchange.replies.clone()).collect();
    for (line, fault) in replied.iter().zip(recorder::faults(&replied)) {
        assert_eq!(fault, None, "the client was sent {}", shown(line));
    }
    let mut refused = 0;
    for (exchange, fault) in exchanges.iter().zip(recorder::faults(&sent)) {
        let line = shown(&exchange.sent);
        let replies: Vec<Value> =
            exchange.replies.iter().filter_map(|reply| serde_json::from_slice(reply).ok()).collect();
        let blank = exchange.sent.iter().all(u8::is_ascii_whitespace);
        if fault.is_some() && !blank {
            refused += 1;
            assert!(replies.len() <= 1, "{line} is answered {replies:?}");
            let unreadable =
                fault.as_ref().is_some_and(|fault| !fault.starts_with("not one") && !fault.contains("id"));
            assert!(replies.len() == 1 || !unreadable, "{line} ({fault:?}) is not answered");
            for reply in &replies {
                assert!(reply["error"]["code"].is_i64(), "{line} is answered {reply}");
            }
        } else if !blank {
            let message: Value = serde_json::from_slice(&exchange.sent).expect("strict.py accepted it");
            let asks = message.get("method").is_some() && message.get("id").is_some();
            assert_eq!(replies.len(), usize::from(asks), "{line} is answered {replies:?}");
            assert!(
                replies.iter().all(|reply| reply["id"] == message["id"]),
                "{line} is answered {replies:?}"
            );
        }
    }
    assert!(refused > exchanges.len() / 3, "only {refused} lines were hostile");
}

/// What reached the server is strict, and it is what was sent, unless the proxy asked for itself.
fn assert_nothing_else_arrived(place: &Workplace, exchanges: &[Exchange]) {
    let arrivals = recorder::arrivals(place);
    let sent: HashSet<&[u8]> = exchanges.iter().map(|exchange| exchange.sent.trim_ascii()).collect();
    for arrival in &arrivals {
        assert_eq!(arrival.fault, None, "the server was sent {}", shown(&arrival.line));
        let ours = arrival.calls.iter().all(|(method, _)| {
            matches!(method.as_str(), "initialize" | "notifications/initialized" | "ping")
        });
        let of_the_proxy = arrival.calls.iter().all(|(method, _)| method.ends_with("/list"));
        let is_sent = sent.contains(arrival.line.trim_ascii());
        assert!(is_sent || ours || of_the_proxy, "nobody sent {}", shown(&arrival.line));
    }
    let arrived: HashSet<&[u8]> = arrivals.iter().map(|arrival| &arrival.line[..]).collect();
    for exchange in exchanges.iter().filter(|exchange| exchange.honest) {
        let message: Value = serde_json::from_slice(&exchange.sent).expect("an honest line is JSON");
        let answers_nothing = message.get("method").is_none();
        let cancels_nothing = message["method"] == "notifications/cancelled";
        let came = arrived.contains(&exchange.sent[..]);
        assert!(came || answers_nothing || cancels_nothing, "lost: {}", shown(&exchange.sent));
        assert!(
            !(came && answers_nothing),
            "an answer to nothing reached the server: {}",
            shown(&exchange.sent)
        );
    }
}

#[test]
fn hostile_clients_reach_nothing_under_a_policy() {
    attack_the_server("enforce", 1);
}

#[test]
fn hostile_clients_reach_nothing_that_is_only_observed() {
    attack_the_server("observe", 2);
}

fn attack_the_client(mode: &str, seed: u64) {
    let place = Workplace::new();
    let mut wire = Wire::start(&place, &route(mode), &recorder::command(&place, ""));
    wire.handshake("2025-11-25");
    let mut dice = Dice::new(seed);
    let mut received = Vec::new();
    for id in ids() {
        let line = hostile::line(&mut dice, &SERVER_SEEDS, id);
        let latin1: String = line.iter().copied().chain([b'\n']).map(char::from).collect();
        wire.send(
            request(id, "tools/call", json!({"name": "emit", "arguments": {"before": latin1}})).to_string(),
        );
        let sentinel = format!("sentinel {id}");
        wire.send(request(sentinel.clone(), "ping", json!({})).to_string());
        let mut came = wire.read_answer(&json!(sentinel));
        came.pop();
        assert_one_answer(id, &line, &came);
        decline(&mut wire, &came);
        received.extend(came);
    }
    for (line, fault) in received.iter().zip(recorder::faults(&received)) {
        assert_eq!(fault, None, "the client was sent {}", shown(line));
    }
}

/// The call has one answer, with its own id; besides it there is only what the server sent, and no answer to anything else.
fn assert_one_answer(id: u64, sent: &[u8], came: &[Vec<u8>]) {
    let messages: Vec<Value> = came.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let answers: Vec<&Value> = messages.iter().filter(|message| message.get("method").is_none()).collect();
    assert!(answers.len() == 1 && answers[0]["id"] == id, "{} led to {answers:?}", shown(sent));
    for line in came {
        let message: Value = serde_json::from_slice(line).expect("what the client reads is JSON");
        let truly = message["result"]["content"][0]["text"] == "emitted";
        let refused = message["error"]["code"].is_i64();
        assert!(truly || refused || line.trim_ascii() == sent.trim_ascii(), "nobody sent {}", shown(line));
    }
}

/// Answers what the server asks, as a client does that supports nothing.
fn decline(wire: &mut Wire, came: &[Vec<u8>]) {
    for message in came.iter().filter_map(|line| serde_json::from_slice::<Value>(line).ok()) {
        if let (Some(_), Some(id)) = (message.get("method"), message.get("id")) {
            wire.send(
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "not here"}})
                    .to_string(),
            );
        }
    }
}

#[test]
fn hostile_servers_reach_nothing_under_a_policy() {
    attack_the_client("enforce", 3);
}

#[test]
fn hostile_servers_reach_nothing_that_is_only_observed() {
    attack_the_client("observe", 4);
}
