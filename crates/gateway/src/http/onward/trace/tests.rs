//! Which words of a trace are good, and how they get into a message.

use bailiwick_mcp::{Limits, Packet, Parser};
use hyper::header::{HeaderName, HeaderValue};

use super::{Trace, is_parent, is_state, retain_valid};

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_parent_is_read_as_the_recommendation_says() {
    let later = format!("01{}", GOOD.strip_prefix("00").unwrap());
    for good in [
        GOOD.to_owned(),
        GOOD.replace("-01", "-ff"),
        later.clone(),
        format!("{later}-"),
        format!("{later}-what.comes=later"),
        format!("fe{}", GOOD.strip_prefix("00").unwrap()),
    ] {
        assert!(is_parent(good.as_bytes()), "{good}");
    }
    for bad in [
        String::new(),
        "00-a-b-01".to_owned(),
        GOOD.to_uppercase(),
        GOOD.replace("0af7", "0AF7"),
        GOOD.replace("0af7", "0ag7"),
        format!("ff{}", GOOD.strip_prefix("00").unwrap()),
        format!("0{}", GOOD.strip_prefix("00").unwrap()),
        format!("{GOOD}-"),
        format!("{GOOD}0"),
        format!("{GOOD}-00"),
        format!("{later}00"),
        format!("{later}-\u{1}"),
        format!("{later}-{}", "0".repeat(500)),
        GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
        GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
        GOOD.replace('-', "_"),
        format!(" {GOOD}"),
        GOOD.strip_suffix('1').unwrap().to_owned(),
    ] {
        assert!(!is_parent(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn a_state_is_read_as_the_recommendation_says() {
    let many = |entries: usize| (0..entries).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let state = |values: &[&str]| is_state(values.iter().map(|value| value.as_bytes()));
    for good in [
        &["rojo=00f067aa0ba902b7"][..],
        &["rojo=1,congo=t61rcWkgMzE"],
        &["rojo=1", "congo=2"],
        &["rojo=1 ,\t congo=2", ","],
        &["1a@b-c_d*e/f=a b\"\\c"],
        &[&many(32)],
        &[&format!("{}={}", "a".repeat(256), "b".repeat(256))],
    ] {
        assert!(state(good), "{good:?}");
    }
    for bad in [
        &[][..],
        &[""],
        &[","],
        &["rojo"],
        &["rojo="],
        &["=1"],
        &["Rojo=1"],
        &["_rojo=1"],
        &["ro jo=1"],
        &["rojo=1=2"],
        &["rojo=\u{e9}"],
        &["rojo=1,rojo=2"],
        &["rojo=1", "rojo=1"],
        &[&many(33)],
        &[&format!("{}=1", "a".repeat(257))],
        &[&format!("a={}", "b".repeat(257))],
    ] {
        assert!(!state(bad), "{bad:?}");
    }
}

/// What of these headers goes on, each as `name: value`.
fn kept(fields: &[(&'static str, &str)]) -> (Vec<(HeaderName, HeaderValue)>, Vec<String>) {
    let mut fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    retain_valid(&mut fields);
    let lines = fields.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    (fields, lines)
}

#[test]
fn broken_words_of_a_trace_end_at_the_gateway() {
    let (parent, state) = (("traceparent", GOOD), ("tracestate", "a=1"));
    let lines = |fields: &[(&'static str, &str)]| kept(fields).1;
    let (line, accept) = (format!("traceparent: {GOOD}"), ("accept", "*/*"));
    assert_eq!(lines(&[accept, parent, state]), ["accept: */*", &line, "tracestate: a=1"]);
    assert_eq!(lines(&[parent, state, ("tracestate", "A=1")]), [&*line]);
    assert_eq!(lines(&[state, accept]), ["accept: */*"]);
    assert_eq!(lines(&[("traceparent", "00-a-b-01"), state]), [""; 0]);
    assert_eq!(lines(&[parent, parent, state]), [""; 0]);
}

/// The text with the place in a trace in it; nothing if it is not changed.
fn beside(fields: &[(&'static str, &str)], text: &str) -> Option<String> {
    let trace = Trace::of(&kept(fields).0)?;
    let (limits, mut parser) = (Limits::DEFAULT, Parser::default());
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, text.as_bytes(), &limits) else {
        panic!("{text}")
    };
    let splice = trace.beside(&message)?;
    Some(String::from_utf8(splice.apply(message.raw(), message.value().span().0)).unwrap())
}

#[test]
fn the_place_in_a_trace_is_spliced_in_and_the_rest_stays() {
    let parent = [("traceparent", GOOD)];
    let named = format!(r#""traceparent":"{GOOD}""#);
    for (before, after) in [
        (
            r#" {"jsonrpc": "2.0", "id":1,"method":"tools/call","params":{"name":"a", "_meta": { "b":1.50 }}}"#,
            format!(
                r#"{{"jsonrpc": "2.0", "id":1,"method":"tools/call","params":{{"name":"a", "_meta": {{{named}, "b":1.50 }}}}}}"#
            ),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{ }}}"#,
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{{named} }}}}}}"#),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\u0041"}}"#,
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{{named}}},"a":"\u0041"}}}}"#
            ),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{}}"#,
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{{named}}}}}}}"#),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#,
            format!(r#"{{"params":{{"_meta":{{{named}}}}},"jsonrpc":"2.0","id":1,"method":"m"}}"#),
        ),
    ] {
        assert_eq!(beside(&parent, before), Some(after));
    }
    let with_state = [("traceparent", GOOD), ("tracestate", r#"a="1\"#), ("tracestate", "b=2")];
    let after = beside(&with_state, r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#).unwrap();
    assert!(after.contains(&format!(r#"{{{named},"tracestate":"a=\"1\\,b=2"}}"#)), "{after}");
}

#[test]
fn what_names_a_place_itself_or_has_no_room_for_it_is_not_changed() {
    let parent = [("traceparent", GOOD)];
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"traceparent":"mine"}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"tracestate":"a=1"}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":null}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/m"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        assert_eq!(beside(&parent, text), None, "{text}");
    }
    assert_eq!(beside(&[("tracestate", "a=1")], r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#), None);
}
