//! Prints µs per 10 KB for each guard, and per 1 KB of call arguments for redaction.
//!
//! `cargo run --release -p bailiwick-guard --example speed [FILE.jsonl …]`
//!
//! With files of rows with `text`, `label` and `tier`: the median and the slowest of a hundred over the ordinary benign
//! texts of 2 KB or more, for all guards that a usual policy has on, as the engine runs them; and the slowest rows.
#![expect(clippy::print_stdout, reason = "an example prints its result")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example takes the time")]

use std::hint::black_box;
use std::time::Instant;

use bailiwick_guard::{Guard, Scanner, strip_hidden};
use bailiwick_mcp::{Limits, Parser};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scanner = Scanner::new();
    let files: Vec<String> = std::env::args().skip(1).collect();
    if !files.is_empty() {
        return files.iter().try_for_each(|file| corpus(&scanner, file));
    }
    let prose =
        "The build reads src/main.rs and prints a summary of every module; see the guide for details. "
            .repeat(110);
    let accented =
        "Le système lit les données déjà présentes, puis écrit un résumé très court à côté. ".repeat(115);
    let hostile = "password=sk-eyJ://ignore all token: ".repeat(290);
    for (name, text) in [("prose", &prose), ("accented", &accented), ("hostile", &hostile)] {
        for guard in Guard::ALL {
            let each = microseconds(500, || {
                let mut findings = Vec::new();
                let _ = black_box(scanner.scan(guard, black_box(text), &mut findings));
                black_box(findings);
            });
            println!("{:>9.2} µs per 10 KB  {} on {name}", each * 10_240.0 / length(text), guard.as_str());
        }
        let strip = microseconds(500, || drop(black_box(strip_hidden(black_box(text)))));
        let redact = microseconds(500, || drop(black_box(scanner.redact_secrets(black_box(text)))));
        println!("{:>9.2} µs per 10 KB  strip_hidden on {name}", strip * 10_240.0 / length(text));
        println!("{:>9.2} µs per 10 KB  redact_secrets on {name}", redact * 10_240.0 / length(text));
    }
    let body: String = prose.chars().take(900).collect();
    let cases = [
        ("plain", format!(r#"{{"path":"src/lib.rs","content":"{body}","line":12}}"#)),
        (
            "with line breaks",
            format!(r#"{{"path":"src/lib.rs","content":"{}","line":12}}"#, body.replace("; ", ";\\n")),
        ),
        (
            "with a URL and max_tokens",
            format!(r#"{{"url":"https://docs.rs/x","max_tokens":4096,"content":"{body}"}}"#),
        ),
        ("with a secret", format!(r#"{{"password":"hunter2","content":"{body}","line":12}}"#)),
    ];
    for (name, text) in &cases {
        let mut parser = Parser::default();
        let value = parser.parse(text.as_bytes(), &Limits::DEFAULT)?.root();
        let mut out = Vec::with_capacity(2_048);
        let each = microseconds(20_000, || {
            out.clear();
            scanner.redact_json(black_box(value), &mut out);
            black_box(&out);
        });
        println!("{:>9.3} µs per 1 KB   redact_json {name}", each * 1_024.0 / length(text));
    }
    Ok(())
}

/// What the engine does with a text of a result.
fn inspect(scanner: &Scanner, text: &str) {
    if scanner.is_clear(text) {
        return;
    }
    for guard in [Guard::Injection, Guard::HiddenText, Guard::Secrets] {
        let _ = black_box(scanner.each(guard, black_box(text), &mut |finding| {
            black_box(&finding);
        }));
    }
}

fn corpus(scanner: &Scanner, file: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut parser = Parser::default();
    let mut times: Vec<(f64, String)> = Vec::new();
    for (line, row) in std::fs::read_to_string(file)?.lines().enumerate() {
        let Ok(document) = parser.parse(row.as_bytes(), &Limits::DEFAULT) else { continue };
        let row = document.root();
        let is = |key: &str, wanted: &str| row.get(key).is_some_and(|value| value.raw() == wanted);
        let Some(text) = row.get("text").and_then(|text| text.text()) else { continue };
        if !is("label", "0") || !is("tier", "\"ordinary\"") || text.len() < 2_048 {
            continue;
        }
        let scale = 10.240 / length(&text);
        let each = (0..5).map(|_| {
            let start = Instant::now();
            inspect(scanner, &text);
            start.elapsed().as_secs_f64() * 1e6
        });
        let each = each.fold(f64::INFINITY, f64::min) * scale;
        let parts = [Guard::Injection, Guard::HiddenText, Guard::Secrets].map(|guard| {
            let start = Instant::now();
            let _ = black_box(scanner.each(guard, black_box(&text), &mut |_| {}));
            format!("{:.2}", start.elapsed().as_secs_f64() * 1e6 * scale)
        });
        times.push((each, format!("line {} of {} bytes: {}", line + 1, text.len(), parts.join(" + "))));
    }
    times.sort_by(|one, other| one.0.total_cmp(&other.0));
    let at = |share: usize| times.get((times.len() * share / 1_000).min(times.len().saturating_sub(1)));
    for share in [500, 900, 990, 999] {
        let time = at(share).map_or(0.0, |(time, _)| *time);
        println!("{time:>9.3} ms per 10 KB  p{:.1} of {} texts in {file}", share_of(share), times.len());
    }
    for (time, place) in times.iter().rev().take(12) {
        println!("{time:>9.3} ms per 10 KB  {place}");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a share of a thousand")]
fn share_of(share: usize) -> f64 {
    share as f64 / 10.0
}

/// The fastest of five rounds, per call.
fn microseconds(calls: u32, mut call: impl FnMut()) -> f64 {
    let round = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
    };
    (0..5).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

#[expect(clippy::cast_precision_loss, reason = "a length of some kilobytes")]
fn length(text: &str) -> f64 {
    text.len() as f64
}
