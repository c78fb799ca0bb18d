//! Hostile texts cost time in proportion to their length: ten times the text is not a hundred times the work.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test reports and may die")]

use std::time::Duration;

use bailiwick_mcp::framing::Lines;
use bailiwick_mcp::json::Fault;
use bailiwick_mcp::{Limits, Packet, Parser};
use rustix::time::ClockId;

/// One test, so that nothing of ours runs beside what is measured.
#[test]
fn no_text_costs_more_than_its_length() {
    let mut slow = Vec::new();
    for (name, text) in HOSTILE {
        let texts = [SMALL, TIMES * SMALL].map(text);
        slow.extend(above("parse", name, texts.each_ref().map(|text| fastest(|parser| parse(parser, text)))));
        let texts = texts.map(|text| format!(r#"{{"x":{text}}}"#));
        slow.extend(above("id of", name, texts.each_ref().map(|text| fastest(|_| discard(text)))));
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

fn parse(parser: &mut Parser, text: &str) {
    let fault = parser.parse(text.as_bytes(), &LIMITS).err().map(|error| error.fault);
    assert!(matches!(fault, None | Some(Fault::DuplicateKey | Fault::TooDeep)), "{fault:?}");
}

fn discard(text: &str) {
    let mut lines = Lines::new(&Limits { message_bytes_max: 1_000, ..LIMITS });
    for piece in text.as_bytes().chunks(4_096) {
        lines.extend(piece);
        assert!(lines.next().is_none());
    }
    assert!(lines.finish().is_some());
}

#[test]
fn a_million_keys_are_a_limit_not_a_load() {
    let text = HOSTILE.first().unwrap().1(12 << 20);
    let mut parser = Parser::default();
    let limits = Limits { message_bytes_max: 64 << 20, ..Limits::DEFAULT };
    let error = Packet::parse(&mut parser, text.as_bytes(), &limits).unwrap_err();
    assert!(error.to_string().contains("more values than the limit"), "{error}");
}

/// A complaint, if the longer text took more than its share. The rest is left to the machine's caches.
fn above(what: &str, name: &str, [small, large]: [Duration; 2]) -> Option<String> {
    let ratio = large.as_secs_f64() / small.as_secs_f64().max(1e-5);
    let told = format!("{what} {name}: {small:?}, {large:?} for {TIMES} times the text ({ratio:.1})");
    println!("{told}");
    (ratio > 2.5 * TIMES as f64).then_some(told)
}

/// The best of several runs, in processor time of this thread: other work on the machine can only add to it.
fn fastest(work: impl Fn(&mut Parser)) -> Duration {
    let mut parser = Parser::default();
    let run = |_| {
        let start = processor_time();
        work(&mut parser);
        processor_time().saturating_sub(start)
    };
    (0..5).map(run).min().unwrap()
}

fn processor_time() -> Duration {
    rustix::time::clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

type Text = fn(usize) -> String;

/// Texts of about the asked number of bytes, each the worst for some part of the parser.
const HOSTILE: &[(&str, Text)] = &[
    ("keys that differ in their last byte", |size| members(size, |index| format!("key_{index:012}"))),
    ("keys that differ in their middle", |size| {
        members(size, |index| format!("same_at_the_start{index:010}same_at_the_end"))
    }),
    ("keys of one letter and its escape", |size| members(size, |index| format!("\\u006b{index}"))),
    ("long keys", |size| members(size, |index| "k".repeat(2_000) + &index.to_string())),
    ("objects of 24 long keys", |size| {
        let keys: Vec<String> =
            (0..24).map(|index| format!(r#""{}{index:02}":0"#, "k".repeat(200))).collect();
        list(size, &format!("{{{}}}", keys.join(",")))
    }),
    ("objects of 25 short keys", |size| {
        let keys: Vec<String> = (0..25).map(|index| format!(r#""k{index}":0"#)).collect();
        list(size, &format!("{{{}}}", keys.join(",")))
    }),
    ("the same key again and again", |size| members(size, |_| "same".to_owned())),
    ("deep objects, one beside the other", |size| {
        list(size, &format!("{}7{}", r#"{"a":"#.repeat(100), "}".repeat(100)))
    }),
    ("arrays without an end", |size| "[".repeat(size)),
    ("objects without an end", |size| r#"{"a":"#.repeat(size / 5)),
    ("long numbers", |size| list(size, &format!("{}.{}e-{}", "9".repeat(300), "7".repeat(700), 300))),
    ("short numbers", |size| list(size, "0")),
    ("escapes", |size| format!("\"{}\"", "\\ud83e\\udd80".repeat(size / 12))),
    ("backslashes", |size| format!("\"{}\"", "\\\\".repeat(size / 2))),
    ("white space", |size| format!("{}7{}", " ".repeat(size / 2), "\t".repeat(size / 2))),
    ("empty containers", |size| list(size, "{},[]")),
];

fn members(size: usize, key: impl Fn(usize) -> String) -> String {
    let mut text = String::from("{");
    for index in 0.. {
        text.push_str(&format!("\"{}\":0", key(index)));
        if text.len() >= size {
            break;
        }
        text.push(',');
    }
    text + "}"
}

fn list(size: usize, element: &str) -> String {
    let count = (size / (element.len() + 1)).max(1);
    format!("[{}]", vec![element; count].join(","))
}

const SMALL: usize = 32 << 10;
const TIMES: usize = 10;
const LIMITS: Limits = Limits { message_bytes_max: 64 << 20, values_max: 16 << 20, ..Limits::DEFAULT };
