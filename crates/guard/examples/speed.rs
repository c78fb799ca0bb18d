//! Prints µs per 10 KB for each guard, and per 1 KB of call arguments for redaction.
//!
//! `cargo run --release -p bailiwick-guard --example speed`; `bailiwick guards bench --speed` takes the time of real texts.
#![expect(clippy::print_stdout, reason = "an example prints its result")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example takes the time")]

use std::hint::black_box;
use std::time::Instant;

use bailiwick_guard::{Guard, Scanner, strip_hidden};
use bailiwick_mcp::{Limits, Parser};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scanner = Scanner::new();
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
