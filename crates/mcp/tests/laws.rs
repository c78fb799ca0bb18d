//! Laws that hold for any input: framing, splicing, escaping, the id of what is too long, and no panic anywhere.
#![expect(clippy::indexing_slicing, reason = "a test may die")]

#[path = "laws/json.rs"]
mod json;
#[path = "laws/sse.rs"]
mod sse;

use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Id, Limits, Packet, Parser, Splice, method};
use proptest::prelude::*;
use proptest::sample::Index;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn frames_do_not_depend_on_how_the_bytes_arrive(
        stream in stream(),
        cuts in prop::collection::vec(any::<Index>(), 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let (found, whole) = (frames(&stream, &cuts), frames(&stream, &[]));
        prop_assert_eq!(&found, &whole);
        let found: Vec<_> = found.into_iter().map(|(kind, content, _)| (kind, content)).collect();
        prop_assert_eq!(found, expected_frames(&stream));
    }

    #[test]
    fn a_filtered_list_keeps_the_rest_byte_for_byte(
        elements in prop::collection::vec((json::text(), any::<bool>(), json::space(), json::space()), 0..8),
        base in 0..50_usize,
    ) {
        let body: Vec<String> =
            elements.iter().map(|(text, _, before, behind)| format!("{before}{text}{behind}")).collect();
        let source = format!("{{\"tools\" :[{}], \"nextCursor\":\"7\"}}", body.join(","));
        let mut parser = Parser::default();
        let document = parser.parse(source.as_bytes(), &Limits::DEFAULT).unwrap();
        let list = document.root().get("tools").unwrap();
        let spans: Vec<_> = list.elements().zip(&elements).map(|(element, (_, keep, ..))| {
            let (start, end) = element.span();
            ((start + base, end + base), *keep)
        }).collect();
        let mut splice = Splice::default();
        splice.retain(&spans);
        let filtered = splice.apply(&source, base);

        let (start, end) = list.span();
        prop_assert!(filtered.starts_with(&source.as_bytes()[..=start]));
        prop_assert!(filtered.ends_with(&source.as_bytes()[end - 1..]));
        let kept: Vec<&str> =
            elements.iter().filter(|(_, keep, ..)| *keep).map(|(text, ..)| text.as_str()).collect();
        let mut parser = Parser::default();
        let document = parser.parse(&filtered, &Limits::DEFAULT).unwrap();
        let left: Vec<&str> = document.root().get("tools").unwrap().elements().map(|value| value.raw()).collect();
        prop_assert_eq!(&left, &kept);
        if left.len() == elements.len() {
            prop_assert_eq!(filtered, source.into_bytes());
        }
    }

    #[test]
    fn nothing_that_was_to_be_cut_stays(
        source in "[a-z]{0,30}",
        edits in prop::collection::vec((any::<Index>(), any::<Index>(), "[A-Z]{0,3}"), 0..6),
    ) {
        let mut splice = Splice::default();
        let mut cut = vec![false; source.len()];
        for (one, other, new) in &edits {
            let (one, other) = (one.index(source.len() + 1), other.index(source.len() + 1));
            let (start, end) = (one.min(other), one.max(other));
            cut[start..end].fill(true);
            splice.replace((start, end), new.as_bytes());
        }
        let out = String::from_utf8(splice.apply(&source, 0)).unwrap();
        let left: String = out.chars().filter(char::is_ascii_lowercase).collect();
        let wanted: String = source.chars().zip(cut).filter(|(_, cut)| !cut).map(|(c, _)| c).collect();
        prop_assert_eq!(left, wanted);
    }

    #[test]
    fn what_is_escaped_reads_as_it_was(text in any::<String>()) {
        let mut json = Vec::new();
        escape_into(&text, &mut json);
        let shown = std::str::from_utf8(&json).unwrap();
        let ends_a_line = |c: char| c.is_ascii_control() || ['\u{85}', '\u{2028}', '\u{2029}'].contains(&c);
        prop_assert!(!shown.contains(ends_a_line));
        let mut parser = Parser::default();
        let document = parser.parse(&json, &Limits::DEFAULT).unwrap();
        prop_assert_eq!(document.root().text().unwrap(), text);
    }

    #[test]
    fn a_message_too_long_to_keep_has_the_id_that_the_parser_reads(message in json::message(), size in 1..9_usize) {
        let mut parser = Parser::default();
        let (id, request) = match Packet::parse(&mut parser, message.as_bytes(), &Limits::DEFAULT) {
            Ok(Packet::One(message)) => (message.id().cloned().map(Id::into_owned), message.method().is_some()),
            Ok(Packet::Batch(_)) | Err(_) => return Err(TestCaseError::reject("no message")),
        };
        let mut lines = Lines::new(&Limits { message_bytes_max: 0, ..Limits::DEFAULT });
        for piece in message.as_bytes().chunks(size).chain([b"\n".as_slice()]) {
            lines.extend(piece);
            match lines.next() {
                None => {}
                Some(Frame::TooLong { bytes, id: found, request: asked }) => {
                    prop_assert_eq!(bytes, message.len() as u64);
                    prop_assert_eq!(&found, &id);
                    prop_assert_eq!(asked, request);
                }
                Some(other) => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![json::message(), json::damaged()], depth_max in 0..9_usize) {
        let limits = Limits { depth_max, values_max: 60, id_bytes_max: 4, ..Limits::DEFAULT };
        for limits in [limits, Limits::DEFAULT] {
            let mut parser = Parser::default();
            let messages = match Packet::parse(&mut parser, text.as_bytes(), &limits) {
                Ok(Packet::One(message)) => vec![message],
                Ok(Packet::Batch(members)) => members.into_iter().flatten().collect(),
                Err(malformed) => {
                    prop_assert!((-32700..=-32600).contains(&malformed.cause.code()));
                    continue;
                }
            };
            for message in messages {
                let _ = message.stated_version();
                if let Some(method) = message.method().and_then(method::find) {
                    let _ = message.governed_fields_clear(method);
                }
                prop_assert!(message.value().descendants().count() <= limits.values_max);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut parser = Parser::default();
        if let Err(error) = parser.parse(&bytes, &Limits::DEFAULT) {
            prop_assert!(error.offset <= bytes.len());
        }
    }
}

/// Bytes rich in what matters to the framer.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just("\r"),
        Just(" "),
        Just("{\"id\":7,\"method\":\"m\""),
        Just(",\"x\":\"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"}"),
        Just("a"),
        Just("\u{85}\u{2028}\u{c}"),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat().into_bytes())
}

/// What the framer gives for a stream cut at `cuts`: kind, content or length, and the id of a long one.
fn frames(stream: &[u8], cuts: &[usize]) -> Vec<(&'static str, Vec<u8>, String)> {
    let mut lines = Lines::new(&FRAMED);
    let mut found = Vec::new();
    let mut at = 0;
    for cut in cuts.iter().copied().chain([stream.len()]) {
        lines.extend(&stream[at..cut]);
        at = cut;
        while let Some(frame) = lines.next() {
            found.push(told(&frame));
        }
    }
    while let Some(frame) = lines.finish() {
        found.push(told(&frame));
    }
    found
}

fn told(frame: &Frame<'_>) -> (&'static str, Vec<u8>, String) {
    match frame {
        Frame::Line(line) => ("line", line.to_vec(), String::new()),
        Frame::CarriageReturn(line) => ("bare return", line.to_vec(), String::new()),
        Frame::TooLong { bytes, id, request } => {
            ("long", bytes.to_string().into_bytes(), format!("{id:?} {request}"))
        }
    }
}

/// The rules of framing said plainly, over the whole stream at once.
fn expected_frames(stream: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut expected = Vec::new();
    for line in stream.split(|byte| *byte == b'\n') {
        if line.len() > FRAMED.message_bytes_max {
            expected.push(("long", line.len().to_string().into_bytes()));
        } else if !line.iter().all(|byte| b" \t\r".contains(byte)) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            expected.push((if line.contains(&b'\r') { "bare return" } else { "line" }, line.to_vec()));
        }
    }
    expected
}

const FRAMED: Limits = Limits { message_bytes_max: 40, ..Limits::DEFAULT };
