//! One record as one line for people. Whatever an agent or server put into it is made visible first.

use std::fmt::Write as _;

use bailiwick_engine::visible;
use serde_json::Value;

use super::read::{Reason, Record};

/// How to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Colour by ANSI escapes. Everything can be read without.
    pub colour: bool,
}

/// `record` as one line without its end: time, mark, what happened, why, and how long it took.
#[must_use]
pub fn render_line(record: &Record, style: Style) -> String {
    let mut line = String::new();
    let time = record.time.get(11..26).unwrap_or(&record.time);
    paint(&mut line, style, DIM, &visible(time));
    let _ = write!(line, " {:>6} ", record.seq);
    match record.kind.as_str() {
        "decision" | "malformed" | "approval" | "opinion" => decision(&mut line, record, style),
        "outcome" => outcome(&mut line, record, style),
        _ => event(&mut line, record, style),
    }
    line
}

fn decision(line: &mut String, record: &Record, style: Style) {
    let verdict = record.text("verdict").unwrap_or(&record.kind);
    let (mark, colour) = match verdict {
        "allow" => ("✓", GREEN),
        "deny" => ("✗", RED),
        "ask" => ("?", YELLOW),
        _ => ("!", YELLOW),
    };
    paint(line, style, colour, &format!("{mark} {:<5}", visible(verdict)));
    if record.kind != "decision" && verdict != record.kind {
        let _ = write!(line, " {}", visible(&record.kind));
    }
    subject(line, record);
    let mut reasons = record.reasons();
    if let Some(reason) = reasons.next() {
        line.push_str("  ");
        paint(line, style, DIM, &because(&reason, reasons.count()));
    }
    if let Some(message) = record.text("message") {
        let _ = write!(line, "  {}", visible(message));
    }
    took(line, record);
}

fn outcome(line: &mut String, record: &Record, style: Style) {
    let outcome = record.text("outcome").unwrap_or("unknown");
    let (mark, colour) = match outcome {
        "succeeded" => ("·", GREEN),
        "failed" => ("!", RED),
        _ => ("~", YELLOW),
    };
    paint(line, style, colour, &format!("{mark} {}", visible(outcome)));
    for key in ["of", "call"] {
        if let Some(number) = record.number(key) {
            let _ = write!(line, " ({key} {number})");
        }
    }
    subject(line, record);
    took(line, record);
}

/// Any other kind: its name and its members that are short.
fn event(line: &mut String, record: &Record, style: Style) {
    paint(line, style, BOLD, &format!("# {}", visible(&record.kind)));
    let noise = ["hash", "signature", "public_key", "run", "time"];
    for (key, value) in record.members.iter().filter(|(key, _)| !noise.contains(&key.as_str())) {
        let text = match value {
            Value::String(text) => visible(text),
            other => visible(&other.to_string()),
        };
        let _ = write!(line, " {}={}", visible(key), shortened(&text));
    }
}

/// Direction, method, target.
fn subject(line: &mut String, record: &Record) {
    line.push_str(match record.text("direction") {
        Some("to_server") => " →",
        Some("to_client") => " ←",
        _ => "",
    });
    for key in ["server", "method", "target"] {
        if let Some(text) = record.text(key) {
            let _ = write!(line, " {}", shortened(&visible(text)));
        }
    }
}

fn because(reason: &Reason<'_>, more: usize) -> String {
    let mut text = format!("[{} {}", visible(reason.source), visible(reason.id));
    if let Some(file) = reason.file {
        let _ = write!(text, " {}", visible(file));
        if let Some(line) = reason.line {
            let _ = write!(text, ":{line}");
        }
    }
    if let Some(message) = reason.message {
        let _ = write!(text, ": {}", shortened(&visible(message)));
    }
    if more > 0 {
        let _ = write!(text, "; {more} more");
    }
    text.push(']');
    text
}

