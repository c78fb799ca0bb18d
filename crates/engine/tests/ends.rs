//! Every request has an end in the record, whatever became of it.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

#[path = "stage/parts.rs"]
mod stage;

use bailiwick_engine::{Action, Completion, Effect, Engine, Event, Lane, Mode, Outcome};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Id, Limits, Timestamp};

const POLICY: &str = "
version: 1
name: p
default: deny
rules: [{ id: all, effect: allow, on: ['*/*', 'resource:*', 'roots'] }]
";

fn engine(mode: Mode) -> Engine {
    stage::engine(mode, Limits::DEFAULT, stage::policy(&[POLICY]))
}

fn received(engine: &mut Engine, at: i64, direction: Direction, text: &'static str) -> Vec<Outcome<'static>> {
    // Of a test that is over soon.
    let parser = Box::leak(Box::default());
    let mut outcomes = Vec::new();
    let packet = Packet::parse(parser, text.as_bytes(), &Limits::DEFAULT);
    engine.receive(Timestamp(at), direction, packet, &mut outcomes);
    outcomes
}

/// What is said to the client.
fn told(outcomes: &[Outcome<'_>]) -> Vec<String> {
    let effects = outcomes.iter().flat_map(|outcome| &outcome.effects);
    let said = effects.filter_map(|effect| match effect {
        Effect::Send { to: Direction::ToClient, message } => {
            Some(String::from_utf8_lossy(message.bytes()).into_owned())
        }
        _ => None,
    });
    said.collect()
}

const READ: &str = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a"}}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"t"}}"#;
const ROOTS: &str = r#"{"jsonrpc":"2.0","id":9,"method":"roots/list"}"#;

#[test]
fn what_comes_after_the_servers_end_ends_too() {
    for mode in [Mode::Enforce, Mode::Shadow, Mode::Observe] {
        let mut engine = engine(mode);
        let mut out = Vec::new();
        engine.server_ended(Timestamp(1), "the server is gone", &mut out);
        for (text, id) in [(READ, 1), (CALL, 2)] {
            let outcomes = received(&mut engine, 2, Direction::ToServer, text);
            let ends = outcomes.iter().filter(|outcome| outcome.decision.completion.is_some());
            let ended: Vec<_> = ends.filter(|outcome| outcome.decision.id == Some(Id::Number(id))).collect();
            let [outcome] = &ended[..] else { panic!("{mode:?}: {outcomes:?}") };
            assert!(format!("{:?}", outcome.decision.reasons).contains("the server is gone"), "{outcome:?}");
            assert_eq!(told(&outcomes).len(), 1, "{outcomes:?}");
        }
    }
}

#[test]
fn an_answer_above_the_limit_ends_its_own_call() {
    let mut engine = engine(Mode::Enforce);
    received(&mut engine, 1, Direction::ToServer, READ);
    let mut out = Vec::new();
    engine.too_long(Timestamp(4), Direction::ToClient, (Some(Id::Number(1)), false), &mut out);
    let [outcome] = &out[..] else { panic!("{out:?}") };
    let decision = &outcome.decision;
    assert_eq!((decision.event, decision.completion), (Event::Malformed, Some(Completion::Failed)));
    assert_eq!((&decision.id, &*decision.method), (&Some(Id::Number(1)), "resources/read"));
    assert_eq!((decision.target.as_deref(), decision.latency_us), (Some("file:///a"), Some(3)));
    assert_eq!(told(&out).len(), 1);
}

#[test]
fn a_question_to_the_client_ends_with_the_run_or_its_exchange() {
    for ends in ["run", "exchange"] {
        let mut engine = engine(Mode::Observe);
        engine.enter(Lane(3));
        received(&mut engine, 1, Direction::ToClient, ROOTS);
        let mut out = Vec::new();
        match ends {
            "run" => engine.server_ended(Timestamp(5), "the server is gone", &mut out),
            _ => engine.lane_ended(Timestamp(5), "the client left", &mut out),
        }
        let [outcome] = &out[..] else { panic!("{ends}: {out:?}") };
        let decision = &outcome.decision;
        assert_eq!((&*decision.method, decision.direction), ("roots/list", Direction::ToServer), "{ends}");
        assert_eq!((decision.completion, decision.action), (Some(Completion::Unknown), Action::Dropped));
        assert_eq!((decision.lane, told(&out).len()), (Lane(3), 0));
    }
}

#[test]
fn a_list_of_our_own_that_nobody_gave_up_holds_no_call_for_ever() {
    let mut engine = engine(Mode::Enforce);
    let listing = received(&mut engine, 1, Direction::ToServer, CALL);
    assert_eq!(listing[0].decision.method, "tools/list");
    // Ten seconds later, and no tick was heard.
    let other = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"t"}}"#;
    let outcomes = received(&mut engine, 10_000_001, Direction::ToServer, other);
    let ended = &outcomes[0].decision;
    assert_eq!((&*ended.method, ended.completion), ("tools/list", Some(Completion::Unknown)));
    let told = told(&outcomes);
    assert!(told.len() == 2 && told.iter().all(|text| text.contains("could not be listed")), "{told:?}");
}
