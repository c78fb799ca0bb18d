//! Changing a message without re-printing it: cuts and replacements over the original text.

use std::cmp::Reverse;

/// Replacements of byte ranges in one text, to be applied together.
#[derive(Debug, Clone, Default)]
pub struct Splice {
    /// (start, end, replacement), in any order.
    edits: Vec<(usize, usize, Vec<u8>)>,
}

impl Splice {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Replaces the bytes `start..end` of the source.
    pub fn replace(&mut self, (start, end): (usize, usize), replacement: impl Into<Vec<u8>>) {
        self.edits.push((start, end, replacement.into()));
    }

    /// Takes over the edits of another splice over the same text.
    pub fn append(&mut self, mut other: Splice) {
        self.edits.append(&mut other.edits);
    }

    /// Removes elements of a list whose spans are given as (span, keep) in their order, with the commas that go with them.
    pub fn retain(&mut self, elements: &[((usize, usize), bool)]) {
        // A removed run reaches from the end of the last kept element (or the first element's start) to its own end; a
        // run at the head reaches to the start of the first kept one instead.
        let first_kept = elements.iter().position(|(_, keep)| *keep);
        let head = first_kept.unwrap_or(elements.len());
        if let (Some(((start, _), _)), true) = (elements.first(), head > 0) {
            let end = match first_kept.and_then(|index| elements.get(index)) {
                Some(((kept_start, _), _)) => *kept_start,
                None => elements.last().map_or(*start, |((_, end), _)| *end),
            };
            self.replace((*start, end), Vec::new());
        }
        let mut kept_end = None;
        for ((_, end), keep) in elements.iter().skip(head) {
            match (keep, kept_end) {
                (true, _) => kept_end = Some(*end),
                (false, Some(from)) => {
                    self.replace((from, *end), Vec::new());
                    kept_end = Some(*end);
                }
                (false, None) => {}
            }
        }
    }

    /// The source with all edits made; `base` is what the spans count its first byte as.
    ///
    /// An edit inside another one goes with it, and of two that overlap the later one keeps only its cut, so that nothing
    /// that was to be removed stays. A span outside the source or turned around is passed over.
    #[must_use]
    pub fn apply(&self, source: &str, base: usize) -> Vec<u8> {
        let bytes = source.as_bytes();
        let mut edits: Vec<_> = self
            .edits
            .iter()
            .filter_map(|(start, end, new)| Some((start.checked_sub(base)?, end.checked_sub(base)?, new)))
            .filter(|(start, end, _)| start <= end && *end <= bytes.len())
            .collect();
        // At one place, insertions come first and then the longest cut.
        edits.sort_by_key(|(start, end, _)| (*start, start != end, Reverse(*end)));
        let mut out = Vec::with_capacity(source.len());
        let mut at = 0;
        for (start, end, new) in edits {
            if let Some(before) = bytes.get(at..start) {
                out.extend_from_slice(before);
                out.extend_from_slice(new);
            }
            at = at.max(end);
        }
        out.extend_from_slice(bytes.get(at..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Splice;

    /// Spans of the single letters in `[a,b,c,d]`-like text, kept where `keep` holds.
    fn filtered(text: &str, keep: impl Fn(char) -> bool) -> String {
        let letters = text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic());
        let elements: Vec<_> = letters.map(|(at, c)| ((at, at + 1), keep(c))).collect();
        let mut splice = Splice::default();
        splice.retain(&elements);
        String::from_utf8(splice.apply(text, 0)).unwrap()
    }

    #[test]
    fn removed_elements_take_their_commas_along() {
        let text = "[a, b, c, d]";
        assert_eq!(filtered(text, |_| true), text);
        assert_eq!(filtered(text, |_| false), "[]");
        assert_eq!(filtered(text, |c| c != 'a'), "[b, c, d]");
        assert_eq!(filtered(text, |c| c != 'd'), "[a, b, c]");
        assert_eq!(filtered(text, |c| c == 'b'), "[b]");
        assert_eq!(filtered(text, |c| c == 'a' || c == 'd'), "[a, d]");
        assert_eq!(filtered(text, |c| c == 'b' || c == 'd'), "[b, d]");
    }
}
