//! The comments of a text: what begins with `#` between its scalars.

use crate::tree::{Form, Node};

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    /// Byte offset of its `#`.
    pub(super) at: usize,
    pub(super) text: String,
    /// Nothing stands before it in its line.
    pub(super) alone: bool,
    /// The line above it is empty.
    pub(super) blank_above: bool,
}

/// All comments, in their order.
pub(super) fn comments(text: &str, root: &Node) -> Vec<Comment> {
    let mut out = Vec::new();
    let mut from = 0_usize;
    for (start, end) in scalars(root).into_iter().chain([(text.len(), text.len())]) {
        if let Some(gap) = text.get(from..start.max(from)) {
            gap_comments(text, from, gap, &mut out);
        }
        from = from.max(end);
    }
    out
}

/// Start and end of every scalar.
pub(super) fn scalars(root: &Node) -> Vec<(usize, usize)> {
    let mut scalars = Vec::new();
    collect(root, &mut scalars);
    scalars.sort_unstable();
    scalars
}

fn collect(node: &Node, out: &mut Vec<(usize, usize)>) {
    match &node.form {
        Form::Scalar { .. } => out.push((node.span.start, node.span.end)),
        Form::List(items) => items.iter().for_each(|item| collect(item, out)),
        Form::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            collect(key, out);
            collect(value, out);
        }),
    }
}

/// Between scalars there are only blanks, punctuation and comments.
fn gap_comments(text: &str, from: usize, gap: &str, out: &mut Vec<Comment>) {
    let mut rest = 0_usize;
    while let Some(found) = gap.get(rest..).and_then(|behind| behind.find('#')) {
        let start = rest.saturating_add(found);
        let end = gap
            .get(start..)
            .and_then(|line| line.find('\n'))
            .map_or(gap.len(), |end| start.saturating_add(end));
        let at = from.saturating_add(start);
        let line = line_start(text, at);
        let alone = text.get(line..at).is_some_and(|before| before.trim().is_empty());
        out.push(Comment {
            at,
            text: gap.get(start..end).unwrap_or_default().trim_end().to_owned(),
            alone,
            blank_above: alone && blank_above(text, at),
        });
        rest = end;
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1))
}

/// True if the line above that of `at` is empty.
pub(super) fn blank_above(text: &str, at: usize) -> bool {
    let Some(above) = text.get(..line_start(text, at)).and_then(|above| above.strip_suffix('\n')) else {
        return false;
    };
    above.rsplit('\n').next().is_some_and(|line| line.trim().is_empty()) && !above.trim().is_empty()
}
