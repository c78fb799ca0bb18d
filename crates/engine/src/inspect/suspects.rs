//! The stretches of an answer in which the `injection` guard sees something, for somebody who is asked for another opinion.

use std::ops::Range;

use bailiwick_guard::{Level, Scanner};
use bailiwick_policy::GuardLevel;

use super::finding::named;

/// Bytes of all stretches of one answer; what is beyond is not shown, and said to be missing.
const SUSPECT_BYTES_MAX: usize = 8 << 10;
/// The same with secrets masked, which may take more room.
const SHOWN_BYTES_MAX: usize = 9 << 10;
/// So much is shown around what was found, on either side, in bytes.
const AROUND_BYTES: usize = 600;

/// Stretches of text, in the order in which something was found in them.
#[derive(Debug, Default)]
pub(crate) struct Suspects {
    stretches: Vec<String>,
    bytes: usize,
    surest: Option<Level>,
    /// The surest of what there was no room for.
    omitted: Option<Level>,
    /// Where the last one ends: which text of the message, and which byte of that.
    last: Option<(Option<usize>, usize)>,
}

/// What somebody else is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// There is more that should have been.
    pub(crate) is_partial: bool,
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
        let whole = text.get(start..end).unwrap_or_default();
        let stretch = whole.get(..whole.floor_char_boundary(room)).unwrap_or_default();
        // Once something is left out, what follows may stand in it.
        if stretch.len() < whole.len() || self.omitted.is_some() {
            self.omitted = self.omitted.max(Some(level));
        }
        if stretch.is_empty() {
            return;
        }
        self.bytes = self.bytes.saturating_add(stretch.len());
        match (before, self.stretches.last_mut()) {
            (Some(_), Some(last)) => last.push_str(stretch),
            _ => {
                self.bytes = self.bytes.saturating_add(BETWEEN.len());
                self.stretches.push(stretch.to_owned());
            }
        }
        self.last = Some((at, end));
    }

    /// All of them with secrets masked, if something is as sure as `from`.
    pub(crate) fn take(&mut self, from: GuardLevel, scanner: &Scanner) -> Option<Shown> {
        self.surest.filter(|level| named(*level) >= from)?;
        let stretches = std::mem::take(&mut self.stretches).join(BETWEEN);
        let mut text = scanner.redact_secrets(&stretches).into_owned();
        let room = text.floor_char_boundary(SHOWN_BYTES_MAX);
        let is_partial = room < text.len() || self.omitted.is_some_and(|level| named(level) >= from);
        text.truncate(room);
        Some(Shown { text, is_partial })
    }
}

const BETWEEN: &str = "\n\n";

#[cfg(test)]
mod tests {
    use super::{Level, SHOWN_BYTES_MAX, SUSPECT_BYTES_MAX, Scanner, Suspects};
    use bailiwick_policy::GuardLevel;

    #[test]
    fn neighbours_are_one_stretch_and_nothing_is_shown_twice() {
        let text = "a".repeat(1_000) + "bcd" + &"e".repeat(2_000);
        let mut suspects = Suspects::default();
        suspects.note(Some(5), &text, (&(1_000..1_001), Level::Possible));
        suspects.note(Some(5), &text, (&(1_002..1_003), Level::Likely));
        let scanner = Scanner::new();
        assert_eq!(suspects.take(GuardLevel::Certain, &scanner), None);
        let shown = suspects.take(GuardLevel::Likely, &scanner).unwrap();
        assert_eq!((shown.text.as_str(), shown.is_partial), (text.get(400..1_603).unwrap(), false));
    }

    #[test]
    fn the_stretches_are_bounded_and_what_is_left_out_is_not_forgotten() {
        let text = "é".repeat(100_000);
        let scanner = Scanner::new();
        let shown = |last: Level, from: GuardLevel| {
            let mut suspects = Suspects::default();
            for at in (0..100_000).step_by(4_000) {
                suspects.note(Some(0), &text, (&(at..at + 2), Level::Possible));
            }
            suspects.note(Some(0), &text, (&(99_000..99_002), last));
            suspects.take(from, &scanner)
        };
        let all = shown(Level::Likely, GuardLevel::Likely).unwrap();
        let length = all.text.len();
        assert!(all.is_partial && length <= SUSPECT_BYTES_MAX + 2 && length > SUSPECT_BYTES_MAX / 2);
        assert_eq!(shown(Level::Possible, GuardLevel::Likely), None);
        let mut suspects = Suspects::default();
        suspects.note(Some(0), "sure", (&(0..4), Level::Certain));
        for at in (0..100_000).step_by(4_000) {
            suspects.note(Some(1), &text, (&(at..at + 2), Level::Possible));
        }
        let shown = suspects.take(GuardLevel::Certain, &scanner).unwrap();
        assert!(!shown.is_partial, "what is left out is less sure than what is asked about");
    }

    #[test]
    fn masks_that_are_longer_than_their_secrets_push_nothing_out_unsaid() {
        let secrets = "pwd=9137 ".repeat(900);
        let mut suspects = Suspects::default();
        for at in (0..secrets.len()).step_by(1_000) {
            suspects.note(Some(0), &secrets, (&(at..at + 2), Level::Certain));
        }
        let shown = suspects.take(GuardLevel::Possible, &Scanner::new()).unwrap();
        assert!(shown.is_partial && shown.text.len() <= SHOWN_BYTES_MAX && !shown.text.contains("9137"));
    }
}
