//! Keys of a call are followed as paths, but for those that the pinned definition of the tool declares.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

#[path = "stage/parts.rs"]
mod stage;

use std::sync::{Arc, Mutex};

use bailiwick_engine::{Effect, Engine, Mode};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};
use bailiwick_policy::{Follow, Followed};

const POLICY: &str = r#"
version: 1
name: p
default: deny
rules:
  - { id: all, effect: allow, on: "*/*" }
  - { id: no-keys, effect: deny, on: "*/*", args: { "**": { path: "/secret/**" } } }
pins: { drift: warn }
"#;

/// Every name in the workspace is a link to a secret, and what was asked is kept.
#[derive(Debug, Default)]
struct Links(Mutex<Vec<String>>);

impl Follow for Links {
    fn follow(&self, path: &str) -> Followed {
        self.0.lock().unwrap_or_else(|_| panic!("a test failed before")).push(path.to_owned());
        Followed::To("/secret/x".to_owned())
    }
}

/// True if the text goes on.
fn passes(engine: &mut Engine, direction: Direction, text: &str) -> bool {
    let (mut parser, mut outcomes) = (Parser::default(), Vec::new());
    let foresight = engine.foresight(None);
    let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
    let foreseen = foresight.and_then(|foresight| foresight.of(packet.as_ref().ok()?));
    match direction {
        Direction::ToServer => engine.receive_foreseen(Timestamp(1), foreseen, packet, &mut outcomes),
        Direction::ToClient => engine.receive(Timestamp(1), direction, packet, &mut outcomes),
    }
    let effects = outcomes.into_iter().flat_map(|outcome| outcome.effects);
    effects.into_iter().any(|effect| matches!(effect, Effect::Send { to, .. } if to == direction))
}

fn list(engine: &mut Engine, properties: &str) {
    assert!(passes(engine, Direction::ToServer, r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#));
    let tool = format!(r#"{{"name":"t","inputSchema":{{"type":"object","properties":{properties}}}}}"#);
    passes(
        engine,
        Direction::ToClient,
        &format!(r#"{{"jsonrpc":"2.0","id":"l","result":{{"tools":[{tool}]}}}}"#),
    );
}

#[test]
fn the_keys_that_a_pinned_definition_declares_are_not_followed_and_others_are() {
    let policy = Arc::into_inner(stage::policy(&[POLICY])).unwrap_or_else(|| panic!("it is ours alone"));
    let links = Arc::new(Links::default());
    let policy = Arc::new(policy.following(Arc::clone(&links) as Arc<dyn Follow>));
    let mut engine = stage::engine(Mode::Enforce, Limits::DEFAULT, policy);
    let mut calls = 0;
    let mut call = |engine: &mut Engine, arguments: &str| {
        calls += 1;
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{calls},"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}}}"#
        );
        passes(engine, Direction::ToServer, &text)
    };
    list(&mut engine, r#"{"size":{"type":"integer"}}"#);
    assert!(call(&mut engine, r#"{"size":1}"#), "a parameter");
    assert_eq!(*links.0.lock().unwrap_or_else(|_| panic!("poisoned")), [""; 0], "nobody is asked");
    assert!(!call(&mut engine, r#"{"notes":1}"#), "a name of the agent's");
    assert!(!call(&mut engine, r#"{"size":{"size":1}}"#), "not at the top");
    assert!(!call(&mut engine, r#"{"size":"notes"}"#), "a value");
    // A definition that is not the pinned one any more declares nothing, though drift is only reported here.
    list(&mut engine, r#"{"size":{"type":"integer"},"notes":{"type":"integer"}}"#);
    assert!(!call(&mut engine, r#"{"notes":1}"#));
    assert!(!call(&mut engine, r#"{"size":1}"#));
    list(&mut engine, r#"{"size":{"type":"integer"}}"#);
    assert!(call(&mut engine, r#"{"size":1}"#));
}
