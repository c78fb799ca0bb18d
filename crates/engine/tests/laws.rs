//! Laws over random conversations: deterministic, byte-faithful, never widened by a layer, never an answer to nothing.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

#[path = "stage/parts.rs"]
mod stage;

use std::collections::BTreeSet;
use std::sync::Arc;

use bailiwick_engine::{Action, Answer, ApprovedBy, Completion, Effect, Engine, Mode, Outcome};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};
use bailiwick_policy::{Policy, Verdict};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

const BASE: &str = "
version: 1
name: base
default: deny
rules:
  - { id: reads, effect: allow, on: ['*/read', '*/send'] }
  - { id: small, effect: ask, on: '*/ask' }
  - { id: files, effect: allow, on: 'resource:*' }
  - { id: keys, effect: deny, on: '*/*', args: { '**': { path: ['~/.ssh/**'] } } }
limits:
  - { id: pace, on: '*/send', max: 3, per: run }
";
const LAYER: &str = "
version: 1
name: layer
default: deny
rules:
  - { id: no-send, effect: deny, on: '*/send' }
  - { id: ask-files, effect: ask, on: 'resource:*' }
";
const GUARDED: &str = "
version: 1
name: guarded
rules:
  - { id: all, effect: allow, on: '*/*' }
guards:
  path: { certain: block, possible: log }
  command: { certain: block, possible: log }
";

fn engine(mode: Mode, policy: Arc<Policy>) -> Engine {
    stage::engine(mode, Limits { pending_max: 4, ..Limits::DEFAULT }, policy)
}

/// A line of either side, from what peers say and what they should not.
fn line() -> impl Strategy<Value = (Direction, String)> {
    let id = prop_oneof![Just("1"), Just("2"), Just("\"1\""), Just("3"), Just("null"), Just("1.0")];
    let up = prop_oneof![
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"tools/list"}"#),
        Just(
            r#"{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"read","arguments":{"path":"a"}}}"#
        ),
        Just(
            r#"{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"send","arguments":{"to":"/root/.ssh/id"}}}"#
        ),
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"send","arguments":{}}}"#),
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"ask"}}"#),
        Just(
            r#"{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"read","arguments":{"path":"../../../etc/passwd"}}}"#
        ),
        Just(
            r#"{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"send","arguments":{"command":"ls; rm -rf /"}}}"#
        ),
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"resources/read","params":{"uri":"file:///a"}}"#),
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"nobody/knows"}"#),
        Just(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":ID}}"#),
        Just(r#"{"jsonrpc":"2.0","id":ID,"result":{"roots":[]}}"#),
        Just(
            r#"[{"jsonrpc":"2.0","id":ID,"method":"ping"},{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"drop"}}]"#
        ),
        Just("not json ID"),
    ];
    let down = prop_oneof![
        Just(
            r#"{"jsonrpc":"2.0","id":ID,"result":{"tools":[{"name":"read"},{"name":"send"},{"name":"ask"},{"name":"drop"}]}}"#
        ),
        Just(r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":"ok"}]}}"#),
        Just(r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-1,"message":"no"}}"#),
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"sampling/createMessage","params":{}}"#),
        Just(r#"{"jsonrpc":"2.0","id":ID,"method":"ping"}"#),
        Just(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":ID}}"#),
        Just("banner ID"),
    ];
    let text = prop_oneof![
        up.prop_map(|text| (Direction::ToServer, text)),
        down.prop_map(|text| (Direction::ToClient, text))
    ];
    (text, id).prop_map(|((direction, text), id)| (direction, text.replace("ID", id)))
}

type Seen = (Verdict, Action, Vec<(Direction, String)>);

/// Everything that comes out for one line: verdicts, actions and bytes.
fn feed(engine: &mut Engine, at: i64, direction: Direction, text: &str) -> Vec<Seen> {
    let mut parser = Parser::default();
    let mut outcomes = Vec::new();
    let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
    engine.receive(Timestamp(at), direction, packet, &mut outcomes);
    outcomes.iter().map(seen).collect()
}

fn seen(outcome: &Outcome<'_>) -> Seen {
    let sent = outcome.effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((*to, String::from_utf8_lossy(message.bytes()).into_owned())),
        Effect::Ask(_) | Effect::Withdraw(_) | Effect::Quarantine(_) => None,
    });
    (outcome.decision.verdict, outcome.decision.action, sent.collect())
}

