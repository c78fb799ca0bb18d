//! Trains the linear model of the `injection` guard from a folder of JSON lines.
//!
//! `cargo run --release -p bailiwick-guard --example train -- FOLDER crates/guard/model [--folds SCORES.jsonl]`
//!
//! All `*.jsonl` of the folder and of the second one, where our own rows stand, are read. Rows have `text` and `label`, and `payload` where the attack is a part of the text. Rows of the tiers `quote` and
//! `unmarked` are left out: what they are depends on who asked. The same rows give the same bytes: the order is that of
//! their hashes, and all arithmetic is in `f32` without functions of the platform. With `--folds` nothing is written but the
//! value of every row by a model that has seen neither its group nor its kind of group.
#![expect(clippy::print_stdout, reason = "an example prints its result")]
#![expect(clippy::disallowed_methods, reason = "an example reads its arguments and files")]
#![expect(clippy::indexing_slicing, reason = "buckets are below the length of the weights")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bailiwick_guard::model::{BUCKETS, STRIDE_BYTES, WINDOW_BYTES, features, normalise};
use bailiwick_mcp::{Limits, Parser, Value};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(folder), Some(out)) = (arguments.first(), arguments.get(1)) else {
        return Err("usage: train FOLDER OUT [--folds SCORES.jsonl]".into());
    };
    // Our own rows stand beside the blob; the folder brings the rest.
    let data = Data::read(&[Path::new(folder), Path::new(out)])?;
    if let Some(scores) = arguments.iter().position(|argument| argument == "--folds") {
        return folds(&data, arguments.get(scores + 1).ok_or("--folds needs a file")?);
    }
    let model = Model::train(&data.rows.iter().collect::<Vec<_>>());
    let out = Path::new(out);
    std::fs::write(out.join("injection.bin"), model.bytes())?;
    std::fs::write(out.join("injection.manifest.json"), data.manifest(&model.bytes()))?;
    println!(
        "{} rows, {} windows",
        data.rows.len(),
        data.rows.iter().map(|row| row.windows.len()).sum::<usize>()
    );
    Ok(())
}

struct Row {
    place: String,
    group: String,
    is_attack: bool,
    is_trained: bool,
    hash: u64,
    /// The buckets of every window that is learned from.
    windows: Vec<Vec<u32>>,
    /// Those that are judged.
    judged: Vec<Vec<u32>>,
}

struct Data {
    rows: Vec<Row>,
    files: Vec<(String, usize, u64)>,
    sources: BTreeMap<String, usize>,
    licences: BTreeMap<String, usize>,
}

impl Data {
    fn read(folders: &[&Path]) -> Outcome<Data> {
        let mut files: Vec<PathBuf> = Vec::new();
        for folder in folders {
            for entry in std::fs::read_dir(folder)? {
                files.push(entry?.path());
            }
        }
        files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
        let mut data =
            Data { rows: Vec::new(), files: Vec::new(), sources: BTreeMap::new(), licences: BTreeMap::new() };
        let mut parser = Parser::default();
        for path in files {
            let text = std::fs::read_to_string(&path)?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let mut used = 0;
            for (at, line) in text.lines().enumerate() {
                let Ok(document) = parser.parse(line.as_bytes(), &Limits::DEFAULT) else { continue };
                let Some(row) = Row::read(document.root(), format!("{name}:{}", at + 1)) else { continue };
                used += 1;
                let of =
                    |key| document.root().get(key).and_then(Value::text).unwrap_or_default().into_owned();
                if row.is_trained {
                    *data
                        .sources
                        .entry(of("source").split([':', '(']).next().unwrap_or_default().trim().to_owned())
                        .or_default() += 1;
                    *data.licences.entry(of("licence")).or_default() += 1;
                }
                data.rows.push(row);
            }
            if used > 0 {
                data.files.push((name, used, fnv(text.as_bytes())));
            }
        }
        data.rows.sort_by_key(|row| row.hash);
        Ok(data)
    }

    fn manifest(&self, blob: &[u8]) -> String {
        let mut out = String::from("{\n  \"files\": [\n");
        for (at, (name, rows, hash)) in self.files.iter().enumerate() {
            let comma = if at + 1 < self.files.len() { "," } else { "" };
            let _ = writeln!(
                out,
                "    {{ \"name\": {name:?}, \"rows\": {rows}, \"fnv1a64\": \"{hash:016x}\" }}{comma}"
            );
        }
        let _ = writeln!(out, "  ],\n  \"blob_fnv1a64\": \"{:016x}\",", fnv(blob));
        for (title, counts) in [("licences", &self.licences), ("sources", &self.sources)] {
            let _ = writeln!(out, "  {title:?}: {{");
            for (at, (name, rows)) in counts.iter().enumerate() {
                let comma = if at + 1 < counts.len() { "," } else { "" };
                let _ = writeln!(out, "    {name:?}: {rows}{comma}");
            }
            let _ = writeln!(out, "  }}{}", if title == "licences" { "," } else { "" });
        }
        out.push_str("}\n");
        out
    }
}

