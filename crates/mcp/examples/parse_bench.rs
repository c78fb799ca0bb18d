//! Prints nanoseconds per message for our parser and view, for serde_json's tree and for its raw envelope.
//!
//! `cargo run --release -p bailiwick-mcp --example parse_bench`
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and may die")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Limits, Parser};
use rustix::time::ClockId;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The envelope as a proxy without a parser of its own would read it; nothing below it is looked at.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: &'a str,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

fn main() {
    println!(
        "{:<22}{:>8}{:>12}{:>12}{:>12}{:>12}",
        "message", "bytes", "ours ns", "get ns", "tree ns", "raw ns"
    );
    for (name, message) in [
        ("small objects, 1 KB", small_objects(1_000)),
        ("small objects, 100 KB", small_objects(100_000)),
        ("texts, 1 KB", texts(1_000)),
        ("texts, 100 KB", texts(100_000)),
        ("base64, 100 KB", base64(100_000)),
        ("numbers, 1 KB", numbers(1_000)),
    ] {
        row(name, &message);
    }
}

/// The best of interleaved rounds, in processor time of this thread: other work on the machine can only add to it.
fn row(name: &str, message: &str) {
    let limits = Limits::DEFAULT;
    let bytes = message.as_bytes();
    let mut parser = Parser::default();
    let mut columns: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let times = [
            time(|| {
                black_box(Packet::parse(&mut parser, black_box(bytes), &limits).unwrap());
            }),
            time(|| {
                let Packet::One(message) = Packet::parse(&mut parser, black_box(bytes), &limits).unwrap()
                else {
                    return;
                };
                let params = message.params().unwrap();
                black_box(params.get("name").unwrap().text());
                black_box(params.get("arguments").unwrap().span());
            }),
            time(|| {
                black_box(serde_json::from_slice::<serde_json::Value>(black_box(bytes)).unwrap());
            }),
            time(|| {
                let envelope: Envelope<'_> = serde_json::from_slice(black_box(bytes)).unwrap();
                black_box((
                    envelope.id.map(RawValue::get),
                    envelope.method,
                    envelope.params.map(RawValue::get),
                ));
            }),
        ];
        for (column, time) in columns.iter_mut().zip(times) {
            column.push(time);
        }
    }
    let mut line = format!("{name:<22}{:>8}", bytes.len());
    for column in &columns {
        let best = column.iter().copied().fold(f64::INFINITY, f64::min);
        let _ = write!(line, "{best:>12.0}");
    }
    println!("{line}");
}

/// Nanoseconds per run of `work`, over at least [`ROUND`].
fn time(mut work: impl FnMut()) -> f64 {
    let start = processor_time();
    let mut runs = 0_u32;
    loop {
        for _ in 0..16 {
            work();
        }
        runs += 16;
        let spent = processor_time().saturating_sub(start);
        if spent >= ROUND {
            return spent.as_secs_f64() * 1e9 / f64::from(runs);
        }
    }
}

fn processor_time() -> Duration {
    rustix::time::clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// A `tools/call` whose argument is a list of small objects, of about `bytes` bytes.
fn small_objects(bytes: usize) -> String {
    call(bytes, |index| {
        let done = index % 3 == 0;
        format!(r#"{{"id":{index},"name":"item {index}","tags":["a","b"],"price":{index}.25,"done":{done}}}"#)
    })
}

/// The same with prose, as files and web pages are sent.
fn texts(bytes: usize) -> String {
    call(bytes, |index| {
        format!(
            r#""line {index}: the quick brown fox jumps over the lazy dog, \"twice\"\n and then it rests""#
        )
    })
}

/// The same with one long string, as images are sent.
fn base64(bytes: usize) -> String {
    call(1_000, |index| format!("\"{index}{}\"", "iVBORw0KGgo".repeat(bytes / 11)))
}

fn numbers(bytes: usize) -> String {
    call(bytes, |index| format!("{index}.5,{},-{index}e3", index * 1_000_003))
}

fn call(bytes: usize, element: impl Fn(usize) -> String) -> String {
    let mut list = String::new();
    for index in 0.. {
        if list.len() + 100 > bytes {
            break;
        }
        if index > 0 {
            list.push(',');
        }
        list.push_str(&element(index));
    }
    format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"save","arguments":{{"items":[{list}]}}}}}}"#
    )
}

const ROUNDS: usize = 100;
const ROUND: Duration = Duration::from_millis(4);