proptest! {
    #[test]
    fn the_same_conversation_is_decided_the_same_way(lines in proptest::collection::vec(line(), 1..40)) {
        let (mut first, mut second) = (engine(Mode::Enforce, stage::policy(&[BASE])), engine(Mode::Enforce, stage::policy(&[BASE])));
        for (index, (direction, text)) in lines.iter().enumerate() {
            let at = i64::try_from(index).unwrap() * 1_000_000;
            proptest::prop_assert_eq!(feed(&mut first, at, *direction, text), feed(&mut second, at, *direction, text));
        }
    }

    #[test]
    fn what_was_foreseen_changes_no_decision(lines in proptest::collection::vec((line(), 0..5_u8), 1..40)) {
        let policies = [stage::policy(&[BASE]), stage::policy(&[BASE, LAYER]), stage::policy(&[GUARDED])];
        let mut plain = engine(Mode::Enforce, Arc::clone(&policies[0]));
        let mut seeing = engine(Mode::Enforce, Arc::clone(&policies[0]));
        let mut foresight = None;
        for (index, ((direction, text), turn)) in lines.iter().enumerate() {
            let at = Timestamp(i64::try_from(index).unwrap() * 1_000_000);
            if *turn < 3 {
                foresight = seeing.foresight(foresight.take());
            }
            let (mut first, mut second) = (Parser::default(), Parser::default());
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            let packet = Packet::parse(&mut first, text.as_bytes(), &Limits::DEFAULT);
            let foreseen = foresight.as_ref().zip(packet.as_ref().ok()).and_then(|(foresight, packet)| foresight.of(packet));
            // Between the look and the lock.
            if *turn == 0 {
                plain.replace_policy(Arc::clone(&policies[index % 3]));
                seeing.replace_policy(Arc::clone(&policies[index % 3]));
            }
            match direction {
                Direction::ToServer => seeing.receive_foreseen(at, foreseen, packet, &mut found),
                Direction::ToClient => seeing.receive(at, *direction, packet, &mut found),
            }
            let packet = Packet::parse(&mut second, text.as_bytes(), &Limits::DEFAULT);
            plain.receive(at, *direction, packet, &mut expected);
            let all = |outcomes: &[Outcome<'_>]| {
                let each = outcomes.iter().map(|one| (seen(one), one.decision.reasons.clone(), one.decision.maskless));
                each.collect::<Vec<_>>()
            };
            proptest::prop_assert_eq!(all(&found), all(&expected));
        }
    }

    #[test]
    fn what_reaches_the_server_is_what_the_client_sent_or_our_own_listing(lines in proptest::collection::vec(line(), 1..40)) {
        let mut engine = engine(Mode::Enforce, stage::policy(&[BASE]));
        let mut sent: BTreeSet<String> = BTreeSet::new();
        for (index, (direction, text)) in lines.iter().enumerate() {
            if *direction == Direction::ToServer {
                sent.insert(text.clone());
            }
            for (_, _, effects) in feed(&mut engine, i64::try_from(index).unwrap() * 1_000_000, *direction, text) {
                for (to, bytes) in effects {
                    // Whatever goes out parses strictly, also our own words.
                    let mut parser = Parser::default();
                    proptest::prop_assert!(Packet::parse(&mut parser, bytes.as_bytes(), &Limits::DEFAULT).is_ok(), "{bytes}");
                    if to == Direction::ToServer && *direction == Direction::ToServer {
                        let own = bytes.contains("\"bailiwick-n-");
                        let cut = bytes.starts_with('[');
                        proptest::prop_assert!(own || cut || sent.contains(&bytes), "{bytes}");
                        proptest::prop_assert!(!bytes.contains("\"drop\"") && !bytes.contains(".ssh"), "{bytes}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_layer_never_lets_more_through(lines in proptest::collection::vec(line(), 1..40)) {
        let list = r#"{"jsonrpc":"2.0","id":77,"method":"tools/list"}"#;
        let tools = r#"{"jsonrpc":"2.0","id":77,"result":{"tools":[{"name":"read"},{"name":"send"},{"name":"ask"},{"name":"drop"}]}}"#;
        for (direction, text) in lines.iter().filter(|(direction, _)| *direction == Direction::ToServer) {
            // Fresh state each time, so that a call that only one of them let through cannot count for the other.
            let reached = |texts: &[&str]| {
                let mut engine = engine(Mode::Enforce, stage::policy(texts));
                feed(&mut engine, 0, Direction::ToServer, list);
                feed(&mut engine, 0, Direction::ToClient, tools);
                let outcomes = feed(&mut engine, 1, *direction, text);
                let sent = outcomes.into_iter().flat_map(|(_, _, sent)| sent);
                sent.filter(|(to, _)| *to == Direction::ToServer).map(|(_, bytes)| bytes).collect::<Vec<_>>()
            };
            let (wide, narrow) = (reached(&[BASE]), reached(&[BASE, LAYER]));
            proptest::prop_assert!(narrow.iter().all(|sent| wide.contains(sent)), "{text}: {narrow:?} beside {wide:?}");
        }
    }

    #[test]
    fn observe_forwards_every_message_and_nothing_else(lines in proptest::collection::vec(line(), 1..40)) {
        let mut engine = engine(Mode::Observe, stage::policy(&[BASE]));
        for (index, (direction, text)) in lines.iter().enumerate() {
            let Some(messages) = messages(text) else { continue };
            let outcomes = feed(&mut engine, i64::try_from(index).unwrap(), *direction, text);
            let onward: Vec<String> = outcomes.iter().flat_map(|(_, _, sent)| sent).filter(|(to, _)| to == direction).map(|(_, bytes)| bytes.clone()).collect();
            let expected = if messages.is_empty() { Vec::new() } else { vec![text.clone()] };
            proptest::prop_assert_eq!(onward, expected);
        }
    }

    #[test]
    fn shadow_forwards_every_message_once_and_adds_its_own_listing_alone(lines in proptest::collection::vec(line(), 1..40)) {
        let mut engine = engine(Mode::Shadow, stage::policy(&[BASE]));
        let (mut onward, mut expected) = (Vec::new(), Vec::new());
        // What waits for our list may be taken back.
        for (direction, text) in lines.iter().filter(|(_, text)| !text.contains("cancelled")) {
            let Some(own) = messages(text) else { continue };
            expected.extend(own.into_iter().map(|message| (*direction, message)));
            onward.extend(feed(&mut engine, 1, *direction, text).into_iter().flat_map(|(_, _, sent)| sent));
        }
        let mut late = Vec::new();
        engine.tick(Timestamp(11_000_000), &mut late);
        onward.extend(late.iter().map(seen).flat_map(|(_, _, sent)| sent));
        let mut sent: Vec<(Direction, String)> = onward.into_iter().flat_map(|(to, text)| messages(&text).unwrap_or_default().into_iter().map(move |message| (to, message))).collect();
        let ours = |(to, text): &(Direction, String)| *to == Direction::ToServer && text.starts_with("{\"jsonrpc\":\"2.0\",\"id\":\"bailiwick-n-") && text.contains("\"method\":\"tools/list\"");
        // What is no message is answered whatever the mode.
        let broken = |(to, text): &(Direction, String)| *to == Direction::ToClient && text.contains("\"error\":{\"code\":-32");
        sent.retain(|sent| !ours(sent) && !broken(sent));
        let key = |(to, text): &(Direction, String)| (format!("{to:?}"), text.clone());
        sent.sort_by_key(key);
        expected.sort_by_key(key);
        proptest::prop_assert_eq!(sent, expected);
    }
}

/// The messages of a text; none of what is no message; `None` where a member of a batch alone is none.
fn messages(text: &str) -> Option<Vec<String>> {
    let mut parser = Parser::default();
    match Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT) {
        Ok(Packet::One(message)) => Some(vec![message.raw().to_owned()]),
        Ok(Packet::Batch(members)) => {
            members.into_iter().map(|member| Some(member.ok()?.raw().to_owned())).collect()
        }
        Err(_) => Some(Vec::new()),
    }
}

#[test]
fn an_approved_call_sends_exactly_what_was_shown_and_only_once() {
    let mut engine = engine(Mode::Enforce, stage::policy(&[BASE]));
    let call =
        r#"{"jsonrpc":"2.0", "id":5, "method":"tools/call","params":{"name":"ask","arguments":{"n": 2.50}}}"#;
    feed(&mut engine, 0, Direction::ToServer, r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    feed(
        &mut engine,
        0,
        Direction::ToClient,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ask"}]}}"#,
    );
    let mut parser = Parser::default();
    let mut outcomes = Vec::new();
    engine.receive(
        Timestamp(0),
        Direction::ToServer,
        Packet::parse(&mut parser, call.as_bytes(), &Limits::DEFAULT),
        &mut outcomes,
    );
    let Some(Effect::Ask(question)) = outcomes[0].effects.first() else { panic!("not asked: {outcomes:?}") };
    assert!(question.arguments.contains("2.50"), "{}", question.arguments);
    for expected in [1, 0] {
        let mut answered = Vec::new();
        engine.answer(
            Timestamp(1),
            question.id,
            &Answer::Approve(ApprovedBy::new("user:ana", "here")),
            &mut answered,
        );
        assert_eq!(answered.len(), expected);
        for outcome in &answered {
            assert_eq!(seen(outcome).2, vec![(Direction::ToServer, call.to_owned())]);
        }
    }
}

#[test]
fn every_request_that_was_let_through_has_an_end_also_when_it_is_cancelled_and_forgotten() {
    let mut engine = stage::engine(Mode::Enforce, Limits::DEFAULT, stage::policy(&[BASE]));
    let mut parser = Parser::default();
    let mut take = |engine: &mut Engine, text: String| {
        let mut outcomes = Vec::new();
        let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
        engine.receive(Timestamp(7), Direction::ToServer, packet, &mut outcomes);
        let ended =
            |outcome: &Outcome<'_>| outcome.decision.completion.map(|how| (outcome.decision.call, how));
        assert!(outcomes.iter().all(|outcome| ended(outcome).is_none() || outcome.effects.is_empty()));
        outcomes.iter().filter_map(ended).collect::<Vec<_>>()
    };
    let mut ends = Vec::new();
    for id in 0..300 {
        let read = r#""method":"resources/read","params":{"uri":"file:///a"}"#;
        assert_eq!(take(&mut engine, format!(r#"{{"jsonrpc":"2.0","id":{id},{read}}}"#)), []);
        let cancel = r#""method":"notifications/cancelled","params":{"requestId":"#;
        ends.extend(take(&mut engine, format!(r#"{{"jsonrpc":"2.0",{cancel}{id}}}}}"#)));
    }
    // 256 are remembered; each request and each notification has a number.
    assert_eq!(ends, (0..44).map(|index| (2 * index + 1, Completion::Unknown)).collect::<Vec<_>>());
}
