//! Ten thousand random and mutated lines from each side: the proxy goes on, answers as JSON-RPC says, and what does not parse
//! under strict rules (Python's, not ours: `tests/peers/strict.py`) never reaches the other side.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::hostile::{self, Dice};
use bailiwick_testkit::recorder;
use bailiwick_testkit::route::Route;
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::wire::{self, Wire, request, shown};
use bailiwick_testkit::workplace::Workplace;
use std::collections::HashMap;

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

/// Ids start high enough that no mutation makes one of another line out of them by dropping a digit.
fn ids() -> impl Iterator<Item = u64> {
    10_000_000..10_000_000 + LINES
}

/// Whether rules are in force. If not, what can be read passes, even an answer that nobody waits for.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Enforce,
    Observe,
}

/// A connection past its beginnings: the tools are listed, so that no call waits for a list and answers come in their order.
fn connected(place: &Workplace, mode: Mode) -> Wire {
    let allow_all =
        repository().join("crates/bailiwick/tests/policies/allow-all-unpaced.yaml").display().to_string();
    let word = if mode == Mode::Enforce { "enforce" } else { "observe" };
    let flags = ["--policy", &allow_all, "--mode", word, "--audit-durability", "batched"];
    let mut wire = Wire::start(place, &Route::bailiwick(BUILT, flags), &recorder::command(place, "batch"));
    wire.handshake("2025-11-25");
    wire.ask(&request("tools", "tools/list", json!({})));
    wire
}

/// What one line led to: everything that the client read until the ping behind it was answered.
struct Exchange {
    sent: Vec<u8>,
    honest: bool,
    fault: Option<String>,
    replies: Vec<Value>,
}

fn attack_the_server(mode: Mode, seed: u64) {
    let place = Workplace::new();
    let mut wire = connected(&place, mode);
    let mut dice = Dice::new(seed);
    let lines: Vec<Vec<u8>> = ids().map(|id| hostile::line(&mut dice, &CLIENT_SEEDS, id)).collect();
    let mut replies = Vec::new();
    for (id, line) in ids().zip(&lines) {
        let sentinel = format!("sentinel {id}");
        let ping = request(sentinel.clone(), "ping", json!({})).to_string();
        wire.send([line, &b"\n"[..], ping.as_bytes()].concat());
        let mut came = wire.read_answer(&json!(sentinel));
        came.pop();
        replies.push(came);
    }
    assert_strict(&replies.concat());
    let exchanges: Vec<Exchange> = ids()
        .zip(lines.iter().zip(recorder::faults(&lines)).zip(&replies))
        .map(|(id, ((sent, fault), came))| Exchange {
            sent: sent.clone(),
            honest: CLIENT_SEEDS.iter().any(|seed| seed.replace("$ID", &id.to_string()).as_bytes() == sent),
            fault,
            replies: came.iter().flat_map(|line| members(line)).collect(),
        })
        .collect();
    let refused = exchanges.iter().filter(|exchange| exchange.fault.is_some()).count();
    assert!(refused > exchanges.len() / 3, "only {refused} lines were hostile");
    exchanges.iter().for_each(assert_answered);
    assert_nothing_else_arrived(&place, mode, &exchanges);
}

fn assert_strict(lines: &[Vec<u8>]) {
    for (line, fault) in lines.iter().zip(recorder::faults(lines)) {
        assert_eq!(fault, None, "the client was sent {}", shown(line));
    }
}

/// The messages of a line: one, or those of a batch.
fn members(line: &[u8]) -> Vec<Value> {
    match wire::json(line) {
        Some(Value::Array(members)) => members,
        Some(message) => vec![message],
        None => Vec::new(),
    }
}

