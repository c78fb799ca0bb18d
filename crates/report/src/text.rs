//! Strangers' texts, made fit for people: nothing hides, nothing reorders, nothing is endless.

use bailiwick_analysis::render::visible;
use maud::{Markup, html};

/// Characters of one text that are shown.
const SHOWN_MAX: usize = 400;

/// `text` with every character that hides or reorders others written as `<U+202E>`, and cut where it becomes too long.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        None => visible(text),
        Some((end, _)) => {
            let (head, rest) = text.split_at_checked(end).unwrap_or((text, ""));
            format!("{}… ({} more)", visible(head), rest.chars().count())
        }
    }
}

/// A sentence in which what stands between backticks is code.
pub(crate) fn prose(text: &str) -> Markup {
    let text = shown(text);
    // A lone backtick is somebody's name.
    let is_even = text.matches('`').count().is_multiple_of(2);
    let parts = text.split(if is_even { '`' } else { '\0' });
    html! { @for (at, part) in parts.enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// The longest time that a record of ours has, in bytes.
const TIME_BYTES_MAX: usize = 32;

/// A time of a record without its fraction, as people write it, on one line.
pub(crate) fn when(time: &str) -> Markup {
    let seconds = time.get(..19).filter(|_| time.ends_with('Z') && time.len() <= TIME_BYTES_MAX);
    html! {
        @match seconds {
            Some(seconds) => { time datetime=(shown(time)) { (shown(&seconds.replacen('T', " ", 1))) " UTC" } }
            None => (shown(time)),
        }
    }
}

/// `1 server`, `2 servers`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
