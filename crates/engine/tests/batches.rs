//! What batches wait for takes bounded memory, and every member is answered once all the same.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

use std::collections::BTreeMap;

use bailiwick_engine::{Effect, Engine, Mode};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};

#[path = "stage/parts.rs"]
mod stage;

const POLICY: &str = "
version: 1
default: deny
rules: [{ id: may-a, effect: allow, on: s/a }]
";

/// Far below what the answers take together.
const LIMITS: Limits = Limits { message_bytes_max: 16_384, ..Limits::DEFAULT };

/// More than are gathered at once.
const BATCHES: u32 = 100;
const MEMBERS: u32 = 22;

/// The bytes that the client gets.
fn take(engine: &mut Engine, to: Direction, text: &str) -> Vec<Vec<u8>> {
    let mut parser = Parser::default();
    let mut outcomes = Vec::new();
    let packet = Packet::parse(&mut parser, text.as_bytes(), &LIMITS);
    engine.receive(Timestamp(1), to, packet, &mut outcomes);
    let effects = outcomes.into_iter().flat_map(|outcome| outcome.effects);
    effects
        .filter_map(|effect| match effect {
            Effect::Send { to: Direction::ToClient, message } => Some(message.bytes().to_vec()),
            _ => None,
        })
        .collect()
}

/// Counts the answers by the ids that they are to.
fn count(told: &[Vec<u8>], of_id: &mut BTreeMap<String, u32>) {
    for text in told {
        let mut parser = Parser::default();
        let members = match Packet::parse(&mut parser, text, &Limits::DEFAULT) {
            Ok(Packet::One(message)) => vec![message],
            Ok(Packet::Batch(members)) => members.into_iter().flatten().collect(),
            Err(malformed) => panic!("{malformed:?}"),
        };
        for id in members.iter().filter_map(|member| member.id()) {
            let mut text = Vec::new();
            id.write(&mut text);
            *of_id.entry(String::from_utf8_lossy(&text).into_owned()).or_default() += 1;
        }
    }
}

#[test]
fn answers_that_wait_for_the_rest_of_their_batches_are_bounded_over_all_batches() {
    let mut engine = stage::engine(Mode::Enforce, LIMITS, stage::policy(&[POLICY]));
    for (to, text) in [
        (
            Direction::ToServer,
            r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
        ),
        (
            Direction::ToClient,
            r#"{"jsonrpc":"2.0","id":"i","result":{"protocolVersion":"2025-03-26","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}"#,
        ),
        (Direction::ToServer, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        (Direction::ToServer, r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#),
        (Direction::ToClient, r#"{"jsonrpc":"2.0","id":"l","result":{"tools":[{"name":"a"}]}}"#),
    ] {
        take(&mut engine, to, text);
    }
    let call = |id: u32, tool: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
    };
    let answer = |id: u32| {
        let text = "x".repeat(6_000);
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#)
    };
    let (length, own) = (answer(1).len(), r#"{"jsonrpc":"2.0","id":1,"error":{}}"#.len());
    let mut answered = BTreeMap::new();
    // Twenty members of a batch are answered by us, two by the server.
    let mut kept = |told: &[Vec<u8>], came: u32, refused: u32| {
        count(told, &mut answered);
        let waits = |from: u32, to: u32, ids: &dyn Fn(u32) -> bool| {
            (from..to).filter(|id| ids(id % MEMBERS) && !answered.contains_key(&id.to_string())).count()
        };
        let theirs = waits(0, came * MEMBERS, &|place| place == 0);
        theirs * length + waits(0, refused * MEMBERS, &|place| place > 1) * own
    };
    let mut most = 0;
    for batch in 0..BATCHES {
        let id = batch * MEMBERS;
        let members: Vec<String> =
            (0..MEMBERS).map(|place| call(id + place, if place < 2 { "a" } else { "b" })).collect();
        let told = take(&mut engine, Direction::ToServer, &format!("[{}]", members.join(",")));
        most = most.max(kept(&told, 0, batch + 1));
    }
    for batch in 0..BATCHES {
        let told = take(&mut engine, Direction::ToClient, &answer(batch * MEMBERS));
        most = most.max(kept(&told, batch + 1, BATCHES));
    }
    assert!(most <= LIMITS.message_bytes_max, "{most} bytes of answers are kept");
    assert!(most > LIMITS.message_bytes_max / 4, "only {most} bytes were ever kept");
    for batch in 0..BATCHES {
        let told = take(&mut engine, Direction::ToClient, &answer(batch * MEMBERS + 1));
        kept(&told, 0, 0);
    }
    assert_eq!(answered.len(), usize::try_from(BATCHES * MEMBERS).unwrap_or_default());
    assert!(answered.values().all(|times| *times == 1), "{answered:?}");
}
