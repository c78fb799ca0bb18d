//! Prints how often each guard finds something in a labelled corpus, and optionally which rows.
//!
//! `cargo run --release -p bailiwick-guard --example measure -- FILE.jsonl GROUP-FIELD [GUARD GROUP]`
//! Each line is an object with `text` and the field to group by; with a guard and a group, the rows of the group are
//! listed: what was found, or `-` for nothing.
#![expect(clippy::print_stdout, reason = "an example prints its result")]
#![expect(clippy::disallowed_methods, reason = "an example reads its arguments and files")]

use std::collections::BTreeMap;

use bailiwick_guard::{Guard, Scanner};
use bailiwick_mcp::{Limits, Parser};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(file), Some(field)) = (arguments.first(), arguments.get(1)) else {
        return Err("usage: measure FILE.jsonl GROUP-FIELD [GUARD GROUP]".into());
    };
    let listed = arguments.get(2).zip(arguments.get(3));
    let scanner = Scanner::new();
    let mut parser = Parser::default();
    let mut table: BTreeMap<String, (usize, [usize; 3])> = BTreeMap::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let Ok(document) = parser.parse(line.as_bytes(), &Limits::DEFAULT) else { continue };
        let row = document.root();
        let Some(text) = row.get("text").and_then(|text| text.text()) else { continue };
        let group = row.get(field).map(|value| value.raw().trim_matches('"').to_owned()).unwrap_or_default();
        let label = row.get("label").map_or("", |label| label.raw());
        let group = format!("{label} {group}");
        let counts = table.entry(group.clone()).or_default();
        counts.0 += 1;
        for (guard, count) in Guard::ALL.iter().zip(&mut counts.1) {
            let mut findings = Vec::new();
            let _ = scanner.scan(*guard, &text, &mut findings);
            *count += usize::from(!findings.is_empty());
            if listed.is_some_and(|(name, wanted)| name == guard.as_str() && *wanted == group) {
                let id = row.get("id").map_or("", |id| id.raw());
                let found = |f: &bailiwick_guard::Finding| {
                    format!("{}={:?}", f.code, text.get(f.span.clone()).unwrap_or("BAD SPAN"))
                };
                let found: Vec<String> = findings.iter().map(found).collect();
                println!("{id}\t{}", if found.is_empty() { "-".to_owned() } else { found.join(" ;; ") });
            }
        }
    }
    if listed.is_none() {
        println!("{:>6}  {:>11} {:>11} {:>11}  group", "rows", "hidden-text", "injection", "secrets");
        for (group, (rows, counts)) in table {
            let [hidden, injection, secrets] = counts.map(|count| percent(count, rows));
            println!("{rows:>6}  {hidden:>11} {injection:>11} {secrets:>11}  {group}");
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn percent(count: usize, rows: usize) -> String {
    format!("{:.2} %", count as f64 * 100.0 / rows as f64)
}
