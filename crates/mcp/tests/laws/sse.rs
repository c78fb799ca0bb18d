//! Server-sent events: split anywhere they are the same, and what is written reads the same.

use bailiwick_mcp::Limits;
use bailiwick_mcp::framing::{Event, Part, Sse};
use proptest::prelude::*;
use proptest::sample::Index;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn events_split_anywhere_are_those_of_one_piece(
        stream in stream(),
        cuts in prop::collection::vec(any::<Index>(), 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(parts(&stream, &cuts), parts(&stream, &[]));
    }

    #[test]
    fn an_event_that_was_written_reads_the_same(
        kind in prop::option::of("[a-z]{0,8}"),
        id in prop::option::of("[!-~]{0,8}"),
        retry_ms in prop::option::of(any::<u64>()),
        data in prop::option::of("[ -~\n]{0,40}"),
    ) {
        let bytes = |text: Option<String>| text.map(String::into_bytes);
        let event = Event { kind: bytes(kind), id: bytes(id), retry_ms, data: bytes(data) };
        let mut written = Vec::new();
        event.write(event.data.as_deref(), &mut written);
        let expected = if event == Event::default() { vec![] } else { vec![format!("{:?}", Part::Event(event))] };
        prop_assert_eq!(parts(&written, &[]), expected);
    }
}

/// Streams of lines that mean something, and of bytes that do not; some lines are above the limit.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}".to_owned()),
        "data:? ?[a-z{}\":1]{0,60}",
        "(id|event|retry): ?[a-z0-9\0]{0,6}",
        ":[ -~]{0,20}",
        "[ -~]{0,12}",
        Just("\u{feff}data: x".to_owned()),
        Just(String::new()),
    ];
    let end = prop_oneof![Just("\n"), Just("\r"), Just("\r\n")];
    prop::collection::vec((line, end), 0..12)
        .prop_map(|lines| lines.into_iter().flat_map(|(line, end)| (line + end).into_bytes()).collect())
}

/// Small limits, so that some events are too long.
fn parts(stream: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut sse = Sse::new(&Limits { message_bytes_max: 48, id_bytes_max: 16, ..Limits::DEFAULT });
    let mut found = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([stream.len()]) {
        sse.extend(&stream[from..to]);
        while let Some(part) = sse.next() {
            found.push(format!("{part:?}"));
        }
        from = to;
    }
    found
}
