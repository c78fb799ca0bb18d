//! A text that is changed in steps, and where each of its bytes stood at first.

use std::borrow::Cow;
use std::ops::Range;

/// A text and its changes.
#[derive(Debug)]
pub(super) struct Edited<'t> {
    text: Cow<'t, str>,
    /// For each step, by place in the new text, the place in the one before; from there on they run side by side.
    steps: Vec<Vec<(usize, usize)>>,
}

/// A place and what takes it.
pub(super) type Edit = (Range<usize>, String);

impl<'t> Edited<'t> {
    pub(super) fn new(text: &'t str) -> Edited<'t> {
        Edited { text: Cow::Borrowed(text), steps: Vec::new() }
    }

    pub(super) fn now(&self) -> &str {
        &self.text
    }

    /// The text, if it is another than at first.
    pub(super) fn changed(self) -> Option<String> {
        match self.text {
            Cow::Owned(text) if !self.steps.is_empty() => Some(text),
            Cow::Owned(_) | Cow::Borrowed(_) => None,
        }
    }

    /// Makes all edits at once; of those that overlap the first one's text stands for all.
    pub(super) fn apply(&mut self, mut edits: Vec<Edit>) {
        edits.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let mut out = String::with_capacity(self.text.len());
        let mut step = vec![(0, 0)];
        let mut at = 0;
        for (span, new) in edits {
            if span.start >= at {
                out.push_str(self.text.get(at..span.start).unwrap_or_default());
                step.push((out.len(), span.start));
                out.push_str(&new);
            }
            at = at.max(span.end);
            step.push((out.len(), at));
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        self.text = Cow::Owned(out);
        self.steps.push(step);
    }

    /// Where a stretch of the text stood at first.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let mut span = span.clone();
        for step in self.steps.iter().rev() {
            span = back(step, span.start)..back(step, span.end);
        }
        span.start..span.end.max(span.start)
    }
}

fn back(step: &[(usize, usize)], place: usize) -> usize {
    let index = step.partition_point(|(new, _)| *new <= place);
    let (new, old) = index.checked_sub(1).and_then(|index| step.get(index)).copied().unwrap_or((0, 0));
    // Inside of what was put there: where that began.
    let next = step.get(index).map_or(usize::MAX, |(_, old)| *old);
    old.saturating_add(place.saturating_sub(new)).min(next)
}

#[cfg(test)]
mod tests {
    use super::Edited;

    #[test]
    fn places_of_a_changed_text_lead_back() {
        let mut edited = Edited::new("one SECRET two");
        edited.apply(vec![(4..10, "[x]".to_owned())]);
        assert_eq!(edited.now(), "one [x] two");
        assert_eq!(edited.original(&(8..11)), 11..14);
        edited.apply(vec![(0..4, String::new())]);
        assert_eq!(edited.now(), "[x] two");
        assert_eq!(edited.original(&(4..7)), 11..14);
        assert_eq!(edited.original(&(0..3)).start, 4);
    }

    #[test]
    fn edits_that_overlap_are_one() {
        let mut edited = Edited::new("abcdef");
        edited.apply(vec![(2..4, "Y".to_owned()), (1..3, "X".to_owned())]);
        assert_eq!(edited.now(), "aXef");
        assert_eq!(Edited::new("a").changed(), None);
        assert_eq!(edited.changed().as_deref(), Some("aXef"));
    }
}
