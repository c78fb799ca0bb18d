//! Exchanges of one run that have nothing to do with each other's ids, and runs of one principal that share its limits.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

#[path = "stage/parts.rs"]
mod stage;

use std::sync::Arc;

use bailiwick_engine::{Action, Counters, Effect, Engine, Event, Lane, Mode, Offer};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Id, Limits, Parser, Timestamp};

const POLICY: &str = "
version: 1
name: p
default: deny
rules: [{ id: all, effect: allow, on: ['*/*', 'resource:*'] }]
limits: [{ id: three, on: 'resource:*', max: 3, per: principal }]
";

fn engine() -> Engine {
    stage::engine(Mode::Enforce, Limits::DEFAULT, stage::policy(&[POLICY]))
}

/// What goes out, by lane: `> TEXT` to the server, `< TEXT` to the client.
fn received(engine: &mut Engine, lane: u64, direction: Direction, text: &str) -> Vec<(u64, String)> {
    let mut parser = Parser::default();
    let mut outcomes = Vec::new();
    engine.enter(Lane(lane));
    let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
    engine.receive(Timestamp(1), direction, packet, &mut outcomes);
    let mut sent = Vec::new();
    for outcome in outcomes {
        for effect in outcome.effects {
            if let Effect::Send { to, message } = effect {
                let arrow = if to == Direction::ToServer { '>' } else { '<' };
                let text = String::from_utf8_lossy(message.bytes());
                sent.push((outcome.decision.lane.0, format!("{arrow} {text}")));
            }
        }
    }
    sent
}

const READ: &str = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a"}}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

#[test]
fn the_same_id_in_two_lanes_is_two_requests() {
    let mut engine = engine();
    for lane in [1, 2] {
        assert_eq!(received(&mut engine, lane, Direction::ToServer, READ)[0], (lane, format!("> {READ}")));
    }
    assert!(received(&mut engine, 1, Direction::ToServer, READ)[0].1.contains("in flight"));
    assert_eq!(received(&mut engine, 3, Direction::ToClient, ANSWER), [], "an answer to nothing");
    for lane in [2, 1] {
        assert_eq!(received(&mut engine, lane, Direction::ToClient, ANSWER), [(lane, format!("< {ANSWER}"))]);
    }
}

#[test]
fn calls_that_waited_for_the_list_go_on_in_their_own_lanes() {
    let mut engine = engine();
    let listing = received(&mut engine, 7, Direction::ToServer, CALL);
    assert!(listing[0].1.contains("tools/list"), "{listing:?}");
    assert_eq!(received(&mut engine, 8, Direction::ToServer, CALL), []);
    // The client of the first call leaves; the list is for both.
    let mut out = Vec::new();
    engine.enter(Lane(7));
    engine.lane_ended(Timestamp(2), "the client left", &mut out);
    // What is not sent any more is recorded, with why.
    let [outcome] = &out[..] else { panic!("{out:?}") };
    let decision = &outcome.decision;
    assert_eq!((&*decision.method, decision.target.as_deref()), ("tools/call", Some("t")));
    assert_eq!((decision.lane, decision.action), (Lane(7), Action::Dropped));
    assert!(format!("{:?}", decision.reasons).contains("the client left"), "{decision:?}");
    let list = r#"{"jsonrpc":"2.0","id":"bailiwick-n-0","result":{"tools":[{"name":"t","inputSchema":{}}]}}"#;
    assert_eq!(received(&mut engine, 7, Direction::ToClient, list), [(8, format!("> {CALL}"))]);
}

#[test]
fn what_is_never_answered_ends_and_is_told_to_its_lane_alone() {
    let mut engine = engine();
    for lane in [1, 2] {
        received(&mut engine, lane, Direction::ToServer, READ);
    }
    let mut out = Vec::new();
    engine.enter(Lane(2));
    assert!(engine.awaits(&Id::Number(1)));
    engine.unanswered(Timestamp(2), &Id::Number(1), "it is gone", &mut out);
    assert!(!engine.awaits(&Id::Number(1)));
    let [outcome] = &out[..] else { panic!("{out:?}") };
    assert_eq!((outcome.decision.lane, outcome.decision.event), (Lane(2), Event::Completion));
    assert_eq!(outcome.effects.len(), 1);
    assert_eq!(
        received(&mut engine, 1, Direction::ToClient, ANSWER).len(),
        1,
        "the other lane's still comes"
    );
}

#[test]
fn a_limit_of_the_principal_counts_over_all_its_runs() {
    let mut principal = Counters::default();
    let mut runs = [engine(), engine()];
    let mut passed = 0;
    for turn in 0..6 {
        let run = &mut runs[turn % 2];
        run.trade_principal_counters(&mut principal);
        let read = READ.replace("\"id\":1", &format!("\"id\":{turn}"));
        passed += usize::from(received(run, 0, Direction::ToServer, &read)[0].1.starts_with('>'));
        run.trade_principal_counters(&mut principal);
    }
    assert_eq!(passed, 3);
}

/// The run keeps its offer together with those that were kept before, as a gateway does.
fn share(engine: &mut Engine, kept: &mut Vec<Arc<Offer>>) {
    engine.share_offer(|own| {
        let found = kept.iter().find(|kept| *kept == own).cloned();
        if found.is_none() {
            kept.push(Arc::clone(own));
        }
        found
    });
}

#[test]
fn runs_that_were_offered_the_same_keep_it_once_and_what_one_is_offered_later_is_its_own() {
    let mut runs = [engine(), engine()];
    let mut kept = Vec::new();
    let ask = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let list = |description: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{{"name":"t","description":"{description}","inputSchema":{{"type":"object","required":["x"]}}}}]}}}}"#
        )
    };
    for run in &mut runs {
        received(run, 1, Direction::ToServer, ask);
        received(run, 1, Direction::ToClient, &list("Reads."));
        share(run, &mut kept);
    }
    assert_eq!(kept.len(), 1, "two runs know the same");
    assert_eq!(Arc::strong_count(&kept[0]), 3, "and have it once, with the list of this test");
    // Another run is not shown what is kept of these.
    let mut stranger = engine();
    stranger.share_offer(|_| Some(Arc::clone(&kept[0])));
    assert!(stranger.pins().tools.is_empty());
    let [first, second] = &mut runs;
    received(first, 1, Direction::ToServer, ask);
    received(first, 1, Direction::ToClient, &list("Writes."));
    share(first, &mut kept);
    assert_eq!(kept.len(), 2, "the first knows of a difference, the second does not");
    assert!(received(first, 1, Direction::ToServer, CALL)[0].1.starts_with("< "), "it differs from its pin");
    assert_eq!(received(second, 1, Direction::ToServer, CALL), [(1, format!("> {CALL}"))]);
}
