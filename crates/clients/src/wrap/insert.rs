//! Planning what is put in, in the manner of the file.

use super::{Anchor, Piece, Refused, Splice};
use crate::config::{Shape, Stdio};
use crate::tree::{Format, Layout};

/// The pieces that put `ours` before the server's own words.
pub(super) fn plan(
    text: &str,
    format: Format,
    stdio: &Stdio,
    ours: &[String],
) -> Result<Vec<(Piece, Splice)>, Refused> {
    let (binary, rest) = ours.split_first().ok_or(Refused::Layout)?;
    match &stdio.shape {
        Shape::Joined { list, layout } => {
            let quoted: Vec<String> = ours.iter().map(|word| quote(word)).collect();
            Ok(vec![head(text, stdio.words().next().map(|word| word.span.start), list, *layout, &quoted)?])
        }
        Shape::Apart { list, .. } => {
            let mut quoted: Vec<String> = rest.iter().map(|word| quote(word)).collect();
            quoted.push(quote(&stdio.program.text));
            let span = stdio.program.span.clone();
            let before = text.get(span.clone()).ok_or(Refused::Layout)?.to_owned();
            let program = piece(Anchor::Program, span, before, quote(binary));
            let words = match list {
                Some((list, layout)) => {
                    let first = stdio.arguments.first().map(|word| word.span.start);
                    head(text, first, list, *layout, &quoted)?
                }
                None => behind(text, format, stdio, &quoted)?,
            };
            Ok(vec![program, words])
        }
    }
}

/// Words at the beginning of a list whose first own word, if there is one, stands at `first`.
fn head(
    text: &str,
    first: Option<usize>,
    list: &std::ops::Range<usize>,
    layout: Layout,
    words: &[String],
) -> Result<(Piece, Splice), Refused> {
    let (at, put) = match layout {
        Layout::Flow => {
            let at = list.start.saturating_add(1);
            let blank = text.get(at..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
            let separator = match (first, blank) {
                (None, _) => "",
                (Some(_), true) => ",",
                (Some(_), false) => ", ",
            };
            (at, format!("{}{separator}", words.join(", ")))
        }
        Layout::Block => {
            let first = first.ok_or(Refused::Layout)?;
            let (line, prefix) = line_before(text, first);
            let dash = prefix.trim();
            if dash != "-" {
                return Err(Refused::Layout);
            }
            let end = line_end(text, first);
            (line, words.iter().map(|word| format!("{prefix}{word}{end}")).collect())
        }
    };
    Ok(piece(Anchor::Head, at..at, String::new(), put))
}

/// A list of words where the entry has none yet.
fn behind(text: &str, format: Format, stdio: &Stdio, words: &[String]) -> Result<(Piece, Splice), Refused> {
    let Shape::Apart { key_span, around, arguments_key, .. } = &stdio.shape else {
        return Err(Refused::Layout);
    };
    let (_, prefix) = line_before(text, key_span.start);
    let end = line_end(text, key_span.start);
    let alone = prefix.chars().all(char::is_whitespace);
    let words = words.join(", ");
    let put = match (format, around) {
        (Format::Json, _) if alone => format!(",{end}{prefix}{}: [{words}]", quote(arguments_key)),
        (Format::Json, _) => format!(", {}: [{words}]", quote(arguments_key)),
        (Format::Toml, Layout::Flow) => format!(", {arguments_key} = [{words}]"),
        (Format::Toml, Layout::Block) => format!("{end}{prefix}{arguments_key} = [{words}]"),
        (Format::Yaml, Layout::Flow) => format!(", {arguments_key}: [{words}]"),
        (Format::Yaml, Layout::Block) => {
            // `- command: x` begins an element: its other keys stand below the first.
            let column: String = prefix.chars().map(|c| if c == '-' { ' ' } else { c }).collect();
            if !column.chars().all(char::is_whitespace) {
                return Err(Refused::Layout);
            }
            format!("{end}{column}{arguments_key}: [{words}]")
        }
    };
    let at = stdio.program.span.end;
    Ok(piece(Anchor::Behind, at..at, String::new(), put))
}

fn piece(at: Anchor, span: std::ops::Range<usize>, before: String, after: String) -> (Piece, Splice) {
    let splice = Splice { span, text: after.clone() };
    (Piece { at, before, after }, splice)
}

/// The start of the line around `at`, and what stands on it before `at`.
pub(super) fn line_before(text: &str, at: usize) -> (usize, &str) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |found| found.saturating_add(1));
    (line, before.get(line..).unwrap_or_default())
}

/// How the line around `at` ends.
pub(super) fn line_end(text: &str, at: usize) -> &'static str {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split_inclusive('\n').next().filter(|line| line.ends_with('\n'));
    let any = line.or_else(|| text.split_inclusive('\n').next());
    if any.is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
}

/// In double quotes, with escapes that mean the same in JSON, TOML and YAML.
pub(super) fn quote(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => out.push_str(&escape(c)),
            c if c.is_control() => out.push_str(&escape(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}
