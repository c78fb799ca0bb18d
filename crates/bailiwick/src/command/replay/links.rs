//! The links that the decisions of a trace or an audit log recorded, gathered before they are decided again.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use bailiwick_analysis::replay::Fact;
use serde_json::Value;

/// Most links of one file.
const FACTS_MAX: usize = 100_000;
/// A longer line holds no decision that a trace or an audit log would write, in bytes.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// Every recorded link of `path`, in the order of the lines.
pub(super) fn facts(path: &Path) -> std::io::Result<Vec<Fact>> {
    let mut input = BufReader::with_capacity(256 << 10, bailiwick_disk::open(path)?);
    let (mut out, mut line, mut number) = (Vec::new(), Vec::new(), 0);
    while out.len() < FACTS_MAX {
        line.clear();
        if input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let whole = line.ends_with(b"\n");
        if !whole && line.len() as u64 == LINE_BYTES_MAX {
            input.skip_until(b'\n')?;
        }
        number += 1;
        let text = String::from_utf8_lossy(&line);
        if text.contains(r#""source":"link""#) {
            out.extend(
                serde_json::from_str(&text).ok().into_iter().flat_map(|record| links(&record, number)),
            );
        }
    }
    Ok(out)
}

fn links(record: &Value, line: u64) -> Vec<Fact> {
    // A trace has the decision inside; an audit log is nothing but decisions.
    let reasons = record.get("decision").unwrap_or(record).get("reasons");
    let link = |reason: &Value| {
        let text = |key: &str| reason.get(key).and_then(Value::as_str).map(str::to_owned);
        let is_link = reason.get("source").and_then(Value::as_str) == Some("link");
        is_link.then(|| text("text").map(|own| Fact { line, text: own, to: text("to") })).flatten()
    };
    reasons.and_then(Value::as_array).into_iter().flatten().filter_map(link).collect()
}
