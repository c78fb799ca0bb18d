//! One scalar in the layout: as it is written, unless it stands in several lines.

use crate::tree::{Form, Node};

/// `file` is the whole text; lines of the scalar below its first begin with `indent` blanks.
pub(super) fn written(file: &str, node: &Node, indent: usize) -> String {
    let Form::Scalar { text, plain } = &node.form else { return String::new() };
    let source = file.get(node.span.clone()).unwrap_or_default().trim_end();
    if !*plain && !source.starts_with(['"', '\'']) {
        return block(&with_header(file, node), indent);
    }
    if !source.contains('\n') {
        return source.to_owned();
    }
    match source.chars().next() {
        _ if text.contains('\n') => double(text),
        Some('"') => double(text),
        Some('\'') => format!("'{}'", text.replace('\'', "''")),
        _ => text.clone(),
    }
}

/// A block from its `|` or `>` on; the parser counts from its first line or from its header.
fn with_header(file: &str, node: &Node) -> String {
    let (start, end) = (node.span.start, node.span.end);
    if file.get(start..).is_some_and(|rest| rest.starts_with(['|', '>'])) {
        return file.get(start..end).unwrap_or_default().trim_end().to_owned();
    }
    let before = file.get(..start).unwrap_or_default().trim_end();
    let line = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let head = before.get(line..).unwrap_or_default();
    let head = head.split_once(" #").map_or(head, |(head, _)| head).trim_end();
    let mark = head.rfind(['|', '>']).unwrap_or_default();
    let body = file.get(before.len()..end).unwrap_or_default().trim_end();
    let body = body.split_once('\n').map_or("", |(_, body)| body);
    format!("{}\n{body}", head.get(mark..).unwrap_or_default())
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
