//! The stretches of an answer in which the `injection` guard sees something, for somebody who is asked for another opinion.

use std::ops::Range;

use bailiwick_guard::Level;
use bailiwick_policy::GuardLevel;

use super::finding::named;

/// Bytes of all stretches of one answer; what is beyond is not shown. Less than a pipe holds, however it is escaped.
const SUSPECT_BYTES_MAX: usize = 8 << 10;
/// So much is shown around what was found, on either side, in bytes.
const AROUND_BYTES: usize = 600;

/// Stretches of text, in the order in which something was found in them.
#[derive(Debug, Default)]
pub(crate) struct Suspects {
    stretches: Vec<String>,
    bytes: usize,
    surest: Option<Level>,
    /// Where the last one ends: which text of the message, and which byte of that.
    last: Option<(Option<usize>, usize)>,
}

impl Suspects {
    /// Takes down what stands around a finding in the text that begins at byte `at` of the message.
    pub(super) fn note(&mut self, at: Option<usize>, text: &str, (span, level): (&Range<usize>, Level)) {
        self.surest = self.surest.max(Some(level));
        let start = text.floor_char_boundary(span.start.saturating_sub(AROUND_BYTES));
        let end = text.ceil_char_boundary(span.end.saturating_add(AROUND_BYTES).min(text.len()));
        let before = self.last.filter(|(of, until)| *of == at && *until >= start).map(|(_, until)| until);
        let room = SUSPECT_BYTES_MAX.saturating_sub(self.bytes);
        let start = before.unwrap_or(start);
        let stretch = text.get(start..end).unwrap_or_default();
        let stretch = stretch.get(..stretch.floor_char_boundary(room)).unwrap_or_default();
        if stretch.is_empty() {
            return;
        }
        self.bytes = self.bytes.saturating_add(stretch.len());
        match (before, self.stretches.last_mut()) {
            (Some(_), Some(last)) => last.push_str(stretch),
            _ => self.stretches.push(stretch.to_owned()),
        }
        self.last = Some((at, end));
    }

    /// All of them, if something is as sure as `from`; else nothing.
    pub(crate) fn take(&mut self, from: GuardLevel) -> String {
        let enough = self.surest.is_some_and(|level| named(level) >= from);
        if enough { std::mem::take(&mut self.stretches).join("\n\n") } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, SUSPECT_BYTES_MAX, Suspects};
    use bailiwick_policy::GuardLevel;

    #[test]
    fn neighbours_are_one_stretch_and_nothing_is_shown_twice() {
        let text = "a".repeat(1_000) + "bcd" + &"e".repeat(2_000);
        let mut suspects = Suspects::default();
        suspects.note(Some(5), &text, (&(1_000..1_001), Level::Possible));
        suspects.note(Some(5), &text, (&(1_002..1_003), Level::Likely));
        assert_eq!(suspects.take(GuardLevel::Certain), "");
        assert_eq!(suspects.take(GuardLevel::Likely), text.get(400..1_603).unwrap());
    }

    #[test]
    fn the_stretches_are_bounded() {
        let text = "é".repeat(100_000);
        let mut suspects = Suspects::default();
        for at in (0..100_000).step_by(4_000) {
            suspects.note(Some(0), &text, (&(at..at + 2), Level::Certain));
        }
        let shown = suspects.take(GuardLevel::Possible);
        assert!(
            shown.len() <= SUSPECT_BYTES_MAX + 50 && shown.len() > SUSPECT_BYTES_MAX / 2,
            "{}",
            shown.len()
        );
    }
}