impl Row {
    fn read(value: Value<'_>, place: String) -> Option<Row> {
        let of = |key| value.get(key).and_then(Value::text).map(std::borrow::Cow::into_owned);
        let text = of("text")?;
        let is_attack = value.get("label").and_then(Value::integer)? == 1;
        let tier = of("tier").unwrap_or_default();
        let is_trained = match tier.as_str() {
            "quote" | "unmarked" | "human_noisy" | "peer_tests" | "held" => false,
            // What was encoded is judged decoded; of those the payload in plain letters is not at hand.
            "evasion" => false,
            _ => true,
        };
        let normal = normalise(&text);
        let judged = windows(&normal);
        let payload = of("payload").map(|payload| normalise(&payload)).unwrap_or_default();
        let windows = match (is_attack, normal.find(&payload)) {
            (true, Some(start)) if !payload.is_empty() => attacked(&normal, start, start + payload.len()),
            (true, _) => judged.clone(),
            // Short texts too, or being short would pass for a sign of attacks.
            (false, _) => judged.iter().cloned().chain(pieces(&normal)).collect(),
        };
        Some(Row {
            place,
            group: of("group").unwrap_or_default(),
            is_attack,
            is_trained,
            hash: fnv(text.as_bytes()),
            windows,
            judged,
        })
    }
}

fn windows(text: &str) -> Vec<Vec<u32>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let end = text.floor_char_boundary(at + WINDOW_BYTES);
        found.push(buckets(text.get(text.floor_char_boundary(at)..end).unwrap_or_default()));
        at += STRIDE_BYTES;
        if end >= text.len() || found.len() >= WINDOWS_MAX {
            return found;
        }
    }
}

/// Pieces of a sentence's length.
fn pieces(text: &str) -> Vec<Vec<u32>> {
    let starts = (0..text.len()).step_by(520).take(PIECES_MAX);
    let piece = |start: usize| {
        let from = text.floor_char_boundary(start);
        let to = text.floor_char_boundary(start + 50 + start % 130);
        buckets(text.get(from..to).unwrap_or_default())
    };
    starts.map(piece).filter(|piece| piece.len() > 40).collect()
}

const PIECES_MAX: usize = 8;

/// Of one text; a long one must not outweigh all others.
const WINDOWS_MAX: usize = 40;

/// The payload alone, and windows that hold most of it.
fn attacked(text: &str, start: usize, end: usize) -> Vec<Vec<u32>> {
    let part = |from: usize, to: usize| {
        buckets(text.get(text.floor_char_boundary(from)..text.floor_char_boundary(to)).unwrap_or_default())
    };
    let end = end.min(start + 2 * WINDOW_BYTES);
    let mut found = vec![part(start, end.min(start + WINDOW_BYTES))];
    for lead in [40, 120, 240] {
        let from = start.saturating_sub(lead);
        let to = (from + WINDOW_BYTES).min(text.len());
        if to >= end.min(start + 200) {
            found.push(part(from, to));
        }
    }
    found
}

fn buckets(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    features(text, &mut |bucket| found.push(u32::try_from(bucket).unwrap_or(0)));
    found.sort_unstable();
    found.dedup();
    found
}

struct Model {
    weights: Vec<f32>,
    intercept: f32,
}

const EPOCHS: usize = 6;
const RATE: f32 = 0.1;
const DECAY: f32 = 3e-5;