fn took(line: &mut String, record: &Record) {
    if let Some(micros) = record.number("latency_us") {
        let _ = match micros {
            0..10_000 => write!(line, "  {micros} µs"),
            10_000..10_000_000 => write!(line, "  {} ms", micros / 1_000),
            _ => write!(line, "  {} s", micros / 1_000_000),
        };
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
    }
}

fn paint(line: &mut String, style: Style, colour: &str, text: &str) {
    if style.colour {
        let _ = write!(line, "\x1b[{colour}m{text}\x1b[0m");
    } else {
        line.push_str(text);
    }
}

const TEXT_CHARACTERS_MAX: usize = 120;
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &str) -> String {
        render_line(&Record::parse(line.as_bytes()).unwrap(), Style { colour: false })
    }

    #[test]
    fn records_read_as_lines() {
        let cases = [
            (
                r#"{"seq":7,"time":"2026-11-21T02:45:00.123456Z","kind":"decision","direction":"to_server","server":"fs","method":"tools/call","target":"read_file","verdict":"deny","reasons":[{"source":"rule","id":"no-secrets","file":"standard.yaml","line":12,"message":"credential files"},{"source":"default","id":"default"}],"latency_us":84}"#,
                "02:45:00.123456      7 ✗ deny  → fs tools/call read_file  [rule no-secrets standard.yaml:12: credential files; 1 more]  84 µs",
            ),
            (
                r#"{"seq":8,"time":"2026-11-21T02:45:00.123456Z","kind":"decision","direction":"to_client","method":"ping","verdict":"allow","latency_us":20500}"#,
                "02:45:00.123456      8 ✓ allow ← ping  20 ms",
            ),
            (
                r#"{"seq":9,"time":"2026-11-21T02:45:00.123456Z","kind":"outcome","of":8,"call":3,"outcome":"failed","latency_us":11000000}"#,
                "02:45:00.123456      9 ! failed (of 8) (call 3)  11 s",
            ),
            (
                r#"{"seq":10,"time":"2026-11-21T02:45:00.123456Z","kind":"malformed","verdict":"deny","direction":"to_server","message":"duplicate key"}"#,
                "02:45:00.123456     10 ✗ deny  malformed →  duplicate key",
            ),
            (
                r#"{"seq":11,"time":"2026-11-21T02:45:00.123456Z","kind":"repair","cause":"crash","torn_bytes":12,"hash":"x"}"#,
                "02:45:00.123456     11 # repair cause=crash torn_bytes=12",
            ),
        ];
        for (line, wanted) in cases {
            assert_eq!(plain(line), wanted);
        }
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let record = Record::parse(
            br#"{"seq":1,"time":"2026-11-21T02:45:00.123456Z","kind":"decision","verdict":"ask","method":"tools/call"}"#,
        )
        .unwrap();
        let coloured = render_line(&record, Style { colour: true });
        assert!(coloured.contains("\x1b[33m? ask  \x1b[0m"));
        let mut stripped = coloured;
        for code in ["0", BOLD, DIM, RED, GREEN, YELLOW] {
            stripped = stripped.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(stripped, render_line(&record, Style { colour: false }));
    }

    #[test]
    fn hidden_characters_show() {
        let line = plain(
            "{\"seq\":1,\"time\":\"\\u001b[2J\",\"kind\":\"decision\",\"verdict\":\"allow\\u009b\",\"target\":\"a\\u202eb\\u200b\\nc\\udb40\\udc41\u{a0}\",\"reasons\":[{\"source\":\"rule\",\"id\":\"\\u001b]0;x\\u0007\"}]}",
        );
        assert!(line.contains("a<U+202E>b<U+200B><U+000A>c<U+E0041><U+00A0>"), "{line}");
        assert_eq!(visible(&line), line);
    }

    #[test]
    fn a_long_target_is_shortened() {
        let target = "é".repeat(500);
        let line = plain(&format!(
            r#"{{"seq":1,"time":"t","kind":"decision","verdict":"allow","target":"{target}"}}"#
        ));
        assert!(line.ends_with(&format!("{}…", "é".repeat(TEXT_CHARACTERS_MAX))));
    }
}
