//! What is decided over says what it was about, also where it was refused before anybody looked, or taken back.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

use bailiwick_engine::{Action, Arguments, Completion, Decision, Effect, Engine, Event, Mode};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};

#[path = "stage/parts.rs"]
mod stage;

const POLICY: &str = "
version: 1
default: deny
rules:
  - { id: may-all, effect: allow, on: ['s/*', 'resource:*', elicitation] }
  - { id: asks, effect: ask, on: s/ask }
";

fn take(engine: &mut Engine, at: i64, to: Direction, text: &str) -> Vec<Decision<'static>> {
    effects(engine, at, to, text).0
}

/// The same, and what is sent.
fn effects(
    engine: &mut Engine,
    at: i64,
    to: Direction,
    text: &str,
) -> (Vec<Decision<'static>>, Vec<(Direction, String)>) {
    let mut parser = Parser::default();
    let mut outcomes = Vec::new();
    let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
    engine.receive(Timestamp(at), to, packet, &mut outcomes);
    let mut sent = Vec::new();
    let decisions = outcomes.into_iter().map(|outcome| {
        sent.extend(outcome.effects.iter().filter_map(|effect| match effect {
            Effect::Send { to, message } => {
                Some((*to, String::from_utf8_lossy(message.bytes()).into_owned()))
            }
            _ => None,
        }));
        outcome.decision.into_owned()
    });
    let decisions = decisions.collect();
    (decisions, sent)
}