impl Model {
    /// Logistic regression by AdaGrad, every attack weighed so that both classes count the same.
    fn train(rows: &[&Row]) -> Model {
        let mut samples: Vec<(&Vec<u32>, bool)> = Vec::new();
        for row in rows.iter().filter(|row| row.is_trained) {
            samples.extend(
                row.windows.iter().filter(|window| !window.is_empty()).map(|window| (window, row.is_attack)),
            );
        }
        let attacks = samples.iter().filter(|sample| sample.1).count().max(1);
        let weight = count(samples.len() - attacks.min(samples.len())) / count(attacks) / 2.0;
        let mut model = Model { weights: vec![0.0; 2 * BUCKETS], intercept: -1.0 };
        let mut squares = vec![1e-3_f32; 2 * BUCKETS];
        let mut square = 1e-3_f32;
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..EPOCHS {
            for at in (1..order.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let other = usize::try_from((state >> 33) % (at as u64 + 1)).unwrap_or(0);
                order.swap(at, other);
            }
            for sample in &order {
                let (window, is_attack) = samples[*sample];
                let norm = 1.0 / count(window.len()).sqrt();
                let error = sigmoid(model.logit(window)) - if is_attack { 1.0 } else { 0.0 };
                let error = error * if is_attack { weight } else { 1.0 };
                let step = error * norm;
                for bucket in window {
                    let bucket = *bucket as usize;
                    let slope = step + DECAY * model.weights[bucket];
                    squares[bucket] += slope * slope;
                    model.weights[bucket] -= RATE * slope / squares[bucket].sqrt();
                }
                square += error * error;
                model.intercept -= RATE * 0.1 * error / square.sqrt();
            }
        }
        model
    }

    fn logit(&self, window: &[u32]) -> f32 {
        let sum: f32 = window.iter().map(|bucket| self.weights[*bucket as usize]).sum();
        sum / count(window.len()).sqrt() + self.intercept
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounded and clamped")]
    fn bytes(&self) -> Vec<u8> {
        // A few great weights would leave nothing for the rest: the scale is that of the thousandth greatest.
        let mut sizes: Vec<f32> = self.weights.iter().map(|weight| weight.abs()).collect();
        sizes.sort_by(f32::total_cmp);
        let top = sizes[sizes.len() - 64].max(1e-6);
        let scale = top / 127.0;
        let mut bytes: Vec<u8> = self
            .weights
            .iter()
            .map(|weight| ((weight / scale).round().clamp(-127.0, 127.0) as i8).cast_unsigned())
            .collect();
        bytes.extend(((scale * 1e6).round() as i32).to_le_bytes());
        bytes.extend(((self.intercept * 1e6).round() as i32).to_le_bytes());
        bytes
    }
}

/// `1 / (1 + e^-x)`, with an `e` of multiplications alone, so that every machine has the same.
fn sigmoid(x: f32) -> f32 {
    let power = (-x).clamp(-20.0, 20.0) / 64.0;
    let mut exponential = 1.0 + power * (1.0 + power * (0.5 + power * (1.0 / 6.0 + power / 24.0)));
    for _ in 0..6 {
        exponential *= exponential;
    }
    1.0 / (1.0 + exponential)
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn count(number: usize) -> f32 {
    number as f32
}

const FOLDS: u64 = 5;

fn folds(data: &Data, out: &str) -> Outcome<()> {
    let fold = |row: &Row| fnv(row.group.as_bytes()) % FOLDS;
    let mut text = String::new();
    for held in 0..FOLDS {
        let rows: Vec<&Row> = data.rows.iter().filter(|row| fold(row) != held).collect();
        let model = Model::train(&rows);
        for row in data.rows.iter().filter(|row| fold(row) == held) {
            let best = row.judged.iter().map(|window| model.logit(window)).fold(f32::MIN, f32::max);
            let _ = writeln!(
                text,
                "{{\"place\":{:?},\"label\":{},\"logit\":{best}}}",
                row.place,
                u8::from(row.is_attack)
            );
        }
        println!("fold {held}: {} rows held out", data.rows.iter().filter(|row| fold(row) == held).count());
    }
    std::fs::write(out, text)?;
    Ok(())
}

/// FNV-1a, 64 bits: to name data, not to protect it.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Data, Model, fnv};

    /// What our own rows alone make.
    const OWN_BLOB: u64 = 0xad8a_119c_c2ab_5eca;

    fn folder() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/model"))
    }

    #[test]
    fn the_same_rows_make_the_same_blob_byte_for_byte() {
        let data = Data::read(&[folder()]).unwrap();
        assert!(data.rows.len() > 1_000);
        let blob = Model::train(&data.rows.iter().collect::<Vec<_>>()).bytes();
        assert_eq!(fnv(&blob), OWN_BLOB, "{:016x}", fnv(&blob));
    }

    #[test]
    fn the_manifest_names_the_blob_and_our_rows() {
        let file = |name: &str| std::fs::read(folder().join(name)).unwrap();
        let manifest = String::from_utf8(file("injection.manifest.json")).unwrap();
        for name in ["injection.bin", "own.jsonl"] {
            assert!(manifest.contains(&format!("{:016x}", fnv(&file(name)))), "{name}");
        }
    }
}
