//! One row, judged: which members are what, and what the scanner says of them.

use bailiwick_guard::{Scanner, Verdict};
use bailiwick_mcp::{Limits, Parser, Value};

use super::rows::{Content, Row};
use crate::args::GuardKind;

/// Judges the row as `kind`; an error says why it cannot be.
pub(crate) fn judge(
    scanner: &Scanner,
    parser: &mut Parser,
    row: &Row,
    kind: GuardKind,
) -> Result<Verdict, String> {
    let text = match &row.content {
        Content::Text(text) => return of_text(scanner, text, kind),
        Content::Json(text) => text,
    };
    let document = parser.parse(text.as_bytes(), &Limits::DEFAULT).map_err(|error| error.to_string())?;
    let root = document.root();
    match kind {
        GuardKind::Result | GuardKind::Secrets => match root.get("text").and_then(Value::text) {
            Some(text) => match blocks(root) {
                Some(blocks) if kind == GuardKind::Result => Ok(scanner.judge_blocks(&blocks)),
                Some(_) | None => of_text(scanner, &text, kind),
            },
            None if kind == GuardKind::Secrets => Ok(scanner.judge_secrets_in(root)),
            None => Ok(scanner.judge_result_in(root)),
        },
        GuardKind::Tool => Ok(scanner.judge_definition(root)),
        GuardKind::Arguments => {
            let tool =
                root.get("tool").or_else(|| root.get("name")).and_then(Value::text).unwrap_or_default();
            // A row without `arguments` is the arguments.
            Ok(scanner.judge_arguments(&tool, root.get("arguments").unwrap_or(root)))
        }
    }
}

/// The text blocks of one result, where a row keeps them apart.
fn blocks(root: Value<'_>) -> Option<Vec<String>> {
    let blocks = root.get("blocks").filter(|blocks| blocks.is_array())?;
    blocks.elements().map(|block| block.text().map(std::borrow::Cow::into_owned)).collect()
}

fn of_text(scanner: &Scanner, text: &str, kind: GuardKind) -> Result<Verdict, String> {
    match kind {
        GuardKind::Result => Ok(scanner.judge_result(text)),
        GuardKind::Secrets => Ok(scanner.judge_secrets(text)),
        GuardKind::Tool | GuardKind::Arguments => Err("not a JSON document".to_owned()),
    }
}
