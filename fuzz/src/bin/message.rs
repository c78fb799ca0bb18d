//! The view of a message: reading any part of it neither panics nor differs from reading its original bytes again.
#![no_main]

use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::{Limits, Message, Packet, Parser, Splice, method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::default();
    match Packet::parse(&mut parser, bytes, &Limits::DEFAULT) {
        Ok(Packet::One(message)) => again(&message),
        Ok(Packet::Batch(members)) => members.iter().flatten().for_each(again),
        Err(malformed) => {
            let _ = malformed.to_string();
        }
    }
});

/// A message that is forwarded, changed or not, is the same message to whoever reads it next.
fn again(message: &Message<'_>) {
    let _ = message.stated_version();
    if let Some(method) = message.method().and_then(method::find) {
        let _ = message.governed_fields_clear(method);
    }
    too_long(message);
    let mut splice = Splice::default();
    for value in message.value().members().map(|(_, value)| value) {
        splice.replace(value.span(), value.raw());
    }
    let (base, _) = message.value().span();
    let copied = splice.apply(message.raw(), base);
    assert_eq!(copied, message.raw().as_bytes(), "a splice of the same values changes nothing");

    let mut parser = Parser::default();
    let packet =
        Packet::parse(&mut parser, &copied, &Limits::DEFAULT).expect("a message does not parse again");
    let Packet::One(second) = packet else { panic!("one message became a batch") };
    assert_eq!(second.id(), message.id());
    assert_eq!(second.method(), message.method());
    assert_eq!(second.params().map(|params| params.raw()), message.params().map(|params| params.raw()));
}

/// A line that is not kept is answered under the id that the parser would have read.
fn too_long(message: &Message<'_>) {
    if message.raw().contains(['\n', '\r']) {
        return;
    }
    let mut lines = Lines::new(&Limits { message_bytes_max: 0, ..Limits::DEFAULT });
    lines.extend(message.raw().as_bytes());
    let Some(Frame::TooLong { id, request, .. }) = lines.finish() else { panic!("a line without bytes") };
    assert_eq!(id.as_ref(), message.id());
    assert_eq!(request, message.method().is_some());
}
