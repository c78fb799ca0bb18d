//! What the guards cost: time for ordinary texts, and for texts that are made to cost.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use bailiwick_guard::{Guard, Scanner};
use serde_json::{Value as Json, json};

use super::hostile;

/// Shorter texts say little about a rate, in bytes.
const ORDINARY_BYTES_MIN: usize = 2_048;
/// Each is read so often, and the fastest time counts: what else the machine did is not what the guards cost.
const ROUNDS: usize = 5;

/// Times of texts.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// Milliseconds for each 10 KB of an ordinary text.
    ordinary: Vec<f64>,
    /// Milliseconds for each hostile text.
    hostile: Vec<(&'static str, f64)>,
}

impl Costs {
    /// Takes the time of an ordinary text.
    pub(super) fn take(&mut self, scanner: &Scanner, text: &str) {
        if text.len() >= ORDINARY_BYTES_MIN {
            self.ordinary.push(milliseconds(scanner, text) * 10_240.0 / length(text));
        }
    }

    /// Takes the times of texts that are made to cost.
    pub(super) fn take_hostile(&mut self, scanner: &Scanner) {
        self.hostile = hostile::texts()
            .iter()
            .map(|(name, text)| {
                (*name, milliseconds(scanner, text) * length_of(hostile::BYTES) / length(text))
            })
            .collect();
        self.hostile.sort_by(|one, other| other.1.total_cmp(&one.1));
        self.ordinary.sort_by(f64::total_cmp);
    }

    fn at(&self, thousandth: usize) -> f64 {
        let last = self.ordinary.len().saturating_sub(1);
        self.ordinary.get((self.ordinary.len() * thousandth / 1_000).min(last)).copied().unwrap_or(0.0)
    }

    /// Markdown.
    pub(super) fn tables(&self) -> String {
        let mut out = format!(
            "### speed\n\n| ordinary texts of 2 KB or more | p50 | p90 | p99 | slowest |\n|---|---|---|---|---|\n\
             | {}, ms per 10 KB | {:.3} | {:.3} | {:.3} | {:.3} |\n\n| 1 MB that is made to cost | ms |\n|---|---|\n",
            self.ordinary.len(),
            self.at(500),
            self.at(900),
            self.at(990),
            self.at(1_000),
        );
        for (name, time) in &self.hostile {
            let _ = writeln!(out, "| {name} | {time:.1} |");
        }
        out.push('\n');
        out
    }

    pub(super) fn document(&self) -> Json {
        let hostile: serde_json::Map<String, Json> =
            self.hostile.iter().map(|(name, time)| ((*name).to_owned(), json!(time))).collect();
        json!({
            "ordinary_texts": self.ordinary.len(),
            "ordinary_ms_per_10_kb": { "p50": self.at(500), "p90": self.at(900), "p99": self.at(990), "slowest": self.at(1_000) },
            "hostile_ms_per_mb": hostile,
        })
    }
}

/// What a run does with a text of an answer, as a usual policy has it.
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

fn milliseconds(scanner: &Scanner, text: &str) -> f64 {
    let round = |_| {
        let start = Instant::now();
        inspect(scanner, text);
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

fn length(text: &str) -> f64 {
    length_of(text.len())
}

#[expect(clippy::cast_precision_loss, reason = "a length of some megabytes")]
fn length_of(bytes: usize) -> f64 {
    bytes as f64
}
