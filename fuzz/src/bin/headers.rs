//! Headers beside a message (2026-07-28): what agrees says the same, what is made from a message agrees with it, and a coded
//! text is read again. The input is lines `name: value`, an empty line, and the message.
#![no_main]

use bailiwick_mcp::headers::{self, Repeated};
use bailiwick_mcp::{Body, Limits, Message, Packet, Parser, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let at = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let (head, body) = (&input[..at], input.get(at + 2..).unwrap_or_default());
    let mut head: Vec<(String, &[u8])> = head.split(|byte| *byte == b'\n').filter_map(header).collect();
    // Of each there is one: two are refused before anything is compared.
    head.sort_by(|one, other| one.0.cmp(&other.0));
    head.dedup_by(|one, other| one.0 == other.0);
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, body, &Limits::DEFAULT) else { return };
    compared(&head, &message);
    repeated(&head, &message);
    for text in message.value().descendants().filter_map(Value::text) {
        let coded = headers::coded(&text);
        assert!(coded.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{coded}");
        assert_eq!(headers::decoded(coded.as_bytes()).as_deref(), Some(text.as_bytes()));
    }
});

fn header(line: &[u8]) -> Option<(String, &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..at]).ok()?;
    Some((name.to_ascii_lowercase(), &line[at + 1..]))
}

/// Whoever reads the headers of a modern request that agrees reads the request.
fn compared(head: &[(String, &[u8])], message: &Message<'_>) {
    let find = |name: &str| head.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let agrees = headers::agree(find, message).is_ok();
    let (Some(version), Body::Request { method, params, .. }) = (message.stated_version(), &message.body)
    else {
        return;
    };
    let said = |name: &str| find(name).and_then(|value| headers::decoded(value.trim_ascii()));
    let key = headers::named_by(method);
    let name = key.and_then(|key| params.and_then(|params| params.get(key))).and_then(Value::text);
    if agrees {
        assert_eq!(find(headers::VERSION).map(<[u8]>::trim_ascii), Some(version.as_bytes()));
        assert_eq!(find(headers::METHOD).map(<[u8]>::trim_ascii), Some(method.as_bytes()));
        if key.is_some() {
            assert_eq!(said(headers::NAME).as_deref(), name.as_ref().map(|name| name.as_bytes()));
        }
    }
}

/// What is made of a call's arguments agrees with them, and with nothing less.
fn repeated(head: &[(String, &[u8])], message: &Message<'_>) {
    let Some(params) = message.params() else { return };
    let marked = params.get("inputSchema").map(headers::arguments).unwrap_or_default();
    let arguments = params.get("arguments").filter(|value| value.is_object());
    let given = head.iter().map(|(name, value)| (name.clone(), value.to_vec()));
    let _ = Repeated(given.collect()).agree(&marked, arguments);
    let made = Repeated::of(&marked, arguments);
    let whole =
        marked.iter().all(|argument| Repeated::of(std::slice::from_ref(argument), arguments).0.len() == 1);
    if whole {
        assert!(made.agree(&marked, arguments), "{made:?}");
    }
    for left_out in 0..made.0.len() {
        let mut less = made.clone();
        less.0.remove(left_out);
        assert!(!less.agree(&marked, arguments), "without {left_out} of {made:?}");
    }
}
