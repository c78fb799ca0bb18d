//! The `size` guard: a message that floods whoever reads it. It counts, and reads nothing.

use crate::guard::{Finding, Guard, Level, Via};

/// Judges the number of bytes of text in a message against what it may hold: `certain` above `bytes_max`, `likely` above a
/// quarter of it, `possible` above a sixteenth. `longest` is the longest single text.
#[must_use]
pub fn size(bytes: usize, longest: usize, bytes_max: usize) -> Option<Finding> {
    let level = match bytes {
        _ if bytes > bytes_max => Level::Certain,
        _ if bytes > bytes_max / 4 => Level::Likely,
        _ if bytes > bytes_max / 16 => Level::Possible,
        _ => return None,
    };
    // One text that is most of it, or many.
    let (code, message) = if longest > bytes / 2 { LONG_TEXT } else { LONG_MESSAGE };
    let points = level.argument_points();
    Some(Finding {
        guard: Guard::Size,
        code,
        span: 0..0,
        message,
        level,
        points,
        via: Via::default(),
        parts: None,
    })
}

const LONG_TEXT: (&str, &str) = ("long-text", "one text that is longer than a message should be");
const LONG_MESSAGE: (&str, &str) =
    ("long-message", "texts that together are longer than a message should be");

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    [LONG_TEXT, LONG_MESSAGE].into_iter().map(|(code, message)| ((Guard::Size, code), message))
}

#[cfg(test)]
mod tests {
    use super::size;
    use crate::guard::Level;

    #[test]
    fn a_level_lies_at_each_share_of_the_bound() {
        let level = |bytes| size(bytes, bytes, 1_600).map(|found| found.level);
        assert_eq!(
            [level(100), level(101), level(400), level(401), level(1_600), level(1_601)],
            [
                None,
                Some(Level::Possible),
                Some(Level::Possible),
                Some(Level::Likely),
                Some(Level::Likely),
                Some(Level::Certain)
            ]
        );
        assert_eq!(size(2_000, 900, 1_600).map(|found| found.code), Some("long-message"));
    }
}
