//! One scalar in the layout: as it is written, unless it stands in several lines.

use crate::tree::{Form, Node};

/// `source` is the scalar as the file has it; lines below its first begin with `indent` blanks.
pub(super) fn written(source: &str, node: &Node, indent: usize) -> String {
    let Form::Scalar { text, plain } = &node.form else { return String::new() };
    let trimmed = source.trim_end();
    if trimmed.starts_with(['|', '>']) && !*plain {
        return block(trimmed, indent);
    }
    if !trimmed.contains('\n') {
        return trimmed.to_owned();
    }
    match trimmed.chars().next() {
        _ if text.contains('\n') => double(text),
        Some('"') => double(text),
        Some('\'') => format!("'{}'", text.replace('\'', "''")),
        _ => text.clone(),
    }
}

/// A block: its header, then its lines with the indentation changed.
fn block(source: &str, indent: usize) -> String {
    let mut lines = source.lines();
    let mut out = lines.next().unwrap_or_default().trim_end().to_owned();
    let body: Vec<&str> = lines.collect();
    let blanks = |line: &&str| line.len().saturating_sub(line.trim_start_matches(' ').len());
    let least = body.iter().filter(|line| !line.trim().is_empty()).map(blanks).min().unwrap_or(0);
    for line in body {
        out.push('\n');
        let line = if line.trim().is_empty() { "" } else { line.get(least..).unwrap_or_default() };
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out
}

/// In double quotes, in one line.
fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