fn listed(version: &str) -> Engine {
    let mut engine = stage::engine(Mode::Enforce, Limits::DEFAULT, stage::policy(&[POLICY]));
    let hello = format!(
        r#"{{"jsonrpc":"2.0","id":"i","method":"initialize","params":{{"protocolVersion":"{version}","capabilities":{{}},"clientInfo":{{"name":"c","version":"1"}}}}}}"#
    );
    let welcome = format!(
        r#"{{"jsonrpc":"2.0","id":"i","result":{{"protocolVersion":"{version}","capabilities":{{}},"serverInfo":{{"name":"s","version":"1"}}}}}}"#
    );
    for (to, text) in [
        (Direction::ToServer, hello.as_str()),
        (Direction::ToClient, &welcome),
        (Direction::ToServer, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        (Direction::ToServer, r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#),
        (
            Direction::ToClient,
            r#"{"jsonrpc":"2.0","id":"l","result":{"tools":[{"name":"a"},{"name":"ask"}]}}"#,
        ),
    ] {
        take(&mut engine, 1, to, text);
    }
    engine
}

fn arguments<'d>(decision: &'d Decision<'_>) -> &'d str {
    decision.arguments.as_ref().map_or("", Arguments::text)
}

#[test]
fn what_a_check_of_the_protocol_refuses_is_told_whole() {
    let mut engine = listed("2025-11-25");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"n":1}}}"#;
    take(&mut engine, 2, Direction::ToServer, call);
    for (method, params, target) in [
        // Its id is in flight.
        ("tools/call", r#"{"name":"a","arguments":{"n":2}}"#, Some("a")),
        ("tools/call", r#"{"name":"a","arguments":[1]}"#, Some("a")),
        ("tools/call", r#"{"name":"a","Name":"b"}"#, Some("a")),
        ("tools/call", r#"{"name":7}"#, None),
        ("resources/read", r#"{"uri":7}"#, None),
        ("evil/do", r#"{"payload":"x"}"#, None),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let decisions = take(&mut engine, 2, Direction::ToServer, &text);
        let [decision] = decisions.as_slice() else { panic!("{text}: {decisions:?}") };
        assert_eq!((&*decision.method, decision.action), (method, Action::Refused), "{text}");
        assert_eq!((decision.target.as_deref(), arguments(decision)), (target, params), "{text}");
    }
    let news = r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x://y"}}"#;
    let decisions = take(&mut engine, 3, Direction::ToClient, news);
    assert_eq!(decisions[0].action, Action::Dropped);
    assert_eq!(arguments(&decisions[0]), r#"{"uri":"x://y"}"#);
}

#[test]
fn a_batch_that_is_refused_and_what_is_no_message_in_one_are_told_whole() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
    let batch = format!(r#"[{call},{{"x":1}}]"#);
    let decisions = take(&mut listed("2025-11-25"), 2, Direction::ToServer, &batch);
    let [decision] = decisions.as_slice() else { panic!("{decisions:?}") };
    assert_eq!((decision.event, arguments(decision)), (Event::Malformed, &*batch));
    let decisions = take(&mut listed("2025-03-26"), 2, Direction::ToServer, &batch);
    let [first, second] = decisions.as_slice() else { panic!("{decisions:?}") };
    assert_eq!((first.event, first.target.as_deref()), (Event::Decision, Some("a")));
    assert_eq!((second.event, arguments(second)), (Event::Malformed, r#"{"x":1}"#));
}

#[test]
fn a_call_that_is_taken_back_ends_in_the_record() {
    let back = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}"#;
    let call = |tool: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"n":1}}}}}}"#
        )
    };
    // It waits for a person.
    let mut engine = listed("2025-11-25");
    let asked = take(&mut engine, 2, Direction::ToServer, &call("ask")).remove(0);
    let decisions = take(&mut engine, 9, Direction::ToServer, back);
    let [word, end] = decisions.as_slice() else { panic!("{decisions:?}") };
    assert_eq!((word.action, arguments(word)), (Action::Dropped, r#"{"requestId":5}"#));
    assert_eq!((end.event, end.call, end.action), (Event::Approval, asked.call, Action::Dropped));
    assert_eq!((&*end.method, end.target.as_deref()), ("tools/call", Some("ask")));
    assert_eq!((end.latency_us, end.completion), (Some(7), Some(Completion::Unknown)));
    // It waits for our own look at the list.
    for mode in [Mode::Enforce, Mode::Shadow] {
        let mut engine = stage::engine(mode, Limits::DEFAULT, stage::policy(&[POLICY]));
        take(&mut engine, 2, Direction::ToServer, &call("a"));
        let (decisions, sent) = effects(&mut engine, 9, Direction::ToServer, back);
        let [_, end] = decisions.as_slice() else { panic!("{decisions:?}") };
        assert_eq!(
            (&*end.method, end.target.as_deref(), end.action),
            ("tools/call", Some("a"), Action::Dropped)
        );
        assert_eq!(arguments(end), r#"{"name":"a","arguments":{"n":1}}"#);
        assert_eq!((end.latency_us, end.completion), (Some(7), Some(Completion::Unknown)));
        assert!(!sent.iter().any(|(_, text)| text.contains("tools/call")), "{sent:?}");
    }
}

#[test]
fn what_is_taken_back_of_a_batch_holds_up_no_answer_of_the_others() {
    let mut engine = listed("2025-03-26");
    let call = |id: u32, tool: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
    };
    let batch = format!("[{},{}]", call(1, "a"), call(2, "ask"));
    take(&mut engine, 2, Direction::ToServer, &batch);
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    let (_, kept) = effects(&mut engine, 3, Direction::ToClient, answer);
    assert_eq!(kept, [], "it waits for the other one");
    let back = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    let (_, sent) = effects(&mut engine, 4, Direction::ToServer, back);
    assert_eq!(sent, [(Direction::ToClient, format!("[{answer}]"))]);
}

#[test]
fn what_a_server_asks_back_in_its_answer_is_told_with_it() {
    let mut engine = listed("2025-11-25");
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"a","arguments":{{}},{meta}}}}}"#
    );
    take(&mut engine, 2, Direction::ToServer, &call);
    let asks = r#"{"q":{"method":"elicitation/create","params":{"message":"Which?","requestedSchema":{"type":"object","properties":{}}}}}"#;
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"input_required","inputRequests":{asks},"requestState":"s"}}}}"#
    );
    let decisions = take(&mut engine, 3, Direction::ToClient, &answer);
    let answered = decisions.iter().find(|decision| decision.event == Event::Completion);
    assert_eq!(answered.map(arguments), Some(asks), "{decisions:?}");
}

#[test]
fn an_unknown_method_that_shadow_lets_through_ends_under_its_name() {
    let mut engine = stage::engine(Mode::Shadow, Limits::DEFAULT, stage::policy(&[POLICY]));
    take(&mut engine, 2, Direction::ToServer, r#"{"jsonrpc":"2.0","id":1,"method":"foo/bar"}"#);
    let decisions = take(&mut engine, 3, Direction::ToClient, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(
        decisions.iter().map(|decision| &*decision.method).collect::<Vec<_>>(),
        ["foo/bar"],
        "{decisions:?}"
    );
}
