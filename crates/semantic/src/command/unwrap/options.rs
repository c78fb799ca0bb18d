//! Options of programs: where they end, and what values they have.

use crate::command::Word;
use crate::command::unwrap::tail;

/// The options that a program knows.
#[derive(Debug, Clone, Copy)]
pub(in crate::command) struct Known {
    /// As for `getopt`: letters, with `:` behind those that take a value.
    pub(in crate::command) short: &'static str,
    /// Names, with `=` behind those that take a value.
    pub(in crate::command) long: &'static [&'static str],
    pub(in crate::command) others: Others,
}

/// What an option is that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum Others {
    /// Where the command begins is not sure.
    Doubt,
    Flags,
    /// The next word belongs to it.
    Valued,
}

/// The options before the first operand.
#[derive(Debug, Default)]
pub(in crate::command) struct Options<'w> {
    /// Letter or name, and value.
    pub(in crate::command) given: Vec<(&'w str, Option<Word>)>,
    /// Index of the first operand.
    pub(in crate::command) operands: usize,
    pub(in crate::command) doubt: bool,
}

/// Reads options from `words` on, until the first operand or `--`.
pub(in crate::command) fn read<'w>(words: &'w [Word], from: usize, known: Known) -> Options<'w> {
    let mut out = Options { operands: from, ..Options::default() };
    while let Some(word) = words.get(out.operands) {
        let text = word.text.as_str();
        if text == "-" || !text.starts_with('-') {
            out.doubt |= word.unknown.is_some() && word.text.starts_with('$');
            return out;
        }
        out.operands = out.operands.saturating_add(1);
        if text == "--" {
            return out;
        }
        out.doubt |= word.unknown.is_some();
        if let Some(long) = text.strip_prefix("--") {
            out.long(word, long, words, known);
        } else {
            out.short(word, words, known);
        }
    }
    out
}

impl<'w> Options<'w> {
    fn long(&mut self, word: &'w Word, long: &'w str, words: &[Word], known: Known) {
        let (long, attached) = match long.split_once('=') {
            Some((name, value)) => (name, Some(tail(word, value.len()))),
            None => (long, None),
        };
        // GNU programs take every beginning that is the only one.
        let named = |candidate: &&&str| candidate.trim_end_matches('=') == long;
        let begun = |candidate: &&&str| candidate.starts_with(long);
        let exact = known.long.iter().find(named);
        let found = exact.or_else(|| known.long.iter().find(begun));
        let several = exact.is_none() && known.long.iter().filter(begun).nth(1).is_some();
        self.doubt |= several && known.others == Others::Doubt;
        let name = found.map_or(long, |found| found.trim_end_matches('='));
        if attached.is_some() {
            self.given.push((name, attached));
            return;
        }
        let valued = match (found, known.others) {
            (Some(found), _) => found.ends_with('='),
            (None, Others::Valued) => true,
            (None, Others::Flags) => false,
            (None, Others::Doubt) => {
                self.doubt = true;
                false
            }
        };
        let value = if valued { self.next(words) } else { None };
        self.given.push((name, value));
    }

    fn short(&mut self, word: &'w Word, words: &[Word], known: Known) {
        let letters = word.text.get(1..).unwrap_or_default();
        for (at, letter) in letters.char_indices() {
            let end = at.saturating_add(letter.len_utf8());
            let name = letters.get(at..end).unwrap_or_default();
            let rest = letters.get(end..).unwrap_or_default();
            let place = known.short.find(letter).filter(|_| letter != ':');
            let valued = match (place, known.others) {
                (Some(place), _) => known.short.get(place..).is_some_and(|from| from.get(1..2) == Some(":")),
                // `-10`: a number by itself.
                (None, _) if letter.is_ascii_digit() => false,
                (None, Others::Valued) => true,
                (None, Others::Flags) => false,
                (None, Others::Doubt) => {
                    self.doubt = true;
                    false
                }
            };
            if valued {
                let value = if rest.is_empty() { self.next(words) } else { Some(tail(word, rest.len())) };
                self.given.push((name, value));
                return;
            }
            self.given.push((name, None));
        }
    }

    fn next(&mut self, words: &[Word]) -> Option<Word> {
        let value = words.get(self.operands).cloned();
        self.operands = self.operands.saturating_add(1).min(words.len());
        value
    }
}
