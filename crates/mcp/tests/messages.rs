//! What is known of a message beyond its verdict: under which id a refusal is answered, versions, batches, ids.

#![expect(clippy::panic, reason = "a test may die")]

use bailiwick_mcp::message::{Body, batch_allowed, read_id};
use bailiwick_mcp::{Id, Limits, Message, Packet, Parser, Version};

#[test]
fn a_refused_request_is_answered_under_its_id() {
    for (text, id) in [
        (r#"{"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"name":"a","name":"b"}}"#, Some("41")),
        (r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"s":"\ud800"}}"#, Some("\"x\"")),
        (r#"{"jsonrpc":"2.0","id":41,"method":"m","params":{"n":NaN}}"#, Some("41")),
        (r#"{"jsonrpc":"2.0","id":41,"method":"m","params":"#, Some("41")),
        (r#"{"jsonrpc":"2.0","id":41,"method":"m","params":null}"#, Some("41")),
        (r#"{"jsonrpc":"2.0","id":41,"method":"m","Params":{}}"#, Some("41")),
        (r#"{"id":41,"method":"m"}"#, Some("41")),
        (r#"{"jsonrpc":"2.0","id":41,"method":"m","result":{}}"#, Some("41")),
        // Two ids, an unreadable one, or none at all.
        (r#"{"jsonrpc":"2.0","id":41,"id":42,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":41,"method":"m"}{"jsonrpc":"2.0","id":42,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":41.0,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","method":"m","params":[]}"#, None),
        (r#"[{"jsonrpc":"2.0","id":41,"method":"m"},]"#, None),
        ("41", None),
    ] {
        assert_eq!(refused_id(text).as_deref(), id, "{text}");
    }
}

#[test]
fn a_refused_answer_is_never_answered_under_its_id() {
    for text in [
        r#"{"jsonrpc":"2.0","id":41,"result":{"s":"\ud800"}}"#,
        r#"{"jsonrpc":"2.0","id":41,"result":{"a":1,"a":2}}"#,
        r#"{"jsonrpc":"2.0","id":41,"result":7}"#,
        r#"{"jsonrpc":"2.0","id":41,"error":{}}"#,
        r#"{"jsonrpc":"2.0","id":41}"#,
        r#"{"jsonrpc":"2.0","id":41,"result":{},"error":{"code":1,"message":"m"}}"#,
    ] {
        assert_eq!(refused_id(text), None, "{text}");
    }
}

#[test]
fn the_shape_decides_what_a_message_is() {
    let mut parser = Parser::default();
    for (text, shape) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#, "request"),
        (r#"{"jsonrpc":"2.0","method":"m","params":{}}"#, "notification"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "result"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":""}}"#, "error"),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":""}}"#, "error to nothing"),
        (r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"","data":null}}"#, "error to nothing"),
    ] {
        let message = one(&mut parser, text);
        let found = match &message.body {
            Body::Request { .. } => "request",
            Body::Notification { .. } => "notification",
            Body::Result { .. } => "result",
            Body::Error { id: Some(_), .. } => "error",
            Body::Error { id: None, .. } => "error to nothing",
        };
        assert_eq!(found, shape, "{text}");
        assert_eq!(message.raw(), text);
    }
}

#[test]
fn only_one_version_has_batches() {
    let having: Vec<Version> =
        Version::ALL.into_iter().filter(|version| batch_allowed(Some(*version))).collect();
    assert_eq!(having, [Version::V2025_03_26]);
    assert!(!batch_allowed(None));
}

#[test]
fn each_member_of_a_batch_is_judged_by_itself() {
    let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}, {"jsonrpc":"2.0","id":2,"method":7} ,{"jsonrpc":"2.0","method":"n"}]"#;
    let mut parser = Parser::default();
    let Ok(Packet::Batch(members)) = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT) else {
        panic!("no batch")
    };
    let raw: Vec<Option<&str>> =
        members.iter().map(|member| member.as_ref().ok().map(Message::raw)).collect();
    let kept = [
        Some(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
        None,
        Some(r#"{"jsonrpc":"2.0","method":"n"}"#),
    ];
    assert_eq!(raw, kept);
    let refused = members.into_iter().find_map(Result::err);
    assert_eq!(refused.and_then(|malformed| malformed.id), Some(Id::Number(2)));
}

#[test]
fn the_era_is_stated_in_the_message() {
    let mut parser = Parser::default();
    for (params, version) in [
        (r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#, Some("2026-07-28")),
        (r#"{"_meta":{"io.modelcontextprotocol\/protocolVersion":"2026\u002d07-28"}}"#, Some("2026-07-28")),
        (r#"{"_meta":{"protocolVersion":"2026-07-28"}}"#, None),
        (r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#, None),
        (r#"{"_meta":null}"#, None),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{params}}}"#);
        assert_eq!(one(&mut parser, &text).stated_version().as_deref(), version, "{params}");
    }
}

#[test]
fn ids_are_the_same_by_type_and_value() {
    let read = |text: &str| {
        let mut parser = Parser::default();
        let document = parser.parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        read_id(document.root(), &Limits::DEFAULT).map(Id::into_owned)
    };
    assert_eq!(read("\"1\""), read("\"\\u0031\""));
    for other in ["\"1\"", "\" 1 \"", "\"0x1\"", "\"01\"", "1.0", "1e0", "true"] {
        assert_ne!(read("1"), read(other), "{other}");
    }
    for id in ["1", "0", "-7", "\"\"", "\"a\\\"b\\n\"", "\"\\u2028é🦀\""] {
        let id = read(id).unwrap();
        assert_eq!(read(&id.to_string()), Some(id), "what is written reads the same");
    }
}

fn refused_id(text: &str) -> Option<String> {
    let mut parser = Parser::default();
    let refused = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT).map(|_| ());
    assert!(refused.is_err(), "{text}");
    refused.err().and_then(|malformed| malformed.id).map(|id| id.to_string())
}

fn one<'a>(parser: &'a mut Parser, text: &'a str) -> Message<'a> {
    match Packet::parse(parser, text.as_bytes(), &Limits::DEFAULT) {
        Ok(Packet::One(message)) => message,
        other => panic!("{other:?}"),
    }
}
