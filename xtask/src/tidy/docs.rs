//! The documents: links lead to files, and commands exist as they are written.

mod commands;
mod links;

pub(super) use commands::commands;
pub(super) use links::links;

/// Lines of Markdown, each with its number and whether it stands in a fenced block.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().map(move |(at, line)| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(close)) if open == close => fence = None,
            _ => return (at + 1, line, fence.is_some()),
        }
        // The fence itself is neither text nor code.
        (at + 1, "", false)
    })
}
