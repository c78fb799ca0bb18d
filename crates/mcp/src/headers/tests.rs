//! Headers and bodies that agree, and those that do not.

use super::{ARGUMENT, METHOD, NAME, Repeated, VERSION, agree, arguments, coded, decoded};
use crate::{Limits, Malformation, Packet, Parser};

fn checked(headers: &[(&str, &str)], body: &str) -> Result<(), Malformation> {
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, body.as_bytes(), &Limits::DEFAULT) else {
        panic!("{body}")
    };
    let find =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
    agree(find, &message)
}

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn call(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}{META}}}}}"#)
}

#[test]
fn every_required_header_is_compared_and_none_may_be_missing() {
    for (method, key) in [
        ("tools/call", "name"),
        ("prompts/get", "name"),
        ("resources/read", "uri"),
        ("tasks/get", "taskId"),
        ("tasks/update", "taskId"),
        ("tasks/cancel", "taskId"),
    ] {
        let body = call(method, &format!(r#""{key}":"a","#));
        let all = [(VERSION, "2026-07-28"), (METHOD, method), (NAME, " a ")];
        assert_eq!(checked(&all, &body), Ok(()), "{method}");
        for missing in 0..all.len() {
            let mut less = all.to_vec();
            less.remove(missing);
            assert_eq!(checked(&less, &body), Err(Malformation::Header), "{method} without {missing}");
            let mut other = all.to_vec();
            other[missing].1 = "b";
            assert_eq!(checked(&other, &body), Err(Malformation::Header), "{method} with another {missing}");
        }
    }
    let list = call("tools/list", "");
    assert_eq!(checked(&[(VERSION, "2026-07-28"), (METHOD, "tools/list")], &list), Ok(()));
    assert_eq!(checked(&[(VERSION, "2026-07-28"), (METHOD, "Tools/list")], &list), Err(Malformation::Header));
}

#[test]
fn a_header_of_the_new_protocol_without_its_body_is_refused_and_an_old_message_is_left_alone() {
    let old = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
    assert_eq!(checked(&[(VERSION, "2026-07-28")], old), Err(Malformation::Meta));
    assert_eq!(checked(&[(VERSION, "2025-11-25"), (NAME, "b")], old), Ok(()));
    assert_eq!(checked(&[], old), Ok(()));
    let bare = r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
    assert_eq!(checked(&[(VERSION, "2026-07-28"), (METHOD, "x")], bare), Err(Malformation::Meta));
}

#[test]
fn what_a_header_cannot_hold_is_coded_and_read_again() {
    for text in ["plain", "", " led", "é", "a\nb", "=?base64?YQ==?=", "tail "] {
        let value = coded(text);
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
        assert_eq!(decoded(value.as_bytes()).as_deref(), Some(text.as_bytes()), "{text}");
    }
    for broken in ["=?base64?YQ=?=", "=?base64?*?=", "=?base64?YQ?="] {
        assert_eq!(decoded(broken.as_bytes()), None, "{broken}");
    }
}

/// Whether headers agree with arguments under a schema.
fn mirrored(schema: &str, headers: &[(&str, &str)], args: &str) -> bool {
    let (mut first, mut second) = (Parser::default(), Parser::default());
    let schema = first.parse(schema.as_bytes(), &Limits::DEFAULT).unwrap().root();
    let args = second.parse(args.as_bytes(), &Limits::DEFAULT).unwrap().root();
    let given = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    Repeated(given.collect()).agree(&arguments(schema), Some(args))
}

#[test]
fn marked_arguments_are_the_same_in_header_and_body() {
    let schema = r#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"},
        "count":{"type":"integer","x-mcp-header":"count"},
        "deep":{"type":"object","properties":{"on":{"type":"boolean","x-mcp-header":"On"}}}}}"#;
    for (headers, args, same) in [
        (&[("region", "eu")] as &[_], r#"{"region":"eu"}"#, true),
        (&[("region", "us")], r#"{"region":"eu"}"#, false),
        (&[("region", "EU")], r#"{"region":"eu"}"#, false),
        (&[], r#"{"region":"eu"}"#, false),
        (&[("region", "eu")], r#"{}"#, false),
        (&[], r#"{"region":null}"#, true),
        (&[("region", "null")], r#"{"region":null}"#, false),
        (&[("region", "=?base64?w6k=?=")], r#"{"region":"é"}"#, true),
        (&[("region", "=?base64?w6k?=")], r#"{"region":"é"}"#, false),
        (&[("count", "42")], r#"{"count":42.0}"#, true),
        (&[("count", "42.0")], r#"{"count":42}"#, true),
        (&[("count", "43")], r#"{"count":42}"#, false),
        (&[("count", "+42")], r#"{"count":42}"#, false),
        (&[("on", "true")], r#"{"deep":{"on":true}}"#, true),
        (&[("on", "True")], r#"{"deep":{"on":true}}"#, false),
        (&[("on", "true")], r#"{"on":true}"#, false),
        (&[("region", "x")], r#"{"region":["x"]}"#, false),
        (&[("unknown", "x")], r#"{}"#, true),
    ] {
        assert_eq!(mirrored(schema, headers, args), same, "{headers:?} {args}");
    }
}

#[test]
fn marks_that_the_protocol_does_not_allow_mark_nothing() {
    for property in [
        r#"{"type":"string","x-mcp-header":"a b"}"#,
        r#"{"type":"string","x-mcp-header":""}"#,
        r#"{"type":"number","x-mcp-header":"A"}"#,
        r#"{"x-mcp-header":"A"}"#,
        r#"{"type":"string","x-mcp-header":1}"#,
    ] {
        assert!(
            mirrored(&format!(r#"{{"properties":{{"a":{property}}}}}"#), &[], r#"{"a":"x"}"#),
            "{property}"
        );
    }
    let twice = r#"{"properties":{"a":{"type":"string","x-mcp-header":"X"},"b":{"type":"string","x-mcp-header":"x"}}}"#;
    assert!(mirrored(twice, &[], r#"{"a":"1","b":"2"}"#), "one header for two arguments is none");
    let within = r#"{"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"X"}}}],
        "items":{"properties":{"a":{"type":"string","x-mcp-header":"Y"}}}}"#;
    assert!(mirrored(within, &[], r#"{"a":"1"}"#), "only plain properties lead to a mark");
    assert!(ARGUMENT.ends_with('-'));
}
