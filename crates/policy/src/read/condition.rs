//! `if`: a condition inside of a YAML text, with the places of its mistakes in the file.

use std::ops::Range;

use super::Reader;
use crate::bounds::PATTERNS_MAX;
use crate::condition::Condition;
use crate::tree::{Form, Node};

impl Reader<'_> {
    pub(super) fn condition(&mut self, node: &Node) -> Option<Condition> {
        let Form::Scalar { text, .. } = &node.form else {
            let help = "write `if: \"args.amount <= 50\"`";
            self.wrong(node, format!("`if` must be a text, not {}", node.kind()), help);
            return None;
        };
        *self.patterns = self.patterns.saturating_add(1);
        if *self.patterns == PATTERNS_MAX {
            self.wrong(node, format!("more than {PATTERNS_MAX} patterns"), "split the policy");
        }
        match Condition::new(text, &self.vars) {
            Ok(condition) => Some(condition),
            Err(faults) => {
                for fault in faults {
                    let span = self.place_in(node, text, &fault.span);
                    self.problem(&span, fault.message, fault.help);
                }
                None
            }
        }
    }

    /// Where a part of a scalar stands in the file.
    pub(super) fn place_in(&self, node: &Node, text: &str, part: &Range<usize>) -> Range<usize> {
        let source = self.text.get(node.span.clone()).unwrap_or_default();
        let (start, end) = (offset_in(source, text, part.start), offset_in(source, text, part.end));
        let from = node.span.start;
        from.saturating_add(start)..from.saturating_add(end.max(start))
    }
}

/// The offset in `source`, a scalar as YAML writes it, of the byte `offset` of `text`, the scalar as it is read.
///
/// YAML leaves quotes and backslashes out and folds line ends and indentation, and puts hardly anything in: the characters of
/// the text come in the same order in the source. Where an escape hides one, the place is that of the escape.
fn offset_in(source: &str, text: &str, offset: usize) -> usize {
    let mut behind = source.char_indices().peekable();
    let quoted = source.starts_with('"');
    if source.starts_with(['"', '\'']) {
        behind.next();
    } else if source.starts_with(['|', '>']) {
        // The header of a block.
        while behind.next_if(|(_, character)| *character != '\n').is_some() {}
    }
    let wanted = text.get(..offset).unwrap_or(text);
    for character in wanted.chars() {
        let Some(found) = skip_to(&mut behind, character, quoted) else { break };
        // A doubled quote is one.
        if found == '\'' && source.starts_with('\'') {
            behind.next_if(|(_, next)| *next == '\'');
        }
    }
    // Behind a fold come the blanks that it took away.
    if let Some(next) = text.get(offset..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_whitespace())
    {
        while behind.next_if(|(_, found)| found.is_whitespace() && *found != next).is_some() {}
    }
    behind.peek().map_or(source.len(), |(at, _)| *at)
}

/// Takes one character of the text from the source, in whatever way it is written there.
fn skip_to(
    source: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    character: char,
    quoted: bool,
) -> Option<char> {
    if character.is_whitespace() {
        let (_, first) = source.next()?;
        if first == '\\' && quoted {
            source.next();
            return Some(first);
        }
        // One blank of the text may be a line end with its indentation.
        if first == '\n' || first == '\r' || first != character {
            while source.next_if(|(_, next)| next.is_whitespace()).is_some() {}
        }
        return Some(first);
    }
    while source.next_if(|(_, next)| next.is_whitespace() && *next != character).is_some() {}
    let (_, first) = source.next()?;
    if first == '\\' && quoted {
        let (_, letter) = source.next()?;
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        (0..digits).for_each(|_| {
            source.next();
        });
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::offset_in;

    #[test]
    fn a_place_in_a_scalar_is_found_in_the_file() {
        let at = |source: &str, text: &str, part: &str| {
            let offset = offset_in(source, text, text.find(part).unwrap());
            source.get(offset..).unwrap().chars().take(3).collect::<String>()
        };
        assert_eq!(at("a == b", "a == b", "== b"), "== ");
        assert_eq!(at("\"a == \\\"b\\\" && c\"", "a == \"b\" && c", "c"), "c\"");
        assert_eq!(at("'a == ''b'' && c'", "a == 'b' && c", "c"), "c'");
        assert_eq!(at("\"\\u0061 + b\"", "a + b", "b"), "b\"");
        assert_eq!(at("|\n    a == 1\n    && bcd\n", "a == 1\n&& bcd\n", "bcd"), "bcd");
        assert_eq!(at(">-\n    a == 1\n    && bcd", "a == 1 && bcd", "bcd"), "bcd");
        assert_eq!(at("a == 1\n      && bcd", "a == 1 && bcd", "&&"), "&& ");
        assert_eq!(offset_in("abc", "abc", 3), 3);
        assert_eq!(offset_in("", "abc", 2), 0);
    }
}
