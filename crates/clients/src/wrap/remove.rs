//! Taking our words away: exactly where the undo record still fits, by their meaning where it does not.

use super::insert::{line_before, quote};
use super::{Anchor, Piece, Splice, apply};
use crate::config::{Shape, Stdio};
use crate::tree::Layout;

/// The text as it was, if every piece stands where it was put.
pub(super) fn exact(text: &str, stdio: &Stdio, pieces: &[Piece]) -> Option<String> {
    let splices = pieces.iter().map(|piece| {
        let start = anchor(text, stdio, piece.at)?;
        let end = start.checked_add(piece.after.len())?;
        let stands = text.get(start..end) == Some(piece.after.as_str());
        stands.then(|| Splice { span: start..end, text: piece.before.clone() })
    });
    let splices: Vec<Splice> = splices.collect::<Option<_>>()?;
    (!splices.is_empty()).then(|| apply(text, splices))
}

fn anchor(text: &str, stdio: &Stdio, at: Anchor) -> Option<usize> {
    match (at, &stdio.shape) {
        (Anchor::Program, Shape::Apart { .. }) => Some(stdio.program.span.start),
        (Anchor::Behind, Shape::Apart { .. }) => Some(stdio.program.span.end),
        (Anchor::Head, Shape::Apart { list: Some((list, layout)), .. }) => {
            head(text, list.start, *layout, stdio.arguments.first()?.span.start)
        }
        (Anchor::Head, Shape::Joined { list, layout }) => {
            head(text, list.start, *layout, stdio.program.span.start)
        }
        (Anchor::Head, Shape::Apart { list: None, .. })
        | (Anchor::Program | Anchor::Behind, Shape::Joined { .. })
        | (Anchor::Address | Anchor::Kind | Anchor::Settings, _) => None,
    }
}

fn head(text: &str, list: usize, layout: Layout, first: usize) -> Option<usize> {
    match layout {
        Layout::Flow => list.checked_add(1),
        Layout::Block => Some(line_before(text, first).0),
    }
}

/// The text with the server's own command `inner` in its place, laid out as well as can be told.
pub(super) fn by_meaning(text: &str, stdio: &Stdio, inner: &[String]) -> Option<String> {
    let ours = stdio.words().count().checked_sub(inner.len())?;
    match &stdio.shape {
        Shape::Joined { list, layout } => {
            let words: Vec<_> = stdio.words().collect();
            let (first, own) = (words.first()?, words.get(ours)?);
            let span = match layout {
                Layout::Flow => list.start.checked_add(1)?..own.span.start,
                Layout::Block => line_before(text, first.span.start).0..line_before(text, own.span.start).0,
            };
            Some(apply(text, vec![Splice { span, text: String::new() }]))
        }
        Shape::Apart { list, .. } => {
            let program = Splice { span: stdio.program.span.clone(), text: quote(inner.first()?) };
            let (list, layout) = list.as_ref()?;
            let first = stdio.arguments.first()?;
            // The program's own word is the last of ours in the list.
            let list = match (stdio.arguments.get(ours), layout) {
                (Some(own), Layout::Flow) => {
                    Splice { span: list.start.checked_add(1)?..own.span.start, text: String::new() }
                }
                (Some(own), Layout::Block) => {
                    let lines = line_before(text, first.span.start).0..line_before(text, own.span.start).0;
                    Splice { span: lines, text: String::new() }
                }
                (None, Layout::Flow) => Splice { span: list.clone(), text: "[]".to_owned() },
                (None, Layout::Block) => return None,
            };
            Some(apply(text, vec![program, list]))
        }
    }
}