/// Without the white space of JSON around it.
fn trimmed(line: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| b" \t\r".contains(byte);
    let start = line.iter().position(|byte| !is_space(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}

/// A line has the answer that JSON-RPC wants: none, one for its id, or one error for what could not be read.
fn assert_answered(exchange: &Exchange) {
    let Exchange { sent, replies, fault, .. } = exchange;
    let said = format!("{} ({fault:?}) is answered {replies:?}", shown(sent));
    let messages = members(sent);
    let is_batch = trimmed(sent).starts_with(b"[");
    if trimmed(sent).is_empty() {
        assert!(replies.is_empty(), "{said}");
    } else if fault.is_some() && messages.is_empty() {
        assert!(replies.len() == 1 && replies[0]["error"]["code"].is_i64(), "{said}");
    } else if fault.is_some() {
        // It is JSON, and no message: an answer or a notification that is none gets no answer of its own.
        let wants_none = messages.iter().all(|message| message.is_object() && message.get("id").is_none())
            || messages.iter().any(|message| message.get("result").or(message.get("error")).is_some());
        assert!(!replies.is_empty() || wants_none, "{said}");
        assert!(is_batch || replies.len() <= 1, "{said}");
        assert!(is_batch || replies.iter().all(|reply| reply["error"]["code"].is_i64()), "{said}");
    } else if !is_batch {
        let asks = messages[0].get("method").is_some() && messages[0].get("id").is_some();
        assert_eq!(replies.len(), usize::from(asks), "{said}");
        assert!(replies.iter().all(|reply| reply["id"] == messages[0]["id"]), "{said}");
    }
}

/// What reached the server is strict, and it is what was sent, unless the proxy asked for itself; what was honest did reach it.
fn assert_nothing_else_arrived(place: &Workplace, mode: Mode, exchanges: &[Exchange]) {
    let arrivals = recorder::arrivals(place);
    let mut sent: HashMap<&[u8], usize> = HashMap::new();
    for exchange in exchanges {
        *sent.entry(trimmed(&exchange.sent)).or_default() += 1;
    }
    let batched: Vec<Value> =
        sent.keys().filter(|line| line.starts_with(b"[")).flat_map(|line| members(line)).collect();
    let ours = ["initialize", "notifications/initialized", "ping", "tools/list"];
    for arrival in &arrivals {
        assert_eq!(arrival.fault, None, "the server was sent {}", shown(&arrival.line));
        let is_ours = arrival.calls.iter().all(|(method, _)| ours.contains(&method.as_str()));
        let is_sent = sent
            .get_mut(trimmed(&arrival.line))
            .is_some_and(|left| left.checked_sub(1).map(|less| *left = less).is_some());
        // Of a batch only those members are passed on that are messages.
        let is_left = arrival.line.starts_with(b"[")
            && members(&arrival.line).iter().all(|member| batched.contains(member));
        assert!(is_sent || is_ours || is_left, "nobody sent, or only once, {}", shown(&arrival.line));
    }
    for exchange in exchanges.iter().filter(|exchange| exchange.honest) {
        let message = wire::json(&exchange.sent).expect("an honest line is JSON");
        let came = sent[trimmed(&exchange.sent)] == 0;
        let nobody_waits = message.get("method").is_none() || message["method"] == "notifications/cancelled";
        assert!(came || nobody_waits, "lost: {}", shown(&exchange.sent));
        assert!(!(came && nobody_waits && mode == Mode::Enforce), "unasked: {}", shown(&exchange.sent));
    }
}

#[test]
fn hostile_clients_reach_nothing_under_a_policy() {
    attack_the_server(Mode::Enforce, 1);
}

#[test]
fn hostile_clients_reach_nothing_that_is_only_observed() {
    attack_the_server(Mode::Observe, 2);
}

fn attack_the_client(mode: Mode, seed: u64) {
    let place = Workplace::new();
    let mut wire = connected(&place, mode);
    let mut dice = Dice::new(seed);
    let mut received = Vec::new();
    for id in ids() {
        let line = hostile::line(&mut dice, &SERVER_SEEDS, id);
        let before: String = line.iter().copied().chain([b'\n']).map(char::from).collect();
        wire.send(
            request(id, "tools/call", json!({"name": "emit", "arguments": {"before": before}})).to_string(),
        );
        // Not in one go with the ping: after news of its tools the next call waits for their list, and the ping does not.
        let mut came = wire.read_answer(&json!(id));
        let sentinel = format!("sentinel {id}");
        wire.send(request(sentinel.clone(), "ping", json!({})).to_string());
        came.extend(wire.read_answer(&json!(sentinel)));
        came.pop();
        assert_only_the_servers(mode, id, &line, &came);
        decline(&mut wire, &came);
        received.extend(came);
    }
    assert_strict(&received);
}

/// The call has an answer; besides it there is only what the server sent, and under a policy no second answer and no other.
fn assert_only_the_servers(mode: Mode, id: u64, sent: &[u8], came: &[Vec<u8>]) {
    let messages: Vec<Value> = came.iter().flat_map(|line| members(line)).collect();
    let answers: Vec<&Value> = messages.iter().filter(|message| message.get("method").is_none()).collect();
    assert!(answers.iter().any(|answer| answer["id"] == id), "{} led to {answers:?}", shown(sent));
    assert!(answers.len() == 1 || mode == Mode::Observe, "{} led to {answers:?}", shown(sent));
    let sent_messages = members(sent);
    for message in &messages {
        let true_answer = message["result"]["content"][0]["text"] == "emitted";
        let our_error = message["error"]["code"].is_i64() && message["id"] == id;
        assert!(true_answer || our_error || sent_messages.contains(message), "nobody sent {message}");
    }
}

/// Answers what the server asks, as a client does that supports nothing.
fn decline(wire: &mut Wire, came: &[Vec<u8>]) {
    for message in came.iter().flat_map(|line| members(line)) {
        if let (Some(_), Some(id)) = (message.get("method"), message.get("id")) {
            let error = json!({"code": -32601, "message": "not here"});
            wire.send(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
        }
    }
}

#[test]
fn hostile_servers_reach_nothing_under_a_policy() {
    attack_the_client(Mode::Enforce, 3);
}

#[test]
fn hostile_servers_reach_nothing_that_is_only_observed() {
    attack_the_client(Mode::Observe, 4);
}
